/* test_keys.c: AUTH and SEQ of PE-ARP: signatures, what the bridge believes with keys, rotation. Row S16. */
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pe_arp_key key_of(uint32_t id, uint8_t first)
{
    struct pe_arp_key key = {.id = id};
    for (unsigned i = 0; i < HMAC_KEY_BYTES; i++)
        key.bytes[i] = (uint8_t)(first + i);
    return key;
}

static struct tx_frame claim_of(struct mac host, const struct pe_arp_key *key, uint64_t number)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP, .key = key};
    made.pe_arp = (struct pe_arp){
        .type = PE_ARP_CLAIM, .sha = host, .spa = {shared, 0, 2000, 2999}, .tpa = {shared, 0, 2000, 2999}};
    made.pe_arp.seq.present = number != 0;
    made.pe_arp.seq.number = number;
    return made;
}

/* The signature as another implementation has it (Python's hmac and hashlib). */
static void test_signature(void **state)
{
    static const uint8_t expected[] = {0xc3, 0xd3, 0x0f, 0x76, 0x48, 0x44, 0xe1, 0x50,
                                       0x5d, 0x06, 0x0a, 0x65, 0x5f, 0x64, 0xdc, 0xee};
    struct pe_arp_key key = key_of(7, 0), other = key_of(7, 1), third = key_of(8, 0);
    struct frame_builder *builder = frame_builder_new();
    struct tx_frame made = claim_of(host_a, &key, 77);
    uint8_t bytes[200];
    struct pe_arp message;
    (void)state;
    int length = frame_build(builder, &made, bytes, sizeof(bytes));
    assert_int_equal(length, 14 + 54 + 10 + 22);
    assert_memory_equal(bytes + length - 16, expected, 16);
    const uint8_t *payload = bytes + 14;
    size_t payload_length = (size_t)length - 14;
    assert_int_equal(pe_arp_parse(payload, payload_length, &message), 0);
    assert_true(pe_arp_is_authentic(payload, payload_length, &message, &key, 1));
    assert_false(pe_arp_is_authentic(payload, payload_length, &message, &other, 1));
    assert_false(pe_arp_is_authentic(payload, payload_length, &message, &third, 1));
    assert_false(pe_arp_is_authentic(payload, payload_length, &message, NULL, 0));
    /* Padding is nobody's; every other bit counts. */
    bytes[length] = 1;
    assert_true(pe_arp_is_authentic(payload, payload_length + 1, &message, &key, 1));
    for (size_t i = 0; i < payload_length; i++) {
        bytes[14 + i] ^= 0x40;
        bool read = pe_arp_parse(payload, payload_length, &message) == 0;
        assert_false(read && pe_arp_is_authentic(payload, payload_length, &message, &key, 1));
        bytes[14 + i] ^= 0x40;
    }
    frame_builder_free(builder);
}

static void test_key_parse(void **state)
{
    static const char good[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    struct pe_arp_key key, expected = key_of(4294967295, 0);
    (void)state;
    assert_int_equal(pe_arp_key_parse("4294967295", good, &key), 0);
    assert_memory_equal(key.bytes, expected.bytes, HMAC_KEY_BYTES);
    assert_int_equal(key.id, expected.id);
    assert_int_not_equal(pe_arp_key_parse("4294967296", good, &key), 0);
    assert_int_not_equal(pe_arp_key_parse("", good, &key), 0);
    assert_int_not_equal(pe_arp_key_parse("-1", good, &key), 0);
    assert_int_not_equal(pe_arp_key_parse("1", good + 1, &key), 0);
    assert_int_not_equal(
        pe_arp_key_parse("1", "g00102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F", &key), 0);
}

/* The bridge. */

static struct {
    struct pe_arp_key keys[2];
    struct tx_frame requested; /* the last of PE-ARP */
    unsigned requests, hellos;
    const char *detail; /* of the last event */
} own;

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to;
    if (made->kind != TX_PE_ARP)
        return;
    assert_non_null(made->key);
    own.requested = *made;
    own.requests += made->pe_arp.type == PE_ARP_REQUEST;
    own.hellos += made->pe_arp.type == PE_ARP_HELLO;
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
    own.keys[0] = key_of(3, 3);
    own.keys[1] = key_of(9, 9);
    w.config.keys = own.keys;
    w.config.key_count = 2;
    w.out.generate = take_make;
    w.out.event = take_event;
    world_start(&w);
    return &w;
}

