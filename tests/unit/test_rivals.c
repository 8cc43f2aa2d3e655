/* test_rivals.c: hosts that claim the same ports after a loss of the table, and an attack on one: row H8 of the
 * reliability matrix. Agents answer a millisecond later and claim as docs/pe-arp.md#claim-host says. */
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS      UINT64_C(1000000)
#define AGENTS  40
#define MINE    8 /* MAC addresses of the attacker */
#define MOST    128
#define PENDING 4096

struct agent {
    struct mac mac;
    uint16_t first, last;
    bool answers;
    uint64_t claims_ns; /* in the HELLO window; 0: it has claimed */
};

struct scene {
    struct world w; /* the first: what leaves it finds the scene by it */
    struct agent agents[MOST];
    unsigned count;
    struct pe_arp asked[PENDING];
    unsigned asked_count;
    unsigned right, wrong; /* frames to ports of honest agents: to them, to others */
    unsigned conflicts;
    struct event conflict; /* the last */
};

static struct scene *scene_of(void *context)
{
    return context;
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct scene *t = scene_of(context);
    const uint16_t port = (uint16_t)(frame->bytes[36] << 8 | frame->bytes[37]);
    if (to == SIDE_UPSTREAM)
        return;
    for (unsigned i = 0; i < AGENTS; i++)
        if (port >= t->agents[i].first && port <= t->agents[i].last)
            ++*(memcmp(frame->bytes, t->agents[i].mac.octets, 6) == 0 ? &t->right : &t->wrong);
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    struct scene *t = scene_of(context);
    (void)to;
    if (made->kind == TX_PE_ARP && made->pe_arp.type == PE_ARP_REQUEST && t->asked_count < PENDING)
        t->asked[t->asked_count++] = made->pe_arp;
}

static void take_event(void *context, const struct event *event)
{
    struct scene *t = scene_of(context);
    if (event->kind != EVENT_CONFLICT)
        return;
    t->conflicts++;
    t->conflict = *event;
}

static struct scene *scene_new(void (*configure)(struct world *w))
{
    static struct scene t;
    memset(&t, 0, sizeof(t));
    world_prepare(&t.w);
    t.w.seed.plain_nonces = false;
    t.w.out = (struct engine_out){&t, take_send, take_make, take_event, NULL};
    if (configure != NULL)
        configure(&t.w);
    world_make(&t.w);
    return &t;
}

static struct agent *agent_add(struct scene *t, struct mac mac, uint16_t first, uint16_t last)
{
    struct agent *a = &t->agents[t->count++];
    *a = (struct agent){mac, first, last, true, 0};
    return a;
}

static struct mac numbered(unsigned kind, unsigned number)
{
    return (struct mac){{2, (uint8_t)kind, 0, 0, 0, (uint8_t)number}};
}

static struct tx_frame statement(const struct agent *a, enum pe_arp_type type)
{
    const struct port_address ports = {shared, 0, a->first, a->last};
    return (struct tx_frame){.destination = type == PE_ARP_REPLY ? bridge_mac : mac_broadcast,
                             .source = a->mac,
                             .ethertype = ETHERTYPE_PE_ARP,
                             .kind = TX_PE_ARP,
                             .pe_arp = {.type = type, .sha = a->mac, .spa = ports, .tpa = ports}};
}

/* Other agents hear it: those whose range it is claim at once (docs/pe-arp.md#claim-host). */
static void claim(struct scene *t, const struct agent *a)
{
    const struct tx_frame made = statement(a, PE_ARP_CLAIM);
    world_give_made(&t->w, SIDE_DOWNSTREAM, &made);
    for (unsigned i = 0; i < t->count; i++) {
        struct agent *other = &t->agents[i];
        if (other != a && other->claims_ns > t->w.now + MS && other->first <= a->last &&
            a->first <= other->last)
            other->claims_ns = t->w.now + MS;
    }
}

static void answer(struct scene *t, const struct pe_arp *request)
{
    const uint16_t port = request->tpa.first;
    for (unsigned i = 0; i < t->count; i++) {
        const struct agent *a = &t->agents[i];
        const bool is_asked = mac_is_zero(request->tha) || mac_equal(request->tha, a->mac);
        if (!a->answers || !is_asked || port < a->first || port > a->last)
            continue;
        struct tx_frame made = statement(a, PE_ARP_REPLY);
        made.pe_arp.tha = bridge_mac;
        made.pe_arp.tpa = request->tpa;
        made.pe_arp.nonce = request->nonce;
        world_give_made(&t->w, SIDE_DOWNSTREAM, &made);
    }
}

