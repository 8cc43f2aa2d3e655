/* binding.h: who owns which ports of a shared address: the table itself.
 * In: ports with their owner. Out: the owner of a port. Called by: all of core. Never: sends, emits events, decides
 * who owns a port.
 *
 * [limits] bindings. In a full table the oldest stale binding makes room, else one of the host with the most
 * (binding_state.c): a flood of claims of one host evicts its own, and nobody's only one. */
#ifndef PEARPD_CORE_BINDING_H
#define PEARPD_CORE_BINDING_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/port_range.h"
#include "pearpd/time_units.h"
#include "pearpd/timer_heap.h"

#include "service_table.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* The port set `psid` of an address; a plain range where none is configured for the address and the set is one. */
struct port_range binding_ports_of_set(const struct config_address *address, struct port_set_params params,
                                       uint16_t psid);

/* The ports that an owner learned from traffic used, over 15 s; three windows cover the last 30 to 45 s. Small, since every
 * binding has room for them. */
struct live_window {
    uint64_t first_ns;
    uint32_t length_us_plus_1; /* from the first frame to the last; 0: there was none */
    uint16_t low, high;
};
#define LIVE_WINDOWS 3
#define LIVE_NS      (30 * NS_PER_S)

struct owner;

struct binding {
    struct timer timer;     /* reachable: becomes stale; learned from traffic: ends */
    uint32_t address_index; /* as config.addresses */
    struct port_range ports;
    struct mac owner;
    enum binding_state state : 8; /* bit-fields: there are many bindings */
    enum binding_origin origin : 8;
    uint32_t fast_slot; /* of the fast path; 0: it forwards nothing for this one (binding_fast.h) */
    const char *name;   /* "" or of the configuration */
    uint64_t learned_ns;
    uint64_t idle_since_ns; /* confirmed by its owner; learned from traffic: it ends [limits] idle later */
    uint64_t seen_ns;       /* last frame from the owner; 0: none yet */
    struct live_window live[LIVE_WINDOWS];
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
    struct owner *row; /* of its owner, in account.c */
    LIST_ENTRY(binding) of_owner;
    service_list services; /* that its owner announced */
    uint32_t stale_older, stale_newer;
};
_Static_assert(sizeof(struct binding) <= 208,
               "65,536 of them take 8 MiB and 200 bytes each, with all else of the table");

struct binding_table;

/* Room for `limit` bindings of `addresses` addresses. NULL: out of memory. */
struct binding_table *binding_table_new(uint32_t limit, uint32_t addresses);
/* An address is shared by port sets of `params`: binding_sets_only() says whether it holds nothing else. Called before its
 * first binding. */
void binding_table_expect(struct binding_table *table, uint32_t address_index, struct port_set_params params);
/* True where `ports` are a set of those, and all bindings of the address are too: then it meets only itself. */
bool binding_sets_only(const struct binding_table *table, uint32_t address_index,
                       const struct port_range *ports);
void binding_table_free(struct binding_table *table);

/* The binding that holds `port`, or NULL. Borrowed until it is removed. */
struct binding *binding_find(const struct binding_table *table, uint32_t address_index, uint16_t port);

/* The first binding with a port in first..last, and that port. NULL: there is none. */
struct binding *binding_next(const struct binding_table *table, uint32_t address_index, uint16_t first,
                             uint16_t last, uint16_t *port);

/* Narrows *first..*last to the longest run around `port` (unowned) that nobody owns. */
void binding_free_run(const struct binding_table *table, uint32_t address_index, uint16_t port, uint16_t *first,
                      uint16_t *last);

/* A new binding, zero but for its ports and `owner`, over ports that nobody owns. NULL: the table is full. */
struct binding *binding_add(struct binding_table *table, uint32_t address_index, const struct port_range *ports,
                            struct mac owner);
void binding_remove(struct binding_table *table, struct binding *binding);

/* The next binding from *place on, which moves behind it; NULL: no more. Start with 0. In no order, and cheap; the table
 * may change meanwhile. */
struct binding *binding_walk(const struct binding_table *table, uint32_t *place);

/* Shrinks a range to first..last, which lie inside it. */
void binding_shrink(struct binding_table *table, struct binding *binding, uint16_t first, uint16_t last);

/* The list of stale bindings, in the order in which they became stale. */
void binding_stale_add(struct binding_table *table, struct binding *binding);
void binding_stale_remove(struct binding_table *table, struct binding *binding);
struct binding *binding_oldest_stale(const struct binding_table *table);
/* The next that became stale after this one; NULL: there is none. */
struct binding *binding_next_stale(const struct binding_table *table, const struct binding *binding);

bool binding_table_full(const struct binding_table *table);

/* Increases with each binding that is added, removed or shrunk. */
uint64_t binding_table_changes(const struct binding_table *table);

/* Notes a frame of the owner's from `port`. */
void binding_seen(struct binding *binding, uint16_t port, uint64_t now_ns);

/* The lowest and highest port that the owner sent from in the last 30 s. False: none. */
bool binding_live_span(const struct binding *binding, uint64_t now_ns, struct port_span *span);

#endif
