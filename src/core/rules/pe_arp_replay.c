/* pe_arp_replay.c: see pe_arp_replay.h. */
#include "pe_arp_replay.h"

#include "pearpd/hash.h"
#include "pearpd/keyed_table.h"
#include "pearpd/pe_arp_auth.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "rx_frame.h"
#include "tables/account.h"

#include <errno.h>
#include <stdlib.h>

#define TABLES     2 /* of hosts that own ports, of all others */
#define OWNERS     0
#define STRANGERS  1
#define ROWS_LEAST 8

/* In a table: the key first. */
struct row {
    struct mac mac;
    uint64_t number;
};

/* What is kept for one key: a place for each of its MAC addresses, or tables. */
struct memory {
    bool is_known[KEY_MACS_MAX];
    uint64_t numbers[KEY_MACS_MAX];
    struct keyed_table *tables[TABLES];
};

struct pe_arp_replay {
    uint64_t evictions; /* numbers the random choices */
    size_t count;
    struct memory keys[]; /* as in the configuration */
};

/* Whoever has it may use it. */
static bool is_open(const struct pe_arp_key *key)
{
    return key->role != KEY_BRIDGE && key->macs.count == 0;
}

static bool tables_new(const struct engine *e, struct memory *memory, uint32_t rows)
{
    for (unsigned i = 0; i < TABLES; i++) {
        memory->tables[i] = keyed_table_new(rows, sizeof(struct mac), sizeof(struct row), e->seed.hash_key);
        if (memory->tables[i] == NULL)
            return false;
    }
    return true;
}

struct pe_arp_replay *pe_arp_replay_new(const struct engine *e)
{
    const struct config *c = &e->config;
    struct pe_arp_replay *replay = calloc(1, sizeof(*replay) + c->key_count * sizeof(replay->keys[0]));
    uint32_t open = 0;
    bool all = true;
    if (replay == NULL)
        return NULL;
    replay->count = c->key_count;
    for (size_t i = 0; i < c->key_count; i++)
        open += is_open(&c->keys[i]);
    uint32_t rows = open > 0 ? c->limits.speakers / open / TABLES : 0;
    if (rows < ROWS_LEAST)
        rows = ROWS_LEAST;
    for (size_t i = 0; i < c->key_count && all; i++)
        all = !is_open(&c->keys[i]) || tables_new(e, &replay->keys[i], rows);
    if (all)
        return replay;
    pe_arp_replay_free(replay);
    return NULL;
}

void pe_arp_replay_free(struct pe_arp_replay *replay)
{
    if (replay == NULL)
        return;
    for (size_t i = 0; i < replay->count; i++)
        for (unsigned k = 0; k < TABLES; k++)
            keyed_table_free(replay->keys[i].tables[k]);
    free(replay);
}

/* The last number of {key, MAC}; NULL: none is known. */
static uint64_t *number_find(const struct engine *e, size_t index, struct mac mac)
{
    struct memory *memory = &e->pe_arp_replay->keys[index];
    const int place = key_macs_index(&e->config.keys[index].macs, mac);
    if (place >= 0)
        return memory->is_known[place] ? &memory->numbers[place] : NULL;
    for (unsigned i = 0; i < TABLES && memory->tables[i] != NULL; i++) {
        struct row *row = keyed_table_find(memory->tables[i], &mac);
        if (row != NULL)
            return &row->number;
    }
    return NULL;
}

/* Strangers do not come first by coming often. */
static void make_room(struct engine *e, struct keyed_table *table)
{
    const uint64_t number = e->pe_arp_replay->evictions++;
    if (keyed_table_full(table))
        keyed_table_remove(table,
                           keyed_table_any(table, hash_bytes(e->seed.nonce_key, &number, sizeof(number))));
}

/* An owner's number stays among the owners' when it owns nothing any more: it is evicted there in its turn. */
static void row_keep(struct engine *e, struct memory *memory, struct mac mac, uint64_t number)
{
    struct row *stranger = keyed_table_find(memory->tables[STRANGERS], &mac);
    const bool is_owner = keyed_table_find(memory->tables[OWNERS], &mac) != NULL || account_has_binding(e, mac);
    struct keyed_table *table = memory->tables[is_owner ? OWNERS : STRANGERS];
    bool fresh;
    if (is_owner && stranger != NULL)
        keyed_table_remove(memory->tables[STRANGERS], stranger);
    else if (!is_owner && stranger == NULL)
        make_room(e, table);
    struct row *row = keyed_table_put(table, &mac, &fresh);
    row->number = number;
}

static void number_keep(struct engine *e, size_t index, struct mac mac, uint64_t number)
{
    struct memory *memory = &e->pe_arp_replay->keys[index];
    const int place = key_macs_index(&e->config.keys[index].macs, mac);
    if (place >= 0) {
        memory->is_known[place] = true;
        memory->numbers[place] = number;
    } else if (memory->tables[OWNERS] != NULL) {
        row_keep(e, memory, mac, number);
    }
}

/* The greatest number that is taken now. */
static uint64_t number_most(const struct engine *e)
{
    if (e->wall.is_unset)
        return UINT64_MAX;
    const uint64_t wall_us = e->wall.us + (e->now_ns - e->wall.at_ns) / NS_PER_US;
    return wall_us + (uint64_t)e->config.limits.seq_ahead_s * US_PER_S;
}

static bool has_number(enum pe_arp_type type)
{
    return type == PE_ARP_CLAIM || type == PE_ARP_RELEASE || type == PE_ARP_CONFLICT;
}

static const char *fault(struct engine *e, enum counter counter, const char *why)
{
    e->stats.counters[counter]++;
    return why;
}