static struct verdict give(struct world *w, const struct tx_frame *made)
{
    return world_give_made(w, SIDE_DOWNSTREAM, made);
}

static void assert_forged(struct verdict v)
{
    assert_int_equal(v.fate, FATE_DROPPED);
    assert_string_equal(drop_name(v.reason), "pe_arp_forged");
}

static void assert_taken(struct verdict v)
{
    assert_int_equal(v.fate, FATE_CONSUMED);
}

static struct tx_frame reply_of(struct mac host, const struct pe_arp_key *key, const struct pe_arp *request)
{
    struct tx_frame made = claim_of(host, key, 0);
    made.destination = made.pe_arp.tha = bridge_mac;
    made.pe_arp.type = PE_ARP_REPLY;
    made.pe_arp.tpa = request->tpa;
    made.pe_arp.nonce = request->nonce;
    return made;
}

static uint64_t learned(const struct world *w)
{
    return engine_stats(w->engine)->counters[COUNTER_LEARNED];
}

static void test_bridge_believes_the_authentic_alone(void **state)
{
    struct world *w = world_new();
    struct pe_arp_key unknown = key_of(4, 3), wrong = key_of(3, 4);
    const struct pe_arp_key *bad[] = {NULL, &unknown, &wrong};
    unsigned tried = 0;
    (void)state;
    assert_int_equal(own.hellos, 1);
    assert_int_equal(own.requested.key->id, 3); /* the lowest signs */
    for (unsigned i = 0; i < 3; i++, tried++) {
        struct tx_frame made = claim_of(host_m, bad[i], 10);
        assert_forged(give(w, &made));
    }
    struct tx_frame made = claim_of(host_m, &own.keys[1], 0);
    assert_forged(give(w, &made)); /* no SEQ */
    made = claim_of(host_a, &own.keys[1], 5);
    made.source = host_m;
    assert_forged(give(w, &made)); /* another's message */
    assert_int_equal(own.requests, 0);

    made = claim_of(host_a, &own.keys[1], 5);
    assert_taken(give(w, &made)); /* any key that is known will do */
    assert_int_equal(own.requests, 1);
    for (unsigned i = 0; i < 3; i++, tried++) {
        struct tx_frame reply = reply_of(host_a, bad[i], &own.requested.pe_arp);
        assert_forged(give(w, &reply));
    }
    assert_int_equal(learned(w), 0);
    struct tx_frame reply = reply_of(host_a, &own.keys[1], &own.requested.pe_arp);
    assert_taken(give(w, &reply));
    assert_int_equal(learned(w), 1);
    printf("# S16: %u statements without a good AUTH: 0 learned; with one: %u\n", tried, (unsigned)learned(w));
    world_end(w);
}

static void test_sequence(void **state)
{
    struct world *w = world_new();
    (void)state;
    struct tx_frame made = claim_of(host_a, &own.keys[0], 5);
    assert_taken(give(w, &made));
    assert_forged(give(w, &made)); /* replayed */
    made = claim_of(host_a, &own.keys[0], 4);
    assert_forged(give(w, &made));
    made.pe_arp.type = PE_ARP_RELEASE;
    assert_forged(give(w, &made)); /* one count for all three */
    made.pe_arp.seq.number = 6;
    assert_taken(give(w, &made));
    made = claim_of(host_m, &own.keys[0], 1);
    assert_taken(give(w, &made)); /* of each MAC its own */
    made = claim_of(host_a, &(struct pe_arp_key){.id = 3}, UINT64_MAX);
    assert_forged(give(w, &made));
    made = claim_of(host_a, &own.keys[0], 7);
    assert_taken(give(w, &made)); /* a forged one did not move the count */
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_forged(give(w, &made)); /* a reload keeps it */
    world_end(w);
}

