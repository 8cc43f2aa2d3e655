/* host.h: what is counted and limited for each downstream host, identified by its MAC. Called by: rules, resolver,
 * binding_state, service. Never: forwards.
 *
 * Entries are made when a host does something that is limited or counted, not for each of its frames.
 * [limits] hosts; a full table evicts the host that is idle for longest, with its counts. */
#ifndef PEARPD_CORE_HOST_H
#define PEARPD_CORE_HOST_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/event.h"
#include "pearpd/keyed_table.h"
#include "pearpd/rate.h"

#include <stdint.h>

/* Kinds of events about one host: six that have a limit of their own, and all others. Few, since a flood of made-up MACs
 * fills the table. */
#define HOST_EVENT_PLACES 7

struct host {
    struct mac mac;           /* the key */
    struct rate arp;          /* [limits] arp-rate */
    uint64_t arp_served_ns;   /* when its ARP went upstream last; 0: never */
    uint64_t claim_served_ns; /* when a statement of it was read last; 0: never */
    struct rate requests;     /* [limits] unicast-mac-rate */
    struct rate dhcp;         /* [limits] dhcp-host-rate */
    struct rate dhcp_turns;   /* an owner's, before others that ask more often */
    uint64_t dhcp_heard_ns;   /* its last message that [dhcp] took, or later one; 0: none */
    uint64_t dhcp_refused_ns; /* when [dhcp] had no set for it last; 0: never */
    struct rate events[HOST_EVENT_PLACES];
    struct rate notes;        /* answers for sets of [dhcp] ([limits] host-leases) */
    struct rate set_claims;   /* claims that keep sets of [dhcp] from being offered unasked (the same) */
    uint64_t enough_until_ns; /* its frames teach no more than host-ports allows until then */
    uint8_t dhcp_tries;       /* messages that it was a newcomer for, since it was silent last */
    uint32_t open_questions;  /* [limits] mac-questions */
    uint64_t captures, violations, flow_conflicts, bad_sources, bad_pe_arp, arp_limited;
};

/* NULL: out of memory. */
struct keyed_table *host_table_new(uint32_t limit, const uint8_t hash_key[static HASH_KEY_BYTES]);

/* The host of `mac`, a new one where it was not known. Borrowed until the next call. */
struct host *host_of(struct keyed_table *hosts, struct mac mac);

/* The host of `mac`, or NULL. */
struct host *host_find(struct keyed_table *hosts, struct mac mac);

/* True where an event of `kind` about this host may be emitted now: of each kind 10 at once, 10 a second. A loud kind
 * leaves the others theirs. */
bool host_may_emit(struct host *host, enum event_kind kind, uint64_t now_ns);

#endif
