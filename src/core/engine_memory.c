/* engine_memory.c: the tables' memory, taken at start, and the reload of a configuration.
 * A reload builds every table anew by the new limits and pours the old ones over, so that it either
 * succeeds whole or leaves the engine as it was. Called by: engine. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *array_copy(const void *array, size_t count, size_t size)
{
    void *copy = calloc(count + 1, size);
    if (copy != NULL && count > 0)
        memcpy(copy, array, count * size);
    return copy;
}

int engine_config_copy(struct config *to, const struct config *from)
{
    *to = *from;
    to->addresses = array_copy(from->addresses, from->address_count, sizeof(*to->addresses));
    to->ranges = array_copy(from->ranges, from->range_count, sizeof(*to->ranges));
    to->protocols = array_copy(from->protocols, from->protocol_count, sizeof(*to->protocols));
    to->leases = array_copy(from->leases, from->lease_count, sizeof(*to->leases));
    to->keys = array_copy(from->keys, from->key_count, sizeof(*to->keys));
    if (to->addresses == NULL || to->ranges == NULL || to->protocols == NULL || to->leases == NULL ||
        to->keys == NULL)
        return -ENOMEM;
    return 0;
}

static int addresses_new(struct engine *e)
{
    uint32_t slots = 16;
    while (slots < 4 * e->config.address_count)
        slots *= 2;
    e->address_mask = slots - 1;
    e->address_slots = calloc(slots, sizeof(*e->address_slots));
    e->shared = calloc(e->config.address_count + 1, sizeof(*e->shared));
    if (e->address_slots == NULL || e->shared == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < e->config.address_count; i++) {
        e->shared[i].config = &e->config.addresses[i];
        address_insert(e, i);
    }
    return 0;
}

static uint32_t share_of(const struct limits *limits, uint32_t whole)
{
    uint32_t share = (uint32_t)((uint64_t)whole * limits->host_share / 100);
    return share > 0 ? share : 1;
}

static void limits_take(struct engine *e)
{
    const struct limits *l = &e->config.limits;
    e->ask_limit = rate_limit_of(l->ask_rate, l->ask_burst);
    e->unicast_limit = rate_limit_of(l->unicast_rate, l->unicast_rate);
    e->unicast_mac_limit = rate_limit_of(l->unicast_mac_rate, l->unicast_mac_rate);
    e->arp_limit = rate_limit_of(l->arp_rate, l->arp_rate);
    e->echo_limit = rate_limit_of(l->echo_rate, l->echo_burst);
    e->dhcp_limit = rate_limit_of(l->dhcp_rate, l->dhcp_rate);
    e->dhcp_host_limit = rate_limit_of(l->dhcp_host_rate, l->dhcp_host_rate);
    e->share_flows = share_of(l, l->flows);
    e->share_datagrams = share_of(l, l->datagrams);
    e->share_waiting = share_of(l, l->waiting_fragments);
    e->share_services = share_of(l, l->services);
}

/* Permanent ranges of the configuration. Nothing is told: they were always there. */
static int ranges_take(struct engine *e)
{
    for (size_t i = 0; i < e->config.range_count; i++) {
        const struct config_range *range = &e->config.ranges[i];
        int index = shared_index(e, range->range.address);
        if (index < 0)
            return -EINVAL;
        const struct port_range ports = {.range = range->range};
        if (binding_make_permanent(e, &ports, range->mac, ORIGIN_CONFIG, range->name) != 0)
            return -ENOSPC;
    }
    return 0;
}

void ranges_begin(struct engine *e)
{
    for (size_t i = 0; i < e->config.range_count; i++) {
        const struct range *range = &e->config.ranges[i].range;
        int index = shared_index(e, range->address);
        struct binding *b = binding_find(e->bindings, (uint32_t)index, range->first);
        if (b->learned_ns == 0)
            b->learned_ns = e->now_ns;
    }
}

