/* test_account.c: what is counted for each owner, and told of its flows, against a slow count of the frames that came
 * and left; and the months that it is booked under, with the clock in the test's hand. */
#include "../../src/daemon/usage_month.h"
#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTS    40
#define NOVEMBER UINT64_C(1795000000000000) /* 2026-11-18 */
#define DECEMBER (NOVEMBER + 20 * DAY)
#define DAY      (86400 * UINT64_C(1000000))

static struct {
    uint64_t random;
    struct traffic expected[HOSTS], all; /* the slow count */
    struct traffic told[HOSTS];          /* in records */
    uint64_t ip_bytes, records, early;
} own;

static struct mac host_mac(unsigned n)
{
    return (struct mac){{0, 0x0c, 0x29, 0, 0, (uint8_t)n}};
}

/* A frame that leaves for a shared address downstream is its receiver's. */
static void take_send(void *context, enum side to, const struct frame *frame)
{
    (void)context;
    if (to != SIDE_DOWNSTREAM || memcmp(frame->bytes + 30, "\xc0\x23\xa2\x02", 4) != 0)
        return;
    unsigned n = frame->bytes[5];
    own.expected[n].rx_frames++;
    own.expected[n].rx_bytes += frame->length;
    own.all.rx_frames++;
    own.all.rx_bytes += frame->length;
}

static void take_flow(void *context, const struct flow_record *r)
{
    struct world *w = context;
    struct traffic *told = &own.told[r->owner.octets[5]];
    assert_true(r->packets > 0 && r->last_ns >= r->first_ns && r->last_ns <= w->now);
    assert_int_equal(r->shared.host, shared.host);
    *(r->to_owner ? &told->rx_frames : &told->tx_frames) += r->packets;
    *(r->to_owner ? &told->rx_bytes : &told->tx_bytes) += r->frame_bytes;
    own.ip_bytes += r->ip_bytes;
    own.records++;
    own.early += r->end == FLOW_END_FULL;
    if (r->end == FLOW_END_ACTIVE)
        assert_true(r->last_ns - r->first_ns < (w->config.ipfix.active_s + 1) * S);
    if (r->has_range)
        assert_true(range_holds(&r->range, r->shared_port));
}

static struct world *world_with(uint32_t accounts, const struct config_ipfix *ipfix)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    memset(&own, 0, sizeof(own));
    w->address = (struct config_address){.address = shared,
                                         .ports_first = 2000,
                                         .ports_last = 9999,
                                         .learn = LEARN_TRAFFIC,
                                         .block = 100,
                                         .has_default_host = true,
                                         .default_host = host_mac(1)};
    limits_small(&w->config.limits); /* a reload makes the tables anew */
    w->config.limits.accounts = accounts;
    w->config.limits.idle_s = 30;
    w->config.limits.ipfix_flows = 16;
    if (ipfix != NULL)
        w->config.ipfix = *ipfix;
    w->out.send = take_send;
    w->out.flow = take_flow;
    world_start(w);
    return w;
}

static struct world *world_new(uint32_t accounts)
{
    return world_with(accounts, NULL);
}

static void world_free(struct world *w)
{
    world_end(w);
    free(w);
}

static unsigned pick(unsigned below)
{
    return (unsigned)(seeded_next(&own.random) % below);
}

static size_t packet(uint8_t *bytes, struct mac to, struct mac from, struct ipv4 source,
                     struct ipv4 destination, uint8_t protocol, uint16_t source_port, uint16_t destination_port,
                     size_t data)
{
    uint8_t *transport = put_ipv4(bytes, to, from, source, destination, protocol, 8 + data);
    put16(transport, source_port);
    put16(transport + 2, destination_port);
    put16(transport + 4, (unsigned)(8 + data));
    return 34 + 8 + data;
}

/* From host n: what policing does not stop is its own. */
static void send_from(struct world *w, unsigned n, struct ipv4 to, uint8_t protocol, uint16_t port,
                      uint16_t to_port, size_t data)
{
    uint8_t bytes[512];
    size_t length = packet(bytes, bridge_mac, host_mac(n), shared, to, protocol, port, to_port, data);
    struct verdict v = world_give(w, SIDE_DOWNSTREAM, bytes, length);
    if (v.fate == FATE_DROPPED && (v.reason == DROP_SOURCE_PORT_VIOLATION || v.reason == DROP_FLOW_CONFLICT ||
                                   v.reason == DROP_ICMP_BAD_QUOTE || v.reason == DROP_BAD_SOURCE))
        return;
    own.expected[n].tx_frames++;
    own.expected[n].tx_bytes += length;
    own.all.tx_frames++;
    own.all.tx_bytes += length;
}

