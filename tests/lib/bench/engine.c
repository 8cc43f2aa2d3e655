/* engine.c: the pure engine, frame by frame, by kind of frame: for counts of instructions and for times.
 * In: `list`, or KIND FRAMES. Out of list: `KIND TITLE` a line; of KIND: JSON: how many of the frames ended where that kind
 * ends, and the median time of one. Called by: scripts/bench-engine, also under callgrind, which counts in frame_measured().
 *
 * One shared address with 256 ranges of as many hosts, and one that agents claim, of which no port is owned. */
#include "../frame_tools.h"

#include "pearpd/engine.h"
#include "pearpd/frame_build.h"

#include <stdio.h>
#include <string.h>

#define HOSTS         256U
#define PORT_FIRST    1024U
#define WIDTH         252U /* ports of a range */
#define BATCH         64U
#define WARM          4096U
#define MOST_BYTES    160
#define SECOND        UINT64_C(1000000000)
#define MICROSECOND   UINT64_C(1000)
#define MILLISECOND   UINT64_C(1000000)
#define FRAGMENTED_ID 7 /* of the datagram whose first fragment has passed */

static const struct mac bridge_mac = {{0x02, 0x50, 0x45, 0, 0, 1}},
                        router_mac = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}};
static const struct ipv4 owned = {0xc023a202}, claimed = {0xc023a203}, gateway = {0xc023a201},
                         remote = {0xc633640a}, neighbour = {0xc023a209};
static struct frame_builder *builder;

/* The n-th host and a port of it: far apart from one to the next. */
static uint32_t host_of(uint32_t n)
{
    return n * 157 % HOSTS;
}

static unsigned port_of(uint32_t n)
{
    return PORT_FIRST + host_of(n) * WIDTH + n / HOSTS % WIDTH;
}

static struct mac mac_of(uint32_t host)
{
    return (struct mac){{0x02, 0x62, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
}

static uint8_t *put_ethernet(uint8_t *f, struct mac to, struct mac from, unsigned ethertype)
{
    memset(f, 0, MOST_BYTES);
    memcpy(f, to.octets, 6);
    memcpy(f + 6, from.octets, 6);
    put16(f + 12, ethertype);
    return f + 14;
}

/* The header of a packet with `body` octets behind it; returns where they begin. */
static uint8_t *put_packet(uint8_t *ip, struct ipv4 from, struct ipv4 to, uint8_t protocol, unsigned body)
{
    ip[0] = 0x45;
    put16(ip + 2, 20 + body);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, from.host);
    put32(ip + 16, to.host);
    put16(ip + 10, ip_checksum(ip));
    return ip + 20;
}

static void put_udp(uint8_t *udp, unsigned from, unsigned to, unsigned length)
{
    put16(udp, from);
    put16(udp + 2, to);
    put16(udp + 4, length);
}

static size_t to_owner(uint8_t *f, uint32_t n)
{
    put_udp(put_packet(put_ethernet(f, bridge_mac, router_mac, 0x0800), remote, owned, 17, 26), 7000,
            port_of(n), 26);
    return 60;
}

static size_t from_owner(uint8_t *f, uint32_t n)
{
    uint8_t *ip = put_ethernet(f, router_mac, mac_of(host_of(n)), 0x0800);
    put_udp(put_packet(ip, owned, remote, 17, 26), port_of(n), 7000, 26);
    return 60;
}

static size_t tcp_to_owner(uint8_t *f, uint32_t n)
{
    uint8_t *tcp = put_packet(put_ethernet(f, bridge_mac, router_mac, 0x0800), remote, owned, 6, 26);
    put_udp(tcp, 7000, port_of(n), 0);
    put32(tcp + 4, n);
    tcp[12] = 0x50;
    tcp[13] = 0x10;
    return 60;
}

/* UDP of a machine of neither side's concern. */
static size_t put_ipv6(uint8_t *f, struct mac to, struct mac from)
{
    uint8_t *ip = put_ethernet(f, to, from, 0x86dd);
    ip[0] = 0x60;
    put16(ip + 4, 20);
    ip[6] = 17;
    ip[7] = 64;
    put32(ip + 8, 0x20010db8);
    put32(ip + 24, 0x20010db8);
    put_udp(ip + 40, 7000, 7000, 20);
    return 74;
}

static size_t ipv6_down(uint8_t *f, uint32_t n)
{
    return put_ipv6(f, mac_of(host_of(n)), router_mac);
}

static size_t ipv6_up(uint8_t *f, uint32_t n)
{
    return put_ipv6(f, router_mac, mac_of(host_of(n)));
}

static size_t ipv4_bridged(uint8_t *f, uint32_t n)
{
    uint8_t *ip = put_ethernet(f, mac_of(host_of(n)), router_mac, 0x0800);
    put_udp(put_packet(ip, remote, neighbour, 17, 26), 7000, 7000, 26);
    return 60;
}

static size_t put_fragment(uint8_t *f, uint32_t n, unsigned id, unsigned fragment)
{
    uint8_t *ip = put_ethernet(f, bridge_mac, router_mac, 0x0800), *udp = put_packet(ip, remote, owned, 17, 32);
    put16(ip + 4, id);
    put16(ip + 6, fragment);
    put16(ip + 10, 0);
    put16(ip + 10, ip_checksum(ip));
    put_udp(udp, 7000, port_of(n), 64);
    return 66;
}

/* Of a datagram of its own each. */
static size_t first_fragment(uint8_t *f, uint32_t n)
{
    return put_fragment(f, n, 1000 + n % 60000, 0x2000);
}

/* All of one datagram, at every place but the last. */
static size_t later_fragment(uint8_t *f, uint32_t n)
{
    return put_fragment(f, 0, FRAGMENTED_ID, 0x2000 | (4 + 4 * (n % 2000)));
}

static size_t arp_for_shared(uint8_t *f, uint32_t n)
{
    static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};
    static const struct mac all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    uint8_t *arp = put_ethernet(f, all, router_mac, 0x0806);
    (void)n;
    memcpy(arp, request, sizeof(request));
    memcpy(arp + 8, router_mac.octets, 6);
    put32(arp + 14, gateway.host);
    put32(arp + 24, owned.host);
    return 60;
}

