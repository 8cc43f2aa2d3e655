/* pending.h: frames kept back: while their owner is asked for, or until their first fragment comes.
 * In: frames, copied. Out: the same, in order. Called by: question, fragment. Never: allocates after
 * hold_new(); decides who goes when it is full, which is the caller's: a new frame is refused.
 *
 * A frame takes as many chunks of 256 bytes as it needs, so that small ones do not take a large one's room. */
#ifndef PEARPD_CORE_PENDING_H
#define PEARPD_CORE_PENDING_H

#include "pearpd/addr.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stdint.h>

#define HOLD_NONE        UINT32_MAX
#define HOLD_CHUNK_BYTES 256
#define HOLD_FRAME_BYTES 66048 /* the longest frame that is held: 64 KiB and its headers */

struct hold;

/* A line of held frames, oldest first. Zeroed is not empty: use hold_line_empty. */
struct hold_line {
    uint32_t first, last, count;
};
extern const struct hold_line hold_line_empty;

/* Room for `frames` frames and, in chunks, `bytes` bytes of them. NULL: out of memory. */
struct hold *hold_new(uint32_t frames, uint32_t bytes);
void hold_free(struct hold *hold);

/* Copies the frame to the end of the line. False: no room. */
bool hold_append(struct hold *hold, struct hold_line *line, enum side from, const struct frame *frame);

/* The oldest of the line and its side; its bytes are the hold's, until the next hold_peek(). False: the line
 * is empty. */
bool hold_peek(struct hold *hold, const struct hold_line *line, enum side *from, struct frame *frame);

/* Gives up the oldest of the line. */
void hold_remove(struct hold *hold, struct hold_line *line);

#endif
