/* test_fast_loader.c: the fast path's programs in a kernel: loaded, attached beside others, pinned, taken over, removed; and
 * each frame's one fate between the other port and the sockets at the punt device.
 * In a network namespace of its own. Needs the right to load programs; skipped without, and says why. */
#include "pearpd/clock.h"
#include "pearpd/fast_loader.h"
#include "pearpd/netlink_punt.h"
#include "pearpd/packet_port.h"

#include "../lib/world.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LEAVES        64
#define SLOT          7
#define PORT          2000
#define FRAME         60
#define TRIES         100
#define WAIT_MS       150  /* for what must not come */
#define PATIENCE_MS   5000 /* for what must */
#define ETHERTYPE_V6  0x86dd
#define OTHER_PROGRAM "somebody_else"

static const struct mac other = {{0x02, 1, 2, 3, 4, 5}};
static const char *const name_ends[] = {"", ".x", "_x", "/../x", "%2Ex", " \xff"};
static char name[32];
static bool possible;
static unsigned ifindexes[SIDES]; /* of port0, port1; their peers are host0, host1 */

static bool run(const char *command)
{
    return system(command) == 0;
}

static struct fast_loader *open_loader(uint32_t leaves)
{
    char why[FAST_LOADER_WHY_BYTES] = "";
    struct fast_loader *loader;
    if (fast_loader_open(&loader, name, leaves, 1, why, sizeof(why)) != 0)
        fprintf(stderr, "# %s\n", why);
    assert_non_null(loader);
    return loader;
}

static void attach(struct fast_loader *loader)
{
    char why[FAST_LOADER_WHY_BYTES] = "";
    for (unsigned side = 0; side < SIDES; side++) {
        if (fast_loader_attach(loader, (enum side)side, ifindexes[side], FAST_AT_INGRESS, why, sizeof(why)) !=
            0)
            fprintf(stderr, "# %s\n", why);
        assert_true(fast_loader_is_attached(loader, (enum side)side));
    }
}

static bool has_clsact(void)
{
    return run("tc qdisc show dev port0 | grep -q clsact");
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    if (!possible)
        skip();
    struct fast_loader *loader = open_loader(LEAVES);
    assert_false(fast_loader_was_taken_over(loader));
    assert_false(fast_loader_is_attached(loader, SIDE_UPSTREAM));
    attach(loader);
    assert_true(has_clsact());
    assert_true(run("tc qdisc del dev port0 clsact")); /* by somebody else */
    assert_false(fast_loader_is_attached(loader, SIDE_UPSTREAM));
    attach(loader);
    fast_loader_close(loader, false);
    assert_false(has_clsact());
    loader = open_loader(LEAVES);
    assert_false(fast_loader_was_taken_over(loader));
    fast_loader_close(loader, false);
}

static void test_taken_over(void **state)
{
    char why[FAST_LOADER_WHY_BYTES];
    (void)state;
    if (!possible)
        skip();
    struct fast_loader *loader = open_loader(LEAVES);
    const bool pinned = fast_loader_is_pinned(loader);
    attach(loader);
    fast_loader_memory(loader)->config->vlan = 7;
    fast_loader_close(loader, true);
    assert_true(has_clsact() == pinned);
    if (!pinned)
        skip(); /* no BPF file system */
    loader = open_loader(LEAVES);
    assert_true(fast_loader_was_taken_over(loader));
    assert_int_equal(fast_loader_memory(loader)->config->vlan, 7);
    assert_false(fast_loader_is_attached(loader, SIDE_UPSTREAM)); /* it is that of the one before */
    attach(loader);
    assert_true(run("test $(tc filter show dev port0 ingress | grep -c 'handle 0x1') = 1"));
    fast_loader_close(loader, true);
    loader = open_loader(LEAVES + 1); /* another shape */
    assert_false(fast_loader_was_taken_over(loader));
    assert_int_equal(fast_loader_memory(loader)->config->vlan, 0);
    attach(loader);
    fast_loader_close(loader, true);
    assert_true(has_clsact());
    assert_int_equal(fast_loader_remove_all(name, (unsigned[SIDES]){0}, why, sizeof(why)), 0);
    assert_false(has_clsact());
    assert_int_equal(fast_loader_remove_all(name, ifindexes, why, sizeof(why)), 0);
    loader = open_loader(LEAVES);
    assert_false(fast_loader_was_taken_over(loader));
    fast_loader_close(loader, false);
}

