/* fdb.h: the learning bridge's forwarding database.
 * In: source addresses, their VLAN, side and time. Out: does a destination live on this side?
 * Called by: bridge_rules. Never: decides what to do with a frame.
 *
 * A table for each side ([limits] macs, mac-age), so a flood of addresses on one side never takes an
 * entry of the other; in a full one the address longest unheard goes. Beside them the addresses heard
 * upstream, by MAC alone: for 30 s nobody downstream is believed to be one of them (docs/forwarding.md#source-check).
 * A loop outside brings the hosts' own frames in upstream: those that lived downstream until then, and while a loop
 * was seen, are believed again at once. */
#ifndef PEARPD_CORE_FDB_H
#define PEARPD_CORE_FDB_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct fdb;

/* A MAC address in a VLAN. */
struct fdb_key {
    uint8_t octets[MAC_BYTES];
    uint8_t vlan[2]; /* VID; 0x8000 set for a service tag */
};

/* The key of `mac` in VLAN `vid` (behind an 802.1ad tag with `service`). */
struct fdb_key fdb_key_of(struct mac mac, uint16_t vid, bool service);

/* NULL: out of memory. */
struct fdb *fdb_new(const struct limits *limits, const uint8_t hash_key[static HASH_KEY_BYTES]);
void fdb_free(struct fdb *fdb);

/* Notes that `key` was heard on `side`. True where it was known, unaged, on the other one (it moves). */
bool fdb_learn(struct fdb *fdb, enum side side, struct fdb_key key, uint64_t now_ns);

/* True where `key` was heard on `side` within mac-age and nowhere else since. */
bool fdb_lives(struct fdb *fdb, enum side side, struct fdb_key key, uint64_t now_ns);

/* Notes that a frame of the bridge's own came in upstream: the segments are joined outside. */
void fdb_loop(struct fdb *fdb, uint64_t now_ns);

/* True where `mac` was heard upstream within 30 s, in whatever VLAN, and not by a loop. */
bool fdb_seen_upstream(struct fdb *fdb, struct mac mac, uint64_t now_ns);

/* Takes over what `from` knows. */
void fdb_copy(struct fdb *to, const struct fdb *from);

#endif
