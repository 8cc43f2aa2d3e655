/* test_packet_port.c: frames over veth, in network namespaces of its own (root).
 * Two interfaces, `left` and `right`, are the two ends of one cable. */
#include "pearpd/loop.h"
#include "pearpd/packet_port.h"

#include "../lib/frame_port_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAME_MAX 66000
#define TCP_BYTES (20u << 20)
#define TCP_PORT  5000
#define MS_NS     UINT64_C(1000000)

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static bool own_namespace;

/* sendmmsg() as packet_port.c calls it: each frame whose place in the script holds an errno is refused. */
static int script[16];
static unsigned script_length, script_at;
static size_t most_pieces; /* that a frame was sent in */
static int sender;         /* that was sent on */

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned good = 0;
    sender = fd;
    for (unsigned i = 0; i < count; i++)
        if (messages[i].msg_hdr.msg_iovlen > most_pieces)
            most_pieces = messages[i].msg_hdr.msg_iovlen;
    if (script_at >= script_length)
        return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
    while (good < count && script_at + good < script_length && script[script_at + good] == 0)
        good++;
    if (good == 0) {
        errno = script[script_at++];
        return -1;
    }
    script_at += good;
    return (int)syscall(SYS_sendmmsg, fd, messages, good, flags);
}

static unsigned receives;

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    receives++;
    return syscall(SYS_recvmsg, fd, message, flags);
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s", command);
}

static unsigned index_of(const char *name)
{
    const unsigned index = if_nametoindex(name);
    assert_true(index != 0);
    return index;
}

/* A device whose link came up drops what it is given until the kernel's link watch has seen it. */
static void wait_up(void)
{
    run("for name in left right; do for try in $(seq 200); do "
        "ip link show $name | grep -q 'state UP' && break; sleep 0.01; done; done");
}

static void make_cable(void)
{
    run("ip link add left type veth peer name right && ip link set left up && ip link set right up");
    wait_up();
}

static void cut_cable(void)
{
    run("ip link del left");
}

/* A frame with the room before it that those of frame_port_next() have; valid for 512 more. */
static struct frame with_head(const uint8_t *bytes, size_t length)
{
    static uint8_t rooms[512][FRAME_PORT_HEAD_BYTES + 2048];
    static unsigned next;
    uint8_t *room = rooms[next++ % 512] + FRAME_PORT_HEAD_BYTES;
    assert_true(length <= 2048);
    memcpy(room, bytes, length);
    return (struct frame){.bytes = room, .length = length};
}

static struct frame_port *port_on(const char *name, uint32_t slots)
{
    struct frame_port *port = packet_port_open(slots);
    assert_non_null(port);
    assert_int_equal(frame_port_bind(port, index_of(name)), 0);
    return port;
}

/* A plain socket to send with, the stranger at the other end. */
static int stranger_on(const char *name, int with_header)
{
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    const int buffer_bytes = 64 << 20;
    const struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)index_of(name)};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &with_header, sizeof(with_header)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* A frame of `length` bytes with the tags given, its payload from `seed`. */
static void make_frame(uint8_t *bytes, size_t length, const uint16_t *tags, unsigned tag_count, unsigned seed)
{
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8};
    size_t at = sizeof(addresses);
    memcpy(bytes, addresses, sizeof(addresses));
    for (unsigned i = 0; i < 2 * tag_count; i++) {
        bytes[at++] = (uint8_t)(tags[i] >> 8);
        bytes[at++] = (uint8_t)tags[i];
    }
    bytes[at++] = 0x88;
    bytes[at++] = 0xb6; /* IEEE 802 local experimental 2 */
    for (; at < length; at++)
        bytes[at] = (uint8_t)(seed = seed * 1103515245 + 12345, seed >> 16);
}

static void expect_frame(struct frame_port *port, const uint8_t *bytes, size_t length)
{
    struct frame frame;
    assert_true(wait_frame(port, &frame));
    assert_int_equal(frame.length, length);
    assert_int_equal(frame.wire_length, length);
    assert_memory_equal(frame.bytes, bytes, length);
    assert_false(frame.super);
}

static int set_up(void **state)
{
    (void)state;
    script_length = script_at = 0;
    most_pieces = 0;
    if (own_namespace)
        make_cable();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return own_namespace ? system("ip link del left 2>/dev/null || :") : 0;
}

static void need_namespace(void)
{
    if (!own_namespace)
        skip();
}

static void test_nothing_before_bind(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[60];
    struct frame frame;
    struct frame_port *port = packet_port_open(64);
    assert_non_null(port);
    const int fd = stranger_on("right", 0);
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    expect_nothing(port);
    frame = with_head(bytes, sizeof(bytes));
    assert_true(frame_port_queue(port, &frame));
    assert_int_equal(frame_port_flush(port), 1); /* nowhere to send to */
    assert_int_equal(frame_port_bind(port, 0), -ENODEV);
    assert_int_equal(frame_port_bind(port, 99999), -ENODEV);
    assert_int_equal(frame_port_bind(port, index_of("left")), 0);
    assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    expect_frame(port, bytes, sizeof(bytes));
    frame_port_close(port);
    frame_port_close(NULL);
    close(fd);
}

