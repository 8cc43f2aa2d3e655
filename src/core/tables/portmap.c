/* portmap.c: see portmap.h. */
#include "portmap.h"

#include <errno.h>
#include <stdlib.h>

#define LEAF UINT32_C(0x80000000)
#define NONE UINT32_MAX

int portmap_pool_init(struct portmap_pool *pool, uint32_t addresses)
{
    pool->limit = addresses * PORTMAP_BLOCKS;
    pool->unused = 0;
    pool->free = NONE;
    pool->leaves = calloc(pool->limit, sizeof(*pool->leaves));
    return pool->leaves == NULL ? -ENOMEM : 0;
}

void portmap_pool_free(struct portmap_pool *pool)
{
    free(pool->leaves);
    pool->leaves = NULL;
}

static uint32_t leaf_take(struct portmap_pool *pool, uint32_t fill)
{
    uint32_t index = pool->free;
    if (index != NONE)
        pool->free = pool->leaves[index].ids[0];
    else
        index = pool->unused++;
    for (unsigned i = 0; i < PORTMAP_BLOCK_PORTS; i++)
        pool->leaves[index].ids[i] = fill;
    return index;
}

static void leaf_give_back(struct portmap_pool *pool, uint32_t index)
{
    pool->leaves[index].ids[0] = pool->free;
    pool->free = index;
}

uint32_t portmap_get(const struct portmap_pool *pool, const struct portmap *map, uint16_t port)
{
    uint32_t block = map->blocks[port / PORTMAP_BLOCK_PORTS];
    if (!(block & LEAF))
        return block;
    return pool->leaves[block & ~LEAF].ids[port % PORTMAP_BLOCK_PORTS];
}

static bool leaf_is_uniform(const struct portmap_leaf *leaf)
{
    for (unsigned i = 1; i < PORTMAP_BLOCK_PORTS; i++)
        if (leaf->ids[i] != leaf->ids[0])
            return false;
    return true;
}

static void set_in_block(struct portmap_pool *pool, uint32_t *block, unsigned first, unsigned last, uint32_t id)
{
    if (first == 0 && last == PORTMAP_BLOCK_PORTS - 1) {
        if (*block & LEAF)
            leaf_give_back(pool, *block & ~LEAF);
        *block = id;
        return;
    }
    if (!(*block & LEAF))
        *block = LEAF | leaf_take(pool, *block);
    struct portmap_leaf *leaf = &pool->leaves[*block & ~LEAF];
    for (unsigned i = first; i <= last; i++)
        leaf->ids[i] = id;
    if (leaf_is_uniform(leaf)) {
        leaf_give_back(pool, *block & ~LEAF);
        *block = id;
    }
}

void portmap_set(struct portmap_pool *pool, struct portmap *map, uint16_t first, uint16_t last, uint32_t id)
{
    for (unsigned b = first / PORTMAP_BLOCK_PORTS; b <= last / PORTMAP_BLOCK_PORTS; b++) {
        unsigned start = b * PORTMAP_BLOCK_PORTS;
        unsigned from = first > start ? first - start : 0;
        unsigned to = last < start + PORTMAP_BLOCK_PORTS - 1 ? last - start : PORTMAP_BLOCK_PORTS - 1;
        set_in_block(pool, &map->blocks[b], from, to, id);
    }
}

/* The first of the blocks from `block` to `last` that has an owner of any port; the one behind them: none. */
static unsigned owned_block(const struct portmap *map, unsigned block, unsigned last)
{
    while (block <= last && map->blocks[block] == PORTMAP_NOBODY)
        block++;
    return block;
}

bool portmap_next(const struct portmap_pool *pool, const struct portmap *map, uint16_t first, uint16_t last,
                  uint16_t *port, uint32_t *id)
{
    for (unsigned p = first; p <= last; p++) {
        const unsigned block = owned_block(map, p / PORTMAP_BLOCK_PORTS, last / PORTMAP_BLOCK_PORTS);
        if (block > p / PORTMAP_BLOCK_PORTS)
            p = block * PORTMAP_BLOCK_PORTS;
        if (p > last)
            break;
        *id = portmap_get(pool, map, (uint16_t)p);
        if (*id != PORTMAP_NOBODY) {
            *port = (uint16_t)p;
            return true;
        }
    }
    return false;
}

void portmap_free_run(const struct portmap_pool *pool, const struct portmap *map, uint16_t port,
                      uint16_t *first, uint16_t *last)
{
    uint16_t low = port, high = port;
    while (low > *first && portmap_get(pool, map, (uint16_t)(low - 1)) == PORTMAP_NOBODY)
        low--;
    while (high < *last && portmap_get(pool, map, (uint16_t)(high + 1)) == PORTMAP_NOBODY)
        high++;
    *first = low;
    *last = high;
}
