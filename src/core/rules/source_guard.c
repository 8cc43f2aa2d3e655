/* source_guard.c: see source_guard.h. */
#include "source_guard.h"

#include "binding/binding_learn.h"
#include "binding/binding_state.h"
#include "binding/resolver.h"
#include "engine_state.h"
#include "flow.h"
#include "out/event_emit.h"
#include "out/verdict.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/host.h"
#include "tables/meter.h"

/* Counts a frame that its sender has no right to send. False: it is dropped. */
static bool violation(struct engine *e, const struct rx_frame *rx, struct event event, struct verdict *verdict)
{
    if (e->config.source_ports == SOURCE_PORTS_OFF)
        return true;
    bool is_flow = event.kind == EVENT_FLOW_CONFLICT;
    struct host *host = host_of(e->hosts, rx->eth.source);
    ++*(is_flow ? &host->flow_conflicts : &host->violations);
    e->stats.counters[is_flow ? COUNTER_FLOW_CONFLICTS : COUNTER_VIOLATIONS]++;
    event.side = SIDE_DOWNSTREAM;
    event.mac = rx->eth.source;
    if (host_may_emit(host, event.kind, e->now_ns))
        event_emit(e, event);
    if (e->config.source_ports == SOURCE_PORTS_LOG)
        return true;
    *verdict = verdict_dropped(is_flow ? DROP_FLOW_CONFLICT : DROP_SOURCE_PORT_VIOLATION);
    return false;
}

static struct range one_port(const struct engine *e, uint32_t address_index, uint16_t port)
{
    return (struct range){e->config.addresses[address_index].address, port, port};
}

static struct range all_ports(const struct engine *e, uint32_t address_index)
{
    return (struct range){e->config.addresses[address_index].address, 0, UINT16_MAX};
}

static bool port_violation(struct engine *e, const struct rx_frame *rx, uint32_t address_index, uint16_t port,
                           struct mac owner, struct verdict *verdict)
{
    struct event event = {.kind = EVENT_VIOLATION, .range = one_port(e, address_index, port), .other = owner};
    return violation(e, rx, event, verdict);
}

/* *own: the sender's binding. */
static bool guard_port(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                       const struct right *right, struct binding **own, struct verdict *verdict)
{
    uint16_t port = right->port;
    struct binding *b = binding_find(e->bindings, address_index, port);
    if (b == NULL) {
        if (!right->shows_usage)
            return true;
        b = binding_learn_traffic(e, address_index, port, rx->eth.source);
        if (b == NULL)
            return true;
        resolver_release(e, address_index);
    }
    if (!mac_equal(b->owner, rx->eth.source))
        return port_violation(e, rx, address_index, port, b->owner, verdict);
    *own = b;
    if (!right->shows_usage)
        return true;
    if (b->origin == ORIGIN_TRAFFIC) {
        binding_seen(b, port, e->now_ns);
        binding_enter(e, b, BINDING_REACHABLE);
    } else {
        b->idle_since_ns = e->now_ns;
    }
    return true;
}

static bool guard_icmp_error(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                             const struct right *right, struct verdict *verdict)
{
    if (mac_is_zero(right->host) || mac_equal(right->host, rx->eth.source))
        return true;
    struct event event = {.kind = EVENT_VIOLATION,
                          .range = one_port(e, address_index, right->port),
                          .other = right->host,
                          .detail = "ICMP error that quotes a packet to another host"};
    return violation(e, rx, event, verdict);
}

/* An ICMP error that no host has the right to send. */
static bool bad_icmp_error(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                           const char *detail, struct verdict *verdict)
{
    struct event event = {.kind = EVENT_VIOLATION, .range = all_ports(e, address_index), .detail = detail};
    return violation(e, rx, event, verdict);
}

static bool flow_conflict(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                          const struct right *right, struct mac owner, struct verdict *verdict)
{
    struct event event = {.kind = EVENT_FLOW_CONFLICT,
                          .range = all_ports(e, address_index),
                          .other = owner,
                          .remote = right->remote,
                          .protocol = right->protocol,
                          .detail = "another host uses this protocol with this remote"};
    return violation(e, rx, event, verdict);
}

/* True where the host may send the packet. */
static bool may_send(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                     const struct right *right, struct binding **own, struct verdict *verdict)
{
    struct mac owner;
    switch (right->kind) {
    case RIGHT_FREE:
        break;
    case RIGHT_PORT:
        return guard_port(e, rx, address_index, right, own, verdict);
    case RIGHT_ICMP_ERROR:
        return guard_icmp_error(e, rx, address_index, right, verdict);
    case RIGHT_ICMP_ERROR_FOREIGN:
        return bad_icmp_error(e, rx, address_index, "ICMP error that quotes no packet to the shared address",
                              verdict);
    case RIGHT_ICMP_ERROR_FRAGMENT:
        return bad_icmp_error(e, rx, address_index, "ICMP error that quotes a later fragment", verdict);
    case RIGHT_ICMP_ERROR_UNREADABLE:
        *verdict = verdict_dropped(DROP_ICMP_BAD_QUOTE);
        return false;
    case RIGHT_FLOW:
        if (flow_take(e, address_index, right->remote, right->protocol, rx->eth.source, &owner))
            return true;
        return flow_conflict(e, rx, address_index, right, owner, verdict);
    }
    return true;
}

bool source_guard_peek(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                       const struct right *right, struct verdict *verdict)
{
    struct mac owner;
    if (right->kind == RIGHT_PORT) {
        const struct binding *b = binding_find(e->bindings, address_index, right->port);
        return b == NULL || mac_equal(b->owner, rx->eth.source) ||
               port_violation(e, rx, address_index, right->port, b->owner, verdict);
    }
    if (right->kind != RIGHT_FLOW) {
        struct binding *own = NULL;
        return may_send(e, rx, address_index, right, &own, verdict);
    }
    if (!flow_host(e, address_index, right->remote, right->protocol, &owner) ||
        mac_equal(owner, rx->eth.source))
        return true;
    return flow_conflict(e, rx, address_index, right, owner, verdict);
}

bool source_guard_check(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                        const struct right *right, struct verdict *verdict)
{
    struct binding *own = NULL;
    if (!may_send(e, rx, address_index, right, &own, verdict))
        return false;
    if (own != NULL)
        own->seen_ns = e->now_ns;
    account_tx(e, rx->eth.source, own, rx->frame->length);
    if (e->meter != NULL)
        meter_take(e, rx->frame, rx->eth.payload, rx->eth.source, rx->eth.destination, false, own);
    return true;
}
