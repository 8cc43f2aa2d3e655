/* quote.c: ICMP errors, by the packet that they quote (PROTOCOL 3, rule 2; RFC 792, RFC 1122 3.2.2).
 * In: an error to a shared address, or a host's. Out: where the one goes, what right the other needs.
 * Called by: ipv4_rules. Never: sends, drops. */
#include "internal.h"

/* The quoted packet and its first bytes. */
struct quote {
    struct ipv4_packet ip;
    bool has_ports, has_echo;
    struct l4_ports ports;
    uint8_t icmp_type;
    struct icmp_echo echo;
};

/* False: no whole IP header, or too little behind it for what the packet would be known by. */
static bool read_quote(const struct passage *p, const struct shared_packet *s, struct quote *q)
{
    const uint8_t *bytes = p->payload + s->ip.body + ICMP_HEADER_BYTES;
    *q = (struct quote){0};
    if (ipv4_quote_parse(bytes, s->ip.body_length - ICMP_HEADER_BYTES, &q->ip) != 0)
        return false;
    if (q->ip.fragment_offset > 0)
        return true;
    bytes += q->ip.body;
    if (l4_has_ports(q->ip.protocol))
        return q->has_ports = l4_parse_first_ports(q->ip.protocol, bytes, q->ip.body_length, &q->ports) == 0;
    if (q->ip.protocol == PROTOCOL_ICMP)
        return q->has_echo = icmp_parse(bytes, q->ip.body_length, &q->icmp_type, &q->echo) == 0;
    return true;
}

struct route quote_route(struct engine *e, const struct passage *p, const struct shared_packet *s)
{
    struct quote q;
    struct route route = {.kind = ROUTE_DROP, .reason = DROP_ICMP_BAD_QUOTE};
    if (!read_quote(p, s, &q) || q.ip.source.host != s->ip.destination.host)
        return route;
    route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (q.ip.fragment_offset > 0) {
        if (fragment_sender(e, &q.ip, &route.host))
            route.kind = ROUTE_HOST;
    } else if (q.has_ports) {
        route = (struct route){.kind = ROUTE_PORT, .port = q.ports.source, .protocol = q.ip.protocol};
    } else if (q.has_echo) {
        if (q.icmp_type == ICMP_ECHO_REQUEST)
            route = echo_route(e, q.ip.source, q.ip.destination, q.echo);
    } else if (flow_host(e, (uint32_t)s->destination, q.ip.destination, q.ip.protocol, &route.host)) {
        route.kind = ROUTE_HOST;
    }
    return route;
}

/* Who got the packet that a host's error is about, where that is known. */
struct right quote_right(struct engine *e, const struct passage *p, const struct shared_packet *s)
{
    struct quote q;
    struct right right = {.kind = RIGHT_QUOTE};
    if (!read_quote(p, s, &q))
        return (struct right){.kind = RIGHT_BAD_QUOTE};
    if (q.ip.destination.host != s->ip.source.host)
        return (struct right){.kind = RIGHT_NO_QUOTE};
    if (q.ip.fragment_offset > 0) {
        (void)fragment_receiver(e, &q.ip, &right.host);
    } else if (q.has_ports) {
        const struct binding *b = binding_find(e->bindings, (uint32_t)s->source, q.ports.destination);
        right.port = q.ports.destination;
        if (b != NULL && (q.ip.protocol != PROTOCOL_UDP || right.port != UDP_PORT_BOOTPC))
            right.host = b->owner;
    } else if (!q.has_echo) {
        (void)flow_host(e, (uint32_t)s->source, q.ip.source, q.ip.protocol, &right.host);
    }
    return right;
}
