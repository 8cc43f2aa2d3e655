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
static bool read_transport(const uint8_t *bytes, size_t length, struct inner_packet *inner)
{
    if (inner->fragment_offset > 0)
        return true;
    if (l4_has_ports(inner->protocol))
        return inner->has_ports = l4_parse_first_ports(inner->protocol, bytes, length, &inner->ports) == 0;
    if (inner->protocol == PROTOCOL_ICMP)
        return inner->has_echo = icmp_parse(bytes, length, &inner->icmp_type, &inner->echo) == 0;
    return true;
}

void icmp_error_read(const struct rx_frame *rx, struct shared_packet *s)
{
    const uint8_t *bytes = rx->payload + s->ip.body + ICMP_HEADER_BYTES;
    struct inner_packet *inner = &s->inner;
    struct ipv4_packet ip;
    memset(inner, 0, sizeof(*inner));
    if (ipv4_packet_parse_inner(bytes, s->ip.body_length - ICMP_HEADER_BYTES, &ip) != 0)
        return;
    inner->source = ip.source;
    inner->destination = ip.destination;
    inner->protocol = ip.protocol;
    inner->id = ip.id;
    inner->fragment_offset = ip.fragment_offset;
    inner->is_readable = read_transport(bytes + ip.body, ip.body_length, inner);
}

bool inner_packet_equal(const struct inner_packet *a, const struct inner_packet *b)
{
    return a->is_readable == b->is_readable && a->source.host == b->source.host &&
           a->destination.host == b->destination.host && a->protocol == b->protocol && a->id == b->id &&
           a->fragment_offset == b->fragment_offset && a->ports.source == b->ports.source &&
           a->ports.destination == b->ports.destination && a->icmp_type == b->icmp_type &&
           a->echo.id == b->echo.id && a->echo.sequence == b->echo.sequence;
}

struct route icmp_error_route(struct engine *e, const struct shared_packet *s)
{
    const struct inner_packet *inner = &s->inner;
    struct route route = {.kind = ROUTE_DROP, .reason = DROP_ICMP_BAD_QUOTE};
    if (!inner->is_readable || inner->source.host != s->ip.destination.host)
        return route;
    route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (inner->fragment_offset > 0) {
        if (fragment_sender(e, inner, &route.host))
            route.kind = ROUTE_HOST;
    } else if (inner->has_ports) {
        route = (struct route){.kind = ROUTE_PORT, .port = inner->ports.source, .protocol = inner->protocol};
    } else if (inner->has_echo) {
        if (inner->icmp_type == ICMP_ECHO_REQUEST)
            route = echo_route(e, inner->source, inner->destination, inner->echo);
    } else if (flow_host(e, (uint32_t)s->destination, inner->destination, inner->protocol, &route.host)) {
        route.kind = ROUTE_HOST;
    }
    return route;
}

/* The host that received the quoted packet, where it is known. No host sends an error about a later fragment (RFC 1122
 * 3.2.2), and Linux takes what it quotes for the ports of a connection. */
struct right icmp_error_right(struct engine *e, const struct shared_packet *s)
{
    const struct inner_packet *inner = &s->inner;
    struct right right = {.kind = RIGHT_ICMP_ERROR};
    if (!inner->is_readable)
        return (struct right){.kind = RIGHT_ICMP_ERROR_UNREADABLE};
    if (inner->destination.host != s->ip.source.host)
        return (struct right){.kind = RIGHT_ICMP_ERROR_FOREIGN};
    if (inner->fragment_offset > 0)
        return (struct right){.kind = RIGHT_ICMP_ERROR_FRAGMENT};
    if (inner->has_ports) {
        const struct binding *b = binding_find(e->bindings, (uint32_t)s->source, inner->ports.destination);
        right.port = inner->ports.destination;
        if (b != NULL && (inner->protocol != PROTOCOL_UDP || right.port != UDP_PORT_BOOTPC))
            right.host = b->owner;
    } else if (!inner->has_echo) {
        (void)flow_host(e, (uint32_t)s->source, inner->source, inner->protocol, &right.host);
    }
    return right;
}
