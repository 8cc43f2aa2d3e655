/* test_services.c: services that hosts tell the bridge of: on the wire, and in the engine. */
#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TLVS_BYTES 500

struct tlvs {
    uint8_t bytes[TLVS_BYTES];
    size_t length;
};

static void announce(struct tlvs *t, uint8_t protocol, uint16_t port, const char *name)
{
    const struct pe_arp_service service = {protocol, port, name, strlen(name)};
    const int written = pe_arp_write_service(&service, t->bytes + t->length, sizeof(t->bytes) - t->length);
    assert_true(written > 0);
    t->length += (size_t)written;
}

static void test_wire(void **state)
{
    struct tlvs t = {.length = 0};
    uint8_t small[20], raw[] = {0x40, 4, 6, 8,  0x20, 'a', 0x7e, 2, 1,  2,   0x40, 4,    0, 0,  80, 'a', 0x40,
                                3,    6, 0, 80, 0x40, 5,   6,    0, 80, '-', 'a',  0x40, 4, 17, 0,  53,  'b'};
    struct pe_arp m = {.services = raw, .services_length = sizeof(raw)};
    struct pe_arp_service service = {6, 2080, "_http._tcp.example.net", 22};
    size_t at = 0;
    (void)state;
    assert_int_equal(pe_arp_write_service(&service, small, sizeof(small)), -ENOSPC);
    service.name = "a b";
    service.name_length = 3;
    assert_int_equal(pe_arp_write_service(&service, t.bytes, sizeof(t.bytes)), -EINVAL);
    assert_true(pe_arp_service_next(&m, &at, &service));
    assert_int_equal(service.protocol, 6);
    assert_int_equal(service.port, 2080);
    assert_memory_equal(service.name, "a", 1);
    assert_true(pe_arp_service_next(&m, &at, &service));
    assert_int_equal(service.port, 53);
    assert_false(pe_arp_service_next(&m, &at, &service));
    m.services_length = 0;
    m.services = NULL;
    at = 0;
    assert_false(pe_arp_service_next(&m, &at, &service));
}

static struct world *world_new(uint32_t services, uint32_t share)
{
    static struct world w;
    world_prepare(&w);
    w.config.limits.services = services;
    w.config.limits.host_share = share;
    world_start(&w);
    return &w;
}

static struct verdict give(struct world *w, const struct tx_frame *made)
{
    return world_give_made(w, SIDE_DOWNSTREAM, made);
}

static struct tx_frame message(enum pe_arp_type type, struct mac host, uint16_t first, uint16_t last,
                               const struct tlvs *t)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    made.pe_arp = (struct pe_arp){.type = type,
                                  .sha = host,
                                  .spa = {shared, 0, first, last},
                                  .tpa = {shared, 0, first, last},
                                  .services = t == NULL ? NULL : t->bytes,
                                  .services_length = t == NULL ? 0 : t->length};
    return made;
}

/* Claims, is challenged, and answers with `t`. */
static void hold(struct world *w, struct mac host, uint16_t first, uint16_t last, const struct tlvs *t)
{
    struct tx_frame made = message(PE_ARP_CLAIM, host, first, last, t);
    w->now += 2 * S;
    assert_int_equal(give(w, &made).fate, FATE_CONSUMED);
    made = message(PE_ARP_REPLY, host, first, last, t);
    made.pe_arp.tpa = w->last_request.pe_arp.tpa;
    made.pe_arp.nonce = w->last_request.pe_arp.nonce;
    made.pe_arp.tha = bridge_mac;
    made.destination = bridge_mac;
    assert_int_equal(give(w, &made).fate, FATE_CONSUMED);
}

/* "name protocol port mac age", a line each. */
static const char *listed(struct world *w)
{
    static char text[8192];
    struct service_cursor cursor = {0};
    struct service_entry entry;
    size_t length = 0;
    text[0] = '\0';
    while (engine_services_next(w->engine, w->now, &cursor, &entry))
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "%s %u %u %02x %u\n", entry.name,
                             entry.protocol, entry.port, entry.mac.octets[5], (unsigned)(entry.age_ns / S));
    return text;
}

static uint64_t refused(struct world *w)
{
    return engine_stats(w->engine)->counters[COUNTER_SERVICES_REFUSED];
}

