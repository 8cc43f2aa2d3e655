/* cursor.c: see cursor.h. */
#include "pearpd/cursor.h"

#include <string.h>

uint64_t rd_u64(struct rd *r)
{
    const uint8_t *at = rd_bytes(r, 8);
    uint64_t number = 0;
    for (unsigned i = 0; at != NULL && i < 8; i++)
        number = number << 8 | at[i];
    return number;
}

struct rd rd_sub(struct rd *r, size_t length)
{
    const uint8_t *at = rd_bytes(r, length);
    if (at == NULL)
        return (struct rd){NULL, NULL, true};
    return rd_over(at, length);
}

struct wr wr_into(void *bytes, size_t size)
{
    uint8_t *start = bytes;
    return (struct wr){start, start, start + size, false};
}

size_t wr_length(const struct wr *w)
{
    return (size_t)(w->at - w->start);
}

/* The one bounds check of all writes. */
static uint8_t *wr_room(struct wr *w, size_t length)
{
    if (w->failed || (size_t)(w->end - w->at) < length) {
        w->failed = true;
        return NULL;
    }
    uint8_t *at = w->at;
    w->at += length;
    return at;
}

static void wr_number(struct wr *w, uint64_t value, size_t length)
{
    uint8_t *at = wr_room(w, length);
    for (size_t i = 0; at != NULL && i < length; i++)
        at[i] = (uint8_t)(value >> 8 * (length - 1 - i));
}

void wr_u8(struct wr *w, uint8_t value)
{
    wr_number(w, value, 1);
}

void wr_u16(struct wr *w, uint16_t value)
{
    wr_number(w, value, 2);
}

void wr_u32(struct wr *w, uint32_t value)
{
    wr_number(w, value, 4);
}

void wr_u64(struct wr *w, uint64_t value)
{
    wr_number(w, value, 8);
}

void wr_mac(struct wr *w, struct mac mac)
{
    wr_bytes(w, mac.octets, MAC_BYTES);
}

void wr_ipv4(struct wr *w, struct ipv4 address)
{
    wr_u32(w, address.host);
}

void wr_bytes(struct wr *w, const void *bytes, size_t length)
{
    uint8_t *at = wr_room(w, length);
    if (at != NULL && length > 0)
        memcpy(at, bytes, length);
}
