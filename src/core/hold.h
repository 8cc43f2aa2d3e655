/* hold.h: frames kept back while their owner is asked for.
 * In: frames, copied. Out: the same, in order. Called by: question. Never: allocates after hold_new().
 *
 * Slots of 2 KiB ([limits] held-frames), of which some have room for a super-frame behind them
 * ([limits] held-super-frames). When there is no slot a new frame is refused: an old one has waited
 * longer and its answer is nearer. */
#ifndef PEARPD_CORE_HOLD_H
#define PEARPD_CORE_HOLD_H

#include "pearpd/addr.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stdint.h>

#define HOLD_NONE        UINT32_MAX
#define HOLD_FRAME_BYTES 2048
#define HOLD_SUPER_BYTES 65664

struct hold;

/* A line of held frames, oldest first. Zeroed is not empty: use hold_line_empty. */
struct hold_line {
    uint32_t first, last, count;
};
extern const struct hold_line hold_line_empty;

/* NULL: out of memory. */
struct hold *hold_new(uint32_t frames, uint32_t super_frames);
void hold_free(struct hold *hold);

/* Copies the frame to the end of the line. False: no room. */
bool hold_append(struct hold *hold, struct hold_line *line, enum side from, const struct frame *frame);

/* The oldest of the line: its frame (the slot's own bytes) and side. False: the line is empty. */
bool hold_peek(struct hold *hold, const struct hold_line *line, enum side *from, struct frame *frame);

/* Gives the oldest of the line its slot back. */
void hold_remove(struct hold *hold, struct hold_line *line);

#endif
