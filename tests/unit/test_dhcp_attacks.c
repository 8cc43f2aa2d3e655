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

static const struct ipv4 neighbour = {0xc023a209};
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

/* A denied host's lease of the network's own server ends and is not learned again; another's is. */
static void test_lease_of_a_denied_host(void **state)
{
    struct world *w = world_new();
    (void)state;
    world_start(w);
    asks(w, DHCP_REQUEST, host_a, 7);
    leases(w, gateway, host_a, 7, 3);
    assert_int_equal(counted(w, COUNTER_LEARNED), 1);
    assert_int_equal(engine_deny(w->engine, w->now, host_a, &w->out), 0);
    assert_int_equal(w->events[EVENT_DELETED], 1);
    asks(w, DHCP_REQUEST, host_a, 8);
    leases(w, gateway, host_a, 8, 3);
    assert_int_equal(counted(w, COUNTER_LEARNED), 1);
    assert_int_equal(counted(w, COUNTER_DENIED), 1);
    asks(w, DHCP_REQUEST, host_b, 9);
    leases(w, gateway, host_b, 9, 3);
    assert_int_equal(counted(w, COUNTER_LEARNED), 2);
    assert_int_equal(engine_allow(w->engine, host_a), 0);
    asks(w, DHCP_REQUEST, host_a, 10);
    leases(w, gateway, host_a, 10, 4);
    assert_int_equal(counted(w, COUNTER_LEARNED), 3);
    world_free(w);
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

/* M asks as a relay would, in A's name, or for itself. */
static void asks_as_relay(struct world *w, struct mac client, uint32_t xid)
{
    uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    const struct tx_frame frame = {.destination = router,
                                   .source = host_m,
                                   .ethertype = ETHERTYPE_IPV4,
                                   .kind = TX_DHCP,
                                   .dhcp = {.source = neighbour,
                                            .destination = gateway,
                                            .answer = {.kind = DHCP_REQUEST, .xid = xid, .chaddr = client}}};
    int length = frame_build(w->builder, &frame, bytes, sizeof(bytes));
    assert_true(length > 0);
    put16(bytes + UDP_AT, DHCP_PORT_SERVER);
    put16(bytes + UDP_AT + 2, DHCP_PORT_SERVER);
    bytes[BOOT_AT] = DHCP_OP_REQUEST;
    put32(bytes + BOOT_AT + 24, neighbour.host);
    assert_int_equal(world_give(w, SIDE_DOWNSTREAM, bytes, (size_t)length).fate, FATE_SENT);
}

/* What M sent to an address of its own by way of the router: to a relay, or to a client. */
static void comes_back(struct world *w, uint16_t port, const struct dhcp_answer *answer)
{
    uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    const struct tx_frame frame = {.destination = host_m,
                                   .source = router,
                                   .ethertype = ETHERTYPE_IPV4,
                                   .kind = TX_DHCP,
                                   .dhcp = {.source = gateway, .destination = neighbour, .answer = *answer}};
    int length = frame_build(w->builder, &frame, bytes, sizeof(bytes));
    assert_true(length > 0);
    put16(bytes + UDP_AT + 2, port);
    world_give(w, SIDE_UPSTREAM, bytes, (size_t)length);
}

static void owned_by(const struct world *w, uint16_t port, struct mac mac)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    while (engine_table_next(w->engine, w->now, &cursor, &entry))
        if (entry.state != BINDING_PUBLISHED && range_holds(&entry.range, port))
            assert_true(mac_equal(entry.mac, mac));
}

