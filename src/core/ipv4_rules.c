/* ipv4_rules.c: IPv4 to and from shared addresses (PROTOCOL 3, the decision and its order).
 * In: IPv4, untagged or in the configured VLAN. Out: the frame, to the owner of its port; held; a reason.
 * The rules for fragments, ICMP errors and portless protocols are rows of the same order; those that
 * stand in no row here are rule 7's: default-host, or no_owner. */
#include "pearpd/dhcp.h"

#include "internal.h"

/* A packet of a shared address with its addresses' indices (-1: not shared). */
struct shared_packet {
    struct ipv4_packet ip;
    int source, destination;
    bool has_ports; /* ports are there to be read: a whole packet or a first fragment */
    struct l4_ports ports;
    bool is_icmp; /* whole, its header there */
    uint8_t icmp_type;
    struct icmp_echo echo;
};

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
    if (verdict.fate != FATE_SENT || binding == NULL)
        return verdict;
    binding->rx_frames++;
    binding->rx_bytes += frame->length;
    if (binding->state == BINDING_STALE &&
        question_unicast(e, binding->holding.address_index, binding->holding.first, owner) != NULL)
        binding_enter(e, binding, BINDING_PROBE);
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

static bool may_be_asked_for(const struct config_address *a, uint16_t port)
{
    return a->learn & LEARN_PE_ARP && port >= a->ports_first && port <= a->ports_last;
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

/* A DHCP answer: its client has no port of its own to be known by, but its address stands inside. */
static struct verdict to_dhcp_client(struct engine *e, struct passage *p, const struct shared_packet *s,
                                     struct mac client)
{
    struct binding *b = binding_find(e->bindings, (uint32_t)s->destination, UDP_PORT_BOOTPC);
    if (b != NULL && !mac_equal(b->owner, client))
        b = NULL;
    return deliver(e, p->from, p->frame, client, b);
}

static struct verdict icmp_to_shared(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    uint32_t address_index = (uint32_t)s->destination;
    if (s->icmp_type == ICMP_ECHO_REQUEST)
        return echo_request_rule(e, p, address_index, &s->ip);
    if (s->icmp_type == ICMP_ECHO_REPLY)
        return echo_reply_rule(e, p, address_index, &s->ip, s->echo);
    return to_default_host(e, p->from, p->frame, address_index, DROP_NO_OWNER);
}

static struct verdict to_shared(struct engine *e, struct passage *p, const struct shared_packet *s)
{
    uint32_t address_index = (uint32_t)s->destination;
    if (s->is_icmp)
        return icmp_to_shared(e, p, s);
    if (!s->has_ports || ipv4_packet_is_fragment(&s->ip))
        return to_default_host(e, p->from, p->frame, address_index, DROP_NO_OWNER);
    struct mac client;
    if (s->ip.protocol == PROTOCOL_UDP && s->ports.destination == UDP_PORT_BOOTPC &&
        dhcp_client_mac(p->payload + s->ip.body, s->ip.body_length, &client) == 0)
        return to_dhcp_client(e, p, s, client);
    return to_port(e, p->from, p->frame, address_index, s->ports.destination, s->ip.protocol);
}

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

/* Reads what the rules ask of the packet behind the IP header. False: too short for its own headers. */
static bool read_transport(const struct passage *p, struct shared_packet *s)
{
    const uint8_t *body = p->payload + s->ip.body;
    bool fragment = ipv4_packet_is_fragment(&s->ip);
    if (s->ip.fragment_offset > 0)
        return true;
    if (l4_has_ports(s->ip.protocol)) {
        s->has_ports = l4_parse_ports(s->ip.protocol, body, s->ip.body_length, &s->ports) == 0;
        return s->has_ports || fragment;
    }
    if (s->ip.protocol == PROTOCOL_ICMP) {
        s->is_icmp = icmp_parse(body, s->ip.body_length, &s->icmp_type, &s->echo) == 0;
        return s->is_icmp || fragment;
    }
    return true;
}

/* The source port of a host's packet. False: dropped. Port 68 is every DHCP client's. */
static bool police(struct engine *e, const struct passage *p, const struct shared_packet *s,
                   struct verdict *verdict)
{
    if (s->is_icmp && s->icmp_type == ICMP_ECHO_REQUEST && !ipv4_packet_is_fragment(&s->ip))
        echo_note(e, p, &s->ip, s->echo);
    if (!s->has_ports || (s->ip.protocol == PROTOCOL_UDP && s->ports.source == UDP_PORT_BOOTPC))
        return true;
    return police_port(e, p, (uint32_t)s->source, s->ports.source, verdict);
}

bool ipv4_rule(struct engine *e, struct passage *p, struct verdict *verdict)
{
    struct shared_packet s = {0};
    if (ipv4_packet_parse(p->payload, p->payload_length, &s.ip) != 0)
        return false;
    s.source = shared_index(e, s.ip.source);
    s.destination = shared_index(e, s.ip.destination);
    if (s.source < 0 && s.destination < 0)
        return false;
    if (s.ip.broken || !read_transport(p, &s)) {
        *verdict = verdict_dropped(DROP_RUNT);
        return true;
    }
    bool by_host = s.source >= 0 && p->from == SIDE_DOWNSTREAM;
    if (by_host && !police(e, p, &s, verdict))
        return true;
    if (s.destination < 0)
        *verdict = by_host ? from_shared(e, p) : bridge(e, p);
    else if (is_flooded_copy(e, p))
        *verdict = verdict_dropped(DROP_SAME_PORT);
    else
        *verdict = to_shared(e, p, &s);
    return true;
}
