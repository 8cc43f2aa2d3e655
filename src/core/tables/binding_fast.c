/* binding_fast.c: see binding_fast.h. */
#include "binding_fast.h"

#include "binding.h"
#include "engine_state.h"
#include "out/verdict.h"
#include "range_macs.h"

/* True where a frame to or from the owner has no other effect than that it is forwarded and counted:
 * a frame to a stale owner asks whether it is still there, one from an owner learned from traffic makes it reachable;
 * [ipfix] looks at every frame; and what a host sends from another of its MAC addresses counts as if sent from its first
 * one, so no frame from those is the owner's. */
static bool is_plain(const struct engine *e, const struct binding *b)
{
    if (e->meter != NULL || !mac_equal(range_macs_first(e, b->owner), b->owner))
        return false;
    switch (b->state) {
    case BINDING_REACHABLE:
    case BINDING_PERMANENT:
        return true;
    case BINDING_PROBE:
        return b->origin != ORIGIN_TRAFFIC;
    case BINDING_INCOMPLETE:
    case BINDING_STALE:
    case BINDING_PUBLISHED:
        break;
    }
    return false;
}

void binding_fast_update(struct engine *e, struct binding *b)
{
    if (e->fast == NULL)
        return;
    if (!is_plain(e, b))
        binding_fast_remove(e, b);
    else if (b->fast_slot == 0)
        b->fast_slot = e->fast->put(e->fast->context, &b->ports, b->owner);
}

void binding_fast_remove(struct engine *e, struct binding *b)
{
    if (b->fast_slot == 0)
        return;
    binding_fast_count(e, b);
    e->fast->remove(e->fast->context, b->fast_slot);
    b->fast_slot = 0;
}

/* The owner's frames. What the engine saw itself may be later, and the clock of the fast path a little ahead. */
static void owner_sent(struct engine *e, struct binding *b, const struct fast_growth *growth)
{
    uint64_t at_ns = growth->from_owner_ns < e->now_ns ? growth->from_owner_ns : e->now_ns;
    if (at_ns == 0)
        return;
    if (at_ns > b->seen_ns)
        b->seen_ns = at_ns;
    if (growth->from_owner_frames == 0 && at_ns <= b->idle_since_ns)
        return;
    if (at_ns < b->idle_since_ns)
        at_ns = b->idle_since_ns;
    if (b->origin == ORIGIN_TRAFFIC && growth->has_ports) {
        binding_seen(b, growth->low, at_ns);
        binding_seen(b, growth->high, at_ns);
    }
    b->idle_since_ns = at_ns;
}

void binding_fast_count(struct engine *e, struct binding *b)
{
    struct fast_growth growth = {0};
    e->fast->take(e->fast->context, b->fast_slot, &growth);
    b->rx_frames += growth.to_owner_frames;
    b->rx_bytes += growth.to_owner_bytes;
    b->tx_frames += growth.from_owner_frames;
    b->tx_bytes += growth.from_owner_bytes;
    verdict_count_forwarded(e, SIDE_UPSTREAM, growth.to_owner_frames);
    verdict_count_forwarded(e, SIDE_DOWNSTREAM, growth.from_owner_frames);
    owner_sent(e, b, &growth);
}
