/* dhcp_keys.c: see dhcp_keys.h. */
#include "dhcp_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys. */

static bool take_host_address(struct conf_reader *r, const struct key_row *row, const char *value,
                              struct ipv4 *address)
{
    *address = (struct ipv4){0};
    if (*value == '\0')
        return true;
    return (ipv4_parse(value, address) == 0 && ipv4_is_host(*address)) || bad_value(r, row, value);
}

static bool serve_one(struct conf_reader *r, const struct key_row *row, const char *word, const char *value)
{
    struct ipv4 address;
    if (ipv4_parse(word, &address) != 0) {
        conf_fault_at(r, r->line, "%s = %s: '%s' must be %s", row->key, value, word, row->values);
        return false;
    }
    for (size_t i = 0; i < r->served_count; i++)
        if (r->served[i].host == address.host) {
            conf_fault_at(r, r->line, "%s = %s: '%s' stands twice", row->key, value, word);
            return false;
        }
    struct ipv4 *served = conf_room_for_one(r, r->served, r->served_count, sizeof(*served));
    if (served == NULL)
        return false;
    r->served = served;
    served[r->served_count++] = address;
    return true;
}

bool take_serve(struct conf_reader *r, const struct key_row *row, const char *value)
{
    char words[INI_LINE_BYTES + 2], *rest = words;
    bool good = true;
    r->serve_line = r->line;
    r->serves_all = strcmp(value, "all") == 0;
    if (r->serves_all || strcmp(value, "none") == 0)
        return true;
    snprintf(words, sizeof(words), "%s", value);
    while (rest != NULL)
        good = serve_one(r, row, next_word(&rest), value) && good;
    return good;
}

bool take_dhcp_psid(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_dhcp *dhcp = &r->config->dhcp;
    dhcp->has_psid = *value != '\0' && take_port_set(r, row, value, &dhcp->psid);
    return *value == '\0' || dhcp->has_psid;
}

bool take_router(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->router_line = r->line;
    return take_host_address(r, row, value, &r->config->dhcp.router);
}

bool take_server_id(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->server_id_line = r->line;
    return take_host_address(r, row, value, &r->config->dhcp.server_id);
}

/* Ones from the left, at least one; then zeros. */
bool take_netmask(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct ipv4 mask;
    if (ipv4_parse(value, &mask) != 0 || mask.host == 0 || (~mask.host & (~mask.host + 1)) != 0)
        return bad_value(r, row, value);
    r->config->dhcp.netmask = mask;
    return true;
}

bool take_dns(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_dhcp *dhcp = &r->config->dhcp;
    char words[INI_LINE_BYTES + 2], *rest = words;
    if (*value == '\0')
        return true;
    snprintf(words, sizeof(words), "%s", value);
    while (rest != NULL) {
        struct ipv4 server;
        if (ipv4_parse(next_word(&rest), &server) != 0 || !ipv4_is_host(server) ||
            dhcp->dns_count == CONFIG_DNS_MOST)
            return bad_value(r, row, value);
        dhcp->dns[dhcp->dns_count++] = server;
    }
    return true;
}

bool take_mtu(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->config->dhcp.mtu = 0;
    if (*value != '\0' && (port_parse(value, &r->config->dhcp.mtu) != 0 || r->config->dhcp.mtu < 576))
        return bad_value(r, row, value);
    return true;
}

/* [lease]. */

static struct config_lease *lease(struct conf_reader *r)
{
    return &r->config->leases[r->index];
}

enum conf_section conf_begin_lease(struct conf_reader *r, const char *argument)
{
    struct config *c = r->config;
    struct config_lease begun = {.line = r->line};
    if (range_parse(argument, &begun.range) != 0 || begun.range.address.host == 0) {
        conf_fault_at(r, r->line, "[lease %s]: must be ADDRESS:FIRST-LAST", argument);
        begun.range.address.host = 0;
    }
    struct config_lease *leases = conf_room_for_one(r, c->leases, c->lease_count, sizeof(*leases));
    if (leases == NULL)
        return SECTION_NONE;
    c->leases = leases;
    r->index = c->lease_count++;
    c->leases[r->index] = begun;
    return SECTION_LEASE;
}

bool take_lease_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    if (*value == '\0')
        return true;
    lease(r)->mac_line = r->line;
    lease(r)->has_mac = take_unicast_mac(r, row, value, &lease(r)->mac);
    return lease(r)->has_mac;
}

bool take_lease_client_id(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_lease *l = lease(r);
    size_t length;
    if (*value == '\0')
        return true;
    l->client_id_line = r->line;
    if (bytes_parse(value, l->client_id, CLIENT_ID_BYTES, &length) != 0 || length < 2)
        return bad_value(r, row, value);
    l->client_id_length = (uint8_t)length;
    return true;
}

bool take_lease_name(struct conf_reader *r, const struct key_row *row, const char *value)
{
    return take_name(r, row, value, lease(r)->name);
}

/* All of it. */