/* What was left on an interface that the next one does not use. */
static void test_another_interface(void **state)
{
    (void)state;
    if (!possible)
        skip();
    struct fast_loader *loader = open_loader(LEAVES);
    attach(loader);
    assert_int_equal(
        fast_loader_attach(loader, SIDE_UPSTREAM, if_nametoindex("host0"), FAST_AT_INGRESS, NULL, 0), 0);
    assert_false(has_clsact());
    assert_true(fast_loader_is_attached(loader, SIDE_UPSTREAM));
    assert_int_equal(fast_loader_attach(loader, SIDE_UPSTREAM, 4711, FAST_AT_INGRESS, NULL, 0) != 0, true);
    assert_int_equal(fast_loader_attach(loader, SIDE_UPSTREAM, 0, FAST_AT_INGRESS, NULL, 0), -ENODEV);
    fast_loader_close(loader, false);
}

/* A program of somebody else, at `priority` of an interface, whose qdisc is made if need be. */
static int attach_other(unsigned ifindex, enum bpf_tc_attach_point point, uint32_t priority)
{
    const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
                                    {.code = BPF_JMP | BPF_EXIT}};
    struct bpf_tc_hook hook;
    struct bpf_tc_opts place;
    const int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, OTHER_PROGRAM, "Dual BSD/GPL", pass, 2, NULL);
    assert_true(fd >= 0);
    memset(&hook, 0, sizeof(hook));
    memset(&place, 0, sizeof(place));
    hook.sz = sizeof(hook);
    hook.ifindex = (int)ifindex;
    hook.attach_point = point;
    place.sz = sizeof(place);
    place.prog_fd = fd;
    place.handle = 1;
    place.priority = priority;
    bpf_tc_hook_create(&hook);
    const int error = bpf_tc_attach(&hook, &place);
    close(fd);
    return error;
}

static void test_beside_others(void **state)
{
    (void)state;
    if (!possible)
        skip();
    assert_int_equal(attach_other(ifindexes[0], BPF_TC_EGRESS, 9), 0);
    struct fast_loader *loader = open_loader(LEAVES);
    attach(loader);
    assert_int_equal(attach_other(ifindexes[1], BPF_TC_INGRESS, 9), 0); /* in the qdisc of the loader */
    fast_loader_close(loader, false);
    assert_true(run("tc filter show dev port0 egress | grep -q " OTHER_PROGRAM));
    assert_true(run("tc filter show dev port1 ingress | grep -q " OTHER_PROGRAM));
    assert_false(run("tc filter show dev port1 ingress | grep -q fast_ingress"));
    assert_true(run("tc qdisc del dev port0 clsact && tc qdisc del dev port1 clsact"));
    assert_true(run("tc qdisc add dev port0 clsact")); /* empty, and not ours */
    loader = open_loader(LEAVES);
    attach(loader);
    fast_loader_close(loader, false);
    assert_true(has_clsact());
    assert_true(run("tc qdisc del dev port0 clsact"));
}

static void test_place_is_taken(void **state)
{
    char why[FAST_LOADER_WHY_BYTES];
    (void)state;
    if (!possible)
        skip();
    assert_int_equal(attach_other(ifindexes[0], BPF_TC_INGRESS, 20549), 0);
    struct fast_loader *loader = open_loader(LEAVES);
    assert_int_equal(fast_loader_attach(loader, SIDE_UPSTREAM, ifindexes[0], FAST_AT_INGRESS, why, sizeof(why)),
                     -EEXIST);
    assert_non_null(strstr(why, "another"));
    fast_loader_close(loader, false);
    assert_true(run("tc filter show dev port0 ingress | grep -q " OTHER_PROGRAM));
    assert_true(run("tc qdisc del dev port0 clsact"));
}

static void test_arguments(void **state)
{
    char why[FAST_LOADER_WHY_BYTES], long_name[FAST_LOADER_NAME_MAX + 2];
    struct fast_loader *loader;
    (void)state;
    if (!possible)
        skip();
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(fast_loader_open(&loader, "", LEAVES, 1, why, sizeof(why)), -EINVAL);
    assert_int_equal(fast_loader_open(&loader, long_name, LEAVES, 1, why, sizeof(why)), -EINVAL);
    assert_null(loader);
    assert_int_equal(fast_loader_open(&loader, name, 0, 1, why, sizeof(why)), -EINVAL);
    assert_int_equal(fast_loader_open(&loader, name, LEAVES, FAST_COLUMNS_MAX + 1, NULL, 0), -EINVAL);
    fast_loader_close(NULL, true);
}

