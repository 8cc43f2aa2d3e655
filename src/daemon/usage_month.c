/* usage_month.c: see usage_month.h. */
#include "usage_month.h"

#include "pearpd/clock.h"
#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOOKED_AT_ONCE 512 /* owners */

struct owner_months {
    struct mac mac; /* the key; zero: the others */
    uint32_t count;
    struct usage_month rows[]; /* ascending */
};

struct usage_months {
    uint32_t most; /* rows of one owner */
    struct keyed_table *owners;
    struct owner_months *others;
    uint32_t engine_cursor, place; /* of usage_months_book_some() */
    uint8_t hash_key[HASH_KEY_BYTES];
};

static size_t entry_bytes(const struct limits *limits)
{
    return sizeof(struct owner_months) + limits->months * sizeof(struct usage_month);
}

struct usage_months *usage_months_new(const struct limits *limits,
                                      const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct usage_months *months = calloc(1, sizeof(*months));
    if (months == NULL)
        return NULL;
    months->most = limits->months;
    memcpy(months->hash_key, hash_key, HASH_KEY_BYTES);
    months->owners = keyed_table_new(limits->accounts, sizeof(struct mac), entry_bytes(limits), hash_key);
    months->others = calloc(1, entry_bytes(limits));
    if (months->owners == NULL || months->others == NULL) {
        usage_months_free(months);
        return NULL;
    }
    return months;
}

void usage_months_free(struct usage_months *months)
{
    if (months == NULL)
        return;
    keyed_table_free(months->owners);
    free(months->others);
    free(months);
}

/* Rows. */

/* The row of `month`, a new one where there was none. */
static struct usage_month *row_of(const struct usage_months *months, struct owner_months *owner,
                                  month_number month)
{
    uint32_t i = owner->count;
    while (i > 0 && owner->rows[i - 1].month > month)
        i--;
    if (i > 0 && owner->rows[i - 1].month == month)
        return &owner->rows[i - 1];
    if (owner->count == months->most && i == 0)
        return &owner->rows[0];
    if (owner->count == months->most) {
        memmove(&owner->rows[0], &owner->rows[1], (i - 1) * sizeof(owner->rows[0]));
        i--;
    } else {
        memmove(&owner->rows[i + 1], &owner->rows[i], (owner->count - i) * sizeof(owner->rows[0]));
        owner->count++;
    }
    owner->rows[i] = (struct usage_month){.month = month};
    return &owner->rows[i];
}

/* All rows of `from` to those of `to`, newest first: what does not fit goes to the oldest that is kept. */
static void fold(const struct usage_months *months, struct owner_months *to, const struct owner_months *from)
{
    for (uint32_t i = from->count; i > 0; i--)
        traffic_add(&row_of(months, to, from->rows[i - 1].month)->traffic, &from->rows[i - 1].traffic);
}

/* The engine has added its total to the others', and so what of it was booked. */
static void fold_if_given_up(struct usage_months *months, const struct engine *engine,
                             const struct owner_months *o)
{
    struct account_entry entry;
    if (engine_account_find(engine, o->mac, &entry) == 0)
        return;
    fold(months, months->others, o);
    keyed_table_remove(months->owners, keyed_table_find(months->owners, &o->mac));
}

/* The engine has no more accounts than there is room here: in a full table some owner is one that the engine has evicted.
 * All of those are removed at once, so that a flood of new ones does not search the table for each. */
static void make_room(struct usage_months *months, const struct engine *engine)
{
    const struct owner_months *o;
    for (uint32_t place = 0; engine != NULL && (o = keyed_table_walk(months->owners, &place)) != NULL;)
        fold_if_given_up(months, engine, o);
    if (!keyed_table_full(months->owners))
        return;
    o = keyed_table_oldest(months->owners);
    fold(months, months->others, o);
    keyed_table_remove(months->owners, keyed_table_oldest(months->owners));
}

/* The owner's rows, new ones where there were none. `engine` may be NULL. */
static struct owner_months *owner_of(struct usage_months *months, const struct engine *engine, struct mac mac)
{
    bool fresh;
    if (mac_is_zero(mac))
        return months->others;
    if (keyed_table_full(months->owners) && keyed_table_find(months->owners, &mac) == NULL)
        make_room(months, engine);
    return keyed_table_put(months->owners, &mac, &fresh);
}

