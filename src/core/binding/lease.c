/* lease.c: see lease.h. */
#include "lease.h"

#include "pearpd/time_units.h"

#include "binding_learn.h"
#include "binding_state.h"
#include "engine_state.h"
#include "resolver.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#include <errno.h>
#include <string.h>

#define BLOCKED_AGAIN_NS NS_PER_S
#define LOST_ANSWERS_MAX 3
#define OFFER_HELD_NS    NS_PER_S /* clients take an offer within milliseconds */

/* True where no other host has a right to a port of the set. A block learned from traffic counts only where its
 * owner sends from. */
static bool is_usable(struct engine *e, const struct lease *lease, struct mac mac)
{
    struct port_range ports = lease_ports(e, lease);
    uint32_t at = 0;
    if (lease->holder_until_ns > e->now_ns && !mac_equal(lease->holder, mac))
        return false;
    if (rivals_dispute(e, lease->address_index, ports.range.first))
        return false;
    for (struct binding *b; (b = binding_overlap_next(e, &ports, &at)) != NULL;) {
        if (binding_origin_is_permanent(b->origin))
            return false;
        if (!mac_equal(b->owner, mac) && (b->origin != ORIGIN_TRAFFIC || binding_sends_from(e, b, &ports)))
            return false;
    }
    return true;
}

static bool may_hold_more(const struct engine *e, struct mac mac)
{
    return lease_host_count(e, mac) < e->config.limits.host_leases;
}

/* Sets that were skipped are checked again once a second, since there may be many. */
static void blocked_again(struct engine *e, struct mac mac)
{
    struct lease_pool *pool = e->lease_pool;
    if (e->now_ns < pool->blocked_seen_ns + BLOCKED_AGAIN_NS)
        return;
    pool->blocked_seen_ns = e->now_ns;
    for (struct lease *lease = TAILQ_FIRST(&pool->blocked), *next; lease != NULL; lease = next) {
        next = TAILQ_NEXT(lease, others);
        if (!is_usable(e, lease, mac))
            continue;
        lease_queue_leave(lease);
        lease_queue_join(&pool->free, lease);
    }
}

static struct lease *longest_free(struct engine *e, struct mac mac)
{
    struct lease_pool *pool = e->lease_pool;
    if (TAILQ_EMPTY(&pool->free))
        blocked_again(e, mac);
    for (struct lease *lease; (lease = TAILQ_FIRST(&pool->free)) != NULL;) {
        if (is_usable(e, lease, mac))
            return lease;
        lease_queue_leave(lease);
        lease_queue_join(&pool->blocked, lease);
    }
    return NULL;
}

static bool is_free_for(struct engine *e, const struct lease *lease, struct mac mac)
{
    return lease != NULL && lease->state == LEASE_FREE && is_usable(e, lease, mac);
}

/* A new configuration may reserve for another client a set that is in use. */
static bool is_anothers(const struct engine *e, const struct lease *lease, const struct lease_client *client)
{
    return lease->reservation != NULL && lease_reserved_for(e, client) != lease;
}

/* False: another host took a port of the offered set. */
static bool may_stay(struct engine *e, const struct lease *lease, const struct lease_client *client)
{
    return !is_anothers(e, lease, client) && (lease->state == LEASE_BOUND || is_usable(e, lease, client->mac));
}

/* The oldest offer that was not taken, which ends. NULL: there is none, or another host has its ports. */
static struct lease *displaced(struct engine *e, struct mac mac)
{
    struct lease *lease = TAILQ_FIRST(&e->lease_pool->offered);
    if (lease == NULL || e->now_ns < lease->offered_ns + OFFER_HELD_NS || !is_usable(e, lease, mac))
        return NULL;
    lease_end(e, lease, EVENT_RELEASED);
    return lease;
}

struct lease *lease_choose(struct engine *e, const struct lease_client *client, struct lease *wish,
                           bool may_displace)
{
    struct lease *reserved = lease_reserved_for(e, client), *had = lease_find(e, client);
    bool holds = had != NULL && had->state != LEASE_FREE;
    bool to_reserved = reserved != had && is_free_for(e, reserved, client->mac);
    if (holds && !to_reserved && may_stay(e, had, client))
        return had;
    if (holds)
        lease_end(e, had, EVENT_RELEASED); /* it asks again, so it no longer uses that one */
    if (!may_hold_more(e, client->mac))
        return NULL;
    struct lease *lease = NULL;
    if (to_reserved)
        lease = reserved;
    else if (is_free_for(e, had, client->mac) && !is_anothers(e, had, client))
        lease = had;
    else if (is_free_for(e, wish, client->mac) && wish->reservation == NULL)
        lease = wish;
    else
        lease = longest_free(e, client->mac);
    if (lease == NULL && may_displace)
        lease = displaced(e, client->mac);
    if (lease != NULL)
        lease_assign(e, lease, client);
    return lease;
}

