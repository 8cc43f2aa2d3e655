/* binding_probe.h: a binding's timer, and the question to its owner whether it is still there.
 * In: time; a frame for a stale binding. Out: questions; the end of what is over. Called by: engine, forward. */
#ifndef PEARPD_CORE_BINDING_PROBE_H
#define PEARPD_CORE_BINDING_PROBE_H

#include <stdbool.h>

struct engine;
struct binding;

/* Asks the owner of a stale binding whether it is still there. False: no question could be opened. */
bool binding_probe(struct engine *e, struct binding *b);

/* The binding's timer is due. */
void binding_due(struct engine *e, struct binding *b);

#endif
