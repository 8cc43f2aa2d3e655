/* tunnel_segments.c: see tunnel_segments.h.
 *
 *   outer                 outer_l4                    inner            inner_l4            payload
 *   | IPv4 or IPv6 header | UDP, GRE or nothing, .... | IPv4 or IPv6   | TCP or UDP header | ....
 *
 * What is between the outer layer 4 and the inner IP header (VXLAN, Geneve, inner Ethernet) has no lengths and is
 * copied. The kernel says where the inner layer 4 is; the inner IP header is what fits before it. */
#include "tunnel_segments.h"

#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"

#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define ETHERTYPE_IPV6    0x86dd
#define IPV6_HEADER_BYTES 40
#define UDP_HEADER_BYTES  8
#define GRE_HEADER_BYTES  4
#define TCP_HEADER_BYTES  20
#define GRE_CHECKSUM      0x80 /* of the first byte, RFC 2784 and 2890 */
#define GRE_SEQUENCE      0x10
#define TCP_FIN           0x01
#define TCP_PSH           0x08
#define TCP_CWR           0x80
#define TRAIN_BYTES       65000 /* of IP; a datagram has a length of 16 bits */
#define TRAIN_SEGMENTS    64
#define TAGS_MAX          8
#define EXTENSIONS_MAX    8

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(uint8_t *bytes, size_t number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

static void put32(uint8_t *bytes, uint32_t number)
{
    put16(bytes, number >> 16);
    put16(bytes + 2, number & 0xffff);
}

static uint16_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static struct virtio_net_hdr offload_of(const struct frame *frame)
{
    struct virtio_net_hdr header;
    memcpy(&header, frame->offload, sizeof(header));
    return header;
}

/* The IP header at `at`: its protocol and the offset behind it. False: none, or a fragment, or no room for more. */
static bool read_ip(const struct frame *frame, size_t at, bool v6, uint8_t *protocol, size_t *behind)
{
    const uint8_t *bytes = frame->bytes + at;
    if (!v6) {
        const size_t header_bytes = (size_t)(bytes[0] & 0xf) * 4;
        if (frame->length < at + IPV4_HEADER_MIN_BYTES || bytes[0] >> 4 != 4 ||
            header_bytes < IPV4_HEADER_MIN_BYTES || (get16(bytes + 6) & 0x3fff) != 0)
            return false;
        *protocol = bytes[9];
        *behind = at + header_bytes;
        return *behind < frame->length;
    }
    if (frame->length < at + IPV6_HEADER_BYTES || bytes[0] >> 4 != 6)
        return false;
    *protocol = bytes[6];
    *behind = at + IPV6_HEADER_BYTES;
    for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
        if (*protocol != IPPROTO_HOPOPTS && *protocol != IPPROTO_ROUTING && *protocol != IPPROTO_DSTOPTS)
            return *behind < frame->length;
        if (frame->length < *behind + 8)
            return false;
        *protocol = frame->bytes[*behind];
        *behind += 8 + (size_t)frame->bytes[*behind + 1] * 8;
    }
    return false;
}

/* Finds the outer IP header behind any tags. */
static bool find_outer(struct tunnel_segments *s)
{
    const struct frame *frame = s->frame;
    size_t at = 2 * MAC_BYTES;
    for (unsigned i = 0; i < TAGS_MAX && frame->length >= at + 2 + IPV4_HEADER_MIN_BYTES; i++) {
        const uint16_t ethertype = get16(frame->bytes + at);
        if (ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6) {
            s->outer = at + 2;
            return read_ip(frame, s->outer, ethertype == ETHERTYPE_IPV6, &s->outer_protocol, &s->outer_l4);
        }
        if (ethertype != ETHERTYPE_CTAG && ethertype != ETHERTYPE_STAG)
            return false;
        at += ETH_TAG_BYTES;
    }
    return false;
}