static size_t to_nobody(uint8_t *f, uint32_t n)
{
    uint8_t *ip = put_ethernet(f, bridge_mac, router_mac, 0x0800);
    put_udp(put_packet(ip, remote, claimed, 17, 26), 7000, PORT_FIRST + n * 29 % 60000, 26);
    return 60;
}

/* A port that hosts were not asked for, as none of its address can be learned. */
static size_t to_unowned(uint8_t *f, uint32_t n)
{
    put_udp(put_packet(put_ethernet(f, bridge_mac, router_mac, 0x0800), remote, owned, 17, 26), 7000, n % 1000,
            26);
    return 60;
}

static void put_echo(uint8_t *icmp, uint8_t type, unsigned id, unsigned number)
{
    icmp[0] = type;
    put16(icmp + 4, id);
    put16(icmp + 6, number);
    put16(icmp + 2,
          0xffff & ~(((unsigned)type << 8) + id + number + (((unsigned)type << 8) + id + number) / 0x10000));
}

static size_t echo_to_shared(uint8_t *f, uint32_t n)
{
    put_echo(put_packet(put_ethernet(f, bridge_mac, router_mac, 0x0800), remote, owned, 1, 26), 8, 1, n & 0xff);
    return 60;
}

static size_t echo_from_owner(uint8_t *f, uint32_t n)
{
    uint8_t *ip = put_ethernet(f, router_mac, mac_of(host_of(n)), 0x0800);
    put_echo(put_packet(ip, owned, remote, 1, 26), 8, port_of(n), 1);
    return 60;
}

