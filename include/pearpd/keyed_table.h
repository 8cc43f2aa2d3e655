/* keyed_table.h: a bounded hash table: the least recently touched entry makes room for a new one.
 * In: keys of a fixed size. Out: entries of a fixed size that start with their key.
 * Called by: core, for every table that traffic can fill. Never: allocates after keyed_table_new(),
 * moves an entry, or asks for the time: ages are the caller's.
 *
 * The hash is keyed (hash.h), so nobody outside can choose keys that collide. Entries are in one list from the
 * least to the most recently touched; finding does not touch. The entry found last is remembered, since
 * frames come in trains. */
#ifndef PEARPD_KEYED_TABLE_H
#define PEARPD_KEYED_TABLE_H

#include "pearpd/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyed_table;

/* A table of at most `limit` entries. A key is `key_bytes` without padding, the first member of an entry.
 * NULL: out of memory. */
struct keyed_table *keyed_table_new(uint32_t limit, size_t key_bytes, size_t entry_bytes,
                                    const uint8_t hash_key[static HASH_KEY_BYTES]);
void keyed_table_free(struct keyed_table *table);

/* The entry of `key`, or NULL. Borrowed until it is removed or makes room. */
void *keyed_table_find(struct keyed_table *table, const void *key);

/* The entry of `key`, touched; a new one, all zero but the key, where there was none (*fresh is then true).
 * In a full table it takes the place of the least recently touched entry. */
void *keyed_table_put(struct keyed_table *table, const void *key, bool *fresh);

/* Makes the entry the newest. */
void keyed_table_touch(struct keyed_table *table, void *entry);
void keyed_table_remove(struct keyed_table *table, void *entry);

uint32_t keyed_table_count(const struct keyed_table *table);
bool keyed_table_full(const struct keyed_table *table);

/* From the least recently touched on: keyed_table_oldest(), then keyed_table_newer(); NULL at the end. */
void *keyed_table_oldest(const struct keyed_table *table);
void *keyed_table_newer(const struct keyed_table *table, const void *entry);

/* The entry in the first place in use at or after *place, which moves behind it; NULL: there is none. Start
 * with 0. Entries keep their place, so a walk may go on after the table has changed. */
const void *keyed_table_walk(const struct keyed_table *table, uint32_t *place);

/* Any entry of a full table, as `random` chooses. */
void *keyed_table_any(struct keyed_table *table, uint64_t random);

/* How many entries were compared with a key so far: the cost of all look-ups. */
uint64_t keyed_table_steps(const struct keyed_table *table);

/* Copies the entries of `from` into `to`, oldest first; `to` keeps the newest that it has room for. Both are of
 * one shape. For a reload that changes a limit. */
void keyed_table_copy(struct keyed_table *to, const struct keyed_table *from);

#endif
