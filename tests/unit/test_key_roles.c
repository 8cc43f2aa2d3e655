/* test_key_roles.c: keys of the bridge and of single hosts: what each is good for, and the memory of SEQ. Row S16. */
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US  UINT64_C(3600000000)
#define BEGIN_US (WORLD_BEGIN / 1000)

enum { OF_A, OF_A_NEW, OF_B, OF_BRIDGE, OF_OPEN, OF_GROUP, KEYS };

static struct {
    struct pe_arp_key keys[KEYS];
    struct tx_frame requested; /* the last of PE-ARP */
    const char *detail;        /* of the last event */
} own;

static struct port_range range_of(uint16_t first, uint16_t last)
{
    return (struct port_range){.range = {shared, first, last}};
}

static struct pe_arp_key key_of(uint32_t id, enum key_role role)
{
    struct pe_arp_key key = {.id = id, .role = role};
    memset(key.bytes, (int)id, sizeof(key.bytes));
    return key;
}

static struct pe_arp_key host_key(uint32_t id, struct mac mac, uint16_t first, uint16_t last)
{
    struct pe_arp_key key = key_of(id, KEY_HOST);
    key.macs = (struct key_macs){.count = 1, .mac = {mac}};
    key.ranges = (struct key_ranges){.count = 1, .range = {range_of(first, last)}};
    return key;
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to;
    if (made->kind == TX_PE_ARP)
        own.requested = *made;
}

static void take_event(void *context, const struct event *event)
{
    (void)context;
    own.detail = event->detail;
}

static struct world *world_new(void)
{
    static struct world w;
    world_prepare(&w);
    memset(&own, 0, sizeof(own));
    own.keys[OF_A] = host_key(11, host_a, 2000, 2999);
    own.keys[OF_A_NEW] = host_key(12, host_a, 2000, 2999);
    own.keys[OF_B] = host_key(13, host_b, 3000, 3999);
    own.keys[OF_BRIDGE] = key_of(14, KEY_BRIDGE);
    own.keys[OF_OPEN] = key_of(15, KEY_HOST);
    own.keys[OF_GROUP] = key_of(16, KEY_GROUP);
    w.config.keys = own.keys;
    w.config.key_count = KEYS;
    w.config.signing_key = OF_BRIDGE;
    w.config.limits.speakers = 64; /* 16 for owners and 16 for others, of each key without mac */
    w.config.limits.host_ports = 100;
    w.out.generate = take_make;
    w.out.event = take_event;
    world_start(&w);
    return &w;
}

static struct tx_frame says(enum pe_arp_type type, struct mac host, unsigned key, uint64_t number,
                            uint16_t first, uint16_t last)
{
    struct tx_frame made = {.destination = mac_broadcast,
                            .source = host,
                            .ethertype = 0x88b5,
                            .kind = TX_PE_ARP,
                            .key = &own.keys[key]};
    made.pe_arp = (struct pe_arp){
        .type = type, .sha = host, .spa = {shared, 0, first, last}, .tpa = {shared, 0, first, last}};
    made.pe_arp.seq.present = true;
    made.pe_arp.seq.number = number;
    return made;
}

static struct verdict give(struct world *w, const struct tx_frame *made)
{
    return world_give_made(w, SIDE_DOWNSTREAM, made);
}

static struct verdict claims(struct world *w, struct mac host, unsigned key, uint64_t number, uint16_t first,
                             uint16_t last)
{
    const struct tx_frame made = says(PE_ARP_CLAIM, host, key, number, first, last);
    return give(w, &made);
}

/* Answers the last REQUEST. */
static struct verdict replies(struct world *w, struct mac host, unsigned key, uint16_t first, uint16_t last)
{
    const struct pe_arp request = own.requested.pe_arp;
    struct tx_frame made = says(PE_ARP_REPLY, host, key, 0, first, last);
    made.pe_arp.seq.present = false;
    made.destination = made.pe_arp.tha = bridge_mac;
    made.pe_arp.tpa = request.tpa;
    made.pe_arp.nonce = request.nonce;
    return give(w, &made);
}

static uint64_t counter(const struct world *w, enum counter which)
{
    return engine_stats(w->engine)->counters[which];
}

