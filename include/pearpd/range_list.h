/* range_list.h: the ranges and port sets of one interface, in the order of the configuration: new connections use the
 * first address. Plain data. Called by: agent. */
#ifndef PEARPD_RANGE_LIST_H
#define PEARPD_RANGE_LIST_H

#include "pearpd/port_range.h"

#include <stddef.h>

#define RANGES_MAX      32   /* on one interface */
#define RANGE_SPANS_MAX 1024 /* of all of them together: a port set of offset a has 2^a - 1 */

struct range_list {
    struct port_range ranges[RANGES_MAX];
    size_t count;
};

/* 0; -EEXIST: `range` shares a port with one that is there, whose index is *other; -ENOSPC: RANGES_MAX or
 * RANGE_SPANS_MAX is reached. */
int range_list_add(struct range_list *list, const struct port_range *range, size_t *other);

/* The spans of all ranges of `address` (0.0.0.0: of all addresses), ascending, those that touch as one. Their number. */
size_t range_list_union(const struct range_list *list, struct ipv4 address,
                        struct port_span spans[static RANGE_SPANS_MAX]);

/* The index of the range of `address` with the widest span: nft maps ports of local programs there. */
size_t range_list_widest(const struct range_list *list, struct ipv4 address);

/* The index of `range`, or list->count. */
size_t range_list_find(const struct range_list *list, const struct port_range *range);

/* The addresses of the list, each once, in its order. Their number. */
size_t range_list_addresses(const struct range_list *list, struct ipv4 addresses[static RANGES_MAX]);

#endif
