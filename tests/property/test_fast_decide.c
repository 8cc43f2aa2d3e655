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

static uint64_t passed_of(const struct fast_memory *memory)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SIDES; i++)
        sum += memory->passed[i].frames[0] + memory->passed[i].frames[1];
    return sum;
}

/* As fast_path.bpf.c does with the decision. */
static bool decide(struct fast_check *c, const struct fast_check_frame *f, uint8_t *out)
{
    struct fast_view view = view_of(&c->memory, c->now, f);
    struct fast_decision decision;
    const uint32_t class = fast_class(&view);
    const uint32_t socket = c->frames % 8 == 0 ? FAST_NO_SOCKET : class;
    const uint64_t before = passed_of(&c->memory);
    fast_decide(&view, socket, &decision);
    assert_true(fast_is_about(&view, &decision));
    if (decision.verdict != FAST_FORWARDED) {
        assert_int_equal(decision.verdict, FAST_LEFT);
        assert_int_equal(passed_of(&c->memory) - before, socket == FAST_NO_SOCKET ? 0 : 1);
        return false;
    }
    assert_int_equal(passed_of(&c->memory), before);
    assert_int_equal(decision.side, f->from);
    memcpy(out, f->bytes, f->length);
    fast_rewrite(&c->memory, &decision, out);
    c->is_bridged = decision.slot == 0;
    return true;
}

static void run(uint64_t *seed, struct fast_check *sum)
{
    static struct fast_check c;
    static struct random_frame f;
    static const struct engine_seed engine_seed = {.plain_nonces = true};
    struct config config;
    struct config_address addresses[FRAMES_ADDRESSES];
    struct config_range ranges[2 * FRAMES_HOSTS];
    c.run = decide;
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
    c.run = decide;
    assert_true(fast_cases_replay(&c, NULL, &sum) >= 100);
    fast_check_figures(&sum, "replay cases, native");
}

static void test_corpus(void **state)
{
    static struct fast_check c, sum;
    (void)state;
    c.run = decide;
    if (fast_cases_corpus(&c, NULL, &sum) == 0)
        skip();
    fast_check_figures(&sum, "corpus, native");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
