/* packet_frame.h: a frame of a packet socket, as on the wire: its outer tag put back, its offload state beside it.
 * Called by: packet_port.c. */
#ifndef PEARPD_PACKET_FRAME_H
#define PEARPD_PACKET_FRAME_H

#include "pearpd/frame.h"

#include <linux/virtio_net.h>
#include <stdint.h>

#define PACKET_FRAME_BYTES 69632 /* a 64 KiB datagram, its headers and tags; whole pages */

/* What the kernel says of a frame beside its bytes, from a slot or from PACKET_AUXDATA. */
struct packet_notes {
    uint32_t status;
    uint16_t tci, tpid; /* host order */
};

/* `frame` has its bytes, with ETH_TAG_BYTES of room before them, and its lengths; `header` is changed. */
void packet_frame_complete(struct frame *frame, struct virtio_net_hdr *header,
                           const struct packet_notes *notes);

/* Takes the frame at the head of a socket's receive queue into `room`, which has PACKET_FRAME_BYTES; *stamp_ns (may be
 * NULL) is when the kernel received it (CLOCK_REALTIME, with SO_TIMESTAMPNS). 0; -EAGAIN: there is none; -EINVAL: the
 * kernel dropped one whose offload state the header cannot express. */
int packet_frame_receive(int fd, uint8_t *room, struct frame *frame, uint64_t *stamp_ns);

#endif