static void step(struct scene *t)
{
    struct pe_arp asked[PENDING];
    const unsigned count = t->asked_count;
    memcpy(asked, t->asked, count * sizeof(*asked));
    t->asked_count = 0;
    for (unsigned i = 0; i < count; i++)
        answer(t, &asked[i]);
    for (unsigned i = 0; i < t->count; i++)
        if (t->agents[i].claims_ns != 0 && t->agents[i].claims_ns <= t->w.now) {
            t->agents[i].claims_ns = 0;
            claim(t, &t->agents[i]);
        }
    world_pass(&t->w, MS);
}

static void pass(struct scene *t, unsigned ms)
{
    while (ms-- > 0)
        step(t);
}

static bool owns(const struct scene *t, const struct agent *a)
{
    struct mac owner;
    return engine_owner(t->w.engine, shared, a->first, &owner) == 0 && mac_equal(owner, a->mac) &&
           engine_owner(t->w.engine, shared, a->last, &owner) == 0 && mac_equal(owner, a->mac);
}

static bool nobody_owns(const struct scene *t, uint16_t port)
{
    struct mac owner;
    return engine_owner(t->w.engine, shared, port, &owner) != 0;
}

static struct verdict give_to(struct scene *t, uint16_t port)
{
    uint8_t bytes[64];
    uint8_t *body = put_ipv4(bytes, bridge_mac, router, remote, shared, PROTOCOL_UDP, 12);
    put16(body, 53);
    put16(body + 2, port);
    put16(body + 4, 12);
    return world_give(&t->w, SIDE_UPSTREAM, bytes, 46);
}

static bool is_unresolved(struct verdict v)
{
    return v.fate == FATE_DROPPED && v.reason == DROP_UNRESOLVED;
}

/* A and B claim overlapping ranges within the window; both answer. */
static void meet(struct scene *t, struct agent **a, struct agent **b)
{
    *a = agent_add(t, host_a, 2000, 2999);
    *b = agent_add(t, host_b, 2500, 3499);
    engine_start(t->w.engine, t->w.now, &t->w.out);
    claim(t, *a);
    pass(t, 1000);
    assert_true(owns(t, *a));
    claim(t, *b);
    pass(t, 10);
}

static void test_neither_gets_them(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *a, *b;
    (void)state;
    meet(t, &a, &b);
    for (unsigned turn = 0; turn < 20; turn++, pass(t, 3000)) {
        assert_true(nobody_owns(t, 2000) && nobody_owns(t, 2600) && nobody_owns(t, 3400));
        assert_true(is_unresolved(give_to(t, 2600)));
    }
    assert_int_equal(engine_rivals(t->w.engine), 2);
    assert_int_equal(t->conflict.kind, EVENT_CONFLICT);
    assert_true(mac_equal(t->conflict.mac, host_b) && mac_equal(t->conflict.other, host_a));
    b->answers = false;
    pass(t, 9000);
    assert_true(owns(t, a));
    assert_int_equal(engine_rivals(t->w.engine), 0);
    assert_int_equal(give_to(t, 2600).fate, FATE_SENT);
    world_end(&t->w);
}

/* Another claim makes the owner a rival while the first one waits for its answer. That one counts when the owner answers: else
 * an attacker with two MAC addresses, one of which then falls silent, would have the range. */
static void test_waiting_claim_is_not_lost(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *mine = agent_add(t, numbered(7, 1), 2000, 2999),
                 *second = agent_add(t, numbered(7, 2), 1500, 2099), *honest = agent_add(t, host_a, 2500, 3499);
    (void)state;
    engine_start(t->w.engine, t->w.now, &t->w.out);
    claim(t, mine);
    pass(t, 100);
    claim(t, honest); /* the owner was asked a moment ago: the question waits */
    pass(t, 100);
    claim(t, second);
    pass(t, 2000);
    second->answers = false;
    pass(t, 20000);
    assert_int_equal(engine_rivals(t->w.engine), 2);
    assert_true(nobody_owns(t, 2000) && nobody_owns(t, 2500) && nobody_owns(t, 3499));
    mine->answers = false;
    pass(t, 9000);
    assert_true(owns(t, honest));
    world_end(&t->w);
}

