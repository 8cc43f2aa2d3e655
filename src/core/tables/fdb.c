/* fdb.c: see fdb.h. */
#include "fdb.h"

#include "pearpd/fast_path.h"
#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_NS (30 * NS_PER_S)

#define ANNOUNCE_AGAIN_PART 4 /* of mac-age: the fast path may have had to drop it */
#define LOOKED_AT           8 /* entries that are checked for one to evict */

#define LOOP_AFTER_NS  (5 * NS_PER_S)
#define LOOP_BEFORE_NS (60 * NS_PER_S) /* HELLO comes once a minute */

struct fdb_entry {
    struct fdb_key key;
    bool was_downstream; /* of those upstream: it was downstream before */
    uint64_t seen_ns;
    uint64_t router_ns;    /* of those upstream: when it was last seen as a router's; 0: never */
    uint64_t announced_ns; /* when it was last announced to the fast path; 0: it was not */
};

struct fdb {
    uint64_t age_ns;
    uint64_t loop_ns; /* when one was seen last; 0: never */
    struct keyed_table *side[SIDES];
    const struct fast_path *fast; /* NULL: there is none */
    uint16_t vlan;                /* the one that it forwards in */
};

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

/* The fast path. An address upstream is announced to it with a router's frame only, and it forwards only what is for one
 * address: whatever it saw there was a router. */

static struct mac mac_of(const struct fdb_entry *entry)
{
    struct mac mac;
    memcpy(mac.octets, entry->key.octets, MAC_BYTES);
    return mac;
}

/* Takes over when the fast path saw it. */
static void fast_seen(const struct fdb *fdb, enum side side, struct fdb_entry *entry, uint64_t now_ns)
{
    if (fdb->fast == NULL || entry->announced_ns == 0)
        return;
    uint64_t seen_ns = fdb->fast->mac_seen(fdb->fast->context, mac_of(entry));
    seen_ns = seen_ns < now_ns ? seen_ns : now_ns;
    if (seen_ns > entry->seen_ns)
        entry->seen_ns = seen_ns;
    if (side == SIDE_UPSTREAM && seen_ns > entry->router_ns)
        entry->router_ns = seen_ns;
}

static void fast_put(const struct fdb *fdb, enum side side, struct fdb_entry *entry, uint64_t now_ns)
{
    const struct fdb_key in_vlan = fdb_key_of(mac_of(entry), fdb->vlan, false);
    if (!fdb_key_equal(entry->key, in_vlan) ||
        (entry->announced_ns != 0 && now_ns - entry->announced_ns < fdb->age_ns / ANNOUNCE_AGAIN_PART))
        return;
    fdb->fast->mac_put(fdb->fast->context, mac_of(entry), side, now_ns);
    entry->announced_ns = now_ns;
}

static void entry_remove(struct fdb *fdb, enum side side, struct fdb_entry *entry)
{
    if (fdb->fast != NULL && entry->announced_ns != 0)
        fdb->fast->mac_remove(fdb->fast->context, mac_of(entry));
    keyed_table_remove(fdb->side[side], entry);
}

/* Evicts the entry that was seen least recently, also by the fast path. */
static void make_room(struct fdb *fdb, enum side side, uint64_t now_ns)
{
    struct keyed_table *table = fdb->side[side];
    if (!keyed_table_full(table))
        return;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        struct fdb_entry *oldest = keyed_table_oldest(table);
        const uint64_t seen_ns = oldest->seen_ns;
        fast_seen(fdb, side, oldest, now_ns);
        if (oldest->seen_ns == seen_ns)
            break;
        keyed_table_touch(table, oldest);
    }
    entry_remove(fdb, side, keyed_table_oldest(table));
}

void fdb_fast_set(struct fdb *fdb, const struct fast_path *fast, uint16_t vlan, uint64_t now_ns)
{
    for (unsigned side = 0; side < SIDES; side++)
        for (struct fdb_entry *entry = keyed_table_oldest(fdb->side[side]); entry != NULL;
             entry = keyed_table_newer(fdb->side[side], entry)) {
            fast_seen(fdb, (enum side)side, entry, now_ns);
            entry->announced_ns = 0;
        }
    fdb->fast = fast;
    fdb->vlan = vlan;
}

/* The learning bridge. */

/* A new entry takes the place of the one of the other side. True where that was seen within mac-age. */
static bool move(struct fdb *fdb, enum side side, struct fdb_entry *entry, uint64_t now_ns)
{
    const enum side other = side_other(side);
    struct fdb_entry *was = keyed_table_find(fdb->side[other], &entry->key);
    if (was == NULL)
        return false;
    fast_seen(fdb, other, was, now_ns);
    bool moved = now_ns - was->seen_ns < fdb->age_ns;
    entry->was_downstream = moved && side == SIDE_UPSTREAM;
    entry_remove(fdb, other, was);
    return moved;
}

static struct fdb_entry *entry_add(struct fdb *fdb, enum side side, const struct fdb_key *key, uint64_t now_ns)
{
    bool fresh;
    if (fdb->fast != NULL)
        make_room(fdb, side, now_ns);
    return keyed_table_put(fdb->side[side], key, &fresh);
}

bool fdb_learn(struct fdb *fdb, enum side side, struct fdb_key key, struct fdb_entry *entry, bool is_router,
               uint64_t now_ns)
{
    bool moved = false;
    if (entry == NULL) {
        entry = entry_add(fdb, side, &key, now_ns);
        moved = move(fdb, side, entry, now_ns);
    } else {
        keyed_table_touch(fdb->side[side], entry);
    }
    entry->seen_ns = now_ns;
    if (is_router)
        entry->router_ns = now_ns;
    if (fdb->fast != NULL && (side == SIDE_DOWNSTREAM || is_router))
        fast_put(fdb, side, entry, now_ns);
    return moved;
}

struct fdb_entry *fdb_find(const struct fdb *fdb, enum side side, struct fdb_key key)
{
    return keyed_table_find(fdb->side[side], &key);
}

bool fdb_lives(const struct fdb *fdb, enum side side, struct fdb_entry *entry, uint64_t now_ns)
{
    if (entry == NULL)
        return false;
    if (now_ns - entry->seen_ns >= fdb->age_ns)
        fast_seen(fdb, side, entry, now_ns);
    return now_ns - entry->seen_ns < fdb->age_ns;
}

bool fdb_is_upstream(const struct fdb *fdb, struct fdb_entry *entry, uint64_t now_ns)
{
    if (entry == NULL)
        return false;
    fast_seen(fdb, SIDE_UPSTREAM, entry, now_ns);
    if (is_by_loop(fdb, entry))
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