/* S45: A has a lease, B has ports by PE-ARP. M writes DHCPACKs and DHCPNAKs itself and has them come back from the router. */
static void test_leases_by_way_of_the_router(void **state)
{
    struct world *w = world_new();
    const struct mac owners[] = {host_a, host_b};
    uint32_t xid = 100;
    (void)state;
    w->address.learn = LEARN_DHCP | LEARN_PE_ARP;
    world_start(w);
    asks(w, DHCP_REQUEST, host_a, 7);
    leases(w, gateway, host_a, 7, 3); /* 3072-4095 */
    struct tx_frame reply = {
        .destination = bridge_mac, .source = host_b, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    reply.pe_arp = (struct pe_arp){
        .type = PE_ARP_CLAIM, .sha = host_b, .spa = {shared, 0, 4096, 5119}, .tpa = {shared, 0, 4096, 5119}};
    world_give_made(w, SIDE_DOWNSTREAM, &reply);
    reply.pe_arp.type = PE_ARP_REPLY;
    reply.pe_arp.tpa = w->last_request.pe_arp.tpa;
    reply.pe_arp.nonce = w->last_request.pe_arp.nonce;
    world_give_made(w, SIDE_DOWNSTREAM, &reply);
    assert_int_equal(counted(w, COUNTER_LEARNED), 2);
    for (unsigned way = 0; way < 2; way++)
        for (uint16_t psid = 3; psid <= 4; psid++)
            for (unsigned k = 0; k < 3; k++, xid++) {
                const struct mac client = k == 0 ? host_m : owners[psid - 3];
                struct dhcp_answer answer = {.kind = DHCP_ACK,
                                             .xid = xid,
                                             .yiaddr = shared,
                                             .chaddr = client,
                                             .server_id = gateway,
                                             .lease_s = 1,
                                             .ports = {true, 0, 6, psid}};
                if (k == 2) /* one port of them alone */
                    answer.ports = (struct dhcp_port_params){true, 0, 16, (uint16_t)(psid << 10)};
                asks_as_relay(w, client, xid);
                comes_back(w, way == 0 ? DHCP_PORT_SERVER : DHCP_PORT_CLIENT, &answer);
                answer = (struct dhcp_answer){.kind = DHCP_NAK, .xid = xid, .chaddr = client};
                comes_back(w, way == 0 ? DHCP_PORT_SERVER : DHCP_PORT_CLIENT, &answer);
            }
    world_pass(w, 10 * S);
    owned_by(w, 3080, host_a);
    owned_by(w, 4095, host_a);
    owned_by(w, 4100, host_b);
    owned_by(w, 5119, host_b);
    printf("# S45: 12 DHCPACKs and 12 DHCPNAKs of a host's own by way of the router: %u bindings ended, %u "
           "moved\n",
           w->events[EVENT_DELETED] + w->events[EVENT_EXPIRED], w->events[EVENT_MOVED]);
    assert_int_equal(w->events[EVENT_DELETED] + w->events[EVENT_EXPIRED] + w->events[EVENT_MOVED], 0);
    world_free(w);
}

/* Of the bridge's own server. */

#define HOSTS 40

static struct dhcp said;
static bool is_offered[HOSTS]; /* to an honest newcomer */

static void take_answer(void *context, enum side to, const struct tx_frame *made)
{
    (void)context;
    (void)to;
    if (made->kind == TX_DHCP)
        said = (struct dhcp){.kind = made->dhcp.answer.kind, .chaddr = made->dhcp.answer.chaddr};
    for (unsigned n = 0; n < HOSTS; n++)
        is_offered[n] =
            is_offered[n] || (said.kind == DHCP_OFFER && mac_equal(said.chaddr, numbered(honest, n)));
}

/* Sets of 2^(16 - length) ports. */
static struct world *server_of(uint8_t length, uint32_t offer_wait_s)
{
    struct world *w = world_new();
    w->address.learn = 0;
    w->address.ports_first = 2048;
    w->address.is_served = true;
    w->address.lease_psid = (struct port_set_params){0, length};
    w->config.limits.offer_wait_s = offer_wait_s;
    w->config.dhcp =
        (struct config_dhcp){.lease_s = 600, .router = gateway, .server_id = gateway, .netmask = {0xffffff00}};
    w->out.generate = take_answer;
    world_start(w);
    world_pass(w, 6 * S);
    return w;
}

static struct world *server_new(void)
{
    return server_of(6, 1);
}

/* A message to the bridge's server, which asks for ports. */
static void says(struct world *w, enum dhcp_kind kind, struct mac client, bool takes)
{
    static const uint8_t asks_for_ports[] = {55, 1, 159},
                         takes_it[] = {54, 4, 192, 35, 162, 1, 50, 4, 192, 35, 162, 2};
    uint8_t bytes[BOOT_AT + 300];
    uint8_t *boot = put_ipv4(bytes, mac_broadcast, client, (struct ipv4){0}, (struct ipv4){UINT32_MAX},
                             PROTOCOL_UDP, sizeof(bytes) - UDP_AT) +
                    UDP_HEADER_BYTES;
    uint8_t *option = boot + 240;
    put16(bytes + UDP_AT, DHCP_PORT_CLIENT);
    put16(bytes + UDP_AT + 2, DHCP_PORT_SERVER);
    put16(bytes + UDP_AT + 4, sizeof(bytes) - UDP_AT);
    boot[0] = boot[1] = 1;
    boot[2] = 6;
    if (kind == DHCP_INFORM)
        put32(boot + 12, 0xc023a209);
    memcpy(boot + 28, client.octets, 6);
    put32(boot + 236, 0x63825363);
    option[0] = 53;
    option[1] = 1;
    option[2] = (uint8_t)kind;
    memcpy(option + 3, asks_for_ports, sizeof(asks_for_ports));
    if (takes)
        memcpy(option + 6, takes_it, sizeof(takes_it));
    option[takes ? 18 : 6] = 255;
    said = (struct dhcp){0};
    world_give(w, SIDE_DOWNSTREAM, bytes, sizeof(bytes));
}

static bool is_said(enum dhcp_kind kind, struct mac client)
{
    return said.kind == kind && mac_equal(said.chaddr, client);
}

/* A newcomer that begins at begin_ms: it asks again 4 and 12 seconds later (RFC 2131 4.1), and takes what it is offered
 * 10 ms after that. True: it has its lease. */
static bool newcomer(struct world *w, unsigned n, uint64_t age_ms, uint64_t *offered_ms)
{
    const struct mac mac = numbered(honest, n);
    if (age_ms == 0 || age_ms == 4000 || age_ms == 12000)
        says(w, DHCP_DISCOVER, mac, false);
    if (*offered_ms == 0 && is_offered[n])
        *offered_ms = age_ms + 1;
    if (*offered_ms == 0 || age_ms < *offered_ms + 10)
        return false;
    says(w, DHCP_REQUEST, mac, true);
    *offered_ms = 0;
    is_offered[n] = false;
    return is_said(DHCP_ACK, mac);
}

/* How the newcomers, that begin one after the other, fare. */
struct newcomers {
    uint64_t offered_ms[HOSTS], worst_ms;
    bool has_lease[HOSTS];
    unsigned leased;
};

static void newcomers_act(struct world *w, struct newcomers *all, uint64_t ms, uint64_t first_ms,
                          uint64_t gap_ms)
{
    for (unsigned n = 0; n < HOSTS; n++) {
        const uint64_t begin_ms = first_ms + n * gap_ms;
        if (ms < begin_ms || all->has_lease[n] || !newcomer(w, n, ms - begin_ms, &all->offered_ms[n]))
            continue;
        all->has_lease[n] = true;
        all->leased++;
        if (ms - begin_ms > all->worst_ms)
            all->worst_ms = ms - begin_ms;
    }
}

/* S43: a flood of 4,096 MAC addresses; newcomers begin after its first 10 seconds. */
static void flood(enum dhcp_kind kind, unsigned per_ms)
{
    struct world *w = server_new();
    struct newcomers all = {0};
    unsigned renewed = 0, renewals = 0;
    uint32_t turn = 0;
    memset(is_offered, 0, sizeof(is_offered));
    says(w, DHCP_DISCOVER, host_a, false);
    world_pass(w, 2 * S);
    says(w, DHCP_REQUEST, host_a, true);
    assert_true(is_said(DHCP_ACK, host_a));
    for (uint64_t ms = 0; ms < 40000 && all.leased < HOSTS; ms++) {
        for (unsigned i = 0; i < per_ms; i++)
            says(w, kind, numbered(made_up, turn++ * 2531 % ATTACKERS), false);
        if (ms % 1000 == 0) {
            says(w, DHCP_REQUEST, host_a, true);
            renewals++;
            renewed += is_said(DHCP_ACK, host_a);
        }
        newcomers_act(w, &all, ms, 10000, 250);
        world_pass(w, MS);
    }
    printf(
        "# S43: %u messages a second of 4,096 MAC addresses: %u of %u newcomers leased, the last after %u ms; "
        "%u of %u renewals\n",
        per_ms * 1000, all.leased, HOSTS, (unsigned)all.worst_ms, renewed, renewals);
    assert_int_equal(all.leased, HOSTS);
    assert_true(all.worst_ms < 5000);
    assert_int_equal(renewed, renewals);
    world_free(w);
}

static void test_discover_flood(void **state)
{
    (void)state;
    flood(DHCP_DISCOVER, 10);
}

static void test_inform_flood(void **state)
{
    (void)state;
    flood(DHCP_INFORM, 20);
}

/* The flood takes every set; a client asks at 0.5 s, when no offer is old enough to yield, and every 3 s, as udhcpc
 * does. It has other ports already where `owns`. Returns when it has its lease. */
static unsigned leased_ms(bool owns, unsigned begin_ms)
{
    const struct mac mac = numbered(honest, 0);
    struct world *w = server_new();
    uint64_t offered_ms = 0;
    uint32_t turn = 0;
    unsigned ms = 0;
    memset(is_offered, 0, sizeof(is_offered));
    if (owns) {
        const struct range range = {shared, 64000, 64999};
        assert_int_equal(engine_add(w->engine, w->now, &range, mac, &w->out), 0);
    }
    for (; ms < begin_ms + 20000; ms++) {
        for (unsigned i = 0; i < 10; i++)
            says(w, DHCP_DISCOVER, numbered(made_up, turn++ * 2531 % ATTACKERS), false);
        if (ms >= begin_ms && (ms - begin_ms) % 3000 == 0 && offered_ms == 0)
            says(w, DHCP_DISCOVER, mac, false);
        if (is_offered[0] && offered_ms == 0)
            offered_ms = ms;
        if (offered_ms != 0 && ms == offered_ms + 10) {
            says(w, DHCP_REQUEST, mac, true);
            if (is_said(DHCP_ACK, mac))
                break;
        }
        world_pass(w, MS);
    }
    world_free(w);
    return ms - begin_ms;
}

static void test_full_of_offers(void **state)
{
    (void)state;
    const unsigned newcomer_ms = leased_ms(false, 500), owner_ms = leased_ms(true, 2500);
    printf("# S43: 62 sets, all of them offered to a flood: a newcomer has its lease after %u ms, a host with "
           "other ports "
           "after %u ms\n",
           newcomer_ms, owner_ms);
    assert_true(newcomer_ms < 5000);
    assert_true(owner_ms < 5000);
}

/* M's agent: what it says of the set that begins at `first`. */
static struct tx_frame statement_of_m(enum pe_arp_type type, uint16_t first)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = host_m, .ethertype = ETHERTYPE_PE_ARP, .kind = TX_PE_ARP};
    made.pe_arp = (struct pe_arp){.type = type,
                                  .sha = host_m,
                                  .spa = {shared, 0, first, (uint16_t)(first + 1023)},
                                  .lifetime_s = UINT16_MAX};
    made.pe_arp.tpa = made.pe_arp.spa;
    made.pe_arp.psid.present = true;
    made.pe_arp.psid.length = 6;
    made.pe_arp.psid.psid = first >> 10;
    return made;
}