/* The operator decides: the other one gets nothing of what was decided, and its claims are refused. */
static void test_operator_decides(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *a, *b;
    struct range range = {shared, 2500, 2999};
    (void)state;
    meet(t, &a, &b);
    assert_int_equal(engine_add(t->w.engine, t->w.now, &range, host_a, &t->w.out), 0);
    pass(t, 2000);
    assert_int_equal(engine_rivals(t->w.engine), 0);
    assert_true(owns(t, a)); /* the permanent part, and the rest by its claim */
    claim(t, b);
    pass(t, 1000);
    assert_true(owns(t, a) && nobody_owns(t, 3400));
    world_end(&t->w);
}

/* A denied host is no rival, whether an operator or a new configuration denies it: the other one is left. */
static void test_denied_is_no_rival(void **state)
{
    (void)state;
    for (unsigned reloads = 0; reloads < 2; reloads++) {
        struct scene *t = scene_new(NULL);
        struct agent *a, *b;
        struct mac denied = host_b;
        meet(t, &a, &b);
        t->w.config.denied = &denied;
        t->w.config.denied_count = 1;
        assert_int_equal(reloads ? engine_reload(t->w.engine, t->w.now, &t->w.config, &t->w.out)
                                 : engine_deny(t->w.engine, t->w.now, host_b, &t->w.out),
                         0);
        assert_int_equal(engine_rivals(t->w.engine), 1);
        pass(t, reloads ? 6000 : 2000);
        assert_true(owns(t, a));
        claim(t, b);
        pass(t, 1000);
        assert_true(owns(t, a) && nobody_owns(t, 3400));
        world_end(&t->w);
    }
}

static void test_flush_and_reload(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *a, *b;
    (void)state;
    meet(t, &a, &b);
    assert_int_equal(engine_reload(t->w.engine, t->w.now, &t->w.config, &t->w.out), 0);
    assert_int_equal(engine_rivals(t->w.engine), 2);
    pass(t, 20000);
    assert_true(nobody_owns(t, 2000) && is_unresolved(give_to(t, 2600)));
    assert_int_equal(engine_flush(t->w.engine, t->w.now, NULL, &t->w.out), 0);
    assert_int_equal(engine_rivals(t->w.engine), 0);
    b->answers = false;
    claim(t, a);
    pass(t, 10);
    assert_true(owns(t, a));
    world_end(&t->w);
}

/* Listed as a range that is asked for, whoever claims it. */
static void test_listed(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *a, *b;
    struct table_cursor cursor = {0};
    struct table_entry entry;
    (void)state;
    meet(t, &a, &b);
    assert_true(engine_table_next(t->w.engine, t->w.now, &cursor, &entry));
    assert_int_equal(entry.state, BINDING_INCOMPLETE);
    assert_true(mac_is_zero(entry.mac));
    assert_int_equal(entry.range.first, 2000);
    assert_int_equal(entry.range.last, 2999);
    assert_true(engine_table_next(t->w.engine, t->w.now, &cursor, &entry));
    assert_int_equal(entry.range.first, 2500);
    assert_true(engine_table_next(t->w.engine, t->w.now, &cursor, &entry));
    assert_int_equal(entry.state, BINDING_PUBLISHED);
    assert_false(engine_table_next(t->w.engine, t->w.now, &cursor, &entry));
    world_end(&t->w);
}

/* A host may be a rival for as much as it may own: it cannot keep all ports from all others. */
static void test_rivals_are_bounded(void **state)
{
    struct scene *t = scene_new(NULL);
    unsigned lost = 0;
    (void)state;
    for (unsigned i = 0; i < AGENTS; i++)
        agent_add(t, numbered(0xa, i), (uint16_t)(2000 + 1000 * i), (uint16_t)(2999 + 1000 * i));
    engine_start(t->w.engine, t->w.now, &t->w.out);
    for (unsigned i = 0; i < AGENTS; i++)
        claim(t, &t->agents[i]);
    pass(t, 100);
    for (unsigned i = 0; i < AGENTS; i++) {
        claim(t, agent_add(t, host_m, (uint16_t)(2000 + 1000 * i), (uint16_t)(2999 + 1000 * i)));
        pass(t, 110); /* ten challenges a second */
    }
    pass(t, 4000);
    for (unsigned i = 0; i < AGENTS; i++)
        lost += !owns(t, &t->agents[i]);
    assert_in_range(lost, 1, 16); /* 25 percent of 64,512 */
    world_end(&t->w);
}

