/* test_random.c: random frames and time steps through the engine, judged by a slow and simple reading of the
 * rules: an array with the owner of every port.
 *
 * Before each frame the array says what must become of it; after it, whether what changed had a cause. The
 * invariants are those of an inline bridge: the equation, one owner a port, permanent ranges as configured,
 * nothing learned but by an answer to an open question or a first frame, a frame out is a frame in from byte 12
 * on and goes to its port's owner alone, upstream sees no ARP of a sharer's own, no rate is exceeded, a saved table
 * is loaded as the same; and the same with another hash key. SEED, RUNS and STEPS come from the environment; a mismatch
 * prints them. */
#include "pearpd/dhcp.h"
#include "pearpd/engine.h"
#include "pearpd/frame_build.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "../../src/daemon/state_file.h"
#include "../lib/frame_tools.h"
#include "../lib/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S           UINT64_C(1000000000)
#define MS          UINT64_C(1000000)
#define ADDRESSES   2
#define HOSTS       6
#define NOBODY      0xff
#define UNKNOWN     0xfe
#define OUT_MAX     600
#define REQUESTS    64
#define FRAME_BYTES 512
#define PORTS       8192 /* those above nobody may own: none is in `ports`, and read_table() holds the table to it */
#define OWNED_MAX   64
#define KEYS        4
#define SPEAKERS    64
#define AHEAD_US    UINT64_C(3600000000)

static const struct mac bridge_mac = {{0x02, 0x50, 0x45, 0, 0, 1}};
static const struct mac router = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}};
static const struct mac hosts[HOSTS] = {{{0, 1, 0, 0, 0, 0}}, {{0, 1, 0, 0, 0, 1}}, {{0, 1, 0, 0, 0, 2}},
                                        {{0, 1, 0, 0, 0, 3}}, {{0, 1, 0, 0, 0, 4}}, {{0, 1, 0, 0, 0, 5}}};
static const struct ipv4 shared[ADDRESSES] = {{0xc0000201}, {0xc0000202}};
static const struct ipv4 others[] = {{0}, {0xc00002fe}, {0xc0000209}, {0xc633640a}, {0xcb007101}};
#define OTHERS (sizeof(others) / sizeof(others[0]))

/* A frame that left. */
struct left {
    enum side to;
    bool is_made;
    struct tx_frame made;
    size_t length;
    uint8_t bytes[FRAME_BYTES];
};

/* A PE-ARP REQUEST that was sent. */
struct asked {
    uint64_t time, nonce;
    struct mac target;
    struct port_address tpa;
};

/* The last SEQ that a message with it was taken of. */
struct spoken {
    uint32_t key_id;
    struct mac mac;
    uint64_t number;
};

/* What was asked upstream for {shared, other}, and the hosts that wait for the answer; 0: never. */
struct relayed {
    uint64_t sent_ns, asked_ns[HOSTS];
    bool is_plain, is_answered;
};

/* Of the table: who has a range. No padding. */
struct owned {
    uint16_t first, last;
    uint8_t address, owner, leased, unused;
};

/* Who owns each port, and whether by a lease. */
struct owners {
    uint8_t host[ADDRESSES][PORTS];
    bool leased[ADDRESSES][PORTS];
    unsigned count;
    struct owned of[OWNED_MAX]; /* what both are made of */
};

struct side_of_test {
    struct engine *engine;
    struct frame_builder *builder;
    struct left out[OUT_MAX];
    unsigned out_count;
};

struct world {
    uint64_t seed, random;
    struct config config;
    struct config_address addresses[ADDRESSES];
    struct config_range ranges[2];
    struct pe_arp_key keys[KEYS]; /* in a third of the runs */
    struct spoken spoken[SPEAKERS];
    unsigned spoken_count;
    struct frame_builder *builder;
    struct side_of_test a, b; /* the same engine with two hash keys */
    uint64_t now;
    struct owners tables[2], *is, *was; /* after the last frame or time, and before it: perhaps the same */
    struct asked requests[REQUESTS];    /* a ring */
    unsigned request_count;
    struct engine_stats last;
    bool evicted;                 /* in this step a stale binding made room */
    uint64_t broadcast_times[16]; /* of the last ones, a ring */
    unsigned broadcasts;
    uint64_t arp_times[HOSTS][32];
    unsigned arps[HOSTS];
    struct relayed relayed[ADDRESSES][OTHERS];
    /* the frame being judged */
    uint8_t bytes[FRAME_BYTES];
    size_t length;
    enum side from;
    unsigned step;
};

static void blame(const struct world *w, const char *what)
{
    print_message("SEED=%llu step %u, %s, %zu bytes from %s: ", (unsigned long long)w->seed, w->step, what,
                  w->length, side_name(w->from));
    for (size_t i = 0; i < w->length; i++)
        print_message("%02x", w->bytes[i]);
    print_message("\n");
    fail_msg("%s", what);
}

