/* engine_memory.c: the memory of all tables, taken at once for a configuration.
 * Called by: engine. */
#include "engine_memory.h"

#include "pearpd/keyed_table.h"
#include "pearpd/port_range.h"

#include "binding/binding_state.h"
#include "binding/lease_pool.h"
#include "binding/resolver.h"
#include "engine_state.h"
#include "rules/announce.h"
#include "rules/arp_budget.h"
#include "rules/arp_relay.h"
#include "rules/bridge_rules.h"
#include "rules/claim_budget.h"
#include "rules/datagram.h"
#include "rules/dhcp_rules.h"
#include "rules/dhcp_server.h"
#include "rules/dhcp_transactions.h"
#include "rules/echo.h"
#include "rules/flow.h"
#include "rules/pe_arp_replay.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/denied.h"
#include "tables/fdb.h"
#include "tables/host.h"
#include "tables/host_share.h"
#include "tables/meter.h"
#include "tables/range_macs.h"
#include "tables/rivals.h"
#include "tables/service_table.h"
#include "tables/shared_address.h"

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
    to->denied = array_copy(from->denied, from->denied_count, sizeof(*to->denied));
    to->keys = array_copy(from->keys, from->key_count, sizeof(*to->keys));
    if (to->addresses == NULL || to->ranges == NULL || to->protocols == NULL || to->leases == NULL ||
        to->denied == NULL || to->keys == NULL)
        return -ENOMEM;
    return 0;
}

/* Permanent ranges of the configuration. No event is emitted: they were always there. */
static int ranges_take(struct engine *e)
{
    for (size_t i = 0; i < e->config.range_count; i++) {
        const struct config_range *range = &e->config.ranges[i];
        int index = shared_address_index(e, range->range.address);
        if (index < 0)
            return -EINVAL;
        const struct port_range ports = {.range = range->range};
        if (binding_create_permanent(e, &ports, range->mac, ORIGIN_CONFIG, range->name) != 0)
            return -ENOSPC;
    }
    return 0;
}

void engine_ranges_begin(struct engine *e)
{
    for (size_t i = 0; i < e->config.range_count; i++) {
        const struct range *range = &e->config.ranges[i].range;
        int index = shared_address_index(e, range->address);
        struct binding *b = binding_find(e->bindings, (uint32_t)index, range->first);
        if (b->learned_ns == 0)
            b->learned_ns = e->now_ns;
    }
}

/* The parts that are always there. Parts find the shared addresses by their table. */
static bool parts_new(struct engine *e, uint32_t bindings)
{
    const struct limits *l = &e->config.limits;
    e->addresses = shared_addresses_new(e);
    e->denied = denied_new(e);
    if (e->addresses == NULL || e->denied == NULL)
        return false;
    e->bindings = binding_table_new(bindings, (uint32_t)e->config.address_count);
    for (uint32_t i = 0; e->bindings != NULL && i < e->config.address_count; i++)
        if (e->config.addresses[i].has_psid)
            binding_table_expect(e->bindings, i, e->config.addresses[i].psid);
    e->range_macs = range_macs_new(&e->config);
    e->accounts = accounts_new(l, e->seed.hash_key);
    e->fdb = fdb_new(l, e->seed.hash_key);
    e->hosts = host_table_new(l->hosts, e->seed.hash_key);
    e->host_shares = host_shares_new(flows_most(l) + l->services, e->seed.hash_key);
    e->services = service_table_new(l->services);
    e->resolver = resolver_new(e);
    e->rivals = rivals_new(e);
    e->lease_pool = lease_pool_new(e);
    e->announcer = announcer_new();
    e->bridge = bridge_rules_new();
    e->arp_budget = arp_budget_new();
    e->claim_budget = claim_budget_new();
    e->arp_relay = arp_relay_new(e);
    e->pe_arp_replay = pe_arp_replay_new(e);
    e->echo = echo_new(e);
    e->flows = flows_new(e);
    e->datagrams = datagrams_new(e);
    e->dhcp_server = dhcp_server_new(e);
    e->dhcp_transactions = dhcp_transactions_new(e);
    return e->bindings != NULL && e->range_macs != NULL && e->accounts != NULL && e->fdb != NULL &&
           e->hosts != NULL && e->host_shares != NULL && e->services != NULL && e->resolver != NULL &&
           e->rivals != NULL && e->lease_pool != NULL && e->announcer != NULL && e->bridge != NULL &&
           e->arp_budget != NULL && e->claim_budget != NULL && e->arp_relay != NULL &&
           e->pe_arp_replay != NULL && e->echo != NULL && e->flows != NULL && e->datagrams != NULL &&
           e->dhcp_server != NULL && e->dhcp_transactions != NULL;
}

/* Those of [ipfix] and of DHCP, which are there where the configuration needs them. */
static bool optional_parts_new(struct engine *e)
{
    if (e->config.ipfix.is_on)
        e->meter = meter_new(&e->config, e->seed.hash_key);
    if (dhcp_rules_needed(&e->config))
        e->dhcp = dhcp_rules_new(e);
    return (!e->config.ipfix.is_on || e->meter != NULL) && (!dhcp_rules_needed(&e->config) || e->dhcp != NULL);
}

int engine_tables_new(struct engine *e)
{
    const struct limits *l = &e->config.limits;
    uint32_t bindings = l->bindings;
    if (bindings < e->config.range_count)
        bindings = (uint32_t)e->config.range_count;
    if (!parts_new(e, bindings) || !optional_parts_new(e))
        return -ENOMEM;
    e->timers = timer_heap_new(bindings + l->questions + l->dhcp_waiting + e->lease_pool->count + 8);
    if (e->timers == NULL)
        return -ENOMEM;
    return ranges_take(e);
}

void engine_tables_free(struct engine *e)
{
    shared_addresses_free(e->addresses);
    binding_table_free(e->bindings);
    range_macs_free(e->range_macs);
    accounts_free(e->accounts);
    meter_free(e->meter);
    fdb_free(e->fdb);
    keyed_table_free(e->hosts);
    keyed_table_free(e->denied);
    keyed_table_free(e->host_shares);
    service_table_free(e->services);
    resolver_free(e->resolver);
    rivals_free(e->rivals);
    lease_pool_free(e->lease_pool);
    announcer_free(e->announcer);
    bridge_rules_free(e->bridge);
    arp_budget_free(e->arp_budget);
    claim_budget_free(e->claim_budget);
    arp_relay_free(e->arp_relay);
    pe_arp_replay_free(e->pe_arp_replay);
    echo_free(e->echo);
    flows_free(e->flows);
    datagrams_free(e->datagrams);
    dhcp_rules_free(e->dhcp);
    dhcp_server_free(e->dhcp_server);
    dhcp_transactions_free(e->dhcp_transactions);
    timer_heap_free(e->timers);
    free(e->config.addresses);
    free(e->config.ranges);
    free(e->config.protocols);
    free(e->config.leases);
    free(e->config.denied);
    free(e->config.keys);
}
