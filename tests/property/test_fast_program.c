/* test_fast_program.c: the fast path's program in the kernel against the engine, frame by frame (BPF_PROG_TEST_RUN): the
 * replay cases, the corpus, and random frames. Where the program redirects a frame, the engine sends the same bytes by the
 * other side and does nothing else; and it decides as the same code does natively (test_fast_decide.c), which also sees
 * tags and waiting states: a test run has none.
 *
 * Needs the right to load programs; skipped where it is not there, and says why. SEED and RUNS come from the environment. */
#include "../lib/fast_cases.h"
#include "../lib/fast_check.h"
#include "../lib/fast_frames.h"
#include "../lib/fast_native.h"

#include "pearpd/fast_loader.h"

#include <bpf/bpf.h>

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS        500
#define FRAMES      2000
#define MS          UINT64_C(1000000)
#define LONGEST     3000 /* that a test run takes */
#define SHORTEST    54
#define TC_REDIRECT 7
#define TC_UNSPEC   UINT32_MAX
#define LEAVES      FAST_CHECK_LEAVES

static struct fast_loader *loader;
static const struct fast_memory *memory;

static uint64_t kernel_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * S + (uint64_t)now.tv_nsec;
}

/* The program counted just this frame; what it counted is taken back, since the engine counts it, too. */
static void check_counts(const struct fast_counts *before, struct fast_counts *counts,
                         const struct fast_check_frame *f)
{
    const bool up = f->from == SIDE_UPSTREAM;
    assert_int_equal(counts->to_owner_frames - before->to_owner_frames, up);
    assert_int_equal(counts->to_owner_bytes - before->to_owner_bytes, up ? f->length : 0);
    assert_int_equal(counts->from_owner_frames - before->from_owner_frames, !up);
    assert_int_equal(counts->from_owner_bytes - before->from_owner_bytes, up ? 0 : f->length);
    *counts = *before;
}

/* False: a test run takes no such frame, as those that are shorter than their EtherType needs. */
static bool run_program(const struct fast_check_frame *f, uint8_t *out, uint32_t *verdict)
{
    struct __sk_buff context = {.ifindex = FAST_CHECK_IFINDEX + f->from, .gso_size = f->gso_size};
    struct bpf_test_run_opts options;
    memset(&options, 0, sizeof(options)); /* padding, too */
    options.sz = sizeof(options);
    options.data_in = f->bytes;
    options.data_size_in = (uint32_t)f->length;
    options.data_out = out;
    options.data_size_out = FAST_CHECK_BYTES;
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.repeat = 1;
    const int error = bpf_prog_test_run_opts(fast_loader_program_fd(loader), &options);
    if (error == -EINVAL && f->length < SHORTEST)
        return false;
    if (error != 0)
        fprintf(stderr, "# test run: %s\n", strerror(-error));
    assert_int_equal(error, 0);
    assert_int_equal(options.data_size_out, f->length);
    *verdict = options.retval;
    return true;
}

static bool redirect(struct fast_check *c, const struct fast_check_frame *f, uint8_t *out)
{
    struct fast_view view = view_of(memory, c->now, f);
    struct fast_decision decision;
    uint32_t verdict;
    if (f->length < ETH_HEADER_BYTES || f->length > LONGEST)
        return false;
    view.now_ns = kernel_ns();
    memory->config->clock_ns = c->now - view.now_ns;
    fast_decide(&view, &decision);
    const bool native = decision.verdict == FAST_FORWARDED && !view.has_tag;
    struct fast_counts *counts = &memory->counts[native ? decision.slot : 0];
    const struct fast_counts before = *counts;
    if (!run_program(f, out, &verdict))
        return false;
    assert_int_equal(verdict, native ? TC_REDIRECT : TC_UNSPEC);
    if (native)
        check_counts(&before, counts, f);
    c->is_bridged = decision.slot == 0;
    return native;
}

static void begin(struct fast_check *c)
{
    c->run = redirect;
    c->no_tags = true;
    c->no_daemon_every = 1;
}

static void run(uint64_t *seed, struct fast_check *sum)
{
    static struct fast_check c;
    static struct random_frame f;
    static const struct engine_seed engine_seed = {.plain_nonces = true};
    struct config config;
    struct config_address addresses[FRAMES_ADDRESSES];
    struct config_range ranges[FRAMES_RANGES];
    begin(&c);
    c.seed = *seed;
    frames_configure(seed, &config, addresses, ranges, false);
    fast_cases_zero(memory);
    fast_check_begin(&c, &config, &engine_seed, WORLD_BEGIN, memory);
    for (unsigned side = 0; side < SIDES; side++)
        fast_check_link(&c, (enum side)side, one_in(seed, 2) ? 1000 : one_in(seed, 2) ? 1500 : 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        const uint64_t step = one_in(seed, 200) ? below(seed, 20) * S : below(seed, 10) * MS / 4;
        fast_check_pass(&c, c.now + step);
        frames_random(seed, &config, false, &f);
        const struct fast_check_frame frame = {f.from, f.bytes, f.length, f.gso_size};
        if (frame.length <= LONGEST)
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
    if (loader == NULL)
        skip();
    for (uint64_t i = rounds("RUNS", RUNS); i > 0; i--)
        run(&seed, &sum);
    fast_check_figures(&sum, "random frames, in the kernel");
    assert_true(sum.to_owner * 20 > sum.frames && sum.from_owner * 20 > sum.frames &&
                sum.bridged * 50 > sum.frames);
}

static void test_cases(void **state)
{
    static struct fast_check c, sum;
    (void)state;
    if (loader == NULL)
        skip();
    begin(&c);
    assert_true(fast_cases_replay(&c, memory, &sum) >= 100);
    fast_check_figures(&sum, "replay cases, in the kernel");
}

static void test_corpus(void **state)
{
    static struct fast_check c, sum;
    (void)state;
    if (loader == NULL)
        skip();
    begin(&c);
    if (fast_cases_corpus(&c, memory, &sum) == 0)
        skip();
    fast_check_figures(&sum, "corpus, in the kernel");
}

/* A pair of interfaces of its own, which the frames come in by and leave by. */
static bool make_ports(void)
{
    if (unshare(CLONE_NEWNET) != 0 || system("ip link add dev port0 type veth peer name port1") != 0)
        return false;
    return if_nametoindex("port0") + if_nametoindex("port1") == 2 * FAST_CHECK_IFINDEX + 1;
}

static int open_loader(void **state)
{
    char why[FAST_LOADER_WHY_BYTES] = "no network namespace", name[32];
    (void)state;
    snprintf(name, sizeof(name), "test-%d", (int)getpid());
    if (!make_ports() || fast_loader_open(&loader, name, LEAVES, 1, why, sizeof(why)) != 0) {
        printf("# skipped: %s\n", why);
        return 0;
    }
    memory = fast_loader_memory(loader);
    return 0;
}

static int close_loader(void **state)
{
    (void)state;
    fast_loader_close(loader, false);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_corpus)};
    return cmocka_run_group_tests(tests, open_loader, close_loader);
}
