/* test_attacks.c: rows of the reliability matrix that need no interface: a bridge between a router and two owners
 * whose agents answer, numbered traffic to and from both every millisecond, and a host M that does its worst.
 *
 * Time is the test's, so that rates are exact. Each row prints its figure. */
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS          UINT64_C(1000000)
#define FRAME_BYTES 512
#define AGENTS      4
#define TIMES_MAX   100000
#define PENDING     8192
#define QUIET       0x51554945 /* in the frames of quiet traffic */
#define MARK        0x600df00d /* in the fragments of honest datagrams */

static const struct ipv4 neighbour = {0xc023a209};
static const struct ipv4 other_address = {0xc023a203}; /* shared, too, in a few rows */

struct agent {
    struct mac mac;
    uint16_t first, last;
    bool answers;
};

struct times {
    uint64_t at[TIMES_MAX];
    unsigned count;
};

struct attack {
    struct world w;                 /* the first: what leaves it finds the attack by it */
    struct agent agents[AGENTS];    /* A, B, a newcomer, M */
    struct pe_arp pending[PENDING]; /* requests that agents were asked and have not answered */
    unsigned pending_count;
    struct times broadcasts, challenges;
    uint64_t quiet_sent, quiet_right, quiet_wrong; /* quiet traffic */
    uint64_t m_up, good_down;                      /* M's frames upstream; the good ones of a row, delivered */
    uint64_t echo_replies, misdelivered, arps_up, arp_copies;
    uint64_t marked_right, marked_wrong; /* fragments of honest datagrams: to or from A, to another */
    bool newcomer_is_of_other;           /* its claims are of other_address */
    bool strangers_answer;               /* claim_of_stranger()'s, for 16 ports from the one asked */
    uint16_t stranger_lifetime_s;
    unsigned events[EVENT_PORT_DOWN + 1];
};

/* What leaves. */

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const struct agent *owner_of(const struct attack *t, uint16_t port)
{
    for (unsigned i = 0; i < AGENTS; i++)
        if (port >= t->agents[i].first && port <= t->agents[i].last)
            return &t->agents[i];
    return NULL;
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct attack *t = context;
    const uint8_t *b = frame->bytes;
    bool is_quiet = frame->length >= 46 && word(b + 42) == QUIET;
    if (frame->length >= 46 && word(b + 42) == MARK)
        ++*(to == SIDE_UPSTREAM || memcmp(b, host_a.octets, 6) == 0 ? &t->marked_right : &t->marked_wrong);
    if (to == SIDE_UPSTREAM) {
        t->quiet_right += is_quiet;
        t->m_up += !is_quiet;
        t->arps_up += b[12] == 8 && b[13] == 6;
        return;
    }
    const struct agent *owner = owner_of(t, (uint16_t)(b[36] << 8 | b[37]));
    bool right = owner != NULL && memcmp(owner->mac.octets, b, 6) == 0;
    if (is_quiet)
        ++*(right ? &t->quiet_right : &t->quiet_wrong);
    else if (frame->length >= 46 && b[23] == PROTOCOL_UDP && (b[20] & 0x1f) == 0 && b[21] == 0)
        ++*(right ? &t->good_down : &t->misdelivered);
}

static void times_add(struct times *times, uint64_t at)
{
    assert_true(times->count < TIMES_MAX);
    times->at[times->count++] = at;
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    struct attack *t = context;
    if (made->kind == TX_ECHO_REPLY)
        t->echo_replies++;
    if (made->kind == TX_ARP && to == SIDE_DOWNSTREAM)
        t->arp_copies++;
    if (made->kind != TX_PE_ARP || made->pe_arp.type != PE_ARP_REQUEST)
        return;
    assert_int_equal(to, SIDE_DOWNSTREAM);
    times_add(mac_is_zero(made->pe_arp.tha) ? &t->broadcasts : &t->challenges, t->w.now);
    if (t->pending_count < PENDING)
        t->pending[t->pending_count++] = made->pe_arp;
}

static void take_event(void *context, const struct event *event)
{
    struct attack *t = context;
    t->events[event->kind]++;
}

/* What comes. */

static struct verdict give(struct attack *t, enum side from, const uint8_t *bytes, size_t length)
{
    return world_give(&t->w, from, bytes, length);
}

static struct verdict give_made(struct attack *t, const struct tx_frame *made)
{
    return world_give_made(&t->w, SIDE_DOWNSTREAM, made);
}

static struct verdict udp(struct attack *t, enum side from, struct mac source, uint16_t source_port,
                          uint16_t port, uint32_t mark)
{
    uint8_t bytes[FRAME_BYTES];
    bool up = from == SIDE_UPSTREAM;
    uint8_t *body = put_ipv4(bytes, up ? bridge_mac : router, source, up ? remote : shared,
                             up ? shared : remote, PROTOCOL_UDP, 12);
    put16(body, source_port);
    put16(body + 2, port);
    put16(body + 4, 12);
    put32(body + 8, mark);
    return give(t, from, bytes, 46);
}

static struct tx_frame pe_arp_of(struct mac host, enum pe_arp_type type, uint16_t first, uint16_t last)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    made.pe_arp = (struct pe_arp){
        .type = type, .sha = host, .spa = {shared, 0, first, last}, .tpa = {shared, 0, first, last}};
    return made;
}

static void claim(struct attack *t, const struct agent *agent)
{
    struct tx_frame made = pe_arp_of(agent->mac, PE_ARP_CLAIM, agent->first, agent->last);
    if (agent == &t->agents[2] && t->newcomer_is_of_other)
        made.pe_arp.spa.address = made.pe_arp.tpa.address = other_address;
    give_made(t, &made);
}

static struct tx_frame reply_of(const struct agent *agent, const struct pe_arp *request)
{
    struct tx_frame made = pe_arp_of(agent->mac, PE_ARP_REPLY, agent->first, agent->last);
    made.destination = made.pe_arp.tha = bridge_mac;
    made.pe_arp.spa.address = request->tpa.address;
    made.pe_arp.tpa = request->tpa;
    made.pe_arp.nonce = request->nonce;
    return made;
}

static bool owns(const struct attack *t, uint16_t port, struct mac mac)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    while (engine_table_next(t->w.engine, t->w.now, &cursor, &entry))
        if (entry.state != BINDING_PUBLISHED && range_holds(&entry.range, port) && mac_equal(entry.mac, mac))
            return true;
    return false;
}

static struct verdict say(struct attack *t, enum side from, struct mac source, uint16_t ethertype)
{
    uint8_t bytes[60] = {0};
    memcpy(bytes, mac_broadcast.octets, 6);
    memcpy(bytes + 6, source.octets, 6);
    put16(bytes + 12, ethertype);
    return give(t, from, bytes, sizeof(bytes));
}

static struct verdict say_to(struct attack *t, enum side from, struct mac to, struct mac source)
{
    uint8_t bytes[60] = {0};
    memcpy(bytes, to.octets, 6);
    memcpy(bytes + 6, source.octets, 6);
    put16(bytes + 12, 0x88b6);
    return give(t, from, bytes, sizeof(bytes));
}

/* Time. */

static void answer_pending(struct attack *t)
{
    unsigned count = t->pending_count;
    static struct pe_arp asked[PENDING];
    memcpy(asked, t->pending, count * sizeof(asked[0]));
    t->pending_count = 0;
    for (unsigned i = 0; i < count; i++) {
        if (t->strangers_answer && asked[i].tha.octets[0] == 2) {
            const uint16_t first = asked[i].tpa.first;
            const struct agent stranger = {asked[i].tha, first, (uint16_t)(first + 15), true};
            struct tx_frame made = reply_of(&stranger, &asked[i]);
            made.pe_arp.lifetime_s = t->stranger_lifetime_s;
            give_made(t, &made);
        }
        for (unsigned k = 0; k < AGENTS; k++) {
            const struct agent *agent = &t->agents[k];
            bool is_asked = mac_is_zero(asked[i].tha) || mac_equal(asked[i].tha, agent->mac);
            const struct ipv4 address = k == 2 && t->newcomer_is_of_other ? other_address : shared;
            if (!agent->answers || !is_asked || asked[i].tpa.first < agent->first ||
                asked[i].tpa.first > agent->last || asked[i].tpa.address.host != address.host)
                continue;
            struct tx_frame made = reply_of(agent, &asked[i]);
            give_made(t, &made);
        }
    }
}

static void quiet(struct attack *t)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct agent *agent = &t->agents[i];
        udp(t, SIDE_UPSTREAM, router, 53, (uint16_t)(agent->first + 80), QUIET);
        udp(t, SIDE_DOWNSTREAM, agent->mac, (uint16_t)(agent->first + 80), 53, QUIET);
        t->quiet_sent += 2;
    }
}

/* One millisecond: timers at their own times, answers, quiet traffic. */
static void tick(struct attack *t)
{
    uint64_t until = t->w.now + MS;
    while (engine_next(t->w.engine) <= until) {
        t->w.now = engine_next(t->w.engine) > t->w.now ? engine_next(t->w.engine) : t->w.now;
        engine_tick(t->w.engine, t->w.now, &t->w.out);
    }
    t->w.now = until;
    answer_pending(t);
    quiet(t);
    assert_true(engine_stats_balance(engine_stats(t->w.engine)));
}

