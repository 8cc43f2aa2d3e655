/* test_claims.c: what a claim changes, and what it must not: limits, a full table, probes, who is asked next
 * (docs/pe-arp.md#nonces, #rates). The random model of the same is tests/property/test_claims.c. */
#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include "pearpd/l4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TCP_ACK 0x10

/* 192.35.162.2 with ports 1000-4999 in blocks of 1000, of which one host may own 1000. */
static struct world *begin(struct world *w)
{
    world_prepare(w);
    w->address.ports_first = 1000;
    w->address.ports_last = 4999;
    w->address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
    w->config.limits.hello_window_s = 1;
    w->seed.plain_nonces = false;
    return w;
}

/* The window after a start with an empty table is over. */
static void start(struct world *w)
{
    world_start(w);
    world_pass(w, 10 * S);
}

static struct mac stranger(unsigned number)
{
    return (struct mac){{2, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number}};
}

static uint64_t counter(const struct world *w, enum counter counter)
{
    return engine_stats(w->engine)->counters[counter];
}

/* Whether the host is asked for it. */
static bool claims(struct world *w, struct mac host, uint16_t first, uint16_t last)
{
    const uint64_t asked = counter(w, COUNTER_REQUESTS);
    world_say(w, PE_ARP_CLAIM, host, first, last);
    return counter(w, COUNTER_REQUESTS) > asked && mac_equal(w->last_request.pe_arp.tha, host);
}

static void bind(struct world *w, struct mac host, uint16_t first, uint16_t last)
{
    assert_true(claims(w, host, first, last));
    world_say(w, PE_ARP_REPLY, host, first, last);
}

static bool owns(struct world *w, struct mac host, uint16_t port)
{
    struct mac owner;
    return engine_owner(w->engine, shared, port, &owner) == 0 && mac_equal(owner, host);
}

static void tcp(struct world *w, enum side from, struct mac host, uint16_t port)
{
    const bool is_up = from == SIDE_DOWNSTREAM;
    uint8_t bytes[128];
    uint8_t *body = put_ipv4(bytes, is_up ? router : bridge_mac, is_up ? host : router, is_up ? shared : remote,
                             is_up ? remote : shared, PROTOCOL_TCP, 20);
    put16(body + (is_up ? 0 : 2), port);
    put16(body + (is_up ? 2 : 0), 443);
    body[12] = 0x50;
    body[13] = TCP_ACK;
    world_give(w, from, bytes, 34 + 20);
}

/* A range that is too large is refused; the next one, which is not, is nobody's fault. */
static void test_refused_alone(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    (void)state;
    start(w);
    assert_false(claims(w, host_a, 1000, 2999));
    assert_int_equal(counter(w, COUNTER_HOST_PORTS), 1);
    bind(w, host_a, 3000, 3499);
    assert_true(owns(w, host_a, 3000));
    world_end(w);
}

/* A claim that finds no room takes nothing from a block that another host's traffic taught. */
static void test_no_room_takes_nothing(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    (void)state;
    w->config.limits.address_bindings = 1;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_a, 1500);
    assert_true(owns(w, host_a, 1100));
    assert_true(claims(w, host_b, 1000, 1249));
    world_say(w, PE_ARP_REPLY, host_b, 1000, 1249);
    assert_int_equal(counter(w, COUNTER_TABLE_FULL), 1);
    assert_false(owns(w, host_b, 1100));
    assert_true(owns(w, host_a, 1100));
    /* All of the block: there is room, since the block ends. */
    world_pass(w, 46 * S);
    bind(w, host_b, 1000, 1999);
    assert_true(owns(w, host_b, 1100));
    world_end(w);
}

/* A packet from a range that was claimed confirms it: the idle one makes room. */
static void test_packets_confirm(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    (void)state;
    w->config.limits.bindings = 2;
    start(w);
    bind(w, host_a, 1000, 1249);
    world_pass(w, S);
    bind(w, host_a, 2000, 2249);
    world_pass(w, S);
    tcp(w, SIDE_DOWNSTREAM, host_a, 1100);
    bind(w, host_b, 3000, 3249);
    assert_true(owns(w, host_a, 1100));
    assert_false(owns(w, host_a, 2000));
    assert_true(owns(w, host_b, 3000));
    world_end(w);
}

/* The owner answers a probe with more than it may own: the binding is as before, and is probed again. */
static void test_answer_that_binds_nothing(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    struct table_cursor cursor = {0};
    struct table_entry entry;
    (void)state;
    start(w);
    bind(w, host_a, 1000, 1249);
    world_pass(w, 121 * S);
    tcp(w, SIDE_UPSTREAM, router, 1000);
    world_say(w, PE_ARP_REPLY, host_a, 1000, 4999);
    assert_int_equal(counter(w, COUNTER_HOST_PORTS), 1);
    assert_true(engine_bindings_next(w->engine, w->now, &cursor, &entry));
    assert_int_equal(entry.state, BINDING_STALE);
    world_pass(w, 2 * S);
    const uint64_t asked = counter(w, COUNTER_REQUESTS);
    tcp(w, SIDE_UPSTREAM, router, 1000);
    assert_int_equal(counter(w, COUNTER_REQUESTS), asked + 1);
    world_pass(w, 4 * S);
    assert_false(owns(w, host_a, 1000));
    world_end(w);
}

/* Twenty claim at once, and the budget allows one REQUEST a second: those that were never asked are counted. */
static void test_unasked_are_counted(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    (void)state;
    w->config.limits.unicast_rate = 1;
    start(w);
    const uint64_t before = counter(w, COUNTER_REQUESTS);
    for (unsigned i = 0; i < 20; i++)
        claims(w, stranger(i), (uint16_t)(1000 + 20 * i), (uint16_t)(1019 + 20 * i));
    world_pass(w, 6 * S);
    const uint64_t asked = counter(w, COUNTER_REQUESTS) - before;
    assert_in_range(asked, 1, 7);
    assert_true(counter(w, COUNTER_CLAIMS_LIMITED) >= 20 - asked);
    world_end(w);
}

/* A host that was challenged half a minute ago is no newcomer, though not as one the last time. */
static void test_challenged_lately(void **state)
{
    static struct world world;
    struct world *w = begin(&world);
    (void)state;
    w->config.limits.unicast_rate = 8;
    start(w);
    assert_true(claims(w, host_m, 1000, 1249));
    world_pass(w, 50 * S);
    assert_true(claims(w, host_m, 1000, 1249));
    world_pass(w, 30 * S);
    for (unsigned i = 0; i < 4; i++)
        assert_true(claims(w, stranger(i), 2000, 2249));
    assert_false(claims(w, host_m, 1000, 1249));
    assert_true(claims(w, stranger(4), 2000, 2249));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_alone),       cmocka_unit_test(test_no_room_takes_nothing),
        cmocka_unit_test(test_packets_confirm),     cmocka_unit_test(test_answer_that_binds_nothing),
        cmocka_unit_test(test_unasked_are_counted), cmocka_unit_test(test_challenged_lately),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
