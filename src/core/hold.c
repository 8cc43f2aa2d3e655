/* hold.c: see hold.h. */
#include "hold.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct frame frame;
    enum side from;
    uint32_t next;
    uint32_t super; /* index of the super-frame's room, or HOLD_NONE */
};

struct hold {
    uint32_t free, free_super;
    struct slot *slots;
    uint32_t *super_next;
    uint8_t *bytes, *super_bytes;
};

const struct hold_line hold_line_empty = {HOLD_NONE, HOLD_NONE, 0};

struct hold *hold_new(uint32_t frames, uint32_t super_frames)
{
    struct hold *hold = calloc(1, sizeof(*hold));
    if (hold == NULL)
        return NULL;
    hold->slots = calloc(frames, sizeof(*hold->slots));
    hold->bytes = calloc(frames, HOLD_FRAME_BYTES);
    hold->super_next = calloc((size_t)super_frames + 1, sizeof(*hold->super_next));
    hold->super_bytes = calloc((size_t)super_frames + 1, HOLD_SUPER_BYTES);
    if (hold->slots == NULL || hold->bytes == NULL || hold->super_next == NULL || hold->super_bytes == NULL) {
        hold_free(hold);
        return NULL;
    }
    for (uint32_t i = 0; i < frames; i++)
        hold->slots[i].next = i + 1 < frames ? i + 1 : HOLD_NONE;
    for (uint32_t i = 0; i < super_frames; i++)
        hold->super_next[i] = i + 1 < super_frames ? i + 1 : HOLD_NONE;
    hold->free_super = super_frames > 0 ? 0 : HOLD_NONE;
    return hold;
}

void hold_free(struct hold *hold)
{
    if (hold == NULL)
        return;
    free(hold->slots);
    free(hold->bytes);
    free(hold->super_next);
    free(hold->super_bytes);
    free(hold);
}

bool hold_append(struct hold *hold, struct hold_line *line, enum side from, const struct frame *frame)
{
    bool is_super = frame->length > HOLD_FRAME_BYTES;
    if (hold->free == HOLD_NONE || frame->length > HOLD_SUPER_BYTES ||
        (is_super && hold->free_super == HOLD_NONE))
        return false;
    uint32_t index = hold->free;
    struct slot *slot = &hold->slots[index];
    hold->free = slot->next;
    slot->frame = *frame;
    slot->from = from;
    slot->next = HOLD_NONE;
    slot->super = HOLD_NONE;
    slot->frame.bytes = hold->bytes + (size_t)index * HOLD_FRAME_BYTES;
    if (is_super) {
        slot->super = hold->free_super;
        hold->free_super = hold->super_next[slot->super];
        slot->frame.bytes = hold->super_bytes + (size_t)slot->super * HOLD_SUPER_BYTES;
    }
    memcpy(slot->frame.bytes, frame->bytes, frame->length);
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
    *from = hold->slots[line->first].from;
    *frame = hold->slots[line->first].frame;
    return true;
}

void hold_remove(struct hold *hold, struct hold_line *line)
{
    uint32_t index = line->first;
    struct slot *slot = &hold->slots[index];
    line->first = slot->next;
    line->count--;
    if (slot->super != HOLD_NONE) {
        hold->super_next[slot->super] = hold->free_super;
        hold->free_super = slot->super;
    }
    slot->next = hold->free;
    hold->free = index;
}
