/* fast_ports.c: see fast_ports.h. */
#include "fast_ports.h"

#include "pearpd/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define KEYS_TRIED 1000
#define PAUSE_NS   2000000 /* no program runs so long */

/* The ports low..high of one block, by their place in it. */
struct part {
    unsigned low, high;
};

/* Addresses. */

static struct fast_address_bucket *bucket_of(const struct fast_ports *ports, uint32_t address, uint64_t key)
{
    return &ports->memory.addresses[fast_address_bucket_of(address, key)];
}

/* The way of `address`'s bucket that has `wanted`: itself, or 0 for a free one. NULL: none. */
static struct fast_address *way_of(const struct fast_ports *ports, uint32_t address, uint32_t wanted)
{
    struct fast_address_bucket *bucket = bucket_of(ports, address, ports->memory.config->address_key);
    for (unsigned i = 0; i < FAST_ADDRESS_WAYS; i++)
        if (bucket->ways[i].address == wanted)
            return &bucket->ways[i];
    return NULL;
}

static struct fast_blocks *blocks_of(const struct fast_ports *ports, struct ipv4 address)
{
    const struct fast_address *way = address.host == 0 ? NULL : way_of(ports, address.host, address.host);
    return way == NULL ? NULL : &ports->memory.blocks[way->index_plus_1 - 1];
}

/* False: its bucket is full. */
static bool place(const struct fast_ports *ports, uint32_t index)
{
    struct fast_address *way = way_of(ports, ports->addresses[index], 0);
    if (way == NULL)
        return false;
    __atomic_store_n(&way->index_plus_1, index + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&way->address, ports->addresses[index], __ATOMIC_RELEASE);
    return true;
}

/* False: a bucket overflows with this key. */
static bool key_fits(const struct fast_ports *ports, uint64_t key)
{
    uint8_t count[FAST_ADDRESS_BUCKETS] = {0};
    for (unsigned i = 0; i < FAST_ADDRESSES; i++)
        if (ports->addresses[i] != 0 &&
            count[fast_address_bucket_of(ports->addresses[i], key)]++ == FAST_ADDRESS_WAYS)
            return false;
    return true;
}

/* A program that read the old key would find no shared address, and bridge: none may be at work meanwhile. */
static uint32_t stop_programs(struct fast_config *config)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    const uint32_t active = config->active;
    __atomic_store_n(&config->active, 0, __ATOMIC_SEQ_CST);
    if (active != 0)
        nanosleep(&pause, NULL);
    return active;
}

static int draw_key(const struct fast_ports *ports)
{
    struct fast_config *config = ports->memory.config;
    uint64_t key = 0;
    unsigned tried = 0;
    do {
        if (tried++ == KEYS_TRIED)
            return -ENOSPC;
        random_bytes(&key, sizeof(key));
        key |= 1;
    } while (!key_fits(ports, key));
    const uint32_t active = stop_programs(config);
    for (unsigned i = 0; i < FAST_ADDRESS_BUCKETS; i++)
        ports->memory.addresses[i] = (struct fast_address_bucket){0};
    config->address_key = key;
    for (uint32_t i = 0; i < FAST_ADDRESSES; i++)
        if (ports->addresses[i] != 0)
            place(ports, i);
    __atomic_store_n(&config->active, active, __ATOMIC_SEQ_CST);
    return 0;
}

static bool is_among(uint32_t address, const struct ipv4 *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addresses[i].host == address)
            return true;
    return false;
}

static void clear_blocks(struct fast_ports *ports, uint64_t now_ns, struct fast_blocks *blocks);

static void remove_address(struct fast_ports *ports, uint64_t now_ns, uint32_t index)
{
    const uint32_t address = ports->addresses[index];
    struct fast_address *way = way_of(ports, address, address);
    ports->addresses[index] = 0;
    if (way != NULL) {
        __atomic_store_n(&way->address, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&way->index_plus_1, 0, __ATOMIC_RELEASE);
    }
    clear_blocks(ports, now_ns, &ports->memory.blocks[index]);
}

/* FAST_ADDRESSES: none has it. */
static uint32_t index_of(const struct fast_ports *ports, uint32_t address)
{
    uint32_t index = 0;
    while (index < FAST_ADDRESSES && ports->addresses[index] != address)
        index++;
    return index;
}