/* Configuration files have such names; each has pins of its own. */
static void test_names(void **state)
{
    struct fast_loader *loaders[sizeof(name_ends) / sizeof(name_ends[0])];
    char each[64];
    (void)state;
    if (!possible)
        skip();
    for (unsigned i = 0; i < sizeof(name_ends) / sizeof(name_ends[0]); i++) {
        snprintf(each, sizeof(each), "%s%s", name, name_ends[i]);
        assert_int_equal(fast_loader_open(&loaders[i], each, LEAVES, 1, NULL, 0), 0);
        assert_false(fast_loader_was_taken_over(loaders[i]));
        assert_int_equal(fast_loader_is_pinned(loaders[i]), fast_loader_is_pinned(loaders[0]));
    }
    for (unsigned i = 0; i < sizeof(name_ends) / sizeof(name_ends[0]); i++)
        fast_loader_close(loaders[i], false);
}

static void test_sides_change_places(void **state)
{
    (void)state;
    if (!possible)
        skip();
    struct fast_loader *loader = open_loader(LEAVES);
    attach(loader);
    for (unsigned side = 0; side < SIDES; side++)
        assert_int_equal(fast_loader_attach(loader, (enum side)side, ifindexes[side_other((enum side)side)],
                                            FAST_AT_INGRESS, NULL, 0),
                         0);
    assert_true(fast_loader_is_attached(loader, SIDE_UPSTREAM));
    assert_true(fast_loader_is_attached(loader, SIDE_DOWNSTREAM));
    fast_loader_close(loader, false);
    assert_false(has_clsact());
    assert_false(run("tc qdisc show dev port1 | grep -q clsact"));
}

/* Frames. */

/* `filter` -1: one that hears what comes in; else what leaves. */
static int open_socket(unsigned interface, int filter)
{
    const int fd = socket(AF_PACKET, SOCK_RAW, 0), ignored = filter < 0;
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)interface};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignored, sizeof(ignored)), 0);
    if (filter >= 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &filter, sizeof(filter)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* 0: none came. */
static size_t received_within(int wait_ms, int fd, uint8_t bytes[static FRAME + 4])
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    const ssize_t length = poll(&pollfd, 1, wait_ms) > 0 ? recv(fd, bytes, FRAME + 4, MSG_DONTWAIT) : -1;
    return length < 0 ? 0 : (size_t)length;
}

static size_t received(int fd, uint8_t bytes[static FRAME + 4])
{
    return received_within(PATIENCE_MS, fd, bytes);
}

static bool nothing_comes(int fd)
{
    uint8_t bytes[FRAME + 4];
    return received_within(WAIT_MS, fd, bytes) == 0;
}

static void put_mac(const struct fast_memory *m, struct mac mac, enum side side)
{
    const uint64_t number = mac_number(mac);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    m->macs[fast_mac_bucket_of(number, m->config->mac_key)].ways[side] =
        (struct fast_mac){FAST_MAC_HELD | FAST_MAC_SIDE(side) | number, (uint64_t)now.tv_sec * S};
    m->config->refreshed_ns = (uint64_t)now.tv_sec * S;
}

/* The router upstream, host_a downstream, and host_a's port of the shared address. */
static void fill(const struct fast_memory *m)
{
    *m->config = (struct fast_config){.linger_ns = 60 * S,
                                      .mac_age_ns = 60 * S,
                                      .mac_key = 0x9e3779b97f4a7c15,
                                      .address_key = 0x9e3779b97f4a7c15,
                                      .ifindex = {ifindexes[0], ifindexes[1]},
                                      .up = {1, 1},
                                      .frame_bytes = {1514, 1514},
                                      .limit_bytes = UINT32_MAX,
                                      .columns = 1,
                                      .clock_ns = clock_ahead_ns(),
                                      .active = 1};
    memcpy(m->config->mac, bridge_mac.octets, MAC_BYTES);
    put_mac(m, router, SIDE_UPSTREAM);
    put_mac(m, host_a, SIDE_DOWNSTREAM);
    m->addresses[fast_address_bucket_of(shared.host, m->config->address_key)].ways[3] =
        (struct fast_address){shared.host, 1};
    m->blocks[0].words[PORT / FAST_BLOCK_PORTS] = FAST_LEAF | 5;
    m->leaves[5].slots[PORT % FAST_BLOCK_PORTS] = SLOT;
    m->slots[SLOT] = (struct fast_slot){
        .state = {FAST_FORWARD, FAST_FORWARD}, .address = shared.host, .first = PORT, .last = PORT};
    memcpy(m->slots[SLOT].mac, host_a.octets, MAC_BYTES);
}

