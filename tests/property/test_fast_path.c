/* test_fast_path.c: an engine with a fast path beside it against the same engine without one.
 *
 * Random frames, claims, commands, reloads and steps of time go to both, but the one does not see what its fast path
 * forwards by itself. From each, the same frames leave, in the same order, and the same events; and once it was harvested
 * all that can be read of it is the same: bindings with their counts and times, accounts, hosts, counters. SEED, RUNS and
 * STEPS come from the environment; a mismatch prints them. */
#include "../lib/fast_model.h"
#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"
#include "pearpd/time_units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS          UINT64_C(1000000)
#define IPV6        0x86dd
#define ADDRESSES   2
#define HOSTS       6 /* the last is another MAC address of the first */
#define STATIONS    3 /* upstream */
#define OUT_MAX     600
#define REQUESTS    16
#define FRAME_BYTES 256

/* Counted where it happened; the least number in 10,000 steps. */
#define RULES(X)                                                                       \
    X(TO_OWNER, 300, "a frame to an owner, by the fast path")                          \
    X(FROM_OWNER, 150, "a frame from an owner, by the fast path")                      \
    X(BRIDGED, 300, "a bridged frame, by the fast path")                               \
    X(LEFT, 1000, "a frame that is the engine's")                                      \
    X(HARVEST, 150, "a harvest that found something")                                  \
    X(RELOAD, 20, "a reload")                                                          \
    X(LEARNED, 50, "a binding that begins")                                            \
    X(STALE, 20, "a binding that becomes stale")                                       \
    X(EXPIRED, 20, "a binding that ends because its owner is idle or does not answer") \
    X(EVICTED, 5, "a binding that makes room")                                         \
    X(DELETED, 20, "a binding that an operator, a reload or its owner ends")           \
    X(CONFLICT, 20, "a claim of what another host has")                                \
    X(VIOLATION, 20, "a frame of a host from another one's port")                      \
    X(MAC_MOVED, 20, "a MAC address that moves")                                       \
    X(BAD_SOURCE, 20, "a source that is not believed")

#include "../lib/model_rules.h"

struct left {
    enum side to;
    size_t length;
    uint8_t bytes[FRAME_BYTES];
};

struct twin {
    struct engine *engine;
    struct engine_out out;
    struct frame_builder *builder;
    struct left left[OUT_MAX];
    struct event events[OUT_MAX];
    unsigned left_count, event_count;
};

struct asked {
    struct mac target;
    struct port_address tpa;
    uint64_t nonce;
};

struct pair {
    struct twin slow, fast;
    struct fast_model model;
    struct engine_seed seed_of_engine;
    struct config config;
    struct config_address addresses[ADDRESSES];
    struct config_range ranges[1];
    struct frame_builder *builder;
    struct asked asked[REQUESTS]; /* a ring */
    unsigned asked_count;
    uint64_t seed, random, now;
    unsigned step;
    uint8_t bytes[FRAME_BYTES];
};

static const struct ipv4 shared_addresses[ADDRESSES] = {{0xc0000201}, {0xc0000202}};

static void print_left(const char *who, const struct twin *t)
{
    char text[EVENT_TEXT_BYTES];
    for (unsigned i = 0; i < t->event_count; i++)
        print_message("%s: %s\n", who, event_format(&t->events[i], text));
    for (unsigned i = 0; i < t->left_count; i++) {
        print_message("%s: to %s ", who, side_name(t->left[i].to));
        for (size_t k = 0; k < t->left[i].length; k++)
            print_message("%02x", t->left[i].bytes[k]);
        print_message("\n");
    }
}

static void blame(const struct pair *p, const char *what)
{
    print_left("without", &p->slow);
    print_left("with", &p->fast);
    fail_msg("SEED=%llu step %u: %s", (unsigned long long)p->seed, p->step, what);
}

