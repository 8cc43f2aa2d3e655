/* test_tap_port.c: frames through a tap, in a network namespace of its own (root, /dev/net/tun).
 * The stranger is a packet socket on the tap: what it sends is what the kernel sends into the tap. */
#include "pearpd/netlink.h"
#include "pearpd/netlink_link.h"
#include "pearpd/tap_port.h"

#include "../lib/frame_port_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAME_MAX 66000

static const char *why_not; /* NULL: it can be tried */

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void need_tap(void)
{
    if (why_not != NULL) {
        print_message("# %s\n", why_not);
        skip();
    }
}

static int tear_down(void **state)
{
    (void)state;
    return why_not == NULL ? system("ip link del box 2>/dev/null || :") : 0;
}

/* The kernel sends nothing out of an interface before it has noticed the carrier, some time after the attachment. */
static void wait_carrier(void)
{
    run("timeout 20 sh -c 'until ip link show box | grep -q \"state UP\"; do sleep 0.01; done'");
}

/* A tap that is made, and up, without the chatter of IPv6. */
static struct frame_port *make_tap(void)
{
    struct frame_port *port = tap_port_open("box");
    assert_non_null(port);
    assert_int_equal(tap_port_create(port), 0);
    run("ip link set box up");
    return port;
}

static int stranger(void)
{
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, buffer_bytes = 64 << 20;
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("box")};
    const struct timeval patience = {.tv_sec = 2};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static const struct virtio_net_hdr plain = {.flags = 0};

static void send_with(int fd, const struct virtio_net_hdr *header, uint8_t *bytes, size_t length)
{
    const struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)}, {bytes, length}};
    assert_int_equal(writev(fd, parts, 2), sizeof(*header) + length);
}

static void make_frame(uint8_t *bytes, size_t length, unsigned seed)
{
    static const uint8_t headers[14] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb6};
    memcpy(bytes, headers, sizeof(headers));
    for (size_t at = sizeof(headers); at < length; at++)
        bytes[at] = (uint8_t)(seed = seed * 1103515245 + 12345, seed >> 16);
}

/* A TCP super-frame, as the kernel forwards one. */
static struct virtio_net_hdr make_super(uint8_t *bytes, size_t length, unsigned seed)
{
    const size_t ip_bytes = length - 14;
    make_frame(bytes, length, seed);
    const uint8_t headers[] = {8,    0, 0x45, 0, (uint8_t)(ip_bytes >> 8), (uint8_t)ip_bytes, 0, 1,
                               0x40, 0, 64,   6};
    memcpy(bytes + 12, headers, sizeof(headers));
    bytes[34 + 12] = 0x50; /* TCP header of 20 bytes */
    bytes[34 + 13] = 0x10; /* ACK */
    return (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = 54,
        .gso_size = 500,
        .csum_start = 34,
        .csum_offset = 16,
    };
}

static void expect_frame(struct frame_port *port, const uint8_t *bytes, size_t length, bool super)
{
    struct frame frame;
    assert_true(wait_frame(port, &frame));
    assert_int_equal(frame.length, length);
    assert_int_equal(frame.wire_length, length);
    assert_memory_equal(frame.bytes, bytes, length);
    assert_int_equal(frame.super, super);
}

/* What the stranger hears: the frame, and its header. */
static struct virtio_net_hdr expect_heard(int fd, const uint8_t *bytes, size_t length)
{
    static uint8_t heard[FRAME_MAX];
    struct virtio_net_hdr header;
    struct iovec parts[2] = {{&header, sizeof(header)}, {heard, sizeof(heard)}};
    assert_int_equal(readv(fd, parts, 2), sizeof(header) + length);
    assert_memory_equal(heard, bytes, length);
    return header;
}

static void test_every_length(void **state)
{
    (void)state;
    need_tap();
    uint8_t bytes[1514];
    struct frame_port *port = make_tap();
    const int fd = stranger();
    for (size_t length = 14; length <= sizeof(bytes); length++) {
        make_frame(bytes, length, (unsigned)length);
        send_with(fd, &plain, bytes, length);
        expect_frame(port, bytes, length, false);
        frame_port_release(port);
        const struct frame frame = {.bytes = bytes, .length = length};
        assert_true(length % 2 == 0 ? frame_port_queue(port, &frame) : frame_port_queue_copy(port, &frame));
        assert_int_equal(frame_port_flush(port), 0);
        expect_heard(fd, bytes, length);
    }
    expect_nothing(port); /* its own frames it does not hear */
    assert_int_equal(frame_port_lost(port), 0);
    frame_port_close(port);
    close(fd);
}

