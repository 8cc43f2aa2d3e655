/* engine_restore.c: restores bindings and leases of an earlier run.
 * In: bindings as that run saved them. Out: stale bindings that forward, and one REQUEST to each owner in turn.
 * Called by: daemon through engine.h. Never: reads a file, emits events. */
#include "pearpd/port_range.h"
#include "pearpd/port_set.h"
#include "pearpd/time_units.h"

#include "binding/binding_fit.h"
#include "binding/binding_state.h"
#include "binding/lease.h"
#include "engine_state.h"
#include "rules/dhcp_rules.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/binding_fast.h"
#include "tables/binding_query.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#include <errno.h>

#define CONFIRM_STEP_NS  (NS_PER_S / 300) /* with two more tries each, where nobody answers: 900 a second */
#define CONFIRM_AGAIN_NS NS_PER_S         /* where no REQUEST could be opened */
#define GRACE_S          60               /* until a host that cannot be asked must have sent again */

static void counts_restore(struct engine *e, struct binding *b, const struct table_entry *entry)
{
    account_leave(e, b);
    b->learned_ns = e->now_ns - entry->age_ns;
    b->rx_frames = entry->rx_frames;
    b->rx_bytes = entry->rx_bytes;
    b->tx_frames = entry->tx_frames;
    b->tx_bytes = entry->tx_bytes;
    account_join(e, b);
}

/* Schedules the REQUEST to its owner behind those of the other restored bindings. */
static void confirm_later(struct engine *e, struct binding *b)
{
    if (e->confirm_ns < e->now_ns)
        e->confirm_ns = e->now_ns;
    e->confirm_ns += CONFIRM_STEP_NS;
    timer_set(e->timers, &b->timer, e->confirm_ns);
}

/* The ports that the owner sent from were not saved: if it sent recently, all of them count as used. */
static void traffic_restore(struct engine *e, struct binding *b, uint64_t left_ns)
{
    uint64_t idle_ns = e->config.limits.idle_s * NS_PER_S;
    uint64_t grace_ns = GRACE_S * NS_PER_S;
    if (left_ns > idle_ns)
        left_ns = idle_ns;
    if (idle_ns - left_ns < LIVE_NS) {
        uint64_t idle_since_ns = e->now_ns - (idle_ns - left_ns);
        binding_seen(b, b->ports.range.first, idle_since_ns);
        binding_seen(b, b->ports.range.last, idle_since_ns);
    }
    if (left_ns < grace_ns)
        left_ns = grace_ns < idle_ns ? grace_ns : idle_ns;
    b->idle_since_ns = e->now_ns + left_ns - idle_ns;
    timer_set(e->timers, &b->timer, e->now_ns + left_ns);
}

/* Sets the state without the event of entering it. */
static void state_restore(struct engine *e, struct binding *b, const struct table_entry *entry)
{
    switch (entry->origin) {
    case ORIGIN_CONFIG:
    case ORIGIN_CONTROL:
        b->state = BINDING_PERMANENT;
        return;
    case ORIGIN_DHCP:
        b->state = BINDING_REACHABLE;
        if (entry->expires_ns != ENGINE_NEVER)
            timer_set(e->timers, &b->timer, e->now_ns + entry->expires_ns);
        dhcp_lessee_note(e, b);
        return;
    case ORIGIN_PE_ARP:
        confirm_later(e, b);
        break;
    case ORIGIN_TRAFFIC:
        traffic_restore(e, b, entry->expires_ns);
        break;
    }
    b->state = BINDING_STALE;
    binding_stale_add(e->bindings, b);
}

static int configured_restore(struct engine *e, const struct port_range *ports, const struct table_entry *entry)
{
    struct binding *b = binding_find_configured(e, ports, entry->mac);
    if (b == NULL)
        return -ESTALE;
    counts_restore(e, b, entry);
    return 0;
}

