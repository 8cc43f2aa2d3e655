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
struct rd rd_over(const void *bytes, size_t length);

/* Bytes left; 0 once failed. */
size_t rd_left(const struct rd *r);

/* Numbers in network order, returned in host order. */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
struct mac rd_mac(struct rd *r);
struct ipv4 rd_ipv4(struct rd *r);

/* `length` bytes, borrowed, or NULL when there are fewer left. */
const uint8_t *rd_bytes(struct rd *r, size_t length);
void rd_skip(struct rd *r, size_t length);

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
