/* event_emit.h: the way out of events.
 * Called by: all of core. */
#ifndef PEARPD_CORE_EVENT_EMIT_H
#define PEARPD_CORE_EVENT_EMIT_H

#include "pearpd/engine.h"

/* Emits the event through engine_out.event; its time is filled in. */
void event_emit(struct engine *e, struct event event);

/* Emits `refused`: what `mac` sent on `side` was dropped, and why. How often is the caller's to limit. `detail`: a literal. */
void event_emit_refused(struct engine *e, enum side side, struct mac mac, const char *detail);

#endif
