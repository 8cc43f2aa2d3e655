/* host.h: what is counted and limited for each downstream host, known by its MAC.
 * Called by: the rules of ARP and PE-ARP, policing, question. Never: forwards.
 *
 * Entries are made when a host does something that is limited or counted, not for each of its frames.
 * [limits] hosts; in a full table the host longest idle goes, and its counts with it. */
#ifndef PEARPD_CORE_HOST_H
#define PEARPD_CORE_HOST_H

#include "pearpd/addr.h"
#include "pearpd/keyed_table.h"
#include "pearpd/rate.h"

#include <stdint.h>

struct host {
    struct mac mac;       /* the key */
    struct rate arp;      /* [limits] arp-rate */
    struct rate requests; /* [limits] unicast-mac-rate */
    struct rate events;
    uint32_t open_questions; /* [limits] mac-questions */
    uint64_t captures, violations, bad_pe_arp, arp_limited;
};

/* NULL: out of memory. */
struct keyed_table *host_table_new(uint32_t limit, const uint8_t hash_key[static HASH_KEY_BYTES]);

/* The host of `mac`, a new one where it was not known. Borrowed until the next call. */
struct host *host_of(struct keyed_table *hosts, struct mac mac);

/* The host of `mac`, or NULL. */
struct host *host_find(struct keyed_table *hosts, struct mac mac);

/* True where an event about this host may be told now: 10 at once, 10 a second. */
bool host_may_tell(struct host *host, uint64_t now_ns);

#endif