int engine_tables_new(struct engine *e)
{
    const struct limits *l = &e->config.limits;
    uint32_t bindings = l->bindings;
    if (bindings < e->config.range_count)
        bindings = (uint32_t)e->config.range_count;
    limits_take(e);
    if (addresses_new(e) != 0 || question_tables_new(e) != 0)
        return -ENOMEM;
    e->accounts = accounts_new(l->accounts, e->seed.hash_key);
    if (e->config.ipfix.is_on)
        e->meter = meter_new(&e->config, e->seed.hash_key);
    e->bindings = binding_table_new(bindings, (uint32_t)e->config.address_count);
    e->fdb = fdb_new(l, e->seed.hash_key);
    e->hold = hold_new(l->held_frames, l->held_bytes);
    e->hosts = host_table_new(l->hosts, e->seed.hash_key);
    e->askers = asker_table_new(e);
    e->echo_flows = echo_flows_new(e);
    e->flows = flow_table_new(e);
    e->speakers = speaker_table_new(e);
    e->fragments = fragments_new(e);
    e->services = service_table_new(l->services);
    e->looks_at_dhcp = dhcp_matters(&e->config);
    e->lessees = lessee_table_new(e);
    e->leases = leases_new(e);
    if (e->leases == NULL)
        return -ENOMEM;
    e->timers = timer_heap_new(bindings + l->questions + e->leases->count + 8);
    if (e->bindings == NULL || e->fdb == NULL || e->hold == NULL || e->hosts == NULL || e->askers == NULL ||
        e->echo_flows == NULL || e->flows == NULL || e->speakers == NULL || e->fragments == NULL ||
        e->accounts == NULL || (e->config.ipfix.is_on && e->meter == NULL) || e->services == NULL ||
        e->lessees == NULL || e->timers == NULL)
        return -ENOMEM;
    return ranges_take(e);
}

void engine_tables_free(struct engine *e)
{
    binding_table_free(e->bindings);
    accounts_free(e->accounts);
    meter_free(e->meter);
    fdb_free(e->fdb);
    hold_free(e->hold);
    keyed_table_free(e->hosts);
    keyed_table_free(e->questions);
    keyed_table_free(e->negatives);
    keyed_table_free(e->asked);
    keyed_table_free(e->askers);
    echo_flows_free(e->echo_flows);
    keyed_table_free(e->flows);
    keyed_table_free(e->speakers);
    keyed_table_free(e->lessees);
    leases_free(e->leases);
    fragments_free(e->fragments);
    service_table_free(e->services);
    timer_heap_free(e->timers);
    free(e->shared);
    free(e->address_slots);
    free(e->config.addresses);
    free(e->config.ranges);
    free(e->config.protocols);
    free(e->config.leases);
    free(e->config.keys);
}

/* A learned or added binding of `old` goes over where the new configuration leaves room for it. NULL: it does not. */
static struct binding *learned_carry(struct engine *e, const struct binding *b)
{
    uint32_t at = 0, address_index = index_of(e, &b->ports);
    if (!binding_fits(e, &b->ports, b->owner, b->origin) || overlap_next(e, &b->ports, &at) != NULL)
        return NULL;
    struct binding *kept = binding_add(e->bindings, address_index, &b->ports, b->owner);
    if (kept == NULL)
        return NULL;
    uint32_t older = kept->stale_older, newer = kept->stale_newer;
    uint64_t due_ns = timer_armed(&b->timer) ? b->timer.due_ns : TIMER_NEVER;
    *kept = *b;
    account_join(e, kept);
    kept->address_index = address_index;
    kept->name = "";
    kept->stale_older = older;
    kept->stale_newer = newer;
    kept->timer = (struct timer){.kind = TIMER_BINDING};
    if (due_ns != TIMER_NEVER)
        timer_set(e->timers, &kept->timer, due_ns);
    if (kept->state == BINDING_STALE)
        binding_stale_add(e->bindings, kept);
    if (kept->origin == ORIGIN_DHCP)
        lessee_note(e, kept);
    return kept;
}

/* Told by the old engine: the binding's address may be in its configuration alone. */
static void tell_ended(struct engine *old, const struct binding *b)
{
    tell(old, (struct event){.kind = EVENT_DELETED,
                             .side = SIDE_DOWNSTREAM,
                             .range = b->ports.range,
                             .mac = b->owner,
                             .detail = "reload"});
}

