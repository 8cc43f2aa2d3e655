/* frame_send.h: the ways out of frames: those that pass, and those that the bridge generates.
 * In: a frame, the side that it leaves by. Out: engine_out.send and engine_out.generate, counted. Called by: all of
 * core. */
#ifndef PEARPD_CORE_FRAME_SEND_H
#define PEARPD_CORE_FRAME_SEND_H

#include "pearpd/engine.h"

/* Sends a frame that passes, or drops it as upstream_mac or oversize. */
struct verdict frame_send(struct engine *e, enum side to, const struct frame *frame);

/* Sends a frame that the bridge generates. */
void tx_frame_send(struct engine *e, enum side to, const struct tx_frame *tx);

/* A frame of the bridge, to be filled: addresses, the subnet's tag and the EtherType (host order) are set. */
struct tx_frame tx_frame_of(const struct engine *e, enum tx_frame_kind kind, struct mac destination,
                            uint16_t ethertype);

#endif
