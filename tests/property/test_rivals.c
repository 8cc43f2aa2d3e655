/* test_rivals.c: random claims of a few hosts to ports that overlap, after a loss of the table, against a slow model of
 * docs/pe-arp.md#rivals: whoever answers and shares no port with another host that answers owns its range, and of the others
 * nobody owns a port.
 *
 * Most claim within the window, some after it; then hosts fall silent, release their range, come late, or the operator decides.
 * The model is asked whenever all is settled: who owns what, how many rivals there are, where a packet for each port goes.
 * SEED and RUNS come from the environment; a mismatch prints the seed. */
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS     UINT64_C(1000000)
#define HOSTS  7
#define STEPS  6
#define ASKED  256
#define UNIT   50   /* ports; ranges are one to three of them */
#define FIRST  2000 /* of 12 units */
#define SETTLE 15000

/* Counted where it decided; the least number in 10,000 steps. */
#define RULES(X)                                                      \
    X(ALONE, 500, "answers, and shares no port: owns its range")      \
    X(RIVAL, 500, "answers, and shares a port: owns nothing")         \
    X(LEFT_OVER, 200, "the last rival for its ports owns them")       \
    X(LATE_RIVAL, 50, "claimed after the window: one rival more")     \
    X(LATE_REFUSED, 50, "claimed ports of an owner after the window") \
    X(SILENT_OWNER, 50, "an owner that falls silent stays one")       \
    X(DECIDED, 50, "the operator decided: the others are no rivals")  \
    X(RELEASED, 50, "a rival gave its range up")
#include "../lib/model_rules.h"

struct host {
    struct mac mac;
    uint16_t first, last;
    bool claimed, answers;
    bool owns; /* as the model says */
    unsigned claims_ms;
};

struct model {
    struct world w; /* the first: what leaves it finds the model by it */
    uint64_t random, seed;
    struct host hosts[HOSTS];
    struct pe_arp asked[ASKED];
    unsigned asked_count;
    struct mac sent_to;
    bool permanent[12]; /* units that the operator gave away */
};

static struct model *model_of(void *context)
{
    return context;
}

static unsigned pick(struct model *m, unsigned count)
{
    return (unsigned)(seeded_next(&m->random) % count);
}

static void must(struct model *m, bool holds)
{
    if (!holds)
        fprintf(stderr, "# SEED=%llu RUNS=1\n", (unsigned long long)m->seed);
    assert_true(holds);
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    (void)to;
    memcpy(model_of(context)->sent_to.octets, frame->bytes, MAC_BYTES);
}

static void take_made(void *context, enum side to, const struct tx_frame *made)
{
    struct model *m = model_of(context);
    (void)to;
    if (made->kind == TX_PE_ARP && made->pe_arp.type == PE_ARP_REQUEST && m->asked_count < ASKED)
        m->asked[m->asked_count++] = made->pe_arp;
}

static void say(struct model *m, const struct host *h, enum pe_arp_type type, const struct pe_arp *request)
{
    const struct port_address ports = {shared, 0, h->first, h->last};
    struct tx_frame made = {.destination = request != NULL ? bridge_mac : mac_broadcast,
                            .source = h->mac,
                            .ethertype = ETHERTYPE_PE_ARP,
                            .kind = TX_PE_ARP,
                            .pe_arp = {.type = type, .sha = h->mac, .spa = ports, .tpa = ports}};
    if (request != NULL) {
        made.pe_arp.tha = bridge_mac;
        made.pe_arp.tpa = request->tpa;
        made.pe_arp.nonce = request->nonce;
    }
    world_give_made(&m->w, SIDE_DOWNSTREAM, &made);
}

static void pass(struct model *m, unsigned ms)
{
    while (ms-- > 0) {
        const unsigned count = m->asked_count;
        struct pe_arp asked[ASKED];
        memcpy(asked, m->asked, count * sizeof(*asked));
        m->asked_count = 0;
        for (unsigned i = 0; i < count; i++)
            for (unsigned k = 0; k < HOSTS; k++)
                if (m->hosts[k].answers && mac_equal(asked[i].tha, m->hosts[k].mac) &&
                    asked[i].tpa.first == m->hosts[k].first)
                    say(m, &m->hosts[k], PE_ARP_REPLY, &asked[i]);
        world_pass(&m->w, MS);
    }
}

static bool overlap(const struct host *a, const struct host *b)
{
    return a != b && a->first <= b->last && b->first <= a->last;
}

static bool is_live(const struct host *h)
{
    return h->claimed && h->answers && !h->owns;
}

/* Another host that claimed and answers shares a port with it. */
static bool has_rival(const struct model *m, const struct host *h)
{
    for (unsigned i = 0; i < HOSTS; i++)
        if (overlap(h, &m->hosts[i]) && is_live(&m->hosts[i]))
            return true;
    return false;
}

/* Owners that share a port with it. */
static unsigned owners_beside(const struct model *m, const struct host *h, bool answers)
{
    unsigned count = 0;
    for (unsigned i = 0; i < HOSTS; i++)
        count += overlap(h, &m->hosts[i]) && m->hosts[i].owns && m->hosts[i].answers == answers;
    return count;
}

/* Whoever has no rival any more owns its range. */
static void decide(struct model *m, enum rule rule)
{
    bool alone[HOSTS];
    for (unsigned i = 0; i < HOSTS; i++)
        alone[i] = is_live(&m->hosts[i]) && !has_rival(m, &m->hosts[i]);
    for (unsigned i = 0; i < HOSTS; i++) {
        met[alone[i] ? rule : RULE_RIVAL] += is_live(&m->hosts[i]);
        m->hosts[i].owns = m->hosts[i].owns || alone[i];
    }
}

