/* binding_probe.c: see binding_probe.h. */
#include "binding_probe.h"

#include "pearpd/time_units.h"

#include "binding_state.h"
#include "engine_state.h"
#include "resolver.h"
#include "tables/binding.h"
#include "tables/binding_fast.h"

#define CONFIRM_AGAIN_NS NS_PER_S /* where no REQUEST could be opened */

bool binding_probe(struct engine *e, struct binding *b)
{
    if (resolver_ask_host(e, b->address_index, b->ports.range.first, b->owner) == NULL)
        return false;
    binding_enter(e, b, BINDING_PROBE);
    return true;
}

static void binding_confirm(struct engine *e, struct binding *b)
{
    if (!binding_probe(e, b))
        timer_set(e->timers, &b->timer, e->now_ns + CONFIRM_AGAIN_NS);
}

/* A reachable binding becomes stale; a restored one asks its owner; one learned from traffic ends when it is idle;
 * a lease ends. */
void binding_due(struct engine *e, struct binding *b)
{
    if (b->origin == ORIGIN_DHCP) {
        binding_end(e, b, EVENT_EXPIRED);
        return;
    }
    if (b->origin != ORIGIN_TRAFFIC) {
        if (b->state == BINDING_REACHABLE)
            binding_enter(e, b, BINDING_STALE);
        else if (b->state == BINDING_STALE)
            binding_confirm(e, b);
        return;
    }
    binding_fast_take(e, b);
    uint64_t idle_ns = e->config.limits.idle_s * NS_PER_S;
    if (e->now_ns - b->idle_since_ns >= idle_ns)
        binding_end(e, b, EVENT_EXPIRED);
    else
        timer_set(e->timers, &b->timer, b->idle_since_ns + idle_ns);
}