static void make_ipv6(uint8_t bytes[static FRAME], struct mac to, struct mac from)
{
    memset(bytes, 0, FRAME);
    memcpy(bytes, to.octets, 6);
    memcpy(bytes + 6, from.octets, 6);
    bytes[12] = ETHERTYPE_V6 >> 8;
    bytes[13] = ETHERTYPE_V6 & 0xff;
    bytes[14] = 0x60;
}

/* UDP from the remote's port 53, or to it. */
static void make_udp(uint8_t bytes[static FRAME], bool to_owner)
{
    const struct ipv4 from = to_owner ? remote : shared, to = to_owner ? shared : remote;
    memset(bytes, 0, FRAME);
    uint8_t *at = put_ipv4(bytes, to_owner ? bridge_mac : router, to_owner ? router : host_a, from, to, 17, 26);
    at[0] = to_owner ? 0 : PORT >> 8;
    at[1] = to_owner ? 53 : PORT & 0xff;
    at[2] = to_owner ? PORT >> 8 : 0;
    at[3] = to_owner ? PORT & 0xff : 53;
}

struct lab {
    struct fast_loader *loader;
    const struct fast_memory *memory;
    int hosts[SIDES]; /* what host0 and host1 receive, and send by */
    struct netlink *netlink;
    int sockets[SIDES][2];    /* at the punt devices, by socket */
    uint8_t bytes[FRAME + 4]; /* the last that came */
};

static void lab_begin(struct lab *lab)
{
    lab->loader = open_loader(LEAVES);
    lab->memory = fast_loader_memory(lab->loader);
    fill(lab->memory);
    attach(lab->loader);
    lab->hosts[0] = open_socket(if_nametoindex("host0"), -1);
    lab->hosts[1] = open_socket(if_nametoindex("host1"), -1);
}

static void lab_daemon(struct lab *lab)
{
    lab->netlink = netlink_open();
    assert_non_null(lab->netlink);
    for (unsigned side = 0; side < SIDES; side++) {
        unsigned punt;
        assert_int_equal(netlink_punt_make(lab->netlink, ifindexes[side], &punt), 0);
        for (unsigned i = 0; i < 2; i++)
            lab->sockets[side][i] = open_socket(punt, fast_loader_filter_fd(lab->loader, i));
        lab->memory->config->punt[side] = punt;
    }
}

static void lab_daemon_ends(struct lab *lab)
{
    for (unsigned side = 0; side < SIDES; side++) {
        lab->memory->config->punt[side] = 0;
        close_all(lab->sockets[side], 2);
        assert_int_equal(netlink_punt_remove(lab->netlink, ifindexes[side]), 0);
    }
    netlink_close(lab->netlink);
}

static void lab_end(struct lab *lab)
{
    fast_loader_close(lab->loader, false);
    close_all(lab->hosts, SIDES);
}

/* Sends it from the host of `side`; whether it arrives at the other one, once. */
static bool arrives_within(int wait_ms, struct lab *lab, enum side side, const uint8_t *bytes, size_t length)
{
    for (unsigned i = 0; i < TRIES && send(lab->hosts[side], bytes, length, 0) < 0; i++)
        usleep(10000);
    const size_t came = received_within(wait_ms, lab->hosts[side_other(side)], lab->bytes);
    assert_true(came == 0 || came == FRAME);
    assert_true(came == 0 || nothing_comes(lab->hosts[side_other(side)]));
    return came != 0;
}

static void test_without_daemon(void **state)
{
    struct lab lab;
    uint8_t bytes[FRAME];
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    const struct fast_counts *bridged = &lab.memory->counts[0], *owned = &lab.memory->counts[SLOT];
    make_ipv6(bytes, host_a, router);
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_memory_equal(lab.bytes, bytes, FRAME);
    assert_int_equal(bridged->to_owner_frames, 1);
    make_udp(bytes, true);
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_memory_equal(lab.bytes, host_a.octets, MAC_BYTES);
    assert_memory_equal(lab.bytes + 6, bytes + 6, FRAME - 6);
    assert_int_equal(owned->to_owner_bytes, FRAME);
    make_udp(bytes, false);
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_DOWNSTREAM, bytes, FRAME));
    assert_memory_equal(lab.bytes + 6, bridge_mac.octets, MAC_BYTES);
    assert_memory_equal(lab.bytes, bytes, 6);
    assert_memory_equal(lab.bytes + 12, bytes + 12, FRAME - 12);
    assert_int_equal(owned->from_owner_frames, 1);
    assert_int_equal(owned->low, PORT);
    lab.memory->slots[SLOT].state[FAST_FROM_OWNER] = FAST_PENDING(9, FAST_SOCKET_RING); /* for nobody */
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_DOWNSTREAM, bytes, FRAME));
    make_ipv6(bytes, other, router);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    make_ipv6(bytes, host_a, router);
    lab.memory->config->refreshed_ns -= 61 * S;
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    lab_end(&lab);
}

