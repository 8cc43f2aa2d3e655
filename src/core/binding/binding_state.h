/* binding_state.h: the life of a binding: it begins, changes state and ends (docs/pe-arp.md#binding-states).
 * In: a new owner, a new state, an end. Out: the table, one event for each change.
 * Called by: binding_learn, resolver, lease, the rules of DHCP and PE-ARP, the entry. Never: sends. */
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

/* Reports that a host owns the ports of `b` from now on, or has owned them until now: called by what changes the ports of a
 * binding that goes on. */
void binding_report(struct engine *e, const struct binding *b, bool begins, enum event_kind why);

/* True where a learned binding of `ports` finds room in the table and in its address, once `ending` of those that overlap it
 * have ended. Nothing changes. */
bool binding_has_room(struct engine *e, const struct port_range *ports, struct mac owner, uint32_t ending);

/* A new binding; in a full table another one makes room. NULL: none does, or the address has as many as it may. */
struct binding *binding_create(struct engine *e, const struct port_range *ports, struct mac owner,
                               enum binding_origin origin);

/* Makes a permanent binding over ports that nobody owns. `name` is kept. 0 or -ENOSPC. */
int binding_create_permanent(struct engine *e, const struct port_range *ports, struct mac mac,
                             enum binding_origin origin, const char *name);

/* Counts a claim of `claimant` that does not get what `owner` has, and emits its event. */
void binding_refuse_claim(struct engine *e, const struct port_range *ports, struct mac claimant,
                          struct mac owner, const char *why);

/* Counts and emits that `b` was learned; from another host, `previous`: that it moved. */
void binding_emit_learned(struct engine *e, const struct binding *b, struct mac previous);

#endif