/* Behind the window an owner has its right, and so has one that was restored with the table. */
static void test_known_owners_have_no_rivals(void **state)
{
    (void)state;
    for (unsigned is_restored = 0; is_restored < 2; is_restored++) {
        struct scene *t = scene_new(NULL);
        struct agent *a = agent_add(t, host_a, 2000, 2999), *m = agent_add(t, host_m, 2000, 2999);
        const struct table_entry entry = {.range = {shared, 2000, 2999},
                                          .mac = host_a,
                                          .state = BINDING_REACHABLE,
                                          .origin = ORIGIN_PE_ARP,
                                          .age_ns = 60 * S};
        if (is_restored) {
            assert_int_equal(engine_restore(t->w.engine, t->w.now, &entry, &t->w.out), 0);
            engine_epoch_restore(t->w.engine, 7);
        }
        engine_start(t->w.engine, t->w.now, &t->w.out);
        if (!is_restored) {
            claim(t, a);
            pass(t, 6000);
        }
        for (unsigned turn = 0; turn < 10; turn++) {
            claim(t, m);
            pass(t, 1000);
            assert_true(owns(t, a));
            assert_int_equal(give_to(t, 2600).fate, FATE_SENT);
        }
        assert_int_equal(engine_rivals(t->w.engine), 0);
        world_end(&t->w);
    }
}

/* Hosts can hear the bridge only once its link is up: the window begins again, unless one was heard before. */
static void test_late_link(void **state)
{
    struct scene *t = scene_new(NULL);
    struct agent *a = agent_add(t, host_a, 2000, 2999), *m = agent_add(t, host_m, 2000, 2999);
    (void)state;
    engine_start(t->w.engine, t->w.now, &t->w.out);
    pass(t, 60000);
    engine_link(t->w.engine, t->w.now, SIDE_DOWNSTREAM, true, 1500, &t->w.out);
    claim(t, m);
    pass(t, 1000);
    claim(t, a);
    pass(t, 1000);
    assert_true(nobody_owns(t, 2000));
    assert_int_equal(engine_rivals(t->w.engine), 2);
    m->answers = false;
    pass(t, 10000);
    assert_true(owns(t, a));
    m->answers = true;
    engine_link(t->w.engine, t->w.now, SIDE_DOWNSTREAM, false, 1500, &t->w.out);
    engine_link(t->w.engine, t->w.now, SIDE_DOWNSTREAM, true, 1500, &t->w.out);
    claim(t, m);
    pass(t, 1000);
    assert_true(owns(t, a));
    world_end(&t->w);
}

/* H8: the table is lost while the agents of 40 hosts wait out the HELLO window. M claims all their ranges at once,
 * with eight MAC addresses, and answers every challenge. Frames come for all of them. */
static void test_loss_under_attack(void **state)
{
    struct scene *t = scene_new(NULL);
    unsigned held_by_m = 0, silent_ms = 0, early = 0, bound;
    (void)state;
    for (unsigned i = 0; i < AGENTS; i++)
        agent_add(t, numbered(0xa, i), (uint16_t)(2000 + 1000 * i), (uint16_t)(2999 + 1000 * i))->claims_ns =
            t->w.now + 1 + (uint64_t)(i * 1237 % 5000) * MS;
    engine_start(t->w.engine, t->w.now, &t->w.out);
    for (unsigned i = 0; i < AGENTS; i++)
        claim(t,
              agent_add(t, numbered(0xbb, i % MINE), (uint16_t)(2000 + 1000 * i), (uint16_t)(2999 + 1000 * i)));
    for (unsigned ms = 0; ms < 30000; ms++, step(t)) {
        if (ms == 1500)
            early = t->wrong; /* until the agents heard it, claimed, and both had answered */
        if (ms % 10 == 0)
            give_to(t, (uint16_t)(2000 + 1000 * (ms / 10 % AGENTS)));
    }
    for (unsigned i = 0; i < AGENTS; i++)
        held_by_m += owns(t, &t->agents[AGENTS + i]);
    assert_int_equal(held_by_m, 0);
    assert_int_equal(t->wrong, early);
    for (unsigned i = AGENTS; i < t->count; i++)
        t->agents[i].answers = false;
    do {
        step(t);
        bound = 0;
        for (unsigned i = 0; i < AGENTS; i++)
            bound += owns(t, &t->agents[i]);
    } while (bound < AGENTS && ++silent_ms < 60000);
    assert_in_range(silent_ms, 1, 15000);
    printf("# H8: M claims the ranges of %u agents at once after a loss of the table: it has %u of them, %u "
           "frames to it in "
           "the first 1.5 s, %u later; once it is silent all agents have theirs in %u ms\n",
           AGENTS, held_by_m, early, t->wrong - early, silent_ms);
    world_end(&t->w);
}

static void few(struct world *w)
{
    w->config.limits.rivals = 16;
}