#define must(w, condition)          \
    do {                            \
        if (!(condition))           \
            blame((w), #condition); \
    } while (0)

static unsigned pick(struct world *w, unsigned below)
{
    return (unsigned)(seeded_next(&w->random) % below);
}

/* Out of the engines. */

static struct left *left_new(void *context, enum side to)
{
    struct side_of_test *t = context;
    assert_true(t->out_count < OUT_MAX);
    struct left *left = &t->out[t->out_count++];
    memset(left, 0, sizeof(*left));
    left->to = to;
    return left;
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct left *left = left_new(context, to);
    left->length = frame->length;
    assert_true(frame->length <= FRAME_BYTES);
    memcpy(left->bytes, frame->bytes, frame->length);
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    struct left *left = left_new(context, to);
    left->is_made = true;
    left->made = *made;
    int length = frame_build(((struct side_of_test *)context)->builder, made, left->bytes, sizeof(left->bytes));
    assert_true(length > 0);
    left->length = (size_t)length;
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    assert_non_null(event_format(event, text));
}

/* The world. */

/* One of a host, for its MAC address and a range; one for whoever has it; the bridge's; the group's. */
static void give_keys(struct world *w)
{
    static const enum key_role roles[KEYS] = {KEY_HOST, KEY_HOST, KEY_BRIDGE, KEY_GROUP};
    for (unsigned i = 0; i < KEYS; i++)
        w->keys[i] = (struct pe_arp_key){.id = i + 1, .bytes = {(uint8_t)(i + 1)}, .role = roles[i]};
    w->keys[0].macs = (struct key_macs){.count = 1, .mac = {hosts[0]}};
    w->keys[0].ranges = (struct key_ranges){
        .count = 2, .range = {{.range = {shared[0], 2000, 3499}}, {.range = {shared[1], 1024, 4095}}}};
    w->config.keys = w->keys;
    w->config.key_count = KEYS;
    w->config.signing_key = 2;
}

static void configure(struct world *w)
{
    struct config *c = &w->config;
    *c = (struct config){.mac = bridge_mac,
                         .addresses = w->addresses,
                         .address_count = ADDRESSES,
                         .ranges = w->ranges,
                         .range_count = 2};
    c->encap = pick(w, 4) == 0 ? ETHERTYPE_ARP : ETHERTYPE_PE_ARP;
    c->vlan = pick(w, 3) == 0 ? 5 : 0;
    c->source_mac_host = pick(w, 3) == 0;
    c->source_ports = (enum source_ports_mode)pick(w, 3);
#define X(key, field, least, most, preset, help) c->limits.field = (preset);
    LIMITS(X)
#undef X
    c->limits.bindings = pick(w, 2) == 0 ? 6 : 64;
    c->limits.held_frames = 8;
    c->limits.macs = 16;
    c->limits.hosts = 64;
    if (pick(w, 3) == 0)
        give_keys(w);
    w->addresses[0] = (struct config_address){.address = shared[0],
                                              .ports_first = 2000,
                                              .ports_last = 5999,
                                              .learn = LEARN_PE_ARP | LEARN_TRAFFIC | LEARN_DHCP,
                                              .block = 500};
    w->addresses[1] = (struct config_address){.address = shared[1],
                                              .ports_first = 1024,
                                              .ports_last = 4095,
                                              .learn = LEARN_PE_ARP,
                                              .block = 1000,
                                              .has_default_host = true,
                                              .default_host = hosts[5],
                                              .echo = ECHO_DROP};
    w->ranges[0] = (struct config_range){.range = {shared[0], 80, 80}, .mac = hosts[0]};
    w->ranges[1] = (struct config_range){.range = {shared[1], 1024, 1100}, .mac = hosts[1]};
}

static struct engine_out out_of(struct side_of_test *t)
{
    return (struct engine_out){t, take_send, take_make, take_event, NULL};
}

static uint8_t host_index(struct mac mac)
{
    for (uint8_t i = 0; i < HOSTS; i++)
        if (mac_equal(hosts[i], mac))
            return i;
    return UNKNOWN;
}

static unsigned address_index(const struct world *w, struct ipv4 address)
{
    for (unsigned i = 0; i < ADDRESSES; i++)
        if (w->addresses[i].address.host == address.host)
            return i;
    return ADDRESSES;
}

/* The table as a list: ordered, without overlap, owned by hosts, within limits. */
static void list_table(struct world *w, struct owners *is)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    unsigned permanent = 0, free[ADDRESSES] = {0};
    is->count = 0;
    while (engine_table_next(w->a.engine, w->now, &cursor, &entry)) {
        unsigned a = address_index(w, entry.range.address);
        must(w, a < ADDRESSES);
        if (entry.state == BINDING_PUBLISHED || entry.state == BINDING_INCOMPLETE)
            continue;
        const uint16_t first = entry.range.first, last = entry.range.last;
        uint8_t owner = host_index(entry.mac);
        must(w, owner != UNKNOWN);
        must(w, free[a] <= first && first <= last && last < PORTS);
        must(w, is->count < w->config.limits.bindings);
        free[a] = last + 1U;
        is->of[is->count++] = (struct owned){first, last, (uint8_t)a, owner, entry.origin == ORIGIN_DHCP, 0};
        permanent += entry.state == BINDING_PERMANENT;
        bool may_be = first >= w->addresses[a].ports_first && last <= w->addresses[a].ports_last;
        must(w, entry.state == BINDING_PERMANENT || may_be);
    }
    must(w, permanent == 2);
}

static void fill_ports(struct owners *is)
{
    memset(is->host, NOBODY, sizeof(is->host));
    memset(is->leased, 0, sizeof(is->leased));
    for (unsigned i = 0; i < is->count; i++) {
        const struct owned *of = &is->of[i];
        memset(is->host[of->address] + of->first, of->owner, of->last - of->first + 1U);
        memset(is->leased[of->address] + of->first, of->leased, of->last - of->first + 1U);
    }
}

/* The present becomes the past. The arrays are made again only where the table is another one. */
static void read_table(struct world *w)
{
    struct owners *next = &w->tables[w->is == &w->tables[0]];
    w->was = w->is;
    list_table(w, next);
    if (next->count == w->is->count && memcmp(next->of, w->is->of, next->count * sizeof(next->of[0])) == 0)
        return;
    fill_ports(next);
    w->is = next;
    must(w, next->host[0][80] == 0 && next->host[1][1024] == 1 && next->host[1][1100] == 1);
}

static void check_counts(struct world *w)
{
    const struct engine_stats *now = engine_stats(w->a.engine);
    must(w, engine_stats_balance(now));
    must(w, now->held <= w->config.limits.held_frames);
    for (unsigned i = 0; i < DROP_COUNT; i++)
        must(w, now->drops[i] >= w->last.drops[i]);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        must(w, now->counters[i] >= w->last.counters[i]);
    w->evicted = now->counters[COUNTER_EVICTED] > w->last.counters[COUNTER_EVICTED];
    w->last = *now;
}

/* Both engines said the same. */
static void check_twins(struct world *w)
{
    must(w, w->a.out_count == w->b.out_count);
    for (unsigned i = 0; i < w->a.out_count; i++) {
        const struct left *x = &w->a.out[i], *y = &w->b.out[i];
        must(w, x->to == y->to && x->is_made == y->is_made && x->length == y->length);
        must(w, memcmp(x->bytes, y->bytes, x->length) == 0);
    }
    must(w, memcmp(engine_stats(w->a.engine), engine_stats(w->b.engine), sizeof(struct engine_stats)) == 0);
}