/* An IP header at `at` that covers the rest of the frame and has layer 4 at `inner_l4`. */
static bool is_inner(const struct tunnel_segments *s, size_t at)
{
    const uint8_t *bytes = s->frame->bytes + at;
    const size_t rest = s->frame->length - at, header_bytes = s->inner_l4 - at;
    if (bytes[0] >> 4 == 4)
        return (size_t)(bytes[0] & 0xf) * 4 == header_bytes && get16(bytes + 2) == rest &&
               bytes[9] == s->inner_protocol;
    return bytes[0] >> 4 == 6 && header_bytes == IPV6_HEADER_BYTES &&
           get16(bytes + 4) == rest - IPV6_HEADER_BYTES && bytes[6] == s->inner_protocol;
}

/* The first offset where the inner header may be, and the last, by the outer layer 4. */
static bool inner_bounds(const struct tunnel_segments *s, size_t *first, size_t *last)
{
    const uint8_t *l4 = s->frame->bytes + s->outer_l4;
    *last = s->inner_l4;
    switch (s->outer_protocol) {
    case IPPROTO_UDP:
        *first = s->outer_l4 + UDP_HEADER_BYTES;
        return true;
    case IPPROTO_GRE:
        *first = s->outer_l4 + GRE_HEADER_BYTES;
        return (l4[0] & GRE_SEQUENCE) == 0 && ((l4[0] & GRE_CHECKSUM) == 0 || *first + 4 <= s->inner_l4);
    case IPPROTO_IPIP:
    case IPPROTO_IPV6:
        *first = *last = s->outer_l4;
        return true;
    default:
        return false;
    }
}

static bool find_inner(struct tunnel_segments *s)
{
    size_t first, last;
    if (!inner_bounds(s, &first, &last))
        return false;
    for (size_t header_bytes = IPV4_HEADER_MIN_BYTES; header_bytes <= 60; header_bytes += 4) {
        const size_t at = s->inner_l4 - header_bytes;
        if (s->inner_l4 >= first + header_bytes && at <= last && is_inner(s, at)) {
            s->inner = at;
            return true;
        }
    }
    return false;
}

static bool measure(struct tunnel_segments *s, const struct virtio_net_hdr *header)
{
    const size_t length = s->frame->length;
    const bool tcp = s->inner_protocol == IPPROTO_TCP;
    if (length < s->inner_l4 + (tcp ? TCP_HEADER_BYTES : UDP_HEADER_BYTES))
        return false;
    s->payload = s->inner_l4 + (tcp ? (size_t)(s->frame->bytes[s->inner_l4 + 12] >> 4) * 4 : UDP_HEADER_BYTES);
    if (s->payload > TUNNEL_HEADERS_MAX || s->payload >= length || header->gso_size == 0 ||
        (tcp && s->payload < s->inner_l4 + TCP_HEADER_BYTES))
        return false;
    s->segment_bytes = header->gso_size;
    if (s->payload - s->outer + s->segment_bytes > UINT16_MAX)
        return false; /* no length of IP holds a segment */
    const size_t count = (length - s->payload + s->segment_bytes - 1) / s->segment_bytes;
    s->count = (unsigned)count;
    return count <= TUNNEL_SEGMENTS_MAX;
}

