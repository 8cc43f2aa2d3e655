/* state_kinds.c: see state_kinds.h. */
#include "state_kinds.h"

#include "pearpd/clock.h"
#include "pearpd/hex.h"

#include <errno.h>
#include <string.h>

#define LEASE_LEAST_NS \
    (600 * NS_PER_S) /* what a lease keeps where only a wall clock knows the time that passed */

#define AGE_MOST_NS (UINT64_MAX / 4) /* 146 years: what is older is not distinguished */

struct state_kind {
    const char *name;
    /* Adds the fields of the next record. False: there are no more. */
    bool (*save)(struct state_walk *walk, struct state_line *line);
    int (*load)(struct state_load *load, const struct state_record *record);
};

/* epoch: HELLO's, so that hosts need not claim again what the table knows. Not saved while rivals claim ports: a bridge
 * that starts again begins as after a loss of the table, and collects their claims. */

static bool epoch_save(struct state_walk *walk, struct state_line *line)
{
    if (walk->count > 0 || engine_rivals(walk->engine) > 0)
        return false;
    state_line_u64(line, "value", engine_epoch(walk->engine));
    return true;
}

static int epoch_load(struct state_load *load, const struct state_record *record)
{
    load->has_epoch = state_record_u64(record, "value", &load->epoch);
    return load->has_epoch ? 0 : -EBADMSG;
}

/* hello: the number of the next signed one, so that hosts take it for new also where the clock went back. */

static bool hello_save(struct state_walk *walk, struct state_line *line)
{
    const uint64_t seq = engine_hello_seq(walk->engine);
    if (walk->count > 0 || seq == 0)
        return false;
    state_line_u64(line, "seq", seq);
    return true;
}

static int hello_load(struct state_load *load, const struct state_record *record)
{
    return state_record_u64(record, "seq", &load->hello_seq) ? 0 : -EBADMSG;
}

/* binding: one of the table. */

static bool binding_save(struct state_walk *walk, struct state_line *line)
{
    struct table_entry entry;
    char text[RANGE_TEXT_BYTES + MAC_TEXT_BYTES];
    if (!engine_bindings_next(walk->engine, walk->now_ns, &walk->bindings, &entry))
        return false;
    state_line_text(line, "range", range_format(&entry.range, text));
    state_line_text(line, "mac", mac_format(entry.mac, text));
    state_line_text(line, "origin", binding_origin_name(entry.origin));
    if (entry.has_psid) {
        state_line_u64(line, "psid_offset", entry.psid.offset);
        state_line_u64(line, "psid_length", entry.psid.length);
        state_line_u64(line, "psid", entry.psid_id);
    }
    state_line_u64(line, "age_ns", entry.age_ns);
    if (entry.expires_ns != ENGINE_NEVER)
        state_line_u64(line, "left_ns", entry.expires_ns);
    state_line_u64(line, "rx_frames", entry.rx_frames);
    state_line_u64(line, "rx_bytes", entry.rx_bytes);
    state_line_u64(line, "tx_frames", entry.tx_frames);
    state_line_u64(line, "tx_bytes", entry.tx_bytes);
    return true;
}

static bool psid_read(const struct state_record *record, struct table_entry *entry)
{
    uint64_t offset, length, psid;
    if (state_record_text(record, "psid") == NULL)
        return true;
    if (!state_record_u64(record, "psid_offset", &offset) ||
        !state_record_u64(record, "psid_length", &length) || !state_record_u64(record, "psid", &psid) ||
        offset > 15 || length > 16 || psid > UINT16_MAX)
        return false;
    entry->has_psid = true;
    entry->psid = (struct port_set_params){(uint8_t)offset, (uint8_t)length};
    entry->psid_id = (uint16_t)psid;
    return true;
}

static bool entry_read(const struct state_record *record, struct table_entry *entry)
{
    const char *range = state_record_text(record, "range"), *mac = state_record_text(record, "mac");
    const char *origin = state_record_text(record, "origin");
    *entry = (struct table_entry){.state = BINDING_REACHABLE, .side = SIDE_DOWNSTREAM, .name = ""};
    if (range == NULL || range_parse(range, &entry->range) != 0 || mac == NULL ||
        mac_parse(mac, &entry->mac) != 0 || origin == NULL || !binding_origin_parse(origin, &entry->origin) ||
        !psid_read(record, entry))
        return false;
    if (!state_record_u64(record, "left_ns", &entry->expires_ns))
        entry->expires_ns = ENGINE_NEVER;
    return state_record_u64(record, "age_ns", &entry->age_ns) &&
           state_record_u64(record, "rx_frames", &entry->rx_frames) &&
           state_record_u64(record, "rx_bytes", &entry->rx_bytes) &&
           state_record_u64(record, "tx_frames", &entry->tx_frames) &&
           state_record_u64(record, "tx_bytes", &entry->tx_bytes);
}

