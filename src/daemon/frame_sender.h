/* frame_sender.h: how frames leave the running bridge.
 * In: frames that the engine passes or makes. Out: the queues of the two ports, sent when a turn of the loop is over.
 * Called by: bridge. Never: waits; what a port does not take is reported to the engine as send_failed. */
#ifndef PEARPD_DAEMON_FRAME_SENDER_H
#define PEARPD_DAEMON_FRAME_SENDER_H

#include "pearpd/engine.h"
#include "pearpd/frame.h"
#include "pearpd/frame_port.h"
#include "pearpd/tx_frame.h"

struct frame_sender;

/* Sends to `ports`, one for each side, and reports to *engine; both are the daemon's. NULL: out of memory. */
struct frame_sender *frame_sender_new(struct frame_port *const *ports, struct engine *const *engine);
void frame_sender_free(struct frame_sender *sender);

/* Queues a frame that passes, or one that the bridge makes. */
void frame_sender_send(struct frame_sender *sender, enum side to, const struct frame *frame);
void frame_sender_make(struct frame_sender *sender, enum side to, const struct tx_frame *made);

/* The frame of a ring that the engine looks at: its bytes stay in place until the flush and are not copied. NULL: none. */
void frame_sender_lend(struct frame_sender *sender, const struct frame *frame);

/* Sends what is queued on both sides. */
void frame_sender_flush(struct frame_sender *sender);

#endif