static struct attack *attack_new(void (*change)(struct attack *t))
{
    struct attack *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    world_prepare(&t->w);
    t->w.seed = (struct engine_seed){.nonce_key = {7}, .hash_key = {3}};
    t->w.address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
    t->w.address.block = 100;
    t->stranger_lifetime_s = UINT16_MAX;
    if (change != NULL)
        change(t);
    t->w.out = (struct engine_out){t, take_send, take_make, take_event, NULL};
    t->agents[0] = (struct agent){host_a, 2000, 2999, true};
    t->agents[1] = (struct agent){host_b, 3000, 3999, true};
    t->agents[2] = (struct agent){{{0, 0xc, 0x29, 0, 0, 3}}, 4000, 4999, false};
    t->agents[3] = (struct agent){host_m, 1, 0, false};
    world_start(&t->w);
    udp(t, SIDE_UPSTREAM, router, 53, 80, 0); /* the router is heard */
    claim(t, &t->agents[0]);
    claim(t, &t->agents[1]);
    answer_pending(t);
    assert_true(owns(t, 2080, t->agents[0].mac) && owns(t, 3080, t->agents[1].mac));
    t->broadcasts.count = t->challenges.count = 0;
    t->m_up = t->good_down = t->misdelivered = t->arps_up = t->arp_copies = 0;
    return t;
}

static void attack_end(struct attack *t)
{
    assert_int_equal(t->quiet_right, t->quiet_sent);
    assert_int_equal(t->quiet_wrong, 0);
    assert_true(owns(t, 2080, t->agents[0].mac) && owns(t, 3080, t->agents[1].mac));
    world_end(&t->w);
    free(t);
}

static uint64_t dropped(const struct attack *t, enum drop_reason reason)
{
    return engine_stats(t->w.engine)->drops[reason];
}

/* In no window more than `burst` and `per_second` for each second of it. */
static void assert_rate(const struct times *times, unsigned per_second, unsigned burst)
{
    for (unsigned i = 0; i < times->count; i++)
        for (unsigned k = i > 3000 ? i - 3000 : 0; k < i; k++)
            assert_true(i - k + 1 <= burst + (times->at[i] - times->at[k]) * per_second / S + 1);
}

static void figure(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void figure(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("# ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
}

/* A sweep of all ports, 150 a millisecond. A host with an agent starts meanwhile, and one without. */
static void test_sweep(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2];
    static const struct mac plain = {{0, 0xc, 0x29, 0, 0, 9}};
    unsigned port = 0, claimed_ms = 0, plain_ms = 0;
    for (unsigned ms = 0; ms < 4000; ms++) {
        for (unsigned i = 0; i < 150; i++, port = (port + 1) % 65536)
            if (port < 2000 || port > 4999)
                udp(t, SIDE_UPSTREAM, router, 999, (uint16_t)port, 0);
        if (ms == 1000) {
            newcomer->answers = true;
            claim(t, newcomer);
            udp(t, SIDE_DOWNSTREAM, plain, 6010, 53, QUIET);
            t->quiet_sent++;
        }
        tick(t);
        if (ms >= 1000 && claimed_ms == 0 && owns(t, 4080, newcomer->mac))
            claimed_ms = ms - 999;
        if (ms >= 1000 && plain_ms == 0 && owns(t, 6010, plain))
            plain_ms = ms - 999;
    }
    assert_rate(&t->broadcasts, 5, 10);
    assert_true(claimed_ms > 0 && claimed_ms <= 1000);
    assert_true(plain_ms > 0 && plain_ms <= 2000);
    figure("L8: 600,000 frames to all ports in 4 s: %u broadcast questions; bound %u ms after its CLAIM, %u ms "
           "after a "
           "first frame; 0 of %" PRIu64 " quiet frames lost",
           t->broadcasts.count, claimed_ms, plain_ms, t->quiet_sent);
    attack_end(t);
}

static void arp_request(struct attack *t, struct mac host, struct ipv4 spa, uint32_t target)
{
    struct tx_frame made = {.destination = mac_broadcast, .source = host, .ethertype = ETHERTYPE_ARP};
    made.arp = (struct arp){ARP_HRD_ETHERNET, ARP_OP_REQUEST, host, mac_zero, spa, {target}};
    give_made(t, &made);
}

static void arp_reply(struct attack *t, struct ipv4 spa, struct ipv4 tpa)
{
    struct tx_frame made = {.destination = bridge_mac, .source = router, .ethertype = ETHERTYPE_ARP};
    made.arp = (struct arp){ARP_HRD_ETHERNET, ARP_OP_REPLY, router, bridge_mac, spa, tpa};
    world_give_made(&t->w, SIDE_UPSTREAM, &made);
}

static void test_arp_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    uint64_t of_others = 0;
    for (unsigned ms = 0; ms < 5000; ms++) {
        for (unsigned i = 0; i < 10; i++)
            arp_request(t, host_m, neighbour, 0xc023a300 + i);
        if (ms % 1000 == 0) {
            arp_request(t, t->agents[1].mac, shared, gateway.host);
            of_others++;
        }
        tick(t);
    }
    uint64_t of_m = t->arps_up - of_others;
    assert_true(of_m <= 15 + 15 * 5);
    assert_int_equal(dropped(t, DROP_ARP_LIMIT), 50000 - of_m);
    for (unsigned ms = 0; ms < 1000; ms++)
        tick(t);
    uint64_t before = t->arps_up;
    arp_request(t, host_m, neighbour, gateway.host);
    assert_int_equal(t->arps_up, before + 1);
    figure("S11: of 50,000 ARP of M in 5 s %" PRIu64 " went up; 5 of 5 of another's; one a second later: up",
           of_m);
    attack_end(t);
}

/* The same in tags that a stock router reads through: they are limited with the others. */
static void test_arp_flood_in_tags(void **state)
{
    (void)state;
    static const unsigned tags[][2] = {
        {ETHERTYPE_STAG, 0}, {ETHERTYPE_CTAG, ETHERTYPE_CTAG}, {ETHERTYPE_STAG, ETHERTYPE_CTAG}};
    struct attack *t = attack_new(NULL);
    uint8_t arp[FRAME_BYTES], bytes[FRAME_BYTES];
    unsigned up = 0;
    struct tx_frame made = {.destination = mac_broadcast, .source = host_m, .ethertype = ETHERTYPE_ARP};
    made.arp = (struct arp){ARP_HRD_ETHERNET, ARP_OP_REQUEST, host_m, mac_zero, neighbour, {gateway.host}};
    const int length = frame_build(t->w.builder, &made, arp, sizeof(arp));
    for (unsigned ms = 0; ms < 5000; ms++) {
        const unsigned *tag = tags[ms % 3], count = tag[1] == 0 ? 1 : 2;
        memcpy(bytes, arp, 12);
        for (unsigned i = 0; i < count; i++) {
            put16(bytes + 12 + 4 * i, tag[i]);
            put16(bytes + 14 + 4 * i, 0);
        }
        memcpy(bytes + 12 + 4 * count, arp + 12, (size_t)length - 12);
        up += give(t, SIDE_DOWNSTREAM, bytes, (size_t)length + 4 * count).fate == FATE_SENT;
        arp_request(t, host_m, neighbour, 0xc023a300);
        tick(t);
    }
    const unsigned all = up + (unsigned)t->arps_up;
    figure("S11: of 5,000 ARP of M in nested tags, and 5,000 without, in 5 s %u went up", all);
    assert_in_range(all, 60, 15 + 15 * 5);
    attack_end(t);
}

