/* binding_state.c: see binding_state.h. */
#include "binding_state.h"

#include "pearpd/time_units.h"

#include "engine_state.h"
#include "lease_pool.h"
#include "out/event_emit.h"
#include "service.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/binding_fast.h"
#include "tables/binding_query.h"
#include "tables/host.h"
#include "tables/shared_address.h"

#include <errno.h>

static void emit_binding(struct engine *e, enum event_kind kind, const struct binding *b, struct mac other)
{
    event_emit(e, (struct event){.kind = kind,
                                 .side = SIDE_DOWNSTREAM,
                                 .range = b->ports.range,
                                 .mac = b->owner,
                                 .other = other,
                                 .detail = binding_origin_name(b->origin)});
}

void binding_report(struct engine *e, const struct binding *b, bool begins, enum event_kind why)
{
    const struct ownership change = {
        .begins = begins, .ports = &b->ports, .mac = b->owner, .origin = b->origin, .why = why};
    if (e->owned != NULL)
        e->owned(e->owned_context, &change);
}

void binding_refuse_claim(struct engine *e, const struct port_range *ports, struct mac claimant,
                          struct mac owner, const char *why)
{
    e->stats.counters[COUNTER_CONFLICTS]++;
    if (host_may_emit(host_of(e->hosts, claimant), EVENT_CONFLICT, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_CONFLICT,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = ports->range,
                                     .mac = claimant,
                                     .other = owner,
                                     .detail = why});
}

/* The one place where a binding's state changes. */
void binding_enter(struct engine *e, struct binding *b, enum binding_state state)
{
    if (b->state == state)
        return;
    if (b->state == BINDING_STALE)
        binding_stale_remove(e->bindings, b);
    b->state = state;
    binding_fast_update(e, b);
    if (state != BINDING_STALE)
        return;
    binding_stale_add(e->bindings, b);
    emit_binding(e, EVENT_STALE, b, mac_zero);
}

void binding_end(struct engine *e, struct binding *b, enum event_kind why)
{
    binding_fast_remove(e, b);
    if (why == EVENT_EXPIRED)
        e->stats.counters[COUNTER_EXPIRED]++;
    else if (why == EVENT_RELEASED)
        e->stats.counters[COUNTER_RELEASED]++;
    else if (why == EVENT_EVICTED)
        e->stats.counters[COUNTER_EVICTED]++;
    emit_binding(e, why, b, mac_zero);
    binding_report(e, b, false, why);
    timer_stop(e->timers, &b->timer);
    service_end(e, b);
    if (b->origin == ORIGIN_DHCP)
        lease_binding_ended(e, b);
    account_leave(e, b);
    binding_remove(e->bindings, b);
}

/* The binding to evict for one of `owner`: a stale one; else the longest unconfirmed of the host with the most, which has
 * at least two more than the owner, so that nobody's only one goes for a claim. What is fixed needs no such difference.
 * NULL: none. */
static struct binding *to_evict(struct engine *e, const struct port_range *ports, struct mac owner,
                                bool is_fixed)
{
    struct binding *b = binding_oldest_stale(e->bindings);
    if (b != NULL)
        return b;
    return account_longest_unconfirmed(e, is_fixed ? 1 : account_share_beside(e, owner, ports).bindings + 2);
}

static bool is_address_full(const struct engine *e, uint32_t address_index, uint32_t ending)
{
    return shared_address_at(e, address_index)->learned - ending >= e->config.limits.address_bindings;
}

/* The binding that makes room in an address that has as many as it may: the one that is stale for longest. NULL: there is
 * none, for a second, since all stale bindings are looked at. */
static struct binding *stale_of_address(struct engine *e, uint32_t address_index)
{
    struct shared_address *address = shared_address_at(e, address_index);
    if (e->now_ns < address->live_until_ns)
        return NULL;
    struct binding *b = binding_oldest_stale(e->bindings);
    while (b != NULL && b->address_index != address_index)
        b = binding_next_stale(e->bindings, b);
    if (b == NULL)
        address->live_until_ns = e->now_ns + NS_PER_S;
    return b;
}

bool binding_has_room(struct engine *e, const struct port_range *ports, struct mac owner, uint32_t ending)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    if (is_address_full(e, address_index, ending))
        return stale_of_address(e, address_index) != NULL;
    return ending > 0 || !binding_table_full(e->bindings) || to_evict(e, ports, owner, false) != NULL;
}

struct binding *binding_create(struct engine *e, const struct port_range *ports, struct mac owner,
                               enum binding_origin origin)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    const bool is_fixed = binding_origin_is_fixed(origin),
               is_crowded = !is_fixed && is_address_full(e, address_index, 0);
    struct binding *evicted = NULL;
    if (is_crowded)
        evicted = stale_of_address(e, address_index);
    else if (binding_table_full(e->bindings))
        evicted = to_evict(e, ports, owner, is_fixed);
    const bool is_over = is_crowded && evicted == NULL;
    if (evicted != NULL)
        binding_end(e, evicted, EVENT_EVICTED);
    struct binding *b = is_over ? NULL : binding_add(e->bindings, address_index, ports, owner);
    if (b == NULL) {
        e->stats.counters[COUNTER_TABLE_FULL]++;
        return NULL;
    }
    b->timer.kind = TIMER_BINDING;
    b->origin = origin;
    b->learned_ns = b->idle_since_ns = e->now_ns;
    account_join(e, b);
    binding_report(e, b, true, EVENT_LEARNED);
    return b;
}

int binding_create_permanent(struct engine *e, const struct port_range *ports, struct mac mac,
                             enum binding_origin origin, const char *name)
{
    struct binding *b = binding_create(e, ports, mac, origin);
    if (b == NULL)
        return -ENOSPC;
    b->name = name;
    binding_enter(e, b, BINDING_PERMANENT);
    return 0;
}

void binding_emit_learned(struct engine *e, const struct binding *b, struct mac previous)
{
    bool moved = !mac_is_zero(previous) && !mac_equal(previous, b->owner);
    e->stats.counters[moved ? COUNTER_MOVES : COUNTER_LEARNED]++;
    emit_binding(e, moved ? EVENT_MOVED : EVENT_LEARNED, b, previous);
}
