/* l4.h: the transport headers that carry ports, and ICMP.
 * In: an IPv4 packet's body. Out: ports; echo id and sequence. Called by: core. */
#ifndef PEARPD_L4_H
#define PEARPD_L4_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IP protocol numbers. */
#define PROTOCOL_ICMP     1
#define PROTOCOL_TCP      6
#define PROTOCOL_UDP      17
#define PROTOCOL_DCCP     33
#define PROTOCOL_SCTP     132
#define PROTOCOL_UDP_LITE 136

#define ICMP_HEADER_BYTES 8
/* RFC 792; the errors of RFC 1122 3.2.2. */
#define ICMP_ECHO_REPLY        0
#define ICMP_UNREACHABLE       3
#define ICMP_SOURCE_QUENCH     4
#define ICMP_REDIRECT          5
#define ICMP_ECHO_REQUEST      8
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12

#define UDP_PORT_BOOTPC  68 /* RFC 2131 4.1: the DHCP client's port */
#define UDP_HEADER_BYTES 8

/* Ports in host order. */
struct l4_ports {
    uint16_t source, destination;
};

struct icmp_echo {
    uint16_t id, sequence; /* host order */
};

/* True for the five protocols whose first four bytes are two ports: TCP, UDP, UDP-Lite, SCTP, DCCP. */
bool l4_has_ports(uint8_t protocol);

/* "tcp", "udp", "udp-lite", "sctp", "dccp", "icmp", or NULL. */
const char *l4_protocol_name(uint8_t protocol);

/* Reads the ports. 0, or -EBADMSG: shorter than the protocol's own fixed header
 * (TCP 20, UDP and UDP-Lite 8, SCTP and DCCP 12 bytes). */
int l4_parse_ports(uint8_t protocol, const uint8_t *body, size_t length, struct l4_ports *ports);

/* Reads only the ports, of a first fragment or a quoted packet, which may end behind them.
 * 0, or -EBADMSG: no protocol with ports, or under 4 bytes. */
int l4_parse_first_ports(uint8_t protocol, const uint8_t *body, size_t length, struct l4_ports *ports);

/* True for what a host answers at a port that nothing listens at: TCP RST (RFC 9293 3.10.7.1), SCTP ABORT and SHUTDOWN
 * COMPLETE as first chunk (RFC 9260 8.4), DCCP-Reset (RFC 4340 8.3.1); and where too little is there to see it. */
bool l4_may_be_refusal(uint8_t protocol, const uint8_t *body, size_t length);

/* True for the types that quote a packet behind their 8 bytes. */
bool icmp_is_error(uint8_t type);

/* Reads type and, for echo request and reply, id and sequence (RFC 792).
 * 0, or -EBADMSG: under 8 bytes. *echo is zero for other types. */
int icmp_parse(const uint8_t *body, size_t length, uint8_t *type, struct icmp_echo *echo);

#endif
