/* check_dhcp.c: see check_dhcp.h. */
#include "check_dhcp.h"

#include "pearpd/config.h"

#include "reading.h"

#include <string.h>

static struct config_address *address_of(const struct config *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return &c->addresses[i];
    return NULL;
}

/* The line of a key of [dhcp]. */
static unsigned line_of(const struct ini_file *file, const char *key)
{
    return ini_line_of(file, "dhcp", key);
}

/* True where a whole port set lies within `ports`. */
static bool has_a_set(const struct config_address *a)
{
    for (uint32_t psid = 0; psid < UINT32_C(1) << a->lease_psid.length; psid++) {
        struct port_span bounds = port_set_bounds(a->lease_psid, (uint16_t)psid);
        if (bounds.first >= a->ports_first && bounds.last <= a->ports_last)
            return true;
    }
    return false;
}

static void serve_address(struct ini_file *file, struct config_address *a)
{
    const struct config *c = ini_target(file);
    const struct config_dhcp *dhcp = &c->dhcp;
    char text[IPV4_TEXT_BYTES];
    ipv4_format(a->address, text);
    a->is_served = true;
    if (a->learn_line == 0)
        a->learn = 0;
    if (a->learn & LEARN_DHCP)
        ini_fault(file, a->learn_line,
                  "learn: dhcp and [dhcp] serve exclude each other: %s would have two servers", text);
    a->lease_psid = a->has_psid ? a->psid : dhcp->psid;
    if (!a->has_psid && !dhcp->has_psid)
        ini_fault(file, line_of(file, "serve"), "serve: neither [address %s] nor [dhcp] has a psid", text);
    else if (!has_a_set(a))
        ini_fault(file, line_of(file, "serve"),
                  "serve: no port set of psid = %u/%u is within ports = %u-%u of %s", a->lease_psid.offset,
                  a->lease_psid.length, a->ports_first, a->ports_last, text);
    if (dhcp->router.host != 0 && ((dhcp->router.host ^ a->address.host) & dhcp->netmask.host) != 0)
        ini_fault(file, line_of(file, "router"), "router: is not in the network of %s", text);
}

static void check_served(struct ini_file *file)
{
    struct config *c = ini_target(file);
    const struct conf_reading *reading = ini_context(file);
    char text[IPV4_TEXT_BYTES];
    for (size_t i = 0; reading->serves_all && i < c->address_count; i++)
        serve_address(file, &c->addresses[i]);
    for (size_t i = 0; i < reading->served_count; i++) {
        struct config_address *a = address_of(c, reading->served[i]);
        if (a == NULL)
            ini_fault(file, line_of(file, "serve"), "serve = %s: there is no [address] for it",
                      ipv4_format(reading->served[i], text));
        else
            serve_address(file, a);
    }
}

static void check_server_id(struct ini_file *file)
{
    struct config *c = ini_target(file);
    const struct conf_reading *reading = ini_context(file);
    struct config_dhcp *dhcp = &c->dhcp;
    char text[IPV4_TEXT_BYTES];
    if (!reading->serves_all && reading->served_count == 0)
        return;
    if (dhcp->router.host != 0 && address_of(c, dhcp->router) != NULL)
        ini_fault(file, line_of(file, "router"), "router = %s: is a shared address",
                  ipv4_format(dhcp->router, text));
    if (dhcp->server_id.host == 0)
        dhcp->server_id = dhcp->router;
    else if (address_of(c, dhcp->server_id) != NULL)
        ini_fault(file, line_of(file, "server-id"), "server-id = %s: is a shared address",
                  ipv4_format(dhcp->server_id, text));
    if (dhcp->server_id.host == 0 && line_of(file, "router") == 0 && line_of(file, "server-id") == 0)
        ini_fault(file, line_of(file, "serve"),
                  "serve: needs router or server-id: clients renew their lease there");
}

