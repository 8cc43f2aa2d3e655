/* flow.c: see flow.h.
 *
 * [limits] flows. Hosts that own ports have a table; each has no more than its share (host-share), and in a full one a
 * new flow takes the place of one of a host with more. All other hosts together have a second table, of a quarter of
 * the size, where a new flow takes the place of any: with as many MAC addresses as they like they take nothing from
 * owners, and cannot keep one another out. */
#include "flow.h"

#include "pearpd/hash.h"
#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "tables/account.h"
#include "tables/denied.h"
#include "tables/host_share.h"

#include <stdlib.h>

struct flow {
    struct {
        uint32_t shared, remote; /* host order */
        uint32_t protocol;
    } key;
    struct mac host;
    uint64_t seen_ns;
};

enum { OF_OWNERS, OF_STRANGERS };

#define STRANGERS_PART 4
#define LOOKED_AT      8 /* flows that are checked for one to evict */

struct flows {
    struct keyed_table *tables[2];
    uint32_t limits[2];
    uint64_t picked;
};

uint32_t flows_most(const struct limits *limits)
{
    return limits->flows + limits->flows / STRANGERS_PART;
}

struct flows *flows_new(const struct engine *e)
{
    const uint32_t limit = e->config.limits.flows;
    struct flows *flows = calloc(1, sizeof(*flows));
    if (flows == NULL)
        return NULL;
    for (unsigned i = OF_OWNERS; i <= OF_STRANGERS; i++) {
        flows->limits[i] = i == OF_OWNERS ? limit : limit / STRANGERS_PART;
        flows->tables[i] = keyed_table_new(flows->limits[i], sizeof(((struct flow *)0)->key),
                                           sizeof(struct flow), e->seed.hash_key);
        if (flows->tables[i] == NULL) {
            flows_free(flows);
            return NULL;
        }
    }
    return flows;
}

void flows_free(struct flows *flows)
{
    if (flows == NULL)
        return;
    keyed_table_free(flows->tables[OF_OWNERS]);
    keyed_table_free(flows->tables[OF_STRANGERS]);
    free(flows);
}

void flows_carry(struct engine *e, const struct engine *old)
{
    for (unsigned i = OF_OWNERS; i <= OF_STRANGERS; i++) {
        keyed_table_copy(e->flows->tables[i], old->flows->tables[i]);
        uint32_t place = 0;
        for (const struct flow *flow; (flow = keyed_table_walk(e->flows->tables[i], &place)) != NULL;)
            host_take(e->host_shares, flow->host, SHARE_FLOWS, UINT32_MAX);
    }
}

static const struct config_protocol *configured(const struct engine *e, struct ipv4 address, uint8_t protocol)
{
    const struct config_protocol wanted = {.address = address, .protocol = protocol};
    return bsearch(&wanted, e->config.protocols, e->config.protocol_count, sizeof(wanted),
                   config_protocol_order);
}

static bool is_over(const struct engine *e, const struct flow *flow)
{
    return e->now_ns - flow->seen_ns >= e->config.limits.flow_age_s * NS_PER_S || is_denied(e, flow->host);
}

/* The flow, and in *table the table that has it; NULL: there is none. */
static struct flow *flow_find(struct engine *e, struct ipv4 shared, struct ipv4 remote, uint8_t protocol,
                              struct keyed_table **table)
{
    struct flow wanted = {.key = {shared.host, remote.host, protocol}};
    struct flow *flow = keyed_table_find(*table = e->flows->tables[OF_OWNERS], &wanted.key);
    if (flow == NULL)
        flow = keyed_table_find(*table = e->flows->tables[OF_STRANGERS], &wanted.key);
    return flow;
}

bool flow_host(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol, struct mac *host)
{
    struct ipv4 shared = e->config.addresses[address_index].address;
    const struct config_protocol *c = configured(e, shared, protocol);
    if (c != NULL) {
        *host = c->mac;
        return true;
    }
    struct keyed_table *table;
    const struct flow *flow = flow_find(e, shared, remote, protocol, &table);
    if (flow == NULL || is_over(e, flow))
        return false;
    *host = flow->host;
    return true;
}

static void flow_end(struct engine *e, struct keyed_table *table, struct flow *flow)
{
    host_give_back(e->host_shares, flow->host, SHARE_FLOWS);
    keyed_table_remove(table, flow);
}

/* Removes the expired flows, which are the oldest. */
static void end_old(struct engine *e)
{
    for (unsigned i = OF_OWNERS; i <= OF_STRANGERS; i++) {
        struct keyed_table *table = e->flows->tables[i];
        struct flow *oldest;
        while ((oldest = keyed_table_oldest(table)) != NULL && is_over(e, oldest))
            flow_end(e, table, oldest);
    }
}

/* Any flow of a full table. */
static struct flow *any_flow(struct engine *e, unsigned kind)
{
    struct flows *flows = e->flows;
    const uint64_t number = ++flows->picked;
    return keyed_table_any(flows->tables[kind], hash_bytes(e->seed.nonce_key, &number, sizeof(number)));
}

static uint32_t flows_of(struct engine *e, struct mac mac)
{
    return host_share_of(e->host_shares, mac, SHARE_FLOWS);
}

/* Ends a flow of a full table for one of `sender`. False: no host with more was found. */
static bool make_room(struct engine *e, unsigned kind, struct mac sender)
{
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        struct flow *flow = any_flow(e, kind);
        if (kind == OF_STRANGERS || flows_of(e, flow->host) > flows_of(e, sender) + 1) {
            flow_end(e, e->flows->tables[kind], flow);
            return true;
        }
    }
    return false;
}

static void flow_begin(struct engine *e, struct ipv4 shared, struct ipv4 remote, uint8_t protocol,
                       struct mac sender)
{
    struct flows *flows = e->flows;
    const unsigned kind = account_has_binding(e, sender) ? OF_OWNERS : OF_STRANGERS;
    const uint32_t most = host_share(&e->config.limits, flows->limits[kind]);
    struct flow wanted = {.key = {shared.host, remote.host, protocol}};
    bool fresh;
    if (flows_of(e, sender) >= most || (keyed_table_full(flows->tables[kind]) && !make_room(e, kind, sender))) {
        e->stats.counters[COUNTER_FLOWS_FULL]++;
        return;
    }
    host_take(e->host_shares, sender, SHARE_FLOWS, most);
    struct flow *flow = keyed_table_put(flows->tables[kind], &wanted.key, &fresh);
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
    struct keyed_table *table;
    struct flow *flow = flow_find(e, shared, remote, protocol, &table);
    const bool is_misplaced = flow != NULL && table == e->flows->tables[OF_STRANGERS] &&
                              mac_equal(flow->host, sender) && account_has_binding(e, sender);
    if (flow != NULL && (is_misplaced || is_denied(e, flow->host))) {
        flow_end(e, table, flow); /* its host owns ports by now, or may own nothing */
        flow = NULL;
    }
    if (flow == NULL) {
        if (!is_denied(e, sender))
            flow_begin(e, shared, remote, protocol, sender);
        return true;
    }
    *owner = flow->host;
    if (!mac_equal(flow->host, sender))
        return false;
    keyed_table_touch(table, flow);
    flow->seen_ns = e->now_ns;
    return true;
}