/* Dropped as pe_arp_forged, and counted under its own name. */
static void assert_refused(const struct world *w, struct verdict v, enum counter which, uint64_t count)
{
    assert_int_equal(v.fate, FATE_DROPPED);
    assert_string_equal(drop_name(v.reason), "pe_arp_forged");
    assert_int_equal(counter(w, which), count);
}

static void assert_taken(struct verdict v)
{
    assert_int_equal(v.fate, FATE_CONSUMED);
}

static void test_a_role_says_who_signs_what(void **state)
{
    struct world *w = world_new();
    uint64_t refused = 0;
    (void)state;
    assert_int_equal(own.requested.pe_arp.type, PE_ARP_HELLO);
    assert_int_equal(own.requested.key->id, 14);
    const enum pe_arp_type of_bridges[] = {PE_ARP_HELLO, PE_ARP_REQUEST};
    for (unsigned i = 0; i < 2; i++) {
        struct tx_frame made = says(of_bridges[i], host_a, OF_A, 5 + i, 2000, 2000);
        assert_refused(w, give(w, &made), COUNTER_PE_ARP_KEY_ROLE, ++refused);
        assert_string_equal(own.detail, "PE-ARP of a bridge, signed with the key of a host");
        w->now += S;
        made.key = &own.keys[OF_OPEN];
        assert_refused(w, give(w, &made), COUNTER_PE_ARP_KEY_ROLE, ++refused);
        made.key = &own.keys[OF_BRIDGE]; /* a second bridge */
        assert_taken(give(w, &made));
        made.key = &own.keys[OF_GROUP];
        assert_taken(give(w, &made));
    }
    const enum pe_arp_type of_hosts[] = {PE_ARP_CLAIM, PE_ARP_RELEASE, PE_ARP_CONFLICT};
    for (unsigned i = 0; i < 3; i++) {
        const struct tx_frame made = says(of_hosts[i], host_m, OF_BRIDGE, 5 + i, 2000, 2999);
        w->now += S;
        assert_refused(w, give(w, &made), COUNTER_PE_ARP_KEY_ROLE, ++refused);
        assert_string_equal(own.detail,
                            "PE-ARP of a host, signed with a key whose role is bridge: give the host its own");
    }
    assert_taken(claims(w, host_a, OF_A, 9, 2000, 2999));
    assert_int_equal(own.requested.key->id, 14);
    assert_refused(w, replies(w, host_a, OF_BRIDGE, 2000, 2999), COUNTER_PE_ARP_KEY_ROLE, ++refused);
    assert_taken(replies(w, host_a, OF_A, 2000, 2999));
    assert_int_equal(counter(w, COUNTER_LEARNED), 1);
    world_end(w);
}

static void test_a_key_is_for_its_mac(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_refused(w, claims(w, host_m, OF_A, 5, 2000, 2999), COUNTER_PE_ARP_KEY_MAC, 1);
    assert_string_equal(own.detail, "PE-ARP is signed with a key whose mac is another's");
    assert_taken(claims(w, host_a, OF_A, 5, 2000, 2999));
    assert_refused(w, replies(w, host_m, OF_A, 2000, 2999), COUNTER_PE_ARP_KEY_MAC, 2);
    struct mac stolen = host_a; /* the host's MAC address with the key of another */
    assert_refused(w, claims(w, stolen, OF_B, 6, 2000, 2999), COUNTER_PE_ARP_KEY_MAC, 3);
    world_end(w);
}

