/* test_tunnel_segments.c: super-frames of tunnels are cut into frames that a stock receiver takes: every length, checksum and
 * sequence number is read again here. */
#include "pearpd/ipv4_packet.h"

#include "tunnel_segments.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRAME_MAX 66000
#define GSO_SIZE  1000
#define GSO_UDP   5 /* VIRTIO_NET_HDR_GSO_UDP_L4 */
#define SEQUENCE  UINT32_C(0xfffff000)
#define TCP_FLAGS 0x99 /* CWR, ACK, PSH, FIN */

enum outer {
    OUTER_VXLAN,
    OUTER_VXLAN_SUM,
    OUTER_GENEVE,
    OUTER_GRE,
    OUTER_GRE_SUM,
    OUTER_GRE_KEY,
    OUTER_IP,
    OUTERS
};

struct shape {
    enum outer outer;
    bool outer_v6, inner_v6, udp;
    unsigned tags;
};

/* A super-frame, and where its parts are. */
struct super {
    uint8_t bytes[FRAME_MAX];
    struct frame frame;
    size_t outer, outer_l4, inner, inner_l4, payload;
};

static struct super super;

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, size_t number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

static uint16_t plus(uint32_t a, uint32_t b)
{
    const uint32_t sum = a + b;
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static size_t put_ip(uint8_t *bytes, bool v6, uint8_t protocol)
{
    static const uint8_t v4[20] = {0x45, 0, 0,   0, 0xff, 0xfe, 0x40, 0,  64,  0,
                                   0,    0, 192, 0, 2,    1,    198,  51, 100, 7};
    memset(bytes, 0, 40);
    if (!v6) {
        memcpy(bytes, v4, sizeof(v4));
        bytes[9] = protocol;
        return sizeof(v4);
    }
    bytes[0] = 0x60;
    bytes[6] = protocol;
    bytes[7] = 64;
    for (unsigned i = 8; i < 40; i++)
        bytes[i] = (uint8_t)(i * 7);
    return 40;
}

static size_t put_tunnel(uint8_t *bytes, const struct shape *shape)
{
    static const uint8_t udp[8] = {0xc0, 1, 0x12, 0xb5}, vxlan[8] = {8, 0, 0, 0, 0, 0, 7};
    static const uint8_t geneve[16] = {2, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 1, 5, 6, 7, 8};
    static const uint8_t ethernet[12] = {2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 5};
    const uint16_t type = shape->inner_v6 ? 0x86dd : 0x0800;
    size_t at = 0;
    if (shape->outer == OUTER_IP)
        return 0;
    if (shape->outer >= OUTER_GRE) {
        memset(bytes, 0, 16);
        bytes[0] = shape->outer == OUTER_GRE_SUM ? 0x80 : shape->outer == OUTER_GRE_KEY ? 0x20 : 0;
        put16(bytes + 2, type);
        return shape->outer == OUTER_GRE ? 4 : 8;
    }
    memcpy(bytes, udp, sizeof(udp));
    put16(bytes + 6, shape->outer == OUTER_VXLAN ? 0 : 0x1234);
    at += sizeof(udp);
    const uint8_t *header = shape->outer == OUTER_GENEVE ? geneve : vxlan;
    const size_t header_bytes = shape->outer == OUTER_GENEVE ? sizeof(geneve) : sizeof(vxlan);
    memcpy(bytes + at, header, header_bytes);
    at += header_bytes;
    memcpy(bytes + at, ethernet, sizeof(ethernet));
    put16(bytes + at + 12, type);
    return at + 14;
}

static void put_length(uint8_t *ip, size_t rest)
{
    if (ip[0] >> 4 == 4)
        put16(ip + 2, rest);
    else
        put16(ip + 4, rest - 40);
}

static size_t put_outer(const struct shape *shape)
{
    static const uint8_t protocols[OUTERS] = {IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE,
                                              IPPROTO_GRE, IPPROTO_GRE, IPPROTO_IPIP};
    uint8_t *bytes = super.bytes;
    size_t at = 12;
    memset(bytes, 2, 12);
    for (unsigned i = 0; i < shape->tags; i++, at += 4)
        put16(bytes + at, i == 0 ? 0x88a8 : 0x8100), put16(bytes + at + 2, 100 + i);
    put16(bytes + at, shape->outer_v6 ? 0x86dd : 0x0800);
    super.outer = at + 2;
    const bool six = shape->outer == OUTER_IP && shape->inner_v6;
    super.outer_l4 = super.outer +
                     put_ip(bytes + super.outer, shape->outer_v6, six ? IPPROTO_IPV6 : protocols[shape->outer]);
    return super.outer_l4 + put_tunnel(bytes + super.outer_l4, shape);
}

static void make(const struct shape *shape, size_t payload_bytes)
{
    uint8_t *bytes = super.bytes;
    super.inner = put_outer(shape);
    super.inner_l4 =
        super.inner + put_ip(bytes + super.inner, shape->inner_v6, shape->udp ? IPPROTO_UDP : IPPROTO_TCP);
    super.payload = super.inner_l4 + (shape->udp ? 8 : 32);
    memset(bytes + super.inner_l4, 0, 32);
    if (!shape->udp) {
        put16(bytes + super.inner_l4 + 4, SEQUENCE >> 16);
        put16(bytes + super.inner_l4 + 6, SEQUENCE & 0xffff);
        bytes[super.inner_l4 + 12] = 0x80;
        bytes[super.inner_l4 + 13] = TCP_FLAGS;
    }
    for (size_t i = 0; i < payload_bytes; i++)
        bytes[super.payload + i] = (uint8_t)rand();
    const size_t length = super.payload + payload_bytes;
    put_length(bytes + super.outer, length - super.outer);
    put_length(bytes + super.inner, length - super.inner);
    super.frame = (struct frame){.bytes = bytes, .length = length, .wire_length = length, .super = true};
    const struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = shape->udp        ? GSO_UDP
                    : shape->inner_v6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                      : VIRTIO_NET_HDR_GSO_TCPV4,
        .gso_size = GSO_SIZE,
        .csum_start = (uint16_t)super.inner_l4,
        .csum_offset = shape->udp ? 6 : 16,
    };
    memcpy(super.frame.offload, &header, sizeof(header));
}