#define must(p, condition)          \
    do {                            \
        if (!(condition))           \
            blame((p), #condition); \
    } while (0)

static unsigned pick(struct pair *p, unsigned below)
{
    return (unsigned)(seeded_next(&p->random) % below);
}

static struct mac host_mac(unsigned n)
{
    return (struct mac){{0, 1, 0, 0, 0, (uint8_t)n}};
}

static struct mac station_mac(unsigned n)
{
    return (struct mac){{0, 2, 0, 0, 0, (uint8_t)n}};
}

/* Out of the engines. */

static void leave(struct twin *t, enum side to, const uint8_t *bytes, size_t length)
{
    assert_true(t->left_count < OUT_MAX && length <= FRAME_BYTES);
    struct left *left = &t->left[t->left_count++];
    left->to = to;
    left->length = length;
    memcpy(left->bytes, bytes, length);
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    leave(context, to, frame->bytes, frame->length);
}

static void take_made(void *context, enum side to, const struct tx_frame *made)
{
    struct twin *t = context;
    uint8_t bytes[FRAME_BYTES];
    const int length = frame_build(t->builder, made, bytes, sizeof(bytes));
    assert_true(length > 0);
    leave(t, to, bytes, (size_t)length);
}

static void take_event(void *context, const struct event *event)
{
    struct twin *t = context;
    assert_true(t->event_count < OUT_MAX);
    t->events[t->event_count++] = *event;
}

static void ignore_flow(void *context, const struct flow_record *record)
{
    (void)context, (void)record;
}

/* The slow one's are seen first: what it asks is remembered. */
static void take_made_slow(void *context, enum side to, const struct tx_frame *made)
{
    struct pair *p = (struct pair *)context; /* the slow twin is its first member */
    take_made(&p->slow, to, made);
    const struct pe_arp *m = &made->pe_arp;
    if (made->kind == TX_PE_ARP && m->type == PE_ARP_REQUEST)
        p->asked[p->asked_count++ % REQUESTS] = (struct asked){m->tha, m->tpa, m->nonce};
}

/* What both did. */

static bool same_range(const struct range *a, const struct range *b)
{
    return a->address.host == b->address.host && a->first == b->first && a->last == b->last;
}

static bool same_event(const struct event *a, const struct event *b)
{
    const bool same_detail =
        (a->detail == NULL) == (b->detail == NULL) && (a->detail == NULL || strcmp(a->detail, b->detail) == 0);
    return a->kind == b->kind && a->time_ns == b->time_ns && a->side == b->side &&
           same_range(&a->range, &b->range) && mac_equal(a->mac, b->mac) && mac_equal(a->other, b->other) &&
           a->remote.host == b->remote.host && a->protocol == b->protocol && same_detail;
}

static void note_event(enum event_kind kind)
{
    static const uint8_t counted[EVENT_KIND_COUNT] = {
        [EVENT_LEARNED] = RULE_LEARNED,      [EVENT_STALE] = RULE_STALE,
        [EVENT_EXPIRED] = RULE_EXPIRED,      [EVENT_EVICTED] = RULE_EVICTED,
        [EVENT_DELETED] = RULE_DELETED,      [EVENT_CONFLICT] = RULE_CONFLICT,
        [EVENT_VIOLATION] = RULE_VIOLATION,  [EVENT_MAC_MOVED] = RULE_MAC_MOVED,
        [EVENT_BAD_SOURCE] = RULE_BAD_SOURCE};
    if (counted[kind] != 0)
        met[counted[kind]]++;
}

/* The same left both and happened in both since the last time. */
static void check_twins(struct pair *p)
{
    must(p, p->slow.event_count == p->fast.event_count);
    for (unsigned i = 0; i < p->slow.event_count; i++) {
        must(p, same_event(&p->slow.events[i], &p->fast.events[i]));
        note_event(p->slow.events[i].kind);
    }
    must(p, p->slow.left_count == p->fast.left_count);
    for (unsigned i = 0; i < p->slow.left_count; i++) {
        const struct left *a = &p->slow.left[i], *b = &p->fast.left[i];
        must(p, a->to == b->to && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0);
    }
    p->slow.event_count = p->fast.event_count = p->slow.left_count = p->fast.left_count = 0;
}

static bool same_entry(const struct table_entry *a, const struct table_entry *b)
{
    return same_range(&a->range, &b->range) && mac_equal(a->mac, b->mac) && a->state == b->state &&
           a->origin == b->origin && a->has_psid == b->has_psid && a->age_ns == b->age_ns &&
           a->expires_ns == b->expires_ns && a->seen_ns == b->seen_ns && a->rx_frames == b->rx_frames &&
           a->rx_bytes == b->rx_bytes && a->tx_frames == b->tx_frames && a->tx_bytes == b->tx_bytes;
}

static void check_tables(struct pair *p)
{
    struct table_cursor at_slow = {0}, at_fast = {0};
    struct table_entry a, b;
    while (engine_table_next(p->slow.engine, p->now, &at_slow, &a)) {
        must(p, engine_table_next(p->fast.engine, p->now, &at_fast, &b));
        must(p, same_entry(&a, &b));
    }
    must(p, !engine_table_next(p->fast.engine, p->now, &at_fast, &b));
}

static void check_accounts(struct pair *p)
{
    uint32_t cursor = 0, count = 0;
    struct account_entry a, b;
    while (engine_accounts_next(p->slow.engine, &cursor, &a)) {
        must(p, engine_account_find(p->fast.engine, a.mac, &b) == 0);
        must(p, memcmp(&a.total, &b.total, sizeof(a.total)) == 0);
        count++;
    }
    cursor = 0;
    while (engine_accounts_next(p->fast.engine, &cursor, &b))
        count--;
    must(p, count == 0);
}

static void check_hosts(struct pair *p)
{
    uint32_t at_slow = 0, at_fast = 0;
    struct host_entry a, b;
    while (engine_hosts_next(p->slow.engine, &at_slow, &a)) {
        must(p, engine_hosts_next(p->fast.engine, &at_fast, &b));
        must(p, mac_equal(a.mac, b.mac) && a.violations == b.violations && a.bad_sources == b.bad_sources &&
                    a.captures == b.captures && a.bad_pe_arp == b.bad_pe_arp);
    }
}

static void harvest(struct pair *p)
{
    const uint64_t before = engine_stats(p->fast.engine)->in[SIDE_DOWNSTREAM];
    engine_fast_harvest(p->fast.engine, p->now);
    met[RULE_HARVEST] += engine_stats(p->fast.engine)->in[SIDE_DOWNSTREAM] > before;
    must(p,
         memcmp(engine_stats(p->slow.engine), engine_stats(p->fast.engine), sizeof(struct engine_stats)) == 0);
    must(p, engine_changes(p->slow.engine) == engine_changes(p->fast.engine));
    check_tables(p);
    check_accounts(p);
    check_hosts(p);
}

/* The pair. */

static void configure(struct pair *p)
{
    struct config *c = &p->config;
    *c = (struct config){.mac = bridge_mac,
                         .encap = ETHERTYPE_PE_ARP,
                         .addresses = p->addresses,
                         .address_count = ADDRESSES,
                         .ranges = p->ranges,
                         .range_count = 1};
    limits_small(&c->limits);
    c->limits.bindings = pick(p, 2) == 0 ? 6 : 64;
    c->limits.host_ports = 60;
    c->limits.mac_age_s = 60;
    c->vlan = pick(p, 3) == 0 ? 5 : 0;
    c->source_mac_host = pick(p, 3) == 0;
    c->upstream_macs_bridge = !c->source_mac_host && pick(p, 3) == 0;
    c->source_ports = (enum source_ports_mode)pick(p, 3);
    c->has_router_mac = pick(p, 2) == 0;
    c->router_mac = station_mac(0);
    p->addresses[0] = (struct config_address){.address = shared_addresses[0],
                                              .ports_first = 2000,
                                              .ports_last = 5999,
                                              .learn = LEARN_PE_ARP | (pick(p, 2) == 0 ? LEARN_TRAFFIC : 0),
                                              .block = 500};
    p->addresses[1] = (struct config_address){.address = shared_addresses[1],
                                              .ports_first = 1024,
                                              .ports_last = 65535,
                                              .learn = LEARN_PE_ARP | LEARN_TRAFFIC,
                                              .has_psid = true,
                                              .psid = {6, 4},
                                              .has_default_host = true,
                                              .default_host = host_mac(4)};
    p->ranges[0] = (struct config_range){.range = {shared_addresses[0], 80, 89},
                                         .mac = host_mac(0),
                                         .name = "first",
                                         .others = {host_mac(HOSTS - 1)},
                                         .other_count = 1};
}

static void twin_begin(struct pair *p, struct twin *t)
{
    t->builder = frame_builder_new();
    t->engine = engine_new(&p->config, &p->seed_of_engine);
    assert_non_null(t->builder);
    assert_non_null(t->engine);
    engine_start(t->engine, p->now, &t->out);
}

static void begin(struct pair *p, uint64_t seed)
{
    memset(p, 0, sizeof(*p));
    p->seed = p->random = seed;
    p->now = WORLD_BEGIN;
    p->seed_of_engine.plain_nonces = true;
    p->builder = frame_builder_new();
    p->slow.out = (struct engine_out){p, take_send, take_made_slow, take_event, ignore_flow};
    p->fast.out = (struct engine_out){&p->fast, take_send, take_made, take_event, ignore_flow};
    configure(p);
    twin_begin(p, &p->slow);
    twin_begin(p, &p->fast);
    fast_model_begin(&p->model, &p->now);
    engine_fast_set(p->fast.engine, p->now, &p->model.path);
    check_twins(p);
}

static void end(struct pair *p)
{
    harvest(p);
    if (pick(p, 2) == 0)
        engine_fast_set(p->fast.engine, p->now, NULL);
    harvest(p);
    engine_free(p->slow.engine);
    engine_free(p->fast.engine);
    frame_builder_free(p->slow.builder);
    frame_builder_free(p->fast.builder);
    frame_builder_free(p->builder);
}

/* Time. Each engine has its own next timer, and both have the same ones. */

static void tick(struct pair *p)
{
    engine_tick(p->slow.engine, p->now, &p->slow.out);
    engine_tick(p->fast.engine, p->now, &p->fast.out);
    check_twins(p);
}

static void let_pass(struct pair *p, uint64_t ns)
{
    const uint64_t until = p->now + ns;
    uint64_t next;
    while ((next = engine_next(p->slow.engine)) <= until) {
        must(p, engine_next(p->fast.engine) == next);
        p->now = next > p->now ? next : p->now;
        tick(p);
    }
    p->now = until;
    tick(p);
}

/* Frames. */

static void give(struct pair *p, enum side from, size_t length)
{
    uint8_t copy[FRAME_BYTES];
    tick(p); /* what is due: a frame that it does not see does not run it */
    memcpy(copy, p->bytes, length);
    struct frame frame = {.bytes = copy, .length = length, .wire_length = length};
    engine_frame(p->slow.engine, p->now, from, &frame, &p->slow.out);
    memcpy(copy, p->bytes, length);
    const uint64_t bridged = p->model.bridged[from];
    if (!fast_model_forward(&p->model, &p->config, from, &frame)) {
        engine_frame(p->fast.engine, p->now, from, &frame, &p->fast.out);
        met[RULE_LEFT]++;
    } else {
        leave(&p->fast, side_other(from), frame.bytes, frame.length);
        met[p->model.bridged[from] > bridged ? RULE_BRIDGED
            : from == SIDE_UPSTREAM          ? RULE_TO_OWNER
                                             : RULE_FROM_OWNER]++;
    }
    check_twins(p);
}

static void give_made(struct pair *p, const struct tx_frame *made)
{
    const int length = frame_build(p->builder, made, p->bytes, sizeof(p->bytes));
    assert_true(length > 0);
    give(p, SIDE_DOWNSTREAM, (size_t)length);
}

static size_t put_eth(struct pair *p, struct mac to, struct mac from, uint16_t ethertype)
{
    size_t at = 12;
    memset(p->bytes, 0, sizeof(p->bytes));
    memcpy(p->bytes, to.octets, 6);
    memcpy(p->bytes + 6, from.octets, 6);
    if ((p->config.vlan != 0) != (pick(p, 30) == 0)) {
        put16(p->bytes + at, ETHERTYPE_CTAG);
        put16(p->bytes + at + 2, pick(p, 8) << 13 | p->config.vlan);
        at += 4;
    }
    put16(p->bytes + at, ethertype);
    return at + 2;
}

/* An IPv4 packet, sometimes a fragment or with options; where the transport begins. */
static size_t put_packet(struct pair *p, size_t at, struct ipv4 source, struct ipv4 destination,
                         uint8_t protocol, size_t body)
{
    const size_t header = 20 + (pick(p, 6) == 0 ? 8 : 0);
    uint8_t *ip = p->bytes + at;
    ip[0] = (uint8_t)(0x40 | header / 4);
    put16(ip + 2, (unsigned)(header + body));
    put16(ip + 6, pick(p, 20) == 0 ? (pick(p, 2) == 0 ? 0x2000 : 3) : 0);
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, source.host);
    put32(ip + 16, destination.host);
    put16(ip + 10, (uint16_t)~internet_sum(ip, header));
    return at + header;
}

