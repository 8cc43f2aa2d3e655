/* fuzz_dns.c: the publisher of DNS records against a server that answers anything, loses anything, and makes updates
 * that it does not confirm: at the end, when it answers well, it has what is wanted and nothing else of ours. And the
 * reader of answers, of SERVICE TLVs and of what a killed agent left, on the bytes as they are.
 *
 * Input: {what u8, with u8, length u8, bytes} again and again. */
#include "pearpd/clock.h"
#include "pearpd/pe_arp.h"

#include "dns/dns_journal.h"
#include "dns/dns_publisher.h"

#include "../lib/dns_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OWN_RECORDS    6
#define ZONES          2
#define STORED_RECORDS 32
#define UPDATE_BYTES   4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stored {
    struct dns_record record;
    bool there;
};

/* One zone at the server. */
struct server_zone {
    struct stored stored[STORED_RECORDS];
    size_t count;
    uint8_t last[UPDATE_BYTES]; /* the update that waits for an answer */
    size_t last_length;
    unsigned copies; /* of it that came */
    bool applied;
};

struct world {
    struct dns_publisher *publisher;
    struct dns_publisher_out out;
    struct dns_key key;
    struct dns_time time;
    struct server_zone zones[ZONES];
    int numbers[OWN_RECORDS];
    bool wanted[OWN_RECORDS];
};

static const char *const zone_names[ZONES] = {"example.net", "example.org"};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static int take_send(void *context, unsigned zone, const uint8_t *bytes, size_t length, bool stream)
{
    struct world *w = context;
    must(zone < ZONES && length <= UPDATE_BYTES && (stream || length <= DNS_DATAGRAM_BYTES));
    memcpy(w->zones[zone].last, bytes, length);
    w->zones[zone].last_length = length;
    w->zones[zone].copies++;
    return 0;
}

static void take_end(void *context, unsigned zone)
{
    struct world *w = context;
    w->zones[zone].last_length = 0;
    w->zones[zone].copies = 0;
    w->zones[zone].applied = false;
}

static void take_event(void *context, const struct dns_event *event)
{
    (void)context;
    must(event->zone != NULL && (event->kind != DNS_IGNORED || event->why != NULL));
    must((event->kind == DNS_FAILED) == (event->trouble.kind != DNS_ERROR_NONE));
}

/* Does what the waiting update says, as RFC 2136 3.4.2 has it. */
static void apply(struct world *w, unsigned number)
{
    struct server_zone *zone = &w->zones[number];
    struct rd r = rd_over(zone->last, zone->last_length);
    struct dns_name name;
    rd_skip(&r, 8);
    const unsigned updates = rd_u16(&r);
    rd_skip(&r, 2);
    rd_dns_name(&r, zone->last, &name);
    rd_skip(&r, 4);
    for (unsigned i = 0; i < updates; i++) {
        struct dns_record record = {0};
        rd_dns_name(&r, zone->last, &record.name);
        record.type = (enum dns_type)rd_u16(&r);
        const bool add = rd_u16(&r) == 1;
        rd_skip(&r, 4);
        record.rdata_length = rd_u16(&r);
        const uint8_t *rdata = rd_bytes(&r, record.rdata_length);
        must(rdata != NULL && record.rdata_length <= DNS_RDATA_BYTES);
        memcpy(record.rdata, rdata, record.rdata_length);
        size_t at = 0;
        while (at < zone->count && !dns_record_equal(&zone->stored[at].record, &record))
            at++;
        if (at == zone->count) {
            must(zone->count < STORED_RECORDS);
            zone->stored[zone->count++] = (struct stored){record, false};
        }
        zone->stored[at].there = add;
    }
    must(!r.failed);
    zone->applied = true;
}

static bool stands(const struct world *w, unsigned zone, const struct dns_record *record)
{
    for (size_t i = 0; i < w->zones[zone].count; i++)
        if (w->zones[zone].stored[i].there && dns_record_equal(&w->zones[zone].stored[i].record, record))
            return true;
    return false;
}