/* The ports of the entry. False: there is no such range or port set. */
static bool ports_of_entry(const struct table_entry *entry, struct port_range *ports)
{
    *ports = (struct port_range){.range = entry->range};
    if (!entry->has_psid)
        return ports->range.first <= ports->range.last;
    if (!port_set_valid(entry->psid) || entry->psid_id >> entry->psid.length != 0)
        return false;
    *ports = port_range_of_set(entry->range.address, entry->psid, entry->psid_id);
    return ports->range.first == entry->range.first && ports->range.last == entry->range.last;
}

int engine_restore(struct engine *engine, uint64_t now_ns, const struct table_entry *entry,
                   const struct engine_out *out)
{
    struct engine *e = engine;
    engine_tick(e, now_ns, out);
    struct port_range ports;
    int index = shared_address_index(e, entry->range.address);
    if (index < 0)
        return -ENOENT;
    if (entry->state == BINDING_INCOMPLETE || entry->state == BINDING_PUBLISHED || mac_is_zero(entry->mac) ||
        mac_is_group(entry->mac) || mac_equal(entry->mac, e->config.mac) || !ports_of_entry(entry, &ports))
        return -EINVAL;
    if (entry->origin == ORIGIN_CONFIG)
        return configured_restore(e, &ports, entry);
    if (!binding_fits(e, &ports, entry->mac, entry->origin))
        return -ERANGE;
    if (entry->origin == ORIGIN_DHCP && entry->expires_ns == 0)
        return -ETIME;
    uint32_t at = 0;
    if (binding_overlap_next(e, &ports, &at) != NULL)
        return -EEXIST;
    /* What is stale makes room for what is new, not for another of this file. */
    if (binding_table_full(e->bindings) ||
        (!binding_origin_is_fixed(entry->origin) &&
         shared_address_at(e, (uint32_t)index)->learned >= e->config.limits.address_bindings))
        return -ENOSPC;
    struct binding *b = binding_create(e, &ports, entry->mac, entry->origin);
    if (b == NULL)
        return -ENOSPC;
    counts_restore(e, b, entry);
    state_restore(e, b, entry);
    binding_fast_update(e, b);
    e->lease_pool->is_restored = true;
    return 0;
}

int engine_lease_restore(struct engine *engine, uint64_t now_ns, const struct lease_entry *entry,
                         const struct engine_out *out)
{
    engine_tick(engine, now_ns, out);
    int index = shared_address_index(engine, entry->range.address);
    if (index < 0)
        return -ENOENT;
    const struct config_address *a = &engine->config.addresses[index];
    struct lease *lease = lease_at(engine, (uint32_t)index, entry->range.first);
    if (lease == NULL || !port_set_same(a->lease_psid, entry->psid) || lease->psid != entry->psid_id)
        return -ENOENT;
    if (mac_is_zero(entry->mac) || mac_is_group(entry->mac) || mac_equal(entry->mac, engine->config.mac) ||
        entry->left_ns == 0 || entry->client_id_length > CLIENT_ID_BYTES)
        return -EINVAL;
    const struct lease_client client = lease_client_of(entry->mac, entry->client_id, entry->client_id_length);
    int error = lease_restore(engine, lease, &client, entry->left_ns);
    if (error == 0)
        engine->lease_pool->is_restored = true;
    return error;
}

uint64_t engine_changes(const struct engine *engine)
{
    return engine->changes + binding_table_changes(engine->bindings);
}

uint64_t engine_epoch(const struct engine *engine)
{
    return engine->seed.epoch;
}

uint32_t engine_rivals(const struct engine *engine)
{
    return rivals_count(engine);
}

void engine_epoch_restore(struct engine *engine, uint64_t epoch)
{
    engine->seed.epoch = epoch;
    engine->is_table_kept = true;
}

uint64_t engine_hello_seq(const struct engine *engine)
{
    return engine->config.key_count > 0 ? engine->seed.hello_seq : 0;
}

void engine_hello_seq_restore(struct engine *engine, uint64_t hello_seq)
{
    if (hello_seq > engine->seed.hello_seq)
        engine->seed.hello_seq = hello_seq;
}