static uint8_t pick_protocol(struct pair *p)
{
    static const uint8_t protocols[] = {PROTOCOL_TCP,  PROTOCOL_UDP,      PROTOCOL_SCTP,
                                        PROTOCOL_DCCP, PROTOCOL_UDP_LITE, PROTOCOL_ICMP};
    return pick(p, 3) != 0 ? PROTOCOL_TCP : protocols[pick(p, sizeof(protocols))];
}

static uint16_t pick_port(struct pair *p)
{
    static const uint16_t known[] = {67, 68, 80, 89, 123, 1999, 2000, 2499, 2500, 5999, 6000};
    if (pick(p, 6) == 0)
        return known[pick(p, sizeof(known) / sizeof(known[0]))];
    return (uint16_t)(2000 + pick(p, 8) * 500 + pick(p, 3) * 249);
}

static struct mac pick_station(struct pair *p)
{
    return pick(p, 20) == 0 ? host_mac(pick(p, HOSTS)) : station_mac(pick(p, STATIONS));
}

static struct mac pick_host(struct pair *p)
{
    return pick(p, 25) == 0 ? station_mac(pick(p, STATIONS)) : host_mac(pick(p, HOSTS));
}

static struct mac pick_destination(struct pair *p, enum side from)
{
    switch (pick(p, 12)) {
    case 0:
        return mac_broadcast;
    case 1:
        return bridge_mac;
    case 2:
        return host_mac(pick(p, HOSTS));
    case 3:
        return station_mac(pick(p, STATIONS));
    default:
        return from == SIDE_UPSTREAM ? host_mac(pick(p, HOSTS)) : station_mac(pick(p, STATIONS));
    }
}

