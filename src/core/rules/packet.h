/* packet.h: what a packet of a shared address is about.
 * In: a whole packet or the first fragment of one. Out: the right that its sender needs, and its route.
 * Called by: ipv4_rules, fragment_rules, nested_vlan. Never: sends, drops. */
#ifndef PEARPD_CORE_PACKET_H
#define PEARPD_CORE_PACKET_H

#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "route.h"
#include "rx_frame.h"

#include <stdbool.h>
#include <stdint.h>

/* What an ICMP error quotes: the packet that it is about, as far as it can be read. */
struct inner_packet {
    bool is_readable; /* a whole header, and enough behind it to identify the packet */
    struct ipv4 source, destination;
    uint8_t protocol;
    uint16_t id;
    uint32_t fragment_offset;
    bool has_ports, has_echo;
    struct l4_ports ports;
    uint8_t icmp_type;
    struct icmp_echo echo;
};

/* A packet of a shared address. It is read once, from a whole packet or a first fragment; the fragments behind it
 * share what was found. */
struct shared_packet {
    struct ipv4_packet ip;
    int source, destination; /* indices of shared addresses, or -1 */
    bool by_host;            /* from downstream, source shared */
    struct l4_ports ports;   /* of protocols that have them */
    uint8_t icmp_type;       /* of ICMP */
    struct icmp_echo echo;
    uint32_t first_octets; /* of protocols without ports, not ICMP: what is behind the IP header */
    struct right right;
    struct route route;
    struct inner_packet inner; /* of ICMP errors; of others not even zero */
};

/* Reads the transport header of a packet that is whole or begins one, and finds its right and its route.
 * False: too short to hold what they are found by. */
bool packet_classify(struct engine *e, const struct rx_frame *rx, struct shared_packet *s);

#endif