/* From a stranger to `left`, and from there, by queue and by copy, to `right`. */
static void pass_along(struct frame_port *left, struct frame_port *right, int fd, const uint8_t *bytes,
                       size_t length)
{
    struct frame frame;
    assert_int_equal(send(fd, bytes, length, 0), length);
    expect_frame(left, bytes, length);
    frame_port_release(left);
    frame = with_head(bytes, length);
    assert_true(frame_port_queue(left, &frame));
    assert_true(frame_port_queue_copy(left, &frame));
    assert_int_equal(frame_port_flush(left), 0);
    expect_frame(right, bytes, length);
    expect_frame(right, bytes, length);
    frame_port_release(right);
    assert_false(frame_port_next(left, &frame)); /* its own frames it does not hear */
}

static void test_every_length(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[1514];
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 64);
    const int fd = stranger_on("right", 0);
    for (size_t length = 60; length <= sizeof(bytes); length++) {
        make_frame(bytes, length, NULL, 0, (unsigned)length);
        pass_along(left, right, fd, bytes, length);
    }
    assert_int_equal(frame_port_lost(left) + frame_port_lost(right), 0);
    frame_port_close(left);
    frame_port_close(right);
    close(fd);
}

static void test_tags_as_on_the_wire(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        uint16_t tags[6];
        unsigned count;
    } cases[] = {
        {{0x8100, 0x0064}, 1},
        {{0x88a8, 0x0064}, 1},
        {{0x8100, 0x0000}, 1}, /* VID 0, priority 0: there all the same */
        {{0x8100, 0xe000}, 1}, /* VID 0, priority 7 */
        {{0x8100, 0x1fff}, 1}, /* DEI */
        {{0x88a8, 0xf064, 0x8100, 0x6065}, 2},
        {{0x8100, 0x0001, 0x8100, 0x0002}, 2},
        {{0x88a8, 0x0001, 0x88a8, 0x0002}, 2},
        {{0x88a8, 0x0001, 0x8100, 0x0002, 0x8100, 0x0003}, 3},
    };
    uint8_t bytes[1518];
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 64);
    const int fd = stranger_on("right", 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t length = 60; length <= 1514; length += length < 80 ? 1 : 239) {
            make_frame(bytes, length, cases[i].tags, cases[i].count, (unsigned)length);
            pass_along(left, right, fd, bytes, length);
        }
    run("ip link set right mtu 1600"); /* for the stranger, to whom sendmsg() does not allow 0x88a8 */
    for (unsigned i = 0; i < 300;
         i++) { /* a full frame and its tag, more often than the small ring has slots */
        static const unsigned full[] = {0, 1, 5, 6, 7, 8};
        const size_t at = full[i % (sizeof(full) / sizeof(full[0]))];
        make_frame(bytes, 1518, cases[at].tags, cases[at].count, i);
        pass_along(left, right, fd, bytes, 1518);
    }
    frame_port_close(left);
    frame_port_close(right);
    close(fd);
}

static struct virtio_net_hdr header_of(const struct frame *frame)
{
    struct virtio_net_hdr header;
    memcpy(&header, frame->offload, sizeof(header));
    return header;
}

/* A TCP super-frame behind `tag_bytes` of tag, as a host with segmentation offload sends it. */
static struct virtio_net_hdr make_super(uint8_t *bytes, size_t length, size_t tag_bytes, unsigned seed)
{
    static const uint16_t tag[2] = {0x8100, 0xa064};
    const size_t ip = 14 + tag_bytes, ip_bytes = length - ip;
    make_frame(bytes, length, tag, tag_bytes == 0 ? 0 : 1, seed);
    const uint8_t headers[] = {8,    0, 0x45, 0, (uint8_t)(ip_bytes >> 8), (uint8_t)ip_bytes, 0, 1,
                               0x40, 0, 64,   6};
    memcpy(bytes + ip - 2, headers, sizeof(headers));
    bytes[ip + 20 + 12] = 0x50; /* TCP header of 20 bytes */
    bytes[ip + 20 + 13] = 0x10; /* ACK */
    return (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = (uint16_t)(ip + 40),
        .gso_size = 500,
        .csum_start = (uint16_t)(ip + 20),
        .csum_offset = 16,
    };
}

static void send_with(int fd, const struct virtio_net_hdr *header, uint8_t *bytes, size_t length)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)}, {bytes, length}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    assert_int_equal(sendmsg(fd, &message, 0), sizeof(*header) + length);
}

static void expect_super(struct frame_port *port, const uint8_t *bytes, size_t length,
                         const struct virtio_net_hdr *sent, struct frame *frame)
{
    assert_true(wait_frame(port, frame));
    assert_int_equal(frame->length, length);
    assert_int_equal(frame->wire_length, length);
    assert_memory_equal(frame->bytes, bytes, length);
    assert_true(frame->super);
    const struct virtio_net_hdr header = header_of(frame);
    assert_int_equal(header.gso_type, sent->gso_type);
    assert_int_equal(header.gso_size, sent->gso_size);
    assert_int_equal(header.flags, sent->flags);
    assert_int_equal(header.csum_start, sent->csum_start);
    assert_int_equal(header.csum_offset, sent->csum_offset);
    assert_true(header.hdr_len >= sent->hdr_len && header.hdr_len <= length);
}