static void send_to(struct world *w, uint8_t protocol, uint16_t port, size_t data)
{
    uint8_t bytes[512];
    size_t length = packet(bytes, bridge_mac, router, remote, shared, protocol, 53, port, data);
    world_give(w, SIDE_UPSTREAM, bytes, length);
}

static void change(struct world *w)
{
    struct range range = {shared, (uint16_t)(2000 + 100 * pick(80)), 0};
    range.last = range.first + 99;
    switch (pick(5)) {
    case 0:
        engine_add(w->engine, w->now, &range, host_mac(1 + pick(HOSTS - 1)), &w->out);
        break;
    case 1:
        engine_delete(w->engine, w->now, &range, &w->out);
        break;
    case 2:
        if (pick(20) == 0)
            engine_flush(w->engine, w->now, NULL, &w->out);
        break;
    case 3:
        w->address.block = pick(2) ? 100 : 50;
        assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
        break;
    default:
        w->now += pick(20) * S;
        engine_tick(w->engine, w->now, &w->out);
        break;
    }
}

static void step(struct world *w)
{
    uint16_t port = (uint16_t)(1900 + pick(8200));
    unsigned n = 1 + pick(HOSTS - 1);
    size_t data = pick(300);
    switch (pick(12)) {
    case 0:
        change(w);
        break;
    case 1:
        send_from(w, n, remote, 47, 0, 0, data);
        break;
    case 2:
        send_to(w, 47, 0, data);
        break;
    case 3:
        send_from(w, n, shared, 17, port, (uint16_t)(1900 + pick(8200)), data);
        break;
    case 4:
    case 5:
    case 6:
        send_from(w, n, remote, 17, port, 53, data);
        break;
    default:
        send_to(w, 17, port, data);
        break;
    }
}

static void assert_traffic(const struct traffic *got, const struct traffic *wanted)
{
    assert_int_equal(got->rx_frames, wanted->rx_frames);
    assert_int_equal(got->rx_bytes, wanted->rx_bytes);
    assert_int_equal(got->tx_frames, wanted->tx_frames);
    assert_int_equal(got->tx_bytes, wanted->tx_bytes);
}

static void add(struct traffic *to, const struct traffic *more)
{
    to->rx_frames += more->rx_frames;
    to->rx_bytes += more->rx_bytes;
    to->tx_frames += more->tx_frames;
    to->tx_bytes += more->tx_bytes;
}

static struct traffic sum_of_accounts(const struct world *w, uint32_t *count)
{
    struct traffic sum = {0};
    struct account_entry entry;
    uint32_t cursor = 0;
    for (*count = 0; engine_accounts_next(w->engine, &cursor, &entry); ++*count)
        add(&sum, &entry.total);
    return sum;
}

static struct traffic sum_of_months(const struct usage_months *months)
{
    struct traffic sum = {0};
    struct usage_months_cursor cursor = {0};
    struct usage_month row;
    struct mac owner;
    while (usage_months_next(months, &cursor, &owner, &row))
        add(&sum, &row.traffic);
    return sum;
}

static void test_each_owner_is_exact(void **state)
{
    (void)state;
    struct world *w = world_new(64);
    own.random = from_environment("SEED", 1);
    for (unsigned i = 0; i < 20000; i++) {
        step(w);
        if (i % 100 != 0)
            continue;
        for (unsigned n = 1; n < HOSTS; n++) {
            struct account_entry entry = {0};
            if (engine_account_find(w->engine, host_mac(n), &entry) == -ENOENT)
                entry.total = (struct traffic){0};
            assert_traffic(&entry.total, &own.expected[n]);
        }
    }
    assert_true(own.all.rx_frames > 1000 && own.all.tx_frames > 1000);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_ACCOUNTS_FOLDED], 0);
    world_free(w);
}

