/* range_list.c: see range_list.h. */
#include "pearpd/range_list.h"

#include <errno.h>
#include <stdlib.h>

int range_list_add(struct range_list *list, const struct port_range *range, size_t *other)
{
    unsigned spans = port_range_spans(range);
    if (spans > RANGE_SPANS_MAX)
        return -ENOSPC;
    for (size_t i = 0; i < list->count; i++) {
        *other = i;
        if (port_range_overlaps(&list->ranges[i], range))
            return -EEXIST;
        spans += port_range_spans(&list->ranges[i]);
    }
    if (list->count == RANGES_MAX || spans > RANGE_SPANS_MAX)
        return -ENOSPC;
    list->ranges[list->count++] = *range;
    return 0;
}

size_t range_list_find(const struct range_list *list, const struct port_range *range)
{
    size_t i = 0;
    while (i < list->count && !port_range_equal(&list->ranges[i], range))
        i++;
    return i;
}

static int by_first(const void *a, const void *b)
{
    const struct port_span *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

size_t range_list_union(const struct range_list *list, struct ipv4 address,
                        struct port_span spans[static RANGE_SPANS_MAX])
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < list->count; i++)
        for (unsigned k = 0; k < port_range_spans(&list->ranges[i]); k++)
            if (address.host == 0 || address.host == list->ranges[i].range.address.host)
                spans[count++] = port_range_span(&list->ranges[i], k);
    if (count == 0)
        return 0;
    qsort(spans, count, sizeof(*spans), by_first);
    for (size_t i = 1; i < count; i++) {
        if (spans[i].first > spans[kept].last + 1U)
            spans[++kept] = spans[i];
        else if (spans[i].last > spans[kept].last)
            spans[kept].last = spans[i].last;
    }
    return kept + 1;
}

size_t range_list_widest(const struct range_list *list, struct ipv4 address)
{
    size_t widest = 0;
    int most = -1;
    for (size_t i = 0; i < list->count; i++) {
        const struct port_span span = port_range_span(&list->ranges[i], 0); /* all of a set are of one size */
        if (list->ranges[i].range.address.host != address.host || span.last - span.first <= most)
            continue;
        widest = i;
        most = span.last - span.first;
    }
    return widest;
}

size_t range_list_addresses(const struct range_list *list, struct ipv4 addresses[static RANGES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t k = 0;
        while (k < count && addresses[k].host != list->ranges[i].range.address.host)
            k++;
        if (k == count)
            addresses[count++] = list->ranges[i].range.address;
    }
    return count;
}