static const char *number_fault(struct engine *e, size_t index, const struct pe_arp *m)
{
    const uint64_t most = number_most(e);
    if (!m->seq.present)
        return fault(e, COUNTER_PE_ARP_SEQ_OLD, "PE-ARP is signed, but has no sequence number");
    if (m->seq.number > most)
        return fault(
            e, COUNTER_PE_ARP_SEQ_AHEAD,
            "PE-ARP has a sequence number that is too far ahead: compare the clocks of the host and the "
            "bridge");
    const uint64_t *last = number_find(e, index, m->sha);
    if (last != NULL && *last <= most && m->seq.number <= *last)
        return fault(e, COUNTER_PE_ARP_SEQ_OLD,
                     "PE-ARP has an old sequence number: it is a replay, or the host's clock went back");
    number_keep(e, index, m->sha, m->seq.number);
    e->changes++;
    return NULL;
}

static const char *key_fault(struct engine *e, const struct pe_arp_key *key, const struct pe_arp *m,
                             const struct port_range *ports)
{
    if (!pe_arp_key_may_send(key, m->type))
        return fault(e, COUNTER_PE_ARP_KEY_ROLE,
                     key->role == KEY_HOST ? "PE-ARP of a bridge, signed with the key of a host"
                                           : "PE-ARP of a host, signed with a key whose role is bridge: give "
                                             "the host its own");
    if (key->macs.count > 0 && key_macs_index(&key->macs, m->sha) < 0)
        return fault(e, COUNTER_PE_ARP_KEY_MAC, "PE-ARP is signed with a key whose mac is another's");
    if (ports != NULL && !key_ranges_have(&key->ranges, ports))
        return fault(e, COUNTER_PE_ARP_KEY_RANGE, "PE-ARP is about ports that are not in the range of its key");
    return NULL;
}

const char *pe_arp_replay_fault(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m,
                                const struct port_range *ports)
{
    const struct config *c = &e->config;
    if (!mac_equal(m->sha, rx->eth.source))
        return "PE-ARP forged: it names another sender than the frame's source MAC";
    if (c->key_count == 0)
        return NULL;
    if (!m->auth.present)
        return "PE-ARP is not signed: give the host a key of [keys] or [key]";
    const struct pe_arp_key *key =
        pe_arp_authentic_key(rx->payload, rx->payload_length, m, c->keys, c->key_count);
    if (key == NULL)
        return "PE-ARP has a wrong signature: compare the host's key and its number with [keys] and [key]";
    const char *why = key_fault(e, key, m, ports);
    if (why == NULL && has_number(m->type))
        why = number_fault(e, (size_t)(key - c->keys), m);
    return why;
}

/* What survives a reload and a restart. */

static int number_restore(struct engine *e, const struct seq_entry *entry)
{
    const struct config *c = &e->config;
    const struct pe_arp_key *key = pe_arp_key_find(c->keys, c->key_count, entry->key_id);
    if (key == NULL || key->role == KEY_BRIDGE ||
        (key->macs.count > 0 && key_macs_index(&key->macs, entry->mac) < 0))
        return -ENOENT;
    const uint64_t *last = number_find(e, (size_t)(key - c->keys), entry->mac);
    if (last == NULL || *last < entry->number)
        number_keep(e, (size_t)(key - c->keys), entry->mac, entry->number);
    return 0;
}

int engine_seq_restore(struct engine *engine, const struct seq_entry *entry)
{
    if (mac_is_zero(entry->mac) || mac_is_group(entry->mac))
        return -EINVAL;
    return number_restore(engine, entry);
}

static bool listed_next(const struct pe_arp_key *key, const struct memory *memory, struct seq_cursor *cursor,
                        struct seq_entry *entry)
{
    for (; cursor->place < key->macs.count; cursor->place++)
        if (memory->is_known[cursor->place]) {
            entry->mac = key->macs.mac[cursor->place];
            entry->number = memory->numbers[cursor->place++];
            return true;
        }
    return false;
}

static bool row_next(const struct memory *memory, struct seq_cursor *cursor, struct seq_entry *entry)
{
    for (; cursor->table < TABLES; cursor->table++, cursor->place = 0) {
        const struct row *row = memory->tables[cursor->table] == NULL
                                    ? NULL
                                    : keyed_table_walk(memory->tables[cursor->table], &cursor->place);
        if (row == NULL)
            continue;
        entry->mac = row->mac;
        entry->number = row->number;
        return true;
    }
    return false;
}

bool engine_seqs_next(const struct engine *engine, struct seq_cursor *cursor, struct seq_entry *entry)
{
    const struct pe_arp_replay *replay = engine->pe_arp_replay;
    for (; cursor->key < replay->count; cursor->key++, cursor->table = cursor->place = 0) {
        const struct pe_arp_key *key = &engine->config.keys[cursor->key];
        const struct memory *memory = &replay->keys[cursor->key];
        entry->key_id = key->id;
        if (key->macs.count > 0 ? listed_next(key, memory, cursor, entry) : row_next(memory, cursor, entry))
            return true;
    }
    return false;
}

/* A key that has another secret now is another key: what it was used for before says nothing. */
void pe_arp_replay_carry(struct engine *e, const struct engine *old)
{
    struct seq_cursor cursor = {0};
    struct seq_entry entry;
    while (engine_seqs_next(old, &cursor, &entry)) {
        const struct pe_arp_key *was = &old->config.keys[cursor.key];
        const struct pe_arp_key *is = pe_arp_key_find(e->config.keys, e->config.key_count, entry.key_id);
        if (is != NULL && secret_equal(was->bytes, is->bytes, HMAC_KEY_BYTES))
            (void)number_restore(e, &entry);
    }
}