/* What is left of `left_ns`. A wall clock may have jumped: it ends no lease. */
static uint64_t left_now(const struct state_load *load, enum binding_origin origin, uint64_t left_ns)
{
    if (left_ns == ENGINE_NEVER)
        return left_ns;
    uint64_t left = left_ns > load->elapsed_ns ? left_ns - load->elapsed_ns : 0;
    uint64_t least = left_ns < LEASE_LEAST_NS ? left_ns : LEASE_LEAST_NS;
    return origin == ORIGIN_DHCP && !load->is_same_boot && left < least ? least : left;
}

static int binding_load(struct state_load *load, const struct state_record *record)
{
    struct table_entry entry;
    if (!entry_read(record, &entry))
        return -EBADMSG;
    entry.age_ns = entry.age_ns < AGE_MOST_NS ? entry.age_ns + load->elapsed_ns : AGE_MOST_NS;
    if (entry.age_ns > AGE_MOST_NS)
        entry.age_ns = AGE_MOST_NS;
    entry.expires_ns = left_now(load, entry.origin, entry.expires_ns);
    return engine_restore(load->engine, load->now_ns, &entry, load->out);
}

/* deny: a host that an operator denied. */

static bool denied_save(struct state_walk *walk, struct state_line *line)
{
    struct denied_entry entry;
    char text[MAC_TEXT_BYTES];
    while (engine_denied_next(walk->engine, &walk->denied, &entry)) {
        if (entry.origin == ORIGIN_CONFIG)
            continue;
        state_line_text(line, "mac", mac_format(entry.mac, text));
        return true;
    }
    return false;
}

static int denied_load(struct state_load *load, const struct state_record *record)
{
    struct mac mac;
    const char *text = state_record_text(record, "mac");
    if (text == NULL || mac_parse(text, &mac) != 0)
        return -EBADMSG;
    return engine_deny(load->engine, load->now_ns, mac, load->out);
}

/* lease: one that is bound, behind its binding. */

static bool lease_save(struct state_walk *walk, struct state_line *line)
{
    struct lease_entry lease;
    char text[RANGE_TEXT_BYTES + MAC_TEXT_BYTES], id[2 * CLIENT_ID_BYTES + 1];
    if (!engine_leases_next(walk->engine, walk->now_ns, &walk->leases, &lease))
        return false;
    state_line_text(line, "range", range_format(&lease.range, text));
    state_line_u64(line, "psid_offset", lease.psid.offset);
    state_line_u64(line, "psid_length", lease.psid.length);
    state_line_u64(line, "psid", lease.psid_id);
    state_line_text(line, "mac", mac_format(lease.mac, text));
    if (lease.client_id_length > 0)
        state_line_text(line, "client_id", hex_format(lease.client_id, lease.client_id_length, id));
    if (lease.left_ns != ENGINE_NEVER)
        state_line_u64(line, "left_ns", lease.left_ns);
    return true;
}

static bool lease_read(const struct state_record *record, struct lease_entry *lease)
{
    const char *range = state_record_text(record, "range"), *mac = state_record_text(record, "mac");
    const char *id = state_record_text(record, "client_id");
    struct table_entry set = {0};
    size_t id_length = 0;
    *lease = (struct lease_entry){.state = LEASE_BOUND, .name = ""};
    if (range == NULL || range_parse(range, &lease->range) != 0 || mac == NULL ||
        mac_parse(mac, &lease->mac) != 0 || !psid_read(record, &set) || !set.has_psid ||
        (id != NULL && hex_parse(id, lease->client_id, CLIENT_ID_BYTES, &id_length) != 0))
        return false;
    lease->psid = set.psid;
    lease->psid_id = set.psid_id;
    lease->client_id_length = (uint8_t)id_length;
    if (!state_record_u64(record, "left_ns", &lease->left_ns))
        lease->left_ns = ENGINE_NEVER;
    return true;
}

static int lease_load(struct state_load *load, const struct state_record *record)
{
    struct lease_entry lease;
    if (!lease_read(record, &lease))
        return -EBADMSG;
    lease.left_ns = left_now(load, ORIGIN_DHCP, lease.left_ns);
    return engine_lease_restore(load->engine, load->now_ns, &lease, load->out);
}

/* seq: the last number of signed PE-ARP, behind the bindings: what was sent before is a replay after a restart, too. */

