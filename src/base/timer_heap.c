/* timer_heap.c: see timer_heap.h. */
#include "pearpd/timer_heap.h"

#include <assert.h>
#include <stdlib.h>

struct timer_heap {
    uint32_t limit, count;
    uint64_t order;
    struct timer **at; /* from 1 */
};

struct timer_heap *timer_heap_new(uint32_t limit)
{
    struct timer_heap *heap = calloc(1, sizeof(*heap));
    if (heap == NULL)
        return NULL;
    heap->limit = limit;
    heap->at = calloc((size_t)limit + 1, sizeof(struct timer *));
    if (heap->at == NULL) {
        free(heap);
        return NULL;
    }
    return heap;
}

void timer_heap_free(struct timer_heap *heap)
{
    if (heap == NULL)
        return;
    free(heap->at);
    free(heap);
}

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void place(struct timer_heap *heap, struct timer *timer, uint32_t position)
{
    heap->at[position] = timer;
    timer->position = position;
}

static void rise(struct timer_heap *heap, struct timer *timer, uint32_t position)
{
    while (position > 1 && before(timer, heap->at[position / 2])) {
        place(heap, heap->at[position / 2], position);
        position /= 2;
    }
    place(heap, timer, position);
}

static void sink(struct timer_heap *heap, struct timer *timer, uint32_t position)
{
    for (;;) {
        uint32_t child = position * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && before(heap->at[child + 1], heap->at[child]))
            child++;
        if (!before(heap->at[child], timer))
            break;
        place(heap, heap->at[child], position);
        position = child;
    }
    place(heap, timer, position);
}

void timer_set(struct timer_heap *heap, struct timer *timer, uint64_t due_ns)
{
    timer_stop(heap, timer);
    assert(heap->count < heap->limit);
    timer->due_ns = due_ns;
    timer->order = heap->order++;
    heap->count++;
    rise(heap, timer, heap->count);
}

void timer_stop(struct timer_heap *heap, struct timer *timer)
{
    uint32_t hole = timer->position;
    if (hole == 0)
        return;
    timer->position = 0;
    struct timer *moved = heap->at[heap->count--];
    if (moved == timer)
        return;
    if (hole > 1 && before(moved, heap->at[hole / 2]))
        rise(heap, moved, hole);
    else
        sink(heap, moved, hole);
}

bool timer_armed(const struct timer *timer)
{
    return timer->position != 0;
}

uint64_t timer_heap_next(const struct timer_heap *heap)
{
    return heap->count == 0 ? TIMER_NEVER : heap->at[1]->due_ns;
}

struct timer *timer_heap_pop(struct timer_heap *heap, uint64_t now_ns)
{
    if (timer_heap_next(heap) > now_ns || heap->count == 0)
        return NULL;
    struct timer *timer = heap->at[1];
    timer_stop(heap, timer);
    return timer;
}