/* Every frame that the bridge made: remembers requests, and holds their rates against the limits. */
static void note_made(struct world *w)
{
    for (unsigned i = 0; i < w->a.out_count; i++) {
        const struct left *left = &w->a.out[i];
        if (!left->is_made || left->made.kind != TX_PE_ARP || left->made.pe_arp.type != PE_ARP_REQUEST)
            continue;
        const struct pe_arp *m = &left->made.pe_arp;
        must(w, left->to == SIDE_DOWNSTREAM && m->lifetime_s == 0 && m->tpa.first == m->tpa.last);
        must(w, mac_equal(left->made.source, bridge_mac) && mac_equal(m->sha, bridge_mac));
        for (unsigned k = 0; k < REQUESTS && k < w->request_count; k++) {
            const struct asked *other = &w->requests[k];
            bool same = mac_equal(other->target, m->tha) && other->tpa.address.host == m->tpa.address.host &&
                        other->tpa.first == m->tpa.first;
            must(w, other->nonce != m->nonce);
            must(w, !same || w->now - other->time >= S);
        }
        w->requests[w->request_count++ % REQUESTS] = (struct asked){w->now, m->nonce, m->tha, m->tpa};
        if (!mac_is_zero(m->tha))
            continue;
        must(w, mac_equal(left->made.destination, mac_broadcast));
        /* Sixteen within a second would be more than the rate and its burst. */
        must(w, w->broadcasts < 16 || w->now - w->broadcast_times[w->broadcasts % 16] >= S);
        w->broadcast_times[w->broadcasts++ % 16] = w->now;
    }
}

/* Of what was read as ARP in an untagged frame (or in the configured VLAN). */
static const uint8_t *arp_payload(const struct world *w, const uint8_t *bytes, size_t length)
{
    struct eth eth;
    struct arp arp;
    if (eth_parse(bytes, length, &eth) != 0 || eth.tags > 1 || eth_vid(&eth) != w->config.vlan)
        return NULL;
    if (eth.outer_tpid == ETHERTYPE_STAG || (w->config.vlan != 0 && eth.tags == 0))
        return NULL;
    if (eth.ethertype != ETHERTYPE_ARP || arp_parse(bytes + eth.payload, length - eth.payload, &arp) != 0)
        return NULL;
    return bytes + eth.payload;
}

/* Invariants of each frame that left upstream. */
static void check_upstream(struct world *w, const struct left *left)
{
    struct arp arp;
    const uint8_t *payload = arp_payload(w, left->bytes, left->length);
    if (payload == NULL)
        return;
    arp_parse(payload, ARP_BYTES, &arp);
    bool is_shared = address_index(w, arp.spa) < ADDRESSES;
    must(w, !is_shared || (mac_equal(arp.sha, bridge_mac) && left->bytes[11] == 1));
    struct mac source;
    memcpy(source.octets, w->bytes + 6, 6);
    uint8_t host = host_index(source);
    if (host == UNKNOWN)
        return;
    must(w, w->arps[host] < 31 || w->now - w->arp_times[host][(w->arps[host] - 31) % 32] > S);
    w->arp_times[host][w->arps[host]++ % 32] = w->now;
}

/* Only what is caused changes the table. */
static void check_changes(struct world *w, const struct pe_arp *reply, bool reply_counts, int learner,
                          unsigned learned_a, uint16_t learned_port)
{
    for (unsigned a = 0; a < ADDRESSES; a++) {
        if (memcmp(w->is->host[a], w->was->host[a], PORTS) == 0)
            continue;
        for (uint32_t p = 0; p < PORTS; p++) {
            uint8_t was = w->was->host[a][p], is = w->is->host[a][p];
            if (was == is)
                continue;
            must(w, !w->was->leased[a][p]); /* no statement of a host moves a lease */
            bool by_reply = reply_counts && address_index(w, reply->spa.address) == a;
            if (is == NOBODY) {
                /* Its owner's earlier range goes, an idle block yields, or the table was full. */
                must(w, by_reply || w->evicted);
                continue;
            }
            if (by_reply && is == host_index(reply->sha)) {
                must(w, p >= reply->spa.first && p <= reply->spa.last);
                continue;
            }
            must(w, learner == is && learned_a == a && was == NOBODY);
            must(w, p / 500 == learned_port / 500 && a == 0);
        }
    }
}

/* Time. */

/* It gives a port to nobody. */
static void check_ends(struct world *w)
{
    if (memcmp(w->is->host, w->was->host, sizeof(w->is->host)) == 0)
        return;
    for (unsigned a = 0; a < ADDRESSES; a++)
        for (uint32_t p = 0; p < PORTS; p++)
            must(w, w->is->host[a][p] == w->was->host[a][p] || w->is->host[a][p] == NOBODY);
}

static void let_pass(struct world *w, uint64_t ns)
{
    uint64_t until = w->now + ns;
    struct engine_out a = out_of(&w->a), b = out_of(&w->b);
    while (engine_next(w->a.engine) <= until) {
        if (engine_next(w->a.engine) > w->now)
            w->now = engine_next(w->a.engine);
        w->a.out_count = w->b.out_count = 0;
        engine_tick(w->a.engine, w->now, &a);
        engine_tick(w->b.engine, w->now, &b);
        check_twins(w);
        note_made(w);
    }
    w->now = until;
    read_table(w);
    check_ends(w);
    check_counts(w);
}

/* Frames. */

static struct mac pick_mac(struct world *w)
{
    return pick(w, 8) == 0 ? router : hosts[pick(w, HOSTS)];
}

static struct ipv4 pick_address(struct world *w)
{
    return pick(w, 2) == 0 ? shared[pick(w, ADDRESSES)] : others[pick(w, OTHERS)];
}

static uint16_t pick_port(struct world *w)
{
    static const uint16_t known[] = {80,   68,   1023, 1024, 1100, 1101, 1999,
                                     2000, 2499, 2500, 4095, 4096, 5999, 6000};
    if (pick(w, 2) == 0)
        return known[pick(w, sizeof(known) / sizeof(known[0]))];
    return (uint16_t)(1000 + pick(w, 5200));
}

static size_t put_header(struct world *w, struct mac to, struct mac from, uint16_t ethertype)
{
    size_t at = 12;
    memcpy(w->bytes, to.octets, 6);
    memcpy(w->bytes + 6, from.octets, 6);
    unsigned vid = w->config.vlan;
    if (vid != 0 || pick(w, 10) == 0) {
        const uint8_t tag[] = {0x81, 0, (uint8_t)(pick(w, 8) << 5), (uint8_t)vid};
        memcpy(w->bytes + at, tag, 4);
        at += 4;
    }
    w->bytes[at] = (uint8_t)(ethertype >> 8);
    w->bytes[at + 1] = (uint8_t)ethertype;
    return at + 2;
}

