/* event_emit.h: the way out of events.
 * Called by: all of core. */
#ifndef PEARPD_CORE_EVENT_EMIT_H
#define PEARPD_CORE_EVENT_EMIT_H

#include "pearpd/engine.h"

/* Emits the event through engine_out.event; its time is filled in. */
void event_emit(struct engine *e, struct event event);

#endif
