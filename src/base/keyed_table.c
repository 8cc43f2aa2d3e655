/* keyed_table.c: open hashing by index into arrays taken at start; one list for the order of use. */
#include "pearpd/keyed_table.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct links {
    uint32_t chain; /* next in the bucket, as in `buckets`; or next free */
    uint32_t older, newer;
    uint32_t bucket; /* NONE: this place is free */
};

struct keyed_table {
    uint32_t limit, count;
    uint32_t mask; /* buckets - 1 */
    uint32_t oldest, newest;
    uint32_t unused; /* entries from here on were never used */
    uint32_t free;
    uint32_t last; /* found last */
    uint64_t steps;
    size_t key_bytes, entry_bytes;
    uint8_t hash_key[HASH_KEY_BYTES];
    uint32_t *buckets; /* 1 + the first entry, 0: none; so what nothing fills takes no memory */
    struct links *links;
    uint8_t *entries;
};

static void *entry_at(const struct keyed_table *table, uint32_t index)
{
    return table->entries + (size_t)index * table->entry_bytes;
}

/* Without a division for the one found last. */
static uint32_t index_of(const struct keyed_table *table, const void *entry)
{
    if (table->last != NONE && entry == entry_at(table, table->last))
        return table->last;
    return (uint32_t)((size_t)((const uint8_t *)entry - table->entries) / table->entry_bytes);
}

struct keyed_table *keyed_table_new(uint32_t limit, size_t key_bytes, size_t entry_bytes,
                                    const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct keyed_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    uint32_t buckets = 16;
    while (buckets < limit && buckets < UINT32_C(1) << 30)
        buckets *= 2;
    table->limit = limit;
    table->mask = buckets - 1;
    table->oldest = table->newest = table->free = table->last = NONE;
    table->key_bytes = key_bytes;
    table->entry_bytes = entry_bytes;
    memcpy(table->hash_key, hash_key, HASH_KEY_BYTES);
    table->buckets = calloc(buckets, sizeof(*table->buckets));
    table->links = calloc(limit, sizeof(*table->links));
    table->entries = calloc(limit, entry_bytes);
    if (table->buckets == NULL || table->links == NULL || table->entries == NULL) {
        keyed_table_free(table);
        return NULL;
    }
    return table;
}

void keyed_table_free(struct keyed_table *table)
{
    if (table == NULL)
        return;
    free(table->buckets);
    free(table->links);
    free(table->entries);
    free(table);
}

static uint32_t bucket_of(const struct keyed_table *table, const void *key)
{
    return (uint32_t)hash_bytes(table->hash_key, key, table->key_bytes) & table->mask;
}

/* A key as long as a word is compared as one, without a call. */
static bool has_key(const struct keyed_table *table, uint32_t index, const void *key)
{
    const void *entry = entry_at(table, index);
    if (table->key_bytes == sizeof(uint64_t))
        return memcmp(entry, key, sizeof(uint64_t)) == 0;
    return memcmp(entry, key, table->key_bytes) == 0;
}

static uint32_t find_in(struct keyed_table *table, uint32_t bucket, const void *key)
{
    uint32_t next = table->buckets[bucket];
    while (next != 0 && (table->steps++, !has_key(table, next - 1, key)))
        next = table->links[next - 1].chain;
    return next == 0 ? NONE : next - 1;
}

static bool is_last(const struct keyed_table *table, const void *key)
{
    return table->last != NONE && has_key(table, table->last, key);
}

void *keyed_table_find(struct keyed_table *table, const void *key)
{
    if (is_last(table, key))
        return entry_at(table, table->last);
    uint32_t i = find_in(table, bucket_of(table, key), key);
    if (i == NONE)
        return NULL;
    table->last = i;
    return entry_at(table, i);
}

static void list_unlink(struct keyed_table *table, uint32_t i)
{
    const struct links *l = &table->links[i];
    if (l->older == NONE)
        table->oldest = l->newer;
    else
        table->links[l->older].newer = l->newer;
    if (l->newer == NONE)
        table->newest = l->older;
    else
        table->links[l->newer].older = l->older;
}

static void list_append(struct keyed_table *table, uint32_t i)
{
    table->links[i].older = table->newest;
    table->links[i].newer = NONE;
    if (table->newest == NONE)
        table->oldest = i;
    else
        table->links[table->newest].newer = i;
    table->newest = i;
}

static uint32_t take_entry(struct keyed_table *table)
{
    if (table->count == table->limit)
        keyed_table_remove(table, entry_at(table, table->oldest));
    uint32_t i = table->free;
    if (i != NONE)
        table->free = table->links[i].chain;
    else
        i = table->unused++;
    return i;
}

void *keyed_table_put(struct keyed_table *table, const void *key, bool *fresh)
{
    *fresh = false;
    if (is_last(table, key)) {
        keyed_table_touch(table, entry_at(table, table->last));
        return entry_at(table, table->last);
    }
    uint32_t bucket = bucket_of(table, key);
    uint32_t i = find_in(table, bucket, key);
    if (i == NONE) {
        *fresh = true;
        i = take_entry(table);
        memset(entry_at(table, i), 0, table->entry_bytes);
        memcpy(entry_at(table, i), key, table->key_bytes);
        table->links[i].bucket = bucket;
        table->links[i].chain = table->buckets[bucket];
        table->buckets[bucket] = i + 1;
        table->count++;
        list_append(table, i);
    } else {
        keyed_table_touch(table, entry_at(table, i));
    }
    table->last = i;
    return entry_at(table, i);
}

void keyed_table_touch(struct keyed_table *table, void *entry)
{
    uint32_t i = index_of(table, entry);
    if (table->newest == i)
        return;
    list_unlink(table, i);
    list_append(table, i);
}

void keyed_table_remove(struct keyed_table *table, void *entry)
{
    uint32_t i = index_of(table, entry);
    uint32_t *at = &table->buckets[table->links[i].bucket];
    while (*at != i + 1)
        at = &table->links[*at - 1].chain;
    *at = table->links[i].chain;
    list_unlink(table, i);
    table->links[i].chain = table->free;
    table->links[i].bucket = NONE;
    table->free = i;
    table->count--;
    if (table->last == i)
        table->last = NONE;
}

uint64_t keyed_table_steps(const struct keyed_table *table)
{
    return table->steps;
}

uint32_t keyed_table_count(const struct keyed_table *table)
{
    return table->count;
}

bool keyed_table_full(const struct keyed_table *table)
{
    return table->count == table->limit;
}

void *keyed_table_oldest(const struct keyed_table *table)
{
    return table->oldest == NONE ? NULL : entry_at(table, table->oldest);
}

void *keyed_table_newer(const struct keyed_table *table, const void *entry)
{
    uint32_t i = table->links[index_of(table, entry)].newer;
    return i == NONE ? NULL : entry_at(table, i);
}

const void *keyed_table_walk(const struct keyed_table *table, uint32_t *place)
{
    while (*place < table->unused) {
        uint32_t i = (*place)++;
        if (table->links[i].bucket != NONE)
            return entry_at(table, i);
    }
    return NULL;
}

void *keyed_table_any(struct keyed_table *table, uint64_t random)
{
    uint32_t place = (uint32_t)(random % keyed_table_count(table));
    return (void *)keyed_table_walk(table, &place);
}

void keyed_table_copy(struct keyed_table *to, const struct keyed_table *from)
{
    for (const void *entry = keyed_table_oldest(from); entry != NULL; entry = keyed_table_newer(from, entry)) {
        bool fresh;
        memcpy(keyed_table_put(to, entry, &fresh), entry, to->entry_bytes);
    }
}