static void test_super_frames(void **state)
{
    (void)state;
    need_namespace();
    static const size_t lengths[] = {1200, 1800, 1960, 1964, 1968, 1972, 2048, 4096, 65000, 65531};
    uint8_t *bytes = malloc(FRAME_MAX);
    struct frame frame;
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 64);
    const int fd = stranger_on("right", 1);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (size_t tag_bytes = 0; tag_bytes <= 4; tag_bytes += 4) {
            const struct virtio_net_hdr header =
                make_super(bytes, lengths[i] + tag_bytes, tag_bytes, (unsigned)i);
            send_with(fd, &header, bytes, lengths[i] + tag_bytes);
            expect_super(left, bytes, lengths[i] + tag_bytes, &header, &frame);
            assert_true(frame_port_queue(left, &frame));
            assert_true(frame_port_queue_copy(left, &frame));
            assert_int_equal(frame_port_flush(left), 0);
            frame_port_release(left);
            expect_super(right, bytes, lengths[i] + tag_bytes, &header, &frame);
            expect_super(right, bytes, lengths[i] + tag_bytes, &header, &frame);
            frame_port_release(right);
        }
    frame_port_close(left);
    frame_port_close(right);
    close(fd);
    free(bytes);
}

static void test_partial_checksum(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[1000];
    struct frame frame;
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 1);
    for (size_t tag_bytes = 0; tag_bytes <= 4; tag_bytes += 4) {
        struct virtio_net_hdr header = make_super(bytes, sizeof(bytes), tag_bytes, 1);
        header.gso_type = VIRTIO_NET_HDR_GSO_NONE;
        header.gso_size = header.hdr_len = 0;
        send_with(fd, &header, bytes, sizeof(bytes));
        assert_true(wait_frame(left, &frame));
        assert_memory_equal(frame.bytes, bytes, sizeof(bytes));
        assert_false(frame.super);
        const struct virtio_net_hdr got = header_of(&frame);
        assert_int_equal(got.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_int_equal(got.csum_start, header.csum_start);
        assert_int_equal(got.csum_offset, header.csum_offset);
        assert_int_equal(got.hdr_len, 0);
        frame_port_release(left);
    }
    frame_port_close(left);
    close(fd);
}

/* The other end of an interface `guest` is this descriptor, as a virtual machine holds it: its offload headers are
 * taken as they are. */
static int guest_end(void)
{
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, .ifr_name = "guest"};
    if (fd < 0)
        return -1;
    assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
    run("ip link set guest up; for try in $(seq 200); do ip link show guest | grep -q LOWER_UP && break; sleep "
        "0.01; done");
    return fd;
}

static void write_with(int fd, const struct virtio_net_hdr *header, uint8_t *bytes, size_t length)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)}, {bytes, length}};
    assert_int_equal(writev(fd, parts, 2), sizeof(*header) + length);
}

/* Of one datagram that is to be fragmented, a type that the kernel takes and cannot give to a packet socket. */
static struct virtio_net_hdr make_indescribable(uint8_t *bytes, size_t length, uint8_t protocol)
{
    struct virtio_net_hdr header = make_super(bytes, length, 0, 1);
    bytes[14 + 9] = protocol;
    header.gso_type = VIRTIO_NET_HDR_GSO_UDP;
    header.csum_offset = 6;
    return header;
}

/* A virtual machine that sends UDP with fragmentation offload, while others send. */
static void test_no_frame_stops_the_ring(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[4000], small[60];
    const struct virtio_net_hdr plain = {.flags = 0};
    const int fd = guest_end();
    if (fd < 0)
        skip();
    struct frame_port *port = port_on("guest", 64);
    for (unsigned i = 0; i < 200; i++) { /* more than there are slots */
        const struct virtio_net_hdr header = make_indescribable(bytes, sizeof(bytes), IPPROTO_UDP);
        write_with(fd, &header, bytes, sizeof(bytes));
        make_frame(small, sizeof(small), NULL, 0, i);
        write_with(fd, &plain, small, sizeof(small));
        expect_frame(port, small, sizeof(small));
        frame_port_release(port);
        assert_int_equal(frame_port_watch(port), 0);
    }
    expect_nothing(port);
    const struct frame_port_unsupported unsupported = frame_port_unsupported(port);
    assert_int_equal(unsupported.received, 200);
    assert_int_equal(unsupported.not_sent, 0);
    assert_int_equal(frame_port_unsupported(port).received, 0);
    assert_int_equal(frame_port_lost(port), 0);
    frame_port_close(port);
    close(fd);
}

