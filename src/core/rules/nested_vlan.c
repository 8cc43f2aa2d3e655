/* nested_vlan.c: see nested_vlan.h.
 *
 * Linux strips every tag with VID 0, of either TPID, however many there are: the router receives what is inside as
 * if untagged. Such a frame is still bridged untouched (docs/forwarding.md#nested-tags), unless it would capture
 * the shared address or send from another host's ports: one ARP reply in such tags would redirect the traffic of
 * all hosts. */
#include "nested_vlan.h"

#include "pearpd/ipv4_packet.h"

#include "arp_budget.h"
#include "arp_rules.h"
#include "bridge_rules.h"
#include "engine_state.h"
#include "out/verdict.h"
#include "packet.h"
#include "rx_frame.h"
#include "source_guard.h"
#include "tables/shared_address.h"

#include <string.h>

static bool is_arp(const struct rx_frame *rx)
{
    return rx->eth.ethertype == ETHERTYPE_ARP || rx->eth.snap_arp;
}

/* True: ARP with a shared sender; *address_index. */
static bool is_capture(const struct engine *e, const struct rx_frame *rx, uint32_t *address_index)
{
    struct arp arp;
    if (!is_arp(rx) || arp_parse(rx->payload, rx->payload_length, &arp) != 0)
        return false;
    int index = shared_address_index(e, arp.spa);
    *address_index = (uint32_t)index;
    return index >= 0;
}

/* False: the host has no right to send the packet. A later fragment has no ports to check, and its first is not followed
 * here: the remote could take it for one of another host's datagram. */
static bool guard_ipv4(struct engine *e, const struct rx_frame *rx, struct verdict *verdict)
{
    struct shared_packet s;
    memset(&s, 0, sizeof(s));
    if (rx->eth.ethertype != ETHERTYPE_IPV4 || ipv4_packet_parse(rx->payload, rx->payload_length, &s.ip) != 0 ||
        s.ip.broken)
        return true;
    s.source = shared_address_index(e, s.ip.source);
    s.destination = -1;
    s.by_host = s.source >= 0;
    if (s.by_host && s.ip.fragment_offset > 0 && e->config.source_ports == SOURCE_PORTS_ENFORCE) {
        *verdict = verdict_dropped(DROP_FRAGMENT_ORPHAN);
        return false;
    }
    if (!s.by_host || s.ip.fragment_offset > 0 || !packet_classify(e, rx, &s))
        return true;
    return source_guard_peek(e, rx, (uint32_t)s.source, &s.right, verdict);
}

bool nested_vlan_check(struct engine *e, const struct rx_frame *rx, struct verdict *verdict)
{
    struct rx_frame inside = *rx;
    uint32_t address_index;
    if (rx->from != SIDE_DOWNSTREAM ||
        !eth_parse_through(rx->frame->bytes, rx->frame->length, e->config.vlan, &inside.eth))
        return true;
    inside.payload = rx->frame->bytes + inside.eth.payload;
    inside.payload_length = rx->frame->length - inside.eth.payload;
    if (is_capture(e, &inside, &address_index)) {
        *verdict = arp_capture(e, &inside, address_index);
        return false;
    }
    if (is_arp(&inside) && !bridge_is_same_side(e, rx) && !arp_budget_take(e, rx->eth.source)) {
        *verdict = verdict_dropped(DROP_ARP_LIMIT);
        return false;
    }
    return guard_ipv4(e, &inside, verdict);
}