int fast_ports_set_addresses(struct fast_ports *ports, uint64_t now_ns, const struct ipv4 *addresses,
                             size_t count)
{
    bool fits = ports->memory.config->address_key != 0;
    if (count > FAST_ADDRESSES)
        return -ENOSPC;
    for (uint32_t i = 0; i < FAST_ADDRESSES; i++)
        if (ports->addresses[i] != 0 && !is_among(ports->addresses[i], addresses, count))
            remove_address(ports, now_ns, i);
    for (size_t i = 0; i < count; i++) {
        if (index_of(ports, addresses[i].host) < FAST_ADDRESSES)
            continue;
        const uint32_t index = index_of(ports, 0);
        ports->addresses[index] = addresses[i].host;
        fits = fits && place(ports, index);
    }
    return fits ? 0 : draw_key(ports);
}

/* Leaves. */

static struct fast_leaf *leaf_of(const struct fast_ports *ports, uint32_t word)
{
    return &ports->memory.leaves[word & ~FAST_LEAF];
}

static bool is_leaf(uint32_t word)
{
    return (word & FAST_LEAF) != 0;
}

static void end_leaf(struct fast_ports *ports, uint64_t now_ns, uint32_t leaf)
{
    ports->leaves[leaf] = (struct fast_leaf_record){.until_ns = now_ns + FAST_QUARANTINE_NS};
    if (ports->ended_count++ == 0)
        ports->ended_first = leaf;
    else
        ports->leaves[ports->ended_last].next = leaf;
    ports->ended_last = leaf;
}

static void free_leaf(struct fast_ports *ports, uint32_t leaf)
{
    ports->leaves[leaf].next = ports->free;
    ports->free = leaf;
    ports->free_count++;
}

static void free_ended(struct fast_ports *ports, uint64_t now_ns)
{
    while (ports->ended_count > 0 && ports->leaves[ports->ended_first].until_ns <= now_ns) {
        const uint32_t leaf = ports->ended_first;
        ports->ended_first = ports->leaves[leaf].next;
        ports->ended_count--;
        free_leaf(ports, leaf);
    }
}

static uint32_t leaves_left(const struct fast_ports *ports)
{
    return ports->free_count + ports->memory.leaf_count - ports->fresh;
}

/* There is one. */
static uint32_t new_leaf(struct fast_ports *ports)
{
    if (ports->free_count == 0)
        return ports->fresh++;
    const uint32_t leaf = ports->free;
    ports->free = ports->leaves[leaf].next;
    ports->free_count--;
    return leaf;
}

uint32_t fast_ports_leaves_used(const struct fast_ports *ports)
{
    return ports->fresh - 1 - ports->free_count - ports->ended_count;
}

/* Blocks. */

static uint32_t word_at(const struct fast_blocks *blocks, unsigned block)
{
    return __atomic_load_n(&blocks->words[block], __ATOMIC_RELAXED);
}

static void set_word(struct fast_blocks *blocks, unsigned block, uint32_t word)
{
    __atomic_store_n(&blocks->words[block], word, __ATOMIC_RELEASE);
}

static struct part part_of(struct port_span span, unsigned block)
{
    const unsigned first = block * FAST_BLOCK_PORTS, last = first + FAST_BLOCK_PORTS - 1;
    return (struct part){span.first > first ? span.first - first : 0,
                         span.last < last ? span.last - first : FAST_BLOCK_PORTS - 1};
}

static bool is_whole(struct part part)
{
    return part.low == 0 && part.high == FAST_BLOCK_PORTS - 1;
}

static void set_entry(struct fast_leaf_record *record, uint16_t *entry, uint16_t slot)
{
    record->used += slot != 0;
    record->used -= *entry != 0;
    __atomic_store_n(entry, slot, __ATOMIC_RELEASE);
}

static void fill_leaf(struct fast_ports *ports, uint32_t word, struct part part, uint16_t slot)
{
    struct fast_leaf *leaf = leaf_of(ports, word);
    for (unsigned i = part.low; i <= part.high; i++)
        set_entry(&ports->leaves[word & ~FAST_LEAF], &leaf->slots[i], slot);
}

/* A complete leaf in the place of `word`, which is a slot or 0. */
static uint32_t split_block(struct fast_ports *ports, uint32_t word, struct part part, uint16_t slot)
{
    const uint32_t number = new_leaf(ports);
    struct fast_leaf *leaf = leaf_of(ports, number);
    for (unsigned i = 0; i < FAST_BLOCK_PORTS; i++)
        __atomic_store_n(&leaf->slots[i], (uint16_t)word, __ATOMIC_RELAXED);
    ports->leaves[number] = (struct fast_leaf_record){.used = word != 0 ? FAST_BLOCK_PORTS : 0};
    fill_leaf(ports, number, part, slot);
    return number | FAST_LEAF;
}

