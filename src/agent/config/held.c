/* held.c: see held.h. */
#include "held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct held held_port_set(struct ipv4 address, struct port_set_params params, uint16_t psid)
{
    const struct port_span bounds = port_set_bounds(params, psid);
    return (struct held){
        .range = {address, bounds.first, bounds.last}, .is_port_set = true, .params = params, .psid = psid};
}

unsigned held_spans(const struct held *h)
{
    return h->is_port_set ? port_set_spans(h->params) : 1;
}

struct port_span held_span(const struct held *h, unsigned index)
{
    if (h->is_port_set)
        return port_set_span(h->params, h->psid, index);
    return (struct port_span){h->range.first, h->range.last};
}

uint32_t held_ports(const struct held *h)
{
    const struct port_span span = held_span(h, 0); /* all of a set are of one size */
    return held_spans(h) * (span.last - span.first + 1U);
}

bool held_has(const struct held *h, uint16_t port)
{
    uint16_t psid;
    if (!h->is_port_set)
        return range_holds(&h->range, port);
    return port_set_of(h->params, port, &psid) && psid == h->psid;
}

bool held_equal(const struct held *a, const struct held *b)
{
    if (a->range.address.host != b->range.address.host || a->range.first != b->range.first ||
        a->range.last != b->range.last || a->is_port_set != b->is_port_set)
        return false;
    return !a->is_port_set ||
           (a->params.offset == b->params.offset && a->params.length == b->params.length && a->psid == b->psid);
}

/* Whether one of its ports is in `span`: of a set, the first of its spans that does not end before `span`. */
static bool meets(const struct held *h, struct port_span span)
{
    if (!h->is_port_set)
        return h->range.first <= span.last && span.first <= h->range.last;
    const unsigned period = 1U << (16 - h->params.offset);
    const struct port_span first = held_span(h, 0);
    unsigned index = span.first > first.last ? (span.first - first.last + period - 1U) / period : 0;
    return index < held_spans(h) && held_span(h, index).first <= span.last;
}

/* A stranger may state a set of 32,767 spans: it is looked at by the spans of the other. */
bool held_overlaps(const struct held *a, const struct held *b)
{
    if (!range_overlaps(&a->range, &b->range))
        return false;
    const bool alike = a->is_port_set && b->is_port_set && a->params.offset == b->params.offset &&
                       a->params.length == b->params.length;
    if (alike)
        return a->psid == b->psid;
    const struct held *fewer = held_spans(a) < held_spans(b) ? a : b, *other = fewer == a ? b : a;
    for (unsigned i = 0; i < held_spans(fewer); i++)
        if (meets(other, held_span(fewer, i)))
            return true;
    return false;
}

const char *held_format(const struct held *h, char text[static HELD_TEXT_BYTES])
{
    char address[IPV4_TEXT_BYTES];
    ipv4_format(h->range.address, address);
    if (h->is_port_set)
        snprintf(text, HELD_TEXT_BYTES, "%s:psid/%u/%u/%u", address, h->params.offset, h->params.length,
                 h->psid);
    else
        snprintf(text, HELD_TEXT_BYTES, "%s:%u-%u", address, h->range.first, h->range.last);
    return text;
}

/* OFFSET/LENGTH/ID, behind "psid/". */
static int parse_port_set(const char *text, struct ipv4 address, struct held *h)
{
    unsigned offset, length, psid;
    int used = -1;
    if (text[strspn(text, "0123456789/")] != '\0' ||
        sscanf(text, "%2u/%2u/%5u%n", &offset, &length, &psid, &used) != 3 || text[used] != '\0')
        return -EINVAL;
    const struct port_set_params params = {(uint8_t)offset, (uint8_t)length};
    if (!port_set_valid(params) || psid >= 1U << length)
        return -ERANGE;
    *h = held_port_set(address, params, (uint16_t)psid);
    return 0;
}

int held_parse(const char *text, struct held *h)
{
    static const char set[] = "psid/";
    char address_text[IPV4_TEXT_BYTES];
    struct ipv4 address;
    struct range range;
    const size_t length = strcspn(text, ":");
    if (length >= sizeof(address_text) || text[length] != ':')
        return -EINVAL;
    memcpy(address_text, text, length);
    address_text[length] = '\0';
    if (ipv4_parse(address_text, &address) != 0 || !ipv4_is_host(address))
        return -EINVAL;
    const char *ports = text + length + 1;
    if (strncmp(ports, set, strlen(set)) == 0)
        return parse_port_set(ports + strlen(set), address, h);
    const int error = range_parse(text, &range);
    if (error == 0)
        *h = (struct held){.range = range};
    return error;
}

int held_add(struct held_list *list, const struct held *h, size_t *other)
{
    unsigned spans = held_spans(h);
    if (spans > HELD_SPANS_MAX)
        return -ENOSPC;
    for (size_t i = 0; i < list->count; i++) {
        *other = i;
        if (held_overlaps(&list->held[i], h))
            return -EEXIST;
        spans += held_spans(&list->held[i]);
    }
    if (list->count == HELD_MAX || spans > HELD_SPANS_MAX)
        return -ENOSPC;
    list->held[list->count++] = *h;
    return 0;
}

size_t held_find(const struct held_list *list, const struct held *h)
{
    size_t i = 0;
    while (i < list->count && !held_equal(&list->held[i], h))
        i++;
    return i;
}

static int by_first(const void *a, const void *b)
{
    const struct port_span *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

size_t held_union(const struct held_list *list, struct ipv4 address,
                  struct port_span spans[static HELD_SPANS_MAX])
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < list->count; i++)
        for (unsigned k = 0; k < held_spans(&list->held[i]); k++)
            if (address.host == 0 || address.host == list->held[i].range.address.host)
                spans[count++] = held_span(&list->held[i], k);
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

size_t held_widest(const struct held_list *list, struct ipv4 address)
{
    size_t widest = 0;
    int most = -1;
    for (size_t i = 0; i < list->count; i++) {
        const struct port_span span = held_span(&list->held[i], 0); /* all of a set are of one size */
        if (list->held[i].range.address.host != address.host || span.last - span.first <= most)
            continue;
        widest = i;
        most = span.last - span.first;
    }
    return widest;
}

size_t held_addresses(const struct held_list *list, struct ipv4 addresses[static HELD_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t k = 0;
        while (k < count && addresses[k].host != list->held[i].range.address.host)
            k++;
        if (k == count)
            addresses[count++] = list->held[i].range.address;
    }
    return count;
}