/* TCP in its bytes, UDP in its offload header: no filter can know. */
static void test_stopped_ring_is_made_again(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[4000], small[60];
    const struct virtio_net_hdr plain = {.flags = 0};
    const int fd = guest_end();
    if (fd < 0)
        skip();
    struct frame_port *port = port_on("guest", 64);
    for (unsigned i = 0; i < 5; i++) {
        const struct virtio_net_hdr header = make_indescribable(bytes, sizeof(bytes), IPPROTO_TCP);
        make_frame(small, sizeof(small), NULL, 0, i);
        write_with(fd, &header, bytes, sizeof(bytes));
        int found = 0;
        unsigned lost = 1;
        for (unsigned looks = 0; found == 0 && looks < 3; looks++, lost++) {
            write_with(fd, &plain, small, sizeof(small));
            found = frame_port_watch(port);
        }
        if (found == 0) /* a kernel that has been mended */
            skip();
        assert_int_equal(found, 1);
        for (unsigned n = 0; n < 100; n++) {
            write_with(fd, &plain, small, sizeof(small));
            expect_frame(port, small, sizeof(small));
            frame_port_release(port);
        }
        assert_int_equal(frame_port_lost(port), lost);
    }
    assert_int_equal(frame_port_watch(port), 0);
    frame_port_close(port);
    close(fd);
}

/* From Linux 6.2 on. */
static bool takes_udp_segments(void)
{
    struct utsname name;
    unsigned major, minor;
    assert_int_equal(uname(&name), 0);
    assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
    return major > 6 || (major == 6 && minor >= 2);
}

/* Every third frame does not come by the ring. Returns how many came in their order, of `count`. */
static unsigned in_order(struct frame_port *port, int fd, unsigned count)
{
    uint8_t bytes[3000];
    struct frame frame;
    unsigned good = 0, number;
    for (unsigned i = 0; i < count; i++) {
        struct virtio_net_hdr header = make_super(bytes, sizeof(bytes), 0, 1);
        if (i % 3 == 1) {
            bytes[14 + 9] = IPPROTO_UDP;
            header.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
            header.csum_offset = 6;
        } else if (i % 3 == 2) {
            header = (struct virtio_net_hdr){.flags = 0};
        }
        memcpy(bytes + 1000, &i, sizeof(i));
        send_with(fd, &header, bytes, i % 3 == 2 ? 1200 : sizeof(bytes));
    }
    for (unsigned i = 0; i < count; i++) {
        if (!frame_port_next(port, &frame)) {
            frame_port_release(port);
            assert_true(wait_frame(port, &frame));
        }
        memcpy(&number, frame.bytes + 1000, sizeof(number));
        assert_int_equal(frame.super, number % 3 != 2);
        good += number == i;
    }
    frame_port_release(port);
    return good;
}

/* What the ring does not take stays where it was between frames of the ring, once the kernel stamps frames, which it begins
 * to do in its own time. */
static void test_order_beside_the_ring(void **state)
{
    (void)state;
    need_namespace();
    enum { COUNT = 12 };
    if (!takes_udp_segments())
        skip();
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 1);
    for (unsigned i = 0; i < 1000 && in_order(left, fd, COUNT) < COUNT; i++)
        usleep(1000);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(in_order(left, fd, COUNT), COUNT);
    assert_int_equal(frame_port_unsupported(left).received, 0);
    frame_port_close(left);
    close(fd);
}

/* More of them than are held at once: none is handed out twice, none is lost, the order stays. */
static void test_long_frames_wait_for_release(void **state)
{
    (void)state;
    need_namespace();
    uint8_t *bytes = malloc(FRAME_MAX);
    uint8_t small[60];
    struct frame frames[17];
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 1);
    const struct virtio_net_hdr plain = {.flags = 0};
    for (unsigned i = 0; i < 20; i++) {
        const struct virtio_net_hdr header = make_super(bytes, 30000 + i, 0, i);
        send_with(fd, &header, bytes, 30000 + i);
    }
    make_frame(small, sizeof(small), NULL, 0, 1);
    send_with(fd, &plain, small, sizeof(small));
    for (unsigned i = 0; i < 16; i++)
        assert_true(wait_frame(left, &frames[i]));
    assert_false(frame_port_next(left, &frames[16]));
    assert_false(frame_port_next(left, &frames[16]));
    for (unsigned i = 0; i < 20; i++) {
        if (i == 16)
            frame_port_release(left);
        if (i >= 16)
            assert_true(wait_frame(left, &frames[i - 16]));
        make_super(bytes, 30000 + i, 0, i);
        assert_int_equal(frames[i % 16].length, 30000 + i);
        assert_memory_equal(frames[i % 16].bytes, bytes, 30000 + i);
    }
    expect_frame(left, small, sizeof(small));
    frame_port_release(left);
    expect_nothing(left);
    frame_port_close(left);
    close(fd);
    free(bytes);
}