static struct ipv4 pick_remote(struct pair *p)
{
    static const struct ipv4 odd[] = {{0xe00000fb}, {UINT32_MAX}, {0xc0000201}, {0xc0000202}};
    return pick(p, 12) == 0 ? odd[pick(p, 4)] : (struct ipv4){0xc6336400 + pick(p, 4)};
}

/* Ports and what else decides about a transport header. */
static void put_transport(struct pair *p, size_t at, uint16_t from, uint16_t to)
{
    put16(p->bytes + at, from);
    put16(p->bytes + at + 2, to);
    p->bytes[at + 12] = 0x50;
    if (pick(p, 15) == 0) { /* RST; ABORT; DCCP-Reset */
        p->bytes[at + 8] = 7 << 1;
        p->bytes[at + 12] = 6;
        p->bytes[at + 13] = 0x04;
    }
}

#define BODY 24

static void step_to_shared(struct pair *p)
{
    const struct mac to = pick(p, 4) == 0 ? pick_destination(p, SIDE_UPSTREAM) : bridge_mac;
    size_t at = put_eth(p, to, pick_station(p), ETHERTYPE_IPV4);
    at = put_packet(p, at, pick_remote(p), shared_addresses[pick(p, ADDRESSES)], pick_protocol(p), BODY);
    put_transport(p, at, 53, pick_port(p));
    give(p, SIDE_UPSTREAM, at + BODY + pick(p, 3));
}

