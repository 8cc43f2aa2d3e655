/* rivalry.h: hosts that claim the same ports after the table was lost (docs/pe-arp.md#rivals). None of them gets the
 * ports by being first: all are asked again and again, until one is left or an operator decides.
 * In: REPLYs that count, time. Out: bindings that end, REQUESTs, events.
 * Called by: pe_arp_rules, the entry. Never: binds. */
#ifndef PEARPD_CORE_RIVALRY_H
#define PEARPD_CORE_RIVALRY_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include "engine_state.h"

#include <stdbool.h>

/* A REPLY of `host` with `ports` counts. True: it is a rival's, so it does not bind. False: no rival is in its way. */
bool rivalry_take(struct engine *e, const struct port_range *ports, struct mac host);

/* A reload: those whose claims the new configuration allows go on. */
void rivalry_carry(struct engine *e, const struct engine *old);

/* Asks the rivals whose turn it is. */
void rivalry_due(struct engine *e);

#endif