enum tunnel_kind tunnel_segments_begin(struct tunnel_segments *segments, const struct frame *frame)
{
    struct tunnel_segments *s = segments;
    const struct virtio_net_hdr header = offload_of(frame);
    if (!frame->super)
        return TUNNEL_NONE;
    *s = (struct tunnel_segments){.frame = frame, .inner_l4 = header.csum_start};
    s->inner_protocol = header.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 ? IPPROTO_UDP : IPPROTO_TCP;
    if (!find_outer(s))
        return TUNNEL_UNSUPPORTED;
    const bool has_sum = (header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
    if (s->outer_protocol == s->inner_protocol && (!has_sum || s->inner_l4 == s->outer_l4))
        return TUNNEL_NONE;
    if (!has_sum || s->inner_l4 < s->outer_l4 || s->inner_l4 >= frame->length ||
        (s->inner_l4 - s->outer_l4) % 2 != 0 || !find_inner(s) || !measure(s, &header))
        return TUNNEL_UNSUPPORTED;
    return TUNNEL_SEGMENTS;
}

/* The sum of an IP header's addresses, for a pseudo header. */
static uint32_t address_sum(const uint8_t *ip)
{
    return ip[0] >> 4 == 4 ? internet_sum(ip + 12, 8) : internet_sum(ip + 8, 32);
}

static void write_ip(uint8_t *ip, size_t rest, unsigned index)
{
    if (ip[0] >> 4 == 6) {
        put16(ip + 4, rest - IPV6_HEADER_BYTES);
        return;
    }
    put16(ip + 2, rest);
    put16(ip + 4, get16(ip + 4) + index);
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~internet_sum(ip, (size_t)(ip[0] & 0xf) * 4));
}

/* The inner layer 4, its checksum as the sum of the pseudo header. Returns that sum. */
static uint16_t write_inner_l4(const struct tunnel_segments *s, uint8_t *headers, size_t rest, unsigned index)
{
    uint8_t *l4 = headers + s->inner_l4;
    const uint16_t sum = fold(address_sum(headers + s->inner) + s->inner_protocol + (uint32_t)rest);
    if (s->inner_protocol == IPPROTO_UDP) {
        put16(l4 + 4, rest);
        put16(l4 + 6, sum);
        return sum;
    }
    put32(l4 + 4, get32(l4 + 4) + (uint32_t)(index * s->segment_bytes));
    if (index + 1 < s->count)
        l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (index > 0)
        l4[13] &= (uint8_t)~TCP_CWR;
    put16(l4 + 16, sum);
    return sum;
}

/* A checksum over all behind `at`: what the inner one covers will add up to the complement of its pseudo header's sum, whatever the
 * payload is (the kernel calls this local checksum offload). */
static uint16_t outer_checksum(const struct tunnel_segments *s, const uint8_t *headers, uint32_t pseudo,
                               uint16_t inner_sum)
{
    const uint32_t sum =
        pseudo + internet_sum(headers + s->outer_l4, s->inner_l4 - s->outer_l4) + (uint16_t)~inner_sum;
    return (uint16_t)~fold(sum);
}

static void write_outer_l4(const struct tunnel_segments *s, uint8_t *headers, size_t rest, uint16_t inner_sum)
{
    uint8_t *l4 = headers + s->outer_l4;
    if (s->outer_protocol == IPPROTO_UDP) {
        const bool has_sum = get16(l4 + 6) != 0;
        put16(l4 + 4, rest);
        put16(l4 + 6, 0);
        const uint32_t pseudo = address_sum(headers + s->outer) + IPPROTO_UDP + (uint32_t)rest;
        const uint16_t sum = outer_checksum(s, headers, pseudo, inner_sum);
        if (has_sum)
            put16(l4 + 6, sum == 0 ? 0xffff : sum);
    } else if (s->outer_protocol == IPPROTO_GRE && (l4[0] & GRE_CHECKSUM) != 0) {
        put16(l4 + 4, 0);
        put16(l4 + 4, outer_checksum(s, headers, 0, inner_sum));
    }
}

/* As internet_sum(), of whole words: the order of the octets in a word does not change a one's complement sum but by
 * a swap of its halves. */
static uint16_t payload_sum(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 4 <= length; i += 4) {
        uint32_t word;
        memcpy(&word, bytes + i, sizeof(word));
        sum += word;
    }
    uint32_t rest = 0;
    memcpy(&rest, bytes + i, length - i);
    sum += rest;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return ntohs((uint16_t)sum);
}