/* Not one packet is missing, nor told twice: whether its flow ended by time, for want of room, by a reload or the end. */
static void test_records_match_the_accounts(void **state)
{
    (void)state;
    static const struct config_ipfix ipfix = {.is_on = true, .sample = 1, .active_s = 5, .idle_s = 2};
    struct world *w = world_with(64, &ipfix);
    uint64_t frames = 0, bytes = 0;
    own.random = from_environment("SEED", 3);
    for (unsigned i = 0; i < 20000; i++) {
        step(w);
        if (pick(4) == 0) {
            w->now += pick(1000) * (S / 1000);
            engine_tick(w->engine, w->now, &w->out);
        }
        assert_true(engine_flows(w->engine) <= 16);
    }
    engine_flows_flush(w->engine, w->now, &w->out);
    assert_int_equal(engine_flows(w->engine), 0);
    for (unsigned n = 1; n < HOSTS; n++) {
        assert_traffic(&own.told[n], &own.expected[n]);
        frames += own.told[n].rx_frames + own.told[n].tx_frames;
        bytes += own.told[n].rx_bytes + own.told[n].tx_bytes;
    }
    /* None of these frames is padded. */
    assert_int_equal(own.ip_bytes + 14 * frames, bytes);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_FLOW_RECORDS], own.records);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_FLOWS_EARLY], own.early);
    assert_true(own.early > 0);
    world_free(w);
}

/* One packet in four, whatever flow it is of: the first not, the fourth and every fourth then. */
static void test_sampling_is_by_count(void **state)
{
    (void)state;
    static const struct config_ipfix ipfix = {.is_on = true, .sample = 4, .active_s = 60, .idle_s = 15};
    struct world *w = world_with(64, &ipfix);
    for (unsigned i = 0; i < 42; i++)
        send_from(w, 3 + i % 2, remote, 17, (uint16_t)(2050 + 1000 * (i % 2)), 53, 10);
    engine_flows_flush(w->engine, w->now, &w->out);
    assert_int_equal(own.told[3].tx_frames + own.told[4].tx_frames, 10);
    assert_int_equal(own.expected[3].tx_frames + own.expected[4].tx_frames, 42);
    world_free(w);
}

/* A flow is told 15 s behind its last packet, and every 60 s while it goes on. */
static void test_flows_end_by_time(void **state)
{
    (void)state;
    static const struct config_ipfix ipfix = {.is_on = true, .sample = 1, .active_s = 60, .idle_s = 15};
    struct world *w = world_with(64, &ipfix);
    const uint64_t begin = w->now;
    while (w->now < begin + 100 * S) {
        send_from(w, 3, remote, 17, 2050, 53, 10);
        w->now += S;
        engine_tick(w->engine, w->now, &w->out);
        assert_int_equal(own.records, w->now - begin >= 60 * S);
    }
    while (own.records < 2) {
        w->now = engine_next(w->engine);
        engine_tick(w->engine, w->now, &w->out);
    }
    uint64_t idle = w->now - (begin + 99 * S);
    assert_true(idle >= 15 * S && idle <= 15 * S + S / 5);
    assert_traffic(&own.told[3], &own.expected[3]);
    world_free(w);
}

/* With too few accounts nothing is lost: the others have the rest, in totals and in months. */
static void test_full_table_keeps_the_sum(void **state)
{
    (void)state;
    struct world *w = world_new(16);
    struct usage_months *months = usage_months_new(&w->config.limits, (const uint8_t *)"sixteen bytes...");
    uint64_t wall = NOVEMBER;
    own.random = from_environment("SEED", 2);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t count;
        step(w);
        if (pick(20) == 0)
            usage_months_book_some(months, w->engine, wall += pick(3) * DAY / 10);
        if (i % 100 != 0)
            continue;
        struct traffic sum = sum_of_accounts(w, &count);
        assert_traffic(&sum, &own.all);
        assert_true(count <= 17);
        usage_months_book_all(months, w->engine, wall);
        sum = sum_of_months(months);
        assert_traffic(&sum, &own.all);
    }
    assert_true(engine_stats(w->engine)->counters[COUNTER_ACCOUNTS_FOLDED] > 0);
    assert_true(engine_stats(w->engine)->counters[COUNTER_ACCOUNTS_FULL] > 0);
    usage_months_free(months);
    world_free(w);
}

/* Who holds ports keeps its account, whoever else sends. */
static void test_flood_takes_no_account_of_an_owner(void **state)
{
    (void)state;
    struct world *w = world_new(16);
    struct usage_months *months = usage_months_new(&w->config.limits, (const uint8_t *)"sixteen bytes...");
    struct account_entry entry;
    const struct usage_month *rows;
    for (unsigned n = 1; n <= 10; n++)
        send_from(w, n, remote, 17, (uint16_t)(2000 + 100 * n), 53, 10);
    for (unsigned i = 0; i < 1000; i++) {
        send_from(w, 11 + i % 29, remote, 1, 0x0800, 0, 10);
        if (i % 3 == 0)
            usage_months_book_all(months, w->engine, NOVEMBER);
    }
    for (unsigned n = 1; n <= 10; n++) {
        assert_int_equal(engine_account_find(w->engine, host_mac(n), &entry), 0);
        assert_traffic(&entry.total, &own.expected[n]);
        assert_int_equal(usage_months_of(months, host_mac(n), &rows), 1);
        assert_traffic(&rows[0].traffic, &own.expected[n]);
    }
    usage_months_free(months);
    world_free(w);
}

