/* cursor.c: see cursor.h. */
#include "pearpd/cursor.h"

#include <string.h>

struct rd rd_over(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    return (struct rd){at, at + length, false};
}

size_t rd_left(const struct rd *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

/* The one bounds check of all reads. */
const uint8_t *rd_bytes(struct rd *r, size_t length)
{
    if (rd_left(r) < length || r->failed) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    r->at += length;
    return at;
}

static uint64_t rd_number(struct rd *r, size_t length)
{
    const uint8_t *at = rd_bytes(r, length);
    uint64_t number = 0;
    for (size_t i = 0; at != NULL && i < length; i++)
        number = number << 8 | at[i];
    return number;
}

uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_number(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
    return (uint16_t)rd_number(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
    return (uint32_t)rd_number(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
    return rd_number(r, 8);
}

struct mac rd_mac(struct rd *r)
{
    struct mac mac = mac_zero;
    const uint8_t *at = rd_bytes(r, MAC_BYTES);
    if (at != NULL)
        memcpy(mac.octets, at, MAC_BYTES);
    return mac;
}

struct ipv4 rd_ipv4(struct rd *r)
{
    return (struct ipv4){rd_u32(r)};
}

void rd_skip(struct rd *r, size_t length)
{
    rd_bytes(r, length);
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
