/* served.h: MAC addresses that had their turn within the last minute, of those that own nothing.
 * In: MAC addresses, time. Out: whether one had a turn. Called by: resolver. Never: says who is a newcomer to the
 * segment; evicts: a mark fades after a minute.
 *
 * A Bloom filter with ages, 128 KiB. With 4,096 addresses marked, one newcomer in 400 is taken for one of them; with
 * a new address for each frame all are, and all are alike. */
#ifndef PEARPD_CORE_SERVED_H
#define PEARPD_CORE_SERVED_H

#include "pearpd/addr.h"
#include "pearpd/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct served;

/* `hash_key`: two bridges, or two runs, do not take the same newcomer for another. NULL: out of memory. */
struct served *served_new(const uint8_t hash_key[static HASH_KEY_BYTES]);
void served_free(struct served *served);

void served_mark(struct served *served, struct mac mac, uint64_t now_ns);
bool served_lately(const struct served *served, struct mac mac, uint64_t now_ns);

#endif