static void fill_block(struct fast_ports *ports, uint64_t now_ns, struct fast_blocks *blocks, unsigned block,
                       struct part part, uint16_t slot)
{
    const uint32_t word = word_at(blocks, block);
    if (is_whole(part)) {
        set_word(blocks, block, slot);
        if (is_leaf(word))
            end_leaf(ports, now_ns, word & ~FAST_LEAF);
    } else if (is_leaf(word)) {
        fill_leaf(ports, word, part, slot);
    } else {
        set_word(blocks, block, split_block(ports, word, part, slot));
    }
}

static void drop_block(struct fast_ports *ports, uint64_t now_ns, struct fast_blocks *blocks, unsigned block,
                       struct part part, uint16_t slot)
{
    const uint32_t word = word_at(blocks, block), number = word & ~FAST_LEAF;
    if (word == slot)
        set_word(blocks, block, 0);
    if (!is_leaf(word))
        return;
    struct fast_leaf *leaf = leaf_of(ports, word);
    for (unsigned i = part.low; i <= part.high; i++)
        if (leaf->slots[i] == slot)
            set_entry(&ports->leaves[number], &leaf->slots[i], 0);
    if (ports->leaves[number].used > 0)
        return;
    set_word(blocks, block, 0);
    end_leaf(ports, now_ns, number);
}

static void clear_blocks(struct fast_ports *ports, uint64_t now_ns, struct fast_blocks *blocks)
{
    for (unsigned block = 0; block < FAST_BLOCKS; block++) {
        const uint32_t word = word_at(blocks, block);
        if (word != 0)
            set_word(blocks, block, 0);
        if (is_leaf(word))
            end_leaf(ports, now_ns, word & ~FAST_LEAF);
    }
}

/* Ranges. */

/* The leaves that fast_ports_fill() takes: the spans ascend, and a block of several counts once. */
static uint32_t leaves_needed(const struct fast_blocks *blocks, const struct port_range *range)
{
    uint32_t needed = 0, counted = FAST_BLOCKS;
    for (unsigned i = 0; i < port_range_spans(range); i++) {
        const struct port_span span = port_range_span(range, i);
        const unsigned ends[] = {span.first / FAST_BLOCK_PORTS, span.last / FAST_BLOCK_PORTS};
        for (unsigned j = 0; j < 2; j++)
            if (ends[j] != counted && !is_whole(part_of(span, ends[j])) && !is_leaf(word_at(blocks, ends[j]))) {
                counted = ends[j];
                needed++;
            }
    }
    return needed;
}

int fast_ports_fill(struct fast_ports *ports, uint64_t now_ns, const struct port_range *range, uint16_t slot)
{
    struct fast_blocks *blocks = blocks_of(ports, range->range.address);
    if (blocks == NULL)
        return -ENOENT;
    free_ended(ports, now_ns);
    if (leaves_needed(blocks, range) > leaves_left(ports))
        return -ENOSPC;
    for (unsigned i = 0; i < port_range_spans(range); i++) {
        const struct port_span span = port_range_span(range, i);
        for (unsigned block = span.first / FAST_BLOCK_PORTS; block <= span.last / FAST_BLOCK_PORTS; block++)
            fill_block(ports, now_ns, blocks, block, part_of(span, block), slot);
    }
    return 0;
}

void fast_ports_drop(struct fast_ports *ports, uint64_t now_ns, const struct port_range *range, uint16_t slot)
{
    struct fast_blocks *blocks = blocks_of(ports, range->range.address);
    if (blocks == NULL)
        return;
    for (unsigned i = 0; i < port_range_spans(range); i++) {
        const struct port_span span = port_range_span(range, i);
        for (unsigned block = span.first / FAST_BLOCK_PORTS; block <= span.last / FAST_BLOCK_PORTS; block++)
            drop_block(ports, now_ns, blocks, block, part_of(span, block), slot);
    }
}

void fast_ports_clear(struct fast_ports *ports, uint64_t now_ns)
{
    for (unsigned i = 0; i < FAST_ADDRESSES; i++)
        if (ports->addresses[i] != 0)
            clear_blocks(ports, now_ns, &ports->memory.blocks[i]);
}

