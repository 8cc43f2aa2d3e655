/* test_rate.c: no window sees more than the rate and its burst. */
#include "pearpd/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void test_burst_then_rate(void **state)
{
    (void)state;
    struct rate_limit limit = rate_limit_of(5, 10);
    struct rate rate = {0};
    uint64_t now = 77 * SECOND;
    for (unsigned i = 0; i < 10; i++)
        assert_true(rate_take(&rate, limit, now));
    assert_false(rate_take(&rate, limit, now));
    assert_int_equal(rate_next(&rate, limit, now), now + SECOND / 5);
    assert_false(rate_take(&rate, limit, now + SECOND / 5 - 1));
    assert_true(rate_take(&rate, limit, now + SECOND / 5));
    assert_false(rate_take(&rate, limit, now + SECOND / 5));
}

static void test_burst_of_one(void **state)
{
    (void)state;
    struct rate_limit limit = rate_limit_of(1, 1);
    struct rate rate = {0};
    assert_true(rate_take(&rate, limit, 0));
    assert_false(rate_take(&rate, limit, SECOND - 1));
    assert_true(rate_take(&rate, limit, SECOND));
}

static void test_random_windows(void **state)
{
    (void)state;
    enum { TAKEN = 2000, RATE = 15, BURST = 4 };
    static uint64_t at[TAKEN];
    struct rate_limit limit = rate_limit_of(RATE, BURST);
    struct rate rate = {0};
    uint64_t now = 0;
    unsigned taken = 0;
    srand(3);
    while (taken < TAKEN) {
        now += (uint64_t)rand() % (SECOND / 40);
        if (rate_take(&rate, limit, now))
            at[taken++] = now;
    }
    for (unsigned i = 0; i < TAKEN; i++)
        for (unsigned j = i; j < TAKEN && j < i + 200; j++)
            assert_true(j - i + 1 <= BURST + (at[j] - at[i]) * RATE / SECOND + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_burst_of_one),
        cmocka_unit_test(test_random_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
