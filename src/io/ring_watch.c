/* ring_watch.c: see ring_watch.h. */
#include "ring_watch.h"

bool ring_watch_look(struct ring_watch *watch, uint32_t head, bool empty, uint64_t dropped)
{
    const bool stuck = dropped > 0 && empty && head == watch->head;
    watch->head = head;
    return stuck;
}