/* The kernel strips a tag from what it receives, and puts it back on what it sends. */
static void test_tags(void **state)
{
    (void)state;
    need_tap();
    static const uint16_t tpids[] = {0x8100, 0x88a8};
    uint8_t bytes[1518];
    struct frame_port *port = make_tap();
    const int fd = stranger();
    for (size_t i = 0; i < 2; i++)
        for (size_t length = 60; length <= sizeof(bytes); length += 243) {
            make_frame(bytes, length, (unsigned)length);
            const uint16_t tag[2] = {htons(tpids[i]), htons(0xa064)};
            memcpy(bytes + 12, tag, sizeof(tag));
            const struct frame frame = {.bytes = bytes, .length = length};
            assert_true(frame_port_queue(port, &frame));
            assert_int_equal(frame_port_flush(port), 0);
            if (length < 1518) {
                send_with(fd, &plain, bytes, length);
                expect_frame(port, bytes, length, false);
                frame_port_release(port);
            }
        }
    frame_port_close(port);
    close(fd);
}

static void test_super_frames(void **state)
{
    (void)state;
    need_tap();
    static const size_t lengths[] = {1200, 1515, 2048, 4096, 30000, 65000, 65535};
    uint8_t *bytes = malloc(FRAME_MAX);
    struct frame frame;
    struct frame_port *port = make_tap();
    const int fd = stranger();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct virtio_net_hdr sent = make_super(bytes, lengths[i], (unsigned)i);
        send_with(fd, &sent, bytes, lengths[i]);
        assert_true(wait_frame(port, &frame));
        assert_int_equal(frame.length, lengths[i]);
        assert_memory_equal(frame.bytes, bytes, lengths[i]);
        assert_true(frame.super);
        assert_true(frame_port_queue(port, &frame));
        assert_int_equal(frame_port_flush(port), 0);
        frame_port_release(port);
        const struct virtio_net_hdr heard = expect_heard(fd, bytes, lengths[i]);
        assert_int_equal(heard.gso_type, sent.gso_type);
        assert_int_equal(heard.gso_size, sent.gso_size);
        assert_int_equal(heard.flags, sent.flags);
        assert_int_equal(heard.csum_start, sent.csum_start);
        assert_int_equal(heard.csum_offset, sent.csum_offset);
    }
    frame_port_close(port);
    close(fd);
    free(bytes);
}

