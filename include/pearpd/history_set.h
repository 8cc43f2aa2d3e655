/* history_set.h: what is held at one moment of the ownership history: which host has owned which ports since when.
 * In: ports, owners. Out: the holding of the same ports. Called by: io. Never: sees a file, asks for the time.
 * Grows as it is filled: its bound is that of the table that it follows. */
#ifndef PEARPD_HISTORY_SET_H
#define PEARPD_HISTORY_SET_H

#include "pearpd/addr.h"
#include "pearpd/hash.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stdint.h>

struct holding {
    struct port_range ports; /* the key */
    struct mac mac;
    uint8_t origin; /* enum binding_origin */
    bool is_uncertain;
    bool is_marked; /* since history_set_unmark() */
    uint32_t by;
    uint64_t from_ms; /* wall clock */
    char *name;       /* owned; NULL: none */
    struct holding *next;
};

struct history_set;

/* NULL: out of memory. */
struct history_set *history_set_new(const uint8_t hash_key[static HASH_KEY_BYTES]);
void history_set_free(struct history_set *set);

/* The holding of exactly these ports, or NULL. Borrowed until it is removed. */
struct holding *history_set_find(const struct history_set *set, const struct port_range *ports);
/* Adds a copy of `holding` with a name of its own (NULL or empty: none), over ports that have none yet; it is marked. NULL:
 * out of memory. */
struct holding *history_set_add(struct history_set *set, const struct holding *holding, const char *name);
void history_set_remove(struct history_set *set, struct holding *holding);

void history_set_unmark(struct history_set *set);

uint32_t history_set_count(const struct history_set *set);

/* Calls `visit` for each, in no order. It may remove the holding that it is given, and no other. */
void history_set_walk(struct history_set *set, void (*visit)(void *context, struct holding *holding),
                      void *context);

#endif
