/* tunnel_segments.h: cuts a super-frame of TCP or UDP inside a tunnel (VXLAN, Geneve, GRE, IPIP, 6in4 and the like) into
 * frames. The kernel takes super-frames from a packet socket or a tap only where TCP or UDP is directly behind IP.
 * Called by: packet_port.c, tap_port.c. Never: sends, allocates, changes the super-frame. */
#ifndef PEARPD_TUNNEL_SEGMENTS_H
#define PEARPD_TUNNEL_SEGMENTS_H

#include "pearpd/frame.h"

#include <stddef.h>
#include <stdint.h>

#define TUNNEL_HEADERS_MAX      256 /* bytes from the Ethernet header to the inner payload */
#define TUNNEL_SEGMENTS_MAX     256
#define TUNNEL_TRAINS_MAX_BYTES 131072

enum tunnel_kind {
    TUNNEL_NONE,       /* no super-frame, or one that the kernel takes as it is */
    TUNNEL_SEGMENTS,   /* to be cut */
    TUNNEL_UNSUPPORTED /* neither: a tunnel in a tunnel, ESP, GRE with sequence numbers, too many segments ... */
};

struct tunnel_segments {
    const struct frame *frame;
    size_t outer, outer_l4; /* offsets of the outer IP header and of what follows it */
    size_t inner, inner_l4; /* of the inner IP header and of TCP or UDP */
    size_t payload;         /* of what is cut */
    size_t segment_bytes;   /* of payload in each segment but the last */
    unsigned count;         /* of segments */
    uint8_t outer_protocol, inner_protocol;
};

struct tunnel_segment {
    uint8_t headers[TUNNEL_HEADERS_MAX];
    size_t header_bytes;
    uint8_t *payload; /* in the super-frame */
    size_t payload_bytes;
};

/* What has to be done with a frame; for TUNNEL_SEGMENTS fills in *segments, which borrows the frame. */
enum tunnel_kind tunnel_segments_begin(struct tunnel_segments *segments, const struct frame *frame);

/* Writes segment `index`, below `count`: a whole frame that needs no offload (cards that take a checksum inside a tunnel for one
 * outside would spoil it). Lengths, checksums, IPv4 ids, and the sequence number and flags of TCP are those of the segment; all
 * else is as in the super-frame. */
void tunnel_segments_write(const struct tunnel_segments *segments, unsigned index,
                           struct tunnel_segment *segment);

/* The room that tunnel_segments_train() needs for all segments. 0: the tunnel is not UDP, or they need too much. */
size_t tunnel_segments_train_bytes(const struct tunnel_segments *segments);

/* Where that is not 0: writes segments from *next on as one super-frame of UDP whose every datagram is a segment (Linux 6.2):
 * the kernel carries it in one piece, and cuts it where the path ends. An outer checksum of 0 is filled in. *next moves
 * behind them. Returns its length and fills in its offload state. */
size_t tunnel_segments_train(const struct tunnel_segments *segments, unsigned *next, uint8_t *room,
                             uint8_t offload[static FRAME_OFFLOAD_BYTES]);

#endif
