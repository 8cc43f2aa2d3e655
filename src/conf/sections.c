/* sections.c: see sections.h. */
#include "sections.h"

#include "pearpd/config.h"
#include "pearpd/l4.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

/* [address] */

void *conf_begin_address(struct ini_file *file, const char *argument)
{
    struct config *c = ini_target(file);
    const unsigned line = ini_line(file);
    struct config_address begun = {.line = line};
    char at[INI_LINE_TEXT_BYTES];
    if (ipv4_parse(argument, &begun.address) != 0 || !ipv4_is_host(begun.address))
        ini_fault(file, line, "[address %s]: must be the IPv4 address of a host", argument);
    for (size_t i = 0; begun.address.host != 0 && i < c->address_count; i++)
        if (c->addresses[i].address.host == begun.address.host)
            ini_fault(file, line, "[address %s]: is already at %s", argument,
                      ini_line_format(file, c->addresses[i].line, at));
    struct config_address *addresses = ini_grow(file, c->addresses, c->address_count, sizeof(*addresses));
    if (addresses == NULL)
        return NULL;
    c->addresses = addresses;
    addresses[c->address_count] = begun;
    return &addresses[c->address_count++];
}

void conf_end_address(struct ini_file *file, void *target)
{
    const struct config_address *a = target;
    const unsigned psid = ini_line_of(file, "address", "psid"), block = ini_line_of(file, "address", "block");
    if (psid != 0 && block != 0)
        ini_fault(file, psid > block ? psid : block, "psid and block = %u exclude each other", a->block);
    if (block != 0 && a->block > (uint32_t)a->ports_last - a->ports_first + 1)
        ini_fault(file, block, "block = %u: more than ports = %u-%u holds", a->block, a->ports_first,
                  a->ports_last);
}

/* [range] */

void *conf_begin_range(struct ini_file *file, const char *argument)
{
    struct config *c = ini_target(file);
    const unsigned line = ini_line(file);
    struct config_range begun = {.line = line};
    const int error = range_parse(argument, &begun.range);
    if (error == -ERANGE)
        ini_fault(file, line, "[range %s]: the last port is below the first", argument);
    else if (error != 0)
        ini_fault(file, line, "[range %s]: must be ADDRESS:FIRST-LAST", argument);
    else if (begun.range.address.host == 0)
        ini_fault(file, line, "[range %s]: there is no [address] for it", argument);
    struct config_range *ranges = ini_grow(file, c->ranges, c->range_count, sizeof(*ranges));
    if (ranges == NULL)
        return NULL;
    c->ranges = ranges;
    ranges[c->range_count] = begun;
    return &ranges[c->range_count++];
}

/* [protocol] */

/* A protocol's number from its name or number, or -1. Names that every system should have are known here, since
 * a minimal one has no protocols(5). */
static int protocol_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"igmp", 2}, {"ipencap", 4}, {"ipip", 4},  {"ipv6", 41},  {"gre", 47},  {"esp", 50},
                 {"ah", 51},  {"ospf", 89},   {"pim", 103}, {"vrrp", 112}, {"l2tp", 115}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].number;
    uint16_t number;
    if (port_parse(name, &number) == 0)
        return number <= UINT8_MAX ? number : -1;
    const struct protoent *entry = getprotobyname(name);
    return entry == NULL ? -1 : entry->p_proto;
}

/* "ADDRESS/NAME" into *protocol; a fault is noted, and the address stays zero, where it is none. */
static void parse_protocol(struct ini_file *file, const char *argument, struct config_protocol *protocol)
{
    char address[IPV4_TEXT_BYTES];
    const size_t length = strcspn(argument, "/");
    const unsigned line = ini_line(file);
    struct ipv4 parsed;
    snprintf(address, sizeof(address), "%.*s", (int)(length < sizeof(address) ? length : 0), argument);
    if (argument[length] != '/' || ipv4_parse(address, &parsed) != 0 || !ipv4_is_host(parsed)) {
        ini_fault(file, line, "[protocol %s]: must be ADDRESS/NAME", argument);
        return;
    }
    const int number = protocol_number(argument + length + 1);
    if (number < 0) {
        ini_fault(file, line, "[protocol %s]: no protocol of that name or number", argument);
        return;
    }
    if (l4_has_ports((uint8_t)number) || number == PROTOCOL_ICMP) {
        ini_fault(file, line, "[protocol %s]: has ports: give them an owner with [range]", argument);
        return;
    }
    protocol->address = parsed;
    protocol->protocol = (uint8_t)number;
}