static void answer(struct world *w, unsigned zone, struct answer_wish wish)
{
    uint8_t bytes[ANSWER_BYTES_MOST];
    const uint8_t *last = w->zones[zone].last;
    if (w->zones[zone].last_length == 0)
        return;
    wish.original_id = (uint16_t)(last[0] << 8 | last[1]);
    wish.id ^= wish.original_id;
    wish.time_s += w->time.wall_s;
    wish.zone = wish.zone == NULL ? zone_names[zone] : wish.zone;
    const size_t length = answer_make(&wish, &w->key, request_mac_of(last, w->zones[zone].last_length), bytes);
    dns_publisher_answer(w->publisher, w->time, zone, bytes, length, &w->out);
}

static void answer_well(struct world *w, unsigned zone)
{
    if (w->zones[zone].last_length == 0)
        return;
    apply(w, zone);
    answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1});
}

static void pass(struct world *w, uint64_t ns)
{
    w->time.now_ns += ns;
    w->time.wall_s += ns / NS_PER_S;
    (void)dns_publisher_tick(w->publisher, w->time, &w->out);
}

static void record_of(unsigned index, struct dns_record *record)
{
    const struct dns_name name = answer_name(index % ZONES == 0 ? "_http._tcp.example.net"
                                                                : "_http._tcp.example.org"),
                          target = answer_name("shared.example.net");
    dns_record_srv(record, &name, 60, 0, 0, (uint16_t)(2000 + index), &target);
}

static void begin(struct world *w, uint8_t seed_byte)
{
    const uint8_t seed[HASH_KEY_BYTES] = {seed_byte};
    w->publisher = NULL;
    memset(w->wanted, 0, sizeof(w->wanted));
    for (unsigned i = 0; i < ZONES; i++) {
        w->zones[i].count = w->zones[i].last_length = 0;
        w->zones[i].copies = 0;
        w->zones[i].applied = false;
    }
    w->out = (struct dns_publisher_out){w, take_send, take_end, take_event};
    w->key = (struct dns_key){.name = answer_name("agent-key"), .secret = "secret", .secret_length = 6};
    w->time = (struct dns_time){1000 * NS_PER_S, 1795625544};
    w->publisher = dns_publisher_new(&w->key, 600, seed);
    must(w->publisher != NULL);
    for (unsigned i = 0; i < OWN_RECORDS; i++) {
        struct dns_record record;
        record_of(i, &record);
        const struct dns_name zone = answer_name(zone_names[i % ZONES]);
        w->numbers[i] = dns_publisher_add(w->publisher, &zone, &record, false);
        must(w->numbers[i] >= 0);
    }
}

/* The bytes as they are. */
static void read_raw(const uint8_t *bytes, size_t length)
{
    struct dns_answer read;
    struct dns_name zone;
    struct dns_record record, again;
    struct pe_arp_service service;
    const struct pe_arp message = {.services = bytes, .services_length = length};
    char line[2048];
    size_t at = 0;
    if (dns_answer_read(bytes, length, &read) == 0)
        must(read.rcode < 16 && (!read.has_zone || read.zone.length > 0));
    while (pe_arp_service_next(&message, &at, &service)) {
        must(at <= length && service.port != 0 && service.protocol != 0);
        must(dns_name_parse_bytes(service.name, service.name_length, &zone) == 0);
    }
    if (!dns_journal_parse((const char *)bytes, length, &zone, &record))
        return;
    const int written = dns_journal_format(&zone, &record, line, sizeof(line));
    must(written > 0 && dns_journal_parse(line, (size_t)written - 1, &zone, &again));
    must(dns_record_equal(&record, &again));
}

