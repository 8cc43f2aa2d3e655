/* test_shares.c: who gets which share of what all hosts use together, against slow models of the documents: ARP that goes
 * upstream (docs/forwarding.md#arp-budget), flows without ports (#portless-flows), and which router HELLO names
 * (docs/pe-arp.md#tlv-gateway).
 *
 * Random frames of owners of ports, of strangers and of stations upstream, and random steps of time. Each rule that
 * decided is counted: one that was not met often enough is a failure. SEED, RUNS and STEPS come from the environment; a
 * mismatch prints them. */
#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include "pearpd/arp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS      UINT64_C(1000000)
#define OWNERS  9
#define HOSTS   40 /* the first are owners */
#define FLOWS   16 /* of owners */
#define OTHERS  (FLOWS / 4)
#define REMOTES 80
#define GRE     47

/* Counted where it decided; the least number in 10,000 steps. */
#define RULES(X)                                                                   \
    X(ARP_PASSES, 1000, "ARP within all budgets")                                  \
    X(ARP_HOST, 100, "ARP beyond arp-rate of its host")                            \
    X(ARP_SHARE, 100, "ARP of a host that was served within 10 s, beyond half")    \
    X(ARP_KEPT, 20, "ARP of another one out of the other half")                    \
    X(ARP_TOTAL, 20, "ARP beyond arp-total")                                       \
    X(FLOW_KEPT, 200, "a flow that found a place")                                 \
    X(FLOW_SHARE, 20, "a flow beyond the share of its host")                       \
    X(FLOW_TAKES, 20, "a flow that took the place of a host with more")            \
    X(FLOW_FULL, 20, "a flow that nobody has more than its host to make room for") \
    X(FLOW_CHANCE, 50, "a stranger's flow that took another one's place")          \
    X(FLOW_CONFLICT, 20, "a packet of a flow that another host holds")             \
    X(FLOW_OLD, 20, "a flow that ended")                                           \
    X(FLOW_GROUP, 20, "a packet to a group, of no flow")                           \
    X(GATEWAY_NONE, 20, "HELLO without GATEWAY")                                   \
    X(GATEWAY_ZERO, 20, "HELLO with a gateway whose MAC is not known")             \
    X(GATEWAY_KNOWN, 20, "HELLO with the gateway of the configuration")            \
    X(GATEWAY_ROUTER, 20, "HELLO with what router-mac asked with")

#include "../lib/model_rules.h"

enum sure { NO, MAYBE, YES };

struct bucket {
    double left;
    uint64_t at;
};

struct flow {
    unsigned remote, host;
    uint64_t last;
};

struct model {
    struct world w;
    uint64_t seed, random;
    unsigned step;
    /* ARP */
    struct bucket of_host[HOSTS], of_class[2]; /* strangers, owners */
    uint64_t served[HOSTS];                    /* 0: never */
    uint32_t targets;
    /* flows of owners, of strangers */
    struct flow flows[2][FLOWS];
    unsigned flow_count[2];
    struct mac delivered_to;
    /* HELLO */
    struct ipv4 asked_as; /* by what is believed to be the router; 0: nothing */
    struct mac asked_from;
};

static void blame(const struct model *m, const char *what)
{
    fail_msg("SEED=%llu step %u: %s", (unsigned long long)m->seed, m->step, what);
}

