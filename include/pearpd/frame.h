/* frame.h: one frame on its way through the engine.
 * Filled by io, borrowed by core. Only its two MAC addresses may change. */
#ifndef PEARPD_FRAME_H
#define PEARPD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_OFFLOAD_BYTES 12 /* room for a virtio_net_hdr */

struct frame {
    uint8_t *bytes;                       /* the Ethernet header first, tags in place, no FCS */
    size_t length;                        /* bytes there are */
    size_t wire_length;                   /* bytes there were on the wire; more than `length`: truncated */
    bool super;                           /* a super-frame that the kernel will segment: no limit of length */
    uint8_t offload[FRAME_OFFLOAD_BYTES]; /* checksum and segmentation state from the kernel; core copies it */
};

#endif