static bool seq_save(struct state_walk *walk, struct state_line *line)
{
    struct seq_entry entry;
    char text[MAC_TEXT_BYTES];
    if (!engine_seqs_next(walk->engine, &walk->seqs, &entry))
        return false;
    state_line_u64(line, "key", entry.key_id);
    state_line_text(line, "mac", mac_format(entry.mac, text));
    state_line_u64(line, "number", entry.number);
    return true;
}

static int seq_load(struct state_load *load, const struct state_record *record)
{
    struct seq_entry entry;
    uint64_t key;
    const char *mac = state_record_text(record, "mac");
    if (!state_record_u64(record, "key", &key) || key > UINT32_MAX || mac == NULL ||
        mac_parse(mac, &entry.mac) != 0 || !state_record_u64(record, "number", &entry.number))
        return -EBADMSG;
    entry.key_id = (uint32_t)key;
    return engine_seq_restore(load->engine, &entry);
}

/* account: an owner's total; month: a part of it. Both are of one moment: what is booked, and the rows of all that. */

static void traffic_save(const struct traffic *t, struct state_line *line)
{
    state_line_u64(line, "rx_frames", t->rx_frames);
    state_line_u64(line, "rx_bytes", t->rx_bytes);
    state_line_u64(line, "tx_frames", t->tx_frames);
    state_line_u64(line, "tx_bytes", t->tx_bytes);
}

/* The owner and its traffic, which both kinds have. `mac` is zero where there is none: the others'. */
static bool traffic_read(const struct state_record *record, struct mac *mac, struct traffic *t)
{
    const char *text = state_record_text(record, "mac");
    *mac = mac_zero;
    return (text == NULL || mac_parse(text, mac) == 0) &&
           state_record_u64(record, "rx_frames", &t->rx_frames) &&
           state_record_u64(record, "rx_bytes", &t->rx_bytes) &&
           state_record_u64(record, "tx_frames", &t->tx_frames) &&
           state_record_u64(record, "tx_bytes", &t->tx_bytes);
}

static void owner_save(struct mac mac, struct state_line *line)
{
    char text[MAC_TEXT_BYTES];
    if (!mac_is_zero(mac))
        state_line_text(line, "mac", mac_format(mac, text));
}

static bool account_save(struct state_walk *walk, struct state_line *line)
{
    struct account_entry entry;
    while (engine_accounts_next(walk->engine, &walk->accounts, &entry)) {
        const struct traffic *t = walk->months == NULL ? &entry.total : &entry.booked;
        if (t->rx_frames + t->tx_frames == 0)
            continue;
        owner_save(entry.mac, line);
        traffic_save(t, line);
        return true;
    }
    return false;
}

static int account_load(struct state_load *load, const struct state_record *record)
{
    struct account_entry entry = {0};
    if (!traffic_read(record, &entry.mac, &entry.total))
        return -EBADMSG;
    entry.booked = entry.total;
    return engine_account_restore(load->engine, &entry);
}

static bool month_save(struct state_walk *walk, struct state_line *line)
{
    struct mac mac;
    struct usage_month row;
    char text[MONTH_TEXT_BYTES];
    if (walk->months == NULL || !usage_months_next(walk->months, &walk->rows, &mac, &row))
        return false;
    owner_save(mac, line);
    state_line_text(line, "month", month_format(row.month, text));
    traffic_save(&row.traffic, line);
    return true;
}

static int month_load(struct state_load *load, const struct state_record *record)
{
    struct mac mac;
    struct usage_month row = {0};
    const char *month = state_record_text(record, "month");
    if (!traffic_read(record, &mac, &row.traffic) || month == NULL || month_parse(month, &row.month) != 0)
        return -EBADMSG;
    return load->months == NULL ? 0 : usage_months_restore(load->months, mac, &row);
}

static const struct state_kind kinds[] = {
    {"epoch", epoch_save, epoch_load},       {"hello", hello_save, hello_load},
    {"deny", denied_save, denied_load},      {"binding", binding_save, binding_load},
    {"lease", lease_save, lease_load},       {"seq", seq_save, seq_load},
    {"account", account_save, account_load}, {"month", month_save, month_load},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool state_walk_next(struct state_walk *walk, struct state_line *line)
{
    for (; walk->kind < KINDS; walk->kind++, walk->count = 0) {
        state_line_begin(line, kinds[walk->kind].name);
        if (kinds[walk->kind].save(walk, line)) {
            walk->count++;
            return true;
        }
    }
    return false;
}

int state_record_load(struct state_load *load, const struct state_record *record)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, record->kind) == 0)
            return kinds[i].load(load, record);
    return -ENOMSG;
}
