/* portmap.h: which binding holds each port of one address.
 * In: spans of ports with the number of a binding. Out: the number at a port.
 * Called by: binding. Never: knows what a binding is.
 *
 * Two levels: 1,024 blocks of 64 ports. A block that one binding (or nobody) holds whole costs its four
 * bytes; one that several share has a leaf of 256 bytes from a pool that all addresses draw on. A leaf that has
 * become uniform is freed. A look-up is two reads at most. */
#ifndef PEARPD_CORE_PORTMAP_H
#define PEARPD_CORE_PORTMAP_H

#include <stdbool.h>
#include <stdint.h>

#define PORTMAP_BLOCKS      1024
#define PORTMAP_BLOCK_PORTS 64
#define PORTMAP_NOBODY      0

struct portmap_leaf {
    uint32_t ids[PORTMAP_BLOCK_PORTS];
};

/* Leaves for all addresses; memory that was never used is never touched. */
struct portmap_pool {
    struct portmap_leaf *leaves;
    uint32_t limit, unused;
    uint32_t free; /* list through ids[0]; UINT32_MAX: empty */
};

struct portmap {
    uint32_t blocks[PORTMAP_BLOCKS]; /* an id, or a leaf's index with the top bit set */
};

/* A pool that `addresses` maps can never exhaust. 0 or -ENOMEM. */
int portmap_pool_init(struct portmap_pool *pool, uint32_t addresses);
void portmap_pool_free(struct portmap_pool *pool);

/* The id at `port`, or PORTMAP_NOBODY. */
uint32_t portmap_get(const struct portmap_pool *pool, const struct portmap *map, uint16_t port);

/* Gives first..last to `id` (31 bits; PORTMAP_NOBODY clears). */
void portmap_set(struct portmap_pool *pool, struct portmap *map, uint16_t first, uint16_t last, uint32_t id);

/* True, and *port and *id are the first port of first..last with an id. */
bool portmap_next(const struct portmap_pool *pool, const struct portmap *map, uint16_t first, uint16_t last,
                  uint16_t *port, uint32_t *id);

/* The longest run of ports around `port`, which nobody holds, within *first..*last, which it narrows. */
void portmap_free_run(const struct portmap_pool *pool, const struct portmap *map, uint16_t port,
                      uint16_t *first, uint16_t *last);

#endif
