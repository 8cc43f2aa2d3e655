/* service.h: the services that hosts announce for their ports.
 * In: REPLYs that count, bindings that end. Out: the list of services of each binding. Called by: binding_state,
 * pe_arp_rules, the entry. Never: changes the way of a frame. */
#ifndef PEARPD_CORE_SERVICE_H
#define PEARPD_CORE_SERVICE_H

#include "pearpd/engine.h"
#include "pearpd/pe_arp.h"
#include "pearpd/port_range.h"

#include "tables/binding.h"

/* A REPLY of m->sha for `ports` counts: its services replace those of earlier ones. */
void service_learn(struct engine *e, const struct port_range *ports, const struct pe_arp *m);

/* The binding ends. */
void service_end(struct engine *e, struct binding *b);

/* Copies the services of `was`, a binding of `old`, to the binding of the new configuration; NULL: there is none. */
void service_carry(struct engine *e, struct binding *kept, struct engine *old, const struct binding *was);

#endif