void *conf_begin_protocol(struct ini_file *file, const char *argument)
{
    struct config *c = ini_target(file);
    struct config_protocol begun = {.line = ini_line(file)};
    char at[INI_LINE_TEXT_BYTES];
    parse_protocol(file, argument, &begun);
    for (size_t i = 0; begun.address.host != 0 && i < c->protocol_count; i++)
        if (c->protocols[i].address.host == begun.address.host && c->protocols[i].protocol == begun.protocol)
            ini_fault(file, begun.line, "[protocol %s]: is already at %s", argument,
                      ini_line_format(file, c->protocols[i].line, at));
    struct config_protocol *protocols = ini_grow(file, c->protocols, c->protocol_count, sizeof(*protocols));
    if (protocols == NULL)
        return NULL;
    c->protocols = protocols;
    protocols[c->protocol_count] = begun;
    return &protocols[c->protocol_count++];
}

/* [lease] */

void *conf_begin_lease(struct ini_file *file, const char *argument)
{
    struct config *c = ini_target(file);
    struct config_lease begun = {.line = ini_line(file)};
    if (range_parse(argument, &begun.range) != 0 || begun.range.address.host == 0) {
        ini_fault(file, begun.line, "[lease %s]: must be ADDRESS:FIRST-LAST", argument);
        begun.range.address.host = 0;
    }
    struct config_lease *leases = ini_grow(file, c->leases, c->lease_count, sizeof(*leases));
    if (leases == NULL)
        return NULL;
    c->leases = leases;
    leases[c->lease_count] = begun;
    return &leases[c->lease_count++];
}

/* [keys] and [key] */

/* Notes a fault where there is a key of this id already. */
static void check_id(struct ini_file *file, uint32_t id)
{
    const struct config *c = ini_target(file);
    char at[INI_LINE_TEXT_BYTES];
    const struct pe_arp_key *other = pe_arp_key_with_id(c->keys, c->key_count, id);
    if (other != NULL && other->line == 0)
        ini_fault(file, ini_line(file), "%u: is already in [keys]", id);
    else if (other != NULL)
        ini_fault(file, ini_line(file), "%u: is already in [key] at %s", id,
                  ini_line_format(file, other->line, at));
}

static struct pe_arp_key *add_key(struct ini_file *file, const struct pe_arp_key *key)
{
    struct config *c = ini_target(file);
    struct pe_arp_key *keys = ini_grow(file, c->keys, c->key_count, sizeof(*keys));
    if (keys == NULL)
        return NULL;
    c->keys = keys;
    keys[c->key_count] = *key;
    return &keys[c->key_count++];
}

void conf_take_secret(struct ini_file *file, const char *name, const char *value)
{
    struct pe_arp_key key;
    if (pe_arp_key_parse(name, value, &key) != 0) {
        ini_fault(file, ini_line(file), "%s: must be a number up to 4294967295, with 64 hexadecimal digits",
                  name);
        return;
    }
    check_id(file, key.id);
    (void)add_key(file, &key);
}

void *conf_begin_key(struct ini_file *file, const char *argument)
{
    struct pe_arp_key begun = {.line = ini_line(file)};
    if (pe_arp_key_id_parse(argument, &begun.id))
        check_id(file, begun.id);
    else
        ini_fault(file, begun.line, "[key %s]: must be a number from 0 to 4294967295", argument);
    return add_key(file, &begun);
}

/* [deny] */

void conf_take_denied(struct ini_file *file, const char *name, const char *value)
{
    struct config *c = ini_target(file);
    struct mac mac;
    if (strcmp(name, "mac") != 0) {
        ini_fault(file, ini_line(file), "%s = %s: unknown key in [deny]", name, value);
        return;
    }
    if (mac_parse(value, &mac) != 0 || mac_is_zero(mac) || mac_is_group(mac)) {
        ini_fault(file, ini_line(file), "mac = %s: must be the MAC address of a host", value);
        return;
    }
    for (size_t i = 0; i < c->denied_count; i++)
        if (mac_equal(c->denied[i], mac))
            ini_fault(file, ini_line(file), "mac = %s: is already in [deny]", value);
    struct mac *denied = ini_grow(file, c->denied, c->denied_count, sizeof(*denied));
    if (denied == NULL)
        return;
    c->denied = denied;
    denied[c->denied_count++] = mac;
}