uint16_t fast_ports_find(const struct fast_ports *ports, struct ipv4 address, uint16_t port)
{
    const struct fast_blocks *blocks = blocks_of(ports, address);
    const uint32_t word = blocks == NULL ? 0 : word_at(blocks, port / FAST_BLOCK_PORTS);
    return is_leaf(word) ? leaf_of(ports, word)->slots[port % FAST_BLOCK_PORTS] : (uint16_t)word;
}

/* What a daemon before left. */

struct adoption {
    struct fast_ports *ports;
    uint64_t now_ns;
    fast_ports_has_fn *has;
    const void *context;
};

static void adopt_leaf(const struct adoption *a, struct ipv4 address, struct fast_blocks *blocks,
                       unsigned block)
{
    const uint32_t word = word_at(blocks, block), number = word & ~FAST_LEAF;
    struct fast_leaf *leaf = leaf_of(a->ports, word);
    struct fast_leaf_record *record = &a->ports->leaves[number];
    *record = (struct fast_leaf_record){.used = FAST_BLOCK_PORTS};
    for (unsigned i = 0; i < FAST_BLOCK_PORTS; i++) {
        const uint16_t port = (uint16_t)(block * FAST_BLOCK_PORTS + i);
        uint16_t *entry = &leaf->slots[i];
        if (*entry == 0)
            record->used--;
        else if (!a->has(a->context, *entry, address, port, port))
            set_entry(record, entry, 0);
    }
    if (record->used > 0)
        return;
    set_word(blocks, block, 0);
    end_leaf(a->ports, a->now_ns, number);
}

static void adopt_block(const struct adoption *a, struct ipv4 address, struct fast_blocks *blocks,
                        unsigned block)
{
    const uint32_t word = word_at(blocks, block);
    const uint16_t first = (uint16_t)(block * FAST_BLOCK_PORTS), last = first | (FAST_BLOCK_PORTS - 1);
    if (is_leaf(word))
        adopt_leaf(a, address, blocks, block);
    else if (word != 0 && !a->has(a->context, (uint16_t)word, address, first, last))
        set_word(blocks, block, 0);
}

static bool names_a_leaf(const struct fast_ports *ports, uint32_t word)
{
    const uint32_t number = word & ~FAST_LEAF;
    return number > 0 && number < ports->memory.leaf_count;
}

/* Marks the leaves in use; a word that names none is cleared. */
static void mark_leaves(struct fast_ports *ports, struct fast_blocks *blocks)
{
    for (unsigned block = 0; block < FAST_BLOCKS; block++) {
        const uint32_t word = word_at(blocks, block), number = word & ~FAST_LEAF;
        if (!is_leaf(word))
            continue;
        if (!names_a_leaf(ports, word) || ports->leaves[number].used > 0) {
            set_word(blocks, block, 0);
            continue;
        }
        ports->leaves[number].used = 1;
        if (number >= ports->fresh)
            ports->fresh = number + 1;
    }
}

void fast_ports_adopt(struct fast_ports *ports, uint64_t now_ns, fast_ports_has_fn *has, const void *context)
{
    const struct adoption a = {ports, now_ns, has, context};
    for (unsigned i = 0; i < FAST_ADDRESSES; i++)
        mark_leaves(ports, &ports->memory.blocks[i]);
    for (uint32_t number = 1; number < ports->fresh; number++)
        if (ports->leaves[number].used == 0)
            free_leaf(ports, number);
    for (unsigned i = 0; i < FAST_ADDRESSES; i++)
        for (unsigned block = 0; block < FAST_BLOCKS; block++)
            adopt_block(&a, (struct ipv4){ports->addresses[i]}, &ports->memory.blocks[i], block);
}

/* Of addresses whose way is there already. */
static void find_addresses(struct fast_ports *ports)
{
    for (unsigned i = 0; i < FAST_ADDRESS_BUCKETS; i++)
        for (unsigned j = 0; j < FAST_ADDRESS_WAYS; j++) {
            const struct fast_address *way = &ports->memory.addresses[i].ways[j];
            if (way->address != 0 && way->index_plus_1 - 1 < FAST_ADDRESSES)
                ports->addresses[way->index_plus_1 - 1] = way->address;
        }
}

int fast_ports_begin(struct fast_ports *ports, const struct fast_memory *memory)
{
    *ports = (struct fast_ports){.memory = *memory, .fresh = 1};
    ports->leaves = calloc(memory->leaf_count, sizeof(ports->leaves[0]));
    if (ports->leaves == NULL)
        return -ENOMEM;
    find_addresses(ports);
    return 0;
}

void fast_ports_end(struct fast_ports *ports)
{
    free(ports->leaves);
}
