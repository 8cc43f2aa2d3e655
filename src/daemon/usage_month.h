/* usage_month.h: the traffic of each owner in each calendar month (UTC).
 * In: the engine's accounts, as they grow; the wall clock, which gives the month. Out: rows {owner, month, traffic}.
 * Called by: bridge, control, state_kinds, the tests. Never: asks for the time.
 *
 * Only growth is booked, under the month in which it is, so that a clock that jumps moves traffic to another row
 * but never counts it twice or loses it; before 2020 the clock has not been set, and booking waits.
 *
 * [limits] accounts, months. An owner's oldest month makes room for a new one; a month older than all that are kept is
 * booked with the oldest. An owner that the engine has evicted is removed, and its rows are added to those of the others. */
#ifndef PEARPD_DAEMON_USAGE_MONTH_H
#define PEARPD_DAEMON_USAGE_MONTH_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/hash.h"
#include "pearpd/month.h"

#include <stdbool.h>
#include <stdint.h>

struct usage_month {
    month_number month;
    struct traffic traffic;
};

struct usage_months;

/* NULL: out of memory. */
struct usage_months *usage_months_new(const struct limits *limits,
                                      const uint8_t hash_key[static HASH_KEY_BYTES]);
void usage_months_free(struct usage_months *months);
/* Takes other limits. 0, or -ENOMEM and nothing has changed. */
int usage_months_resize(struct usage_months *months, const struct limits *limits);

/* Books what one owner, the next few, or all of them have grown by. */
void usage_months_book(struct usage_months *months, struct engine *engine, struct mac owner, uint64_t wall_us);
void usage_months_book_some(struct usage_months *months, struct engine *engine, uint64_t wall_us);
void usage_months_book_all(struct usage_months *months, struct engine *engine, uint64_t wall_us);

/* The rows of `owner` (zero: the others), oldest first; their number is returned. Borrowed until the next booking. */
uint32_t usage_months_of(const struct usage_months *months, struct mac owner, const struct usage_month **rows);

/* Walks all rows; start with {0}. False: there are no more. */
struct usage_months_cursor {
    uint32_t place, row;
    bool is_behind_others;
};
bool usage_months_next(const struct usage_months *months, struct usage_months_cursor *cursor, struct mac *owner,
                       struct usage_month *row);
/* Puts back a row of an earlier run. 0; -EINVAL: no month that can be. */
int usage_months_restore(struct usage_months *months, struct mac owner, const struct usage_month *row);

#endif