/* An answer with a header of the waiting update's id before the bytes. */
static void answer_raw(struct world *w, unsigned zone, const uint8_t *bytes, size_t length)
{
    uint8_t raw[2 + UINT8_MAX];
    memcpy(raw, w->zones[zone].last, 2);
    memcpy(raw + 2, bytes, length);
    dns_publisher_answer(w->publisher, w->time, zone, raw, 2 + length, &w->out);
}

static void step(struct world *w, uint8_t what, uint8_t with, const uint8_t *bytes, size_t length)
{
    const unsigned zone = with % ZONES, number = with % OWN_RECORDS;
    switch (what % 12) {
    case 0:
        pass(w, with * NS_PER_S / 4);
        break;
    case 1:
        w->wanted[number] = !w->wanted[number];
        dns_publisher_want(w->publisher, (unsigned)w->numbers[number], w->wanted[number]);
        break;
    case 2:
        answer_well(w, zone);
        break;
    case 3: /* made, and the answer is lost */
        if (w->zones[zone].last_length > 0)
            apply(w, zone);
        break;
    case 4: /* the server does not say so of an update that it made */
        if (!w->zones[zone].applied || w->zones[zone].copies > 1)
            answer(w, zone,
                   (struct answer_wish){.flags = (uint16_t)(0xa800 | (1 + with % 15)), .questions = 1});
        break;
    case 5: /* a lie of somebody else */
        answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1, .is_forged = true});
        answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1, .is_unsigned = true});
        answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1, .id = 1});
        answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1, .zone = "example.com"});
        answer(w, zone, (struct answer_wish){.flags = 0xa800, .questions = 1, .time_s = 301});
        break;
    case 6:
        dns_publisher_unreachable(w->publisher, w->time, with % (2 * ZONES), -ECONNREFUSED, &w->out);
        break;
    case 7: /* made, but the answer is cut: it is asked again over a stream */
        if (w->zones[zone].last_length > 0)
            apply(w, zone);
        answer(w, zone, (struct answer_wish){.flags = 0xaa00, .questions = 1});
        break;
    case 8:
        answer_raw(w, zone, bytes, length);
        break;
    case 9:
        dns_publisher_answer(w->publisher, w->time, zone, bytes, length, &w->out);
        break;
    case 10:
        dns_publisher_hurry(w->publisher);
        break;
    default:
        pass(w, with * 10 * NS_PER_S);
        break;
    }
    read_raw(bytes, length);
}

/* With a good server all becomes as it is wanted. */
static void settle(struct world *w)
{
    for (unsigned i = 0; i < 8 && (i == 0 || !dns_publisher_is_settled(w->publisher)); i++) {
        dns_publisher_hurry(w->publisher);
        pass(w, NS_PER_S);
        for (unsigned zone = 0; zone < ZONES; zone++)
            answer_well(w, zone);
    }
    must(dns_publisher_is_settled(w->publisher));
    for (unsigned i = 0; i < OWN_RECORDS; i++) {
        struct dns_record record;
        record_of(i, &record);
        must(stands(w, i % ZONES, &record) == w->wanted[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct rd r = rd_over(data, size);
    begin(&w, rd_u8(&r));
    while (rd_left(&r) >= 3) {
        const uint8_t what = rd_u8(&r), with = rd_u8(&r);
        size_t length = rd_u8(&r);
        length = length < rd_left(&r) ? length : rd_left(&r);
        uint8_t *bytes = malloc(length + 1); /* its end is the end of what may be read */
        must(bytes != NULL);
        const uint8_t *at = rd_bytes(&r, length);
        if (length > 0)
            memcpy(bytes, at, length);
        uint8_t *exact = realloc(bytes, length > 0 ? length : 1);
        step(&w, what, with, exact, length);
        free(exact);
    }
    settle(&w);
    memset(w.wanted, 0, sizeof(w.wanted));
    dns_publisher_withdraw(w.publisher);
    settle(&w);
    dns_publisher_free(w.publisher);
    return 0;
}