/* No room: the owner stays, which is counted. */
static void test_full(void **state)
{
    struct scene *t = scene_new(few);
    unsigned kept = 0;
    (void)state;
    engine_start(t->w.engine, t->w.now, &t->w.out);
    for (unsigned i = 0; i < 24; i++) {
        const uint16_t first = (uint16_t)(2000 + 100 * (i % 12));
        claim(t, agent_add(t, numbered(i < 12 ? 0xa : 0xb, i), first, first + 99));
        pass(t, i == 11 ? 1100 : 5);
    }
    pass(t, 100);
    for (unsigned i = 0; i < 12; i++)
        kept += owns(t, &t->agents[i]);
    assert_int_equal(kept, 4);
    assert_int_equal(engine_rivals(t->w.engine), 16);
    assert_int_equal(engine_stats(t->w.engine)->counters[COUNTER_TABLE_FULL], 4);
    world_end(&t->w);
}

static void sets(struct world *w)
{
    w->address.has_psid = true;
    w->address.psid = (struct port_set_params){6, 8};
}

static void by_traffic(struct world *w)
{
    w->address.learn |= LEARN_TRAFFIC;
}

/* A frame from disputed ports passes and teaches nothing; one from beside them teaches the rest of its block. */
static void test_traffic_teaches_nothing(void **state)
{
    struct scene *t = scene_new(by_traffic);
    struct agent *a, *b;
    uint8_t bytes[64];
    const uint16_t ports[] = {2600, 3600};
    struct mac owner;
    (void)state;
    meet(t, &a, &b);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *body = put_ipv4(bytes, router, host_m, shared, remote, PROTOCOL_UDP, 12);
        put16(body, ports[i]);
        put16(body + 2, 53);
        put16(body + 4, 12);
        assert_int_equal(world_give(&t->w, SIDE_DOWNSTREAM, bytes, 46).fate, FATE_SENT);
    }
    assert_true(nobody_owns(t, 2600) && nobody_owns(t, 3499));
    assert_int_equal(engine_owner(t->w.engine, shared, 3500, &owner), 0);
    assert_true(mac_equal(owner, host_m));
    world_end(&t->w);
}

/* Rivals for one port set. */
static void test_port_sets(void **state)
{
    struct scene *t = scene_new(sets);
    (void)state;
    engine_start(t->w.engine, t->w.now, &t->w.out);
    const struct mac macs[] = {host_a, host_m};
    struct port_span bounds = port_set_bounds(t->w.address.psid, 0x34);
    for (unsigned i = 0; i < 2; i++) {
        struct agent a = {macs[i], bounds.first, bounds.last, true, 0};
        struct tx_frame made = statement(&a, PE_ARP_CLAIM);
        made.pe_arp.psid.present = true;
        made.pe_arp.psid.offset = 6;
        made.pe_arp.psid.length = 8;
        made.pe_arp.psid.psid = 0x34;
        world_give_made(&t->w, SIDE_DOWNSTREAM, &made);
        for (unsigned turn = 0; turn < 3; turn++) {
            const unsigned count = t->asked_count;
            t->asked_count = 0;
            for (unsigned k = 0; k < count; k++) {
                a.mac = t->asked[k].tha;
                struct tx_frame reply = statement(&a, PE_ARP_REPLY);
                reply.pe_arp.psid = made.pe_arp.psid;
                reply.pe_arp.tha = bridge_mac;
                reply.pe_arp.tpa = t->asked[k].tpa;
                reply.pe_arp.nonce = t->asked[k].nonce;
                world_give_made(&t->w, SIDE_DOWNSTREAM, &reply);
            }
            world_pass(&t->w, MS);
        }
        world_pass(&t->w, S);
    }
    assert_int_equal(engine_rivals(t->w.engine), 2);
    assert_true(nobody_owns(t, bounds.first));
    assert_true(is_unresolved(give_to(t, bounds.first)));
    world_end(&t->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neither_gets_them),
        cmocka_unit_test(test_waiting_claim_is_not_lost),
        cmocka_unit_test(test_operator_decides),
        cmocka_unit_test(test_denied_is_no_rival),
        cmocka_unit_test(test_flush_and_reload),
        cmocka_unit_test(test_listed),
        cmocka_unit_test(test_rivals_are_bounded),
        cmocka_unit_test(test_known_owners_have_no_rivals),
        cmocka_unit_test(test_late_link),
        cmocka_unit_test(test_loss_under_attack),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_traffic_teaches_nothing),
        cmocka_unit_test(test_port_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
