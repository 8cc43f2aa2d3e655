/* packet.c: see packet.h. */
#include "packet.h"

#include "dhcp_transactions.h"
#include "echo.h"
#include "engine_state.h"
#include "flow.h"
#include "icmp_error.h"
#include "route.h"
#include "rx_frame.h"

#define FIRST_USER_PORT 1024 /* RFC 6335 6 */

static bool is_group(struct ipv4 address)
{
    return address.host >> 28 == 14 || address.host == UINT32_MAX;
}

/* False for what a host sends whoever owns the port: to a group or a broadcast (mDNS, SSDP), also the subnet's, whose
 * frame is a broadcast; as the answer of a closed port (a scan); between two ends of one well-known port (NTP). */
static bool shows_usage(const struct rx_frame *rx, const struct shared_packet *s)
{
    const struct l4_ports *ports = &s->ports;
    if (is_group(s->ip.destination) || mac_equal(rx->eth.destination, mac_broadcast))
        return false;
    if (s->ip.protocol == PROTOCOL_UDP && ports->source < FIRST_USER_PORT &&
        ports->source == ports->destination)
        return false;
    return !l4_may_be_refusal(s->ip.protocol, rx->payload + s->ip.body, s->ip.body_length);
}

/* Every DHCP client uses port 68: the answers are distinguished by the client's address inside. From upstream only
 * those pass that a client asked for. */
static void classify_to_dhcp_client(struct engine *e, const struct rx_frame *rx, const uint8_t *body,
                                    struct shared_packet *s)
{
    struct mac client;
    uint32_t xid;
    bool is_answer = dhcp_client_mac(body, s->ip.body_length, &client, &xid) == 0;
    if (rx->from == SIDE_UPSTREAM && !(is_answer && dhcp_transaction_is_open(e, client, xid)))
        s->route = (struct route){.kind = ROUTE_DROP, .reason = DROP_DHCP_UNASKED};
    else if (is_answer && !mac_equal(client, e->config.mac))
        s->route = (struct route){.kind = ROUTE_HOST, .host = client};
}

static bool classify_ports(struct engine *e, const struct rx_frame *rx, struct shared_packet *s)
{
    const uint8_t *body = rx->payload + s->ip.body;
    bool fragment = ipv4_packet_is_fragment(&s->ip);
    if ((fragment ? l4_parse_first_ports : l4_parse_ports)(s->ip.protocol, body, s->ip.body_length, &s->ports))
        return false;
    bool is_udp = s->ip.protocol == PROTOCOL_UDP;
    s->right = (struct right){
        .kind = RIGHT_PORT,
        .port = s->ports.source,
        .shows_usage = s->by_host && shows_usage(rx, s),
    };
    if (is_udp && s->ports.source == UDP_PORT_BOOTPC)
        s->right.kind = RIGHT_FREE;
    s->route = (struct route){.kind = ROUTE_PORT, .port = s->ports.destination, .protocol = s->ip.protocol};
    if (is_udp && s->ports.destination == UDP_PORT_BOOTPC && s->destination >= 0)
        classify_to_dhcp_client(e, rx, body, s);
    return true;
}

static bool classify_icmp(struct engine *e, const struct rx_frame *rx, struct shared_packet *s)
{
    if (icmp_parse(rx->payload + s->ip.body, s->ip.body_length, &s->icmp_type, &s->echo) != 0)
        return false;
    s->right.kind = RIGHT_FREE;
    s->route = (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    if (icmp_is_error(s->icmp_type))
        icmp_error_read(rx, s);
    if (s->by_host && icmp_is_error(s->icmp_type))
        s->right = icmp_error_right(e, s);
    if (s->destination < 0)
        return true;
    if (s->icmp_type == ICMP_ECHO_REQUEST)
        s->route = echo_request_route(e, (uint32_t)s->destination, ipv4_packet_is_fragment(&s->ip));
    else if (s->icmp_type == ICMP_ECHO_REPLY)
        s->route = echo_route(e, s->ip.destination, s->ip.source, s->echo);
    else if (icmp_is_error(s->icmp_type))
        s->route = icmp_error_route(e, s);
    return true;
}

/* No answers come from a group address, so there is no flow. */
static void classify_portless(struct engine *e, const struct rx_frame *rx, struct shared_packet *s)
{
    const uint8_t *body = rx->payload + s->ip.body;
    for (size_t i = 0; i < 4 && i < s->ip.body_length; i++)
        s->first_octets = s->first_octets << 8 | body[i];
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

bool packet_classify(struct engine *e, const struct rx_frame *rx, struct shared_packet *s)
{
    if (l4_has_ports(s->ip.protocol))
        return classify_ports(e, rx, s);
    if (s->ip.protocol == PROTOCOL_ICMP)
        return classify_icmp(e, rx, s);
    classify_portless(e, rx, s);
    return true;
}