/* The receive queue is full, the ring is not: what is cut says so, and order and bytes of the rest hold. */
static void test_cut_where_no_copy_is_left(void **state)
{
    (void)state;
    need_namespace();
    enum { SENT = 600, LENGTH = 60000 };
    uint8_t *bytes = malloc(FRAME_MAX);
    struct frame frame;
    unsigned whole = 0, cut = 0;
    struct frame_port *left = port_on("left", 1024);
    const int fd = stranger_on("right", 1);
    for (unsigned i = 0; i < SENT; i++) {
        const struct virtio_net_hdr header = make_super(bytes, LENGTH + i, 0, i);
        send_with(fd, &header, bytes, LENGTH + i);
    }
    for (unsigned i = 0; i < SENT; i++) {
        make_super(bytes, LENGTH + i, 0, i);
        assert_true(wait_frame(left, &frame));
        assert_int_equal(frame.wire_length, LENGTH + i);
        assert_true(frame.super);
        assert_memory_equal(frame.bytes, bytes, frame.length);
        if (frame.length == frame.wire_length)
            whole++;
        else
            cut++;
        frame_port_release(left);
    }
    assert_true(whole > 16);
    assert_true(cut > 0);
    assert_int_equal(frame_port_lost(left), 0);
    expect_nothing(left);
    const struct virtio_net_hdr header = make_super(bytes, LENGTH, 0, 7);
    send_with(fd, &header, bytes, LENGTH);
    expect_super(left, bytes, LENGTH, &header, &frame);
    frame_port_close(left);
    close(fd);
    free(bytes);
}

static void test_ring_overflow_is_counted(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[100];
    struct frame frames[17];
    struct frame_port *left = port_on("left", 9); /* rounded up: 16 */
    const int fd = stranger_on("right", 0);
    for (unsigned i = 0; i < 40; i++) {
        make_frame(bytes, sizeof(bytes), NULL, 0, i);
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    }
    for (unsigned i = 0; i < 16; i++)
        assert_true(wait_frame(left, &frames[i]));
    assert_false(frame_port_next(left, &frames[16])); /* all slots are held: none is handed out twice */
    for (unsigned i = 0; i < 16; i++) {
        make_frame(bytes, sizeof(bytes), NULL, 0, i);
        assert_memory_equal(frames[i].bytes, bytes, sizeof(bytes));
    }
    assert_int_equal(frame_port_lost(left), 24);
    assert_int_equal(frame_port_lost(left), 0);
    frame_port_release(left);
    expect_nothing(left);
    for (unsigned i = 0; i < 100; i++) { /* round and round */
        make_frame(bytes, sizeof(bytes), NULL, 0, i);
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        expect_frame(left, bytes, sizeof(bytes));
        if (i % 3 == 0)
            frame_port_release(left);
    }
    assert_int_equal(frame_port_lost(left), 0);
    frame_port_close(left);
    close(fd);
}

/* Frames that came while others were sent are found without another wake. */
static void test_what_waits_is_seen(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[100];
    struct frame frame;
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 0);
    assert_false(frame_port_waits(left));
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_true(wait_frame(left, &frame));
    frame_port_release(left);
    for (unsigned i = 0; i < 5000 && !frame_port_waits(left); i++) /* the second may be on its way */
        usleep(1000);
    assert_true(frame_port_waits(left));
    assert_true(frame_port_next(left, &frame));
    assert_false(frame_port_waits(left)); /* nothing behind it */
    frame_port_release(left);
    assert_false(frame_port_waits(left));
    frame_port_close(left);
    close(fd);
}

/* A receive that finds nothing costs twice what asking costs, and would be made for each batch. */
static void test_an_empty_queue_is_not_received_from(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[60];
    struct frame frame;
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 0);
    struct pollfd readable = {.fd = frame_port_fd(left), .events = POLLIN};
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        assert_int_equal(poll(&readable, 1, 10000), 1);
        receives = 0;
        assert_true(frame_port_next(left, &frame));
        assert_int_equal(receives, 0);
        frame_port_release(left);
    }
    frame_port_close(left);
    close(fd);
}

/* The kernel wakes whoever waits for a socket each time that a frame sent on it was freed. */
static void test_nobody_waits_for_the_sender(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[60];
    struct tpacket_stats statistics;
    socklen_t length = sizeof(statistics);
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 0);
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    struct frame_port *right = port_on("right", 64);
    pass_along(left, right, fd, bytes, sizeof(bytes));
    frame_port_close(right);
    assert_int_equal(epoll_ctl(frame_port_fd(left), EPOLL_CTL_DEL, sender, NULL), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(getsockopt(sender, SOL_PACKET, PACKET_STATISTICS, &statistics, &length), 0);
    assert_int_equal(statistics.tp_packets, 0);
    frame_port_close(left);
    close(fd);
}

static void queue_numbered(struct frame_port *port, uint8_t (*bytes)[60], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        make_frame(bytes[i], 60, NULL, 0, i);
        const struct frame frame = with_head(bytes[i], 60);
        assert_true(frame_port_queue(port, &frame));
    }
}

static void test_refused_frames_are_counted_and_skipped(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[9][60];
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 64);
    static const int refusals[9] = {ENOBUFS, 0, 0, EAGAIN, ENETDOWN, 0, EMSGSIZE, EPERM, 0};
    memcpy(script, refusals, sizeof(refusals));
    script[8] = EINTR; /* refuses nothing: the ninth is asked again */
    script[9] = 0;
    script_length = 10;
    queue_numbered(left, bytes, 9);
    assert_int_equal(frame_port_flush(left), 5);
    for (unsigned i = 0; i < 9; i++)
        if (refusals[i] == 0)
            expect_frame(right, bytes[i], 60);
    frame_port_release(right);
    expect_nothing(right);
    assert_int_equal(frame_port_flush(left), 0); /* the list is empty: nothing goes twice */
    expect_nothing(right);
    frame_port_close(left);
    frame_port_close(right);
}

