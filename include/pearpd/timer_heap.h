/* timer_heap.h: what is due next, of many timers (a binary heap).
 * In: times of the caller's. Out: the timers that are due, earliest first; of one time, first set first.
 * Called by: core. Never: asks for the time, allocates after timer_heap_new(). */
#ifndef PEARPD_TIMER_HEAP_H
#define PEARPD_TIMER_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

/* Lives in what it times. Zeroed: at rest. */
struct timer {
    uint64_t due_ns;
    uint64_t order;    /* decides between timers of one time */
    uint32_t position; /* in the heap, from 1; 0: at rest */
    int kind;          /* the caller's: what it lives in */
};

struct timer_heap;

/* Room for `limit` timers. NULL: out of memory. */
struct timer_heap *timer_heap_new(uint32_t limit);
void timer_heap_free(struct timer_heap *heap);

/* Arms, or arms again. More than `limit` timers is a fault of the program, asserted. */
void timer_set(struct timer_heap *heap, struct timer *timer, uint64_t due_ns);
void timer_stop(struct timer_heap *heap, struct timer *timer);
bool timer_armed(const struct timer *timer);

/* The time of the next one, or TIMER_NEVER. */
uint64_t timer_heap_next(const struct timer_heap *heap);

/* Takes out the next one that is due at `now_ns`; NULL: none. */
struct timer *timer_heap_pop(struct timer_heap *heap, uint64_t now_ns);

#endif