/* Mostly of the port's owner. */
static void step_from_host(struct pair *p)
{
    const struct ipv4 address = shared_addresses[pick(p, ADDRESSES)];
    const uint16_t port = pick_port(p);
    struct mac host = pick_host(p), owner;
    if (pick(p, 4) != 0 && engine_owner(p->slow.engine, address, port, &owner) == 0)
        host = owner;
    size_t at = put_eth(p, pick_destination(p, SIDE_DOWNSTREAM), host, ETHERTYPE_IPV4);
    at = put_packet(p, at, address, pick_remote(p), pick_protocol(p), BODY);
    put_transport(p, at, port, pick(p, 6) == 0 ? port : pick_port(p));
    give(p, SIDE_DOWNSTREAM, at + BODY);
}

static void step_bridged(struct pair *p)
{
    const enum side from = pick(p, 2) == 0 ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    const struct mac source = from == SIDE_UPSTREAM ? pick_station(p) : pick_host(p);
    const bool is_ipv6 = pick(p, 3) != 0;
    size_t at = put_eth(p, pick_destination(p, from), source, is_ipv6 ? IPV6 : ETHERTYPE_IPV4);
    if (!is_ipv6)
        at = put_packet(p, at, (struct ipv4){0x0a000001}, (struct ipv4){0x0a000002}, pick_protocol(p), BODY);
    put_transport(p, at, 1, pick(p, 10) == 0 ? 67 : 2);
    give(p, from, at + BODY);
}

