/* event_emit.c: see event_emit.h. */
#include "event_emit.h"

#include "engine_state.h"

void event_emit(struct engine *e, struct event event)
{
    event.time_ns = e->now_ns;
    e->out->event(e->out->context, &event);
}
