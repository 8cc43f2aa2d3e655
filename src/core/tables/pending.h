/* pending.h: frames that wait until the resolver finds their owner, or until the first fragment arrives. In:
 * frames, copied. Out: the same, in order. Called by: resolver, datagram, fragment_rules. Never: allocates after
 * pending_new(); evicts a frame: when it is full a new one is refused.
 *
 * A frame takes as many chunks of 256 bytes as it needs, so small frames do not take the room of large ones. */
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

/* A queue of pending frames, oldest first. A zeroed one is not empty: use pending_queue_empty. */
struct pending_queue {
    uint32_t first, last, count;
};
extern const struct pending_queue pending_queue_empty;

/* Room for `frames` frames and, in chunks, `bytes` bytes of them. NULL: out of memory. */
struct pending *pending_new(uint32_t frames, uint32_t bytes);
void pending_free(struct pending *pending);

/* Copies the frame to the end of the queue. False: no room. */
bool pending_append(struct pending *pending, struct pending_queue *queue, enum side from,
                    const struct frame *frame);

/* The oldest frame of the queue and its side; its bytes are borrowed until the next pending_peek(). False: the
 * queue is empty. */
bool pending_peek(struct pending *pending, const struct pending_queue *queue, enum side *from,
                  struct frame *frame);

/* Removes the oldest frame of the queue. */
void pending_remove(struct pending *pending, struct pending_queue *queue);

#endif
