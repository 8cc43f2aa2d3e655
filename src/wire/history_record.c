/* history_record.c: see history_record.h. */
#include "pearpd/history_record.h"

#include "pearpd/cursor.h"

#include <errno.h>
#include <string.h>

#define MAGIC       UINT64_C(0x7065617270686973) /* "pearphis" */
#define CHECK_BYTES 4
#define MULTIPLIER  UINT64_C(0x9e3779b97f4a7c15)

/* Written out, so that the compiler sees one load. */
static uint32_t half_at(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t word_at(const uint8_t *b)
{
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 |
           (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 | (uint64_t)b[6] << 8 | b[7];
}

static uint64_t mixed(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * MULTIPLIER;
    return sum ^ sum >> 29;
}

/* Against damage, not against forgery: who can write the file can write all of it. */
static uint32_t check_of(const uint8_t bytes[static HISTORY_PLACE], uint32_t number, uint32_t place)
{
    uint64_t sum = mixed(MAGIC, (uint64_t)number << 32 | place);
    for (unsigned i = 0; i < 24; i += 8)
        sum = mixed(sum, word_at(bytes + i));
    sum = mixed(sum, half_at(bytes + 24));
    return (uint32_t)(sum >> 32);
}

static void seal(uint32_t number, uint32_t place, uint8_t bytes[static HISTORY_PLACE])
{
    const uint32_t check = check_of(bytes, number, place);
    struct wr w = wr_into(bytes + HISTORY_PLACE - CHECK_BYTES, CHECK_BYTES);
    wr_u32(&w, check);
}

bool history_place_is_whole(const uint8_t bytes[static HISTORY_PLACE], uint32_t number, uint32_t place)
{
    return half_at(bytes + HISTORY_PLACE - CHECK_BYTES) == check_of(bytes, number, place);
}

const char *history_origin_name(uint8_t origin)
{
    static const char *const names[] = {"config", "pe-arp", "traffic", "dhcp", "control"};
    return origin < sizeof(names) / sizeof(names[0]) ? names[origin] : "unknown";
}

bool history_kind_has_ports(enum history_kind kind)
{
    return kind == HISTORY_BEGIN || kind == HISTORY_END || kind == HISTORY_HELD;
}

static void wr_u48(struct wr *w, uint64_t value)
{
    const uint64_t most = value < HISTORY_TIME_MOST ? value : HISTORY_TIME_MOST;
    wr_u16(w, (uint16_t)(most >> 32));
    wr_u32(w, (uint32_t)most);
}

static uint64_t rd_u48(struct rd *r)
{
    const uint64_t high = rd_u16(r);
    return high << 32 | rd_u32(r);
}

static void wr_ports(struct wr *w, const struct port_range *ports)
{
    wr_ipv4(w, ports->range.address);
    wr_u16(w, ports->is_port_set ? ports->psid : ports->range.first);
    wr_u16(w, ports->is_port_set ? (uint16_t)(ports->params.offset << 8 | ports->params.length)
                                 : ports->range.last);
}

static bool rd_ports(struct rd *r, bool is_port_set, struct port_range *ports)
{
    const struct ipv4 address = rd_ipv4(r);
    const uint16_t first = rd_u16(r), last = rd_u16(r);
    if (!is_port_set) {
        *ports = (struct port_range){.range = {address, first, last}};
        return first <= last;
    }
    const struct port_set_params params = {(uint8_t)(last >> 8), (uint8_t)last};
    if (!port_set_valid(params) || first >> params.length != 0)
        return false;
    *ports = port_range_of_set(address, params, first);
    ports->is_port_set = true; /* as the table has it, of one span too */
    return true;
}

void history_record_write(const struct history_record *record, uint32_t number, uint32_t place,
                          uint8_t bytes[static HISTORY_PLACE])
{
    const bool has_ports = history_kind_has_ports(record->kind);
    const uint8_t set = has_ports && record->ports.is_port_set ? HISTORY_PORT_SET : 0;
    struct wr w = wr_into(bytes, HISTORY_PLACE - CHECK_BYTES);
    wr_u8(&w, (uint8_t)record->kind);
    wr_u8(&w, (uint8_t)((record->flags & ~HISTORY_PORT_SET) | set));
    wr_u8(&w, record->origin);
    wr_u8(&w, 0);
    if (has_ports)
        wr_ports(&w, &record->ports);
    else
        wr_u64(&w, record->other_ms);
    wr_mac(&w, record->mac);
    wr_u48(&w, record->time_ms);
    wr_u32(&w, record->by);
    seal(number, place, bytes);
}

bool history_record_read(const uint8_t bytes[static HISTORY_PLACE], struct history_record *record)
{
    struct rd r = rd_over(bytes, HISTORY_PLACE - CHECK_BYTES);
    bool makes_sense = true;
    *record = (struct history_record){.kind = (enum history_kind)rd_u8(&r)};
    record->flags = rd_u8(&r);
    record->origin = rd_u8(&r);
    rd_skip(&r, 1);
    if (history_kind_has_ports(record->kind))
        makes_sense = rd_ports(&r, (record->flags & HISTORY_PORT_SET) != 0, &record->ports);
    else
        record->other_ms = rd_u64(&r);
    record->mac = rd_mac(&r);
    record->time_ms = rd_u48(&r);
    record->by = rd_u32(&r);
    return makes_sense;
}

size_t history_name_write(const char *name, uint32_t number, uint32_t place,
                          uint8_t bytes[static HISTORY_PLACE])
{
    const size_t length = strnlen(name, HISTORY_NAME_PLACE);
    memset(bytes, 0, HISTORY_PLACE);
    bytes[0] = HISTORY_NAME;
    memcpy(bytes + 2, name, length);
    seal(number, place, bytes);
    return length;
}

void history_name_read(const uint8_t bytes[static HISTORY_PLACE], char name[static HISTORY_NAME_BYTES])
{
    const size_t used = strnlen(name, HISTORY_NAME_BYTES - 1), room = HISTORY_NAME_BYTES - 1 - used;
    size_t length = strnlen((const char *)bytes + 2, HISTORY_NAME_PLACE);
    if (length > room)
        length = room;
    memcpy(name + used, bytes + 2, length);
    name[used + length] = '\0';
}

/* Both places of the head are sealed as places 0 and 1 of file 0: its number is not known before it is read. */
void history_head_write(const struct history_head *head, uint8_t bytes[static HISTORY_HEAD])
{
    memset(bytes, 0, HISTORY_HEAD);
    struct wr first = wr_into(bytes, HISTORY_PLACE - CHECK_BYTES);
    wr_u64(&first, MAGIC);
    wr_u32(&first, head->version);
    wr_u32(&first, head->number);
    wr_u64(&first, head->start_ms);
    wr_u32(&first, head->held);
    struct wr second = wr_into(bytes + HISTORY_PLACE, HISTORY_PLACE - CHECK_BYTES);
    wr_u64(&second, head->latest_ms);
    wr_u64(&second, head->run_ms);
    wr_u32(&second, head->disorder);
    seal(0, 0, bytes);
    seal(0, 1, bytes + HISTORY_PLACE);
}

int history_head_read(const uint8_t bytes[static HISTORY_HEAD], struct history_head *head)
{
    struct rd r = rd_over(bytes, HISTORY_HEAD);
    *head = (struct history_head){0};
    if (rd_u64(&r) != MAGIC)
        return -EINVAL;
    head->version = rd_u32(&r);
    head->number = rd_u32(&r);
    if (head->version != HISTORY_VERSION)
        return -EPROTONOSUPPORT;
    head->start_ms = rd_u64(&r);
    head->held = rd_u32(&r);
    rd_skip(&r, CHECK_BYTES);
    head->latest_ms = rd_u64(&r);
    head->run_ms = rd_u64(&r);
    head->disorder = rd_u32(&r);
    return history_place_is_whole(bytes, 0, 0) && history_place_is_whole(bytes + HISTORY_PLACE, 0, 1)
               ? 0
               : -EBADMSG;
}