/* PE-ARP. */

static struct port_range pick_range(struct pair *p)
{
    if (pick(p, 3) == 0)
        return port_range_of_set(shared_addresses[1], p->addresses[1].psid, (uint16_t)pick(p, 16));
    const uint16_t first = (uint16_t)(2000 + 250 * pick(p, 16));
    return (struct port_range){
        .range = {shared_addresses[0], first, (uint16_t)(first + 99 + 150 * pick(p, 4))}};
}

static void say(struct pair *p, enum pe_arp_type type, struct mac host, const struct port_range *ports,
                const struct asked *asked)
{
    struct tx_frame frame = {
        .destination = mac_broadcast, .source = host, .ethertype = ETHERTYPE_PE_ARP, .kind = TX_PE_ARP};
    struct pe_arp *m = &frame.pe_arp;
    frame.tag = (struct eth_tag){p->config.vlan != 0, p->config.vlan};
    m->type = type;
    m->sha = host;
    m->spa = m->tpa = (struct port_address){ports->range.address, 0, ports->range.first, ports->range.last};
    m->psid.present = ports->is_port_set;
    m->psid.offset = ports->params.offset;
    m->psid.length = ports->params.length;
    m->psid.psid = ports->psid;
    if (asked != NULL) {
        m->tpa = asked->tpa;
        m->spa.protocol = asked->tpa.protocol;
        m->nonce = asked->nonce;
    }
    give_made(p, &frame);
}

/* One of the last requests is answered, mostly with the range that its port is in. */
static void answer(struct pair *p)
{
    if (p->asked_count == 0)
        return;
    const unsigned newest = p->asked_count < 4 ? p->asked_count : 4;
    const struct asked *asked = &p->asked[(p->asked_count - 1 - pick(p, newest)) % REQUESTS];
    const struct mac host = mac_is_zero(asked->target) ? host_mac(pick(p, HOSTS)) : asked->target;
    struct port_range ports = pick_range(p);
    for (unsigned i = 0; i < 50 && !(ports.range.address.host == asked->tpa.address.host &&
                                     port_range_has(&ports, asked->tpa.first));
         i++)
        ports = pick_range(p);
    say(p, PE_ARP_REPLY, host, &ports, asked);
}

static void step_pe_arp(struct pair *p)
{
    const struct port_range ports = pick_range(p);
    const unsigned before = p->asked_count;
    const struct mac host = host_mac(pick(p, HOSTS));
    say(p, pick(p, 6) == 0 ? PE_ARP_RELEASE : PE_ARP_CLAIM, host, &ports, NULL);
    if (p->asked_count > before && pick(p, 8) != 0)
        say(p, PE_ARP_REPLY, host, &ports, &p->asked[(p->asked_count - 1) % REQUESTS]);
    else
        answer(p);
}

/* Operators. */

