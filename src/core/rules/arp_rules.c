/* arp_rules.c: see arp_rules.h. */
#include "arp_rules.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "announce.h"
#include "arp_budget.h"
#include "arp_relay.h"
#include "bridge_rules.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "rx_frame.h"
#include "tables/account.h"
#include "tables/host.h"
#include "tables/range_macs.h"
#include "tables/shared_address.h"

#include <errno.h>

#define DEFENCE_NS (10 * NS_PER_S)

static struct verdict bridge_arp(struct engine *e, struct rx_frame *rx)
{
    if (rx->from == SIDE_DOWNSTREAM) {
        if (bridge_is_same_side(e, rx))
            return verdict_dropped(DROP_SAME_PORT);
        if (!arp_budget_take(e, rx->eth.source))
            return verdict_dropped(DROP_ARP_LIMIT);
    }
    return bridge_forward(e, rx);
}

/* Answers "the target is at the bridge's MAC". */
static struct verdict answer(struct engine *e, const struct rx_frame *rx, const struct arp *request)
{
    struct tx_frame tx = tx_frame_of(e, TX_ARP, rx->eth.source, ETHERTYPE_ARP);
    tx.tag = rx->tag;
    tx.arp = (struct arp){
        .hardware = ARP_HRD_ETHERNET,
        .operation = ARP_OP_REPLY,
        .sha = e->config.mac,
        .spa = request->tpa,
        .tha = request->sha,
        .tpa = request->spa,
    };
    tx_frame_send(e, rx->from, &tx);
    return verdict_consumed(CONSUMED_ARP_ANSWERED);
}

/* Upstream. */

static struct verdict conflict(struct engine *e, const struct rx_frame *rx, uint32_t address_index)
{
    struct shared_address *shared = shared_address_at(e, address_index);
    struct ipv4 address = e->config.addresses[address_index].address;
    struct rate_limit limit = {DEFENCE_NS, 0};
    e->stats.counters[COUNTER_CONFLICTS]++;
    event_emit(e, (struct event){.kind = EVENT_CONFLICT,
                                 .side = SIDE_UPSTREAM,
                                 .range = {address, 0, UINT16_MAX},
                                 .mac = rx->eth.source,
                                 .detail = "a device upstream uses the shared address"});
    if (rate_take(&shared->defence, limit, e->now_ns))
        announce_address(e, address_index);
    return verdict_dropped(DROP_ARP_CONFLICT);
}

/* Who asks for the shared address may be the gateway that HELLO announces. */
static void note_router(struct engine *e, const struct rx_frame *rx, const struct arp *request,
                        uint32_t address_index)
{
    struct shared_address *shared = shared_address_at(e, address_index);
    bridge_note_router(e, rx);
    if (!mac_equal(request->sha, rx->eth.source) || !announce_is_gateway(e, address_index, request))
        return;
    shared->router = request->spa;
    shared->router_mac = request->sha;
}

static struct verdict from_upstream(struct engine *e, struct rx_frame *rx, const struct arp *arp)
{
    int sender = shared_address_index(e, arp->spa), target = shared_address_index(e, arp->tpa);
    if (sender >= 0)
        return conflict(e, rx, (uint32_t)sender);
    if (target < 0 || arp->hardware != ARP_HRD_ETHERNET)
        return bridge_forward(e, rx);
    if (arp->operation == ARP_OP_REQUEST) {
        note_router(e, rx, arp, (uint32_t)target);
        return answer(e, rx, arp);
    }
    if (arp->operation == ARP_OP_REPLY)
        return arp_relay_reply(e, rx, arp);
    return bridge_forward(e, rx);
}

/* Downstream. */