/* A host asks as another host each time; the router answers each request that it gets. */
static void test_arp_relay_does_not_amplify(void **state)
{
    (void)state;
    const unsigned requests = 1029;
    struct attack *t = attack_new(NULL);
    for (unsigned i = 0; i < requests; i++) {
        struct mac made_up = {{2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        uint64_t up = t->arps_up;
        arp_request(t, made_up, shared, gateway.host);
        if (t->arps_up > up)
            arp_reply(t, gateway, shared);
        if (i % 2 == 0)
            tick(t);
    }
    assert_int_equal(t->arps_up, 1);
    assert_true(t->arp_copies <= requests);
    figure("H5: %u requests for one target in 515 ms: %" PRIu64 " upstream, %" PRIu64 " copies of the answer",
           requests, t->arps_up, t->arp_copies);
    attack_end(t);
}

static void flood_arp(struct attack *t, unsigned number, unsigned macs)
{
    const unsigned n = number % macs;
    struct mac host = {{2, 0, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    arp_request(t, host, n % 2 == 0 ? shared : neighbour, 0x0a000000 + number);
}

/* An owner asks, the router answers. */
static bool owner_is_answered(struct attack *t, const struct agent *owner)
{
    uint64_t before = t->arp_copies;
    arp_request(t, owner->mac, shared, gateway.host);
    arp_reply(t, gateway, shared);
    return t->arp_copies == before + 1;
}

/* 4,096 hosts that own nothing, or a new one for each frame, ask 10,000 times a second. A newcomer asks once a second
 * until it is served; the owners are answered. */
static void many_arps(unsigned macs, unsigned seconds, unsigned *newcomer_ms, uint64_t *up)
{
    struct attack *t = attack_new(NULL);
    static const struct mac newcomer = {{0, 0xc, 0x29, 0, 0, 9}};
    *newcomer_ms = 0;
    for (unsigned ms = 0, number = 0; ms < seconds * 1000; ms++) {
        const unsigned turn = ms / 1000 * 7 % 10; /* its place among the flood's frames */
        for (unsigned i = 0; i < 10; i++, number++) {
            uint64_t before = t->arps_up;
            if (ms >= 1000 && ms % 1000 == 3 && i == turn && *newcomer_ms == 0) {
                arp_request(t, newcomer, (struct ipv4){0}, gateway.host + 7);
                *newcomer_ms = t->arps_up > before ? ms - 999 : 0;
            }
            flood_arp(t, number, macs);
        }
        if (ms % 500 == 250)
            assert_true(owner_is_answered(t, &t->agents[ms / 500 % 2]));
        tick(t);
    }
    *up = t->arps_up;
    attack_end(t);
}

static void test_many_macs_arp(void **state)
{
    (void)state;
    unsigned same_ms, fresh_ms;
    uint64_t same_up, fresh_up;
    many_arps(4096, 10, &same_ms, &same_up);
    many_arps(1U << 24, 60, &fresh_ms, &fresh_up);
    assert_in_range(same_ms, 1, 5000);
    assert_true(same_up <= 11000 + 21 && fresh_up <= 61000 + 121 && fresh_ms > 0);
    figure("H4: 10,000 ARP/s of 4,096 MACs: %" PRIu64
           " in 10 s upstream; owners answered 20 of 20, a newcomer after %u ms; "
           "of a fresh MAC each: %" PRIu64 " in 60 s, owners 120 of 120, a newcomer after %u ms",
           same_up, same_ms, fresh_up, fresh_ms);
}

/* A million guesses while a question is open; then an old nonce, one from another MAC, and a late one. */
static void test_guessed_nonces(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    t->agents[3] = (struct agent){host_m, 7000, 7999, false};
    uint64_t learned = engine_stats(t->w.engine)->counters[COUNTER_LEARNED], guesses = 0, seed = 1;
    uint8_t bytes[FRAME_BYTES];
    for (unsigned ms = 0; ms < 1000; ms++) {
        if (ms == 0)
            udp(t, SIDE_UPSTREAM, router, 53, 7010, 0);
        struct pe_arp request = {.tpa = {shared, PROTOCOL_UDP, 7010, 7010}};
        struct tx_frame made = reply_of(&t->agents[3], &request);
        int length = frame_build(t->w.builder, &made, bytes, sizeof(bytes));
        for (unsigned i = 0; i < 1000; i++, guesses++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            for (unsigned k = 0; k < 8; k++)
                bytes[14 + 44 + k] = (uint8_t)(seed >> (8 * k));
            give(t, SIDE_DOWNSTREAM, bytes, (size_t)length);
        }
        t->pending_count = 0;
        tick(t);
    }
    assert_int_equal(dropped(t, DROP_PE_ARP_FORGED), guesses);
    /* Heard by M, which was not asked: a challenge's nonce from another MAC. */
    struct agent *newcomer = &t->agents[2];
    claim(t, newcomer);
    struct pe_arp challenge = t->pending[t->pending_count - 1];
    struct tx_frame made = reply_of(&(struct agent){host_m, 4000, 4999, true}, &challenge);
    give_made(t, &made);
    assert_int_equal(dropped(t, DROP_PE_ARP_FORGED), guesses + 1);
    made = reply_of(newcomer, &challenge);
    give_made(t, &made);
    assert_true(owns(t, 4080, newcomer->mac));
    give_made(t, &made); /* replayed */
    assert_int_equal(dropped(t, DROP_PE_ARP_FORGED), guesses + 2);
    udp(t, SIDE_UPSTREAM, router, 53, 7500, 0);
    struct pe_arp late = t->pending[t->pending_count - 1];
    t->pending_count = 0;
    for (unsigned ms = 0; ms < 4000; ms++)
        tick(t);
    made = reply_of(&t->agents[3], &late);
    give_made(t, &made);
    assert_int_equal(dropped(t, DROP_PE_ARP_FORGED), guesses + 3);
    assert_int_equal(engine_stats(t->w.engine)->counters[COUNTER_LEARNED], learned + 1);
    assert_false(owns(t, 7010, host_m));
    figure("S14: of %" PRIu64
           " guessed, 1 overheard, 1 replayed and 1 late nonce 0 learned; pe_arp_forged %" PRIu64,
           guesses, dropped(t, DROP_PE_ARP_FORGED));
    attack_end(t);
}

static void any_size(struct attack *t)
{
    t->w.config.limits.claim_ports = 1;
}

/* 50 claims a millisecond, each answered when it is challenged; another host claims meanwhile. */
static void test_claim_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(any_size);
    struct agent *newcomer = &t->agents[2];
    unsigned bound_ms = 0, number = 0;
    t->agents[3] = (struct agent){host_m, 10000, 65535, true};
    for (unsigned ms = 0; ms < 6000; ms++) {
        for (unsigned i = 0; i < 50; i++, number = (number + 1) % 5000) {
            struct tx_frame made = pe_arp_of(host_m, PE_ARP_CLAIM, (uint16_t)(10000 + number * 10),
                                             (uint16_t)(10009 + number * 10));
            give_made(t, &made);
        }
        if (ms == 1000) {
            newcomer->answers = true;
            claim(t, newcomer);
        }
        tick(t);
        if (ms >= 1000 && bound_ms == 0 && owns(t, 4080, newcomer->mac))
            bound_ms = ms - 999;
    }
    assert_rate(&t->challenges, 1000, 1000);
    assert_true(bound_ms > 0 && bound_ms <= 5000);
    figure("S17: 300,000 CLAIMs in 6 s: %u challenges; another's claim bound after %u ms", t->challenges.count,
           bound_ms);
    attack_end(t);
}

static void claim_of_stranger(struct attack *t, unsigned number, uint16_t first)
{
    const struct mac mac = {{2, 0xbb, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
    struct tx_frame made = pe_arp_of(mac, PE_ARP_CLAIM, first, (uint16_t)(first + 99));
    give_made(t, &made);
}

/* 4,096 silent MAC addresses claim 10,000 times a second, the ranges of nobody or the newcomer's own. The newcomer starts
 * meanwhile, and claims as an agent does. Milliseconds until it is bound; 0: not in 10 s. */
static unsigned many_claims(bool same_range, unsigned start_ms, unsigned *challenges)
{
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2];
    unsigned number = 0, bound_ms = 0, next_ms = start_ms, gap_ms = 1000;
    newcomer->answers = true;
    for (unsigned ms = 0; ms < start_ms + 10000 && bound_ms == 0; ms++) {
        for (unsigned i = 0; i < 10; i++, number = (number + 1) % 4096)
            claim_of_stranger(t, number, (uint16_t)(same_range ? 4000 : 10000 + number % 512 * 100));
        if (ms == next_ms) {
            claim(t, newcomer);
            next_ms += gap_ms;
            gap_ms *= 2;
        }
        tick(t);
        if (ms >= start_ms && owns(t, 4080, newcomer->mac))
            bound_ms = ms - start_ms + 1;
    }
    assert_rate(&t->challenges, 1000, 1000);
    *challenges = t->challenges.count;
    attack_end(t);
    return bound_ms;
}

static void test_many_macs_claim(void **state)
{
    (void)state;
    for (unsigned same = 0; same < 2; same++) {
        for (unsigned start_ms = 500; start_ms <= 10500; start_ms += 5000) {
            unsigned challenges;
            const unsigned bound_ms = many_claims(same, start_ms, &challenges);
            figure("H1: 10,000 CLAIMs/s of 4,096 silent MACs for %s; a newcomer after %u ms is bound in %u ms; "
                   "%u challenges",
                   same ? "its range" : "free ranges", start_ms, bound_ms, challenges);
            assert_in_range(bound_ms, 1, 5000);
        }
    }
}

static void small_table(struct attack *t)
{
    t->w.config.limits.bindings = 1024;
}

/* 128 MAC addresses that answer claim what they can, 16 ports at a time, for as long as they can. A newcomer on the same
 * address comes when the table is full. */
static void test_many_macs_fill_table(void **state)
{
    (void)state;
    struct attack *t = attack_new(small_table);
    struct agent *newcomer = &t->agents[2];
    unsigned number = 0, bound_ms = 0;
    t->strangers_answer = true;
    for (unsigned ms = 0; ms < 20000 && bound_ms == 0; ms++) {
        for (unsigned i = 0; i < 10; i++, number = (number + 1) % 3200)
            claim_of_stranger(t, number % 128, (uint16_t)(10000 + number * 16));
        if (ms == 15000) {
            assert_true(engine_stats(t->w.engine)->counters[COUNTER_TABLE_FULL] > 0);
            newcomer->answers = true;
            claim(t, newcomer);
        }
        tick(t);
        if (owns(t, 4080, newcomer->mac))
            bound_ms = ms - 15000 + 1;
    }
    figure("H7: 128 MACs fill the table with 16 ports a binding, for 65,535 s: a newcomer is bound in %u ms",
           bound_ms);
    assert_in_range(bound_ms, 1, 5000);
    attack_end(t);
}

/* A new silent MAC address for each of 10,000 CLAIMs a second: newcomers cannot be told from them. 100 of them claim once
 * each, in between. */
static void test_fresh_macs_claim(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2];
    unsigned number = 0, bound = 0;
    for (unsigned ms = 0; ms < 10000; ms++) {
        const unsigned turn = ms / 100;
        for (unsigned i = 0; i < 10; i++, number++) {
            if (ms % 100 == 50 && i == turn % 10) {
                *newcomer = (struct agent){{{0, 0xc, 0x29, 0, 1, (uint8_t)turn}},
                                           (uint16_t)(4000 + 20 * turn),
                                           (uint16_t)(4019 + 20 * turn),
                                           true};
                claim(t, newcomer);
            }
            claim_of_stranger(t, number, (uint16_t)(10000 + number % 512 * 100));
        }
        tick(t);
        bound += ms % 100 == 51 && owns(t, newcomer->first, newcomer->mac);
    }
    assert_true(bound > 0);
    figure("H1: 10,000 CLAIMs/s, each of a new silent MAC: %u of 100 newcomers are bound by their first CLAIM",
           bound);
    attack_end(t);
}

/* MAC addresses that own 16 ports each. What they do has them asked, each second each of them. */
enum { OWNERS = 3500, OWNERS_FIRST = 6000 };
enum owners_flood { RELEASES, SHORT_LIFETIMES, CLAIMS_OF_OTHERS };

static struct mac stranger(unsigned number)
{
    return (struct mac){{2, 0xbb, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static uint16_t range_of_owner(unsigned number)
{
    return (uint16_t)(OWNERS_FIRST + number * 16);
}

static void strangers_become_owners(struct attack *t)
{
    t->strangers_answer = true;
    for (unsigned i = 0; i < OWNERS; i++) {
        claim_of_stranger(t, i, range_of_owner(i));
        tick(t);
        tick(t);
    }
    for (unsigned i = 0; i < OWNERS; i += 100)
        assert_true(owns(t, range_of_owner(i), stranger(i)));
}

static void owner_acts(struct attack *t, enum owners_flood flood, unsigned number)
{
    const uint16_t first = range_of_owner(number);
    const unsigned other = (number + 1) % OWNERS;
    struct tx_frame made = pe_arp_of(stranger(number), PE_ARP_RELEASE, first, (uint16_t)(first + 15));
    if (flood == RELEASES)
        give_made(t, &made);
    else if (flood == SHORT_LIFETIMES)
        udp(t, SIDE_UPSTREAM, router, 53, first, 0);
    else
        claim_of_stranger(t, number, range_of_owner(other));
}

/* They do so 10,000 times a second. A newcomer claims a free range, or that of an owner that fell silent. */
static unsigned bound_among_owners(enum owners_flood flood, bool of_silent_owner)
{
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2];
    unsigned number = 0, bound_ms = 0, next_ms = 5000, gap_ms = 1000;
    t->stranger_lifetime_s = flood == SHORT_LIFETIMES ? 1 : UINT16_MAX;
    *newcomer = (struct agent){{{0, 0xc, 0x29, 0, 0, 3}}, 4000, 4999, true};
    if (of_silent_owner) {
        *newcomer = (struct agent){{{0, 0xc, 0x29, 0, 0, 4}}, 4000, 4999, true};
        claim(t, newcomer);
        tick(t);
        assert_true(owns(t, 4080, newcomer->mac));
        newcomer->mac.octets[5] = 3; /* the host was replaced */
    }
    strangers_become_owners(t);
    for (unsigned ms = 0; ms < 20000 && bound_ms == 0; ms++) {
        for (unsigned i = 0; i < 10; i++, number = (number + 1) % OWNERS)
            owner_acts(t, flood, number);
        if (ms == next_ms) {
            claim(t, newcomer);
            next_ms += gap_ms;
            gap_ms *= 2;
        }
        tick(t);
        if (ms >= 5000 && owns(t, 4080, newcomer->mac))
            bound_ms = ms - 5000 + 1;
    }
    assert_rate(&t->challenges, 1000, 1000);
    attack_end(t);
    return bound_ms;
}

static void test_owners_have_themselves_asked(void **state)
{
    static const char *const floods[] = {"release", "have lifetimes of 1 s and get packets",
                                         "claim the ranges of others"};
    (void)state;
    for (enum owners_flood flood = RELEASES; flood <= CLAIMS_OF_OTHERS; flood++) {
        const unsigned free_ms = bound_among_owners(flood, false), silent_ms = bound_among_owners(flood, true);
        figure("H15: %u owners %s, 10,000 times a second: a newcomer is bound in %u ms, in place of an owner "
               "that fell "
               "silent in %u ms",
               OWNERS, floods[flood], free_ms, silent_ms);
        assert_in_range(free_ms, 1, 5000);
        assert_in_range(silent_ms, 1, 5000);
    }
}

/* After a loss of the table M and the newcomer claim one range, and M falls silent while 4,096 silent MACs claim 10,000 times a
 * second: rivals are asked all the same. */
static void test_rivals_are_asked_in_a_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2], *m = &t->agents[3];
    unsigned number = 0, ms = 0;
    newcomer->answers = true;
    *m = (struct agent){host_m, newcomer->first, newcomer->last, true};
    engine_flush(t->w.engine, t->w.now, NULL, &t->w.out);
    for (unsigned i = 0; i < AGENTS; i++)
        claim(t, &t->agents[i]);
    tick(t);
    assert_true(!owns(t, 4080, host_m) && !owns(t, 4080, newcomer->mac));
    for (; ms < 60000 && !owns(t, 4080, newcomer->mac); ms++) {
        for (unsigned i = 0; i < 10; i++, number = (number + 1) % 4096)
            claim_of_stranger(t, number, (uint16_t)(10000 + number % 512 * 100));
        m->answers = ms < 12000;
        tick(t);
    }
    figure("H8: in a flood of claims a rival that fell silent gives way after %u ms", ms - 12000);
    assert_in_range(ms, 12000, 12000 + 15000);
    attack_end(t);
}

static void few_accounts(struct attack *t)
{
    t->w.config.limits.accounts = 16;
    t->w.config.limits.bindings = 256;
}

/* More hosts own ports than there are accounts, until the table is full. One that owns a single range keeps it, and is known as an
 * owner: a frame from upstream with its MAC address does not cut it off. One host with many ranges makes room. */
static void test_more_owners_than_accounts(void **state)
{
    (void)state;
    struct attack *t = attack_new(few_accounts);
    struct agent *last = &t->agents[2];
    t->strangers_answer = true;
    for (unsigned i = 0; i < 64; i++) {
        claim_of_stranger(t, i, range_of_owner(i));
        tick(t);
    }
    last->answers = true;
    claim(t, last);
    tick(t);
    assert_true(owns(t, 4080, last->mac));
    assert_true(engine_stats(t->w.engine)->counters[COUNTER_ACCOUNTS_FULL] > 0);
    assert_int_equal(say_to(t, SIDE_UPSTREAM, bridge_mac, last->mac).reason, DROP_BAD_SOURCE);
    assert_int_equal(udp(t, SIDE_DOWNSTREAM, last->mac, 4080, 53, 0).fate, FATE_SENT);
    for (unsigned i = 64; i < 320; i++) {
        claim_of_stranger(t, 64, range_of_owner(i));
        for (unsigned ms = 0; ms < 110; ms++)
            tick(t);
    }
    for (unsigned i = 320; i < 350; i++) {
        claim_of_stranger(t, i, range_of_owner(i));
        tick(t);
    }
    assert_int_equal(engine_stats(t->w.engine)->counters[COUNTER_EVICTED], 30);
    assert_true(owns(t, range_of_owner(349), stranger(349)));
    assert_true(owns(t, 4080, last->mac));
    for (unsigned i = 0; i < 64; i++)
        assert_true(owns(t, range_of_owner(i), stranger(i)));
    figure("H16: 98 owners and 16 accounts, a full table: all are known as owners, none of 97 lost its only "
           "range");
    attack_end(t);
}

/* A MAC that is heard on both sides in turn, a thousand times a second. */
static void test_flapping_mac(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    uint8_t bytes[60] = {0};
    memcpy(bytes, router.octets, 6);
    memcpy(bytes + 6, host_m.octets, 6);
    put16(bytes + 12, 0x88b6);
    memset(t->events, 0, sizeof(t->events));
    for (unsigned ms = 0; ms < 5000; ms++) {
        give(t, SIDE_DOWNSTREAM, bytes, sizeof(bytes));
        give(t, SIDE_UPSTREAM, bytes, sizeof(bytes));
        tick(t);
    }
    unsigned told = t->events[EVENT_BAD_SOURCE] + t->events[EVENT_MAC_MOVED];
    assert_in_range(told, 1, 6);
    figure("S21: 10,000 changes of side in 5 s: %u events, owners unmoved", told);
    attack_end(t);
}

/* The segments are joined outside for a while: the hosts' own frames and one of the bridge's come in upstream. Once they
 * are parted the hosts are believed at once; a MAC that was never downstream is not, nor is one without such a frame. */
static void test_loop(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct mac a = t->agents[0].mac;
    say(t, SIDE_DOWNSTREAM, host_m, 0x88b6);
    assert_int_equal(say_to(t, SIDE_UPSTREAM, bridge_mac, host_m).fate, FATE_SENT);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, host_m, 0x88b6).reason, DROP_BAD_SOURCE);
    for (unsigned i = 0; i < 100; i++) {
        say(t, SIDE_UPSTREAM, a, 0x88b6);
        say_to(t, SIDE_UPSTREAM, bridge_mac, a);
    }
    assert_int_equal(dropped(t, DROP_REFLECTED), 100);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, a, 0x88b6).fate, FATE_SENT);
    assert_int_equal(say(t, SIDE_UPSTREAM, bridge_mac, 0x88b5).fate, FATE_DROPPED);
    assert_int_equal(t->events[EVENT_LOOP], 1);
    for (unsigned ms = 0; ms < 1000; ms++)
        tick(t);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, host_m, 0x88b6).fate, FATE_SENT);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, router, 0x88b6).fate, FATE_DROPPED);
    figure("S24: after a loop the hosts are believed at once: 0 of %" PRIu64 " quiet frames lost",
           t->quiet_sent);
    attack_end(t);
}