/* port0 in place of a tap: what the stack sends by it comes in there, and host0 is the daemon behind it. */
static void test_upstream_is_a_tap(void **state)
{
    struct lab lab;
    uint8_t bytes[FRAME], taken[FRAME + 4];
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    assert_int_equal(fast_loader_attach(lab.loader, SIDE_UPSTREAM, ifindexes[0], FAST_AT_EGRESS, NULL, 0), 0);
    assert_true(fast_loader_is_attached(lab.loader, SIDE_UPSTREAM));
    assert_false(run("tc filter show dev port0 ingress | grep -q fast_ingress"));
    assert_true(run("tc filter show dev port0 egress | grep -q fast_ingress"));
    lab.memory->config->upstream_tap = 1;
    const struct fast_passed *passed = lab.memory->passed;
    struct fast_slot *slot = &lab.memory->slots[SLOT];
    const int stack = open_socket(ifindexes[0], -1);

    make_udp(bytes, true);
    assert_int_equal(send(stack, bytes, FRAME, 0), FRAME);
    assert_int_equal(received(lab.hosts[1], taken), FRAME);
    assert_memory_equal(taken, host_a.octets, MAC_BYTES);
    assert_memory_equal(taken + 6, bytes + 6, FRAME - 6);
    assert_true(nothing_comes(lab.hosts[0]));
    assert_int_equal(passed[0].frames[FAST_SOCKET_RING], 0);

    slot->state[FAST_TO_OWNER] = FAST_PENDING(0, FAST_SOCKET_RING);
    for (unsigned n = 1; n <= 2; n++) { /* left to the daemon, as they are */
        assert_int_equal(send(stack, bytes, FRAME, 0), FRAME);
        assert_int_equal(received(lab.hosts[0], taken), FRAME);
        assert_memory_equal(taken, bytes, FRAME);
        assert_int_equal(slot->state[FAST_TO_OWNER], FAST_PENDING(n, FAST_SOCKET_RING));
    }
    assert_true(nothing_comes(lab.hosts[1]));
    assert_int_equal(passed[0].frames[FAST_SOCKET_RING], 2);

    make_udp(bytes, false); /* the stack receives it, and nothing leaves by the tap */
    assert_int_equal(send(lab.hosts[1], bytes, FRAME, 0), FRAME);
    assert_int_equal(received(stack, taken), FRAME);
    assert_memory_equal(taken, bytes, 6);
    assert_memory_equal(taken + 6, bridge_mac.octets, MAC_BYTES);
    assert_memory_equal(taken + 12, bytes + 12, FRAME - 12);
    assert_true(nothing_comes(lab.hosts[0]));
    assert_int_equal(lab.memory->counts[SLOT].from_owner_frames, 1);
    close(stack);
    lab_end(&lab);
    assert_false(has_clsact());
}

static void test_one_fate(void **state)
{
    struct lab lab;
    uint8_t bytes[FRAME], taken[FRAME + 4];
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    lab_daemon(&lab);
    const struct fast_passed *passed = lab.memory->passed;
    make_ipv6(bytes, host_a, router);
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_true(nothing_comes(lab.sockets[0][FAST_SOCKET_RING]));
    assert_true(nothing_comes(lab.sockets[0][FAST_SOCKET_ASIDE]));
    assert_int_equal(passed[0].frames[FAST_SOCKET_RING], 0);
    make_ipv6(bytes, other, router);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_int_equal(received(lab.sockets[0][FAST_SOCKET_RING], taken), FRAME);
    assert_true(nothing_comes(lab.sockets[0][FAST_SOCKET_ASIDE]));
    assert_int_equal(passed[0].frames[FAST_SOCKET_RING], 1);
    assert_int_equal(passed[0].frames[FAST_SOCKET_ASIDE], 0);
    make_udp(bytes, false);
    lab.memory->slots[SLOT].state[FAST_FROM_OWNER] = FAST_PENDING(0, FAST_SOCKET_RING);
    for (unsigned n = 1; n <= 2; n++) {
        assert_false(arrives_within(WAIT_MS, &lab, SIDE_DOWNSTREAM, bytes, FRAME));
        assert_int_equal(received(lab.sockets[1][FAST_SOCKET_RING], taken), FRAME);
        assert_int_equal(lab.memory->slots[SLOT].state[FAST_FROM_OWNER], FAST_PENDING(n, FAST_SOCKET_RING));
    }
    lab.memory->slots[SLOT].state[FAST_FROM_OWNER] = FAST_FORWARD;
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_DOWNSTREAM, bytes, FRAME));
    lab.memory->slots[SLOT].state[FAST_FROM_OWNER] = FAST_DEAD;
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_DOWNSTREAM, bytes, FRAME));
    assert_int_equal(passed[1].frames[FAST_SOCKET_RING], 3);
    lab_daemon_ends(&lab);
    lab_end(&lab);
}

