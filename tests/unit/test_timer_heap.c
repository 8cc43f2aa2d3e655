/* test_timer_heap.c: timers come out in the order of their times, and of their setting. */
#include "pearpd/timer_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_order(void **state)
{
    (void)state;
    struct timer_heap *heap = timer_heap_new(8);
    struct timer a = {0}, b = {0}, c = {0};
    assert_int_equal(timer_heap_next(heap), TIMER_NEVER);
    timer_set(heap, &a, 20);
    timer_set(heap, &b, 10);
    timer_set(heap, &c, 10);
    assert_int_equal(timer_heap_next(heap), 10);
    assert_null(timer_heap_pop(heap, 9));
    assert_ptr_equal(timer_heap_pop(heap, 30), &b);
    assert_ptr_equal(timer_heap_pop(heap, 30), &c);
    assert_false(timer_armed(&b));
    assert_true(timer_armed(&a));
    assert_ptr_equal(timer_heap_pop(heap, 20), &a);
    assert_null(timer_heap_pop(heap, UINT64_MAX));
    timer_heap_free(heap);
}

static void test_set_anew_and_stop(void **state)
{
    (void)state;
    struct timer_heap *heap = timer_heap_new(8);
    struct timer a = {0}, b = {0};
    timer_set(heap, &a, 10);
    timer_set(heap, &b, 20);
    timer_set(heap, &a, 30);
    assert_int_equal(timer_heap_next(heap), 20);
    timer_stop(heap, &b);
    timer_stop(heap, &b);
    assert_ptr_equal(timer_heap_pop(heap, 30), &a);
    timer_heap_free(heap);
}

static void test_random(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct timer timers[COUNT];
    struct timer_heap *heap = timer_heap_new(COUNT);
    srand(2);
    for (unsigned i = 0; i < 20 * COUNT; i++) {
        struct timer *timer = &timers[rand() % COUNT];
        if (rand() % 3 == 0)
            timer_stop(heap, timer);
        else
            timer_set(heap, timer, (uint64_t)rand() % 1000);
    }
    unsigned armed = 0;
    for (unsigned i = 0; i < COUNT; i++)
        armed += timer_armed(&timers[i]);
    uint64_t last_due = 0, last_order = 0;
    for (struct timer *timer; (timer = timer_heap_pop(heap, 1000)) != NULL; armed--) {
        assert_true(timer->due_ns > last_due || (timer->due_ns == last_due && timer->order >= last_order));
        last_due = timer->due_ns;
        last_order = timer->order;
    }
    assert_int_equal(armed, 0);
    timer_heap_free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_set_anew_and_stop),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
