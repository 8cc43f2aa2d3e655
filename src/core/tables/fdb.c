/* fdb.c: see fdb.h. */
#include "fdb.h"

#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_NS (30 * NS_PER_S)

#define LOOP_AFTER_NS  (5 * NS_PER_S)
#define LOOP_BEFORE_NS (60 * NS_PER_S) /* HELLO comes once a minute */

struct fdb_entry {
    struct fdb_key key;
    bool was_downstream; /* of those upstream: it was downstream before */
    uint64_t seen_ns;
    uint64_t router_ns; /* of those upstream: when it was last seen as a router's; 0: never */
};

struct fdb {
    uint64_t age_ns;
    uint64_t loop_ns; /* when one was seen last; 0: never */
    struct keyed_table *side[SIDES];
};

struct fdb_key fdb_key_of(struct mac mac, uint16_t vid, bool service)
{
    struct fdb_key key;
    memcpy(key.octets, mac.octets, MAC_BYTES);
    key.vlan[0] = (uint8_t)(vid >> 8 | (service ? 0x80 : 0));
    key.vlan[1] = (uint8_t)vid;
    return key;
}

struct fdb *fdb_new(const struct limits *limits, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct fdb *fdb = calloc(1, sizeof(*fdb));
    if (fdb == NULL)
        return NULL;
    fdb->age_ns = limits->mac_age_s * NS_PER_S;
    for (unsigned i = 0; i < SIDES; i++)
        fdb->side[i] =
            keyed_table_new(limits->macs, sizeof(struct fdb_key), sizeof(struct fdb_entry), hash_key);
    if (fdb->side[SIDE_UPSTREAM] == NULL || fdb->side[SIDE_DOWNSTREAM] == NULL) {
        fdb_free(fdb);
        return NULL;
    }
    return fdb;
}

void fdb_free(struct fdb *fdb)
{
    if (fdb == NULL)
        return;
    for (unsigned i = 0; i < SIDES; i++)
        keyed_table_free(fdb->side[i]);
    free(fdb);
}

void fdb_loop(struct fdb *fdb, uint64_t now_ns)
{
    fdb->loop_ns = now_ns;
}

/* A host's frames come back shortly before or after the frame of the bridge that reveals the loop. */
static bool is_by_loop(const struct fdb *fdb, const struct fdb_entry *seen)
{
    return seen->was_downstream && fdb->loop_ns != 0 && seen->seen_ns <= fdb->loop_ns + LOOP_AFTER_NS &&
           fdb->loop_ns <= seen->seen_ns + LOOP_BEFORE_NS;
}

static bool seen_within(struct keyed_table *table, const struct fdb_key *key, uint64_t now_ns, uint64_t age_ns)
{
    const struct fdb_entry *entry = keyed_table_find(table, key);
    return entry != NULL && now_ns - entry->seen_ns < age_ns;
}

bool fdb_learn(struct fdb *fdb, enum side side, struct fdb_key key, bool is_router, uint64_t now_ns)
{
    bool fresh;
    struct fdb_entry *entry = keyed_table_put(fdb->side[side], &key, &fresh);
    entry->seen_ns = now_ns;
    if (is_router)
        entry->router_ns = now_ns;
    if (!fresh)
        return false;
    struct keyed_table *other = fdb->side[side_other(side)];
    struct fdb_entry *stale = keyed_table_find(other, &key);
    if (stale == NULL)
        return false;
    bool moved = now_ns - stale->seen_ns < fdb->age_ns;
    entry->was_downstream = moved && side == SIDE_UPSTREAM;
    keyed_table_remove(other, stale);
    return moved;
}

bool fdb_lives(struct fdb *fdb, enum side side, struct fdb_key key, uint64_t now_ns)
{
    return seen_within(fdb->side[side], &key, now_ns, fdb->age_ns);
}

bool fdb_is_upstream(struct fdb *fdb, struct fdb_key key, uint64_t now_ns)
{
    const struct fdb_entry *entry = keyed_table_find(fdb->side[SIDE_UPSTREAM], &key);
    if (entry == NULL || is_by_loop(fdb, entry))
        return false;
    bool is_router = entry->router_ns != 0 && now_ns - entry->router_ns < fdb->age_ns;
    return is_router || now_ns - entry->seen_ns < SEEN_NS;
}

void fdb_copy(struct fdb *to, const struct fdb *from)
{
    for (unsigned i = 0; i < SIDES; i++)
        keyed_table_copy(to->side[i], from->side[i]);
    to->loop_ns = from->loop_ns;
}