static uint16_t pseudo(const uint8_t *ip, uint8_t protocol, size_t rest)
{
    const uint16_t addresses = ip[0] >> 4 == 4 ? internet_sum(ip + 12, 8) : internet_sum(ip + 8, 32);
    return plus(addresses, (uint32_t)(protocol + rest));
}

/* What the kernel does with a frame that needs a checksum. */
static void fill_in(uint8_t *bytes, size_t length, size_t start, size_t offset)
{
    const uint16_t sum = (uint16_t)~internet_sum(bytes + start, length - start);
    put16(bytes + start + offset, sum == 0 ? 0xffff : sum);
}

static void expect_ip(const uint8_t *ip, size_t rest, bool v6, unsigned index)
{
    if (v6) {
        assert_int_equal(get16(ip + 4), rest - 40);
        return;
    }
    assert_int_equal(get16(ip + 2), rest);
    assert_int_equal(internet_sum(ip, 20), 0xffff);
    assert_int_equal(get16(ip + 4), (uint16_t)(0xfffe + index));
}

static void expect_tcp(const uint8_t *tcp, unsigned index, bool last)
{
    const uint32_t sequence = SEQUENCE + index * GSO_SIZE;
    assert_int_equal((uint32_t)get16(tcp + 4) << 16 | get16(tcp + 6), sequence);
    assert_int_equal(tcp[13], (index == 0 ? TCP_FLAGS : TCP_FLAGS & ~0x80) & (last ? 0xff : ~0x09));
}

/* `strict`: an outer checksum of 0 was kept. */
static void expect_segment(const struct shape *shape, const uint8_t *bytes, size_t length, unsigned index,
                           bool last, bool strict)
{
    const uint8_t *l4 = bytes + super.outer_l4, *inner_l4 = bytes + super.inner_l4;
    const size_t payload_bytes = length - super.payload, rest = length - super.inner_l4;
    const uint8_t protocol = shape->udp ? IPPROTO_UDP : IPPROTO_TCP;
    expect_ip(bytes + super.outer, length - super.outer, shape->outer_v6, index);
    expect_ip(bytes + super.inner, length - super.inner, shape->inner_v6, index);
    if (shape->outer < OUTER_GRE) {
        assert_int_equal(get16(l4 + 4), length - super.outer_l4);
        if (shape->outer != OUTER_VXLAN || !strict)
            assert_int_equal(plus(pseudo(bytes + super.outer, IPPROTO_UDP, length - super.outer_l4),
                                  internet_sum(l4, length - super.outer_l4)),
                             0xffff);
        else
            assert_int_equal(get16(l4 + 6), 0);
    }
    if (shape->outer == OUTER_GRE_SUM)
        assert_int_equal(internet_sum(l4, length - super.outer_l4), 0xffff);
    assert_int_equal(plus(pseudo(bytes + super.inner, protocol, rest), internet_sum(inner_l4, rest)), 0xffff);
    if (shape->udp)
        assert_int_equal(get16(inner_l4 + 4), rest);
    else
        expect_tcp(inner_l4, index, last);
    assert_memory_equal(bytes + super.payload, super.bytes + super.payload + index * GSO_SIZE, payload_bytes);
    assert_true(last || payload_bytes == GSO_SIZE);
}