static struct tx_frame answer_of_m; /* to the last question of the bridge */
static bool is_asked;

static void take_question(void *context, enum side to, const struct tx_frame *made)
{
    take_answer(context, to, made);
    if (made->kind != TX_PE_ARP || made->pe_arp.type != PE_ARP_REQUEST)
        return;
    answer_of_m = statement_of_m(PE_ARP_REPLY, made->pe_arp.tpa.first);
    answer_of_m.destination = answer_of_m.pe_arp.tha = bridge_mac;
    answer_of_m.pe_arp.tpa = made->pe_arp.tpa;
    answer_of_m.pe_arp.nonce = made->pe_arp.nonce;
    is_asked = true;
}

/* What M does in a millisecond. Each of its kinds alone could keep all sets from newcomers. */
enum { ANSWERS = 1, CLAIMS = 2 };

static void m_acts(struct world *w, unsigned kinds, uint64_t ms)
{
    if ((kinds & CLAIMS) != 0) {
        const struct tx_frame made = statement_of_m(PE_ARP_CLAIM, (uint16_t)(2048 + ms % 62 * 1024));
        world_give_made(w, SIDE_DOWNSTREAM, &made);
    }
    if ((kinds & ANSWERS) != 0 && is_asked)
        world_give_made(w, SIDE_DOWNSTREAM, &answer_of_m);
    is_asked = false;
}

