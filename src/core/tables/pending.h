/* pending.h: frames kept back: while their owner is asked for, or until their first fragment comes.
 * In: frames, copied. Out: the same, in order. Called by: question, fragment. Never: allocates after
 * pending_new(); decides who goes when it is full, which is the caller's: a new frame is refused.
 *
 * A frame takes as many chunks of 256 bytes as it needs, so that small ones do not take a large one's room. */
#ifndef PEARPD_CORE_PENDING_H
#define PEARPD_CORE_PENDING_H

#include "pearpd/addr.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stdint.h>

#define PENDING_NONE        UINT32_MAX
#define PENDING_CHUNK_BYTES 256
#define PENDING_FRAME_BYTES 66048 /* the longest frame that is held: 64 KiB and its headers */

struct pending;

/* A line of held frames, oldest first. Zeroed is not empty: use pending_queue_empty. */
struct pending_queue {
    uint32_t first, last, count;
};
extern const struct pending_queue pending_queue_empty;

/* Room for `frames` frames and, in chunks, `bytes` bytes of them. NULL: out of memory. */
struct pending *pending_new(uint32_t frames, uint32_t bytes);
void pending_free(struct pending *pending);

/* Copies the frame to the end of the line. False: no room. */
bool pending_append(struct pending *pending, struct pending_queue *queue, enum side from,
                    const struct frame *frame);

/* The oldest of the line and its side; its bytes are the hold's, until the next pending_peek(). False: the line
 * is empty. */
bool pending_peek(struct pending *pending, const struct pending_queue *queue, enum side *from,
                  struct frame *frame);

/* Gives up the oldest of the line. */
void pending_remove(struct pending *pending, struct pending_queue *queue);

#endif