static void step_command(struct pair *p)
{
    struct twin *twins[] = {&p->slow, &p->fast};
    const struct range range = pick_range(p).range;
    const struct mac mac = host_mac(pick(p, HOSTS));
    const unsigned what = pick(p, 10);
    int result[2];
    for (unsigned i = 0; i < 2; i++) {
        struct twin *t = twins[i];
        if (what < 2)
            result[i] = engine_add(t->engine, p->now, &range, mac, &t->out);
        else if (what < 6)
            result[i] = engine_delete(t->engine, p->now, &range, &t->out);
        else if (what == 6)
            result[i] = engine_flush(t->engine, p->now, &range.address, &t->out);
        else if (what == 7)
            result[i] = engine_deny(t->engine, p->now, mac, &t->out);
        else
            result[i] = engine_allow(t->engine, mac);
    }
    must(p, result[0] == result[1]);
    check_twins(p);
    struct table_cursor cursor = {0};
    struct table_entry entry;
    if (what != 9)
        return;
    while (engine_bindings_next(p->slow.engine, p->now, &cursor, &entry)) /* or it fills the table for ever */
        if (entry.origin == ORIGIN_CONTROL) {
            engine_delete(p->slow.engine, p->now, &entry.range, &p->slow.out);
            engine_delete(p->fast.engine, p->now, &entry.range, &p->fast.out);
        }
    check_twins(p);
}

/* It is refused where it gives a range to a host that was denied: then nothing has changed. */
static void step_reload(struct pair *p)
{
    struct config *c = &p->config;
    const struct config before = *c;
    const unsigned what = pick(p, 6), learn = p->addresses[0].learn;
    if (what == 0)
        p->addresses[0].learn ^= LEARN_TRAFFIC;
    else if (what == 1)
        c->ipfix = (struct config_ipfix){.is_on = !c->ipfix.is_on, .sample = 1, .active_s = 60, .idle_s = 15};
    else if (what == 2)
        c->source_mac_host = !c->upstream_macs_bridge && !c->source_mac_host;
    else if (what == 4)
        c->upstream_macs_bridge = !c->source_mac_host && !c->upstream_macs_bridge;
    else if (what == 3)
        c->range_count = !c->range_count;
    const int error = engine_reload(p->slow.engine, p->now, c, &p->slow.out);
    must(p, engine_reload(p->fast.engine, p->now, c, &p->fast.out) == error);
    check_twins(p);
    if (error != 0) {
        *c = before;
        p->addresses[0].learn = learn;
    }
    met[RULE_RELOAD] += error == 0;
    if (c->ipfix.is_on)
        must(p, fast_model_put_count(&p->model) == 0);
}

/* It is harvested before a second passes, as the daemon does. */
static void step_time(struct pair *p)
{
    static const uint64_t steps[] = {0, 1, MS, 200 * MS, S, 3 * S, 20 * S, 70 * S};
    const uint64_t ns = steps[pick(p, pick(p, 4) == 0 ? 8 : 5)];
    if (pick(p, 4) == 0 || ns >= S)
        harvest(p);
    let_pass(p, ns);
}

static void one_step(struct pair *p)
{
    const unsigned kind = pick(p, 100);
    if (kind < 26)
        step_to_shared(p);
    else if (kind < 52)
        step_from_host(p);
    else if (kind < 70)
        step_bridged(p);
    else if (kind < 78)
        step_pe_arp(p);
    else if (kind < 96)
        step_time(p);
    else if (kind < 97)
        step_command(p);
    else if (kind < 98)
        harvest(p);
    else if (pick(p, 5) == 0)
        step_reload(p);
}

static void test_as_without(void **state)
{
    static struct pair pair;
    const uint64_t seed = from_environment("SEED", 20261130), runs = rounds("RUNS", 200);
    const unsigned steps = (unsigned)from_environment("STEPS", 1000);
    (void)state;
    for (uint64_t i = 0; i < runs; i++) {
        begin(&pair, seed + i);
        for (pair.step = 0; pair.step < steps; pair.step++)
            one_step(&pair);
        end(&pair);
    }
    rules_print(0, RULE_COUNT);
    printf("# S4: %llu runs of %u steps with a fast path, equal to those without one (SEED=%llu)\n",
           (unsigned long long)runs, steps, (unsigned long long)seed);
    rules_expect(0, RULE_COUNT, 10000, runs * steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_without)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
