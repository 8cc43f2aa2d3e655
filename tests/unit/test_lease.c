/* test_lease.c: the pool of [dhcp] as stories: thousands of clients, reloads, restarts; frames and time in the test's
 * hand. What is said on the wire stands in pcaps/lease_cases.py. */
#include "pearpd/dhcp.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ADDRESSES 4

static const struct ipv4 server = {0xc0000201};

static struct {
    struct config_address addresses[ADDRESSES];
    struct config_lease leases[2];
    struct dhcp said; /* last */
    struct ipv4 said_to;
    unsigned said_count;
    struct pe_arp asked;                  /* the last REQUEST */
    uint8_t bytes[FRAME_BUILD_MAX_BYTES]; /* its frame */
    size_t length;
} own;

/* An answer goes through bytes, as on the wire. */
static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    struct world *w = context;
    uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    if (made->kind == TX_PE_ARP && made->pe_arp.type == PE_ARP_REQUEST)
        own.asked = made->pe_arp;
    if (made->kind != TX_DHCP)
        return;
    assert_int_equal(to, SIDE_DOWNSTREAM);
    int length = frame_build(w->builder, made, bytes, sizeof(bytes));
    assert_true(length > 42 && length <= (int)sizeof(own.bytes));
    memcpy(own.bytes, bytes, (size_t)length);
    own.length = (size_t)length;
    assert_int_equal(dhcp_parse(bytes + 42, (size_t)length - 42, &own.said), 0);
    own.said_to = made->dhcp.destination;
    own.said_count++;
}

/* Four addresses of 64 sets each; set 0 lies outside of `ports`. */
static struct world *world_new(uint8_t length)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    memset(&own, 0, sizeof(own));
    for (unsigned i = 0; i < ADDRESSES; i++)
        own.addresses[i] = (struct config_address){.address = {0xc0000202 + i},
                                                   .ports_first = 1024,
                                                   .ports_last = 65535,
                                                   .learn = LEARN_PE_ARP,
                                                   .block = 1000,
                                                   .is_served = true,
                                                   .lease_psid = {0, length}};
    w->config.addresses = own.addresses;
    w->config.address_count = ADDRESSES;
    w->config.leases = own.leases;
    w->config.dhcp =
        (struct config_dhcp){.lease_s = 600, .router = server, .server_id = server, .netmask = {0xffffff00}};
    w->config.limits.dhcp_rate = 100000;
    w->config.limits.dhcp_host_rate = 1000;
    w->config.limits.offer_wait_s = w->config.limits.hello_window_s = 0;
    w->out.generate = take_make;
    world_start(w);
    return w;
}

static void world_free(struct world *w)
{
    world_end(w);
    free(w);
}