static void give_to(struct model *m, uint16_t port, struct verdict *verdict)
{
    uint8_t bytes[64];
    uint8_t *body = put_ipv4(bytes, bridge_mac, router, remote, shared, PROTOCOL_UDP, 12);
    put16(body, 53);
    put16(body + 2, port);
    put16(body + 4, 12);
    *verdict = world_give(&m->w, SIDE_UPSTREAM, bytes, 46);
}

/* Each unit of ports: whose it is, where a packet for it goes. What nobody claims is not asked for. */
static void compare(struct model *m)
{
    unsigned rivals = 0;
    for (unsigned i = 0; i < HOSTS; i++)
        rivals += is_live(&m->hosts[i]);
    must(m, engine_rivals(m->w.engine) == rivals);
    for (unsigned unit = 0; unit < 12; unit++) {
        const uint16_t port = (uint16_t)(FIRST + unit * UNIT + pick(m, UNIT));
        const struct host *owner = NULL;
        bool is_claimed = false;
        struct mac is;
        struct verdict verdict;
        for (unsigned i = 0; i < HOSTS; i++) {
            const struct host *h = &m->hosts[i];
            if (port < h->first || port > h->last)
                continue;
            owner = h->owns ? h : owner;
            is_claimed = is_claimed || is_live(h);
        }
        must(m, (engine_owner(m->w.engine, shared, port, &is) == 0) == (owner != NULL));
        must(m, owner == NULL || mac_equal(is, owner->mac));
        if (owner == NULL && !is_claimed)
            continue;
        give_to(m, port, &verdict);
        must(m, owner != NULL ? verdict.fate == FATE_SENT && mac_equal(m->sent_to, owner->mac)
                              : verdict.fate == FATE_DROPPED && verdict.reason == DROP_UNRESOLVED);
    }
}

/* Random claims in the window; some hosts never answer. */
static void in_window(struct model *m)
{
    for (unsigned i = 0; i < HOSTS; i++)
        m->hosts[i].claims_ms = pick(m, 4900);
    for (unsigned ms = 0; ms < 5000; ms++) {
        for (unsigned i = 0; i + 2 < HOSTS; i++) /* two come late */
            if (m->hosts[i].claims_ms == ms) {
                say(m, &m->hosts[i], PE_ARP_CLAIM, NULL);
                m->hosts[i].claimed = true;
            }
        pass(m, 1);
    }
    pass(m, SETTLE);
    decide(m, RULE_ALONE);
}

/* The claim that takes a silent owner's range is test_claims.c's. */
static void late_claim(struct model *m, struct host *h)
{
    if (h->claimed || !h->answers || owners_beside(m, h, false) > 0)
        return;
    say(m, h, PE_ARP_CLAIM, NULL);
    if (owners_beside(m, h, true) > 0) {
        met[RULE_LATE_REFUSED]++;
    } else {
        h->claimed = true;
        met[RULE_LATE_RIVAL] += has_rival(m, h);
    }
}

static void goes_silent(struct model *m, struct host *h)
{
    if (!h->claimed || !h->answers)
        return;
    (void)m;
    met[RULE_SILENT_OWNER] += h->owns;
    h->answers = false;
}

static void releases(struct model *m, struct host *h)
{
    if (!is_live(h))
        return;
    h->answers = false;
    say(m, h, PE_ARP_RELEASE, NULL);
    met[RULE_RELEASED]++;
}

static void operator_decides(struct model *m, struct host *h)
{
    const struct range range = {shared, h->first, h->last};
    if (!is_live(h))
        return;
    must(m, engine_add(m->w.engine, m->w.now, &range, h->mac, &m->w.out) == 0);
    h->owns = true;
    met[RULE_DECIDED]++;
    for (unsigned i = 0; i < HOSTS; i++)
        if (overlap(h, &m->hosts[i]))
            m->hosts[i].claimed = false;
}

static void one_run(struct model *m, uint64_t seed)
{
    static void (*const kinds[])(struct model * m, struct host * h) = {late_claim, goes_silent, releases,
                                                                       operator_decides};
    memset(m, 0, sizeof(*m));
    m->seed = m->random = seed;
    world_prepare(&m->w);
    m->w.seed.plain_nonces = false;
    m->w.config.limits.lifetime_s = 3600;
    m->w.out = (struct engine_out){m, take_send, take_made, ignore_event, NULL};
    world_start(&m->w);
    for (unsigned i = 0; i < HOSTS; i++) {
        struct host *h = &m->hosts[i];
        const unsigned length = 1 + pick(m, 3), at = pick(m, 13 - length);
        *h = (struct host){.mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}}, .answers = i > 4 || pick(m, 5) != 0};
        h->first = (uint16_t)(FIRST + at * UNIT);
        h->last = (uint16_t)(h->first + length * UNIT - 1);
    }
    in_window(m);
    compare(m);
    for (unsigned step = 0; step < STEPS; step++) {
        kinds[pick(m, 4)](m, &m->hosts[pick(m, HOSTS)]);
        pass(m, SETTLE);
        decide(m, RULE_LEFT_OVER);
        compare(m);
    }
    world_end(&m->w);
}

static void test_rivals(void **state)
{
    static struct model model;
    const uint64_t seed = from_environment("SEED", 20260101), runs = rounds("RUNS", 2000);
    (void)state;
    for (uint64_t i = 0; i < runs; i++)
        one_run(&model, seed + i);
    rules_print(0, RULE_COUNT);
    printf("# S4: %llu runs of %u steps of rivals, equal to the model (SEED=%llu)\n", (unsigned long long)runs,
           STEPS, (unsigned long long)seed);
    rules_expect(0, RULE_COUNT, 10000, runs * STEPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rivals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
