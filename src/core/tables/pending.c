/* pending.c: see pending.h. */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct frame frame; /* without its bytes */
    enum side from;
    uint32_t next;
    uint32_t chunk; /* the first of its chunks */
};

struct pending {
    uint32_t free, free_chunk, free_chunks;
    struct slot *slots;
    uint32_t *chunk_next;
    uint8_t *bytes;
    uint8_t *whole; /* the frame of the last pending_peek(), in one piece */
};

const struct pending_queue pending_queue_empty = {PENDING_NONE, PENDING_NONE, 0};

struct pending *pending_new(uint32_t frames, uint32_t bytes)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL)
        return NULL;
    uint32_t chunks = bytes / PENDING_CHUNK_BYTES;
    pending->slots = calloc(frames, sizeof(*pending->slots));
    pending->chunk_next = calloc((size_t)chunks + 1, sizeof(*pending->chunk_next));
    pending->bytes = calloc((size_t)chunks + 1, PENDING_CHUNK_BYTES);
    pending->whole = malloc(PENDING_FRAME_BYTES);
    if (pending->slots == NULL || pending->chunk_next == NULL || pending->bytes == NULL ||
        pending->whole == NULL) {
        pending_free(pending);
        return NULL;
    }
    for (uint32_t i = 0; i < frames; i++)
        pending->slots[i].next = i + 1 < frames ? i + 1 : PENDING_NONE;
    for (uint32_t i = 0; i < chunks; i++)
        pending->chunk_next[i] = i + 1 < chunks ? i + 1 : PENDING_NONE;
    pending->free_chunk = chunks > 0 ? 0 : PENDING_NONE;
    pending->free_chunks = chunks;
    return pending;
}

void pending_free(struct pending *pending)
{
    if (pending == NULL)
        return;
    free(pending->slots);
    free(pending->chunk_next);
    free(pending->bytes);
    free(pending->whole);
    free(pending);
}

static uint32_t chunks_of(size_t length)
{
    return (uint32_t)((length + PENDING_CHUNK_BYTES - 1) / PENDING_CHUNK_BYTES);
}

static size_t part_of(size_t left)
{
    return left < PENDING_CHUNK_BYTES ? left : PENDING_CHUNK_BYTES;
}

/* Takes the chunks of `length` bytes, which are there. */
static uint32_t chunks_fill(struct pending *pending, const uint8_t *bytes, size_t length)
{
    uint32_t first = pending->free_chunk, last = PENDING_NONE;
    for (size_t at = 0; at < length; at += PENDING_CHUNK_BYTES) {
        last = pending->free_chunk;
        memcpy(pending->bytes + (size_t)last * PENDING_CHUNK_BYTES, bytes + at, part_of(length - at));
        pending->free_chunk = pending->chunk_next[last];
        pending->free_chunks--;
    }
    if (last == PENDING_NONE)
        return PENDING_NONE;
    pending->chunk_next[last] = PENDING_NONE;
    return first;
}

bool pending_append(struct pending *pending, struct pending_queue *queue, enum side from,
                    const struct frame *frame)
{
    if (pending->free == PENDING_NONE || frame->length > PENDING_FRAME_BYTES ||
        chunks_of(frame->length) > pending->free_chunks)
        return false;
    uint32_t index = pending->free;
    struct slot *slot = &pending->slots[index];
    pending->free = slot->next;
    slot->frame = *frame;
    slot->from = from;
    slot->next = PENDING_NONE;
    slot->chunk = chunks_fill(pending, frame->bytes, frame->length);
    if (queue->count++ == 0)
        queue->first = index;
    else
        pending->slots[queue->last].next = index;
    queue->last = index;
    return true;
}

bool pending_peek(struct pending *pending, const struct pending_queue *queue, enum side *from,
                  struct frame *frame)
{
    if (queue->count == 0)
        return false;
    const struct slot *slot = &pending->slots[queue->first];
    uint32_t chunk = slot->chunk;
    *from = slot->from;
    *frame = slot->frame;
    frame->bytes = pending->whole;
    for (size_t at = 0; at < frame->length; at += PENDING_CHUNK_BYTES, chunk = pending->chunk_next[chunk])
        memcpy(pending->whole + at, pending->bytes + (size_t)chunk * PENDING_CHUNK_BYTES,
               part_of(frame->length - at));
    return true;
}

void pending_remove(struct pending *pending, struct pending_queue *queue)
{
    uint32_t index = queue->first;
    struct slot *slot = &pending->slots[index];
    queue->first = slot->next;
    queue->count--;
    while (slot->chunk != PENDING_NONE) {
        uint32_t chunk = slot->chunk;
        slot->chunk = pending->chunk_next[chunk];
        pending->chunk_next[chunk] = pending->free_chunk;
        pending->free_chunk = chunk;
        pending->free_chunks++;
    }
    slot->next = pending->free;
    pending->free = index;
}
