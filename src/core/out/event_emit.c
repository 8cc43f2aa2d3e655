/* event_emit.c: see event_emit.h. */
#include "event_emit.h"

#include "engine_state.h"

void event_emit(struct engine *e, struct event event)
{
    event.time_ns = e->now_ns;
    e->out->event(e->out->context, &event);
}

void event_emit_refused(struct engine *e, enum side side, struct mac mac, const char *detail)
{
    event_emit(e, (struct event){.kind = EVENT_REFUSED, .side = side, .mac = mac, .detail = detail});
}
