/* fuzz_wire.c: a frame through every parser: what they say lies inside of the frame. */
#include "pearpd/arp.h"
#include "pearpd/dhcp.h"
#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void read_ipv4(const uint8_t *payload, size_t length)
{
    struct ipv4_packet packet;
    struct l4_ports ports;
    struct icmp_echo echo;
    struct mac mac;
    uint32_t xid;
    uint8_t type;
    if (ipv4_packet_parse(payload, length, &packet) != 0 || packet.broken)
        return;
    must(packet.body >= IPV4_HEADER_MIN_BYTES && packet.body + packet.body_length <= length);
    const uint8_t *body = payload + packet.body;
    internet_sum(body, packet.body_length);
    l4_parse_ports(packet.protocol, body, packet.body_length, &ports);
    must(!l4_has_ports(packet.protocol) || l4_protocol_name(packet.protocol) != NULL);
    struct ipv4_packet quote;
    if (ipv4_packet_parse_inner(body, packet.body_length, &quote) == 0)
        must(quote.body + quote.body_length == packet.body_length);
    icmp_parse(body, packet.body_length, &type, &echo);
    if (dhcp_client_mac(body, packet.body_length, &mac, &xid) == 0)
        must(!mac_is_group(mac) && !mac_is_zero(mac));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eth eth;
    struct arp arp;
    int result = eth_parse(data, size, &eth);
    must((result == 0) == (size >= ETH_HEADER_BYTES));
    if (result != 0)
        return 0;
    must(eth.payload <= size && eth.payload >= ETH_HEADER_BYTES && eth_vid(&eth) < 4096 && eth.tags <= 2);
    struct eth through;
    if (eth_parse_through(data, size, 5, &through))
        must(through.payload <= size && through.payload >= ETH_HEADER_BYTES + ETH_TAG_BYTES);
    size_t length = size - eth.payload;
    if (arp_parse(data + eth.payload, length, &arp) == 0)
        must(length >= ARP_BYTES);
    read_ipv4(data + eth.payload, length);
    return 0;
}
