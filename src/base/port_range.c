/* port_range.c: see port_range.h. */
#include "pearpd/port_range.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct port_range port_range_of_set(struct ipv4 address, struct port_set_params params, uint16_t psid)
{
    const struct port_span bounds = port_set_bounds(params, psid);
    return (struct port_range){
        .range = {address, bounds.first, bounds.last}, .is_port_set = true, .params = params, .psid = psid};
}

unsigned port_range_spans(const struct port_range *r)
{
    return r->is_port_set ? port_set_spans(r->params) : 1;
}

struct port_span port_range_span(const struct port_range *r, unsigned index)
{
    if (r->is_port_set)
        return port_set_span(r->params, r->psid, index);
    return (struct port_span){r->range.first, r->range.last};
}

uint32_t port_range_ports(const struct port_range *r)
{
    const struct port_span span = port_range_span(r, 0); /* all of a set are of one size */
    return port_range_spans(r) * (span.last - span.first + 1U);
}

bool port_range_has(const struct port_range *r, uint16_t port)
{
    uint16_t psid;
    if (!r->is_port_set)
        return range_holds(&r->range, port);
    return port_set_of(r->params, port, &psid) && psid == r->psid;
}

bool port_range_equal(const struct port_range *a, const struct port_range *b)
{
    if (a->range.address.host != b->range.address.host || a->range.first != b->range.first ||
        a->range.last != b->range.last || a->is_port_set != b->is_port_set)
        return false;
    return !a->is_port_set || (port_set_same(a->params, b->params) && a->psid == b->psid);
}

/* True where one of its ports is in `span`. Of a set only the first span that does not end before `span` is compared. */
static bool meets(const struct port_range *r, struct port_span span)
{
    if (!r->is_port_set)
        return r->range.first <= span.last && span.first <= r->range.last;
    const unsigned period = 1U << (16 - r->params.offset);
    const struct port_span first = port_range_span(r, 0);
    unsigned index = span.first > first.last ? (span.first - first.last + period - 1U) / period : 0;
    return index < port_range_spans(r) && port_range_span(r, index).first <= span.last;
}

/* A port set of a stranger may have 32,767 spans, so the one with fewer spans is walked. */
bool port_range_overlaps(const struct port_range *a, const struct port_range *b)
{
    if (!range_overlaps(&a->range, &b->range))
        return false;
    const bool alike = a->is_port_set && b->is_port_set && port_set_same(a->params, b->params);
    if (alike)
        return a->psid == b->psid;
    const struct port_range *fewer = port_range_spans(a) < port_range_spans(b) ? a : b,
                            *other = fewer == a ? b : a;
    for (unsigned i = 0; i < port_range_spans(fewer); i++)
        if (meets(other, port_range_span(fewer, i)))
            return true;
    return false;
}

const char *port_range_format(const struct port_range *r, char text[static PORT_RANGE_TEXT_BYTES])
{
    char address[IPV4_TEXT_BYTES];
    ipv4_format(r->range.address, address);
    if (r->is_port_set)
        snprintf(text, PORT_RANGE_TEXT_BYTES, "%s:psid/%u/%u/%u", address, r->params.offset, r->params.length,
                 r->psid);
    else
        snprintf(text, PORT_RANGE_TEXT_BYTES, "%s:%u-%u", address, r->range.first, r->range.last);
    return text;
}

/* OFFSET/LENGTH/ID, behind "psid/". */
static int parse_port_set(const char *text, struct ipv4 address, struct port_range *r)
{
    unsigned offset, length, psid;
    int used = -1;
    if (text[strspn(text, "0123456789/")] != '\0' ||
        sscanf(text, "%2u/%2u/%5u%n", &offset, &length, &psid, &used) != 3 || text[used] != '\0')
        return -EINVAL;
    const struct port_set_params params = {(uint8_t)offset, (uint8_t)length};
    if (!port_set_valid(params) || psid >= 1U << length)
        return -ERANGE;
    *r = port_range_of_set(address, params, (uint16_t)psid);
    return 0;
}

int port_range_parse(const char *text, struct port_range *r)
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
        return parse_port_set(ports + strlen(set), address, r);
    const int error = range_parse(text, &range);
    if (error == 0)
        *r = (struct port_range){.range = range};
    return error;
}