/* The stack of the box has what is for it, too. What leaves by a punt device without our mark is not ours. */
static void test_stack_has_its_own(void **state)
{
    static const uint8_t who_has[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 9, 9, 9, 9,   9, 8, 6,
                                      0,    1,    8,    0,    6,    4,    0, 1, 2, 9, 9,   9, 9, 9,
                                      0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 192, 0, 2, 77};
    struct lab lab;
    uint8_t bytes[FRAME] = {0}, taken[FRAME + 4];
    char command[128];
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    lab_daemon(&lab);
    memcpy(bytes, who_has, sizeof(who_has));
    assert_true(run("ip address add 192.0.2.77/24 dev port0"));
    assert_int_equal(send(lab.hosts[0], bytes, FRAME, 0), FRAME);
    assert_int_equal(received(lab.hosts[0], taken), ETH_HEADER_BYTES + ARP_BYTES); /* the answer */
    assert_memory_equal(taken, bytes + 6, 6);
    assert_true(nothing_comes(lab.hosts[0])); /* and no other */
    assert_int_equal(received(lab.sockets[0][FAST_SOCKET_RING], taken), FRAME);
    assert_memory_equal(taken, bytes, FRAME);
    assert_true(nothing_comes(lab.sockets[0][FAST_SOCKET_RING]));
    assert_true(run("ip address delete 192.0.2.77/24 dev port0"));
    make_ipv6(bytes, other, router);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_int_equal(received(lab.sockets[0][FAST_SOCKET_RING], taken), FRAME);
    /* The device drops: nothing comes back from it, and none was in its way. */
    snprintf(command, sizeof(command),
             "test \"$(ip -s link show dev pearpd-%u | awk 'NR == 4 { print $2 }')\" = 0", ifindexes[0]);
    assert_true(run(command));
    memcpy(bytes, who_has, sizeof(who_has));
    const int stranger = open_socket(lab.memory->config->punt[0], -1);
    assert_int_equal(send(stranger, bytes, FRAME, 0), FRAME);
    assert_true(nothing_comes(lab.sockets[0][FAST_SOCKET_RING]));
    close(stranger);
    lab_daemon_ends(&lab);
    lab_end(&lab);
}

/* Waits for it; false: none came. */
static bool port_has_within(unsigned wait_ms, struct frame_port *port, const uint8_t bytes[static FRAME])
{
    struct frame frame;
    bool has = false;
    for (unsigned i = 0; i < wait_ms && !has; i++) {
        has = frame_port_next(port, &frame);
        if (!has)
            usleep(1000);
    }
    if (has) {
        assert_int_equal(frame.length, FRAME);
        assert_memory_equal(frame.bytes, bytes, FRAME);
    }
    frame_port_release(port);
    return has;
}