/* The port set that a [lease] names. False: a fault, which is noted. */
static bool check_lease_set(struct ini_file *file, const struct config_lease *l)
{
    const struct config_address *a = address_of(ini_target(file), l->range.address);
    char text[RANGE_TEXT_BYTES];
    range_format(&l->range, text);
    if (a == NULL || !a->is_served) {
        ini_fault(file, l->line, "[lease %s]: [dhcp] does not serve its address", text);
        return false;
    }
    uint16_t psid;
    bool good = port_set_valid(a->lease_psid) && port_set_of(a->lease_psid, l->range.first, &psid);
    if (good) {
        struct port_span bounds = port_set_bounds(a->lease_psid, psid);
        good = bounds.first == l->range.first && bounds.last == l->range.last;
    }
    if (!good || l->range.first < a->ports_first || l->range.last > a->ports_last) {
        ini_fault(file, l->line, "[lease %s]: is no port set of psid = %u/%u within ports = %u-%u", text,
                  a->lease_psid.offset, a->lease_psid.length, a->ports_first, a->ports_last);
        return false;
    }
    return true;
}

/* Where the ranges of an address begin, which are sorted. */
static size_t first_range(const struct config *c, struct ipv4 address)
{
    size_t low = 0, high = c->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->ranges[middle].range.address.host < address.host)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void check_lease_ranges(struct ini_file *file, const struct config_lease *l)
{
    const struct config *c = ini_target(file);
    const struct config_address *a = address_of(c, l->range.address);
    char text[RANGE_TEXT_BYTES], other[RANGE_TEXT_BYTES], at[INI_LINE_TEXT_BYTES];
    uint16_t wanted, psid;
    if (!port_set_of(a->lease_psid, l->range.first, &wanted))
        return;
    for (size_t i = first_range(c, l->range.address); i < c->range_count; i++) {
        const struct config_range *range = &c->ranges[i];
        if (range->range.address.host != l->range.address.host)
            return;
        for (uint32_t port = range->range.first; port <= range->range.last; port++) {
            if (!port_set_of(a->lease_psid, (uint16_t)port, &psid) || psid != wanted)
                continue;
            ini_fault(file, l->line, "[lease %s]: overlaps [range %s] at %s", range_format(&l->range, text),
                      range_format(&range->range, other), ini_line_format(file, range->line, at));
            break;
        }
    }
}

static bool same_client(const struct config_lease *a, const struct config_lease *b)
{
    if (a->has_mac && b->has_mac)
        return mac_equal(a->mac, b->mac);
    return a->client_id_length > 0 && a->client_id_length == b->client_id_length &&
           memcmp(a->client_id, b->client_id, a->client_id_length) == 0;
}

static void check_lease_client(struct ini_file *file, const struct config_lease *l)
{
    const struct config *c = ini_target(file);
    char text[RANGE_TEXT_BYTES];
    range_format(&l->range, text);
    if (l->mac_line == 0 && l->client_id_line == 0)
        ini_fault(file, l->line, "[lease %s]: mac or client-id is missing", text);
    if (l->mac_line != 0 && l->client_id_line != 0)
        ini_fault(file, l->client_id_line > l->mac_line ? l->client_id_line : l->mac_line,
                  "mac and client-id exclude each other");
    if (l->has_mac && !c->mac_auto && mac_equal(l->mac, c->mac))
        ini_fault(file, l->mac_line, "mac: is the bridge's own");
}

/* Against those before it in the file. */
static void check_lease_twice(struct ini_file *file, size_t index)
{
    const struct config *c = ini_target(file);
    const struct config_lease *l = &c->leases[index];
    char text[RANGE_TEXT_BYTES], at[INI_LINE_TEXT_BYTES];
    for (size_t i = 0; i < index; i++) {
        const struct config_lease *other = &c->leases[i];
        if (l->range.address.host == other->range.address.host && l->range.first == other->range.first)
            ini_fault(file, l->line, "[lease %s]: is already at %s", range_format(&l->range, text),
                      ini_line_format(file, other->line, at));
        if (same_client(l, other))
            ini_fault(file, l->line, "[lease %s]: its client has one already, at %s",
                      range_format(&l->range, text), ini_line_format(file, other->line, at));
    }
}

void conf_check_dhcp(struct ini_file *file)
{
    struct config *c = ini_target(file);
    check_served(file);
    check_server_id(file);
    for (size_t i = 0; i < c->lease_count; i++) {
        const struct config_lease *l = &c->leases[i];
        if (l->range.address.host == 0)
            continue; /* reported already */
        check_lease_client(file, l);
        check_lease_twice(file, i);
        if (check_lease_set(file, l))
            check_lease_ranges(file, l);
    }
}
