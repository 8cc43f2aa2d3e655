/* test_fast_decide.c: what the fast path would forward, as src/bpf/fast_decide.h decides it, against the engine: random
 * frames with tags, as super-frames and while bindings wait for order. It runs without a kernel and without root;
 * test_fast_program.c does the same with the program in the kernel.
 *
 * SEED and RUNS come from the environment; a mismatch prints the frame. */
#include "../lib/fast_cases.h"
#include "../lib/fast_check.h"
#include "../lib/fast_frames.h"
#include "../lib/fast_native.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RUNS   100
#define FRAMES 2000
#define MS     UINT64_C(1000000)

static void run(uint64_t *seed, struct fast_check *sum)
{
    static struct fast_check c;
    static struct random_frame f;
    static const struct engine_seed engine_seed = {.plain_nonces = true};
    struct config config;
    struct config_address addresses[FRAMES_ADDRESSES];
    struct config_range ranges[FRAMES_RANGES];
    c.run = fast_native_run;
    c.no_daemon_every = 8;
    c.seed = *seed;
    frames_configure(seed, &config, addresses, ranges, true);
    fast_check_begin(&c, &config, &engine_seed, WORLD_BEGIN, NULL);
    for (unsigned side = 0; side < SIDES; side++)
        fast_check_link(&c, (enum side)side, one_in(seed, 2) ? 1000 : one_in(seed, 2) ? 1500 : 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        const uint64_t step = one_in(seed, 200) ? below(seed, 20) * S : below(seed, 10) * MS / 4;
        fast_check_pass(&c, c.now + step);
        frames_random(seed, &config, true, &f);
        const struct fast_check_frame frame = {f.from, f.bytes, f.length, f.gso_size};
        fast_check_give(&c, &frame);
    }
    fast_check_add(sum, &c);
    fast_check_end(&c);
}

static void test_random(void **state)
{
    static struct fast_check sum;
    uint64_t seed = from_environment("SEED", 1);
    (void)state;
    for (uint64_t i = rounds("RUNS", RUNS); i > 0; i--) {
        run(&seed, &sum);
    }
    fast_check_figures(&sum, "random frames, native");
    assert_true(sum.to_owner * 20 > sum.frames && sum.from_owner * 20 > sum.frames &&
                sum.bridged * 50 > sum.frames);
}

static void test_cases(void **state)
{
    static struct fast_check c, sum;
    (void)state;
    c.run = fast_native_run;
    c.no_daemon_every = 8;
    assert_true(fast_cases_replay(&c, NULL, &sum) >= 100);
    fast_check_figures(&sum, "replay cases, native");
}

static void test_corpus(void **state)
{
    static struct fast_check c, sum;
    (void)state;
    c.run = fast_native_run;
    c.no_daemon_every = 8;
    if (fast_cases_corpus(&c, NULL, &sum) == 0)
        skip();
    fast_check_figures(&sum, "corpus, native");
}

/* States. */

static struct fast_check *states_begin(uint8_t bytes[static 62])
{
    static struct fast_check c;
    static struct config config;
    static struct config_address addresses[FRAMES_ADDRESSES];
    static struct config_range ranges[FRAMES_RANGES];
    static const struct engine_seed engine_seed = {.plain_nonces = true};
    uint64_t seed = 1;
    frames_configure(&seed, &config, addresses, ranges, false);
    config.has_router_mac = false;
    config.limits.frame_bytes = 0;
    c.run = fast_native_run;
    c.no_daemon_every = 0;
    fast_check_begin(&c, &config, &engine_seed, WORLD_BEGIN, NULL);
    put_ipv4(bytes, bridge_mac, frames_router(1), remote, frames_address(0), PROTOCOL_UDP, 28);
    put16(bytes + 34, 5353);
    put16(bytes + 36, 2000);
    const struct fast_check_frame frame = {SIDE_UPSTREAM, bytes, 62, 0};
    for (unsigned i = 0; i < 4; i++) {
        fast_check_give(&c, &frame);
        fast_check_pass(&c, c.now + S / 10);
    }
    assert_true(c.forwarded > 0);
    return &c;
}

static struct fast_decision decided(const struct fast_check *c, const uint8_t *bytes, bool has_daemon)
{
    const struct fast_check_frame frame = {SIDE_UPSTREAM, bytes, 62, 0};
    struct fast_view view = view_of(&c->memory, c->now, &frame);
    struct fast_decision decision;
    fast_native_punt(&c->memory, has_daemon);
    fast_decide(&view, &decision);
    return decision;
}

