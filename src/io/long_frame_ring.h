/* long_frame_ring.h: a small send ring for frames that sendmsg() refuses: the kernel lets a frame of a packet socket exceed the
 * MTU by a tag only where that is 0x8100, but takes 0x88a8 alike from a ring with offload headers.
 * Called by: packet_port.c. */
#ifndef PEARPD_LONG_FRAME_RING_H
#define PEARPD_LONG_FRAME_RING_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

struct long_frame_ring {
    int fd; /* borrowed; -1: none. From the first frame on all that it sends comes from the ring */
    uint8_t *slots;
    unsigned next;
};

/* Makes a packet socket ready, before it is used; it has PACKET_VNET_HDR. The ring itself, 1 MiB, is made for the first frame and needs
 * no capability. 0 or -Exxx. */
int long_frame_ring_begin(struct long_frame_ring *ring, int fd);
void long_frame_ring_end(struct long_frame_ring *ring);

/* Sends one frame on the interface that the socket is bound to; nothing is borrowed. 0 or -Exxx. Never waits. */
int long_frame_ring_send(struct long_frame_ring *ring, const struct virtio_net_hdr *header,
                         const uint8_t *bytes, size_t length);

#endif
