/* binding_probe.h: a binding's timer, and the REQUEST that asks its owner whether it still owns the ports.
 * In: time; a frame for a stale binding. Out: REQUESTs; the end of what has expired. Called by: engine, forward. */
#ifndef PEARPD_CORE_BINDING_PROBE_H
#define PEARPD_CORE_BINDING_PROBE_H

#include <stdbool.h>

struct engine;
struct binding;

/* Asks the owner of a stale binding whether it still owns the ports. False: no REQUEST could be opened. */
bool binding_probe(struct engine *e, struct binding *b);

/* The binding's timer is due. */
void binding_due(struct engine *e, struct binding *b);

#endif
