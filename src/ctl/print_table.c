/* print_table.c: who holds which ports, for people; see command.h. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_BYTES 24

static bool state_is(const struct answer *entry, const char *state)
{
    return strcmp(answer_text(entry, "state"), state) == 0;
}

/* As arp(8): C complete, M permanent, P published. */
static const char *flags_of(const struct answer *entry)
{
    if (state_is(entry, "incomplete"))
        return "";
    if (state_is(entry, "published"))
        return "CMP";
    return state_is(entry, "permanent") ? "CM" : "C";
}

void print_address(const struct answer *entry, char *text, size_t size)
{
    if (state_is(entry, "published"))
        snprintf(text, size, "%s", answer_text(entry, "address"));
    else
        snprintf(text, size, "%s:%" PRIu64 "-%" PRIu64, answer_text(entry, "address"),
                 answer_number(entry, "first_port"), answer_number(entry, "last_port"));
}

/* The two largest units: 37s, 5m12s, 3h05m, 2d01h. */
static const char *duration(const struct answer *entry, const char *key, char text[static DURATION_BYTES])
{
    const uint64_t s = answer_number(entry, key);
    if (!answer_has_number(entry, key))
        snprintf(text, DURATION_BYTES, "-");
    else if (s < 60)
        snprintf(text, DURATION_BYTES, "%" PRIu64 "s", s);
    else if (s < 3600)
        snprintf(text, DURATION_BYTES, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, DURATION_BYTES, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(text, DURATION_BYTES, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
    return text;
}

/* Order. */

static uint64_t traffic_of(const struct answer *entry)
{
    return answer_number(entry, "rx_bytes") + answer_number(entry, "tx_bytes");
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* What was never seen comes last. */
static uint64_t seen_of(const struct answer *entry)
{
    return answer_has_number(entry, "seen_s") ? answer_number(entry, "seen_s") : UINT64_MAX;
}

static int by_age(const struct answer *a, const struct answer *b)
{
    return compare_numbers(answer_number(a, "age_s"), answer_number(b, "age_s"));
}

static int by_seen(const struct answer *a, const struct answer *b)
{
    return compare_numbers(seen_of(a), seen_of(b));
}

static int by_traffic(const struct answer *a, const struct answer *b)
{
    return compare_numbers(traffic_of(b), traffic_of(a)); /* the most first */
}

static int by_mac(const struct answer *a, const struct answer *b)
{
    return strcmp(answer_text(a, "mac"), answer_text(b, "mac"));
}

/* Those without a name come last. */
static int by_name(const struct answer *a, const struct answer *b)
{
    const char *left = answer_text(a, "name"), *right = answer_text(b, "name");
    if ((*left == '\0') != (*right == '\0'))
        return *left == '\0' ? 1 : -1;
    return strcmp(left, right);
}

static int by_state(const struct answer *a, const struct answer *b)
{
    return strcmp(answer_text(a, "state"), answer_text(b, "state"));
}

struct table_order {
    const char *name;
    int (*compare)(const struct answer *a, const struct answer *b);
};

/* The daemon sends it by address and port. TABLE_SORTS names these rows. */
static const struct table_order orders[] = {{"address", NULL},      {"mac", by_mac}, {"name", by_name},
                                            {"state", by_state},    {"age", by_age}, {"seen", by_seen},
                                            {"traffic", by_traffic}};

static const struct table_order *order_of(const char *sort)
{
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (strcmp(orders[i].name, sort) == 0)
            return &orders[i];
    return NULL;
}

bool table_sorts_by(const char *sort)
{
    return order_of(sort) != NULL;
}

struct line {
    const struct answer *entry;
    size_t place; /* in the daemon's order, which decides among equals */
    const struct table_order *order;
};

static int compare_lines(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    const int result = a->order->compare == NULL ? 0 : a->order->compare(a->entry, b->entry);
    return result != 0 ? result : compare_numbers(a->place, b->place);
}

/* Lines. */

static void print_line(const struct answer *entry, bool verbose)
{
    char address[64], age[DURATION_BYTES], seen[DURATION_BYTES];
    const bool incomplete = state_is(entry, "incomplete");
    const char *name = answer_text(entry, "name");
    print_address(entry, address, sizeof(address));
    printf("%-30s %-7s %-19s %-6s %-5s ", address, incomplete ? "" : "ether",
           incomplete ? "(incomplete)" : answer_text(entry, "mac"), flags_of(entry), "");
    if (verbose)
        printf("%-8s %-16s %-10s %-8s %8s %8s\n", answer_text(entry, "interface"), *name != '\0' ? name : "-",
               answer_text(entry, "state"), answer_text(entry, "origin"), duration(entry, "age_s", age),
               duration(entry, "seen_s", seen));
    else
        printf("%s\n", answer_text(entry, "interface"));
}

void print_table(const struct answer *table, const struct print_options *options)
{
    const size_t count = answer_count(table);
    const struct table_order *order = order_of(options->sort != NULL ? options->sort : "address");
    struct line *lines = calloc(count + 1, sizeof(*lines));
    if (lines == NULL) {
        perror("pearpctl");
        return;
    }
    for (size_t i = 0; i < count; i++)
        lines[i] = (struct line){answer_at(table, i), i, order};
    qsort(lines, count, sizeof(*lines), compare_lines);
    printf("Address                        HWtype  HWaddress           Flags  Mask  Iface%s\n",
           options->verbose ? "    Name             State      Origin        Age     Seen" : "");
    for (size_t i = 0; i < count; i++)
        print_line(lines[i].entry, options->verbose);
    free(lines);
}