static void test_port_is_diverted(void **state)
{
    struct lab lab;
    uint8_t bytes[FRAME], room[FRAME_PORT_HEAD_BYTES + FRAME], taken[FRAME + 4];
    const struct frame sent = {.bytes = room + FRAME_PORT_HEAD_BYTES, .length = FRAME};
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    lab_daemon(&lab);
    const unsigned punt = lab.memory->config->punt[0];
    const int programs[PACKET_PORT_SOCKETS] = {fast_loader_filter_fd(lab.loader, FAST_SOCKET_RING),
                                               fast_loader_filter_fd(lab.loader, FAST_SOCKET_ASIDE)};
    struct frame_port *port = packet_port_open(64);
    assert_non_null(port);
    assert_int_equal(packet_port_divert(port, 0, programs), 0);
    assert_int_equal(frame_port_bind(port, ifindexes[0]), 0);
    make_ipv6(bytes, other, router);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_false(port_has_within(WAIT_MS, port, bytes));
    assert_int_equal(packet_port_divert(port, punt, programs), 0);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_true(port_has_within(PATIENCE_MS, port, bytes));
    assert_false(port_has_within(WAIT_MS, port, bytes));
    assert_int_equal(packet_port_taken(port).frames[PACKET_PORT_RING], 1);
    assert_int_equal(frame_port_bind(port, ifindexes[0]), 0); /* as news of the link does */
    memcpy(sent.bytes, bytes, FRAME);
    assert_true(frame_port_queue(port, &sent));
    assert_int_equal(frame_port_flush(port), 0);
    assert_int_equal(received(lab.hosts[0], taken), FRAME);
    assert_false(port_has_within(WAIT_MS, port, bytes));
    make_ipv6(bytes, host_a, router); /* forwarded in the kernel */
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_false(port_has_within(WAIT_MS, port, bytes));
    lab.memory->config->active = 0;
    assert_int_equal(packet_port_undivert(port), 0);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    assert_true(port_has_within(PATIENCE_MS, port, bytes));
    assert_false(port_has_within(WAIT_MS, port, bytes));
    memcpy(sent.bytes, bytes, FRAME);
    assert_true(frame_port_queue(port, &sent));
    assert_int_equal(frame_port_flush(port), 0);
    assert_int_equal(received(lab.hosts[0], taken), FRAME);
    assert_false(port_has_within(WAIT_MS, port, bytes));
    frame_port_close(port);
    lab_daemon_ends(&lab);
    lab_end(&lab);
}

/* Its interface was deleted while it was diverted. */
static void test_undiverted_without_interface(void **state)
{
    static const char make[] = "ip link add dev port9 type veth peer name host9 && ip link set dev port9 up && "
                               "ip link set dev host9 up";
    uint8_t bytes[FRAME];
    (void)state;
    if (!possible)
        skip();
    struct fast_loader *loader = open_loader(LEAVES);
    const int programs[PACKET_PORT_SOCKETS] = {fast_loader_filter_fd(loader, FAST_SOCKET_RING),
                                               fast_loader_filter_fd(loader, FAST_SOCKET_ASIDE)};
    struct frame_port *port = packet_port_open(64);
    assert_non_null(port);
    assert_true(run(make));
    assert_int_equal(frame_port_bind(port, if_nametoindex("port9")), 0);
    assert_int_equal(packet_port_divert(port, 0, programs), 0);
    assert_true(run("ip link delete dev port9"));
    assert_int_equal(packet_port_undivert(port), 0);
    assert_true(run(make));
    assert_int_equal(frame_port_bind(port, if_nametoindex("port9")), 0);
    const int host = open_socket(if_nametoindex("host9"), -1);
    make_ipv6(bytes, other, router);
    for (unsigned i = 0; i < TRIES && send(host, bytes, FRAME, 0) < 0; i++)
        usleep(10000);
    bool has = port_has_within(WAIT_MS, port, bytes);
    for (unsigned i = 0; i < 3 && !has; i++) { /* the link may still come up */
        assert_int_equal(send(host, bytes, FRAME, 0), FRAME);
        has = port_has_within(WAIT_MS, port, bytes);
    }
    assert_true(has);
    close(host);
    assert_true(run("ip link delete dev port9"));
    frame_port_close(port);
    fast_loader_close(loader, false);
}

static void test_punt_device(void **state)
{
    struct netlink *netlink = netlink_open();
    unsigned punt, again;
    char command[128];
    (void)state;
    if (!possible)
        skip();
    assert_non_null(netlink);
    assert_int_equal(netlink_punt_remove(netlink, ifindexes[0]), 0);
    assert_int_equal(netlink_punt_make(netlink, ifindexes[0], &punt), 0);
    assert_true(netlink_punt_is_up(netlink, ifindexes[0], punt));
    snprintf(command, sizeof(command), "tc qdisc show dev pearpd-%u root | grep -q noqueue", ifindexes[0]);
    assert_true(run(command));
    snprintf(command, sizeof(command), "test -z \"$(ip -6 -o address show dev pearpd-%u)\"", ifindexes[0]);
    assert_true(run(command));
    snprintf(command, sizeof(command), "ip link set dev pearpd-%u down", ifindexes[0]);
    assert_true(run(command));
    assert_false(netlink_punt_is_up(netlink, ifindexes[0], punt));
    assert_int_equal(netlink_punt_make(netlink, ifindexes[0], &again), 0);
    assert_int_equal(again, punt);
    assert_true(netlink_punt_is_up(netlink, ifindexes[0], punt));
    assert_int_equal(netlink_punt_remove(netlink, ifindexes[0]), 0);
    assert_false(netlink_punt_is_up(netlink, ifindexes[0], punt));
    /* Somebody else's of this name is left alone. */
    snprintf(command, sizeof(command), "ip link add dev pearpd-%u type veth", ifindexes[0]);
    assert_true(run(command));
    assert_int_equal(netlink_punt_make(netlink, ifindexes[0], &punt), -EEXIST);
    assert_int_equal(netlink_punt_remove(netlink, ifindexes[0]), 0);
    snprintf(command, sizeof(command), "ip link delete dev pearpd-%u", ifindexes[0]);
    assert_true(run(command));
    netlink_close(netlink);
}