/* An IPv4 packet with options at times; where the transport begins. */
static size_t put_ipv4(struct world *w, struct mac to, struct mac from, struct ipv4 source,
                       struct ipv4 destination, uint8_t protocol, size_t body)
{
    size_t at = put_header(w, to, from, ETHERTYPE_IPV4), header = 20 + 4 * pick(w, 4);
    uint8_t *ip = w->bytes + at;
    memset(ip, 0, header + body);
    ip[0] = (uint8_t)(0x40 | header / 4);
    put16(ip + 2, (uint16_t)(header + body));
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, source.host);
    put32(ip + 16, destination.host);
    put16(ip + 10, (uint16_t)~internet_sum(ip, header));
    w->length = at + header + body;
    return at + header;
}

static const uint8_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_DCCP,
                                    PROTOCOL_UDP_LITE};

static struct verdict run_frame(struct world *w)
{
    uint8_t copy_a[FRAME_BYTES], copy_b[FRAME_BYTES];
    struct engine_out a = out_of(&w->a), b = out_of(&w->b);
    memcpy(copy_a, w->bytes, w->length);
    memcpy(copy_b, w->bytes, w->length);
    struct frame fa = {.bytes = copy_a, .length = w->length, .wire_length = w->length};
    struct frame fb = {.bytes = copy_b, .length = w->length, .wire_length = w->length};
    w->a.out_count = w->b.out_count = 0;
    struct verdict x = engine_frame(w->a.engine, w->now, w->from, &fa, &a);
    struct verdict y = engine_frame(w->b.engine, w->now, w->from, &fb, &b);
    must(w, x.fate == y.fate && (x.fate != FATE_DROPPED || x.reason == y.reason));
    check_twins(w);
    check_counts(w);
    note_made(w);
    for (unsigned i = 0; i < w->a.out_count; i++)
        if (w->a.out[i].to == SIDE_UPSTREAM && !w->a.out[i].is_made)
            check_upstream(w, &w->a.out[i]);
    read_table(w);
    return x;
}

/* The frame that was given left by `to`, as it was from byte 12 on. */
static const struct left *passed(struct world *w, struct verdict v, enum side to)
{
    must(w, v.fate == FATE_SENT);
    for (unsigned i = w->a.out_count; i-- > 0;) {
        const struct left *left = &w->a.out[i];
        if (left->is_made || left->to != to || left->length != w->length)
            continue;
        if (memcmp(left->bytes + 12, w->bytes + 12, w->length - 12) != 0)
            continue;
        must(w, to == SIDE_UPSTREAM || memcmp(left->bytes, w->bytes + 6, 6) != 0);
        return left;
    }
    blame(w, "the frame did not leave as it came");
    return NULL;
}

static bool dropped_for(struct verdict v, enum drop_reason reason)
{
    return v.fate == FATE_DROPPED && v.reason == reason;
}

/* A frame to `port` of shared address `a`, which nothing before ownership stops. */
static void judge_delivery(struct world *w, struct verdict v, unsigned a, uint16_t port)
{
    const struct config_address *c = &w->addresses[a];
    uint8_t owner = w->was->host[a][port];
    struct mac to = owner != NOBODY ? hosts[owner] : c->default_host;
    bool may_ask = port >= c->ports_first && port <= c->ports_last;
    if (owner == NOBODY && may_ask && v.fate == FATE_HELD)
        return;
    if (owner == NOBODY && may_ask && dropped_for(v, DROP_HOLD_FULL)) {
        must(w, w->last.held == w->config.limits.held_frames);
        return;
    }
    if (owner == NOBODY && may_ask && dropped_for(v, DROP_UNRESOLVED))
        return;
    if (owner == NOBODY && !c->has_default_host) {
        must(w, !may_ask && dropped_for(v, DROP_NO_OWNER));
        return;
    }
    if (memcmp(w->bytes + 6, to.octets, 6) == 0) {
        must(w, dropped_for(v, DROP_SAME_PORT));
        return;
    }
    const struct left *left = passed(w, v, SIDE_DOWNSTREAM);
    must(w, memcmp(left->bytes, to.octets, 6) == 0);
    must(w, memcmp(left->bytes + 6, w->from == SIDE_UPSTREAM ? w->bytes + 6 : bridge_mac.octets, 6) == 0);
}

static void step_to_shared(struct world *w)
{
    unsigned a = pick(w, ADDRESSES);
    uint16_t port = pick_port(w);
    uint8_t protocol = protocols[pick(w, sizeof(protocols))];
    w->from = SIDE_UPSTREAM;
    size_t at =
        put_ipv4(w, pick(w, 2) == 0 ? bridge_mac : pick_mac(w), router, others[3], shared[a], protocol, 24);
    put16(w->bytes + at, 53);
    put16(w->bytes + at + 2, port);
    if (pick(w, 12) == 0) {
        w->length = at + pick(w, protocol == PROTOCOL_TCP ? 20 : 8);
        must(w, dropped_for(run_frame(w), DROP_RUNT));
    } else if (protocol == PROTOCOL_UDP && port == DHCP_PORT_CLIENT) {
        must(w, dropped_for(run_frame(w), DROP_DHCP_UNASKED));
    } else {
        judge_delivery(w, run_frame(w), a, port);
    }
    check_changes(w, NULL, false, -1, 0, 0);
}

static bool lives_downstream(struct world *w, struct mac mac)
{
    (void)w;
    return host_index(mac) != UNKNOWN;
}

static void step_from_host(struct world *w)
{
    unsigned a = pick(w, ADDRESSES), host = pick(w, HOSTS);
    uint16_t port = pick_port(w), to_port = pick_port(w);
    bool hairpin = pick(w, 4) == 0;
    unsigned to = pick(w, ADDRESSES);
    struct mac destination = hairpin ? (pick(w, 3) == 0 ? hosts[pick(w, HOSTS)] : bridge_mac) : router;
    uint8_t protocol = protocols[pick(w, sizeof(protocols))];
    w->from = SIDE_DOWNSTREAM;
    size_t at =
        put_ipv4(w, destination, hosts[host], shared[a], hairpin ? shared[to] : others[3], protocol, 24);
    put16(w->bytes + at, port);
    put16(w->bytes + at + 2, to_port);
    struct verdict v = run_frame(w);
    uint8_t owner = w->was->host[a][port];
    bool policed = !(protocol == PROTOCOL_UDP && port == 68);
    bool learns = policed && a == 0 && owner == NOBODY && port >= 2000 && port <= 5999;
    if (policed && owner != NOBODY && owner != host && w->config.source_ports == SOURCE_PORTS_ENFORCE)
        must(w, dropped_for(v, DROP_SOURCE_PORT_VIOLATION));
    else if (!hairpin) {
        const struct left *left = passed(w, v, SIDE_UPSTREAM);
        must(w, memcmp(left->bytes, router.octets, 6) == 0);
        must(w, memcmp(left->bytes + 6, w->config.source_mac_host ? hosts[host].octets : bridge_mac.octets,
                       6) == 0);
    } else if (lives_downstream(w, destination)) {
        must(w, dropped_for(v, DROP_SAME_PORT));
    } else if (!(protocol == PROTOCOL_UDP && to_port == 68)) {
        if (learns)
            w->was->host[to][to_port] = w->is->host[to][to_port]; /* learned before it was delivered */
        judge_delivery(w, v, to, to_port);
        if (learns)
            w->was = w->is;
    }
    check_changes(w, NULL, false, learns ? (int)host : -1, a, port);
}

