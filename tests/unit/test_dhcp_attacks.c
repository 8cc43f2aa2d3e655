/* test_dhcp_attacks.c: rows of the reliability matrix about DHCP: an engine between servers upstream and clients, and
 * somebody who does their worst. Time is the test's. Each row prints its figure. */
#include "pearpd/dhcp.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS        UINT64_C(1000000)
#define ATTACKERS 4096
#define UDP_AT    34
#define BOOT_AT   (UDP_AT + UDP_HEADER_BYTES)

static const struct mac made_up = {{0x02, 0xaa, 0, 0, 0, 0}}, honest = {{0x02, 0xbb, 0, 0, 0, 0}};

static struct mac numbered(struct mac first, unsigned n)
{
    put16(first.octets + 4, n);
    return first;
}

static struct verdict answers(struct world *w, struct ipv4 from, const struct dhcp_answer *answer)
{
    const struct tx_frame frame = {.destination = bridge_mac,
                                   .source = router,
                                   .ethertype = ETHERTYPE_IPV4,
                                   .kind = TX_DHCP,
                                   .dhcp = {.source = from, .destination = shared, .answer = *answer}};
    return world_give_made(w, SIDE_UPSTREAM, &frame);
}

/* A lease of set `psid` (of 64) to `client`. */
static struct verdict leases(struct world *w, struct ipv4 from, struct mac client, uint32_t xid, uint16_t psid)
{
    const struct dhcp_answer answer = {.kind = DHCP_ACK,
                                       .xid = xid,
                                       .yiaddr = shared,
                                       .chaddr = client,
                                       .server_id = from,
                                       .lease_s = DHCP_LEASE_FOREVER,
                                       .ports = {true, 0, 6, psid}};
    return answers(w, from, &answer);
}

/* A client's broadcast. */
static struct verdict asks(struct world *w, enum dhcp_kind kind, struct mac client, uint32_t xid)
{
    uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    const struct tx_frame frame = {
        .destination = mac_broadcast,
        .source = client,
        .ethertype = ETHERTYPE_IPV4,
        .kind = TX_DHCP,
        .dhcp = {.destination = {UINT32_MAX}, .answer = {.kind = kind, .xid = xid, .chaddr = client}}};
    int length = frame_build(w->builder, &frame, bytes, sizeof(bytes));
    assert_true(length > 0);
    put16(bytes + UDP_AT, DHCP_PORT_CLIENT);
    put16(bytes + UDP_AT + 2, DHCP_PORT_SERVER);
    bytes[BOOT_AT] = DHCP_OP_REQUEST;
    return world_give(w, SIDE_DOWNSTREAM, bytes, (size_t)length);
}

static struct world *world_new(void)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    w->address.learn = LEARN_DHCP;
    return w;
}

static void world_free(struct world *w)
{
    world_end(w);
    free(w);
}

static uint64_t counted(const struct world *w, enum counter counter)
{
    return engine_stats(w->engine)->counters[counter];
}

/* S40: a packet for each set, from anywhere, to the shared address; a lease in force stays. */
static void test_leases_from_the_internet(void **state)
{
    struct world *w = world_new();
    (void)state;
    world_start(w);
    assert_int_equal(asks(w, DHCP_REQUEST, host_a, 7).fate, FATE_SENT);
    assert_int_equal(leases(w, gateway, host_a, 7, 3).fate, FATE_SENT);
    assert_int_equal(counted(w, COUNTER_LEARNED), 1);
    for (uint16_t psid = 1; psid < 64; psid++) {
        struct verdict v = leases(w, remote, host_m, psid, psid);
        assert_true(v.fate == FATE_DROPPED && v.reason == DROP_DHCP_UNASKED);
        const struct dhcp_answer nak = {.kind = DHCP_NAK, .xid = psid + 7U, .chaddr = host_a};
        v = answers(w, remote, &nak);
        assert_true(v.fate == FATE_DROPPED && v.reason == DROP_DHCP_UNASKED);
    }
    assert_int_equal(counted(w, COUNTER_LEARNED), 1);
    assert_int_equal(counted(w, COUNTER_MOVES), 0);
    assert_int_equal(counted(w, COUNTER_DHCP_REFUSED), 126);
    assert_int_equal(w->events[EVENT_DELETED], 0);
    assert_true(w->events[EVENT_REFUSED] >= 1);
    /* A host downstream that asks in truth gets no part of the lease either. */
    assert_int_equal(asks(w, DHCP_REQUEST, host_m, 9).fate, FATE_SENT);
    leases(w, gateway, host_m, 9, 3);
    assert_int_equal(counted(w, COUNTER_MOVES), 0);
    assert_int_equal(w->events[EVENT_CONFLICT], 1);
    printf("# S40: 63 leases and 63 DHCPNAKs from the Internet: 0 learned, 0 ended, 0 delivered\n");
    world_free(w);
}

/* S41: 4,096 MAC addresses begin 10,000 transactions a second; a server needs 100 ms for each honest newcomer, and a
 * client asks again after 4 s (RFC 2131 4.1). */
static void test_transaction_flood(void **state)
{
    enum { NEWCOMERS = 200, LATENCY_MS = 100 };
    struct world *w = world_new();
    uint32_t xid = 1000;
    unsigned first = 0, known = 0;
    (void)state;
    world_start(w);
    assert_int_equal(asks(w, DHCP_REQUEST, host_a, 1).fate, FATE_SENT);
    assert_int_equal(leases(w, gateway, host_a, 1, 1).fate, FATE_SENT);
    for (unsigned n = 0; n < NEWCOMERS; n++) {
        asks(w, DHCP_REQUEST, numbered(honest, n), n);
        asks(w, DHCP_REQUEST, host_a, 100 + n);
        for (unsigned ms = 0; ms < LATENCY_MS; ms++) {
            world_pass(w, MS);
            for (unsigned i = 0; i < 10; i++, xid++)
                asks(w, DHCP_DISCOVER, numbered(made_up, xid % (4 * ATTACKERS)), xid);
        }
        first += leases(w, gateway, numbered(honest, n), n, (uint16_t)(2 + n % 62)).fate == FATE_SENT;
        known += leases(w, gateway, host_a, 100 + n, 1).fate == FATE_SENT;
    }
    assert_int_equal(known, NEWCOMERS);
    assert_true(first >= NEWCOMERS * 3 / 4);
    printf("# S41: 10,000 DHCP transactions a second: %u of %u newcomers had their lease at the first try, %u "
           "of %u "
           "renewals\n",
           first, NEWCOMERS, known, NEWCOMERS);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leases_from_the_internet),
        cmocka_unit_test(test_transaction_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