static void test_a_key_is_for_its_range(void **state)
{
    struct world *w = world_new();
    uint64_t refused = 0;
    (void)state;
    assert_refused(w, claims(w, host_a, OF_A, 5, 3000, 3999), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    assert_string_equal(own.detail, "PE-ARP is about ports that are not in the range of its key");
    assert_refused(w, claims(w, host_a, OF_A, 6, 2000, 3000), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    assert_refused(w, claims(w, host_a, OF_A, 7, 1999, 2999), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    assert_taken(claims(w, host_a, OF_A, 8, 2500, 2999));
    assert_refused(w, replies(w, host_a, OF_A, 2000, 3999), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    assert_taken(replies(w, host_a, OF_A, 2000, 2999)); /* more than was claimed, and all its own */
    assert_taken(claims(w, host_b, OF_B, 8, 3000, 3999));
    assert_taken(replies(w, host_b, OF_B, 3000, 3999));
    struct tx_frame made = says(PE_ARP_RELEASE, host_a, OF_A, 9, 3000, 3999);
    assert_refused(w, give(w, &made), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    made = says(PE_ARP_CONFLICT, host_a, OF_A, 10, 3000, 3999);
    assert_refused(w, give(w, &made), COUNTER_PE_ARP_KEY_RANGE, ++refused);
    made.pe_arp.spa.first = 2000; /* its own range; what the other claims is in tpa */
    made.pe_arp.spa.last = 2999;
    assert_taken(give(w, &made));
    /* A host with a key without a range claims what is free; not what another owns. */
    assert_taken(claims(w, host_m, OF_OPEN, 5, 2000, 2999));
    assert_true(mac_equal(own.requested.destination, host_a));
    assert_taken(replies(w, host_a, OF_A, 2000, 2999));
    assert_int_equal(counter(w, COUNTER_MOVES), 0);
    world_end(w);
}

static void test_ranges_join_and_port_sets_count_by_their_ports(void **state)
{
    const struct port_set_params six_eight = {6, 8}, zero_six = {0, 6};
    const struct port_range set = port_range_of_set(shared, six_eight, 0x34);
    struct key_ranges ranges = {.count = 2, .range = {range_of(3000, 3999), range_of(2000, 2999)}};
    struct port_range ports = range_of(2500, 3500);
    (void)state;
    assert_true(key_ranges_have(&ranges, &ports));
    ports = range_of(2500, 4000);
    assert_false(key_ranges_have(&ranges, &ports));
    ports = range_of(2000, 3999);
    ports.range.address = remote;
    assert_false(key_ranges_have(&ranges, &ports));
    assert_false(key_ranges_have(&ranges, &set));
    ranges = (struct key_ranges){.count = 1, .range = {set}};
    assert_true(key_ranges_have(&ranges, &set));
    ports = range_of(1232, 1235); /* its first span */
    assert_true(key_ranges_have(&ranges, &ports));
    ports = range_of(1232, 1236);
    assert_false(key_ranges_have(&ranges, &ports));
    ports = range_of(1232, 64723); /* its lowest to its highest port */
    assert_false(key_ranges_have(&ranges, &ports));
    ranges = (struct key_ranges){.count = 1, .range = {port_range_of_set(shared, zero_six, 63)}};
    ports = range_of(64512, 65535); /* up to the last port of all */
    assert_true(key_ranges_have(&ranges, &ports));
    ports = range_of(64511, 65535);
    assert_false(key_ranges_have(&ranges, &ports));
    ranges = (struct key_ranges){.count = 0};
    assert_true(key_ranges_have(&ranges, &ports));
}

static void test_a_leap_mutes_nobody(void **state)
{
    struct world *w = world_new();
    const uint64_t most = BEGIN_US + HOUR_US;
    (void)state;
    const unsigned keys[] = {OF_A, OF_GROUP, OF_OPEN};
    uint64_t ahead = 0;
    for (unsigned i = 0; i < 3; i++) {
        w->now = WORLD_BEGIN + i * S;
        assert_refused(w, claims(w, host_a, keys[i], UINT64_MAX, 2000, 2999), COUNTER_PE_ARP_SEQ_AHEAD,
                       ++ahead);
        assert_string_equal(own.detail,
                            "PE-ARP has a sequence number that is too far ahead: compare the clocks of "
                            "the host and the bridge");
        assert_refused(w, claims(w, host_a, keys[i], most + i * 1000000 + 1, 2000, 2999),
                       COUNTER_PE_ARP_SEQ_AHEAD, ++ahead);
        assert_taken(claims(w, host_a, keys[i], 5, 2000, 2999));
    }
    /* One hour is the most that a leap costs, and only {key, MAC} that made it. */
    w->now = WORLD_BEGIN;
    assert_taken(claims(w, host_a, OF_GROUP, most, 2000, 2999));
    assert_refused(w, claims(w, host_a, OF_GROUP, BEGIN_US, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 1);
    assert_taken(claims(w, host_a, OF_A, BEGIN_US, 2000, 2999));
    assert_taken(claims(w, host_b, OF_GROUP, BEGIN_US, 2000, 2999));
    w->now += 3601 * S;
    assert_taken(claims(w, host_a, OF_GROUP, w->now / 1000, 2000, 2999));
    world_end(w);
}

static void test_the_wall_clock_may_be_set(void **state)
{
    struct world *w = world_new();
    const uint64_t today = UINT64_C(1790000000000000);
    (void)state;
    engine_wall_clock(w->engine, w->now, today);
    assert_taken(claims(w, host_a, OF_A, today + HOUR_US, 2000, 2999));
    assert_refused(w, claims(w, host_b, OF_B, today + HOUR_US + 1, 3000, 3999), COUNTER_PE_ARP_SEQ_AHEAD, 1);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0); /* it is known there, too */
    assert_taken(claims(w, host_b, OF_B, today + 1, 3000, 3999));
    /* It was wrong: what was taken by it is too far ahead, and mutes nobody. */
    engine_wall_clock(w->engine, w->now, today - 24 * HOUR_US);
    assert_taken(claims(w, host_a, OF_A, today - 24 * HOUR_US, 2000, 2999));
    assert_refused(w, claims(w, host_a, OF_A, today - 24 * HOUR_US, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 1);
    /* A bridge without a clock takes every number that grows, until it is set. */
    engine_wall_clock(w->engine, w->now, 0);
    w->now += S;
    assert_taken(claims(w, host_a, OF_A, UINT64_MAX, 2000, 2999));
    assert_refused(w, claims(w, host_a, OF_A, today, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 2);
    engine_wall_clock(w->engine, w->now, today);
    assert_taken(claims(w, host_a, OF_A, today, 2000, 2999));
    world_end(w);
}

static struct mac mac_number_of(unsigned i)
{
    return (struct mac){{0x02, 0xbb, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
}

/* Whoever has a key and uses many MAC addresses forgets nothing that counts: the numbers of other keys, and of owners. */
static void test_many_macs_evict_no_known_number(void **state)
{
    struct world *w = world_new();
    unsigned replayed = 0;
    (void)state;
    assert_taken(claims(w, host_a, OF_A, 50, 2000, 2999));
    assert_taken(claims(w, host_b, OF_OPEN, 50, 3000, 3999));
    assert_taken(replies(w, host_b, OF_OPEN, 3000, 3999)); /* an owner from now on */
    assert_taken(claims(w, host_b, OF_OPEN, 51, 3000, 3999));
    assert_taken(claims(w, host_m, OF_GROUP, 50, 4000, 4999)); /* a stranger, of another key */
    for (unsigned i = 0; i < 4096; i++) {
        assert_taken(claims(w, mac_number_of(i), OF_OPEN, 50, 5000, 5999));
        w->now += S / 1000;
    }
    assert_refused(w, claims(w, host_a, OF_A, 50, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 1);
    assert_refused(w, claims(w, host_b, OF_OPEN, 51, 3000, 3999), COUNTER_PE_ARP_SEQ_OLD, 2);
    assert_refused(w, claims(w, host_m, OF_GROUP, 50, 4000, 4999), COUNTER_PE_ARP_SEQ_OLD, 3);
    for (unsigned i = 0; i < 4096; i++)
        replayed += claims(w, mac_number_of(i), OF_OPEN, 50, 5000, 5999).fate == FATE_CONSUMED;
    assert_in_range(replayed, 4096 - 16 - 1, 4096); /* as many as there is room for are known, no more */
    printf("# S16: 4096 MAC addresses with a host's key: 0 of 3 known numbers forgotten\n");
    world_end(w);
}

/* The numbers of one run in the engine of the next. */
static unsigned carry_over(const struct world *from, struct engine *to)
{
    struct seq_cursor cursor = {0};
    struct seq_entry entry;
    unsigned restored = 0;
    while (engine_seqs_next(from->engine, &cursor, &entry))
        restored += engine_seq_restore(to, &entry) == 0;
    return restored;
}

static void test_a_restart_knows_the_numbers(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_taken(claims(w, host_a, OF_A, 50, 2000, 2999));
    assert_taken(claims(w, host_b, OF_OPEN, 60, 3000, 3999));
    assert_taken(claims(w, host_m, OF_GROUP, 70, 4000, 4999));
    assert_taken(claims(w, host_b, OF_GROUP, 80, 3000, 3999));
    const uint64_t changes = engine_changes(w->engine);
    assert_taken(claims(w, host_b, OF_GROUP, 81, 3000, 3999));
    assert_true(engine_changes(w->engine) > changes); /* it is saved soon */
    struct engine *next = engine_new(&w->config, &w->seed);
    assert_int_equal(carry_over(w, next), 4);
    engine_free(w->engine);
    w->engine = next;
    world_pass(w, S);
    assert_refused(w, claims(w, host_a, OF_A, 50, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 1);
    assert_refused(w, claims(w, host_b, OF_OPEN, 60, 3000, 3999), COUNTER_PE_ARP_SEQ_OLD, 2);
    assert_refused(w, claims(w, host_m, OF_GROUP, 70, 4000, 4999), COUNTER_PE_ARP_SEQ_OLD, 3);
    assert_refused(w, claims(w, host_b, OF_GROUP, 81, 3000, 3999), COUNTER_PE_ARP_SEQ_OLD, 4);
    assert_taken(claims(w, host_a, OF_A, 51, 2000, 2999));
    /* An older one that is restored late changes nothing; nor does one of a key that is gone, or not for that MAC. */
    struct seq_entry entry = {11, host_a, 40};
    assert_int_equal(engine_seq_restore(w->engine, &entry), 0);
    assert_refused(w, claims(w, host_a, OF_A, 51, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 5);
    entry.mac = host_b;
    assert_int_not_equal(engine_seq_restore(w->engine, &entry), 0);
    entry.key_id = 99;
    assert_int_not_equal(engine_seq_restore(w->engine, &entry), 0);
    entry = (struct seq_entry){15, mac_broadcast, 9};
    assert_int_not_equal(engine_seq_restore(w->engine, &entry), 0);
    world_end(w);
}

/* Old and new are both good until the old one is taken away; bindings stay. */
static void test_a_key_is_changed_without_a_gap(void **state)
{
    struct world *w = world_new();
    (void)state;
    assert_taken(claims(w, host_a, OF_A, 50, 2000, 2999));
    assert_taken(replies(w, host_a, OF_A, 2000, 2999));
    world_pass(w, 2 * S);
    assert_taken(claims(w, host_a, OF_A_NEW, 20, 2000, 2999)); /* a count of its own */
    assert_taken(replies(w, host_a, OF_A_NEW, 2000, 2999));
    assert_taken(claims(w, host_a, OF_A, 51, 2000, 2999));
    const struct pe_arp_key old = own.keys[OF_A], next = own.keys[OF_A_NEW];
    own.keys[OF_A].macs.mac[0] = mac_number_of(1); /* as good as away */
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    own.keys[OF_A] = old;
    assert_refused(w, claims(w, host_a, OF_A, 52, 2000, 2999), COUNTER_PE_ARP_KEY_MAC, 1);
    assert_refused(w, claims(w, host_a, OF_A_NEW, 20, 2000, 2999), COUNTER_PE_ARP_SEQ_OLD, 1);
    assert_taken(claims(w, host_a, OF_A_NEW, 21, 2000, 2999));
    assert_int_equal(counter(w, COUNTER_LEARNED), 1);
    assert_int_equal(counter(w, COUNTER_EXPIRED) + counter(w, COUNTER_RELEASED), 0);
    /* Another secret under the same id is another key. */
    memset(own.keys[OF_A_NEW].bytes, 0x77, HMAC_KEY_BYTES);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_taken(claims(w, host_a, OF_A_NEW, 1, 2000, 2999));
    own.keys[OF_A_NEW] = next;
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_role_says_who_signs_what),
        cmocka_unit_test(test_a_key_is_for_its_mac),
        cmocka_unit_test(test_a_key_is_for_its_range),
        cmocka_unit_test(test_ranges_join_and_port_sets_count_by_their_ports),
        cmocka_unit_test(test_a_leap_mutes_nobody),
        cmocka_unit_test(test_the_wall_clock_may_be_set),
        cmocka_unit_test(test_many_macs_evict_no_known_number),
        cmocka_unit_test(test_a_restart_knows_the_numbers),
        cmocka_unit_test(test_a_key_is_changed_without_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
