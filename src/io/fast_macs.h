/* fast_macs.h: the MAC addresses of fast_layout.h.
 * In: addresses with their side and time. Out: what the programs read. Called by: fast_table.c.
 * A new address waits: frames from it and to it that were left to the daemon come first. */
#ifndef PEARPD_FAST_MACS_H
#define PEARPD_FAST_MACS_H

#include "fast_order.h"

#define FAST_MACS_WAITING 1024 /* with more, the next are known at once */

struct fast_waiting_mac {
    uint64_t key; /* as it is in its place while it waits */
    uint64_t since_ns;
    uint32_t place; /* bucket * FAST_MAC_WAYS + way */
};

struct fast_macs {
    struct fast_mac_bucket *buckets;
    struct fast_config *config;
    uint32_t known; /* those that wait with them */
    uint32_t first, count;
    struct fast_waiting_mac waiting[FAST_MACS_WAITING]; /* a ring */
    bool adopted[FAST_MAC_BUCKETS * FAST_MAC_WAYS];     /* by place: of a daemon before, and not put since */
    uint64_t refused, forced;
};

/* Draws config.mac_key if it is 0. The addresses that are there are a daemon's before. */
void fast_macs_begin(struct fast_macs *macs, const struct fast_memory *memory);

/* As fast_table_mac_put() and so on. */
bool fast_macs_put(struct fast_macs *macs, uint64_t now_ns, struct mac mac, enum side side);
void fast_macs_remove(struct fast_macs *macs, struct mac mac);
uint64_t fast_macs_seen(const struct fast_macs *macs, struct mac mac);
void fast_macs_clear(struct fast_macs *macs);
/* Removes those that a daemon before left, and that were not put since. */
void fast_macs_adopt_end(struct fast_macs *macs);

/* Makes known what waited for as long as the daemon needed, or for `limit_ns`; looks at some. Returns how many. */
unsigned fast_macs_activate(struct fast_macs *macs, uint64_t now_ns, uint64_t limit_ns,
                            const struct fast_order *order);

#endif
