/* test_fast_path.c: what the engine tells a fast path, when, and what it makes of the frames that passed there. */
#include "../lib/fast_model.h"
#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include "pearpd/eth.h"
#include "pearpd/l4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fast_model model;

/* 2000-2999 are host_a's, by the configuration. */
static struct world *world_fast(void)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    w->ranges[0] = (struct config_range){.range = {shared, 2000, 2999}, .mac = host_a, .name = "a"};
    w->config.range_count = 1;
    world_start(w);
    fast_model_begin(&model, &w->now);
    engine_fast_set(w->engine, w->now, &model.path);
    return w;
}

static int teardown(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static int setup(void **state)
{
    *state = world_fast();
    return 0;
}

static struct table_entry entry_at(struct world *w, uint16_t port)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    while (engine_bindings_next(w->engine, w->now, &cursor, &entry))
        if (entry.range.first <= port && port <= entry.range.last)
            return entry;
    fail_msg("no binding has port %u", port);
    return entry;
}

static struct traffic total_of(struct world *w, struct mac mac)
{
    struct account_entry account;
    assert_int_equal(engine_account_find(w->engine, mac, &account), 0);
    return account.total;
}

/* What is configured is put at once. Its frames are in its counts, its owner's account, its times and both sides of the
 * equation. */
static void test_configured_is_put_and_counted(void **state)
{
    struct world *w = *state;
    struct fast_model_slot *slot = fast_model_find(&model, shared, 2500);
    assert_non_null(slot);
    assert_true(mac_equal(slot->owner, host_a));
    const struct engine_stats before = *engine_stats(w->engine);
    fast_model_to(&model, slot, 100);
    fast_model_to(&model, slot, 60);
    w->now += S;
    fast_model_from(&model, slot, 2001, 1500);
    model.bridged[SIDE_DOWNSTREAM] = 5;
    w->now += S;
    engine_fast_harvest(w->engine, w->now);
    const struct table_entry entry = entry_at(w, 2000);
    assert_int_equal(entry.rx_frames, 2);
    assert_int_equal(entry.rx_bytes, 160);
    assert_int_equal(entry.tx_frames, 1);
    assert_int_equal(entry.tx_bytes, 1500);
    assert_int_equal(entry.seen_ns, S);
    assert_int_equal(total_of(w, host_a).rx_bytes, 160);
    const struct engine_stats *after = engine_stats(w->engine);
    assert_int_equal(after->in[SIDE_UPSTREAM] - before.in[SIDE_UPSTREAM], 2);
    assert_int_equal(after->out[SIDE_DOWNSTREAM] - before.out[SIDE_DOWNSTREAM], 2);
    assert_int_equal(after->in[SIDE_DOWNSTREAM] - before.in[SIDE_DOWNSTREAM], 6);
    assert_int_equal(after->out[SIDE_UPSTREAM] - before.out[SIDE_UPSTREAM], 6);
}

/* NULL ends it: counts are kept, and nothing is put any more. */
static void test_ends(void **state)
{
    struct world *w = *state;
    fast_model_to(&model, fast_model_find(&model, shared, 2500), 100);
    engine_fast_set(w->engine, w->now, NULL);
    assert_int_equal(entry_at(w, 2000).rx_frames, 1);
    assert_int_equal(model.counts[FAST_CLEAR], 1);
    const unsigned calls = model.call_count;
    const struct range range = {shared, 5000, 5999};
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    engine_fast_harvest(w->engine, w->now);
    assert_int_equal(model.call_count, calls);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_configured_is_put_and_counted),
        TEST(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
