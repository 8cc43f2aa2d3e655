/* fdb.h: the learning bridge's forwarding database.
 * In: source addresses, their VLAN, side and time. Out: whether a destination is on a side.
 * Called by: bridge_rules. Never: decides what to do with a frame.
 *
 * A table for each side ([limits] macs, mac-age), so a flood of addresses on one side never evicts an entry of the
 * other; a full table evicts the least recently seen address. An address is in one of them at most: on the side where it
 * was seen last. What is upstream is not believed as a source downstream (docs/forwarding.md#source-check): a router for
 * mac-age, others for 30 s. A loop outside brings the hosts' own frames back upstream: hosts that were downstream before
 * are accepted again as soon as a loop is seen. */
#ifndef PEARPD_CORE_FDB_H
#define PEARPD_CORE_FDB_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/hash.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct fast_path;
struct fdb;
struct fdb_entry;

/* A MAC address in a VLAN. */
struct fdb_key {
    uint8_t octets[MAC_BYTES];
    uint8_t vlan[2]; /* VID; 0x8000 set for a service tag */
};

/* The key of `mac` in VLAN `vid` (behind an 802.1ad tag with `service`). */
static inline struct fdb_key fdb_key_of(struct mac mac, uint16_t vid, bool service)
{
    struct fdb_key key;
    memcpy(key.octets, mac.octets, MAC_BYTES);
    key.vlan[0] = (uint8_t)(vid >> 8 | (service ? 0x80 : 0));
    key.vlan[1] = (uint8_t)vid;
    return key;
}

static inline bool fdb_key_equal(struct fdb_key a, struct fdb_key b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

/* NULL: out of memory. */
struct fdb *fdb_new(const struct limits *limits, const uint8_t hash_key[static HASH_KEY_BYTES]);
void fdb_free(struct fdb *fdb);

/* The entry of `key` on `side`, however old. NULL: it was not seen there, or on the other side since. Borrowed until the
 * next fdb_learn(). */
struct fdb_entry *fdb_find(const struct fdb *fdb, enum side side, struct fdb_key key);

/* Notes that `key` was seen on `side`, upstream as a router's or another's; `entry` is what fdb_find() found there. True
 * where it was on the other side within mac-age: it moved. */
bool fdb_learn(struct fdb *fdb, enum side side, struct fdb_key key, struct fdb_entry *entry, bool is_router,
               uint64_t now_ns);

/* True where the entry of `side`, or NULL, was seen within mac-age. */
bool fdb_lives(const struct fdb *fdb, enum side side, struct fdb_entry *entry, uint64_t now_ns);

/* Notes that a frame of the bridge came in upstream: the segments are connected outside. */
void fdb_loop(struct fdb *fdb, uint64_t now_ns);

/* True where the entry upstream, or NULL, was seen as a router's within mac-age or else within 30 s, and not because of a
 * loop. */
bool fdb_is_upstream(const struct fdb *fdb, struct fdb_entry *entry, uint64_t now_ns);

/* A fast path forwards in VLAN `vlan` from now on: each address in it is announced to it, and it is asked before one
 * is too old. NULL: when it saw them last is taken over, and it is called no more. */
void fdb_fast_set(struct fdb *fdb, const struct fast_path *fast, uint16_t vlan, uint64_t now_ns);

/* Copies what `from` knows; it is announced to no fast path. */
void fdb_copy(struct fdb *to, const struct fdb *from);

#endif