/* Each cause has its own words: a mistyped key is not called a forgery. */
static void test_refusals_name_their_cause(void **state)
{
    struct world *w = world_new();
    const struct pe_arp_key unknown = key_of(4, 3), wrong = key_of(3, 4);
    (void)state;
    struct tx_frame made = claim_of(host_a, NULL, 5);
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP is not signed: give the host a key of [keys] or [key]");
    const struct pe_arp_key *keys[] = {&unknown, &wrong};
    for (unsigned i = 0; i < 2; i++) {
        made = claim_of(host_a, keys[i], 5);
        own.detail = NULL;
        assert_forged(give(w, &made));
        assert_string_equal(
            own.detail, "PE-ARP has a wrong signature: compare the host's key and its number with [keys] and "
                        "[key]");
    }
    made = claim_of(host_a, &own.keys[0], 5);
    assert_taken(give(w, &made));
    assert_forged(give(w, &made));
    assert_string_equal(own.detail,
                        "PE-ARP has an old sequence number: it is a replay, or the host's clock went back");
    made = claim_of(host_a, &own.keys[1], 6);
    made.source = host_m;
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP forged: it names another sender than the frame's source MAC");
    struct pe_arp request = own.requested.pe_arp;
    request.nonce += 100;
    made = reply_of(host_a, &own.keys[0], &request);
    w->now += S;
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP reply to no open request: unasked, or too late");
    made = reply_of(host_a, &own.keys[0], &own.requested.pe_arp);
    made.pe_arp.tha = host_m;
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP reply to another bridge");
    made = claim_of(host_a, &own.keys[0], 7);
    made.pe_arp.spa.last = made.pe_arp.tpa.last = 65535;
    made.pe_arp.tpa.first++;
    assert_int_equal(give(w, &made).fate, FATE_DROPPED);
    assert_string_equal(own.detail, "PE-ARP malformed, or for an address or ports that are not configured");
    world_end(w);
}

/* Those of ports that are another host's. */
static void test_refusals_for_ports_of_another_owner(void **state)
{
    struct world *w = world_new();
    (void)state;
    struct tx_frame made = claim_of(host_a, &own.keys[0], 5);
    assert_taken(give(w, &made));
    made = reply_of(host_a, &own.keys[0], &own.requested.pe_arp);
    assert_taken(give(w, &made));
    world_pass(w, 10 * S); /* while claims are collected they would be rivals */
    made = claim_of(host_m, &own.keys[0], 5);
    made.pe_arp.type = PE_ARP_RELEASE;
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP release of a range that is permanent, or of another owner");
    made = claim_of(host_m, &own.keys[0], 6);
    made.pe_arp.spa.first = made.pe_arp.tpa.first = made.pe_arp.spa.last + 1;
    made.pe_arp.spa.last = made.pe_arp.tpa.last += 1000;
    assert_taken(give(w, &made));
    made = reply_of(host_m, &own.keys[0], &own.requested.pe_arp);
    made.pe_arp.spa.last += 1000; /* more than it claimed: those of A */
    assert_forged(give(w, &made));
    assert_string_equal(own.detail, "PE-ARP reply with ports of another owner");
    world_end(w);
}

static void test_rotation(void **state)
{
    struct world *w = world_new();
    (void)state;
    own.keys[0] = own.keys[1];
    own.keys[1] = key_of(12, 12);
    struct tx_frame made = claim_of(host_a, &own.keys[1], 5);
    assert_forged(give(w, &made));
    struct pe_arp_key retired = key_of(3, 3);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_taken(give(w, &made));
    made = claim_of(host_a, &retired, 6);
    assert_forged(give(w, &made));
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_key_parse),
        cmocka_unit_test(test_bridge_believes_the_authentic_alone),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_refusals_name_their_cause),
        cmocka_unit_test(test_refusals_for_ports_of_another_owner),
        cmocka_unit_test(test_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