/* Upstream sends with an owner's MAC, to groups and to the router, and gives back the first frame of a host that owns
 * nothing yet. */
static void test_hosts_are_not_cut_off(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    static const struct mac plain = {{0, 0xc, 0x29, 0, 0, 9}};
    unsigned plain_passed = 0;
    memset(t->events, 0, sizeof(t->events));
    for (unsigned ms = 0; ms < 70000; ms++) {
        if (ms % 1000 == 0) {
            plain_passed += say(t, SIDE_DOWNSTREAM, plain, 0x88b6).fate == FATE_SENT;
            assert_int_equal(say(t, SIDE_UPSTREAM, plain, 0x88b6).reason, DROP_REFLECTED);
            assert_int_equal(say(t, SIDE_UPSTREAM, t->agents[0].mac, 0x88b6).reason, DROP_REFLECTED);
            assert_int_equal(say_to(t, SIDE_UPSTREAM, bridge_mac, t->agents[1].mac).reason, DROP_BAD_SOURCE);
        }
        tick(t);
    }
    assert_int_equal(plain_passed, 70);
    assert_int_equal(t->events[EVENT_REFLECTED], 2);
    figure("H10: 210 frames from upstream with hosts' MACs in 70 s: 0 of %" PRIu64
           " frames of the owners lost, 0 of 70 of a host without ports; %u events",
           t->quiet_sent, t->events[EVENT_REFLECTED]);
    attack_end(t);
}