/* [dhcp] as README shows it, whose sets leases alone give away. Newcomers begin two a second, each asks once, and again
 * after 4 and 12 seconds. */
static void one_host_against_the_pool(unsigned kinds, const char *what)
{
    struct world *w = server_new();
    struct newcomers all = {0};
    memset(is_offered, 0, sizeof(is_offered));
    w->out.generate = take_question;
    is_asked = false;
    for (uint64_t ms = 0; ms < 60000 && all.leased < HOSTS; ms++) {
        m_acts(w, kinds, ms);
        newcomers_act(w, &all, ms, 0, 500);
        world_pass(w, MS);
    }
    printf("# H9: one host %s: %u of %u newcomers leased, the last after %u ms\n", what, all.leased, HOSTS,
           (unsigned)all.worst_ms);
    assert_int_equal(all.leased, HOSTS);
    assert_true(all.worst_ms < 5000);
    world_free(w);
}

static void test_one_host_answers_for_all_sets(void **state)
{
    (void)state;
    one_host_against_the_pool(ANSWERS, "answers for each set that [dhcp] asks for");
}

static void test_one_host_claims_all_sets(void **state)
{
    (void)state;
    one_host_against_the_pool(CLAIMS, "claims each set of [dhcp] 16 times a second");
    one_host_against_the_pool(CLAIMS | ANSWERS, "claims and answers");
}