static struct relayed *relayed_of(struct world *w, struct ipv4 address, struct ipv4 target)
{
    unsigned other = 0;
    while (others[other].host != target.host)
        other++;
    return &w->relayed[address_index(w, address)][other];
}

static unsigned copies(const struct world *w)
{
    unsigned count = 0;
    for (unsigned i = 0; i < w->a.out_count; i++)
        count += w->a.out[i].to == SIDE_DOWNSTREAM && w->a.out[i].is_made;
    return count;
}

/* Upstream is asked once a second; who is not asked for gets the answer. */
static void check_relayed(struct world *w, struct verdict v, const struct arp *arp)
{
    struct relayed *r = relayed_of(w, arp->spa, arp->tpa);
    bool is_plain = w->bytes[0] == 0xff && (w->bytes[12] == 0x81) == (w->config.vlan != 0);
    bool coalesces = r->sent_ns != 0 && w->now - r->sent_ns < S && (r->is_plain || !is_plain);
    if (dropped_for(v, DROP_ARP_LIMIT))
        return;
    if (coalesces)
        must(w, v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ARP_COALESCED);
    else
        must(w, v.fate == FATE_SENT && w->a.out_count == 1);
    if (!coalesces) {
        r->sent_ns = w->now;
        r->is_plain = is_plain;
        r->is_answered = false;
    }
    must(w, copies(w) == r->is_answered);
    if (!r->is_answered)
        r->asked_ns[host_index(arp->sha)] = w->now;
}

/* One copy for each host that waits. */
static void check_answer(struct world *w, struct verdict v, const struct arp *arp)
{
    struct relayed *r = relayed_of(w, arp->tpa, arp->spa);
    unsigned waiting = 0;
    for (unsigned i = 0; i < HOSTS; i++) {
        waiting += r->asked_ns[i] != 0 && w->now - r->asked_ns[i] <= 3 * S;
        r->asked_ns[i] = 0;
    }
    must(w, copies(w) == waiting);
    if (waiting == 0)
        must(w, dropped_for(v, DROP_ARP_UNASKED));
    else
        must(w, v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ARP_RELAYED);
    r->is_answered = r->is_answered || waiting > 0;
}

/* The first address that the host owns a port of; ADDRESSES: none. */
static unsigned lowest_owned(const struct world *w, uint8_t host)
{
    unsigned a = 0;
    while (a < ADDRESSES && memchr(w->is->host[a], host, PORTS) == NULL)
        a++;
    return a;
}

static void step_arp(struct world *w)
{
    struct mac source = pick_mac(w);
    struct arp arp = {
        .hardware = pick(w, 6) == 0 ? 6 : 1, .operation = (uint16_t)(1 + pick(w, 2)), .sha = source};
    arp.spa = pick_address(w);
    arp.tpa = pick_address(w);
    w->from = mac_equal(source, router) ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    bool to_all = pick(w, 2) == 0;
    size_t at = put_header(w, to_all ? mac_broadcast : bridge_mac, source, ETHERTYPE_ARP);
    const uint8_t fixed[] = {0, (uint8_t)arp.hardware, 8, 0, 6, 4, 0, (uint8_t)arp.operation};
    memset(w->bytes + at, 0, ARP_BYTES);
    memcpy(w->bytes + at, fixed, 8);
    memcpy(w->bytes + at + 8, source.octets, 6);
    put32(w->bytes + at + 14, arp.spa.host);
    put32(w->bytes + at + 24, arp.tpa.host);
    w->length = at + ARP_BYTES;
    struct verdict v = run_frame(w);
    bool from_shared = address_index(w, arp.spa) < ADDRESSES, to_shared = address_index(w, arp.tpa) < ADDRESSES;
    bool request = arp.operation == 1, ethernet = arp.hardware == 1;
    bool limited = dropped_for(v, DROP_ARP_LIMIT);
    if (w->from == SIDE_UPSTREAM) {
        if (from_shared)
            must(w, dropped_for(v, DROP_ARP_CONFLICT));
        else if (to_shared && ethernet && request)
            must(w, v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ARP_ANSWERED);
        else if (to_shared && ethernet)
            check_answer(w, v, &arp);
        else
            passed(w, v, SIDE_DOWNSTREAM);
    } else if (from_shared) {
        bool other = arp.spa.host != arp.tpa.host;
        if (!request || !ethernet || !other)
            must(w, dropped_for(v, DROP_ARP_CAPTURE));
        else if (to_shared)
            must(w, v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ARP_ANSWERED);
        else
            check_relayed(w, v, &arp);
    } else if (to_shared && request && ethernet) {
        if (arp.spa.host == 0)
            must(w, dropped_for(v, DROP_ARP_PROBE));
        else
            must(w, v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ARP_ANSWERED);
    } else if (arp.spa.host == 0 && lowest_owned(w, host_index(source)) < ADDRESSES) {
        arp.spa = shared[lowest_owned(w, host_index(source))];
        if (request && ethernet)
            check_relayed(w, v, &arp);
        else
            must(w, dropped_for(v, DROP_ARP_CAPTURE));
    } else if (!limited) {
        passed(w, v, SIDE_UPSTREAM);
    }
    check_changes(w, NULL, false, -1, 0, 0);
}

/* True where the reply answers a request that may still be open. */
static bool answers_open_request(const struct world *w, const struct pe_arp *m)
{
    for (unsigned i = 0; i < REQUESTS && i < w->request_count; i++) {
        const struct asked *r = &w->requests[i];
        bool target = mac_is_zero(r->target) || mac_equal(r->target, m->sha);
        if (r->nonce == m->nonce && target && r->tpa.address.host == m->tpa.address.host &&
            r->tpa.first == m->tpa.first && w->now - r->time < 4 * S)
            return true;
    }
    return false;
}

