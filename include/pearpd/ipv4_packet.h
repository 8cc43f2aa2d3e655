/* ipv4_packet.h: the IPv4 header (RFC 791).
 * In: the payload of a frame. Out: the fields that decide where it goes. Called by: core. */
#ifndef PEARPD_IPV4_PACKET_H
#define PEARPD_IPV4_PACKET_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_HEADER_MIN_BYTES 20

struct ipv4_packet {
    struct ipv4 source, destination;
    uint8_t protocol;
    uint8_t tos;
    uint16_t id;
    uint32_t fragment_offset; /* in bytes */
    bool more_fragments;
    bool broken;        /* IHL under 5 or inconsistent lengths: a runt where the address is shared */
    size_t body;        /* offset of what follows the header and its options */
    size_t body_length; /* bytes of it by the total length; padding is left out */
};

/* Reads `length` bytes behind the EtherType. 0, or -ENOMSG: under 20 bytes or not version 4.
 * A total length of 0 (BIG TCP: a super-frame over 65,535 bytes) means the rest of the frame. */
int ipv4_packet_parse(const uint8_t *payload, size_t length, struct ipv4_packet *packet);

/* Reads the packet that an ICMP error quotes (RFC 792: its header and at least 8 bytes of what follows): it is
 * truncated, so its total length is not used; `body_length` is what there is. 0, or -EBADMSG: no whole header. */
int ipv4_packet_parse_inner(const uint8_t *quoted, size_t length, struct ipv4_packet *packet);

/* True for every fragment, the first included. */
static inline bool ipv4_packet_is_fragment(const struct ipv4_packet *packet)
{
    return packet->more_fragments || packet->fragment_offset > 0;
}

/* True where the checksum of the header at `payload` is right (RFC 1071); not of broken packets. */
bool ipv4_packet_header_sum_good(const struct ipv4_packet *packet, const uint8_t *payload);

/* The one's complement sum of RFC 1071 over `length` bytes, folded, not inverted: 0xffff for a block
 * whose checksum is in place and right. */
uint16_t internet_sum(const uint8_t *bytes, size_t length);

#endif
