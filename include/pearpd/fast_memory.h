/* fast_memory.h: where the memory of fast_layout.h is, and how large it is.
 * Filled by: the loader of the fast path; tests, with memory of their own. Called by: io, daemon, tests.
 * Pointers are borrowed: whoever filled it keeps the memory for as long as it is used, and zeroed it before. */
#ifndef PEARPD_FAST_MEMORY_H
#define PEARPD_FAST_MEMORY_H

#include "pearpd/fast_layout.h"

#include <stdint.h>

struct fast_memory {
    struct fast_config *config;            /* one */
    struct fast_passed *passed;            /* [2], by side */
    struct fast_address_bucket *addresses; /* [FAST_ADDRESS_BUCKETS] */
    struct fast_blocks *blocks;            /* [FAST_ADDRESSES] */
    struct fast_leaf *leaves;              /* [leaf_count]; 0 is none */
    struct fast_slot *slots;               /* [FAST_SLOTS]; 0 is none */
    struct fast_counts *counts;   /* [column_count * FAST_SLOTS]: column c of slot s is c * FAST_SLOTS + s */
    struct fast_mac_bucket *macs; /* [FAST_MAC_BUCKETS] */
    uint32_t leaf_count;          /* 1 .. FAST_LEAVES_MAX */
    uint32_t column_count;        /* 1 .. FAST_COLUMNS_MAX */
};

#endif