static void test_longer_than_the_mtu(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[1514];
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 64);
    run("ip link set left mtu 1000");
    struct frame frame = {.bytes = bytes};
    for (unsigned i = 0; i < 3; i++) {
        frame.length = i == 1 ? 1015 : 1014;
        make_frame(bytes, frame.length, NULL, 0, i);
        assert_true(frame_port_queue_copy(left, &frame));
    }
    assert_int_equal(frame_port_flush(left), 1);
    for (unsigned i = 0; i < 3; i += 2) {
        make_frame(bytes, 1014, NULL, 0, i);
        expect_frame(right, bytes, 1014);
    }
    frame_port_release(right);
    expect_nothing(right);
    frame_port_close(left);
    frame_port_close(right);
}

static void test_list_is_bounded(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[60];
    struct frame_port *left = port_on("left", 64), *right = port_on("right", 1024);
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    struct frame frame = with_head(bytes, sizeof(bytes));
    unsigned queued = 0;
    while (frame_port_queue(left, &frame))
        queued++;
    assert_int_equal(queued, 256);
    assert_false(frame_port_queue_copy(left, &frame));
    assert_int_equal(frame_port_flush(left), 0);
    assert_int_equal(most_pieces, 1);
    for (unsigned i = 0; i < queued; i++)
        expect_frame(right, bytes, sizeof(bytes));
    frame_port_release(right);

    uint8_t *large = calloc(1, FRAME_PORT_COPY_MAX + 1);
    assert_true(FRAME_PORT_COPY_MAX >= 65549);
    frame = (struct frame){.bytes = large, .length = FRAME_PORT_COPY_MAX + 1};
    assert_false(frame_port_queue_copy(left, &frame));
    frame.length--;
    assert_true(frame_port_queue_copy(left, &frame));
    frame.length = 60;
    assert_false(frame_port_queue_copy(left, &frame)); /* no room */
    assert_int_equal(frame_port_flush(left), 1);       /* too long for the link */
    assert_true(frame_port_queue_copy(left, &frame));  /* room again */
    free(large);
    frame_port_close(left);
    frame_port_close(right);
}

struct forwarder {
    struct loop *loop;
    struct frame_port *ports[2];
    struct loop_source *sources[2];
    unsigned wakes, frames, supers;
    uint64_t refused;
};

static void forward(struct forwarder *forwarder, unsigned from)
{
    struct frame_port *in = forwarder->ports[from], *out = forwarder->ports[!from];
    struct frame frame;
    forwarder->wakes++;
    for (unsigned budget = 0; budget < 64 && frame_port_next(in, &frame); budget++) {
        forwarder->frames++;
        forwarder->supers += frame.super;
        if (frame.wire_length > frame.length)
            forwarder->refused++;
        else if (out != NULL)
            assert_true(frame_port_queue(out, &frame));
    }
    if (out != NULL)
        forwarder->refused += frame_port_flush(out);
    frame_port_release(in);
}

static void forward_0(void *context)
{
    forward(context, 0);
}

static void forward_1(void *context)
{
    forward(context, 1);
}

static void stop(void *context)
{
    loop_stop(context);
}

static void run_for(struct loop *loop, uint64_t delay_ns)
{
    struct loop_source *timer = loop_timer(loop, stop, loop);
    loop_timer_set(timer, delay_ns);
    assert_int_equal(loop_run(loop), 0);
    loop_source_free(timer);
}

static void test_link_down_and_up(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[3][60];
    struct forwarder forwarder = {.loop = loop_new(), .ports = {port_on("left", 64)}};
    struct frame_port *left = forwarder.ports[0];
    forwarder.sources[0] =
        loop_readable(forwarder.loop, LOOP_FRAMES, frame_port_fd(left), forward_0, &forwarder);
    for (unsigned i = 0; i < 3; i++) {
        run("ip link set left down");
        forwarder.wakes = forwarder.frames = 0;
        run_for(forwarder.loop, 100 * MS_NS);
        assert_true(forwarder.wakes >= 1 && forwarder.wakes <= 3); /* told once, no spin */
        queue_numbered(left, bytes, 3);
        assert_int_equal(frame_port_flush(left), 3);
        forwarder.wakes = 0;
        run_for(forwarder.loop, 50 * MS_NS);
        assert_true(forwarder.wakes <= 1);

        run("ip link set left up");
        wait_up();
        const int fd = stranger_on("right", 0);
        assert_int_equal(send(fd, bytes[0], 60, 0), 60);
        run_for(forwarder.loop, 50 * MS_NS);
        assert_int_equal(forwarder.frames, 1);
        queue_numbered(left, bytes, 3);
        assert_int_equal(frame_port_flush(left), 0);
        close(fd);
    }
    loop_source_free(forwarder.sources[0]);
    frame_port_close(left);
    loop_free(forwarder.loop);
}

