/* frame_build.h: bytes of the frames that the bridge and the agent make, by libnet.
 * In: struct tx_frame. Out: an Ethernet frame. Called by: daemon, agent, tests. Never: sends. */
#ifndef PEARPD_FRAME_BUILD_H
#define PEARPD_FRAME_BUILD_H

#include "pearpd/tx_frame.h"

#include <stddef.h>
#include <stdint.h>

/* Enough for every frame that answers one of 64 KiB. */
#define FRAME_BUILD_MAX_BYTES 65600

struct frame_builder;

/* A builder (a libnet context of its own), or NULL: out of memory. */
struct frame_builder *frame_builder_new(void);
void frame_builder_free(struct frame_builder *builder);

/* Writes the frame to `bytes`, padded with zeros to 60 bytes, checksums and AUTH filled in.
 * Its length, or -ENOSPC: `size` is too small, -EINVAL: libnet refused it. */
int frame_build(struct frame_builder *builder, const struct tx_frame *made, uint8_t *bytes, size_t size);

#endif
