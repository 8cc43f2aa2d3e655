/* engine_memory.c: the memory of all tables, taken at once for a configuration.
 * Called by: engine. */
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