static void pick_range(struct world *w, struct port_address *a)
{
    uint16_t first = (uint16_t)(pick(w, 2) == 0 ? 1024 + 250 * pick(w, 20) : pick_port(w));
    uint16_t length = (uint16_t)(pick(w, 2) == 0 ? 249 : pick(w, 1200));
    a->address = shared[pick(w, ADDRESSES)];
    a->first = first;
    a->last = (uint16_t)(first + length);
}

static struct spoken *spoken_by(struct world *w, const struct pe_arp_key *key, struct mac mac)
{
    for (unsigned i = 0; i < w->spoken_count; i++)
        if (w->spoken[i].key_id == key->id && mac_equal(w->spoken[i].mac, mac))
            return &w->spoken[i];
    must(w, w->spoken_count < SPEAKERS);
    w->spoken[w->spoken_count] = (struct spoken){key->id, mac, 0};
    return &w->spoken[w->spoken_count++];
}

static bool is_statement(const struct pe_arp *m)
{
    return m->type == PE_ARP_CLAIM || m->type == PE_ARP_RELEASE || m->type == PE_ARP_CONFLICT;
}

/* Signs it, mostly well. */
static void sign(struct world *w, struct tx_frame *made)
{
    struct pe_arp *m = &made->pe_arp;
    if (w->config.key_count == 0 || pick(w, 8) == 0)
        return;
    made->key = &w->keys[pick(w, KEYS)];
    if (pick(w, 3) != 0)
        made->key = mac_equal(m->sha, hosts[0]) ? &w->keys[0] : &w->keys[1];
    if (!is_statement(m))
        return;
    m->seq.present = pick(w, 8) != 0;
    m->seq.number = w->now / 1000 + pick(w, 1000000);
    if (pick(w, 6) == 0)
        m->seq.number = pick(w, 2) == 0 ? seeded_next(&w->random) : w->now / 1000 + AHEAD_US + 1 - pick(w, 2);
}

/* Whether its key allows it. What is taken is the last of its key and MAC from then on. */
static bool key_allows(struct world *w, const struct tx_frame *made)
{
    const struct pe_arp *m = &made->pe_arp;
    const struct pe_arp_key *key = made->key;
    if (w->config.key_count == 0)
        return true;
    const bool is_bridges = m->type == PE_ARP_REQUEST || m->type == PE_ARP_HELLO;
    if (key == NULL || key == &w->keys[is_bridges ? 0 : 2] || (is_bridges && key == &w->keys[1]))
        return false;
    if (key == &w->keys[0]) {
        const bool is_first = m->spa.address.host == shared[0].host;
        if (!mac_equal(m->sha, hosts[0]) || m->spa.first < (is_first ? 2000 : 1024) ||
            m->spa.last > (is_first ? 3499 : 4095))
            return false;
    }
    if (!is_statement(m))
        return true;
    struct spoken *spoken = spoken_by(w, key, m->sha);
    if (!m->seq.present || m->seq.number <= spoken->number || m->seq.number > w->now / 1000 + AHEAD_US)
        return false;
    spoken->number = m->seq.number;
    return true;
}

static void step_pe_arp(struct world *w)
{
    static const enum pe_arp_type types[] = {PE_ARP_CLAIM,    PE_ARP_CLAIM,   PE_ARP_REPLY,
                                             PE_ARP_REPLY,    PE_ARP_REPLY,   PE_ARP_RELEASE,
                                             PE_ARP_CONFLICT, PE_ARP_REQUEST, PE_ARP_HELLO};
    struct tx_frame made = {
        .destination = mac_broadcast, .source = pick_mac(w), .ethertype = w->config.encap, .kind = TX_PE_ARP};
    struct pe_arp *m = &made.pe_arp;
    m->type = types[pick(w, sizeof(types) / sizeof(types[0]))];
    m->sha = pick(w, 12) == 0 ? pick_mac(w) : made.source;
    pick_range(w, &m->spa);
    m->tpa = m->spa;
    if (m->type == PE_ARP_REPLY && w->request_count > 0) {
        unsigned newest = w->request_count < REQUESTS ? w->request_count : REQUESTS;
        const struct asked *r =
            &w->requests[(w->request_count - 1 - pick(w, newest < 4 ? newest : 4)) % REQUESTS];
        m->tpa = r->tpa;
        m->nonce = pick(w, 6) == 0 ? seeded_next(&w->random) : r->nonce;
        m->spa.address = r->tpa.address;
        if (pick(w, 5) != 0) {
            m->spa.first = (uint16_t)(r->tpa.first / 250 * 250);
            m->spa.last = (uint16_t)(m->spa.first + 249);
        }
        if (pick(w, 4) != 0 && !mac_is_zero(r->target))
            m->sha = made.source = r->target;
        made.destination = m->tha = bridge_mac;
        m->lifetime_s = (uint16_t)(pick(w, 3) == 0 ? 10 : 0);
    }
    w->from = mac_equal(made.source, router) ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    made.tag = (struct eth_tag){w->config.vlan != 0, w->config.vlan};
    sign(w, &made);
    int length = frame_build(w->builder, &made, w->bytes, sizeof(w->bytes));
    must(w, length > 0);
    w->length = (size_t)length;
    struct verdict v = run_frame(w);
    bool consumed = v.fate == FATE_CONSUMED && v.consumed == CONSUMED_PE_ARP;
    must(w, !consumed || key_allows(w, &made));
    bool is_limited = dropped_for(v, DROP_CLAIM_LIMIT);
    must(w, consumed || is_limited || dropped_for(v, DROP_PE_ARP_BAD) || dropped_for(v, DROP_PE_ARP_FORGED));
    must(w, !is_limited || m->type == PE_ARP_CLAIM || m->type == PE_ARP_RELEASE || m->type == PE_ARP_CONFLICT);
    must(w, w->from == SIDE_DOWNSTREAM || dropped_for(v, DROP_PE_ARP_BAD));
    must(w, !consumed || mac_equal(m->sha, made.source));
    bool counts = m->type == PE_ARP_REPLY && consumed;
    must(w, !counts || answers_open_request(w, m));
    check_changes(w, m, counts, -1, 0, 0);
}