/* An account and a binding with counts of its own come back in either order. */
static void test_restore_in_any_order(void **state)
{
    (void)state;
    for (unsigned account_first = 0; account_first < 2; account_first++) {
        struct world *w = world_new(64), *old = world_new(64);
        struct account_entry account, after;
        struct table_cursor cursor = {0};
        struct table_entry binding;
        struct traffic growth;
        struct range range = {shared, 3000, 3099};
        send_from(old, 3, remote, 17, 2050, 53, 10);
        send_from(old, 3, remote, 47, 0, 0, 20);
        assert_int_equal(engine_add(old->engine, old->now, &range, host_mac(3), &old->out), 0);
        send_to(old, 17, 3001, 30);
        assert_int_equal(engine_account_find(old->engine, host_mac(3), &account), 0);
        account.booked = account.total;
        if (account_first)
            assert_int_equal(engine_account_restore(w->engine, &account), 0);
        while (engine_bindings_next(old->engine, old->now, &cursor, &binding))
            assert_int_equal(engine_restore(w->engine, w->now, &binding, &w->out), 0);
        if (!account_first)
            assert_int_equal(engine_account_restore(w->engine, &account), 0);
        assert_int_equal(engine_account_find(w->engine, host_mac(3), &after), 0);
        assert_traffic(&after.total, &own.expected[3]);
        own.expected[3] = (struct traffic){0}; /* of the one world; now of the other */
        assert_false(engine_account_book(w->engine, host_mac(3), &growth));
        send_to(w, 17, 3001, 40);
        assert_true(engine_account_book(w->engine, host_mac(3), &growth));
        assert_traffic(&growth, &own.expected[3]);
        world_free(w);
        world_free(old);
    }
}

static void test_months_and_the_clock(void **state)
{
    (void)state;
    struct world *w = world_new(64);
    w->config.limits.months = 3;
    struct usage_months *months = usage_months_new(&w->config.limits, (const uint8_t *)"sixteen bytes...");
    const struct usage_month *rows;
    const uint64_t times[] = {0,       NOVEMBER, DECEMBER, NOVEMBER, DECEMBER + 31 * DAY, DECEMBER + 62 * DAY,
                              NOVEMBER};
    const unsigned counts[] = {0, 1, 2, 2, 3, 3, 3};
    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        send_from(w, 3, remote, 17, 2050, 53, 10);
        usage_months_book(months, w->engine, host_mac(3), times[i]);
        assert_int_equal(usage_months_of(months, host_mac(3), &rows), counts[i]);
    }
    /* What came before the clock was set is November's; the oldest of four months went, and with it what it had; a
     * clock that went back books with the oldest. */
    assert_int_equal(rows[0].month, 202612);
    assert_int_equal(rows[0].traffic.tx_frames, 2);
    assert_int_equal(rows[1].month, 202701);
    assert_int_equal(rows[2].month, 202702);
    w->config.limits.months = 2;
    assert_int_equal(usage_months_resize(months, &w->config.limits), 0);
    assert_int_equal(usage_months_of(months, host_mac(3), &rows), 2);
    assert_int_equal(rows[0].month, 202701);
    assert_int_equal(rows[0].traffic.tx_frames, 3);
    usage_months_free(months);
    world_free(w);
}

static void test_month_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "2026",    "2026-13", "2026-00", "2026-1", "26-11",
                                      "2026-111", "2026+11", "0000-01", "-026-11", "2026--1"};
    char text[MONTH_TEXT_BYTES];
    month_number month = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(month_parse(bad[i], &month), -EINVAL);
    assert_int_equal(month, 7);
    assert_int_equal(month_parse("2026-11", &month), 0);
    assert_string_equal(month_format(month, text), "2026-11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_owner_is_exact),
        cmocka_unit_test(test_records_match_the_accounts),
        cmocka_unit_test(test_sampling_is_by_count),
        cmocka_unit_test(test_flows_end_by_time),
        cmocka_unit_test(test_full_table_keeps_the_sum),
        cmocka_unit_test(test_flood_takes_no_account_of_an_owner),
        cmocka_unit_test(test_restore_in_any_order),
        cmocka_unit_test(test_months_and_the_clock),
        cmocka_unit_test(test_month_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
