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

struct hold {
    uint32_t free, free_chunk, free_chunks;
    struct slot *slots;
    uint32_t *chunk_next;
    uint8_t *bytes;
    uint8_t *whole; /* the frame that was looked at last, in one piece */
};

const struct hold_line hold_line_empty = {HOLD_NONE, HOLD_NONE, 0};

struct hold *hold_new(uint32_t frames, uint32_t bytes)
{
    struct hold *hold = calloc(1, sizeof(*hold));
    if (hold == NULL)
        return NULL;
    uint32_t chunks = bytes / HOLD_CHUNK_BYTES;
    hold->slots = calloc(frames, sizeof(*hold->slots));
    hold->chunk_next = calloc((size_t)chunks + 1, sizeof(*hold->chunk_next));
    hold->bytes = calloc((size_t)chunks + 1, HOLD_CHUNK_BYTES);
    hold->whole = malloc(HOLD_FRAME_BYTES);
    if (hold->slots == NULL || hold->chunk_next == NULL || hold->bytes == NULL || hold->whole == NULL) {
        hold_free(hold);
        return NULL;
    }
    for (uint32_t i = 0; i < frames; i++)
        hold->slots[i].next = i + 1 < frames ? i + 1 : HOLD_NONE;
    for (uint32_t i = 0; i < chunks; i++)
        hold->chunk_next[i] = i + 1 < chunks ? i + 1 : HOLD_NONE;
    hold->free_chunk = chunks > 0 ? 0 : HOLD_NONE;
    hold->free_chunks = chunks;
    return hold;
}

void hold_free(struct hold *hold)
{
    if (hold == NULL)
        return;
    free(hold->slots);
    free(hold->chunk_next);
    free(hold->bytes);
    free(hold->whole);
    free(hold);
}

static uint32_t chunks_of(size_t length)
{
    return (uint32_t)((length + HOLD_CHUNK_BYTES - 1) / HOLD_CHUNK_BYTES);
}

static size_t part_of(size_t left)
{
    return left < HOLD_CHUNK_BYTES ? left : HOLD_CHUNK_BYTES;
}

/* Takes the chunks of `length` bytes, which are there. */
static uint32_t chunks_fill(struct hold *hold, const uint8_t *bytes, size_t length)
{
    uint32_t first = hold->free_chunk, last = HOLD_NONE;
    for (size_t at = 0; at < length; at += HOLD_CHUNK_BYTES) {
        last = hold->free_chunk;
        memcpy(hold->bytes + (size_t)last * HOLD_CHUNK_BYTES, bytes + at, part_of(length - at));
        hold->free_chunk = hold->chunk_next[last];
        hold->free_chunks--;
    }
    if (last == HOLD_NONE)
        return HOLD_NONE;
    hold->chunk_next[last] = HOLD_NONE;
    return first;
}

bool hold_append(struct hold *hold, struct hold_line *line, enum side from, const struct frame *frame)
{
    if (hold->free == HOLD_NONE || frame->length > HOLD_FRAME_BYTES ||
        chunks_of(frame->length) > hold->free_chunks)
        return false;
    uint32_t index = hold->free;
    struct slot *slot = &hold->slots[index];
    hold->free = slot->next;
    slot->frame = *frame;
    slot->from = from;
    slot->next = HOLD_NONE;
    slot->chunk = chunks_fill(hold, frame->bytes, frame->length);
    if (line->count++ == 0)
        line->first = index;
    else
        hold->slots[line->last].next = index;
    line->last = index;
    return true;
}

bool hold_peek(struct hold *hold, const struct hold_line *line, enum side *from, struct frame *frame)
{
    if (line->count == 0)
        return false;
    const struct slot *slot = &hold->slots[line->first];
    uint32_t chunk = slot->chunk;
    *from = slot->from;
    *frame = slot->frame;
    frame->bytes = hold->whole;
    for (size_t at = 0; at < frame->length; at += HOLD_CHUNK_BYTES, chunk = hold->chunk_next[chunk])
        memcpy(hold->whole + at, hold->bytes + (size_t)chunk * HOLD_CHUNK_BYTES, part_of(frame->length - at));
    return true;
}

void hold_remove(struct hold *hold, struct hold_line *line)
{
    uint32_t index = line->first;
    struct slot *slot = &hold->slots[index];
    line->first = slot->next;
    line->count--;
    while (slot->chunk != HOLD_NONE) {
        uint32_t chunk = slot->chunk;
        slot->chunk = hold->chunk_next[chunk];
        hold->chunk_next[chunk] = hold->free_chunk;
        hold->free_chunk = chunk;
        hold->free_chunks++;
    }
    slot->next = hold->free;
    hold->free = index;
}