static void step_echo(struct world *w)
{
    unsigned a = pick(w, ADDRESSES);
    w->from = SIDE_UPSTREAM;
    size_t at = put_ipv4(w, bridge_mac, router, others[3], shared[a], PROTOCOL_ICMP, 16);
    w->bytes[at] = ICMP_ECHO_REQUEST;
    put16(w->bytes + at + 4, 77);
    put16(w->bytes + at + 2, (uint16_t)~internet_sum(w->bytes + at, 16));
    struct verdict v = run_frame(w);
    if (a == 1)
        must(w, dropped_for(v, DROP_ECHO_DROP));
    else
        must(w, dropped_for(v, DROP_ECHO_LIMIT) ||
                    (v.fate == FATE_CONSUMED && v.consumed == CONSUMED_ECHO_ANSWERED));
    check_changes(w, NULL, false, -1, 0, 0);
}

/* A DHCP message with these parameters, between the ports of DHCP. */
static struct verdict run_dhcp(struct world *w, const struct dhcp_answer *message, bool by_client,
                               struct mac source)
{
    uint8_t body[DHCP_WRITE_MAX_BYTES];
    int length = dhcp_write(message, body, sizeof(body));
    must(w, length > 0);
    struct ipv4 from = by_client ? others[0] : others[1];
    size_t at =
        put_ipv4(w, mac_broadcast, source, from, (struct ipv4){UINT32_MAX}, PROTOCOL_UDP, 8 + (size_t)length);
    put16(w->bytes + at, by_client ? DHCP_PORT_CLIENT : DHCP_PORT_SERVER);
    put16(w->bytes + at + 2, by_client ? DHCP_PORT_SERVER : DHCP_PORT_CLIENT);
    put16(w->bytes + at + 4, (uint16_t)(8 + length));
    memcpy(w->bytes + at + 8, body, (size_t)length);
    if (by_client)
        w->bytes[at + 8] = DHCP_OP_REQUEST;
    return run_frame(w);
}

/* A lease moves what the server says and nothing else; what a host says in its name, nothing. */
static void check_lease(struct world *w, const struct range *range, uint8_t lessee, bool is_full)
{
    for (uint32_t p = 0; p < PORTS; p++) {
        uint8_t was = w->was->host[0][p], is = w->is->host[0][p];
        if (range_holds(range, (uint16_t)p))
            must(w, is == lessee || (is_full && is == NOBODY));
        else
            must(w, is == was || is == NOBODY);
    }
}

/* The client asks the servers upstream for it, with this xid: that changes nothing. */
static void ask_dhcp(struct world *w, const struct dhcp_answer *answer)
{
    struct dhcp_answer request = {.kind = DHCP_REQUEST, .chaddr = answer->chaddr, .xid = answer->xid};
    w->from = SIDE_DOWNSTREAM;
    struct verdict v = run_dhcp(w, &request, true, answer->chaddr);
    passed(w, v, SIDE_UPSTREAM);
    check_changes(w, NULL, false, -1, 0, 0);
}

/* True where another host had a lease of a port of the range before the frame. */
static bool anothers_lease(const struct world *w, const struct range *range, uint8_t lessee)
{
    for (uint32_t p = range->first; p <= range->last; p++)
        if (w->was->leased[0][p] && w->was->host[0][p] != lessee)
            return true;
    return false;
}

static void step_dhcp(struct world *w)
{
    static const enum dhcp_kind kinds[] = {DHCP_ACK, DHCP_ACK, DHCP_ACK, DHCP_NAK, DHCP_RELEASE, DHCP_OFFER};
    uint8_t lessee = (uint8_t)pick(w, HOSTS), length = (uint8_t)(6 + pick(w, 3));
    uint16_t psid = (uint16_t)(pick(w, 7000) >> (16 - length));
    struct dhcp_answer m = {.kind = kinds[pick(w, sizeof(kinds) / sizeof(kinds[0]))],
                            .chaddr = hosts[lessee],
                            .xid = w->step + 1,
                            .server_id = others[1],
                            .lease_s = 10 + pick(w, 400),
                            .ports = {true, 0, length, psid}};
    bool by_client = m.kind == DHCP_RELEASE, by_host = by_client || pick(w, 4) == 0;
    struct mac source = by_client && pick(w, 4) != 0 ? hosts[lessee] : hosts[pick(w, HOSTS)];
    struct port_span span = port_set_bounds((struct port_set_params){0, length}, psid);
    const struct range range = {shared[0], span.first, span.last}, none = {{0}, 1, 0};
    uint64_t full = engine_stats(w->a.engine)->counters[COUNTER_TABLE_FULL];
    *(m.kind == DHCP_RELEASE ? &m.ciaddr : &m.yiaddr) = shared[0];
    bool is_asked = pick(w, 4) != 0;
    if (is_asked && !by_client)
        ask_dhcp(w, &m);
    w->from = by_host ? SIDE_DOWNSTREAM : SIDE_UPSTREAM;
    struct verdict v = run_dhcp(w, &m, by_client, by_host ? source : router);
    if (!by_host && !is_asked) {
        must(w, dropped_for(v, DROP_DHCP_UNASKED));
        check_changes(w, NULL, false, -1, 0, 0);
        return;
    }
    passed(w, v, side_other(w->from));
    bool ends = by_client ? mac_equal(source, hosts[lessee]) : !by_host && m.kind == DHCP_NAK;
    bool leases = !by_host && m.kind == DHCP_ACK && span.first >= 2000 && span.last <= 5999;
    if (leases && !anothers_lease(w, &range, lessee))
        check_lease(w, &range, lessee, engine_stats(w->a.engine)->counters[COUNTER_TABLE_FULL] > full);
    else if (ends)
        check_lease(w, &none, lessee, false);
    else
        check_changes(w, NULL, false, -1, 0, 0);
}

/* Bytes of no form: the frame passes whole or is dropped, and teaches nothing. */
static void step_noise(struct world *w)
{
    w->from = pick(w, 2) == 0 ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    w->length = pick(w, 80);
    for (size_t i = 0; i < w->length; i++)
        w->bytes[i] = (uint8_t)seeded_next(&w->random);
    if (w->length >= 12 && pick(w, 2) == 0)
        memcpy(w->bytes + 6, (w->from == SIDE_UPSTREAM ? router : hosts[pick(w, HOSTS)]).octets, 6);
    if (w->length >= 14 && pick(w, 2) == 0)
        put16(w->bytes + 12, pick(w, 2) == 0 ? ETHERTYPE_IPV4 : ETHERTYPE_ARP);
    struct verdict v = run_frame(w);
    must(w, v.fate != FATE_HELD);
    must(w, w->length >= 14 || dropped_for(v, DROP_RUNT));
    if (v.fate == FATE_SENT)
        passed(w, v, side_other(w->from));
    check_changes(w, NULL, false, -1, 0, 0);
}

