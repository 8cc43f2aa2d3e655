/* event_emit.c: the way out of events. Called by: all of core. */
#include "internal.h"

void tell(struct engine *e, struct event event)
{
    event.time_ns = e->now_ns;
    e->out->event(e->out->context, &event);
}