static void test_of_replies_that_count(void **state)
{
    struct world *w = world_new(16, 100);
    struct tlvs a = {.length = 0}, b = {.length = 0};
    (void)state;
    announce(&a, 6, 2080, "_http._tcp.example.net");
    announce(&a, 17, 2053, "_dns._udp.example.net");
    announce(&a, 6, 3080, "_not-mine._tcp.example.net");
    announce(&b, 6, 3080, "_http._tcp.example.net");
    /* A claim alone teaches nothing, nor does a reply that nobody asked for. */
    struct tx_frame made = message(PE_ARP_CLAIM, host_a, 2000, 2999, &a);
    give(w, &made);
    made = message(PE_ARP_REPLY, host_a, 2000, 2999, &a);
    made.pe_arp.nonce = 12345;
    assert_int_equal(give(w, &made).fate, FATE_DROPPED);
    assert_string_equal(listed(w), "");
    hold(w, host_a, 2000, 2999, &a);
    hold(w, host_b, 3000, 3999, &b);
    assert_string_equal(listed(w), "_dns._udp.example.net 17 2053 ee 2\n_http._tcp.example.net 6 2080 ee 2\n"
                                   "_http._tcp.example.net 6 3080 ab 0\n");
    /* Told again: as old as it is. No longer told: gone. */
    a.length = 0;
    announce(&a, 6, 2080, "_http._tcp.example.net");
    announce(&a, 6, 2443, "_https._tcp.example.net");
    hold(w, host_a, 2000, 2999, &a);
    assert_string_equal(listed(w), "_https._tcp.example.net 6 2443 ee 0\n_http._tcp.example.net 6 2080 ee 4\n"
                                   "_http._tcp.example.net 6 3080 ab 2\n");
    assert_int_equal(engine_delete(w->engine, w->now, &(struct range){shared, 2000, 2999}, &w->out), 0);
    assert_string_equal(listed(w), "_http._tcp.example.net 6 3080 ab 2\n");
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_string_equal(listed(w), "_http._tcp.example.net 6 3080 ab 2\n");
    hold(w, host_b, 3000, 3999, NULL);
    assert_string_equal(listed(w), "");
    assert_int_equal(refused(w), 0);
    world_end(w);
}

/* The owner of a permanent range tells of its services too. */
static void test_permanent(void **state)
{
    struct world *w = world_new(16, 100);
    struct tlvs a = {.length = 0};
    (void)state;
    assert_int_equal(engine_add(w->engine, w->now, &(struct range){shared, 2000, 2999}, host_a, &w->out), 0);
    announce(&a, 6, 2080, "_http._tcp.example.net");
    hold(w, host_a, 2000, 2999, &a);
    assert_string_equal(listed(w), "_http._tcp.example.net 6 2080 ee 0\n");
    world_end(w);
}

/* The owner of a configured one keeps them over a reload; one that goes with a reload takes nothing of its host's
 * share with it. */
static void test_reload(void **state)
{
    struct config_range configured = {.range = {shared, 4000, 4999}, .mac = host_b, .name = "b"};
    struct world *w = world_new(4, 50);
    struct tlvs a = {.length = 0}, b = {.length = 0};
    char text[64];
    (void)state;
    w->config.ranges = &configured;
    w->config.range_count = 1;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    announce(&b, 6, 4080, "_http._tcp.example.net");
    hold(w, host_b, 4000, 4999, &b);
    announce(&a, 6, 2080, "_http._tcp.example.net");
    announce(&a, 6, 2443, "_https._tcp.example.net");
    for (unsigned i = 0; i < 3; i++) {
        hold(w, host_a, 2000, 2999, &a);
        assert_int_equal(refused(w), 0);
        w->address.ports_first = 3000;
        assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
        snprintf(text, sizeof(text), "_http._tcp.example.net 6 4080 ab %u\n", 2 * (i + 1));
        assert_string_equal(listed(w), text);
        w->address.ports_first = 1024;
        assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    }
    world_end(w);
}

static void test_bounds(void **state)
{
    struct world *w = world_new(4, 50);
    struct tlvs a = {.length = 0}, b = {.length = 0};
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof(name), "a%u", i);
        announce(&a, 6, (uint16_t)(2000 + i), name);
    }
    for (unsigned i = 0; i < 2; i++) {
        hold(w, host_a, 2000, 2999, &a);
        assert_string_equal(listed(w),
                            i == 0 ? "a1 6 2001 ee 0\na0 6 2000 ee 0\n" : "a1 6 2001 ee 2\na0 6 2000 ee 2\n");
        assert_int_equal(refused(w), 3 * (i + 1));
    }
    announce(&b, 6, 3000, "b");
    hold(w, host_b, 3000, 3999, &b);
    assert_non_null(strstr(listed(w), "b 6 3000 ab 0\n"));
    /* Room comes back when a binding goes. */
    assert_int_equal(engine_flush(w->engine, w->now, NULL, &w->out), 2);
    assert_string_equal(listed(w), "");
    for (unsigned i = 0; i < 20; i++) {
        hold(w, host_a, 2000, 2999, &a);
        assert_int_equal(engine_flush(w->engine, w->now, NULL, &w->out), 1);
    }
    hold(w, host_a, 2000, 2999, &a);
    assert_string_equal(listed(w), "a1 6 2001 ee 0\na0 6 2000 ee 0\n");
    /* A smaller table after a reload keeps what it has room for. */
    w->config.limits.services = 1;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_string_equal(listed(w), "a1 6 2001 ee 0\n");
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),      cmocka_unit_test(test_of_replies_that_count),
        cmocka_unit_test(test_permanent), cmocka_unit_test(test_reload),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
