/* ipv4_rules.c: IPv4 to and from shared addresses (PROTOCOL 3, the decision and its order).
 * In: IPv4, untagged or in the configured VLAN. Out: the frame, to the owner of what it is about; held; a
 * reason. A packet is judged once: its right, if a host sent it, and its route, if it is for a shared address. */
#include "pearpd/dhcp.h"

#include "internal.h"

#include <string.h>

/* Ways to hosts. */

struct verdict deliver(struct engine *e, enum side from, struct frame *frame, struct mac owner,
                       struct binding *binding)
{
    struct eth eth;
    if (eth_parse(frame->bytes, frame->length, &eth) != 0 || mac_equal(eth.source, owner))
        return verdict_dropped(DROP_SAME_PORT);
    eth_set_destination(frame->bytes, owner);
    /* Out of the port it came in by: under its own source the switch would move the sender to us. */
    if (from == SIDE_DOWNSTREAM)
        eth_set_source(frame->bytes, e->config.mac);
    struct verdict verdict = emit(e, SIDE_DOWNSTREAM, frame);
    if (verdict.fate != FATE_SENT)
        return verdict;
    account_rx(e, owner, binding, frame->length);
    if (e->meter != NULL)
        meter_take(e, frame, eth.payload, owner, eth.source, true, binding);
    if (binding != NULL && binding->state == BINDING_STALE && binding->origin != ORIGIN_TRAFFIC)
        binding_probe(e, binding);
    return verdict;
}

struct verdict to_default_host(struct engine *e, enum side from, struct frame *frame, uint32_t address_index,
                               enum drop_reason reason)
{
    const struct config_address *a = &e->config.addresses[address_index];
    if (!a->has_default_host)
        return verdict_dropped(reason);
    return deliver(e, from, frame, a->default_host, NULL);
}

bool may_be_asked_for(const struct config_address *a, uint16_t port)
{
    uint16_t psid;
    if (!(a->learn & LEARN_PE_ARP) || port < a->ports_first || port > a->ports_last)
        return false;
    return !a->has_psid || port_set_of(a->psid, port, &psid);
}

struct verdict to_port(struct engine *e, enum side from, struct frame *frame, uint32_t address_index,
                       uint16_t port, uint8_t protocol)
{
    struct binding *b = binding_find(e->bindings, address_index, port);
    if (b != NULL)
        return deliver(e, from, frame, b->owner, b);
    if (!may_be_asked_for(&e->config.addresses[address_index], port))
        return to_default_host(e, from, frame, address_index, DROP_NO_OWNER);
    if (question_is_negative(e, address_index, port))
        return to_default_host(e, from, frame, address_index, DROP_UNRESOLVED);
    struct question *q = question_find(e, address_index, port, mac_zero);
    if (q == NULL)
        q = question_broadcast(e, address_index, port, protocol);
    if (q == NULL)
        return verdict_dropped(DROP_HOLD_FULL);
    return question_hold(e, q, from, frame);
}

/* A host known otherwise than by its port: the frame is counted for a binding only where that is its own. */
static struct verdict to_host(struct engine *e, struct passage *p, uint32_t address_index,
                              const struct route *route)
{
    struct binding *b = route->port == 0 ? NULL : binding_find(e->bindings, address_index, route->port);
    if (b != NULL && !mac_equal(b->owner, route->host))
        b = NULL;
    return deliver(e, p->from, p->frame, route->host, b);
}

static struct verdict to_shared(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    uint32_t address_index = (uint32_t)s->destination;
    switch (s->route.kind) {
    case ROUTE_PORT:
        return to_port(e, p->from, p->frame, address_index, s->route.port, s->route.protocol);
    case ROUTE_HOST:
        return to_host(e, p, address_index, &s->route);
    case ROUTE_DEFAULT_HOST:
        return to_default_host(e, p->from, p->frame, address_index, s->route.reason);
    case ROUTE_ECHO:
        return echo_answer(e, p, &s->ip);
    case ROUTE_DROP:
        break;
    }
    return verdict_dropped(s->route.reason);
}

/* Ways on. */

/* Hairpin: only what was meant for the bridge or for all; the rest are a switch's flooded copies. */
static bool is_flooded_copy(const struct engine *e, const struct passage *p)
{
    return p->from == SIDE_DOWNSTREAM && !mac_equal(p->eth.destination, e->config.mac) &&
           !mac_is_group(p->eth.destination);
}

static struct verdict from_shared(struct engine *e, struct passage *p)
{
    if (destination_lives_here(e, p))
        return verdict_dropped(DROP_SAME_PORT);
    if (!e->config.source_mac_host)
        eth_set_source(p->frame->bytes, e->config.mac);
    return emit(e, SIDE_UPSTREAM, p->frame);
}