static struct config_address *address_of(const struct config *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return &c->addresses[i];
    return NULL;
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

static void serve_address(struct conf_reader *r, struct config_address *a)
{
    const struct config_dhcp *dhcp = &r->config->dhcp;
    char text[IPV4_TEXT_BYTES];
    ipv4_format(a->address, text);
    a->is_served = true;
    a->lease_psid = a->has_psid ? a->psid : dhcp->psid;
    if (!a->has_psid && !dhcp->has_psid)
        conf_fault_at(r, r->serve_line, "serve: neither [address %s] nor [dhcp] has a psid", text);
    else if (!has_a_set(a))
        conf_fault_at(r, r->serve_line, "serve: no port set of psid = %u/%u lies within ports = %u-%u of %s",
                      a->lease_psid.offset, a->lease_psid.length, a->ports_first, a->ports_last, text);
    if (dhcp->router.host != 0 && ((dhcp->router.host ^ a->address.host) & dhcp->netmask.host) != 0)
        conf_fault_at(r, r->router_line, "router: is not in the network of %s", text);
}

static void check_served(struct conf_reader *r)
{
    struct config *c = r->config;
    char text[IPV4_TEXT_BYTES];
    for (size_t i = 0; r->serves_all && i < c->address_count; i++)
        serve_address(r, &c->addresses[i]);
    for (size_t i = 0; i < r->served_count; i++) {
        struct config_address *a = address_of(c, r->served[i]);
        if (a == NULL)
            conf_fault_at(r, r->serve_line, "serve = %s: there is no [address] for it",
                          ipv4_format(r->served[i], text));
        else
            serve_address(r, a);
    }
}

static void check_server_id(struct conf_reader *r)
{
    struct config_dhcp *dhcp = &r->config->dhcp;
    char text[IPV4_TEXT_BYTES];
    if (!r->serves_all && r->served_count == 0)
        return;
    if (dhcp->router.host != 0 && address_of(r->config, dhcp->router) != NULL)
        conf_fault_at(r, r->router_line, "router = %s: is a shared address", ipv4_format(dhcp->router, text));
    if (dhcp->server_id.host == 0)
        dhcp->server_id = dhcp->router;
    else if (address_of(r->config, dhcp->server_id) != NULL)
        conf_fault_at(r, r->server_id_line, "server-id = %s: is a shared address",
                      ipv4_format(dhcp->server_id, text));
    if (dhcp->server_id.host == 0 && r->router_line == 0 && r->server_id_line == 0)
        conf_fault_at(r, r->serve_line,
                      "serve: neither router nor server-id is there, which clients renew with");
}

/* The port set that a [lease] names. False: a fault, which is noted. */
static bool check_lease_set(struct conf_reader *r, const struct config_lease *l)
{
    const struct config_address *a = address_of(r->config, l->range.address);
    char text[RANGE_TEXT_BYTES];
    range_format(&l->range, text);
    if (a == NULL || !a->is_served) {
        conf_fault_at(r, l->line, "[lease %s]: [dhcp] does not serve its address", text);
        return false;
    }
    uint16_t psid;
    bool good = port_set_valid(a->lease_psid) && port_set_of(a->lease_psid, l->range.first, &psid);
    if (good) {
        struct port_span bounds = port_set_bounds(a->lease_psid, psid);
        good = bounds.first == l->range.first && bounds.last == l->range.last;
    }
    if (!good || l->range.first < a->ports_first || l->range.last > a->ports_last) {
        conf_fault_at(r, l->line, "[lease %s]: is no port set of psid = %u/%u within ports = %u-%u", text,
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

static void check_lease_ranges(struct conf_reader *r, const struct config_lease *l)
{
    const struct config *c = r->config;
    const struct config_address *a = address_of(c, l->range.address);
    char text[RANGE_TEXT_BYTES], other[RANGE_TEXT_BYTES];
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
            conf_fault_at(r, l->line, "[lease %s]: overlaps [range %s] at line %u",
                          range_format(&l->range, text), range_format(&range->range, other), range->line);
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

static void check_lease_client(struct conf_reader *r, const struct config_lease *l)
{
    char text[RANGE_TEXT_BYTES];
    range_format(&l->range, text);
    if (l->mac_line == 0 && l->client_id_line == 0)
        conf_fault_at(r, l->line, "[lease %s]: mac or client-id is missing", text);
    if (l->mac_line != 0 && l->client_id_line != 0)
        conf_fault_at(r, l->client_id_line > l->mac_line ? l->client_id_line : l->mac_line,
                      "mac and client-id stand in one section");
    if (l->has_mac && !r->config->mac_auto && mac_equal(l->mac, r->config->mac))
        conf_fault_at(r, l->mac_line, "mac: is the bridge's own");
}

/* Against those before it in the file. */
static void check_lease_twice(struct conf_reader *r, size_t index)
{
    const struct config_lease *l = &r->config->leases[index];
    char text[RANGE_TEXT_BYTES];
    for (size_t i = 0; i < index; i++) {
        const struct config_lease *other = &r->config->leases[i];
        if (l->range.address.host == other->range.address.host && l->range.first == other->range.first)
            conf_fault_at(r, l->line, "[lease %s]: stands already at line %u", range_format(&l->range, text),
                          other->line);
        if (same_client(l, other))
            conf_fault_at(r, l->line, "[lease %s]: its client has one already, at line %u",
                          range_format(&l->range, text), other->line);
    }
}

void conf_check_dhcp(struct conf_reader *r)
{
    struct config *c = r->config;
    check_served(r);
    check_server_id(r);
    for (size_t i = 0; i < c->lease_count; i++) {
        const struct config_lease *l = &c->leases[i];
        if (l->range.address.host == 0)
            continue; /* told already */
        check_lease_client(r, l);
        check_lease_twice(r, i);
        if (check_lease_set(r, l))
            check_lease_ranges(r, l);
    }
}