/* Every set but two is leased, and the lessees ask again ten times a second each. Another lessee renews every 11 s, and begins
 * anew once, as after a reboot. */
static void test_lessees_flood(void **state)
{
    enum { LESSEES = 990, SECONDS = 60 };
    static const enum dhcp_kind kinds[] = {DHCP_REQUEST, DHCP_DISCOVER};
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct world *w = server_of(10, 0);
        unsigned renewals = 0, renewed = 0, turn = 0;
        for (unsigned i = 0; i <= LESSEES; i++) {
            const struct mac mac = i == 0 ? host_a : numbered(made_up, i);
            says(w, DHCP_DISCOVER, mac, false);
            says(w, DHCP_REQUEST, mac, true);
            assert_true(is_said(DHCP_ACK, mac));
            world_pass(w, 10 * MS);
        }
        for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
            for (unsigned i = 0; i < 10; i++)
                says(w, kinds[k], numbered(made_up, 1 + turn++ % LESSEES), kinds[k] == DHCP_REQUEST);
            if (ms % 11000 == 5503) {
                says(w, DHCP_REQUEST, host_a, true);
                renewals++;
                renewed += is_said(DHCP_ACK, host_a);
            }
            if (ms == 40007) {
                says(w, DHCP_DISCOVER, host_a, false);
                assert_true(is_said(DHCP_OFFER, host_a));
                says(w, DHCP_REQUEST, host_a, true);
                assert_true(is_said(DHCP_ACK, host_a));
            }
            world_pass(w, MS);
        }
        printf("# S47: %u lessees send 10,000 %s a second: %u of %u renewals of another one answered\n",
               LESSEES, kinds[k] == DHCP_REQUEST ? "REQUESTs" : "DISCOVERs", renewed, renewals);
        assert_int_equal(renewed, renewals);
        world_free(w);
    }
}