static void expect_segments(const struct shape *shape, size_t payload_bytes)
{
    struct tunnel_segments segments;
    size_t sum = 0;
    assert_int_equal(tunnel_segments_begin(&segments, &super.frame), TUNNEL_SEGMENTS);
    assert_int_equal(segments.count, (payload_bytes + GSO_SIZE - 1) / GSO_SIZE);
    for (unsigned i = 0; i < segments.count; i++) {
        struct tunnel_segment segment;
        uint8_t bytes[2000];
        tunnel_segments_write(&segments, i, &segment);
        assert_int_equal(segment.header_bytes, super.payload);
        memcpy(bytes, segment.headers, segment.header_bytes);
        memcpy(bytes + segment.header_bytes, segment.payload, segment.payload_bytes);
        const size_t length = segment.header_bytes + segment.payload_bytes;
        expect_segment(shape, bytes, length, i, i + 1 == segments.count, true);
        sum += segment.payload_bytes;
    }
    assert_int_equal(sum, payload_bytes);
}

/* Cut by its offload header, as the kernel cuts UDP. */
static unsigned expect_train(const struct shape *shape, const uint8_t *train, size_t length,
                             const struct virtio_net_hdr *header, unsigned index, unsigned count)
{
    const size_t outer = super.outer_l4 + 8;
    assert_int_equal(header->gso_type, GSO_UDP);
    assert_int_equal(header->csum_start, super.outer_l4);
    assert_int_equal(get16(train + super.outer_l4 + 4), length - super.outer_l4);
    assert_true(length - super.outer <= 65535);
    for (size_t at = outer; at < length; at += header->gso_size, index++) {
        uint8_t bytes[2000];
        const size_t left = length - at, piece = left < header->gso_size ? left : header->gso_size;
        memcpy(bytes, train, outer);
        memcpy(bytes + outer, train + at, piece);
        uint8_t *ip = bytes + super.outer;
        put_length(ip, outer + piece - super.outer);
        if (!shape->outer_v6) {
            put16(ip + 4, 0xfffe + index);
            put16(ip + 10, 0);
            put16(ip + 10, (uint16_t)~internet_sum(ip, 20));
        }
        put16(bytes + super.outer_l4 + 4, 8 + piece);
        put16(bytes + super.outer_l4 + 6, pseudo(ip, IPPROTO_UDP, 8 + piece));
        fill_in(bytes, outer + piece, super.outer_l4, 6);
        expect_segment(shape, bytes, outer + piece, index, index + 1 == count, false);
    }
    return index;
}

static void expect_trains(const struct shape *shape)
{
    static uint8_t room[TUNNEL_TRAINS_MAX_BYTES];
    struct tunnel_segments segments;
    size_t used = 0;
    assert_int_equal(tunnel_segments_begin(&segments, &super.frame), TUNNEL_SEGMENTS);
    const size_t bytes = tunnel_segments_train_bytes(&segments);
    assert_int_equal(bytes != 0, shape->outer < OUTER_GRE);
    for (unsigned next = 0, seen = 0; bytes != 0 && next < segments.count;) {
        uint8_t offload[FRAME_OFFLOAD_BYTES];
        struct virtio_net_hdr header;
        const size_t length = tunnel_segments_train(&segments, &next, room + used, offload);
        memcpy(&header, offload, sizeof(header));
        seen = expect_train(shape, room + used, length, &header, seen, segments.count);
        assert_int_equal(seen, next);
        used += length;
    }
    assert_true(used <= bytes);
}

static void each_shape(void (*test)(const struct shape *shape))
{
    for (unsigned i = 0; i < OUTERS * 8 * 3; i++) {
        const struct shape shape = {.outer = (enum outer)(i % OUTERS),
                                    .outer_v6 = i / OUTERS % 2 != 0,
                                    .inner_v6 = i / OUTERS / 2 % 2 != 0,
                                    .udp = i / OUTERS / 4 % 2 != 0,
                                    .tags = i / OUTERS / 8};
        test(&shape);
    }
}

static void cut_shape(const struct shape *shape)
{
    static const size_t sizes[] = {1, 999, 1000, 1001, 2000, 12345, 63000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        make(shape, sizes[i]);
        expect_segments(shape, sizes[i]);
        expect_trains(shape);
    }
}

static void test_every_tunnel(void **state)
{
    (void)state;
    each_shape(cut_shape);
}

