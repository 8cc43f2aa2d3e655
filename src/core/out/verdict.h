/* verdict.h: the one place that a frame ends in, and its count.
 * Called by: all of core. Never: sends. */
#ifndef PEARPD_CORE_VERDICT_H
#define PEARPD_CORE_VERDICT_H

#include "pearpd/engine.h"

static inline struct verdict verdict_dropped(enum drop_reason reason)
{
    return (struct verdict){.fate = FATE_DROPPED, .reason = reason};
}

static inline struct verdict verdict_consumed(enum consumed_kind kind)
{
    return (struct verdict){.fate = FATE_CONSUMED, .consumed = kind};
}

/* Counts where a frame ended. One that is sent is counted by frame_send.c. */
void verdict_count(struct engine *e, struct verdict verdict);

/* The same for a frame that was held until now. */
void verdict_count_held(struct engine *e, struct verdict verdict);

/* Counts frames that the fast path forwarded: in by `from`, out by the other side. */
void verdict_count_forwarded(struct engine *e, enum side from, uint64_t frames);

#endif