struct verdict packet_pass(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    struct verdict verdict;
    if (s->by_host && !police(e, p, (uint32_t)s->source, &s->right, &verdict))
        return verdict;
    if (s->destination < 0)
        return s->by_host ? from_shared(e, p) : bridge(e, p);
    if (is_flooded_copy(e, p))
        return verdict_dropped(DROP_SAME_PORT);
    return to_shared(e, p, s);
}

/* Judging. */

static bool is_group(struct ipv4 address)
{
    return address.host >> 28 == 14 || address.host == UINT32_MAX;
}

/* Port 68 is every DHCP client's: its answers are told apart by the client's address inside. */
static bool judge_ports(const struct engine *e, const struct passage *p, struct shared_packet *s)
{
    const uint8_t *body = p->payload + s->ip.body;
    bool fragment = ipv4_packet_is_fragment(&s->ip);
    if ((fragment ? l4_parse_first_ports : l4_parse_ports)(s->ip.protocol, body, s->ip.body_length, &s->ports))
        return false;
    bool is_udp = s->ip.protocol == PROTOCOL_UDP;
    s->right = (struct right){.kind = RIGHT_PORT, .port = s->ports.source};
    if (is_udp && s->ports.source == UDP_PORT_BOOTPC)
        s->right.kind = RIGHT_FREE;
    s->route = (struct route){.kind = ROUTE_PORT, .port = s->ports.destination, .protocol = s->ip.protocol};
    if (is_udp && s->ports.destination == UDP_PORT_BOOTPC &&
        dhcp_client_mac(body, s->ip.body_length, &s->route.host) == 0 &&
        !mac_equal(s->route.host, e->config.mac))
        s->route.kind = ROUTE_HOST;
    return true;
}

static bool judge_icmp(struct engine *e, const struct passage *p, struct shared_packet *s)
{
    if (icmp_parse(p->payload + s->ip.body, s->ip.body_length, &s->icmp_type, &s->echo) != 0)
        return false;
    s->right.kind = RIGHT_FREE;
    s->route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (s->by_host && !s->is_disguised && s->icmp_type == ICMP_ECHO_REQUEST)
        echo_note(e, p, &s->ip, s->echo);
    if (icmp_is_error(s->icmp_type))
        quote_read(p, s);
    if (s->by_host && icmp_is_error(s->icmp_type))
        s->right = quote_right(e, s);
    if (s->destination < 0)
        return true;
    if (s->icmp_type == ICMP_ECHO_REQUEST)
        s->route = echo_request_route(e, (uint32_t)s->destination, ipv4_packet_is_fragment(&s->ip));
    else if (s->icmp_type == ICMP_ECHO_REPLY)
        s->route = echo_route(e, s->ip.destination, s->ip.source, s->echo);
    else if (icmp_is_error(s->icmp_type))
        s->route = quote_route(e, s);
    return true;
}

/* Nothing comes back from a group, so that there is no flow to hold. */
static void judge_portless(struct engine *e, struct shared_packet *s)
{
    s->right = (struct right){
        .kind = is_group(s->ip.destination) ? RIGHT_FREE : RIGHT_FLOW,
        .protocol = s->ip.protocol,
        .remote = s->ip.destination,
    };
    s->route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (s->destination >= 0 &&
        flow_host(e, (uint32_t)s->destination, s->ip.source, s->ip.protocol, &s->route.host))
        s->route.kind = ROUTE_HOST;
}

bool packet_judge(struct engine *e, const struct passage *p, struct shared_packet *s)
{
    if (l4_has_ports(s->ip.protocol))
        return judge_ports(e, p, s);
    if (s->ip.protocol == PROTOCOL_ICMP)
        return judge_icmp(e, p, s);
    judge_portless(e, s);
    return true;
}

static struct verdict rule(struct engine *e, struct passage *p, struct shared_packet *s)
{
    if (s->ip.broken)
        return verdict_dropped(DROP_RUNT);
    if (s->destination < 0 && !s->by_host)
        return bridge(e, p);
    if (ipv4_packet_is_fragment(&s->ip))
        return fragment_rule(e, p, s);
    return packet_judge(e, p, s) ? packet_pass(e, p, s) : verdict_dropped(DROP_RUNT);
}

bool ipv4_rule(struct engine *e, struct passage *p, struct verdict *verdict)
{
    struct shared_packet s;
    memset(&s, 0, offsetof(struct shared_packet, quote));
    if (ipv4_packet_parse(p->payload, p->payload_length, &s.ip) != 0)
        return false;
    if (e->looks_at_dhcp && dhcp_rule(e, p, &s.ip, verdict))
        return true;
    s.source = shared_index(e, s.ip.source);
    s.destination = shared_index(e, s.ip.destination);
    if (s.source < 0 && s.destination < 0)
        return false;
    s.by_host = s.source >= 0 && p->from == SIDE_DOWNSTREAM;
    *verdict = rule(e, p, &s);
    return true;
}