#define HELD_PSID 60

static const struct mac holder = {{0x00, 0x0c, 0x29, 0x77, 0x77, 0x77}};
static unsigned offered_to_others;

static struct tx_frame statement_of_holder(enum pe_arp_type type)
{
    struct tx_frame made = statement_of_m(type, HELD_PSID << 10);
    made.source = made.pe_arp.sha = holder;
    return made;
}

static void take_offer(void *context, enum side to, const struct tx_frame *made)
{
    take_answer(context, to, made);
    if (made->kind == TX_DHCP && made->dhcp.answer.kind == DHCP_OFFER &&
        made->dhcp.answer.ports.psid == HELD_PSID && !mac_equal(made->dhcp.answer.chaddr, holder))
        offered_to_others++;
    if (made->kind != TX_PE_ARP || made->pe_arp.type != PE_ARP_REQUEST ||
        made->pe_arp.tpa.first >> 10 != HELD_PSID)
        return;
    answer_of_m = statement_of_holder(PE_ARP_REPLY);
    answer_of_m.destination = answer_of_m.pe_arp.tha = bridge_mac;
    answer_of_m.pe_arp.tpa = made->pe_arp.tpa;
    answer_of_m.pe_arp.nonce = made->pe_arp.nonce;
    is_asked = true;
}

/* After an empty start an agent holds a set without a lease, and claims it as agents do. More DHCPDISCOVERs come than there are
 * broadcasts to ask hosts with. */
static void test_held_set_in_a_flood(void **state)
{
    static const struct {
        unsigned of_ten_ms, macs;
    } floods[] = {{1, 60}, {10, 60}, {100, ATTACKERS}};
    (void)state;
    for (unsigned i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
        struct world *w = server_new();
        unsigned turn = 0, sent = 0;
        offered_to_others = 0;
        is_asked = false;
        w->out.generate = take_offer;
        for (unsigned ms = 0; ms < 100000; ms++) {
            if (ms % 60000 == 0) {
                const struct tx_frame claim = statement_of_holder(PE_ARP_CLAIM);
                world_give_made(w, SIDE_DOWNSTREAM, &claim);
            }
            for (; sent < ms * floods[i].of_ten_ms / 10; sent++)
                says(w, DHCP_DISCOVER, numbered(made_up, turn++ * 2531 % floods[i].macs), false);
            world_pass(w, MS);
            if (is_asked)
                world_give_made(w, SIDE_DOWNSTREAM, &answer_of_m);
            is_asked = false;
        }
        printf(
            "# S42: %u DHCPDISCOVERs a second of %u hosts after an empty start: a set that an agent holds was "
            "offered to others %u times\n",
            floods[i].of_ten_ms * 100, floods[i].macs, offered_to_others);
        assert_int_equal(offered_to_others, 0);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_of_a_denied_host),
        cmocka_unit_test(test_leases_from_the_internet),
        cmocka_unit_test(test_transaction_flood),
        cmocka_unit_test(test_discover_flood),
        cmocka_unit_test(test_inform_flood),
        cmocka_unit_test(test_full_of_offers),
        cmocka_unit_test(test_one_host_answers_for_all_sets),
        cmocka_unit_test(test_one_host_claims_all_sets),
        cmocka_unit_test(test_leases_by_way_of_the_router),
        cmocka_unit_test(test_lessees_flood),
        cmocka_unit_test(test_held_set_in_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