/* The router asked for the shared address, or sent to one machine, and is silent since. */
static void test_silent_router_is_not_impersonated(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    static const struct mac asker = {{0, 0x12, 0x7f, 0, 0, 1}}, loud = {{0, 0x12, 0x7f, 0, 0, 2}};
    struct tx_frame request = {.destination = mac_broadcast, .source = asker, .ethertype = ETHERTYPE_ARP};
    request.arp = (struct arp){ARP_HRD_ETHERNET, ARP_OP_REQUEST, asker, mac_zero, gateway, shared};
    world_give_made(&t->w, SIDE_UPSTREAM, &request);
    say_to(t, SIDE_UPSTREAM, bridge_mac, router);
    say(t, SIDE_UPSTREAM, loud, 0x88b6);
    unsigned passed = 0;
    for (unsigned s = 0; s < 290; s++) {
        world_pass(&t->w, S);
        passed += say(t, SIDE_DOWNSTREAM, asker, 0x88b6).fate == FATE_SENT;
        passed += say(t, SIDE_DOWNSTREAM, router, 0x88b6).fate == FATE_SENT;
    }
    assert_int_equal(passed, 0);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, loud, 0x88b6).fate, FATE_SENT);
    world_pass(&t->w, 11 * S);
    assert_int_equal(say(t, SIDE_DOWNSTREAM, asker, 0x88b6).fate, FATE_SENT);
    figure("H10: a router silent for 290 s: %u of 580 frames of its impersonator passed", passed);
    attack_end(t);
}

static size_t fragment(uint8_t *bytes, struct ipv4 source, uint16_t id, unsigned offset, bool more,
                       uint16_t port)
{
    uint8_t *body = put_ipv4(bytes, bridge_mac, router, source, shared, PROTOCOL_UDP, 24);
    put16(bytes + 18, id);
    put16(bytes + 20, offset | (more ? 0x2000U : 0));
    if (offset == 0) {
        put16(body, 53);
        put16(body + 2, port);
    }
    return 58;
}

/* 50 fragments a millisecond that are never completed, tiny, repeated, overlapping, from upstream and from M; good
 * datagrams in three fragments, reversed, 30 ms apart. */
static void test_fragment_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    uint8_t bytes[FRAME_BYTES];
    uint64_t good = 0, most_held = 0;
    unsigned number = 0;
    for (unsigned ms = 0; ms < 7000; ms++) {
        for (unsigned i = 0; i < 25; i++, number++) {
            struct ipv4 source = {0x0a000000 + number / 7};
            size_t length = fragment(bytes, source, (uint16_t)number, number % 3, number % 5 != 0, 2500);
            give(t, SIDE_UPSTREAM, bytes, length);
            put_ipv4(bytes, router, host_m, shared, (struct ipv4){0x0a000000 + number}, PROTOCOL_TCP, 8);
            put16(bytes + 20, (1 + number % 2) | 0x2000U);
            give(t, SIDE_DOWNSTREAM, bytes, 42);
        }
        if (ms % 60 < 31 && ms % 15 == 0) { /* at 0, 15 and 30 */
            unsigned part = 2 - ms % 60 / 15;
            size_t length = fragment(bytes, remote, (uint16_t)(ms / 60), part * 3, part < 2, 2600);
            put32(bytes + 42, part == 0 ? MARK : 0);
            uint64_t before = t->good_down;
            give(t, SIDE_UPSTREAM, bytes, length);
            good += part == 0 ? t->good_down - before : 0;
        }
        if (engine_stats(t->w.engine)->held > most_held)
            most_held = engine_stats(t->w.engine)->held;
        tick(t);
    }
    assert_true(most_held <= t->w.config.limits.waiting_fragments);
    assert_int_equal(t->misdelivered, 0);
    assert_int_equal(good, 7000 / 60 + 1);
    for (unsigned ms = 0; ms < 5001; ms++)
        tick(t);
    assert_int_equal(engine_stats(t->w.engine)->held, 0);
    figure("S25: 350,000 hostile fragments in 7 s: %" PRIu64 " held at most, fragment_orphan %" PRIu64
           ", fragment_bad %" PRIu64 "; %" PRIu64 " of %u good datagrams through",
           most_held, dropped(t, DROP_FRAGMENT_ORPHAN), dropped(t, DROP_FRAGMENT_BAD), good, 7000 / 60 + 1);
    attack_end(t);
}

static void icmp(struct attack *t, uint8_t type, struct ipv4 quoted_source, unsigned quoted, uint16_t port)
{
    uint8_t bytes[FRAME_BYTES], inner[64];
    uint8_t *body = put_ipv4(bytes, bridge_mac, router, remote, shared, PROTOCOL_ICMP, 8 + quoted);
    uint8_t *ports = put_ipv4(inner, bridge_mac, router, quoted_source, remote, PROTOCOL_UDP, 8);
    put16(ports, port);
    body[0] = type;
    memcpy(body + 8, inner + 14, quoted);
    put16(body + 2, (uint16_t)~internet_sum(body, 8 + quoted));
    give(t, SIDE_UPSTREAM, bytes, 42 + quoted);
}

/* Rows of the Internet. Honest datagrams of three fragments to and from A, one of each every 10 ms, in any order, 25 ms
 * from one fragment to the next. */
#define HONEST_DATAGRAMS 590
struct honest {
    uint64_t sent;
    unsigned ms;
};

static void honest_tick(struct attack *t, struct honest *h)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}, {2, 0, 1}, {0, 2, 1}};
    uint8_t bytes[FRAME_BYTES];
    for (unsigned n = 0; n < 3; n++) {
        unsigned id = (h->ms - 25 * n) / 10;
        if (h->ms < 25 * n || (h->ms - 25 * n) % 10 != 0 || id >= HONEST_DATAGRAMS)
            continue;
        unsigned part = orders[id % 6][n];
        size_t length = fragment(bytes, remote, (uint16_t)id, part * 3, part < 2, 2600);
        put32(bytes + 42, MARK);
        give(t, SIDE_UPSTREAM, bytes, length);
        uint8_t *body = put_ipv4(bytes, router, host_a, shared, remote, PROTOCOL_UDP, 24);
        put16(bytes + 18, id);
        put16(bytes + 20, part * 3 | (part < 2 ? 0x2000U : 0));
        put16(body, part == 0 ? 2600 : 0);
        put16(body + 2, part == 0 ? 53 : 0);
        put32(body + 8, MARK);
        give(t, SIDE_DOWNSTREAM, bytes, 58);
        h->sent += 2;
    }
    h->ms++;
}

/* What 10 Mbit/s of frames of 60 octets are, and what 4,096 MAC addresses send. */
#define INTERNET_RATE 20833
#define MACS_RATE     10000

static const struct fragment_flood {
    const char *name;
    unsigned rate;
    bool firsts, later, by_many, by_hosts;
} fragment_floods[] = {{"first fragments of random remotes", INTERNET_RATE, true, false, true, false},
                       {"first fragments of the honest remote", INTERNET_RATE, true, false, false, false},
                       {"later fragments of random remotes", INTERNET_RATE, false, true, true, false},
                       {"later fragments of the honest remote", INTERNET_RATE, false, true, false, false},
                       {"both, of random remotes", INTERNET_RATE, true, true, true, false},
                       {"900 first fragments a second", 900, true, false, true, false},
                       {"both, of 4,096 hosts", MACS_RATE, true, true, true, true}};

static void flood_fragment(struct attack *t, const struct fragment_flood *f, uint64_t number)
{
    uint8_t bytes[FRAME_BYTES];
    uint32_t random = (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    bool is_first = f->firsts && (!f->later || number % 2);
    unsigned where = (is_first ? 0 : 1 + random % 100) | 0x2000U;
    uint16_t id = (uint16_t)(0x8000 | random >> 16);
    if (!f->by_hosts) {
        struct ipv4 source = f->by_many ? (struct ipv4){0x0a000000 | random >> 8} : remote;
        size_t length = fragment(bytes, source, id, where & 0x1fff, true, 3500);
        give(t, SIDE_UPSTREAM, bytes, length);
        return;
    }
    struct mac mac = {{0, 0x0c, 0x29, 0xff, (uint8_t)(random >> 8 & 0xf), (uint8_t)random}};
    uint8_t *body = put_ipv4(bytes, router, mac, shared, remote, PROTOCOL_UDP, 24);
    put16(bytes + 18, id);
    put16(bytes + 20, where);
    put16(body, is_first ? 80 : 0);
    give(t, SIDE_DOWNSTREAM, bytes, 58);
}

static void test_internet_fragments(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(fragment_floods) / sizeof(fragment_floods[0]); i++) {
        const struct fragment_flood *f = &fragment_floods[i];
        struct attack *t = attack_new(NULL);
        struct honest h = {0};
        uint64_t number = 0;
        for (unsigned ms = 0; ms < 6000; ms++) {
            for (; number < (uint64_t)ms * f->rate / 1000; number++)
                flood_fragment(t, f, number);
            honest_tick(t, &h);
            tick(t);
        }
        figure("H6: %" PRIu64 " fragments in 6 s, %s: %" PRIu64 " of %" PRIu64
               " fragments of honest datagrams through",
               number, f->name, t->marked_right, h.sent);
        assert_int_equal(t->marked_wrong, 0);
        assert_int_equal(t->marked_right, h.sent);
        attack_end(t);
    }
}

