/* account_report.c: see account_report.h. */
#include "account_report.h"

#include <stdlib.h>

#define RANGES_MOST 64 /* of one owner, in one answer */

static void write_traffic(struct json *j, const struct traffic *t)
{
    json_key_u64(j, "rx_frames", t->rx_frames);
    json_key_u64(j, "rx_bytes", t->rx_bytes);
    json_key_u64(j, "tx_frames", t->tx_frames);
    json_key_u64(j, "tx_bytes", t->tx_bytes);
}

static int by_place(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->address.host != y->address.host)
        return x->address.host < y->address.host ? -1 : 1;
    return (int)x->first - (int)y->first;
}

static void write_owner(struct json *j, const struct engine *engine, struct mac owner)
{
    struct range ranges[RANGES_MOST];
    char text[RANGE_TEXT_BYTES];
    const char *name;
    uint32_t count = engine_account_ranges(engine, owner, ranges, RANGES_MOST, &name);
    qsort(ranges, count < RANGES_MOST ? count : RANGES_MOST, sizeof(ranges[0]), by_place);
    json_key(j, "mac");
    if (mac_is_zero(owner))
        json_null(j);
    else
        json_string(j, mac_format(owner, text));
    json_key_string(j, "name", name);
    json_key_u64(j, "range_count", count);
    json_key(j, "ranges");
    json_array_begin(j);
    for (uint32_t i = 0; i < count && i < RANGES_MOST; i++)
        json_string(j, range_format(&ranges[i], text));
    json_array_end(j);
}

static bool has_month(const struct usage_month *rows, uint32_t count, month_number month)
{
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].month == month)
            return true;
    return false;
}

static void write_months(struct json *j, const struct usage_month *rows, uint32_t count, month_number month)
{
    char text[MONTH_TEXT_BYTES];
    json_key(j, "months");
    json_array_begin(j);
    for (uint32_t i = 0; i < count; i++) {
        if (month != 0 && rows[i].month != month)
            continue;
        json_object_begin(j);
        json_key_string(j, "month", month_format(rows[i].month, text));
        write_traffic(j, &rows[i].traffic);
        json_object_end(j);
    }
    json_array_end(j);
}

bool account_report(struct json *j, const struct engine *engine, const struct usage_months *months,
                    struct mac owner, month_number month)
{
    struct account_entry entry;
    const struct usage_month *rows = NULL;
    uint32_t count = months == NULL ? 0 : usage_months_of(months, owner, &rows);
    if (engine_account_find(engine, owner, &entry) != 0 || (month != 0 && !has_month(rows, count, month)))
        return false;
    if (mac_is_zero(owner) && entry.total.rx_frames + entry.total.tx_frames == 0)
        return false;
    json_object_begin(j);
    write_owner(j, engine, owner);
    write_traffic(j, &entry.total);
    write_months(j, rows, count, month);
    json_object_end(j);
    return true;
}
