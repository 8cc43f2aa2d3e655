/* fuzz_tunnel.c: super-frames of tunnels: what is cut lies inside of the frame, and the segments are all of its payload.
 * Input: the offload state as the kernel gives it (10 bytes), whether the length of the inner IP header is to be right (2), how
 * many bytes of payload follow the rest (2), the rest. */
#include "pearpd/cursor.h"

#include "../lib/frame_tools.h"
#include "tunnel_segments.h"

#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 66000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static unsigned get16(const uint8_t *bytes)
{
    return (unsigned)(bytes[0] << 8 | bytes[1]);
}

/* The lengths of the outer header are those of the segment. */
static void check_outer(const struct tunnel_segments *s, const struct tunnel_segment *one)
{
    const uint8_t *ip = one->headers + s->outer;
    const size_t length = one->header_bytes + one->payload_bytes - s->outer;
    if (ip[0] >> 4 == 4)
        must(get16(ip + 2) == length);
    else
        must(get16(ip + 4) == length - 40);
}

static void check_segments(const struct tunnel_segments *s, const struct frame *frame)
{
    uint8_t *at = frame->bytes + s->payload;
    must(s->count > 0 && s->count <= TUNNEL_SEGMENTS_MAX && s->payload <= TUNNEL_HEADERS_MAX);
    must(s->outer < s->outer_l4 && s->outer_l4 <= s->inner && s->inner < s->inner_l4);
    must(s->inner_l4 < s->payload && s->payload <= frame->length);
    for (unsigned i = 0; i < s->count; i++) {
        struct tunnel_segment one;
        tunnel_segments_write(s, i, &one);
        must(one.header_bytes == s->payload && one.payload == at && one.payload_bytes <= s->segment_bytes);
        must(i + 1 == s->count || one.payload_bytes == s->segment_bytes);
        check_outer(s, &one);
        at += one.payload_bytes;
    }
    must(at == frame->bytes + frame->length);
}

static void check_trains(const struct tunnel_segments *s)
{
    const size_t size = tunnel_segments_train_bytes(s);
    if (size == 0)
        return;
    must(size <= TUNNEL_TRAINS_MAX_BYTES);
    uint8_t *room = malloc(size), offload[FRAME_OFFLOAD_BYTES];
    must(room != NULL);
    for (unsigned next = 0; next < s->count;) {
        const unsigned before = next;
        const size_t length = tunnel_segments_train(s, &next, room, offload);
        must(next > before && next <= s->count && length > s->payload && length <= size);
    }
    free(room);
}

/* The inner IP header, before layer 4, gets the length that it should have. */
static void whole_length(const struct frame *frame)
{
    struct virtio_net_hdr header;
    memcpy(&header, frame->offload, sizeof(header));
    for (size_t bytes = 20; bytes <= 40; bytes += 20) {
        const size_t at = header.csum_start - bytes;
        if (header.csum_start < bytes || header.csum_start >= frame->length)
            continue;
        const size_t rest = frame->length - at;
        uint8_t *ip = frame->bytes + at;
        if (bytes == 20 && ip[0] == 0x45)
            put16(ip + 2, (unsigned)rest);
        if (bytes == 40 && ip[0] >> 4 == 6)
            put16(ip + 4, (unsigned)rest - 40);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_over(data, size);
    struct frame frame = {0};
    struct tunnel_segments segments;
    const uint8_t *offload = rd_bytes(&r, FRAME_OFFLOAD_BYTES);
    const size_t more = rd_u16(&r), rest = rd_left(&r);
    const uint8_t *bytes = rd_bytes(&r, rest);
    if (offload == NULL || bytes == NULL || rest == 0 || rest + more > FRAME_MAX)
        return 0;
    memcpy(frame.offload, offload, FRAME_OFFLOAD_BYTES);
    /* A block of just its size, so that a read past its end is seen. */
    frame.length = frame.wire_length = rest + more;
    frame.bytes = malloc(frame.length);
    uint8_t *copy = malloc(frame.length);
    must(frame.bytes != NULL && copy != NULL);
    memcpy(frame.bytes, bytes, rest);
    memset(frame.bytes + rest, 0x5a, more);
    if (frame.offload[sizeof(struct virtio_net_hdr)] & 1)
        whole_length(&frame);
    memcpy(copy, frame.bytes, frame.length);
    frame.super = frame.offload[1] != 0;
    if (tunnel_segments_begin(&segments, &frame) == TUNNEL_SEGMENTS) {
        check_segments(&segments, &frame);
        check_trains(&segments);
    }
    must(memcmp(copy, frame.bytes, frame.length) == 0);
    free(copy);
    free(frame.bytes);
    return 0;
}