/* Hosts are asked for its first port. A question that is open goes on. */
static void ask_hosts(struct engine *e, struct lease *lease, struct resolution *asked)
{
    lease->asked_ns = e->now_ns;
    lease->is_sent = asked != NULL && asked->tries > 0;
    resolver_ask_for_set(e, lease->address_index, lease_range(e, lease).first, asked);
}

bool lease_is_certain(struct engine *e, struct lease *lease)
{
    const uint16_t first = lease_range(e, lease).first;
    const uint64_t wait_ns = e->config.limits.offer_wait_s * NS_PER_S;
    bool is_its = lease->state == LEASE_BOUND || lease->holder_until_ns > e->now_ns;
    if (is_its || lease->is_known_free || wait_ns == 0)
        return true;
    struct resolution *asked = resolver_find(e, lease->address_index, first, mac_zero);
    if (lease->asked_ns == 0) {
        ask_hosts(e, lease, asked);
        return false;
    }
    if (e->now_ns < lease->asked_ns + wait_ns || (asked != NULL && asked->tries == 0))
        return false;
    /* Not for ever: a host that keeps the ring full would end all offers. */
    if (resolver_may_have_lost(e, lease->asked_ns) && lease->lost_answers < LOST_ANSWERS_MAX) {
        lease->lost_answers++;
        ask_hosts(e, lease, asked);
        return false;
    }
    if (lease_must_be_asked(e, lease)) {
        ask_hosts(e, lease, asked);
        return false;
    }
    if (asked != NULL && asked->pending.count == 0)
        resolver_close(e, asked);
    lease->is_known_free = true;
    return true;
}

void lease_offer(struct engine *e, struct lease *lease)
{
    if (lease->state == LEASE_BOUND)
        return;
    lease_enter(e, lease, LEASE_OFFERED);
    timer_set(e->timers, &lease->timer, e->now_ns + e->config.limits.offer_age_s * NS_PER_S);
}

int lease_bind(struct engine *e, struct lease *lease, uint64_t left_ns)
{
    struct port_range ports = lease_ports(e, lease);
    if (lease->state == LEASE_FREE && !may_hold_more(e, lease->client.mac))
        return -ENOSPC;
    if (!may_stay(e, lease, &lease->client))
        return -EEXIST;
    int error = binding_learn_lease(e, &ports, lease->client.mac, left_ns);
    if (error == 0) {
        resolver_release(e, lease->address_index);
        lease_enter(e, lease, LEASE_BOUND);
    }
    return error == -EPERM ? -EEXIST : error;
}

int lease_restore(struct engine *e, struct lease *lease, const struct lease_client *client, uint64_t left_ns)
{
    const struct lease *has = lease_find(e, client);
    if (lease->state != LEASE_FREE || (has != NULL && has->state != LEASE_FREE) ||
        !is_usable(e, lease, client->mac))
        return -EEXIST;
    lease_assign(e, lease, client);
    return lease_bind(e, lease, left_ns);
}

static void unpark(struct engine *e, const struct lease_parked *parked)
{
    const uint16_t first = port_set_bounds(parked->params, parked->psid).first;
    const int index = shared_address_index(e, parked->address);
    struct lease *lease = lease_at(e, (uint32_t)index, first);
    if (lease == NULL || !port_set_same(e->config.addresses[index].lease_psid, parked->params))
        return;
    lease_restore(e, lease, &parked->client,
                  parked->until_ns == TIMER_NEVER ? ENGINE_NEVER : parked->until_ns - e->now_ns);
}

void leases_unpark(struct engine *e)
{
    struct lease_pool *pool = e->lease_pool;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pool->parked_count; i++) {
        const struct lease_parked parked = pool->parked[i];
        const int index = shared_address_index(e, parked.address);
        if (parked.until_ns <= e->now_ns)
            continue;
        if (index >= 0 && e->config.addresses[index].is_served)
            unpark(e, &parked);
        else
            pool->parked[kept++] = parked;
    }
    pool->parked_count = kept;
}

void lease_end(struct engine *e, struct lease *lease, enum event_kind why)
{
    struct binding *b = lease->state == LEASE_BOUND ? lease_binding(e, lease) : NULL;
    if (b != NULL)
        binding_end(e, b, why); /* calls lease_binding_ended() */
    else
        lease_enter(e, lease, LEASE_FREE);
}

void lease_decline(struct engine *e, struct lease *lease)
{
    struct mac mac = lease->client.mac;
    lease_end(e, lease, EVENT_RELEASED);
    lease_forget(e, lease);
    lease->client.mac = mac; /* it counts for the host */
    lease_enter(e, lease, LEASE_DECLINED);
    timer_set(e->timers, &lease->timer, e->now_ns + e->config.limits.decline_age_s * NS_PER_S);
}

void lease_due(struct engine *e, struct lease *lease)
{
    bool was_declined = lease->state == LEASE_DECLINED;
    lease_enter(e, lease, LEASE_FREE);
    if (was_declined)
        memset(&lease->client, 0, sizeof(lease->client));
}