/* The inner checksum, over a header that has the sum of the pseudo header in its place. */
static void fill_in_checksum(const struct tunnel_segments *s, struct tunnel_segment *segment)
{
    const size_t l4_bytes = segment->header_bytes - s->inner_l4; /* even */
    const bool udp = s->inner_protocol == IPPROTO_UDP;
    const uint16_t sum = (uint16_t)~fold((uint32_t)internet_sum(segment->headers + s->inner_l4, l4_bytes) +
                                         payload_sum(segment->payload, segment->payload_bytes));
    // cppcheck-suppress knownConditionTrueFalse; it does not see that fold() can be 0xffff
    put16(segment->headers + s->inner_l4 + (udp ? 6 : 16), udp && sum == 0 ? 0xffff : sum);
}

void tunnel_segments_write(const struct tunnel_segments *segments, unsigned index,
                           struct tunnel_segment *segment)
{
    const struct tunnel_segments *s = segments;
    const size_t begin = s->payload + index * s->segment_bytes, left = s->frame->length - begin;
    segment->header_bytes = s->payload;
    segment->payload = s->frame->bytes + begin;
    segment->payload_bytes = left < s->segment_bytes ? left : s->segment_bytes;
    const size_t length = s->payload + segment->payload_bytes;
    memcpy(segment->headers, s->frame->bytes, s->payload);
    write_ip(segment->headers + s->inner, length - s->inner, index);
    const uint16_t sum = write_inner_l4(s, segment->headers, length - s->inner_l4, index);
    write_ip(segment->headers + s->outer, length - s->outer, index);
    write_outer_l4(s, segment->headers, length - s->outer_l4, sum);
    fill_in_checksum(s, segment);
}

static void write_train_headers(const struct tunnel_segments *s, uint8_t *frame, size_t length,
                                size_t segment_bytes, uint8_t offload[static FRAME_OFFLOAD_BYTES])
{
    const size_t rest = length - s->outer_l4;
    const struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
        .hdr_len = (uint16_t)(s->outer_l4 + UDP_HEADER_BYTES),
        .gso_size = (uint16_t)segment_bytes,
        .csum_start = (uint16_t)s->outer_l4,
        .csum_offset = 6,
    };
    write_ip(frame + s->outer, length - s->outer, 0);
    put16(frame + s->outer_l4 + 4, rest);
    put16(frame + s->outer_l4 + 6, fold(address_sum(frame + s->outer) + IPPROTO_UDP + (uint32_t)rest));
    memset(offload, 0, FRAME_OFFLOAD_BYTES);
    memcpy(offload, &header, sizeof(header));
}

size_t tunnel_segments_train_bytes(const struct tunnel_segments *segments)
{
    const struct tunnel_segments *s = segments;
    const size_t bytes = s->payload * s->count + (s->frame->length - s->payload);
    const bool one_fits = s->payload - s->outer + s->segment_bytes <= TRAIN_BYTES;
    return s->outer_protocol == IPPROTO_UDP && one_fits && bytes <= TUNNEL_TRAINS_MAX_BYTES ? bytes : 0;
}

size_t tunnel_segments_train(const struct tunnel_segments *segments, unsigned *next, uint8_t *room,
                             uint8_t offload[static FRAME_OFFLOAD_BYTES])
{
    const struct tunnel_segments *s = segments;
    const size_t outer_bytes = s->outer_l4 + UDP_HEADER_BYTES;
    const size_t segment_bytes = s->payload - outer_bytes + s->segment_bytes;
    const unsigned first = *next;
    size_t length = outer_bytes;
    while (*next < s->count && *next - first < TRAIN_SEGMENTS &&
           length + segment_bytes <= s->outer + TRAIN_BYTES) {
        struct tunnel_segment segment;
        tunnel_segments_write(s, *next, &segment);
        if (*next == first)
            memcpy(room, segment.headers, outer_bytes);
        memcpy(room + length, segment.headers + outer_bytes, s->payload - outer_bytes);
        length += s->payload - outer_bytes;
        memcpy(room + length, segment.payload, segment.payload_bytes);
        length += segment.payload_bytes;
        ++*next;
    }
    write_train_headers(s, room, length, segment_bytes, offload);
    return length;
}