static enum tunnel_kind kind_now(void)
{
    struct tunnel_segments segments;
    return tunnel_segments_begin(&segments, &super.frame);
}

static void set_offload(struct virtio_net_hdr header)
{
    memcpy(super.frame.offload, &header, sizeof(header));
}

static void test_what_the_kernel_takes(void **state)
{
    (void)state;
    const struct shape shape = {.outer = OUTER_VXLAN};
    make(&shape, 5000);
    super.frame.super = false;
    assert_int_equal(kind_now(), TUNNEL_NONE);
    super.frame.super = true;
    super.bytes[super.outer + 9] = IPPROTO_TCP; /* TCP directly behind IP */
    set_offload((struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                        .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                        .gso_size = GSO_SIZE,
                                        .csum_start = (uint16_t)super.outer_l4,
                                        .csum_offset = 16});
    assert_int_equal(kind_now(), TUNNEL_NONE);
    super.bytes[super.outer + 9] = IPPROTO_UDP;
    set_offload((struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                        .gso_type = GSO_UDP,
                                        .gso_size = GSO_SIZE,
                                        .csum_start = (uint16_t)super.outer_l4,
                                        .csum_offset = 6});
    assert_int_equal(kind_now(), TUNNEL_NONE);
}

static void test_what_nobody_can_cut(void **state)
{
    (void)state;
    struct shape shape = {.outer = OUTER_GRE_KEY};
    make(&shape, 5000);
    super.bytes[super.outer_l4] |= 0x10; /* a sequence number for each packet */
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
    make(&shape, 5000);
    super.bytes[super.outer + 9] = IPPROTO_ESP;
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
    shape.outer = OUTER_VXLAN;
    make(&shape, 60000);
    struct virtio_net_hdr header;
    memcpy(&header, super.frame.offload, sizeof(header));
    header.gso_size = 1; /* too many */
    set_offload(header);
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
    header.gso_size = 0;
    set_offload(header);
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
    make(&shape, 5000);
    super.bytes[super.inner + 3]++; /* the inner packet is not the rest of the frame */
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
}

/* Cut anywhere, and with any octet of its headers or its offload header changed: whatever is cut stays inside its bounds. */
static void disturb_shape(const struct shape *shape)
{
    for (unsigned i = 0; i < 400; i++) {
        make(shape, 3000);
        uint8_t *copy;
        if (i < super.payload + 2)
            super.frame.length = i;
        else if (i % 2 == 0)
            super.bytes[(size_t)rand() % super.payload] = (uint8_t)rand();
        else
            super.frame.offload[(size_t)rand() % sizeof(struct virtio_net_hdr)] = (uint8_t)rand();
        copy = malloc(super.frame.length + 1); /* sanitizers see its end */
        memcpy(copy, super.bytes, super.frame.length);
        super.frame.bytes = copy;
        struct tunnel_segments segments;
        struct tunnel_segment segment;
        if (tunnel_segments_begin(&segments, &super.frame) == TUNNEL_SEGMENTS)
            for (unsigned n = 0; n < segments.count; n++) {
                tunnel_segments_write(&segments, n, &segment);
                assert_true(segment.header_bytes <= TUNNEL_HEADERS_MAX);
                assert_true(segment.payload + segment.payload_bytes <= copy + super.frame.length);
            }
        free(copy);
    }
}

/* A segment of nearly 64 KiB is none of a train, and none at all where its length has more than 16 bits. */
static void test_long_segments(void **state)
{
    (void)state;
    const struct shape shape = {.outer = OUTER_VXLAN, .udp = true};
    struct virtio_net_hdr header;
    struct tunnel_segments segments;
    make(&shape, 65300);
    memcpy(&header, super.frame.offload, sizeof(header));
    header.gso_size = 64000;
    set_offload(header);
    assert_int_equal(tunnel_segments_begin(&segments, &super.frame), TUNNEL_SEGMENTS);
    assert_true(tunnel_segments_train_bytes(&segments) > 0);
    header.gso_size = 65000;
    set_offload(header);
    assert_int_equal(tunnel_segments_begin(&segments, &super.frame), TUNNEL_SEGMENTS);
    assert_int_equal(tunnel_segments_train_bytes(&segments), 0);
    header.gso_size = 65480;
    set_offload(header);
    assert_int_equal(kind_now(), TUNNEL_UNSUPPORTED);
}

static void test_disturbed(void **state)
{
    (void)state;
    srand(1);
    each_shape(disturb_shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_tunnel),        cmocka_unit_test(test_what_the_kernel_takes),
        cmocka_unit_test(test_what_nobody_can_cut), cmocka_unit_test(test_long_segments),
        cmocka_unit_test(test_disturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