/* A host's MAC upstream: to all it is its own frame given back; to one machine an owner's is not believed. */
static void step_mac_upstream(struct world *w)
{
    uint8_t host = (uint8_t)pick(w, HOSTS);
    bool to_one = pick(w, 2) == 0 && lowest_owned(w, host) < ADDRESSES;
    w->from = SIDE_UPSTREAM;
    w->length = put_header(w, to_one ? bridge_mac : mac_broadcast, hosts[host], 0x9000);
    must(w, dropped_for(run_frame(w), to_one ? DROP_BAD_SOURCE : DROP_REFLECTED));
    w->from = SIDE_DOWNSTREAM;
    w->length = put_header(w, mac_broadcast, hosts[host], 0x9000);
    passed(w, run_frame(w), SIDE_UPSTREAM);
    check_changes(w, NULL, false, -1, 0, 0);
}

/* What a state file says of the table makes the same table: invariant 10. */
static void check_saved(struct world *w)
{
    static const struct engine_seed seed = {.plain_nonces = true, .hash_key = {7}};
    static const struct state_times now = {.boot_id = "same"};
    static struct state_reading r;
    struct side_of_test *t = calloc(1, sizeof(*t));
    struct config config = w->config;
    struct limits *l = &config.limits; /* of traffic, which it never sees */
    l->datagrams = l->waiting_fragments = l->dhcp_clients = l->flows = l->echo_flows = l->negatives =
        l->askers = l->rivals = l->questions = l->accounts = 64;
    must(w, t != NULL && (t->engine = engine_new(&config, &seed)) != NULL);
    struct engine_out out = out_of(t);
    struct state_walk walk = {.engine = w->a.engine, .now_ns = w->now};
    struct state_line line;
    uint64_t records = 0;
    state_reading_begin(&r, &(struct state_load){.engine = t->engine, .out = &out, .now_ns = w->now}, &now);
    state_header(&line, &now);
    do {
        state_reading_feed(&r, line.text, line.length);
    } while (state_walk_next(&walk, &line) && state_line_end(&line) > 0 && ++records > 0);
    state_trailer(&line, records);
    state_reading_feed(&r, line.text, line.length);
    state_reading_end(&r);
    must(w, !state_reading_is_damaged(&r) && r.restored == records && t->out_count == 0);
    struct table_cursor at_was = {0}, at_is = {0};
    struct table_entry was, is;
    while (engine_bindings_next(w->a.engine, w->now, &at_was, &was)) {
        must(w, engine_bindings_next(t->engine, w->now, &at_is, &is));
        must(w, was.range.address.host == is.range.address.host && was.range.first == is.range.first &&
                    was.range.last == is.range.last && mac_equal(was.mac, is.mac) && was.origin == is.origin &&
                    was.age_ns == is.age_ns && was.rx_frames == is.rx_frames && was.rx_bytes == is.rx_bytes &&
                    was.tx_frames == is.tx_frames && was.tx_bytes == is.tx_bytes);
        bool is_certain = was.state == BINDING_PERMANENT || was.origin == ORIGIN_DHCP;
        must(w, is.state == (is_certain ? was.state : BINDING_STALE));
        must(w, !is_certain || is.expires_ns == was.expires_ns);
        must(w, was.origin != ORIGIN_TRAFFIC || is.expires_ns >= was.expires_ns);
    }
    must(w, !engine_bindings_next(t->engine, w->now, &at_is, &is));
    engine_free(t->engine);
    free(t);
}

/* The router is heard, so that no host can be it; the hosts live downstream. */
static void settle(struct world *w)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        w->from = SIDE_DOWNSTREAM;
        w->length = put_header(w, mac_broadcast, hosts[i], 0x9000);
        run_frame(w);
    }
    w->from = SIDE_UPSTREAM;
    w->length = put_header(w, mac_broadcast, router, 0x9000);
    run_frame(w);
}

static void one_run(uint64_t seed, unsigned steps)
{
    static void (*const kinds[])(struct world * w) = {
        step_to_shared, step_to_shared, step_from_host, step_from_host, step_pe_arp, step_pe_arp,
        step_pe_arp,    step_arp,       step_echo,      step_noise,     step_dhcp,   step_mac_upstream};
    static const uint64_t pauses[] = {0,        0, 0, 0,     1000,   1000,    MS,     100 * MS,
                                      400 * MS, S, S, 3 * S, 20 * S, 121 * S, 301 * S};
    static const struct engine_seed keys[] = {{.plain_nonces = true, .hash_key = {1}},
                                              {.plain_nonces = true, .hash_key = {2, 3, 4}}};
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->seed = w->random = seed;
    configure(w);
    w->builder = frame_builder_new();
    w->a.builder = w->b.builder = w->builder;
    w->a.engine = engine_new(&w->config, &keys[0]);
    w->b.engine = engine_new(&w->config, &keys[1]);
    w->now = 1 + seeded_next(&w->random) % (S * 1000000);
    w->is = &w->tables[0];
    fill_ports(w->is);
    struct engine_out a = out_of(&w->a), b = out_of(&w->b);
    engine_start(w->a.engine, w->now, &a);
    engine_start(w->b.engine, w->now, &b);
    read_table(w);
    for (w->step = 0; w->step < steps; w->step++) {
        let_pass(w, pauses[pick(w, sizeof(pauses) / sizeof(pauses[0]))]);
        settle(w);
        kinds[pick(w, sizeof(kinds) / sizeof(kinds[0]))](w);
        if (w->step % 50 == 0)
            check_saved(w);
    }
    let_pass(w, 1000 * S);
    must(w, engine_stats(w->a.engine)->held == 0);
    engine_free(w->a.engine);
    engine_free(w->b.engine);
    frame_builder_free(w->builder);
    free(w);
}

static void test_random_frames(void **state)
{
    uint64_t seed = from_environment("SEED", 20260101), runs = rounds("RUNS", 400);
    unsigned steps = (unsigned)from_environment("STEPS", 1000);
    (void)state;
    print_message("SEED=%llu RUNS=%llu STEPS=%u\n", (unsigned long long)seed, (unsigned long long)runs, steps);
    for (uint64_t i = 0; i < runs; i++)
        one_run(seed + i, steps);
    printf("# S4: %llu runs of %u steps of everything else, invariants held (SEED=%llu)\n",
           (unsigned long long)runs, steps, (unsigned long long)seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_frames)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