static void few_datagrams(struct attack *t)
{
    t->w.config.limits.datagrams = 16;
}

/* The half of those that follow their first is full, and the remote whose first fragment comes has two: the oldest of them all,
 * which makes room, and the one that waited for it. So all that was kept of the remote would go with the oldest. */
static void test_last_of_its_holder(void **state)
{
    (void)state;
    struct attack *t = attack_new(few_datagrams);
    uint8_t bytes[FRAME_BYTES];
    unsigned through = 0;
    for (unsigned id = 0; id < 8; id++) {
        const struct ipv4 source = {id == 0 ? remote.host : 0x0a000000 + id};
        give(t, SIDE_UPSTREAM, bytes, fragment(bytes, source, (uint16_t)id, 0, true, 2500));
    }
    give(t, SIDE_UPSTREAM, bytes, fragment(bytes, remote, 8, 3, true, 2500));
    const uint64_t before = engine_stats(t->w.engine)->out[SIDE_DOWNSTREAM];
    give(t, SIDE_UPSTREAM, bytes, fragment(bytes, remote, 8, 0, true, 2500));
    through = (unsigned)(engine_stats(t->w.engine)->out[SIDE_DOWNSTREAM] - before);
    for (unsigned ms = 0; ms < 6000; ms++)
        tick(t);
    for (unsigned id = 0; id < 32; id++)
        give(t, SIDE_UPSTREAM, bytes,
             fragment(bytes, (struct ipv4){0x0a000000 + id}, (uint16_t)id, 0, true, 2500));
    assert_int_equal(through, 2);
    attack_end(t);
}

/* All hosts without ports are one holder, which gives up its own when it has its share; an owner of ports is another. */
static void test_hosts_take_no_place_of_an_owner(void **state)
{
    (void)state;
    struct attack *t = attack_new(few_datagrams);
    uint8_t bytes[FRAME_BYTES];
    for (unsigned n = 0; n < 40; n++) {
        const struct mac mac = n == 0 ? host_a : (struct mac){{2, 0, 0, 0, 0, (uint8_t)n}};
        uint8_t *body = put_ipv4(bytes, router, mac, shared, remote, PROTOCOL_UDP, 24);
        put16(bytes + 18, n);
        put16(bytes + 20, 0x2000);
        put16(body, n == 0 ? 2600 : 80);
        give(t, SIDE_DOWNSTREAM, bytes, 58);
    }
    const uint64_t before = engine_stats(t->w.engine)->out[SIDE_UPSTREAM];
    put_ipv4(bytes, router, host_a, shared, remote, PROTOCOL_UDP, 24);
    put16(bytes + 20, 3);
    give(t, SIDE_DOWNSTREAM, bytes, 58);
    assert_int_equal(engine_stats(t->w.engine)->out[SIDE_UPSTREAM], before + 1);
    attack_end(t);
}

static void give_part(struct attack *t, uint16_t id, unsigned part, uint16_t port, uint32_t mark)
{
    uint8_t bytes[FRAME_BYTES];
    size_t length = fragment(bytes, remote, id, part * 3, part < 2, port);
    put32(bytes + 42, mark);
    give(t, SIDE_UPSTREAM, bytes, length);
}

/* Ids that can be guessed: somebody sends first fragments in the remote's name to M, before or behind the remote's own. */
static void test_spoofed_firsts(void **state)
{
    (void)state;
    enum { DATAGRAMS = 2700 };
    struct attack *t = attack_new(NULL);
    t->agents[3] = (struct agent){host_m, 6024, 6123, false};
    udp(t, SIDE_DOWNSTREAM, host_m, 6050, 53, 0);
    for (unsigned id = 0; id < DATAGRAMS; id++) {
        if (id % 2 == 0)
            give_part(t, (uint16_t)id, 0, 6050, 0);
        give_part(t, (uint16_t)id, 0, 2600, MARK);
        if (id % 2 == 1)
            give_part(t, (uint16_t)id, 0, 6050, 0);
        give_part(t, (uint16_t)id, 1, 0, MARK);
        give_part(t, (uint16_t)id, 2, 0, MARK);
        tick(t);
    }
    uint64_t through = t->marked_right;
    unsigned events = t->events[EVENT_FRAGMENT_CONFLICT];
    assert_int_equal(t->marked_wrong, 0);
    assert_int_equal(engine_stats(t->w.engine)->counters[COUNTER_FRAGMENT_CONFLICTS], DATAGRAMS);
    assert_in_range(events, 1, DATAGRAMS / 1000 + 1);
    for (unsigned ms = 0; ms < 1000; ms++)
        tick(t);
    for (unsigned i = 0; i < 3 * DATAGRAMS; i++)
        give_part(t, (uint16_t)(i / 3), i % 3, 2600, MARK);
    assert_int_equal(t->marked_right, through + 3 * (uint64_t)DATAGRAMS);
    figure("H6: of %u datagrams with a spoofed first fragment each 0 fragments went to the attacker's host, "
           "%" PRIu64 " of %u to their own; %u events; a second later %u of %u datagrams whole",
           DATAGRAMS, through, 3 * DATAGRAMS, events, DATAGRAMS, DATAGRAMS);
    attack_end(t);
}

static void test_icmp_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    unsigned cut = 0, bad = 0;
    for (unsigned ms = 0; ms < 5000; ms++) {
        for (unsigned i = 0; i < 20; i++, cut = (cut + 1) % 28) {
            icmp(t, ICMP_ECHO_REQUEST, shared, 0, 0);
            icmp(t, ICMP_TIME_EXCEEDED, neighbour, 28, 2080);
            icmp(t, ICMP_UNREACHABLE, shared, cut, 2080);
            bad += cut < 24 ? 2 : 1;
        }
        tick(t);
    }
    assert_true(t->echo_replies <= 100 + 5 * 100);
    assert_int_equal(dropped(t, DROP_ECHO_LIMIT), 100000 - t->echo_replies);
    assert_int_equal(dropped(t, DROP_ICMP_BAD_QUOTE), bad);
    figure("S26: of 100,000 pings in 5 s %" PRIu64
           " answered; %u forged and cut quotes: icmp_bad_quote %" PRIu64 ", 0 misdelivered",
           t->echo_replies, bad, dropped(t, DROP_ICMP_BAD_QUOTE));
    attack_end(t);
}

/* A ping to or from the remote with `number` as identifier and sequence; replies are marked. */
static void put_ping(uint8_t *bytes, struct mac source, uint8_t type, uint32_t number)
{
    bool up = type == ICMP_ECHO_REPLY;
    uint8_t *body = put_ipv4(bytes, up ? bridge_mac : router, source, up ? remote : shared,
                             up ? shared : remote, PROTOCOL_ICMP, 16);
    body[0] = type;
    put32(body + 4, number);
    put32(body + 8, up ? MARK : 0);
}

/* 4,096 MACs that own nothing ping 10,000 times a second. A's pings are answered a second later. */
static void test_ping_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    uint8_t bytes[FRAME_BYTES];
    unsigned asked = 0;
    for (unsigned ms = 0; ms < 5000; ms++) {
        for (unsigned i = 0; i < 10; i++) {
            unsigned number = ms * 10 + i;
            struct mac mac = {{0, 0x0c, 0x29, 0xff, (uint8_t)(number >> 8 & 0xf), (uint8_t)number}};
            put_ping(bytes, mac, ICMP_ECHO_REQUEST, number);
            give(t, SIDE_DOWNSTREAM, bytes, 50);
        }
        if (ms % 10 == 0) {
            put_ping(bytes, host_a, ICMP_ECHO_REQUEST, 0x80000000 | asked++);
            give(t, SIDE_DOWNSTREAM, bytes, 50);
        }
        if (ms % 10 == 5 && ms > 1000) {
            put_ping(bytes, router, ICMP_ECHO_REPLY, 0x80000000 | (ms - 1005) / 10);
            give(t, SIDE_UPSTREAM, bytes, 50);
        }
        tick(t);
    }
    figure("H3: 50,000 pings of 4,096 hosts without ports in 5 s: %" PRIu64
           " of 400 replies to the host that asked, %" PRIu64 " to another",
           t->marked_right, t->marked_wrong);
    assert_int_equal(t->marked_right, 400);
    assert_int_equal(t->marked_wrong, 0);
    attack_end(t);
}