/* Down with frames in the ring and on the queue, error and all: none is lost or mixed up. */
static void test_down_with_frames_waiting(void **state)
{
    (void)state;
    need_namespace();
    uint8_t *bytes = malloc(FRAME_MAX);
    struct frame frame;
    struct frame_port *left = port_on("left", 64);
    const int fd = stranger_on("right", 1);
    const struct virtio_net_hdr header = make_super(bytes, 30000, 0, 1);
    for (unsigned i = 0; i < 3; i++)
        send_with(fd, &header, bytes, 30000);
    run("ip link set left down");
    for (unsigned i = 0; i < 3; i++)
        expect_super(left, bytes, 30000, &header, &frame);
    frame_port_release(left);
    frame_port_next(left, &frame);
    expect_nothing(left);
    frame_port_close(left);
    close(fd);
    free(bytes);
}

static void test_interface_made_anew(void **state)
{
    (void)state;
    need_namespace();
    uint8_t bytes[60], made[1][60];
    struct frame frame;
    struct frame_port *left = port_on("left", 64);
    for (unsigned i = 0; i < 3; i++) {
        cut_cable();
        while (frame_port_next(left, &frame))
            frame_port_release(left);
        expect_nothing(left);
        queue_numbered(left, made, 1);
        assert_int_equal(frame_port_flush(left), 1);
        make_cable();
        const int fd = stranger_on("right", 0);
        make_frame(bytes, sizeof(bytes), NULL, 0, i);
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        expect_nothing(left); /* another interface, though of the same name */
        assert_int_equal(frame_port_bind(left, index_of("left")), 0);
        assert_int_equal(frame_port_bind(left, index_of("left")), 0);
        run("ip -d link show left | grep -q 'promiscuity 1 '");
        assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        expect_frame(left, bytes, sizeof(bytes));
        frame_port_release(left);
        close(fd);
    }
    assert_int_equal(frame_port_bind(left, index_of("right")), 0); /* a move leaves nothing behind */
    run("ip -d link show left | grep -q 'promiscuity 0 '");
    run("ip -d link show right | grep -q 'promiscuity 1 '");
    frame_port_close(left);
    run("ip -d link show right | grep -q 'promiscuity 0 '");
}

static void test_made_anew_under_the_same_index(void **state)
{
    (void)state;
    need_namespace();
    struct frame_port *left = port_on("left", 64);
    const unsigned index = index_of("left");
    char command[160];
    cut_cable();
    snprintf(command, sizeof(command),
             "ip link add left index %u type veth peer name right && ip link set left up && "
             "ip link set right up",
             index);
    run(command);
    wait_up();
    assert_int_equal(index_of("left"), index);
    assert_int_equal(frame_port_bind(left, index), 0);
    run("ip -d link show left | grep -q 'promiscuity 1 '");
    const int fd = stranger_on("right", 0);
    uint8_t bytes[60];
    struct frame frame;
    make_frame(bytes, sizeof(bytes), NULL, 0, 1);
    frame_port_next(left, &frame); /* the ENETDOWN of its predecessor */
    assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    expect_frame(left, bytes, sizeof(bytes));
    frame_port_close(left);
    close(fd);
}

/* One host of the TCP test: a process in a namespace of its own, told when its interface is there. */
struct host {
    pid_t pid;
    int tell, hear;
};

static uint8_t tcp_byte(unsigned at)
{
    return (uint8_t)(at * 2654435761u >> 24);
}

static int tcp_send(const struct sockaddr_in *to)
{
    static uint8_t bytes[1 << 18];
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
        return 10;
    for (unsigned at = 0; at < TCP_BYTES;) {
        const unsigned take = TCP_BYTES - at < sizeof(bytes) ? TCP_BYTES - at : (unsigned)sizeof(bytes);
        for (unsigned i = 0; i < take; i++)
            bytes[i] = tcp_byte(at + i);
        for (unsigned gone = 0; gone < take;) {
            const ssize_t sent = send(fd, bytes + gone, take - gone, MSG_NOSIGNAL);
            if (sent <= 0)
                return 11;
            gone += (unsigned)sent;
        }
        at += take;
    }
    shutdown(fd, SHUT_WR);
    char end;
    return recv(fd, &end, 1, 0) == 1 ? 0 : 12;
}

static int tcp_receive(int listener)
{
    static uint8_t bytes[1 << 18];
    const int fd = accept(listener, NULL, NULL);
    unsigned at = 0;
    ssize_t length;
    while ((length = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        for (ssize_t i = 0; i < length; i++)
            if (bytes[i] != tcp_byte(at++))
                return 20;
    if (length < 0 || at != TCP_BYTES)
        return 21;
    return send(fd, "", 1, MSG_NOSIGNAL) == 1 ? 0 : 22;
}

static int be_host(unsigned number, int tell, int hear)
{
    char token = 0, command[128];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(TCP_PORT)};
    inet_pton(AF_INET, "10.9.0.1", &address.sin_addr);
    alarm(120); /* an emulated machine is slow */
    if (unshare(CLONE_NEWNET) != 0 || write(tell, "u", 1) != 1 || read(hear, &token, 1) != 1)
        return 1;
    snprintf(command, sizeof(command), "ip addr add 10.9.0.%u/24 dev host%u && ip link set host%u up", number,
             number, number);
    if (system(command) != 0)
        return 2;
    if (number == 2)
        return write(tell, "c", 1) == 1 && read(hear, &token, 1) == 1 ? tcp_send(&address) : 3;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 1) != 0)
        return 4;
    return write(tell, "c", 1) == 1 && read(hear, &token, 1) == 1 ? tcp_receive(listener) : 5;
}

