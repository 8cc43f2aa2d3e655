/* verdict.c: the one place that a frame ends in, and its count.
 * Called by: all of core. Never: sends. */
#include "internal.h"

struct verdict verdict_dropped(enum drop_reason reason)
{
    return (struct verdict){.fate = FATE_DROPPED, .reason = reason};
}

struct verdict verdict_consumed(enum consumed_kind kind)
{
    return (struct verdict){.fate = FATE_CONSUMED, .consumed = kind};
}

/* Where `sent` frames are counted is emit(). */
void verdict_count(struct engine *e, struct verdict verdict)
{
    switch (verdict.fate) {
    case FATE_SENT:
        break;
    case FATE_HELD:
        e->stats.held++;
        break;
    case FATE_CONSUMED:
        e->stats.consumed[verdict.consumed]++;
        break;
    case FATE_DROPPED:
        e->stats.drops[verdict.reason]++;
        break;
    }
}

void settle_held(struct engine *e, struct verdict verdict)
{
    e->stats.held--;
    verdict_count(e, verdict);
}
