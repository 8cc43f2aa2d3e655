/* check.c: what can only be said of a configuration as a whole: what is missing, twice, or overlaps. */
#include "dhcp_keys.h"
#include "reader.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

static bool is_bridges_own(const struct config *c, struct mac mac)
{
    return !c->mac_auto && !mac_is_zero(mac) && mac_equal(mac, c->mac);
}

static void check_bridge(struct conf_reader *r)
{
    const struct config *c = r->config;
    if (r->section_lines[SECTION_BRIDGE] == 0)
        conf_fault_at(r, 1, "[bridge] is missing");
    if (*c->upstream != '\0' && strcmp(c->upstream, c->downstream) == 0)
        conf_fault_at(r, r->downstream_line, "downstream = %s: is upstream too", c->downstream);
    if (c->has_router_mac && is_bridges_own(c, c->router_mac)) {
        char text[MAC_TEXT_BYTES];
        conf_fault_at(r, r->router_mac_line, "router-mac = %s: is the bridge's own", mac_format(c->mac, text));
    }
    if (c->address_count > c->limits.addresses)
        conf_fault_at(r, c->addresses[c->limits.addresses].line,
                      "[address]: one more than addresses = %u in [limits]", c->limits.addresses);
    if (c->address_count == 0)
        conf_fault_at(r, r->section_lines[SECTION_BRIDGE] != 0 ? r->section_lines[SECTION_BRIDGE] : 1,
                      "there is no [address] section");
    if (c->limits.held_port_frames > c->limits.held_frames)
        conf_fault_at(r, r->section_lines[SECTION_LIMITS], "held-port-frames = %u: more than held-frames = %u",
                      c->limits.held_port_frames, c->limits.held_frames);
}

static void check_address(struct conf_reader *r, size_t i)
{
    const struct config_address *a = &r->config->addresses[i];
    const struct address_lines *lines = &r->address_lines[i];
    char text[MAC_TEXT_BYTES];
    if (lines->psid != 0 && lines->block != 0)
        conf_fault_at(r, lines->psid > lines->block ? lines->psid : lines->block,
                      "psid and block = %u stand in one section", a->block);
    if (lines->block != 0 && a->block > (uint32_t)a->ports_last - a->ports_first + 1)
        conf_fault_at(r, lines->block, "block = %u: more than ports = %u-%u holds", a->block, a->ports_first,
                      a->ports_last);
    if (a->has_default_host && is_bridges_own(r->config, a->default_host))
        conf_fault_at(r, lines->default_host, "default-host = %s: is the bridge's own",
                      mac_format(a->default_host, text));
}

static const struct config_address *address_of(const struct config *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return &c->addresses[i];
    return NULL;
}

static void check_range(struct conf_reader *r, size_t i)
{
    const struct config_range *range = &r->config->ranges[i];
    char text[RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    if (range->range.address.host == 0)
        return; /* told already */
    if (address_of(r->config, range->range.address) == NULL)
        conf_fault_at(r, range->line, "[range %s]: there is no [address] for it",
                      range_format(&range->range, text));
    if (is_bridges_own(r->config, range->mac))
        conf_fault_at(r, range->mac_line, "mac = %s: is the bridge's own", mac_format(range->mac, mac));
}

static void check_protocol(struct conf_reader *r, size_t i)
{
    const struct config_protocol *p = &r->config->protocols[i];
    char text[IPV4_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    if (p->address.host == 0)
        return; /* told already */
    if (address_of(r->config, p->address) == NULL)
        conf_fault_at(r, p->line, "[protocol %s/%u]: there is no [address] for it",
                      ipv4_format(p->address, text), p->protocol);
    if (is_bridges_own(r->config, p->mac))
        conf_fault_at(r, p->mac_line, "mac = %s: is the bridge's own", mac_format(p->mac, mac));
}

static void check_keys(struct conf_reader *r)
{
    struct config *c = r->config;
    if (c->key_count > c->limits.keys)
        conf_fault_at(r, r->section_lines[SECTION_KEYS], "[keys]: more than keys = %u in [limits]",
                      c->limits.keys);
    pe_arp_keys_sort(c->keys, c->key_count);
}

static int by_address(const void *a, const void *b)
{
    const struct config_address *x = a, *y = b;
    return x->address.host < y->address.host ? -1 : x->address.host > y->address.host;
}

static int by_range(const void *a, const void *b)
{
    const struct config_range *x = a, *y = b;
    if (x->range.address.host != y->range.address.host)
        return x->range.address.host < y->range.address.host ? -1 : 1;
    if (x->range.first != y->range.first)
        return x->range.first < y->range.first ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Sorted: each against the one before it that reaches furthest. */
static void check_overlaps(struct conf_reader *r)
{
    const struct config *c = r->config;
    const struct config_range *widest = NULL;
    char text[RANGE_TEXT_BYTES], other[RANGE_TEXT_BYTES];
    for (size_t i = 0; i < c->range_count; i++) {
        const struct config_range *range = &c->ranges[i];
        if (range->range.address.host == 0)
            continue;
        if (widest != NULL && range_overlaps(&widest->range, &range->range)) {
            bool later = range->line > widest->line;
            const struct config_range *a = later ? range : widest, *b = later ? widest : range;
            conf_fault_at(r, a->line, "[range %s]: overlaps [range %s] at line %u",
                          range_format(&a->range, text), range_format(&b->range, other), b->line);
        }
        if (widest == NULL || widest->range.address.host != range->range.address.host ||
            range->range.last > widest->range.last)
            widest = range;
    }
}

void conf_check(struct conf_reader *r)
{
    struct config *c = r->config;
    check_bridge(r);
    for (size_t i = 0; i < c->address_count; i++)
        check_address(r, i);
    for (size_t i = 0; i < c->range_count; i++)
        check_range(r, i);
    for (size_t i = 0; i < c->protocol_count; i++)
        check_protocol(r, i);
    check_keys(r);
    if (c->protocol_count > 0)
        qsort(c->protocols, c->protocol_count, sizeof(*c->protocols), config_protocol_order);
    if (c->address_count > 0)
        qsort(c->addresses, c->address_count, sizeof(*c->addresses), by_address);
    if (c->range_count > 0)
        qsort(c->ranges, c->range_count, sizeof(*c->ranges), by_range);
    check_overlaps(r);
    conf_check_dhcp(r);
}
