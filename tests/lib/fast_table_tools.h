/* fast_table_tools.h: memory for a fast_table without a kernel, and what a program finds in it. Included by: unit tests. */
#ifndef PEARPD_TESTS_FAST_TABLE_TOOLS_H
#define PEARPD_TESTS_FAST_TABLE_TOOLS_H

#include "pearpd/fast_table.h"

#include <stdlib.h>

#define TABLE_MAC_AGE_NS UINT64_C(300000000000)

/* The programs read it with 8 bytes at a time, and slots are cache lines. */
static inline void *fast_zeroed(size_t count, size_t size)
{
    const size_t bytes = (count * size + 63) / 64 * 64;
    uint8_t *memory = aligned_alloc(64, bytes);
    for (size_t i = 0; memory != NULL && i < bytes; i++)
        memory[i] = 0;
    return memory;
}

static inline struct fast_memory fast_memory_new(uint32_t leaf_count, uint32_t column_count)
{
    const struct fast_memory memory = {
        .config = fast_zeroed(1, sizeof(struct fast_config)),
        .passed = fast_zeroed(SIDES, sizeof(struct fast_passed)),
        .addresses = fast_zeroed(FAST_ADDRESS_BUCKETS, sizeof(struct fast_address_bucket)),
        .blocks = fast_zeroed(FAST_ADDRESSES, sizeof(struct fast_blocks)),
        .leaves = fast_zeroed(leaf_count, sizeof(struct fast_leaf)),
        .slots = fast_zeroed(FAST_SLOTS, sizeof(struct fast_slot)),
        .counts = fast_zeroed((size_t)column_count * FAST_SLOTS, sizeof(struct fast_counts)),
        .macs = fast_zeroed(FAST_MAC_BUCKETS, sizeof(struct fast_mac_bucket)),
        .leaf_count = leaf_count,
        .column_count = column_count,
    };
    memory.config->mac_age_ns = TABLE_MAC_AGE_NS;
    return memory;
}

static inline void fast_memory_free(const struct fast_memory *memory)
{
    free(memory->config);
    free(memory->passed);
    free(memory->addresses);
    free(memory->blocks);
    free(memory->leaves);
    free(memory->slots);
    free(memory->counts);
    free(memory->macs);
}

static inline const struct fast_blocks *fast_look_up_blocks(const struct fast_memory *memory, uint32_t address)
{
    const uint32_t bucket = fast_address_bucket_of(address, memory->config->address_key);
    for (unsigned i = 0; i < FAST_ADDRESS_WAYS; i++) {
        const struct fast_address *way = &memory->addresses[bucket].ways[i];
        const uint32_t found = __atomic_load_n(&way->address, __ATOMIC_ACQUIRE),
                       index_plus_1 = __atomic_load_n(&way->index_plus_1, __ATOMIC_ACQUIRE);
        if (found == address && index_plus_1 != 0)
            return &memory->blocks[index_plus_1 - 1];
    }
    return NULL;
}

/* The slot of a port, as a program finds it, whatever its state. 0: none. */
static inline uint32_t fast_look_up(const struct fast_memory *memory, uint32_t address, uint16_t port)
{
    const struct fast_blocks *blocks = fast_look_up_blocks(memory, address);
    if (blocks == NULL)
        return 0;
    uint32_t slot = __atomic_load_n(&blocks->words[port / FAST_BLOCK_PORTS], __ATOMIC_ACQUIRE);
    if ((slot & FAST_LEAF) != 0)
        slot = __atomic_load_n(&memory->leaves[slot & ~FAST_LEAF].slots[port % FAST_BLOCK_PORTS],
                               __ATOMIC_ACQUIRE);
    const struct fast_slot *s = &memory->slots[slot];
    return slot != 0 && s->address == address && s->first <= port && port <= s->last ? slot : 0;
}

/* True where a program knows `mac` on `side`. */
static inline bool fast_knows(const struct fast_memory *memory, struct mac mac, enum side side, uint64_t now_ns)
{
    const uint64_t number = mac_number(mac), key = number | FAST_MAC_HELD | FAST_MAC_SIDE(side);
    const struct fast_mac_bucket *bucket = &memory->macs[fast_mac_bucket_of(number, memory->config->mac_key)];
    for (unsigned i = 0; i < FAST_MAC_WAYS; i++)
        if (bucket->ways[i].key == key)
            return now_ns < bucket->ways[i].seen_ns + memory->config->mac_age_ns;
    return false;
}

#endif