struct verdict arp_capture(struct engine *e, const struct rx_frame *rx, uint32_t address_index)
{
    struct host *host = host_of(e->hosts, rx->eth.source);
    host->captures++;
    e->stats.counters[COUNTER_CAPTURES]++;
    if (host_may_emit(host, EVENT_CAPTURE, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_CAPTURE,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = {e->config.addresses[address_index].address, 0, UINT16_MAX},
                                     .mac = rx->eth.source});
    return verdict_dropped(DROP_ARP_CAPTURE);
}

/* A host with a shared address asks for another address: the request goes upstream under the bridge's MAC. */
static struct verdict relay_request(struct engine *e, struct rx_frame *rx, const struct arp *arp)
{
    if (bridge_is_same_side(e, rx))
        return verdict_dropped(DROP_SAME_PORT);
    if (!arp_budget_take(e, rx->eth.source))
        return verdict_dropped(DROP_ARP_LIMIT);
    return arp_relay_request(e, rx, arp);
}

/* ARP with sender 0.0.0.0 of a host that owns ports, as agents let it leave: the router must see neither that sender
 * nor the host's MAC. */
static struct verdict of_nameless_owner(struct engine *e, struct rx_frame *rx, const struct arp *arp,
                                        bool is_request, uint32_t address_index)
{
    struct arp named = *arp;
    if (!is_request)
        return arp_capture(e, rx, address_index);
    named.spa = e->config.addresses[address_index].address;
    return relay_request(e, rx, &named);
}

/* The address that a request of an owner goes upstream for; -1: none. Its sender is none of the shared ones: nobody; or, where
 * the host must stay hidden, another address of the host's, which its kernel may choose to ask for its gateway. */
static int asked_for(struct engine *e, const struct rx_frame *rx, const struct arp *arp, bool is_request)
{
    const bool is_nameless = arp->spa.host == 0;
    if (!is_nameless && !(is_request && e->config.upstream_macs_bridge))
        return -1;
    const int owned = account_lowest_address(e, range_macs_first(e, rx->eth.source));
    if (owned < 0 || is_nameless)
        return owned;
    return arp->tpa.host == announce_gateway(e, (uint32_t)owned).host ? owned : -1;
}

static struct verdict from_downstream(struct engine *e, struct rx_frame *rx, const struct arp *arp)
{
    int sender = shared_address_index(e, arp->spa), target = shared_address_index(e, arp->tpa);
    bool request = arp->operation == ARP_OP_REQUEST && arp->hardware == ARP_HRD_ETHERNET;
    if (sender >= 0) {
        if (!request || sender == target)
            return arp_capture(e, rx, (uint32_t)sender);
        return target >= 0 ? answer(e, rx, arp) : relay_request(e, rx, arp);
    }
    if (request && target >= 0)
        return arp->spa.host == 0 ? verdict_dropped(DROP_ARP_PROBE) : answer(e, rx, arp);
    const int owned = asked_for(e, rx, arp, request);
    if (owned >= 0)
        return of_nameless_owner(e, rx, arp, request, (uint32_t)owned);
    return bridge_arp(e, rx);
}

/* Some stacks read ARP in SNAP and none answers it: only its sender matters. */
static struct verdict snap(struct engine *e, struct rx_frame *rx, const struct arp *arp)
{
    int sender = shared_address_index(e, arp->spa);
    if (sender < 0)
        return bridge_arp(e, rx);
    return rx->from == SIDE_UPSTREAM ? conflict(e, rx, (uint32_t)sender) : arp_capture(e, rx, (uint32_t)sender);
}

struct verdict arp_rule(struct engine *e, struct rx_frame *rx)
{
    struct arp arp;
    switch (arp_parse(rx->payload, rx->payload_length, &arp)) {
    case 0:
        break;
    case -ENOMSG:
        return bridge_arp(e, rx);
    default:
        return verdict_dropped(DROP_RUNT);
    }
    if (rx->eth.snap_arp)
        return snap(e, rx, &arp);
    return rx->from == SIDE_UPSTREAM ? from_upstream(e, rx, &arp) : from_downstream(e, rx, &arp);
}
