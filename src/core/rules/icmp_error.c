/* icmp_error.c: see icmp_error.h. */
#include "icmp_error.h"

#include "datagram.h"
#include "echo.h"
#include "engine_state.h"
#include "flow.h"
#include "packet.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/binding.h"

#include <string.h>

/* False: too little is quoted of what follows the header. */
static bool read_transport(const uint8_t *bytes, size_t length, struct quote *q)
{
    if (q->fragment_offset > 0)
        return true;
    if (l4_has_ports(q->protocol))
        return q->has_ports = l4_parse_first_ports(q->protocol, bytes, length, &q->ports) == 0;
    if (q->protocol == PROTOCOL_ICMP)
        return q->has_echo = icmp_parse(bytes, length, &q->icmp_type, &q->echo) == 0;
    return true;
}

void quote_read(const struct passage *p, struct shared_packet *s)
{
    const uint8_t *bytes = p->payload + s->ip.body + ICMP_HEADER_BYTES;
    struct quote *q = &s->quote;
    struct ipv4_packet ip;
    memset(q, 0, sizeof(*q));
    if (ipv4_quote_parse(bytes, s->ip.body_length - ICMP_HEADER_BYTES, &ip) != 0)
        return;
    q->source = ip.source;
    q->destination = ip.destination;
    q->protocol = ip.protocol;
    q->id = ip.id;
    q->fragment_offset = ip.fragment_offset;
    q->is_readable = read_transport(bytes + ip.body, ip.body_length, q);
}

bool quote_equal(const struct quote *a, const struct quote *b)
{
    return a->is_readable == b->is_readable && a->source.host == b->source.host &&
           a->destination.host == b->destination.host && a->protocol == b->protocol && a->id == b->id &&
           a->fragment_offset == b->fragment_offset && a->ports.source == b->ports.source &&
           a->ports.destination == b->ports.destination && a->icmp_type == b->icmp_type &&
           a->echo.id == b->echo.id && a->echo.sequence == b->echo.sequence;
}

struct route quote_route(struct engine *e, const struct shared_packet *s)
{
    const struct quote *q = &s->quote;
    struct route route = {.kind = ROUTE_DROP, .reason = DROP_ICMP_BAD_QUOTE};
    if (!q->is_readable || q->source.host != s->ip.destination.host)
        return route;
    route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (q->fragment_offset > 0) {
        if (fragment_sender(e, q, &route.host))
            route.kind = ROUTE_HOST;
    } else if (q->has_ports) {
        route = (struct route){.kind = ROUTE_PORT, .port = q->ports.source, .protocol = q->protocol};
    } else if (q->has_echo) {
        if (q->icmp_type == ICMP_ECHO_REQUEST)
            route = echo_route(e, q->source, q->destination, q->echo);
    } else if (flow_host(e, (uint32_t)s->destination, q->destination, q->protocol, &route.host)) {
        route.kind = ROUTE_HOST;
    }
    return route;
}

/* Who got the packet that a host's error is about, where that is known. */
struct right quote_right(struct engine *e, const struct shared_packet *s)
{
    const struct quote *q = &s->quote;
    struct right right = {.kind = RIGHT_QUOTE};
    if (!q->is_readable)
        return (struct right){.kind = RIGHT_BAD_QUOTE};
    if (q->destination.host != s->ip.source.host)
        return (struct right){.kind = RIGHT_NO_QUOTE};
    if (q->fragment_offset > 0) {
        (void)fragment_receiver(e, q, &right.host);
    } else if (q->has_ports) {
        const struct binding *b = binding_find(e->bindings, (uint32_t)s->source, q->ports.destination);
        right.port = q->ports.destination;
        if (b != NULL && (q->protocol != PROTOCOL_UDP || right.port != UDP_PORT_BOOTPC))
            right.host = b->owner;
    } else if (!q->has_echo) {
        (void)flow_host(e, (uint32_t)s->source, q->source, q->protocol, &right.host);
    }
    return right;
}
