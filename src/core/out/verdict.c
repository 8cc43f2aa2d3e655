/* verdict.c: see verdict.h. */
#include "verdict.h"

#include "engine_state.h"

/* Frames that are sent are counted by frame_send(). */
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

void verdict_count_held(struct engine *e, struct verdict verdict)
{
    e->stats.held--;
    verdict_count(e, verdict);
}

void verdict_count_forwarded(struct engine *e, enum side from, uint64_t frames)
{
    e->stats.in[from] += frames;
    e->stats.out[side_other(from)] += frames;
}