static void binding_carry(struct engine *e, struct engine *old, const struct binding *b)
{
    struct binding *kept = NULL;
    if (shared_index(e, b->ports.range.address) >= 0)
        kept = b->origin == ORIGIN_CONFIG ? configured_carry(e, b) : learned_carry(e, b);
    services_carry(e, kept, old, b);
    if (kept != NULL)
        return;
    e->reload_ended.bindings++;
    tell_ended(old, b);
}

static void bindings_carry(struct engine *e, struct engine *old)
{
    for (uint32_t i = 0; i < old->config.address_count; i++) {
        uint32_t next = 0;
        uint16_t port;
        const struct binding *b;
        while (next <= UINT16_MAX &&
               (b = binding_next(old->bindings, i, (uint16_t)next, UINT16_MAX, &port)) != NULL) {
            if (port == b->ports.range.first)
                binding_carry(e, old, b);
            next = b->ports.is_port_set ? port + 1U : b->ports.range.last + 1U;
        }
    }
}

static void counts_carry(struct engine *e, const struct engine *old)
{
    e->stats = old->stats;
    e->now_ns = old->now_ns;
    e->nonce_count = old->nonce_count;
    e->confirm_ns = old->confirm_ns;
    e->changes = old->changes + binding_table_changes(old->bindings);
    e->ask_rate = old->ask_rate;
    e->unicast_rate = old->unicast_rate;
    e->echo_rate = old->echo_rate;
    e->bad_source_events = old->bad_source_events;
    e->mac_move_events = old->mac_move_events;
    e->loop_events = old->loop_events;
    e->dhcp_events = old->dhcp_events;
    e->exhausted_events = old->exhausted_events;
    e->dhcp_rate = old->dhcp_rate;
    memcpy(e->mtu_bytes, old->mtu_bytes, sizeof(e->mtu_bytes));
    memcpy(e->link_up, old->link_up, sizeof(e->link_up));
    fdb_pour(e->fdb, old->fdb);
    accounts_pour(e, old->accounts);
    keyed_table_pour(e->hosts, old->hosts);
    keyed_table_pour(e->askers, old->askers);
    echo_flows_pour(e->echo_flows, old->echo_flows);
    keyed_table_pour(e->flows, old->flows);
    keyed_table_pour(e->speakers, old->speakers);
    for (uint32_t i = 0; i < old->config.address_count; i++) {
        int index = shared_index(e, old->config.addresses[i].address);
        if (index < 0)
            continue;
        const struct config_address *config = e->shared[index].config;
        e->shared[index] = old->shared[i];
        e->shared[index].config = config;
    }
}

/* The tails of queues point into the engine they are in: only empty ones may be moved. */
static void queues_empty(struct engine *e)
{
    TAILQ_INIT(&e->fresh);
    TAILQ_INIT(&e->retries);
    TAILQ_INIT(&e->unicasts);
    TAILQ_INIT(&e->broadcasts);
}

int engine_reload(struct engine *engine, uint64_t now_ns, const struct config *config,
                  const struct engine_out *out)
{
    engine_tick(engine, now_ns, out);
    struct engine *fresh = engine_new(config, &engine->seed);
    if (fresh == NULL)
        return -ENOMEM;
    bool started = timer_armed(&engine->hello_timer);
    questions_carry(fresh, engine);
    questions_drop(engine);
    fragments_drop(engine);
    meter_flush(engine);
    counts_carry(fresh, engine);
    bindings_carry(fresh, engine);
    leases_carry(fresh, engine);
    /* `fresh` takes the place of what `engine` held, and is freed with it. */
    struct engine old = *engine;
    *engine = *fresh;
    *fresh = old;
    engine->out = out;
    queues_empty(engine);
    queues_empty(fresh);
    engine_free(fresh);
    questions_go_on(engine);
    ranges_begin(engine);
    if (started) {
        announce_upstream(engine);
        announce_downstream(engine);
    }
    return 0;
}

struct reload_ended engine_reload_ended(const struct engine *engine)
{
    return engine->reload_ended;
}
