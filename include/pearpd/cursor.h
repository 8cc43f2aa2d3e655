/* cursor.h: checked reading and writing of bytes in network order.
 * Every access passes one bounds check. The first one beyond the end sets `failed`, which sticks:
 * later reads give zero, later writes do nothing; the caller asks once, at the end.
 * Called by: wire, and whoever reads or writes bytes. Never: allocates. */
#ifndef PEARPD_CURSOR_H
#define PEARPD_CURSOR_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct wr {
    uint8_t *start;
    uint8_t *at;
    const uint8_t *end;
    bool failed;
};

/* A reader over `length` borrowed bytes. */
static inline struct rd rd_over(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    return (struct rd){at, at + length, false};
}

/* Bytes left; 0 once failed. */
static inline size_t rd_left(const struct rd *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

/* `length` bytes, borrowed, or NULL when there are fewer left: the one bounds check of all reads. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t length)
{
    if (r->failed || (size_t)(r->end - r->at) < length) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    r->at += length;
    return at;
}

static inline void rd_skip(struct rd *r, size_t length)
{
    rd_bytes(r, length);
}

/* Numbers in network order, returned in host order; 0 beyond the end. */
static inline uint8_t rd_u8(struct rd *r)
{
    const uint8_t *at = rd_bytes(r, 1);
    return at == NULL ? 0 : at[0];
}

static inline uint16_t rd_u16(struct rd *r)
{
    const uint8_t *at = rd_bytes(r, 2);
    return at == NULL ? 0 : (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t rd_u32(struct rd *r)
{
    const uint8_t *at = rd_bytes(r, 4);
    return at == NULL ? 0 : (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t rd_u64(struct rd *r);

static inline struct mac rd_mac(struct rd *r)
{
    struct mac mac = {{0}};
    const uint8_t *at = rd_bytes(r, MAC_BYTES);
    if (at != NULL)
        memcpy(mac.octets, at, MAC_BYTES);
    return mac;
}

static inline struct ipv4 rd_ipv4(struct rd *r)
{
    return (struct ipv4){rd_u32(r)};
}

/* A reader over the next `length` bytes, which `r` skips. It is a failed one when there are fewer. */
struct rd rd_sub(struct rd *r, size_t length);

/* A writer into `size` borrowed bytes. */
struct wr wr_into(void *bytes, size_t size);

/* Bytes written so far. */
size_t wr_length(const struct wr *w);

void wr_u8(struct wr *w, uint8_t value);
void wr_u16(struct wr *w, uint16_t value);
void wr_u32(struct wr *w, uint32_t value);
void wr_u64(struct wr *w, uint64_t value);
void wr_mac(struct wr *w, struct mac mac);
void wr_ipv4(struct wr *w, struct ipv4 address);
void wr_bytes(struct wr *w, const void *bytes, size_t length);

#endif
