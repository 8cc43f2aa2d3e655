/* binding_state.h: the life of a binding: it begins, changes state and ends (docs/pe-arp.md#binding-states).
 * In: answers that count, first frames, leases. Out: the table, one event for each change.
 * Called by: resolver, source_guard, the rules of DHCP and PE-ARP, the entry. Never: sends. */
#ifndef PEARPD_CORE_BINDING_STATE_H
#define PEARPD_CORE_BINDING_STATE_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include "tables/binding.h"

#include <stdbool.h>
#include <stdint.h>

/* The one place where a binding's state changes. */
void binding_enter(struct engine *e, struct binding *b, enum binding_state state);

/* Removes a binding, with the event `why`. */
void binding_end(struct engine *e, struct binding *b, enum event_kind why);

/* A new binding; in a full table the oldest stale one makes room. NULL: none is stale. */
struct binding *binding_create(struct engine *e, const struct port_range *ports, struct mac owner,
                               enum binding_origin origin);

/* Makes a permanent binding over ports that nobody owns. `name` is kept. 0 or -ENOSPC. */
int binding_create_permanent(struct engine *e, const struct port_range *ports, struct mac mac,
                             enum binding_origin origin, const char *name);

/* The first frame from a port that nobody owns (docs/forwarding.md#traffic-learning): its aligned block, or NULL. */
struct binding *binding_learn_traffic(struct engine *e, uint32_t address_index, uint16_t port,
                                      struct mac owner);

/* A REPLY that counts gives `ports` to `owner`, at least those around `asked`, for lifetime_s (0: the default). 0;
 * -EEXIST: another live owner has one of them. */
int binding_learn_pe_arp(struct engine *e, const struct port_range *ports, uint16_t asked, struct mac owner,
                         uint16_t lifetime_s, struct mac previous);

/* A lease of the address's server gives `ports` to `owner` for left_ns (ENGINE_NEVER: for ever), or for longer.
 * Frames
 * that wait for them are the caller's to release. 0; -EPERM: a permanent range is there; -ENOSPC: the table is
 * full. */
int binding_learn_lease(struct engine *e, const struct port_range *ports, struct mac owner, uint64_t left_ns);

/* True where `owner` may learn `ports` beside what it owns of the address already ([limits] host-ports). */
bool binding_may_own_more(struct engine *e, const struct port_range *ports, struct mac owner);

/* Counts a claim of `claimant` that does not get what `owner` has, and emits its event. */
void binding_refuse_claim(struct engine *e, const struct port_range *ports, struct mac claimant,
                          struct mac owner, const char *why);

#endif