/* New flows without ports, and pings, at 100 a millisecond: those of others stay whose they are. */
static void test_flow_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    uint8_t bytes[FRAME_BYTES];
    unsigned right = 0;
    for (unsigned ms = 0; ms < 2000; ms++) {
        if (ms % 500 == 0) {
            put_ipv4(bytes, router, t->agents[0].mac, shared, remote, 47, 24);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        for (unsigned i = 0; i < 100; i++) {
            put_ipv4(bytes, router, host_m, shared, (struct ipv4){0x0b000000 + ms * 100 + i}, 47, 24);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        put_ipv4(bytes, router, host_m, shared, remote, 47, 24);
        right += give(t, SIDE_DOWNSTREAM, bytes, 58).fate == FATE_DROPPED;
        tick(t);
    }
    assert_int_equal(right, 2000);
    assert_int_equal(dropped(t, DROP_FLOW_CONFLICT), 2000);
    figure("S19: M's 200,000 new portless flows take none of another's: 2,000 of 2,000 attempts flow_conflict");
    attack_end(t);
}

/* Portless flows of 4,096 MACs that own nothing, 10,000 new ones a second; meanwhile A (an owner) and a host
 * that owns nothing begin to send to a remote each, and get its answers. */
static void test_many_macs_fill_flows(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    const struct mac plain = {{0, 0xc, 0x29, 0, 0, 9}};
    const struct mac macs[2] = {t->agents[0].mac, plain};
    unsigned answered[2] = {0}, sent = 0, number = 0;
    uint8_t bytes[FRAME_BYTES];
    for (unsigned ms = 0; ms < 6000; ms++) {
        for (unsigned i = 0; i < 10; i++, number++) {
            const struct mac mac = {{2, 0xbb, 0, 0, (uint8_t)(number >> 8 & 15), (uint8_t)number}};
            put_ipv4(bytes, router, mac, shared, (struct ipv4){0x0b000000 + number}, 50, 24);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        for (unsigned k = 0; k < 2 && ms >= 1500 && ms % 5 == 0; k++) {
            const struct ipv4 peer = {remote.host + 1 + k};
            put_ipv4(bytes, router, macs[k], shared, peer, 50, 24);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
            put_ipv4(bytes, bridge_mac, router, peer, shared, 50, 24);
            answered[k] += give(t, SIDE_UPSTREAM, bytes, 58).fate == FATE_SENT;
        }
        sent += ms >= 1500 && ms % 5 == 0;
        tick(t);
    }
    figure("H3: 60,000 new portless flows of 4,096 MACs in 6 s: %u of %u answers to an owner, %u of %u to a "
           "host that "
           "owns nothing",
           answered[0], sent, answered[1], sent);
    assert_int_equal(answered[0], sent);
    assert_int_equal(answered[1], sent);
    attack_end(t);
}

/* M, which owns ports, begins flows as fast as it can. After each 1,000 of them 8,192 made-up addresses have the bridge
 * count something else for them. Then A begins flows of its own, and M sends in each of its own again. */
static void test_forgotten_shares(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct agent *m = &t->agents[3];
    unsigned answered = 0, number = 0;
    uint8_t bytes[FRAME_BYTES];
    m->first = 60000;
    m->last = 60015;
    m->answers = true;
    claim(t, m);
    answer_pending(t);
    assert_true(owns(t, 60000, m->mac));
    for (unsigned turn = 0; turn < 6; turn++) {
        for (unsigned i = 0; i < 1000; i++) {
            put_ipv4(bytes, router, m->mac, shared, (struct ipv4){0x0b000000 + turn * 1000 + i}, 50, 24);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        for (unsigned i = 0; i < 8192; i++, number++) {
            const struct mac mac = {
                {2, 0xbb, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
            struct tx_frame made = pe_arp_of(mac, PE_ARP_RELEASE, 60000, 60015);
            give_made(t, &made);
        }
    }
    for (unsigned i = 0; i < 500; i++) {
        const struct ipv4 peer = {remote.host + 1 + i};
        put_ipv4(bytes, router, host_a, shared, peer, 50, 24);
        give(t, SIDE_DOWNSTREAM, bytes, 58);
        put_ipv4(bytes, bridge_mac, router, peer, shared, 50, 24);
        answered += give(t, SIDE_UPSTREAM, bytes, 58).fate == FATE_SENT;
    }
    figure("H12: 6,000 new portless flows of an owner whose counts were pushed out: %u of 500 answers to "
           "another owner",
           answered);
    assert_int_equal(answered, 500);
    attack_end(t);
}

/* M speaks from A's ports, one way after the other. */
static void test_foreign_ports(void **state)
{
    (void)state;
    static const uint8_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_DCCP,
                                        PROTOCOL_UDP_LITE};
    struct attack *t = attack_new(NULL);
    uint8_t bytes[FRAME_BYTES];
    unsigned sent = 0;
    for (unsigned ms = 0; ms < 1000; ms++) {
        for (unsigned i = 0; i < 5; i++, sent++) {
            put16(put_ipv4(bytes, router, host_m, shared, remote, protocols[i], 24), 2080 + ms % 900);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        /* A fragmented datagram, the second part first. */
        for (unsigned part = 2; part-- > 0; sent++) {
            uint8_t *body = put_ipv4(bytes, router, host_m, shared, remote, PROTOCOL_UDP, 24);
            put16(bytes + 18, ms);
            put16(bytes + 20, part == 0 ? 0x2000 : 3);
            if (part == 0)
                put16(body, 2080);
            give(t, SIDE_DOWNSTREAM, bytes, 58);
        }
        /* An error about a packet that A got. */
        uint8_t *body = put_ipv4(bytes, router, host_m, shared, remote, PROTOCOL_ICMP, 36);
        uint8_t inner[64];
        put16(put_ipv4(inner, router, host_m, remote, shared, PROTOCOL_UDP, 8) + 2, 2080);
        body[0] = ICMP_UNREACHABLE;
        memcpy(body + 8, inner + 14, 28);
        give(t, SIDE_DOWNSTREAM, bytes, 70);
        sent++;
        tick(t);
    }
    struct host_entry host;
    uint32_t place = 0;
    uint64_t counted = 0;
    while (engine_hosts_next(t->w.engine, &place, &host))
        counted += mac_equal(host.mac, host_m) ? host.violations : 0;
    assert_int_equal(t->m_up, 0);
    assert_int_equal(dropped(t, DROP_SOURCE_PORT_VIOLATION), sent);
    assert_int_equal(counted, sent);
    figure("S19: %" PRIu64 " of %u frames from A's ports went up; %" PRIu64 " counted for M", t->m_up, sent,
           counted);
    attack_end(t);
}

/* M sends from A's ports, and in between tries to capture the shared address: that is reported, too. */
static void test_loud_host_hides_no_capture(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    for (unsigned ms = 0; ms < 1000; ms++) {
        udp(t, SIDE_DOWNSTREAM, host_m, 2080, 53, 0);
        if (ms % 100 == 99)
            arp_request(t, host_m, shared, shared.host);
        tick(t);
    }
    assert_int_equal(t->events[EVENT_CAPTURE], 10);
    assert_in_range(t->events[EVENT_VIOLATION], 10, 20);
    figure("S19: %u of 10 captures of M reported beside 1,000 violations", t->events[EVENT_CAPTURE]);
    attack_end(t);
}

/* M claims, answers for, and releases A's range; then everything. */
static void test_stolen_range(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    t->agents[3] = (struct agent){host_m, 1024, 65535, true};
    for (unsigned ms = 0; ms < 5000; ms++) {
        static const enum pe_arp_type types[] = {PE_ARP_CLAIM, PE_ARP_RELEASE, PE_ARP_CONFLICT, PE_ARP_REPLY};
        struct tx_frame made =
            pe_arp_of(host_m, types[ms % 4], ms % 8 < 4 ? 2000 : 1024, ms % 8 < 4 ? 2999 : 65535);
        give_made(t, &made);
        udp(t, SIDE_UPSTREAM, router, 53, 2081, 0);
        tick(t);
    }
    assert_int_equal(t->good_down, 5000);
    assert_int_equal(t->misdelivered, 0);
    figure("S13: 5,000 statements of M about a live range: %" PRIu64 " of 5,000 frames to its owner, 0 to M",
           t->good_down);
    attack_end(t);
}

/* The kernel loses frames of hosts, and all answers of A are among them: M claims A's range, and gives it back in A's name.
 * Once nothing is lost, A answers. */
static void test_stolen_in_a_flood(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    t->agents[3] = (struct agent){host_m, 2000, 2999, true};
    for (unsigned ms = 0; ms < 13000; ms++) {
        t->agents[0].answers = ms >= 10000;
        if (ms <= 10000 && ms % 250 == 0)
            engine_ring_full(t->w.engine, SIDE_DOWNSTREAM, 1000);
        if (ms % 100 == 0) {
            struct tx_frame release = pe_arp_of(host_a, PE_ARP_RELEASE, 2000, 2999);
            give_made(t, &release);
            claim(t, &t->agents[3]);
        }
        udp(t, SIDE_UPSTREAM, router, 53, 2081, 0);
        tick(t);
    }
    assert_false(owns(t, 2080, host_m));
    assert_int_equal(t->misdelivered, 0);
    figure("H13: 10 s of lost answers, 130 claims of its range and 130 releases in its name, %u questions: "
           "the owner has its range, 0 frames to M",
           t->challenges.count);
    t->agents[0].answers = false;
    for (unsigned ms = 0; ms < 5000 && !owns(t, 2080, host_m); ms++) {
        if (ms % 1000 == 0)
            claim(t, &t->agents[3]);
        tick(t);
    }
    assert_true(owns(t, 2080, host_m));
    world_end(&t->w);
    free(t);
}

static void half_for_one(struct attack *t)
{
    t->w.config.limits.host_ports = 50;
    t->w.config.limits.host_bindings = 4096;
}

/* M claims everything, and sends from everywhere, before anybody else is there: with host-ports = 50 half is left. */
static void test_claims_everything(void **state)
{
    (void)state;
    struct attack *t = attack_new(half_for_one);
    struct agent *newcomer = &t->agents[2];
    t->agents[3] = (struct agent){host_m, 4000, 65535, true};
    claim(t, &t->agents[3]);
    for (unsigned ms = 0; ms < 1100; ms++)
        tick(t);
    assert_false(owns(t, 10000, host_m));
    for (unsigned port = 4000; port < 65500; port += 100)
        udp(t, SIDE_DOWNSTREAM, host_m, (uint16_t)port, 53, 0);
    unsigned owned = 0;
    for (unsigned port = 4050; port < 65500; port += 100)
        owned += owns(t, (uint16_t)port, host_m);
    assert_in_range(owned, 300, 323);
    t->agents[3].answers = false;
    newcomer->first = 60000;
    newcomer->last = 60999;
    newcomer->answers = true;
    claim(t, newcomer);
    tick(t);
    assert_true(owns(t, 60080, newcomer->mac));
    assert_true(t->events[EVENT_CONFLICT] >= 1);
    figure("S13: M claims all ports and sends from all: %u of 615 blocks its own with host-ports = 50, a "
           "newcomer is bound",
           owned);
    attack_end(t);
}

static uint64_t ports_of(const struct attack *t, struct mac mac)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    uint64_t count = 0;
    while (engine_table_next(t->w.engine, t->w.now, &cursor, &entry))
        if (entry.state != BINDING_PUBLISHED && mac_equal(entry.mac, mac))
            count += entry.range.last - entry.range.first + 1U;
    return count;
}

/* The default limits. M claims all ports at once, then range by range; it has a quarter at most. It is flushed, and is back;
 * it is denied, and what it had is another's with the next claim. */
static void test_one_host_claims_all(void **state)
{
    (void)state;
    struct attack *t = attack_new(NULL);
    struct agent *newcomer = &t->agents[2], *m = &t->agents[3];
    *m = (struct agent){host_m, 4000, 65535, true};
    claim(t, m);
    for (unsigned ms = 0; ms < 1100; ms++)
        tick(t);
    const uint64_t by_one = ports_of(t, host_m);
    assert_int_equal(t->challenges.count, 0);
    for (unsigned first = 4000; first < 64000; first += 1000) {
        m->first = (uint16_t)first;
        m->last = (uint16_t)(first + 999);
        claim(t, m);
        for (unsigned ms = 0; ms < 200; ms++)
            tick(t);
    }
    const uint64_t by_many = ports_of(t, host_m);
    assert_int_equal(by_one, 0);
    assert_in_range(by_many, 10000, (65536 - 1024) / 4);
    assert_true(owns(t, 4080, host_m));
    newcomer->answers = true;
    *m = (struct agent){host_m, 4000, 4999, true};
    claim(t, newcomer);
    for (unsigned ms = 0; ms < 5000; ms++)
        tick(t);
    assert_true(owns(t, 4080, host_m)); /* it answers, so it keeps them */
    engine_flush(t->w.engine, t->w.now, NULL, &t->w.out);
    claim(t, &t->agents[0]);
    claim(t, &t->agents[1]);
    claim(t, m);
    tick(t);
    assert_true(owns(t, 4080, host_m));
    assert_int_equal(engine_deny(t->w.engine, t->w.now, host_m, &t->w.out), 0);
    assert_int_equal(ports_of(t, host_m), 0);
    claim(t, m);
    claim(t, newcomer);
    tick(t);
    assert_true(owns(t, 4080, newcomer->mac));
    engine_flush(t->w.engine, t->w.now, NULL, &t->w.out);
    claim(t, &t->agents[0]);
    claim(t, &t->agents[1]);
    claim(t, m);
    for (unsigned ms = 0; ms < 3000; ms++)
        tick(t);
    assert_int_equal(ports_of(t, host_m), 0);
    figure("H9: M claims 61,536 ports in one CLAIM: %" PRIu64 " its own; then range by range: %" PRIu64
           " of 64,512; denied, it has 0, and a newcomer is bound with its first CLAIM, in 1 ms",
           by_one, by_many);
    attack_end(t);
}

static void two_addresses(struct attack *t)
{
    static struct config_address addresses[2];
    addresses[0] = addresses[1] = t->w.address;
    addresses[1].address = other_address;
    t->w.config.addresses = addresses;
    t->w.config.address_count = 2;
    small_table(t);
}

/* The newcomer claims until it is bound: milliseconds. 0: not in 10 s. */
static unsigned bound_ms(struct attack *t, uint8_t number, uint16_t first, bool is_of_other)
{
    struct agent *newcomer = &t->agents[2];
    *newcomer = (struct agent){{{0, 0xc, 0x29, 0, 2, number}}, first, (uint16_t)(first + 99), true};
    t->newcomer_is_of_other = is_of_other;
    for (unsigned ms = 0; ms < 10000; ms++) {
        if (ms % 1000 == 0)
            claim(t, newcomer);
        tick(t);
        if (owns(t, first, newcomer->mac))
            return ms + 1;
    }
    return 0;
}

static void small_address(struct attack *t)
{
    t->w.config.limits.address_bindings = 256;
}

/* An address has as many bindings as it may, of hosts that fell silent: what is stale makes room, though the table is not
 * full. While they answer, more is not learned. */
static void test_full_address(void **state)
{
    (void)state;
    struct attack *t = attack_new(small_address);
    unsigned number = 0;
    t->strangers_answer = true;
    for (unsigned ms = 0; ms < 5000; ms++, number = (number + 1) % 640)
        claim_of_stranger(t, number % 128, (uint16_t)(10000 + number * 16));
    for (unsigned ms = 0; ms < 5000; ms++, number = (number + 1) % 640) {
        claim_of_stranger(t, number % 128, (uint16_t)(10000 + number * 16));
        tick(t);
    }
    assert_true(engine_stats(t->w.engine)->counters[COUNTER_TABLE_FULL] > 0);
    assert_int_equal(bound_ms(t, 1, 5000, false), 0);
    t->strangers_answer = false;
    for (unsigned s = 0; s < 300; s++) {
        world_pass(&t->w, S - MS);
        tick(t);
    }
    const unsigned ms = bound_ms(t, 2, 6000, false);
    figure("H9: an address full of bindings of hosts that fell silent: a newcomer is bound in %u ms", ms);
    assert_in_range(ms, 1, 5000);
    attack_end(t);
}

/* 128 MAC addresses claim one port each, which is refused, then 16 at a time with lifetimes of 65,535 s until the table is
 * full, and fall silent. Newcomers of this address and of the other come at once, and an hour later. */
static void test_many_macs_fall_silent(void **state)
{
    (void)state;
    struct attack *t = attack_new(two_addresses);
    unsigned number = 0, worst_ms = 0;
    for (unsigned i = 0; i < 128; i++) {
        const struct mac mac = {{2, 0xbb, 0, 0, 0, (uint8_t)i}};
        struct tx_frame made = pe_arp_of(mac, PE_ARP_CLAIM, (uint16_t)(10000 + i), (uint16_t)(10000 + i));
        give_made(t, &made);
    }
    assert_int_equal(dropped(t, DROP_PE_ARP_BAD), 128);
    t->strangers_answer = true;
    for (unsigned ms = 0; ms < 15000; ms++) {
        for (unsigned i = 0; i < 10; i++, number = (number + 1) % 3200)
            claim_of_stranger(t, number % 128, (uint16_t)(10000 + number * 16));
        tick(t);
    }
    assert_true(engine_stats(t->w.engine)->counters[COUNTER_TABLE_FULL] > 0);
    t->strangers_answer = false;
    for (uint8_t turn = 0; turn < 8; turn++) {
        const unsigned ms = bound_ms(t, turn, (uint16_t)(5000 + 200 * turn), turn % 2 == 1);
        assert_in_range(ms, 1, 5000);
        worst_ms = ms > worst_ms ? ms : worst_ms;
        for (unsigned s = 0; turn == 3 && s < 3600; s++) {
            world_pass(&t->w, S - MS);
            tick(t);
        }
    }
    figure("H9: 128 MACs fill the table with claims for 65,535 s and fall silent: 8 newcomers of two "
           "addresses, at once "
           "and an hour later, are bound in %u ms at most",
           worst_ms);
    attack_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_arp_flood),
        cmocka_unit_test(test_arp_flood_in_tags),
        cmocka_unit_test(test_arp_relay_does_not_amplify),
        cmocka_unit_test(test_many_macs_arp),
        cmocka_unit_test(test_guessed_nonces),
        cmocka_unit_test(test_claim_flood),
        cmocka_unit_test(test_many_macs_claim),
        cmocka_unit_test(test_fresh_macs_claim),
        cmocka_unit_test(test_many_macs_fill_table),
        cmocka_unit_test(test_many_macs_fill_flows),
        cmocka_unit_test(test_forgotten_shares),
        cmocka_unit_test(test_claims_everything),
        cmocka_unit_test(test_one_host_claims_all),
        cmocka_unit_test(test_many_macs_fall_silent),
        cmocka_unit_test(test_full_address),
        cmocka_unit_test(test_owners_have_themselves_asked),
        cmocka_unit_test(test_rivals_are_asked_in_a_flood),
        cmocka_unit_test(test_more_owners_than_accounts),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_hosts_are_not_cut_off),
        cmocka_unit_test(test_silent_router_is_not_impersonated),
        cmocka_unit_test(test_flapping_mac),
        cmocka_unit_test(test_fragment_flood),
        cmocka_unit_test(test_internet_fragments),
        cmocka_unit_test(test_last_of_its_holder),
        cmocka_unit_test(test_hosts_take_no_place_of_an_owner),
        cmocka_unit_test(test_spoofed_firsts),
        cmocka_unit_test(test_icmp_flood),
        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_flow_flood),
        cmocka_unit_test(test_foreign_ports),
        cmocka_unit_test(test_loud_host_hides_no_capture),
        cmocka_unit_test(test_stolen_range),
        cmocka_unit_test(test_stolen_in_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