static void test_partial_checksum(void **state)
{
    (void)state;
    need_tap();
    uint8_t bytes[1000];
    struct frame frame;
    struct frame_port *port = make_tap();
    const int fd = stranger();
    struct virtio_net_hdr header = make_super(bytes, sizeof(bytes), 1);
    header.gso_type = VIRTIO_NET_HDR_GSO_NONE;
    header.gso_size = 0;
    send_with(fd, &header, bytes, sizeof(bytes));
    assert_true(wait_frame(port, &frame));
    assert_false(frame.super);
    struct virtio_net_hdr got;
    memcpy(&got, frame.offload, sizeof(got));
    assert_int_equal(got.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(got.csum_start, 34);
    assert_int_equal(got.csum_offset, 16);
    frame_port_close(port);
    close(fd);
}

/* More than there is room for: none is handed out over another, none is lost, the order stays. */
static void test_room_is_bounded(void **state)
{
    (void)state;
    need_tap();
    enum { SENT = 30, LENGTH = 60000 };
    uint8_t *bytes = malloc(FRAME_MAX);
    struct frame frames[SENT];
    unsigned first = 0;
    struct frame_port *port = make_tap();
    const int fd = stranger();
    for (unsigned i = 0; i < SENT; i++) {
        const struct virtio_net_hdr header = make_super(bytes, LENGTH + i, i);
        send_with(fd, &header, bytes, LENGTH + i);
    }
    while (first < SENT) {
        unsigned next = first;
        while (next < SENT && frame_port_next(port, &frames[next]))
            next++;
        assert_true(next > first + 4 && next < first + 20);
        assert_true(next == SENT || !frame_port_next(port, &frames[next]));
        for (; first < next; first++) {
            make_super(bytes, LENGTH + first, first);
            assert_int_equal(frames[first].length, LENGTH + first);
            assert_memory_equal(frames[first].bytes, bytes, LENGTH + first);
        }
        frame_port_release(port);
    }
    expect_nothing(port);
    assert_int_equal(frame_port_lost(port), 0);
    frame_port_close(port);
    close(fd);
    free(bytes);
}

static void test_lost_frames_are_counted(void **state)
{
    (void)state;
    need_tap();
    uint8_t bytes[100];
    struct frame frame;
    unsigned taken = 0;
    /* Its line comes behind more than one read of the kernel's list. */
    run("for n in $(seq 60); do ip tuntap add x$n mode tap; done");
    run("ip tuntap add box mode tap && ip link set box txqueuelen 16 up");
    struct frame_port *port = tap_port_open("box");
    assert_non_null(port);
    assert_int_equal(frame_port_bind(port, if_nametoindex("box")), 0);
    const int fd = stranger();
    make_frame(bytes, sizeof(bytes), 1);
    for (unsigned i = 0; i < 40; i++)
        send_with(fd, &plain, bytes, sizeof(bytes));
    assert_false(tap_port_taken(port).empty[FAST_SOCKET_RING]);
    while (frame_port_next(port, &frame))
        taken++;
    assert_true(taken > 0 && taken < 40);
    assert_true(tap_port_taken(port).empty[FAST_SOCKET_RING]);
    assert_true(tap_port_taken(port).is_rough);
    assert_int_equal(tap_port_taken(port).frames[FAST_SOCKET_RING], taken);
    assert_int_equal(frame_port_lost(port), 40 - taken);
    assert_int_equal(frame_port_lost(port), 0);
    frame_port_close(port);
    port = tap_port_open("box"); /* what was lost before is not this one's loss */
    assert_int_equal(frame_port_bind(port, if_nametoindex("box")), 0);
    assert_int_equal(frame_port_lost(port), 0);
    frame_port_close(port);
    close(fd);
    run("for n in $(seq 60); do ip link del x$n; done");
}

static void expect_refused(struct frame_port *port, uint64_t count)
{
    uint8_t bytes[60];
    make_frame(bytes, sizeof(bytes), 1);
    const struct frame frame = {.bytes = bytes, .length = sizeof(bytes)};
    for (unsigned i = 0; i < 3; i++)
        assert_true(frame_port_queue(port, &frame));
    assert_int_equal(frame_port_flush(port), count);
    assert_int_equal(frame_port_flush(port), 0);
}

static void test_down_deleted_and_made_anew(void **state)
{
    (void)state;
    need_tap();
    uint8_t bytes[60];
    struct frame_port *port = tap_port_open("box");
    assert_non_null(port);
    expect_refused(port, 3); /* attached to nothing */
    expect_nothing(port);
    assert_int_equal(frame_port_lost(port), 0);
    assert_int_equal(tap_port_create(port), 0);
    const int epoll = frame_port_fd(port);
    run("ip link set box up");
    expect_refused(port, 0);
    run("ip link set box down");
    expect_refused(port, 3);
    expect_nothing(port);
    make_frame(bytes, sizeof(bytes), 7);
    const struct frame small = {.bytes = bytes, .length = 13};
    run("ip link set box up");
    assert_true(frame_port_queue(port, &small)); /* shorter than an Ethernet header */
    assert_int_equal(frame_port_flush(port), 1);
    for (unsigned i = 0; i < 3; i++) {
        struct frame frame;
        run("ip link del box");
        assert_false(frame_port_next(port, &frame));
        expect_nothing(port); /* not readable for ever: no spin */
        expect_refused(port, 3);
        assert_int_equal(frame_port_bind(port, 99999), -ENODEV);
        assert_int_equal(if_nametoindex("box"), 0); /* asking for it has not made it */
        run("ip tuntap add box mode tap && ip link set box up");
        assert_int_equal(frame_port_bind(port, if_nametoindex("box")), 0);
        assert_int_equal(frame_port_bind(port, if_nametoindex("box")), 0);
        assert_int_equal(frame_port_fd(port), epoll);
        wait_carrier();
        const int fd = stranger();
        send_with(fd, &plain, bytes, sizeof(bytes));
        expect_frame(port, bytes, sizeof(bytes), false);
        frame_port_release(port);
        expect_refused(port, 0);
        close(fd);
    }
    run("ip link set box down && ip link set box name other && ip tuntap add box mode tap && ip link set box "
        "up");
    assert_int_equal(frame_port_bind(port, if_nametoindex("box")), 0); /* the one that has the name now */
    expect_refused(port, 0);
    run("ip link del other");
    expect_nothing(port);
    frame_port_close(port);
    frame_port_close(NULL);
}

static void test_it_outlives_the_port(void **state)
{
    (void)state;
    need_tap();
    struct frame_port *port = make_tap();
    const unsigned index = if_nametoindex("box");
    struct frame_port *rival = tap_port_open("box");
    assert_int_equal(frame_port_bind(rival, index), -EBUSY);
    assert_int_equal(tap_port_create(rival), -EBUSY);
    frame_port_close(port);
    assert_int_equal(if_nametoindex("box"), index);
    assert_int_equal(frame_port_bind(rival, index), 0);
    frame_port_close(rival);
    assert_int_equal(if_nametoindex("box"), index);
}

static void test_what_is_no_tap(void **state)
{
    (void)state;
    need_tap();
    struct frame_port *port = tap_port_open("lo");
    assert_int_equal(frame_port_bind(port, 0), -ENODEV);
    assert_int_equal(frame_port_bind(port, if_nametoindex("lo")), -EINVAL);
    assert_int_equal(tap_port_create(port), -EINVAL);
    frame_port_close(port);
    run("ip tuntap add box mode tun");
    port = tap_port_open("box");
    assert_int_equal(frame_port_bind(port, if_nametoindex("box")), -EINVAL);
    frame_port_close(port);
    run("ip link del box && ip tuntap add box mode tap multi_queue");
    port = tap_port_open("box");
    assert_int_equal(frame_port_bind(port, if_nametoindex("box")), -EINVAL);
    frame_port_close(port);
}

static void test_settings(void **state)
{
    (void)state;
    need_tap();
    struct netlink *netlink = netlink_open();
    struct frame_port *port = make_tap();
    struct link_info link;
    const struct link_settings settings = {
        .mac = {{2, 0x50, 0x52, 1, 2, 3}}, .mtu_bytes = 1400, .queue_frames = 77};
    assert_int_equal(netlink_link(netlink, "box", &link), 0);
    assert_int_equal(netlink_link_set(netlink, link.index, &settings), 0);
    assert_int_equal(netlink_link(netlink, "box", &link), 0);
    assert_true(mac_equal(link.mac, settings.mac));
    assert_int_equal(link.mtu_bytes, 1400);
    run("ip link show box | grep -q 'qlen 77'");
    assert_int_equal(netlink_link_set(netlink, 99999, &settings), -ENODEV);
    frame_port_close(port);
    netlink_close(netlink);
}

/* NULL, or why there are no taps here. */
static const char *enter_namespace(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        return "needs root, for a network namespace of its own";
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return "/dev/net/tun cannot be opened";
    close(fd);
    run("ip link set lo up && sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
    return NULL;
}

int main(void)
{
    why_not = enter_namespace();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_every_length, tear_down),
        cmocka_unit_test_teardown(test_tags, tear_down),
        cmocka_unit_test_teardown(test_super_frames, tear_down),
        cmocka_unit_test_teardown(test_partial_checksum, tear_down),
        cmocka_unit_test_teardown(test_room_is_bounded, tear_down),
        cmocka_unit_test_teardown(test_lost_frames_are_counted, tear_down),
        cmocka_unit_test_teardown(test_down_deleted_and_made_anew, tear_down),
        cmocka_unit_test_teardown(test_it_outlives_the_port, tear_down),
        cmocka_unit_test_teardown(test_what_is_no_tap, tear_down),
        cmocka_unit_test_teardown(test_settings, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
