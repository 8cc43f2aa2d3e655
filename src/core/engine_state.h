/* engine_state.h: what the parts of the engine share: the configuration in force, the time, the counters, and a
 * pointer to the state of each part, which only that part's file knows.
 * Included by: the files of src/core that need more than their arguments. */
#ifndef PEARPD_CORE_ENGINE_STATE_H
#define PEARPD_CORE_ENGINE_STATE_H

#include "pearpd/engine.h"
#include "pearpd/fast_path.h"
#include "pearpd/keyed_table.h"
#include "pearpd/timer_heap.h"

#include <stdbool.h>
#include <stdint.h>

/* What a timer is part of. */
enum timer_kind {
    TIMER_BINDING,
    TIMER_RESOLUTION,
    TIMER_ANNOUNCE,
    TIMER_HELLO,
    TIMER_ASK,
    TIMER_UNICAST,
    TIMER_DATAGRAMS,
    TIMER_LEASE,
    TIMER_DISCOVER,
    TIMER_METER,
    TIMER_RIVALS
};

struct engine {
    struct config config;
    struct engine_seed seed;
    const struct engine_out *out;                                 /* of the call that runs */
    void (*owned)(void *context, const struct ownership *change); /* NULL: nobody wants to know */
    void *owned_context;
    uint64_t now_ns;
    struct engine_stats stats;
    const struct fast_path *fast; /* NULL: there is none */
    uint32_t fast_place;          /* of the binding that was harvested last */
    struct timer_heap *timers;
    uint32_t mtu_bytes[SIDES]; /* 0: no limit */
    bool link_up[SIDES];
    struct {
        bool is_unset;
        uint64_t us, at_ns; /* the wall clock at an engine time; both 0 in a replay: they are the same */
    } wall;

    struct shared_addresses *addresses;
    struct range_macs *range_macs;
    struct binding_table *bindings;
    struct accounts *accounts;
    struct meter *meter; /* NULL: [ipfix] is off */
    struct fdb *fdb;
    struct keyed_table *hosts, *host_shares;
    struct keyed_table *denied;
    struct service_table *services;

    struct resolver *resolver;
    struct rivals *rivals;
    struct lease_pool *lease_pool; /* of [dhcp] */

    struct announcer *announcer;
    struct bridge_rules *bridge;
    struct arp_budget *arp_budget;
    struct claim_budget *claim_budget;
    struct arp_relay *arp_relay;
    struct pe_arp_replay *pe_arp_replay;
    struct echo *echo;
    struct flows *flows;
    struct datagrams *datagrams;
    struct dhcp_rules *dhcp; /* NULL: no address is learned from DHCP, or served */
    struct dhcp_server *dhcp_server;
    struct dhcp_transactions *dhcp_transactions;

    uint64_t lost_ns;    /* after when frames of hosts were lost at the ring last; 0: never */
    bool is_table_kept;  /* the whole table of an earlier run was restored */
    uint64_t confirm_ns; /* when the last restored binding is asked for */
    uint64_t changes;    /* of tables before the present one; leases that were extended */
    struct reload_ended reload_ended;
};

#endif