int usage_months_resize(struct usage_months *months, const struct limits *limits)
{
    struct usage_months *fresh = usage_months_new(limits, months->hash_key);
    if (fresh == NULL)
        return -ENOMEM;
    fold(fresh, fresh->others, months->others);
    for (const struct owner_months *o = keyed_table_oldest(months->owners); o != NULL;
         o = keyed_table_newer(months->owners, o))
        fold(fresh, owner_of(fresh, NULL, o->mac), o);
    struct usage_months old = *months;
    *months = *fresh;
    *fresh = old;
    usage_months_free(fresh);
    return 0;
}

/* Booking. */

/* 0: the clock has not been set, or shows no year of four digits. */
static month_number month_at(uint64_t wall_us)
{
    time_t wall_s = (time_t)(wall_us / US_PER_S);
    struct tm utc;
    if (wall_us < CLOCK_SET_US || gmtime_r(&wall_s, &utc) == NULL || utc.tm_year + 1900 > 9999)
        return 0;
    return (month_number)(utc.tm_year + 1900) * 100 + (month_number)utc.tm_mon + 1;
}

static void book(struct usage_months *months, struct engine *engine, struct mac mac, month_number month)
{
    struct traffic growth;
    if (engine_account_book(engine, mac, &growth))
        traffic_add(&row_of(months, owner_of(months, engine, mac), month)->traffic, &growth);
}

void usage_months_book(struct usage_months *months, struct engine *engine, struct mac owner, uint64_t wall_us)
{
    month_number month = month_at(wall_us);
    if (month != 0)
        book(months, engine, owner, month);
}

/* Books up to `most` owners. False: the walk has come to its end, and begins again. */
static bool walk_on(struct usage_months *months, struct engine *engine, month_number month, uint32_t most)
{
    struct account_entry entry;
    for (; most > 0 && engine_accounts_next(engine, &months->engine_cursor, &entry); most--)
        book(months, engine, entry.mac, month);
    const struct owner_months *o;
    for (; most > 0 && (o = keyed_table_walk(months->owners, &months->place)) != NULL; most--)
        fold_if_given_up(months, engine, o);
    if (most == 0)
        return true;
    months->engine_cursor = months->place = 0;
    return false;
}

void usage_months_book_some(struct usage_months *months, struct engine *engine, uint64_t wall_us)
{
    month_number month = month_at(wall_us);
    if (month != 0)
        walk_on(months, engine, month, BOOKED_AT_ONCE);
}

void usage_months_book_all(struct usage_months *months, struct engine *engine, uint64_t wall_us)
{
    month_number month = month_at(wall_us);
    months->engine_cursor = months->place = 0;
    if (month != 0)
        walk_on(months, engine, month, UINT32_MAX);
}

/* Looking. */

static const struct owner_months *owner_find(const struct usage_months *months, struct mac owner)
{
    return mac_is_zero(owner) ? months->others : keyed_table_find(months->owners, &owner);
}

uint32_t usage_months_of(const struct usage_months *months, struct mac owner, const struct usage_month **rows)
{
    const struct owner_months *o = owner_find(months, owner);
    *rows = o == NULL ? NULL : o->rows;
    return o == NULL ? 0 : o->count;
}

bool usage_months_next(const struct usage_months *months, struct usage_months_cursor *cursor, struct mac *owner,
                       struct usage_month *row)
{
    uint32_t place = cursor->place;
    const struct owner_months *o = months->others;
    if (cursor->is_behind_others)
        o = keyed_table_walk(months->owners, &place);
    while (o != NULL && cursor->row >= o->count) {
        cursor->is_behind_others = true;
        cursor->place = place;
        cursor->row = 0;
        o = keyed_table_walk(months->owners, &place);
    }
    if (o == NULL)
        return false;
    *owner = o->mac;
    *row = o->rows[cursor->row++];
    return true;
}

int usage_months_restore(struct usage_months *months, struct mac owner, const struct usage_month *row)
{
    if (!month_is_valid(row->month) || mac_is_group(owner))
        return -EINVAL;
    traffic_add(&row_of(months, owner_of(months, NULL, owner), row->month)->traffic, &row->traffic);
    return 0;
}