static bool is_forwarded(const struct fast_check *c, const uint8_t *bytes)
{
    return decided(c, bytes, true).verdict == FAST_FORWARDED;
}

static void test_order(void **state)
{
    uint8_t bytes[62];
    struct fast_check *c = states_begin(bytes);
    const struct fast_decision decision = decided(c, bytes, true);
    struct fast_slot *slot = &c->memory.slots[decision.slot];
    const __u64 *passed = c->memory.passed[SIDE_UPSTREAM].frames;
    (void)state;
    assert_int_equal(decision.verdict, FAST_FORWARDED);
    assert_int_equal(decision.port, 2000);
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t before = passed[FAST_SOCKET_RING];
        slot->state[FAST_TO_OWNER] = FAST_PENDING(0, i); /* of this socket, and of the other one */
        assert_false(is_forwarded(c, bytes));
        assert_int_equal(passed[FAST_SOCKET_RING], before + 1);
        assert_int_equal(slot->state[FAST_TO_OWNER], FAST_PENDING(before + 1, FAST_SOCKET_RING));
    }
    const uint64_t later = FAST_PENDING(passed[FAST_SOCKET_RING] + 100, FAST_SOCKET_RING);
    slot->state[FAST_TO_OWNER] = later;
    assert_int_equal(decided(c, bytes, false).verdict, FAST_FORWARDED);
    assert_int_equal(slot->state[FAST_TO_OWNER], later);
    slot->state[FAST_TO_OWNER] = FAST_DEAD;
    const uint64_t before = passed[FAST_SOCKET_RING];
    assert_false(is_forwarded(c, bytes));
    assert_int_equal(passed[FAST_SOCKET_RING], before + 1);
    assert_int_equal(decided(c, bytes, false).verdict, FAST_LEFT);
    assert_int_equal(passed[FAST_SOCKET_RING], before + 1);
    assert_int_equal(slot->state[FAST_TO_OWNER], FAST_DEAD);
    fast_check_end(c);
}

static void test_off(void **state)
{
    uint8_t bytes[62];
    struct fast_check *c = states_begin(bytes);
    struct fast_config *config = c->memory.config;
    const struct fast_config good = *config;
    (void)state;
    assert_true(is_forwarded(c, bytes));
    config->active = 0;
    assert_false(is_forwarded(c, bytes));
    *config = good;
    config->up[SIDE_DOWNSTREAM] = 0;
    assert_false(is_forwarded(c, bytes));
    *config = good;
    config->up[SIDE_UPSTREAM] = 0;
    assert_true(is_forwarded(c, bytes));
    config->refreshed_ns = c->now - config->linger_ns - 1;
    assert_false(is_forwarded(c, bytes));
    *config = good;
    config->ifindex[SIDE_UPSTREAM] = 99;
    assert_false(is_forwarded(c, bytes));
    *config = good;
    config->mac_age_ns = 1; /* seen longer ago, on the clock of the test */
    c->now += 2;
    assert_false(is_forwarded(c, bytes));
    *config = good;
    config->clock_ns = S;
    c->now -= S;
    assert_true(is_forwarded(c, bytes));
    fast_check_end(c);
}

/* A daemon that hangs, and one that is gone though its punt device is still there: nothing waits for it. */
static void test_daemon_is_gone(void **state)
{
    uint8_t bytes[62];
    struct fast_check *c = states_begin(bytes);
    struct fast_slot *slot = &c->memory.slots[decided(c, bytes, true).slot];
    const __u64 *passed = c->memory.passed[SIDE_UPSTREAM].frames;
    (void)state;
    slot->state[FAST_TO_OWNER] = FAST_PENDING(0, FAST_SOCKET_RING);
    const uint64_t before = passed[FAST_SOCKET_RING];
    c->memory.config->refreshed_ns = c->now - FAST_ALIVE_NS + 1;
    assert_false(is_forwarded(c, bytes));
    assert_int_equal(passed[FAST_SOCKET_RING], before + 1);
    c->memory.config->refreshed_ns = c->now - FAST_ALIVE_NS;
    assert_true(is_forwarded(c, bytes));
    slot->state[FAST_TO_OWNER] = FAST_DEAD;
    assert_false(is_forwarded(c, bytes));
    assert_int_equal(passed[FAST_SOCKET_RING], before + 1);
    fast_check_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),          cmocka_unit_test(test_off),
                                       cmocka_unit_test(test_daemon_is_gone), cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_cases),          cmocka_unit_test(test_corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