static struct host start_host(unsigned number, const char *options)
{
    int down[2], up[2];
    char token, command[256];
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    struct host host = {.pid = fork(), .tell = down[1], .hear = up[0]};
    assert_true(host.pid >= 0);
    if (host.pid == 0)
        _exit(be_host(number, up[1], down[0]));
    close(down[0]);
    close(up[1]);
    assert_int_equal(read(host.hear, &token, 1), 1);
    snprintf(command, sizeof(command),
             "ip link add cable%u type veth peer name host%u netns %d && ip link set cable%u up && "
             "{ [ -z '%s' ] || nsenter -t %d -n ethtool -K host%u %s >/dev/null; }",
             number, number, (int)host.pid, number, options, (int)host.pid, number, options);
    run(command);
    assert_int_equal(write(host.tell, "g", 1), 1);
    assert_int_equal(read(host.hear, &token, 1), 1);
    return host;
}

static void end_host(struct host *host)
{
    if (host->pid <= 0)
        return;
    int status;
    assert_int_equal(waitpid(host->pid, &status, 0), host->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(host->tell);
    close(host->hear);
}

static bool host_done(const struct host *host)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)host->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Host 2 sends 20 MB to host 1, through two ports of ours. */
static void tcp_through(const char *options, struct forwarder *forwarder)
{
    static void (*const ready[2])(void *context) = {forward_0, forward_1};
    static const char *const names[2] = {"cable1", "cable2"};
    struct host hosts[2] = {start_host(1, options), start_host(2, options)};
    *forwarder = (struct forwarder){.loop = loop_new()};
    for (unsigned i = 0; i < 2; i++) {
        forwarder->ports[i] = port_on(names[i], 1024);
        forwarder->sources[i] = loop_readable(forwarder->loop, LOOP_FRAMES, frame_port_fd(forwarder->ports[i]),
                                              ready[i], forwarder);
        assert_int_equal(write(hosts[i].tell, "g", 1), 1);
    }
    for (unsigned turn = 0; turn < 12000 && !(host_done(&hosts[0]) && host_done(&hosts[1])); turn++)
        run_for(forwarder->loop, 10 * MS_NS);
    for (unsigned i = 0; i < 2; i++) {
        end_host(&hosts[i]);
        loop_source_free(forwarder->sources[i]);
        frame_port_close(forwarder->ports[i]);
    }
    loop_free(forwarder->loop);
    /* Their namespaces go some time after their hosts. */
    run("ip link del cable1 2>/dev/null; ip link del cable2 2>/dev/null; :");
}

static void test_tcp_with_offloads(void **state)
{
    (void)state;
    need_namespace();
    struct forwarder forwarder;
    tcp_through("", &forwarder);
    assert_true(forwarder.supers > 100);
    assert_true(forwarder.frames < TCP_BYTES / 1448); /* as super-frames, not segments */
}

static void test_tcp_without_offloads(void **state)
{
    (void)state;
    need_namespace();
    struct forwarder forwarder;
    tcp_through("tx off rx off sg off tso off gso off gro off", &forwarder);
    assert_int_equal(forwarder.supers, 0);
    assert_true(forwarder.frames > TCP_BYTES / 1500);
}

static bool enter_namespace(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
        return false;
    /* Router solicitations and the like would be frames that no test sent. */
    const int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        const bool quiet = write(fd, "1", 1) == 1;
        close(fd);
        return quiet;
    }
    return true; /* a kernel without IPv6 */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    own_namespace = enter_namespace();
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_before_bind),
        TEST(test_every_length),
        TEST(test_tags_as_on_the_wire),
        TEST(test_super_frames),
        TEST(test_partial_checksum),
        TEST(test_no_frame_stops_the_ring),
        TEST(test_stopped_ring_is_made_again),
        TEST(test_order_beside_the_ring),
        TEST(test_long_frames_wait_for_release),
        TEST(test_cut_where_no_copy_is_left),
        TEST(test_ring_overflow_is_counted),
        TEST(test_what_waits_is_seen),
        TEST(test_an_empty_queue_is_not_received_from),
        TEST(test_nobody_waits_for_the_sender),
        TEST(test_refused_frames_are_counted_and_skipped),
        TEST(test_longer_than_the_mtu),
        TEST(test_list_is_bounded),
        TEST(test_link_down_and_up),
        TEST(test_down_with_frames_waiting),
        TEST(test_interface_made_anew),
        TEST(test_made_anew_under_the_same_index),
        TEST(test_tcp_with_offloads),
        TEST(test_tcp_without_offloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