static struct mac host(unsigned n)
{
    return (struct mac){{0, 0x0c, 0x29, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

/* A client's message of this kind: what became of it. */
static struct verdict says(struct world *w, unsigned n, enum dhcp_kind kind, struct ipv4 requested)
{
    uint8_t bytes[400] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct mac mac = host(n);
    memcpy(bytes + 6, mac.octets, 6);
    put16(bytes + 12, 0x800);
    uint8_t *ip = bytes + 14, *boot = ip + 28, *option = boot + 240;
    ip[0] = 0x45;
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    memset(ip + 16, 0xff, 4);
    put16(ip + 20, 68);
    put16(ip + 22, 67);
    boot[0] = boot[1] = 1;
    boot[2] = 6;
    put32(boot + 4, n);
    memcpy(boot + 28, mac.octets, 6);
    put32(boot + 236, 0x63825363);
    const uint8_t start[] = {53, 1, (uint8_t)kind, 55, 2, 1, 159};
    memcpy(option, start, sizeof(start));
    option += sizeof(start);
    if (requested.host != 0) {
        const uint8_t rest[] = {54, 4, 192, 0, 2, 1, 50, 4};
        memcpy(option, rest, sizeof(rest));
        put32(option + sizeof(rest), requested.host);
        option += sizeof(rest) + 4;
    }
    if (kind == DHCP_RELEASE)
        put32(boot + 12, requested.host);
    *option++ = 255;
    size_t length = (size_t)(option - bytes);
    put16(ip + 2, (unsigned)length - 14);
    put16(ip + 24, (unsigned)length - 34);
    put16(ip + 10, ip_checksum(ip));
    struct frame frame = {.bytes = bytes, .length = length, .wire_length = length};
    own.said = (struct dhcp){0};
    return engine_frame(w->engine, w->now, SIDE_DOWNSTREAM, &frame, &w->out);
}

/* DISCOVER to ACK: the set, as address index and PSID in one number. */
static unsigned leases(struct world *w, unsigned n)
{
    assert_int_equal(says(w, n, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
    assert_int_equal(own.said.kind, DHCP_OFFER);
    assert_int_equal(says(w, n, DHCP_REQUEST, own.said.yiaddr).fate, FATE_CONSUMED);
    assert_int_equal(own.said.kind, DHCP_ACK);
    assert_true(own.said.ports.present);
    return (own.said.yiaddr.host - 0xc0000202) << 16 | own.said.ports.psid;
}

/* Everybody in the table once, and in the list. */
static void assert_all_bound(struct world *w, unsigned count)
{
    struct table_cursor cursor = {0};
    struct table_entry row;
    struct lease_entry lease;
    unsigned rows = 0, listed = 0;
    while (engine_table_next(w->engine, w->now, &cursor, &row))
        rows += row.origin == ORIGIN_DHCP && row.state == BINDING_REACHABLE;
    for (uint32_t at = 0; engine_leases_next(w->engine, w->now, &at, &lease);)
        listed++;
    assert_int_equal(rows, count);
    assert_int_equal(listed, count);
    assert_int_equal(engine_lease_figures(w->engine).leased, count);
}

static void test_many_clients(void **state)
{
    enum { COUNT = 4096 };
    static uint32_t of[COUNT];
    (void)state;
    struct world *w = world_new(11); /* 32 ports each: 4 x 2,016 sets */
    assert_int_equal(engine_lease_figures(w->engine).pool, 4 * 2016);
    double started = now_s();
    for (unsigned n = 0; n < COUNT; n++) {
        of[n] = leases(w, n);
        assert_int_equal(of[n], (n / 2016) << 16 | (n % 2016 + 32)); /* they fill up in order */
    }
    assert_all_bound(w, COUNT);
    world_pass(w, 599 * S);
    for (unsigned n = 0; n < COUNT; n += 2)
        assert_int_equal(leases(w, n), of[n]);
    world_pass(w, 2 * S);
    assert_all_bound(w, COUNT / 2);
    for (unsigned n = 1; n < COUNT; n += 2)
        assert_int_equal(leases(w, n), of[n]); /* also after its end */
    assert_all_bound(w, COUNT);
    printf("# %u clients lease, lose and lease again in %.0f ms\n", COUNT, (now_s() - started) * 1000);
    world_free(w);
}

/* The whole pool, and whoever comes then; each set has one owner. */
static void test_whole_pool(void **state)
{
    static bool taken[ADDRESSES][64];
    (void)state;
    struct world *w = world_new(6);
    for (unsigned n = 0; n < 4 * 63; n++) {
        unsigned set = leases(w, n);
        assert_true(set >> 16 < ADDRESSES && (set & 0xffff) >= 1 && !taken[set >> 16][set & 0xffff]);
        taken[set >> 16][set & 0xffff] = true;
    }
    for (unsigned n = 0; n < 1000; n++) {
        struct verdict v = says(w, 1000 + n, DHCP_DISCOVER, (struct ipv4){0});
        assert_true(v.fate == FATE_DROPPED && v.reason == DROP_DHCP_EXHAUSTED);
    }
    assert_int_equal(w->events[EVENT_EXHAUSTED], 1); /* at most one a second */
    assert_int_equal(says(w, 7, DHCP_RELEASE, own.addresses[0].address).fate, FATE_CONSUMED);
    assert_int_equal(leases(w, 1000), 8);
    assert_int_equal(says(w, 7, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_DROPPED);
    world_free(w);
}

/* Addresses differ in their port sets: each leases by its own, and what is leased stays over a reload. */
static void test_port_sets_of_each_address(void **state)
{
    (void)state;
    struct world *w = world_new(4);
    own.addresses[1].lease_psid = own.addresses[1].psid = (struct port_set_params){6, 8};
    own.addresses[1].has_psid = true;
    engine_free(w->engine);
    world_start(w);
    assert_int_equal(engine_lease_figures(w->engine).pool, 15 + 256 + 15 + 15);
    for (unsigned n = 0; n < 15; n++) {
        assert_int_equal(leases(w, n), n + 1);
        assert_true(own.said.ports.offset == 0 && own.said.ports.length == 4);
    }
    for (unsigned n = 0; n < 256; n++) {
        assert_int_equal(leases(w, 15 + n), 1 << 16 | n);
        assert_true(own.said.ports.offset == 6 && own.said.ports.length == 8);
    }
    assert_int_equal(leases(w, 271), 2 << 16 | 1);
    assert_true(own.said.ports.offset == 0 && own.said.ports.length == 4);
    assert_all_bound(w, 272);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_all_bound(w, 272);
    assert_int_equal(leases(w, 3), 4);
    assert_int_equal(leases(w, 20), 1 << 16 | 5);
    world_free(w);
}

/* The next configuration ends `count` leases, each with its binding and one event. */
static void reload_ends(struct world *w, unsigned count)
{
    const unsigned before = w->events[EVENT_DELETED];
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    const struct reload_ended ended = engine_reload_ended(w->engine);
    assert_int_equal(ended.bindings, count);
    assert_int_equal(ended.leases, count);
    assert_int_equal(w->events[EVENT_DELETED], before + count);
}

/* A reload keeps leases, offers and what is set aside, with their times, where the sets stay. */
static void test_reload(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    for (unsigned n = 0; n < 70; n++)
        leases(w, n);
    says(w, 100, DHCP_DISCOVER, (struct ipv4){0});
    assert_int_equal(own.said.ports.psid, 8);
    leases(w, 101);
    says(w, 101, DHCP_DECLINE, own.said.yiaddr);
    world_pass(w, 20 * S);
    reload_ends(w, 0);
    assert_all_bound(w, 70);
    struct lease_figures f = engine_lease_figures(w->engine);
    assert_true(f.offered == 1 && f.declined == 1 && f.pool == 252);
    assert_int_equal(leases(w, 3), 4);
    says(w, 102, DHCP_DISCOVER, (struct ipv4){0});
    assert_int_equal(own.said.ports.psid, 10);
    world_pass(w, 11 * S);
    assert_int_equal(engine_lease_figures(w->engine).offered, 1); /* the first has ended at its time */
    world_pass(w, 560 * S);
    assert_all_bound(w, 70);
    world_pass(w, 10 * S);
    assert_all_bound(w, 1); /* the one that was renewed */
    assert_int_equal(leases(w, 3), 4);
    /* Another psid: what was leased by the old one is gone; nobody is served: all of it. */
    for (unsigned i = 0; i < ADDRESSES; i++)
        own.addresses[i].lease_psid.length = i == 0 ? 7 : 6;
    assert_int_equal(leases(w, 200) >> 16, 1);
    reload_ends(w, 1);
    assert_all_bound(w, 1);
    assert_int_equal(leases(w, 3), 2); /* the lowest set of 512 ports */
    for (unsigned i = 0; i < ADDRESSES; i++)
        own.addresses[i].is_served = false;
    reload_ends(w, 2);
    assert_all_bound(w, 0);
    assert_int_equal(says(w, 3, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_SENT);
    world_free(w);
}

/* Saved and given back to a new engine: the same leases, for the time that was left; and everything that cannot be. */
static void test_restore(void **state)
{
    static struct lease_entry saved[100];
    (void)state;
    struct world *w = world_new(6);
    unsigned count = 0;
    for (unsigned n = 0; n < 100; n++)
        leases(w, n);
    world_pass(w, 100 * S);
    for (uint32_t at = 0; engine_leases_next(w->engine, w->now, &at, &saved[count]);)
        count++;
    assert_int_equal(count, 100);
    engine_free(w->engine);
    world_start(w);
    for (unsigned n = 0; n < count; n++)
        assert_int_equal(engine_lease_restore(w->engine, w->now, &saved[n], &w->out), 0);
    assert_all_bound(w, 100);
    assert_int_equal(engine_lease_restore(w->engine, w->now, &saved[0], &w->out), -EEXIST);
    struct lease_entry other = saved[0];
    other.mac = host(500);
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -EEXIST);
    other.range.address.host++;
    other.range.first = 40960;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -ENOENT); /* another PSID's */
    other.psid_id = 40;
    other.psid.length = 7;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -ENOENT);
    other.psid.length = 6;
    other.left_ns = 0;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -EINVAL);
    other.left_ns = 5 * S;
    other.mac = mac_broadcast;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -EINVAL);
    other.mac = w->config.mac;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -EINVAL);
    other.mac = host(1);
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -EEXIST); /* has another */
    other.range.address.host = 1;
    assert_int_equal(engine_lease_restore(w->engine, w->now, &other, &w->out), -ENOENT);
    world_pass(w, 499 * S);
    assert_all_bound(w, 100);
    assert_int_equal(leases(w, 7), 8);
    world_pass(w, 2 * S);
    assert_all_bound(w, 1);
    world_free(w);
}