/* The kernel has the tag beside the bytes; a punt device that takes none there (a dummy) has it put into them. */
static void test_tagged(void **state)
{
    struct lab lab;
    uint8_t bytes[FRAME], tagged[FRAME + 4], taken[FRAME + 4];
    static const uint8_t tag[] = {0x81, 0, 0x60, 100};
    (void)state;
    if (!possible)
        skip();
    lab_begin(&lab);
    lab_daemon(&lab);
    make_ipv6(bytes, host_a, router);
    memcpy(tagged, bytes, 12);
    memcpy(tagged + 12, tag, sizeof(tag));
    memcpy(tagged + 16, bytes + 12, FRAME - 12);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, tagged, FRAME + 4)); /* not our VLAN */
    const size_t left = received(lab.sockets[0][FAST_SOCKET_RING], taken);
    assert_true(left == FRAME || (left == FRAME + 4 && memcmp(taken, tagged, FRAME + 4) == 0));
    lab.memory->config->vlan = 100;
    assert_true(arrives_within(PATIENCE_MS, &lab, SIDE_UPSTREAM, tagged,
                               FRAME + 4)); /* stripped again where it is received */
    assert_int_equal(lab.memory->counts[0].to_owner_bytes, FRAME + 4);
    assert_false(arrives_within(WAIT_MS, &lab, SIDE_UPSTREAM, bytes, FRAME));
    lab_daemon_ends(&lab);
    lab_end(&lab);
}

/* With GRO a veth has a queue of its own, not one with all of the machine, which a flood elsewhere fills. */
static bool make_ports(void)
{
    if (unshare(CLONE_NEWNET) != 0 ||
        !run("for i in 0 1; do ip link add dev port$i type veth peer name host$i && "
             "sysctl -qw net.ipv6.conf.port$i.disable_ipv6=1 net.ipv6.conf.host$i.disable_ipv6=1 && "
             "ip link set dev port$i up && ip link set dev host$i up && "
             "ethtool -K port$i gro on && ethtool -K host$i gro on && "
             "ip link set dev port$i promisc on && ip link set dev host$i promisc on; done"))
        return false;
    ifindexes[0] = if_nametoindex("port0");
    ifindexes[1] = if_nametoindex("port1");
    return true;
}

static int begin(void **state)
{
    char why[FAST_LOADER_WHY_BYTES] = "no network namespace";
    struct fast_loader *loader;
    (void)state;
    snprintf(name, sizeof(name), "test-%d", (int)getpid());
    possible = make_ports() && fast_loader_open(&loader, name, LEAVES, 1, why, sizeof(why)) == 0;
    if (possible)
        fast_loader_close(loader, false);
    else
        printf("# skipped: %s\n", why);
    return 0;
}

/* Also of a test that failed: what is pinned outlives it. */
static int end(void **state)
{
    char each[64];
    (void)state;
    for (unsigned i = 0; possible && i < sizeof(name_ends) / sizeof(name_ends[0]); i++) {
        snprintf(each, sizeof(each), "%s%s", name, name_ends[i]);
        fast_loader_remove_all(each, (unsigned[SIDES]){0}, NULL, 0);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_another_interface),
        cmocka_unit_test(test_beside_others),
        cmocka_unit_test(test_place_is_taken),
        cmocka_unit_test(test_sides_change_places),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_without_daemon),
        cmocka_unit_test(test_punt_device),
        cmocka_unit_test(test_upstream_is_a_tap),
        cmocka_unit_test(test_one_fate),
        cmocka_unit_test(test_stack_has_its_own),
        cmocka_unit_test(test_port_is_diverted),
        cmocka_unit_test(test_undiverted_without_interface),
        cmocka_unit_test(test_tagged),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
