/* flow.c: see flow.h.
 *
 * [limits] flows. A full table evicts its least recently seen flow only if that has expired, and one host has no
 * more than its share: a flood of new flows cannot evict those in use. */
#include "flow.h"

#include "pearpd/time_units.h"

#include "engine_state.h"
#include "tables/host.h"

#include <stdlib.h>

struct flow {
    struct {
        uint32_t shared, remote; /* host order */
        uint32_t protocol;
    } key;
    struct mac host;
    uint64_t seen_ns;
};

struct keyed_table *flows_new(const struct engine *e)
{
    return keyed_table_new(e->config.limits.flows, sizeof(((struct flow *)0)->key), sizeof(struct flow),
                           e->seed.hash_key);
}

static const struct config_protocol *configured(const struct engine *e, struct ipv4 address, uint8_t protocol)
{
    const struct config_protocol wanted = {.address = address, .protocol = protocol};
    return bsearch(&wanted, e->config.protocols, e->config.protocol_count, sizeof(wanted),
                   config_protocol_order);
}

static bool is_over(const struct engine *e, const struct flow *flow)
{
    return e->now_ns - flow->seen_ns >= e->config.limits.flow_age_s * NS_PER_S;
}

static struct flow *flow_find(struct engine *e, struct ipv4 shared, struct ipv4 remote, uint8_t protocol)
{
    struct flow wanted = {.key = {shared.host, remote.host, protocol}};
    return keyed_table_find(e->flows, &wanted.key);
}

bool flow_host(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol, struct mac *host)
{
    struct ipv4 shared = e->config.addresses[address_index].address;
    const struct config_protocol *c = configured(e, shared, protocol);
    if (c != NULL) {
        *host = c->mac;
        return true;
    }
    const struct flow *flow = flow_find(e, shared, remote, protocol);
    if (flow == NULL || is_over(e, flow))
        return false;
    *host = flow->host;
    return true;
}

static void flow_end(struct engine *e, struct flow *flow)
{
    host_give_back(e->hosts, flow->host, SHARE_FLOWS);
    keyed_table_remove(e->flows, flow);
}

/* Removes the expired flows, which are the oldest. */
static void end_old(struct engine *e)
{
    struct flow *oldest;
    while ((oldest = keyed_table_oldest(e->flows)) != NULL && is_over(e, oldest))
        flow_end(e, oldest);
}

static void flow_begin(struct engine *e, struct ipv4 shared, struct ipv4 remote, uint8_t protocol,
                       struct mac sender)
{
    const struct limits *l = &e->config.limits;
    struct flow wanted = {.key = {shared.host, remote.host, protocol}};
    bool fresh;
    if (keyed_table_full(e->flows) ||
        !host_take(host_of(e->hosts, sender), SHARE_FLOWS, host_share(l, l->flows))) {
        e->stats.counters[COUNTER_FLOWS_FULL]++;
        return;
    }
    struct flow *flow = keyed_table_put(e->flows, &wanted.key, &fresh);
    flow->host = sender;
    flow->seen_ns = e->now_ns;
}

bool flow_take(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol,
               struct mac sender, struct mac *owner)
{
    struct ipv4 shared = e->config.addresses[address_index].address;
    const struct config_protocol *c = configured(e, shared, protocol);
    if (c != NULL) {
        *owner = c->mac;
        return mac_equal(c->mac, sender);
    }
    end_old(e);
    struct flow *flow = flow_find(e, shared, remote, protocol);
    if (flow == NULL) {
        flow_begin(e, shared, remote, protocol, sender);
        return true;
    }
    *owner = flow->host;
    if (!mac_equal(flow->host, sender))
        return false;
    keyed_table_touch(e->flows, flow);
    flow->seen_ns = e->now_ns;
    return true;
}