/* Port unreachable, from the router, about a datagram of an owner. */
static size_t icmp_error(uint8_t *f, uint32_t n)
{
    uint8_t *icmp = put_packet(put_ethernet(f, bridge_mac, router_mac, 0x0800), gateway, owned, 1, 36);
    uint32_t sum = 0;
    icmp[0] = 3;
    icmp[1] = 3;
    put_udp(put_packet(icmp + 8, owned, remote, 17, 26), port_of(n), 7000, 26);
    for (int at = 0; at < 36; at += 2)
        sum += (uint32_t)(icmp[at] << 8 | icmp[at + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(icmp + 2, 0xffff & ~((sum & 0xffff) + (sum >> 16)));
    return 70;
}

/* A host that sends from another one's port. */
static size_t violation(uint8_t *f, uint32_t n)
{
    uint8_t *ip = put_ethernet(f, router_mac, mac_of(host_of(n + 1)), 0x0800);
    put_udp(put_packet(ip, owned, remote, 17, 26), port_of(n), 7000, 26);
    return 60;
}

/* The CLAIM of an owner, of its range, as agents repeat it. */
static size_t claim(uint8_t *f, uint32_t n)
{
    const uint32_t host = host_of(n);
    const struct port_address range = {.address = owned,
                                       .first = (uint16_t)(PORT_FIRST + host * WIDTH),
                                       .last = (uint16_t)(PORT_FIRST + (host + 1) * WIDTH - 1)};
    const struct tx_frame made = {
        .destination = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        .source = mac_of(host),
        .ethertype = PE_ARP_PRO,
        .kind = TX_PE_ARP,
        .pe_arp = {.type = PE_ARP_CLAIM, .sha = mac_of(host), .spa = range, .tpa = range}};
    const int length = frame_build(builder, &made, f, MOST_BYTES);
    return length > 0 ? (size_t)length : 0;
}

/* `step_ns` passes from one frame to the next: where a rate is limited, or memory is freed by time, it is longer. */
static const struct kind {
    const char *name, *title;
    enum side from;
    uint64_t step_ns;
    enum fate fate;
    size_t (*make)(uint8_t *f, uint32_t n);
} kinds[] = {
    {"to-owner", "UDP to an owner", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, to_owner},
    {"tcp-to-owner", "TCP to an owner", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, tcp_to_owner},
    {"from-owner", "UDP from an owner", SIDE_DOWNSTREAM, MICROSECOND, FATE_SENT, from_owner},
    {"ipv6-down", "IPv6, bridged downstream", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, ipv6_down},
    {"ipv6-up", "IPv6, bridged upstream", SIDE_DOWNSTREAM, MICROSECOND, FATE_SENT, ipv6_up},
    {"ipv4-bridged", "IPv4 of other addresses, bridged", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, ipv4_bridged},
    {"first-fragment", "first fragment to an owner", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, first_fragment},
    {"later-fragment", "later fragment to an owner", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, later_fragment},
    {"icmp-error", "ICMP error to an owner", SIDE_UPSTREAM, MICROSECOND, FATE_SENT, icmp_error},
    {"echo-from-owner", "echo request from an owner", SIDE_DOWNSTREAM, MICROSECOND, FATE_SENT, echo_from_owner},
    {"violation", "UDP from another host's port", SIDE_DOWNSTREAM, MICROSECOND, FATE_DROPPED, violation},
    {"unowned", "UDP to a port without owner", SIDE_UPSTREAM, MICROSECOND, FATE_DROPPED, to_unowned},
    {"arp", "ARP request for the address, answered", SIDE_UPSTREAM, MILLISECOND, FATE_CONSUMED, arp_for_shared},
    {"echo", "echo request, answered", SIDE_UPSTREAM, 20 * MILLISECOND, FATE_CONSUMED, echo_to_shared},
    {"claim", "CLAIM of an owner", SIDE_DOWNSTREAM, MILLISECOND, FATE_CONSUMED, claim},
    {"held", "UDP to an unknown port: held, asked for", SIDE_UPSTREAM, 500 * MILLISECOND, FATE_HELD, to_nobody},
};

static void ignore_send(void *context, enum side to, const struct frame *frame)
{
    (void)context, (void)to, (void)frame;
}

static void ignore_generated(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to, (void)made;
}

static void ignore_event(void *context, const struct event *event)
{
    (void)context, (void)event;
}

static const struct engine_out out = {.send = ignore_send, .generate = ignore_generated, .event = ignore_event};

static struct engine *make_engine(void)
{
    static struct config_address addresses[2];
    static struct config_range ranges[HOSTS];
    static const struct engine_seed seed = {.plain_nonces = true};
    addresses[0] =
        (struct config_address){.address = owned, .ports_first = 1024, .ports_last = 65535, .block = 1000};
    addresses[1] = addresses[0];
    addresses[1].address = claimed;
    addresses[1].learn = LEARN_PE_ARP;
    for (uint32_t host = 0; host < HOSTS; host++) {
        ranges[host].range = (struct range){.address = owned,
                                            .first = (uint16_t)(PORT_FIRST + host * WIDTH),
                                            .last = (uint16_t)(PORT_FIRST + (host + 1) * WIDTH - 1)};
        ranges[host].mac = mac_of(host);
    }
    struct config config = {.mac = bridge_mac,
                            .encap = PE_ARP_PRO,
                            .addresses = addresses,
                            .address_count = 2,
                            .ranges = ranges,
                            .range_count = HOSTS};
#define X(key, field, least, most, preset, help) config.limits.field = (preset);
    LIMITS(X)
#undef X
    return engine_new(&config, &seed);
}

/* Callgrind counts what is done in here. */
__attribute__((noinline)) static struct verdict frame_measured(struct engine *engine, uint64_t now_ns,
                                                               enum side from, struct frame *frame)
{
    return engine_frame(engine, now_ns, from, frame, &out);
}

static void give(struct engine *engine, uint64_t now_ns, enum side from, uint8_t *bytes, size_t length)
{
    struct frame frame = {.bytes = bytes, .length = length, .wire_length = length};
    engine_frame(engine, now_ns, from, &frame, &out);
}

/* Router and hosts are known, one datagram has begun, and every table is warm. */
static uint64_t prepare(struct engine *engine, const struct kind *kind)
{
    uint8_t f[MOST_BYTES];
    uint64_t now_ns = 1000 * SECOND;
    engine_start(engine, now_ns, &out);
    for (uint32_t n = 0; n < HOSTS; n++) {
        give(engine, now_ns, SIDE_DOWNSTREAM, f, ipv6_up(f, n));
        give(engine, now_ns, SIDE_UPSTREAM, f, ipv6_down(f, n));
    }
    give(engine, now_ns, SIDE_UPSTREAM, f, put_fragment(f, 0, FRAGMENTED_ID, 0x2000));
    for (uint32_t n = 0; n < WARM; n++, now_ns += kind->step_ns)
        give(engine, now_ns, kind->from, f, kind->make(f, n));
    return now_ns;
}

static int order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int measure(struct engine *engine, const struct kind *kind, uint32_t count)
{
    static uint8_t bytes[BATCH][MOST_BYTES];
    const uint32_t batches = (count + BATCH - 1) / BATCH;
    double *took_ns = calloc(batches + 1, sizeof(*took_ns));
    uint64_t now_ns = prepare(engine, kind);
    uint32_t expected = 0;
    for (uint32_t batch = 0; took_ns != NULL && batch < batches; batch++) {
        struct frame frames[BATCH];
        for (uint32_t n = 0; n < BATCH; n++) {
            const size_t length = kind->make(bytes[n], WARM + batch * BATCH + n);
            frames[n] = (struct frame){.bytes = bytes[n], .length = length, .wire_length = length};
        }
        const double start_s = now_s();
        for (uint32_t n = 0; n < BATCH; n++, now_ns += kind->step_ns)
            expected += frame_measured(engine, now_ns, kind->from, &frames[n]).fate == kind->fate;
        took_ns[batch] = (now_s() - start_s) * 1e9 / BATCH;
    }
    if (took_ns == NULL)
        return 1;
    qsort(took_ns, batches, sizeof(*took_ns), order);
    printf("{\"frames\": %u, \"expected\": %u, \"ns\": %.1f, \"balance\": %s}\n", batches * BATCH, expected,
           took_ns[batches / 2], engine_stats_balance(engine_stats(engine)) ? "true" : "false");
    free(took_ns);
    return 0;
}

int main(int argc, char **argv)
{
    const size_t count = sizeof(kinds) / sizeof(kinds[0]);
    size_t n = 0;
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (; n < count; n++)
            printf("%s %s\n", kinds[n].name, kinds[n].title);
        return 0;
    }
    while (argc == 3 && n < count && strcmp(kinds[n].name, argv[1]) != 0)
        n++;
    if (argc != 3 || n == count) {
        fprintf(stderr, "usage: engine list | engine KIND FRAMES\n");
        return 2;
    }
    builder = frame_builder_new();
    struct engine *engine = make_engine();
    if (builder == NULL || engine == NULL) {
        fprintf(stderr, "engine: out of memory\n");
        return 1;
    }
    const int status = measure(engine, &kinds[n], (uint32_t)strtoul(argv[2], NULL, 10));
    engine_free(engine);
    frame_builder_free(builder);
    return status;
}