/* flush and add end leases: the client is told so when it renews, and asks anew. */
static void test_operator(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    leases(w, 1);
    leases(w, 2);
    const struct range port = {own.addresses[0].address, 2048, 2048};
    assert_int_equal(engine_add(w->engine, w->now, &port, host(9), &w->out), 0);
    assert_all_bound(w, 1);
    says(w, 2, DHCP_REQUEST, own.addresses[0].address);
    assert_int_equal(own.said.kind, DHCP_NAK);
    assert_int_equal(leases(w, 2), 3);
    assert_int_equal(engine_flush(w->engine, w->now, NULL, &w->out), 0); /* spares leases */
    assert_all_bound(w, 2);
    assert_int_equal(leases(w, 1), 1);
    world_free(w);
}

/* A denied host: its lease ends at once, its renewal is refused, no offer is made to it; its set is another's. */
static void test_denied_client(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    const unsigned had = leases(w, 1);
    leases(w, 2);
    says(w, 3, DHCP_DISCOVER, (struct ipv4){0});
    assert_int_equal(own.said.kind, DHCP_OFFER);
    const struct ipv4 offered = own.said.yiaddr;
    assert_int_equal(engine_deny(w->engine, w->now, host(1), &w->out), 0);
    assert_int_equal(engine_deny(w->engine, w->now, host(3), &w->out), 0);
    assert_all_bound(w, 1);
    says(w, 1, DHCP_REQUEST, own.addresses[0].address);
    assert_int_equal(own.said.kind, DHCP_NAK);
    says(w, 3, DHCP_REQUEST, offered);
    assert_int_equal(own.said.kind, DHCP_NAK);
    const unsigned said = own.said_count;
    assert_int_equal(says(w, 1, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
    assert_int_equal(says(w, 3, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
    assert_int_equal(own.said_count, said);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_DENIED], 4);
    assert_all_bound(w, 1);
    reload_ends(w, 0);
    assert_int_equal(says(w, 1, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
    assert_int_equal(own.said.kind, 0);
    assert_int_equal(engine_allow(w->engine, host(1)), 0);
    assert_int_equal(leases(w, 1), had);
    world_free(w);
}

/* The configuration denies a lessee, and takes the word back. */
static void test_reload_denies_a_client(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    struct mac denied = host(1);
    leases(w, 1);
    leases(w, 2);
    w->config.denied = &denied;
    w->config.denied_count = 1;
    reload_ends(w, 1);
    assert_all_bound(w, 1);
    w->config.denied_count = 0;
    reload_ends(w, 0);
    leases(w, 1);
    assert_all_bound(w, 2);
    world_free(w);
}

static void reloaded(struct world *w, size_t address_count)
{
    struct config config = w->config;
    config.address_count = address_count;
    assert_int_equal(engine_reload(w->engine, w->now, &config, &w->out), 0);
}

/* A reload takes addresses away, another gives them back: their leases go on for as long as they had, but for those that
 * are over by then. */
static void test_address_goes_and_comes_back(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    for (unsigned n = 0; n < 2 * 63 + 5; n++)
        leases(w, n);
    world_pass(w, 300 * S);
    leases(w, 2 * 63 + 5);
    assert_all_bound(w, 2 * 63 + 6);
    reloaded(w, 2);
    assert_all_bound(w, 2 * 63);
    world_pass(w, 10 * S);
    reloaded(w, 2);
    reloaded(w, ADDRESSES);
    assert_all_bound(w, 2 * 63 + 6);
    assert_int_equal(leases(w, 2 * 63), 2 << 16 | 1); /* as before, and extended */
    reloaded(w, 2);
    world_pass(w, 291 * S);
    reloaded(w, ADDRESSES);
    assert_all_bound(w, 2);
    world_free(w);
}

/* A set that nobody has leased yet is asked for before it is offered; so is, after a flush, each that is not leased. */
static void test_hosts_are_asked(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    struct config config = w->config;
    config.limits.offer_wait_s = 1;
    assert_int_equal(engine_reload(w->engine, w->now, &config, &w->out), 0);
    for (unsigned round = 0; round < 2; round++) {
        own.said_count = 0;
        assert_int_equal(says(w, 1, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
        assert_int_equal(own.said_count, 0);
        world_pass(w, S);
        assert_int_equal(own.said_count, 1);
        assert_int_equal(own.said.ports.psid, 1);
        says(w, 1, DHCP_REQUEST, own.addresses[0].address);
        assert_int_equal(own.said.kind, DHCP_ACK);
        says(w, 1, DHCP_RELEASE, own.addresses[0].address);
        assert_int_equal(leases(w, 1), 1); /* at once: it is known to be free */
        says(w, 1, DHCP_RELEASE, own.addresses[0].address);
        engine_flush(w->engine, w->now, NULL, &w->out);
    }
    world_free(w);
}

/* Hosts have a second to answer for a set before it is offered; nothing else is learned. */
static struct world *world_that_asks(void)
{
    struct world *w = world_new(6);
    struct config config = w->config;
    config.limits.offer_wait_s = 1;
    for (unsigned i = 0; i < ADDRESSES; i++)
        own.addresses[i].learn = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &config, &w->out), 0);
    return w;
}

/* The host 9, to the last question, which was for the first set. */
static void answers_for_set(struct world *w)
{
    const struct ipv4 address = own.addresses[0].address;
    const struct tx_frame reply = {.destination = bridge_mac,
                                   .source = host(9),
                                   .ethertype = ETHERTYPE_PE_ARP,
                                   .kind = TX_PE_ARP,
                                   .pe_arp = {.type = PE_ARP_REPLY,
                                              .nonce = own.asked.nonce,
                                              .sha = host(9),
                                              .spa = {address, 0, 1024, 2047},
                                              .tha = bridge_mac,
                                              .tpa = {address, 0, 1024, 1024},
                                              .psid = {true, 0, 6, 1}}};
    assert_int_equal(world_give_made(w, SIDE_DOWNSTREAM, &reply).fate, FATE_CONSUMED);
}

/* A flood fills the ring while hosts are asked for a set: who answers once nothing is lost keeps it. A flood that goes on does not
 * end all offers. */
static void test_answers_are_lost(void **state)
{
    (void)state;
    for (unsigned lost_s = 1; lost_s <= 10; lost_s++) {
        struct world *w = world_that_asks();
        says(w, 1, DHCP_DISCOVER, (struct ipv4){0});
        unsigned ms = 0;
        for (; ms < 10000 && own.said_count == 0; ms += 100) {
            if (ms < 1000 * lost_s)
                engine_ring_full(w->engine, SIDE_DOWNSTREAM, 100);
            else if (ms == 1000 * lost_s + 300)
                answers_for_set(w);
            world_pass(w, S / 10);
        }
        says(w, 1, DHCP_DISCOVER, (struct ipv4){0});
        world_pass(w, 2 * S);
        assert_int_equal(own.said.ports.psid, lost_s < 4 ? 2 : 1);
        assert_true(lost_s < 4 || (ms >= 4000 && ms <= 4100));
        world_free(w);
    }
}

/* The agent of a denied host answers for a set that hosts are asked for: it is offered all the same. */
static void test_denied_holder(void **state)
{
    (void)state;
    for (unsigned is_denied = 0; is_denied < 2; is_denied++) {
        struct world *w = world_that_asks();
        if (is_denied)
            assert_int_equal(engine_deny(w->engine, w->now, host(9), &w->out), 0);
        assert_int_equal(says(w, 1, DHCP_DISCOVER, (struct ipv4){0}).fate, FATE_CONSUMED);
        answers_for_set(w);
        world_pass(w, 3 * S);
        says(w, 1, DHCP_DISCOVER, (struct ipv4){0});
        world_pass(w, 3 * S);
        assert_int_equal(own.said_count > 0 ? own.said.ports.psid : 0, is_denied ? 1 : 2);
        world_free(w);
    }
}

/* What is offered, and then taken by somebody else, is not offered again and again. */
static void test_offer_is_overtaken(void **state)
{
    (void)state;
    struct world *w = world_new(6);
    leases(w, 1);
    says(w, 2, DHCP_DISCOVER, (struct ipv4){0});
    assert_int_equal(own.said.ports.psid, 2);
    const struct range port = {own.addresses[0].address, 2048, 2048};
    assert_int_equal(engine_add(w->engine, w->now, &port, host(9), &w->out), 0);
    says(w, 2, DHCP_REQUEST, own.addresses[0].address);
    assert_int_equal(own.said.kind, DHCP_NAK);
    assert_int_equal(leases(w, 2), 3);
    assert_int_equal(engine_lease_figures(w->engine).offered, 0);
    world_free(w);
}

/* A frame for a port of the set waits for its owner when the set is leased. */
static void test_lease_releases_what_waited(void **state)
{
    uint8_t bytes[64];
    (void)state;
    struct world *w = world_new(6);
    uint8_t *udp = put_ipv4(bytes, w->config.mac, router, remote, own.addresses[0].address, PROTOCOL_UDP, 12);
    put16(udp, 53);
    put16(udp + 2, 1030);
    put16(udp + 4, 12);
    assert_int_equal(world_give(w, SIDE_UPSTREAM, bytes, 46).fate, FATE_HELD);
    assert_int_equal(leases(w, 1), 1);
    assert_int_equal(w->sent[SIDE_DOWNSTREAM], 1);
    assert_int_equal(engine_stats(w->engine)->held, 0);
    world_free(w);
}

/* And when a server upstream leases it: the answer of one bridge's server is what another bridge hears. */
static void test_lease_of_a_server_upstream_releases_what_waited(void **state)
{
    uint8_t bytes[64];
    (void)state;
    struct world *w = world_new(6);
    assert_int_equal(leases(w, 1), 1);
    memcpy(own.bytes + 6, router.octets, 6);
    world_free(w);
    struct world other;
    world_prepare(&other);
    other.address.address = (struct ipv4){0xc0000202};
    other.address.learn = LEARN_PE_ARP | LEARN_DHCP;
    world_start(&other);
    uint8_t *udp = put_ipv4(bytes, other.config.mac, router, remote, other.address.address, PROTOCOL_UDP, 12);
    put16(udp + 2, 1030);
    put16(udp + 4, 12);
    assert_int_equal(world_give(&other, SIDE_UPSTREAM, bytes, 46).fate, FATE_HELD);
    assert_int_equal(says(&other, 1, DHCP_REQUEST, other.address.address).fate, FATE_SENT);
    world_give(&other, SIDE_UPSTREAM, own.bytes, own.length);
    assert_int_equal(engine_stats(other.engine)->counters[COUNTER_LEARNED], 1);
    assert_int_equal(engine_stats(other.engine)->held, 0);
    assert_int_equal(other.sent[SIDE_DOWNSTREAM], 2); /* it, and the lease */
    world_end(&other);
}

/* Who sees that the pool is exhausted sees why: sets that others live on are neither leased nor free. */
static void test_blocked(void **state)
{
    (void)state;
    struct world *w = world_new(1); /* two sets an address, the upper one within `ports` */
    const struct range port = {own.addresses[1].address, 40000, 40000};
    assert_int_equal(engine_lease_figures(w->engine).pool, ADDRESSES);
    assert_int_equal(engine_add(w->engine, w->now, &port, host(9), &w->out), 0);
    for (unsigned n = 0; n < ADDRESSES - 1; n++)
        leases(w, n);
    assert_int_equal(says(w, 100, DHCP_DISCOVER, (struct ipv4){0}).reason, DROP_DHCP_EXHAUSTED);
    struct lease_figures f = engine_lease_figures(w->engine);
    assert_true(f.pool == ADDRESSES && f.leased == ADDRESSES - 1 && f.blocked == 1);
    assert_int_equal(engine_delete(w->engine, w->now, &port, &w->out), 0);
    world_pass(w, 2 * S);
    leases(w, 100);
    assert_int_equal(engine_lease_figures(w->engine).blocked, 0);
    world_free(w);
}

/* A set that a new configuration reserves for another: its client keeps it until it renews, and is told so. */
static void test_reserved_for_another(void **state)
{
    (void)state;
    struct lease_entry saved;
    uint32_t at = 0;
    struct world *w = world_new(6);
    assert_int_equal(leases(w, 1), 1);
    assert_int_equal(leases(w, 2), 2);
    assert_true(engine_leases_next(w->engine, w->now, &at, &saved));
    own.leases[0] =
        (struct config_lease){.range = {own.addresses[0].address, 1024, 2047}, .mac = host(7), .name = "seven"};
    w->config.lease_count = 1;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_all_bound(w, 2);
    assert_int_equal(leases(w, 7), 3); /* until then */
    says(w, 1, DHCP_REQUEST, own.addresses[0].address);
    assert_int_equal(own.said.kind, DHCP_NAK);
    assert_int_equal(leases(w, 1), 4);
    assert_int_equal(leases(w, 7), 1);
    assert_int_equal(leases(w, 2), 2);
    assert_all_bound(w, 3);
    engine_free(w->engine);
    world_start(w);
    assert_int_equal(engine_lease_restore(w->engine, w->now, &saved, &w->out), -EEXIST);
    assert_int_equal(leases(w, 7), 1);
    world_free(w);
}

/* Whatever clients do, in whatever order: no port has two owners, the lists agree. */
static void test_any_order(void **state)
{
    uint64_t seed = from_environment("SEED", 3);
    (void)state;
    struct world *w = world_new(4); /* 60 sets for 100 clients */
    for (unsigned step = 0; step < 50000; step++) {
        unsigned n = (unsigned)(seeded_next(&seed) % 100);
        static const enum dhcp_kind kinds[] = {DHCP_DISCOVER, DHCP_REQUEST, DHCP_REQUEST, DHCP_RELEASE,
                                               DHCP_DECLINE};
        struct ipv4 address = {0xc0000202 + (uint32_t)(seeded_next(&seed) % ADDRESSES)};
        enum dhcp_kind kind = kinds[seeded_next(&seed) % 5];
        says(w, n, kind, kind == DHCP_DISCOVER ? (struct ipv4){0} : address);
        world_pass(w, seeded_next(&seed) % (2 * S));
        if (step % 5000 == 4999)
            assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
        if (step % 500 != 0)
            continue;
        struct lease_figures f = engine_lease_figures(w->engine);
        struct lease_entry lease;
        unsigned states[LEASE_STATES] = {0};
        for (uint32_t at = 0; engine_pool_next(w->engine, w->now, &at, &lease);)
            states[lease.state]++;
        assert_true(f.pool == 60 && f.leased == states[LEASE_BOUND] && f.offered == states[LEASE_OFFERED] &&
                    f.declined == states[LEASE_DECLINED]);
        assert_all_bound(w, f.leased);
    }
    assert_true(own.said_count > 1000);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_whole_pool),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_operator),
        cmocka_unit_test(test_denied_client),
        cmocka_unit_test(test_answers_are_lost),
        cmocka_unit_test(test_denied_holder),
        cmocka_unit_test(test_reload_denies_a_client),
        cmocka_unit_test(test_offer_is_overtaken),
        cmocka_unit_test(test_address_goes_and_comes_back),
        cmocka_unit_test(test_hosts_are_asked),
        cmocka_unit_test(test_port_sets_of_each_address),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_reserved_for_another),
        cmocka_unit_test(test_lease_releases_what_waited),
        cmocka_unit_test(test_lease_of_a_server_upstream_releases_what_waited),
        cmocka_unit_test(test_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
