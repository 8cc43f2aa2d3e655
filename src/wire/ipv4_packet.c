/* ipv4_packet.c: see ipv4_packet.h. */
#include "pearpd/ipv4_packet.h"

#include "pearpd/cursor.h"

#include <errno.h>

#define MORE_FRAGMENTS 0x2000
#define OFFSET_MASK    0x1fff

/* The fixed fields; *header and *total in bytes as the header says. -ENOMSG: no IPv4 header. */
static int read_header(const uint8_t *bytes, size_t length, struct ipv4_packet *packet, size_t *header,
                       size_t *total)
{
    struct rd r = rd_over(bytes, length);
    struct ipv4_packet p = {0};
    if (length < IPV4_HEADER_MIN_BYTES)
        return -ENOMSG;
    uint8_t version_ihl = rd_u8(&r);
    p.tos = rd_u8(&r);
    *total = rd_u16(&r);
    p.id = rd_u16(&r);
    uint16_t fragment = rd_u16(&r);
    rd_skip(&r, 1); /* TTL */
    p.protocol = rd_u8(&r);
    rd_skip(&r, 2); /* checksum */
    p.source = rd_ipv4(&r);
    p.destination = rd_ipv4(&r);
    if (version_ihl >> 4 != 4)
        return -ENOMSG;
    *header = (size_t)(version_ihl & 0xf) * 4;
    p.more_fragments = fragment & MORE_FRAGMENTS;
    p.fragment_offset = (uint32_t)(fragment & OFFSET_MASK) * 8;
    *packet = p;
    return 0;
}

int ipv4_packet_parse(const uint8_t *payload, size_t length, struct ipv4_packet *packet)
{
    size_t header, total;
    if (read_header(payload, length, packet, &header, &total) != 0)
        return -ENOMSG;
    if (total == 0 && length > UINT16_MAX)
        total = length; /* BIG TCP */
    packet->broken = header < IPV4_HEADER_MIN_BYTES || total < header || total > length;
    if (!packet->broken) {
        packet->body = header;
        packet->body_length = total - header;
    }
    return 0;
}

int ipv4_packet_parse_inner(const uint8_t *quoted, size_t length, struct ipv4_packet *packet)
{
    size_t header, total;
    if (read_header(quoted, length, packet, &header, &total) != 0 || header < IPV4_HEADER_MIN_BYTES ||
        header > length)
        return -EBADMSG;
    packet->body = header;
    packet->body_length = length - header;
    return 0;
}

bool ipv4_packet_header_sum_good(const struct ipv4_packet *packet, const uint8_t *payload)
{
    return internet_sum(payload, packet->body) == 0xffff;
}

uint16_t internet_sum(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 1 < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (i < length)
        sum += (uint32_t)bytes[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