#define must(m, condition)          \
    do {                            \
        if (!(condition))           \
            blame((m), #condition); \
    } while (0)

static unsigned pick(struct model *m, unsigned below)
{
    return (unsigned)(seeded_next(&m->random) % below);
}

static struct mac mac_of(unsigned host)
{
    return (struct mac){{0, 1, 0, 0, 0, (uint8_t)host}};
}

static bool is_owner(unsigned host)
{
    return host < OWNERS;
}

static bool was_dropped(struct verdict v, enum drop_reason reason)
{
    return v.fate == FATE_DROPPED && v.reason == reason;
}

static void begin(struct model *m, uint64_t seed)
{
    memset(m, 0, sizeof(*m));
    m->seed = m->random = seed;
    world_prepare(&m->w);
    limits_small(&m->w.config.limits);
    m->w.out = (struct engine_out){m, ignore_send, ignore_generated, ignore_event, NULL};
}

/* Ranges of owners: there are more than a world has room for. */
static void own(struct model *m)
{
    for (unsigned i = 0; i < OWNERS; i++) {
        const struct range range = {shared, (uint16_t)(2000 + 100 * i), (uint16_t)(2099 + 100 * i)};
        must(m, engine_add(m->w.engine, m->w.now, &range, mac_of(i), &m->w.out) == 0);
    }
}

/* ARP. */

static double left_of(const struct model *m, const struct bucket *b, uint32_t rate)
{
    const double left = b->left + (double)(m->w.now - b->at) / 1e9 * rate;
    return left > rate ? rate : left;
}

static void take(const struct model *m, struct bucket *b, uint32_t rate)
{
    b->left = left_of(m, b, rate) - 1;
    b->at = m->w.now;
}

static enum sure at_least(double left, double least, double slack)
{
    return left < least - 0.001 ? NO : left > least + slack + 0.001 ? YES : MAYBE;
}

/* An owner asks for its gateway, a stranger for its neighbour: always another one, so that each goes upstream. */
static struct verdict give_arp(struct model *m, unsigned host)
{
    uint8_t bytes[64] = {0};
    const struct mac source = mac_of(host);
    memset(bytes, 0xff, 6);
    memcpy(bytes + 6, source.octets, 6);
    static const uint8_t fixed[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    memcpy(bytes + 12, fixed, sizeof(fixed));
    memcpy(bytes + 22, source.octets, 6);
    put32(bytes + 28, is_owner(host) ? shared.host : 0x0a000000 + host);
    put32(bytes + 38, 0x0a010000 + m->targets++);
    return world_give(&m->w, SIDE_DOWNSTREAM, bytes, 42);
}

static void arp(struct model *m, unsigned host)
{
    const struct limits *l = &m->w.config.limits;
    struct bucket *of_class = &m->of_class[is_owner(host)];
    const bool is_served = m->served[host] != 0 && m->w.now - m->served[host] < 10 * S;
    const double class_left = left_of(m, of_class, l->arp_total);
    const enum sure by_host = at_least(left_of(m, &m->of_host[host], l->arp_rate), 1, 0);
    /* Half is kept for others: to a frame. */
    const enum sure by_class = at_least(class_left, is_served ? l->arp_total / 2.0 : 1, is_served ? 1 : 0);
    const struct verdict v = give_arp(m, host);
    const bool passes = v.fate == FATE_SENT;
    must(m, passes || was_dropped(v, DROP_ARP_LIMIT));
    must(m, !passes || (by_host != NO && by_class != NO));
    must(m, passes || by_host != YES || by_class != YES);
    if (by_host == NO)
        met[RULE_ARP_HOST]++;
    else if (by_class == NO)
        met[is_served && class_left > 1 ? RULE_ARP_SHARE : RULE_ARP_TOTAL]++;
    else
        met[!is_served && class_left < l->arp_total / 2 ? RULE_ARP_KEPT : RULE_ARP_PASSES]++;
    if (!passes)
        return;
    take(m, &m->of_host[host], l->arp_rate);
    take(m, of_class, l->arp_total);
    m->served[host] = m->w.now;
}

static void arp_run(struct model *m, uint64_t seed, unsigned steps)
{
    static const uint64_t pauses[] = {0, MS, 10 * MS, 50 * MS, 300 * MS, S, 4 * S, 11 * S};
    begin(m, seed);
    m->w.config.limits.arp_total = 16 + 2 * pick(m, 8);
    m->w.config.limits.arp_rate = 3 + pick(m, 6);
    m->w.config.limits.hosts = 64;
    m->w.config.limits.askers = 1024;
    world_start(&m->w);
    own(m);
    for (unsigned i = 0; i < HOSTS; i++)
        m->of_host[i] = (struct bucket){m->w.config.limits.arp_rate, m->w.now};
    for (unsigned i = 0; i < 2; i++)
        m->of_class[i] = (struct bucket){m->w.config.limits.arp_total, m->w.now};
    for (m->step = 0; m->step < steps; m->step++) {
        world_pass(&m->w, pauses[pick(m, 8)] + pick(m, 1000));
        const unsigned first = pick(m, 2) == 0 ? 0 : OWNERS, count = 1 + pick(m, 20);
        const unsigned spread = 1 + pick(m, first == 0 ? OWNERS : HOSTS - OWNERS);
        for (unsigned i = 0; i < count; i++)
            arp(m, first + pick(m, spread));
    }
    world_end(&m->w);
}

/* Flows. */

static void note_delivery(void *context, enum side to, const struct frame *frame)
{
    struct model *m = context;
    if (to == SIDE_DOWNSTREAM)
        memcpy(m->delivered_to.octets, frame->bytes, 6);
}

static struct ipv4 remote_of(unsigned number)
{
    return (struct ipv4){remote.host + number};
}

static struct verdict give_gre(struct model *m, enum side from, unsigned host, struct ipv4 other)
{
    uint8_t bytes[64];
    const bool is_group = other.host >> 28 == 14;
    const struct mac group = {{1, 0, 0x5e, 0, 0, 9}};
    if (from == SIDE_UPSTREAM)
        put_ipv4(bytes, bridge_mac, router, other, shared, GRE, 8);
    else
        put_ipv4(bytes, is_group ? group : router, mac_of(host), shared, other, GRE, 8);
    m->delivered_to = mac_zero;
    return world_give(&m->w, from, bytes, 34 + 8);
}

static struct flow *flow_of(struct model *m, unsigned number)
{
    for (unsigned c = 0; c < 2; c++)
        for (unsigned i = 0; i < m->flow_count[c]; i++)
            if (m->flows[c][i].remote == number)
                return &m->flows[c][i];
    return NULL;
}

static unsigned flows_of(const struct model *m, unsigned host)
{
    unsigned count = 0;
    for (unsigned i = 0; i < m->flow_count[is_owner(host)]; i++)
        count += m->flows[is_owner(host)][i].host == host;
    return count;
}

/* Where the engine sends what comes for the flow. */
static bool is_kept(struct model *m, const struct flow *f)
{
    const struct verdict v = give_gre(m, SIDE_UPSTREAM, 0, remote_of(f->remote));
    must(m, v.fate == FATE_SENT || was_dropped(v, DROP_NO_OWNER));
    must(m, v.fate != FATE_SENT || mac_equal(m->delivered_to, mac_of(f->host)));
    return v.fate == FATE_SENT;
}

/* Forgets the flows that the engine lost, which are `count` of those that may: of a host with more than `than`. */
static void forget(struct model *m, unsigned class, unsigned count, unsigned than)
{
    for (unsigned i = m->flow_count[class]; i-- > 0;) {
        const struct flow f = m->flows[class][i];
        if (is_kept(m, &f))
            continue;
        must(m, count > 0 && flows_of(m, f.host) > than);
        count--;
        m->flows[class][i] = m->flows[class][--m->flow_count[class]];
    }
    must(m, count == 0);
}

static void keep(struct model *m, unsigned number, unsigned host)
{
    const unsigned class = is_owner(host), most = class ? FLOWS : OTHERS;
    const bool is_full = m->flow_count[class] == most;
    const uint64_t *lost = &engine_stats(m->w.engine)->counters[COUNTER_FLOWS_FULL];
    const uint64_t before = *lost;
    bool may_have_room = !is_full || !class;
    for (unsigned i = 0; i < OWNERS; i++)
        may_have_room = may_have_room || flows_of(m, i) > flows_of(m, host) + 1;
    const bool has_share = flows_of(m, host) < most / 4;
    const struct verdict v = give_gre(m, SIDE_DOWNSTREAM, host, remote_of(number));
    const bool is_kept_now = *lost == before;
    must(m, v.fate == FATE_SENT);
    must(m, !is_kept_now || (has_share && may_have_room));
    must(m, is_kept_now || !has_share || (is_full && class));
    if (!is_kept_now) { /* it may also have met none of those that have more */
        met[!has_share ? RULE_FLOW_SHARE : RULE_FLOW_FULL] += !has_share || !may_have_room;
        forget(m, class, 0, 0);
        return;
    }
    met[!is_full ? RULE_FLOW_KEPT : class ? RULE_FLOW_TAKES : RULE_FLOW_CHANCE]++;
    forget(m, class, is_full, class ? flows_of(m, host) + 1 : 0);
    m->flows[class][m->flow_count[class]++] = (struct flow){number, host, m->w.now};
}

static void flow_step(struct model *m)
{
    const unsigned host = pick(m, 4) != 0 ? pick(m, OWNERS) : OWNERS + pick(m, HOSTS - OWNERS);
    const unsigned number = pick(m, REMOTES);
    if (pick(m, 16) == 0) {
        must(m, give_gre(m, SIDE_DOWNSTREAM, host, (struct ipv4){0xe0000009}).fate == FATE_SENT);
        met[RULE_FLOW_GROUP]++;
    } else if (flow_of(m, number) == NULL) {
        const struct flow none = {number, host, 0};
        must(m, !is_kept(m, &none));
        keep(m, number, host);
    } else {
        struct flow *f = flow_of(m, number);
        const unsigned sender = pick(m, 2) == 0 ? f->host : host;
        const struct verdict v = give_gre(m, SIDE_DOWNSTREAM, sender, remote_of(number));
        must(m, sender == f->host ? v.fate == FATE_SENT : was_dropped(v, DROP_FLOW_CONFLICT));
        met[RULE_FLOW_CONFLICT] += sender != f->host;
        f->last = sender == f->host ? m->w.now : f->last;
    }
    for (unsigned c = 0; c < 2; c++)
        for (unsigned i = 0; i < m->flow_count[c]; i++)
            must(m, is_kept(m, &m->flows[c][i]));
}

static void flow_run(struct model *m, uint64_t seed, unsigned steps)
{
    static const uint64_t pauses[] = {0, S, 5 * S};
    begin(m, seed);
    m->w.out.send = note_delivery;
    m->w.config.limits.flows = FLOWS;
    world_start(&m->w);
    own(m);
    for (m->step = 0; m->step < steps; m->step++) {
        world_pass(&m->w, (pick(m, 40) == 0 ? 200 * S : pauses[pick(m, 3)]) + pick(m, 1000));
        for (unsigned c = 0; c < 2; c++)
            for (unsigned i = m->flow_count[c]; i-- > 0;)
                if (m->w.now - m->flows[c][i].last >= m->w.config.limits.flow_age_s * S) {
                    const struct flow f = m->flows[c][i];
                    m->flows[c][i] = m->flows[c][--m->flow_count[c]];
                    must(m, !is_kept(m, &f));
                    met[RULE_FLOW_OLD]++;
                }
        flow_step(m);
    }
    world_end(&m->w);
}

/* HELLO. */

static const struct mac stations[3] = {{{0, 2, 0, 0, 0, 1}}, {{0, 2, 0, 0, 0, 2}}, {{0, 2, 0, 0, 0, 3}}};
static const struct ipv4 senders[3] = {{0xc023a201}, {0xc023a2fe}, {0xc023a2fd}};

static void take_hello(void *context, enum side to, const struct tx_frame *made)
{
    struct model *m = context;
    const struct config *c = &m->w.config;
    const struct pe_arp *h = &made->pe_arp;
    (void)to;
    if (made->kind != TX_PE_ARP || h->type != PE_ARP_HELLO)
        return;
    const struct ipv4 named = m->w.address.gateway.host != 0 ? m->w.address.gateway : c->dhcp.router;
    const bool is_there = named.host != 0 || (c->has_router_mac && m->asked_as.host != 0);
    must(m, h->gateway.present == is_there);
    must(m, !is_there || h->gateway.address.host == (named.host != 0 ? named.host : m->asked_as.host));
    must(m, !is_there || mac_equal(h->gateway.mac, m->asked_from));
    met[!is_there               ? RULE_GATEWAY_NONE
        : named.host == 0       ? RULE_GATEWAY_ROUTER
        : m->asked_as.host == 0 ? RULE_GATEWAY_ZERO
                                : RULE_GATEWAY_KNOWN]++;
}

/* Any station upstream asks for the shared address. */
static void ask(struct model *m)
{
    const struct config *c = &m->w.config;
    const struct mac from = stations[pick(m, 3)], sha = pick(m, 6) == 0 ? stations[pick(m, 3)] : from;
    const struct ipv4 as = senders[pick(m, 3)];
    const bool is_request = pick(m, 6) != 0, is_for_shared = pick(m, 6) != 0;
    uint8_t bytes[64] = {0};
    memcpy(bytes, pick(m, 2) == 0 ? mac_broadcast.octets : bridge_mac.octets, 6);
    memcpy(bytes + 6, from.octets, 6);
    static const uint8_t fixed[] = {8, 6, 0, 1, 8, 0, 6, 4, 0};
    memcpy(bytes + 12, fixed, sizeof(fixed));
    bytes[21] = is_request ? 1 : 2;
    memcpy(bytes + 22, sha.octets, 6);
    put32(bytes + 28, as.host);
    put32(bytes + 38, is_for_shared ? shared.host : shared.host + 5);
    world_give(&m->w, SIDE_UPSTREAM, bytes, 42);
    const struct ipv4 named = m->w.address.gateway.host != 0 ? m->w.address.gateway : c->dhcp.router;
    if (!is_request || !is_for_shared || !mac_equal(from, sha) || (named.host != 0 && as.host != named.host) ||
        (c->has_router_mac && !mac_equal(from, c->router_mac)) || (named.host == 0 && !c->has_router_mac))
        return;
    m->asked_as = as;
    m->asked_from = from;
}

static void gateway_run(struct model *m, uint64_t seed, unsigned steps)
{
    begin(m, seed);
    m->w.out.generate = take_hello;
    m->w.config.has_router_mac = pick(m, 2) == 0;
    m->w.config.router_mac = m->w.config.has_router_mac ? stations[0] : mac_zero;
    m->w.address.gateway = pick(m, 3) == 0 ? senders[0] : (struct ipv4){0};
    m->w.config.dhcp.router = pick(m, 3) == 0 ? senders[1] : (struct ipv4){0};
    world_start(&m->w);
    for (m->step = 0; m->step < steps; m->step++) {
        world_pass(&m->w, pick(m, 40) * S);
        ask(m);
    }
    world_end(&m->w);
}

/* The tests. */

static void run(const char *what, void (*one)(struct model *m, uint64_t seed, unsigned steps), enum rule first,
                enum rule last)
{
    static struct model model;
    const uint64_t seed = from_environment("SEED", 20260101), runs = rounds("RUNS", 400);
    const unsigned steps = (unsigned)from_environment("STEPS", 200);
    for (uint64_t i = 0; i < runs; i++)
        one(&model, seed + i, steps);
    rules_print(first, last + 1);
    printf("# S4: %llu runs of %u steps of %s, equal to the model (SEED=%llu)\n", (unsigned long long)runs,
           steps, what, (unsigned long long)seed);
    rules_expect(first, last + 1, 10000, runs * steps);
}

static void test_arp_budget(void **state)
{
    (void)state;
    run("ARP budgets", arp_run, RULE_ARP_PASSES, RULE_ARP_TOTAL);
}

static void test_flows(void **state)
{
    (void)state;
    run("flows", flow_run, RULE_FLOW_KEPT, RULE_FLOW_GROUP);
}

static void test_gateway(void **state)
{
    (void)state;
    run("HELLO's gateway", gateway_run, RULE_GATEWAY_NONE, RULE_GATEWAY_ROUTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_arp_budget), cmocka_unit_test(test_flows),
                                       cmocka_unit_test(test_gateway)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
