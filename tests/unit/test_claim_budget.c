/* test_claim_budget.c: how many CLAIMs are read, of whom, and what each costs: row H1 of the reliability matrix, the part
 * of the processor. Time is the test's; the cost is that of this machine, so it is told and not judged. */
#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct world world;

static struct world *world_new(void (*configure)(struct world *w))
{
    world_prepare(&world);
    world.seed.plain_nonces = false;
    if (configure != NULL)
        configure(&world);
    world_start(&world);
    return &world;
}

static struct mac numbered(unsigned number)
{
    return (struct mac){{2, 0xbb, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static struct tx_frame statement(struct mac mac, enum pe_arp_type type, uint16_t first, uint16_t last)
{
    const struct port_address ports = {shared, 0, first, last};
    return (struct tx_frame){.destination = mac_broadcast,
                             .source = mac,
                             .ethertype = ETHERTYPE_PE_ARP,
                             .kind = TX_PE_ARP,
                             .pe_arp = {.type = type, .sha = mac, .spa = ports, .tpa = ports}};
}

static struct tx_frame set_claim(const struct world *w, struct mac mac, uint16_t psid)
{
    const struct port_span bounds = port_set_bounds(w->address.psid, psid);
    struct tx_frame made = statement(mac, PE_ARP_CLAIM, bounds.first, bounds.last);
    made.pe_arp.psid.present = true;
    made.pe_arp.psid.offset = w->address.psid.offset;
    made.pe_arp.psid.length = w->address.psid.length;
    made.pe_arp.psid.psid = psid;
    return made;
}

static bool give(struct world *w, const struct tx_frame *made)
{
    const struct verdict v = world_give_made(w, SIDE_DOWNSTREAM, made);
    if (v.fate == FATE_CONSUMED)
        return true;
    assert_int_equal(v.fate, FATE_DROPPED);
    assert_string_equal(drop_name(v.reason), "claim_limit");
    return false;
}

/* `mac` claims a plain range and answers what it is asked. */
static void bind(struct world *w, struct mac mac, uint16_t first, uint16_t last)
{
    const struct tx_frame made = statement(mac, PE_ARP_CLAIM, first, last);
    assert_true(give(w, &made));
    struct tx_frame reply = statement(mac, PE_ARP_REPLY, first, last);
    reply.destination = reply.pe_arp.tha = bridge_mac;
    reply.pe_arp.tpa = w->last_request.pe_arp.tpa;
    reply.pe_arp.nonce = w->last_request.pe_arp.nonce;
    assert_int_equal(world_give_made(w, SIDE_DOWNSTREAM, &reply).fate, FATE_CONSUMED);
}

/* 50,000 CLAIMs a second of 4,096 silent MAC addresses: no owner's statement is dropped, no newcomer's once the flood's
 * addresses were served, and no more are read than the budget has. */
static void test_flood(void **state)
{
    struct world *w = world_new(NULL);
    const unsigned per_ms = 50, length_ms = 4000;
    const uint32_t rate = w->config.limits.claim_rate;
    unsigned number = 0, read = 0, owners = 0, newcomers = 0;
    (void)state;
    bind(w, host_a, 2000, 2999);
    for (unsigned ms = 0; ms < length_ms; ms++) {
        for (unsigned i = 0; i < per_ms; i++, number = (number + 1) % 4096) {
            const uint16_t first = (uint16_t)(10000 + number % 512 * 100);
            const struct tx_frame made =
                statement(numbered(number), PE_ARP_CLAIM, first, (uint16_t)(first + 99));
            read += give(w, &made);
        }
        if (ms % 100 == 99) {
            struct tx_frame made = statement(host_a, PE_ARP_CLAIM, 2000, 2999);
            owners += give(w, &made);
            made = statement(numbered(5000 + ms), PE_ARP_CLAIM, 4000, 4015);
            newcomers += give(w, &made);
        }
        world_pass(w, MS);
    }
    assert_in_range(read, rate * (length_ms / 1000), rate * (length_ms / 1000 + 1));
    assert_int_equal(owners, length_ms / 100);
    assert_in_range(newcomers, length_ms / 100 - 1, length_ms / 100);
    printf("# H1: %u CLAIMs/s of 4,096 MACs for %u s: %u read; of an owner %u of %u, of newcomers %u of %u\n",
           per_ms * 1000, length_ms / 1000, read, owners, length_ms / 100, newcomers, length_ms / 100);
    world_end(w);
}

/* Owners cannot crowd out others either. */
static void test_classes(void **state)
{
    struct world *w = world_new(NULL);
    unsigned read = 0;
    (void)state;
    bind(w, host_a, 2000, 2999);
    for (unsigned i = 0; i < 2 * w->config.limits.claim_rate; i++) {
        const struct tx_frame made = statement(host_a, PE_ARP_CONFLICT, 2000, 2999);
        read += give(w, &made);
    }
    assert_in_range(read, w->config.limits.claim_rate / 2 - 1, w->config.limits.claim_rate / 2 + 2);
    const struct tx_frame made = statement(host_b, PE_ARP_CLAIM, 3000, 3999);
    assert_true(give(w, &made));
    world_end(w);
}

static void single_ports(struct world *w)
{
    w->address.ports_first = 1;
    w->address.has_psid = true;
    w->address.psid = (struct port_set_params){15, 1};
    w->config.limits.host_ports = 100;
}

/* A permanent range beside the sets: each claim walks the 32,767 spans of its set. */
static void single_ports_and_range(struct world *w)
{
    single_ports(w);
    w->ranges[0] = (struct config_range){.range = {shared, 1, 1}, .mac = host_a};
    w->config.range_count = 1;
}

/* As the first, without a budget. */
static void single_ports_unlimited(struct world *w)
{
    single_ports_and_range(w);
    w->config.limits.claim_rate = 1000000000;
}

static double claims_cost(void (*configure)(struct world *w), unsigned count, unsigned *read)
{
    struct world *w = world_new(configure);
    struct timespec begin, end;
    *read = 0;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (unsigned i = 0; i < count; i++) {
        const struct tx_frame made = set_claim(w, numbered(i % 4096), (uint16_t)(i & 1));
        *read += give(w, &made);
        if (i % 10 == 9)
            world_pass(w, MS);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    world_end(w);
    return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / 1e3 / count;
}

/* CLAIMs of port sets of 32,767 spans, 10,000 a second of 4,096 MAC addresses: where the address holds sets only they are
 * dear to nobody; beside other bindings few are read. */
static void test_many_spans(void **state)
{
    unsigned read[3];
    (void)state;
    const double walked = claims_cost(single_ports_unlimited, 2000, &read[0]);
    const double limited = claims_cost(single_ports_and_range, 20000, &read[1]);
    const double alone = claims_cost(single_ports, 20000, &read[2]);
    assert_int_equal(read[0], 2000);
    assert_in_range(read[1], 20, 120); /* a second's worth at once, and 19 a second */
    assert_int_equal(read[2], 20000);
    printf("# H1: CLAIMs of 32,767 spans: %.1f us each where all are walked, %.1f with the budget, %.1f beside "
           "sets alone\n",
           walked, limited, alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_many_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
