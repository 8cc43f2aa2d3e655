/* test_ring_watch.c: when a receive ring counts as stuck. The ring is a stub as tpacket_rcv() behaves. */
#include "ring_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SLOTS 4

/* Frames come at `filled`, pearpd takes at `taken`. */
struct stub {
    uint32_t filled, taken;
    uint64_t dropped; /* since the last look */
    bool stuck;
    struct ring_watch watch;
};

static void frames_come(struct stub *ring, unsigned count)
{
    for (; count > 0; count--)
        if (ring->stuck || ring->filled - ring->taken == SLOTS)
            ring->dropped++;
        else
            ring->filled++;
}

static void bad_frame_comes(struct stub *ring)
{
    ring->dropped++;
    ring->stuck = true;
}

static void take(struct stub *ring, unsigned count)
{
    for (; count > 0 && ring->taken != ring->filled; count--)
        ring->taken++;
}

static bool look(struct stub *ring)
{
    const uint64_t dropped = ring->dropped;
    ring->dropped = 0;
    return ring_watch_look(&ring->watch, ring->taken, ring->taken == ring->filled, dropped);
}

static void test_stuck_ring(void **state)
{
    (void)state;
    struct stub ring = {0};
    assert_false(look(&ring));
    bad_frame_comes(&ring);
    assert_true(look(&ring)); /* before another frame is lost, if nobody sends */
    assert_false(look(&ring));
    frames_come(&ring, 1);
    assert_true(look(&ring));
}

/* Frames that came before the bad one are taken between two looks: the second look finds it. */
static void test_stuck_behind_frames(void **state)
{
    (void)state;
    struct stub ring = {0};
    frames_come(&ring, 3);
    bad_frame_comes(&ring);
    frames_come(&ring, 2);
    take(&ring, SLOTS);
    assert_false(look(&ring));
    frames_come(&ring, 1);
    assert_true(look(&ring));
}

static void test_full_ring_is_not_stuck(void **state)
{
    (void)state;
    struct stub ring = {0};
    for (unsigned i = 0; i < 10; i++) {
        frames_come(&ring, SLOTS + 3);
        assert_false(look(&ring)); /* pearpd does not get to it */
        frames_come(&ring, 2);
        take(&ring, i % 2 == 0 ? SLOTS : 1);
        assert_false(look(&ring));
    }
}

static void test_idle_and_busy_rings_are_not_stuck(void **state)
{
    (void)state;
    struct stub ring = {0};
    for (unsigned i = 0; i < 100; i++) {
        frames_come(&ring, i % 3);
        take(&ring, SLOTS);
        assert_false(look(&ring));
        assert_false(look(&ring));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stuck_ring),
        cmocka_unit_test(test_stuck_behind_frames),
        cmocka_unit_test(test_full_ring_is_not_stuck),
        cmocka_unit_test(test_idle_and_busy_rings_are_not_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
