/* frame_sender.c: see frame_sender.h. */
#include "frame_sender.h"

#include "pearpd/frame_build.h"

#include <stdlib.h>

struct frame_sender {
    struct frame_port *const *ports;
    struct engine *const *engine;
    struct frame_builder *builder;
    const struct frame *lent;
    uint8_t made[FRAME_BUILD_MAX_BYTES];
};

struct frame_sender *frame_sender_new(struct frame_port *const *ports, struct engine *const *engine)
{
    struct frame_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return NULL;
    sender->ports = ports;
    sender->engine = engine;
    sender->builder = frame_builder_new();
    if (sender->builder != NULL)
        return sender;
    free(sender);
    return NULL;
}

void frame_sender_free(struct frame_sender *sender)
{
    if (sender == NULL)
        return;
    frame_builder_free(sender->builder);
    free(sender);
}

static void flush_side(struct frame_sender *sender, enum side side)
{
    const uint64_t failed = frame_port_flush(sender->ports[side]);
    if (failed > 0)
        engine_send_failed(*sender->engine, side, failed);
}

void frame_sender_flush(struct frame_sender *sender)
{
    for (unsigned side = 0; side < SIDES; side++)
        flush_side(sender, (enum side)side);
}

void frame_sender_lend(struct frame_sender *sender, const struct frame *frame)
{
    sender->lent = frame;
}

static bool queue(struct frame_sender *sender, enum side to, const struct frame *frame)
{
    if (sender->lent != NULL && frame->bytes == sender->lent->bytes)
        return frame_port_queue(sender->ports[to], frame);
    return frame_port_queue_copy(sender->ports[to], frame);
}

void frame_sender_send(struct frame_sender *sender, enum side to, const struct frame *frame)
{
    if (queue(sender, to, frame))
        return;
    flush_side(sender, to);
    if (!queue(sender, to, frame))
        engine_send_failed(*sender->engine, to, 1);
}

void frame_sender_make(struct frame_sender *sender, enum side to, const struct tx_frame *made)
{
    const int length = frame_build(sender->builder, made, sender->made, sizeof(sender->made));
    if (length < 0) {
        engine_send_failed(*sender->engine, to, 1);
        return;
    }
    const struct frame frame = {.bytes = sender->made, .length = (size_t)length, .wire_length = (size_t)length};
    frame_sender_send(sender, to, &frame);
}
