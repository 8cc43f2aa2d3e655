/* schema.c: see schema.h: the rows, and how each kind of value is taken. */
#include "schema.h"

#include "pearpd/eth.h"

#include "service_schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Values. */

bool interface_is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@:";
    const size_t length = strlen(name);
    return length > 0 && length < INTERFACE_BYTES && strspn(name, plain) == length && name[0] != '.' &&
           strcmp(name, "lo") != 0 && strcmp(name, "all") != 0 && strcmp(name, "default") != 0;
}

bool parse_host(const char *text, struct ipv4 *address)
{
    return ipv4_parse(text, address) == 0 && ipv4_is_host(*address);
}

bool parse_encap(const char *text, uint16_t *ethertype)
{
    if (strcmp(text, "arp") == 0)
        *ethertype = ETHERTYPE_ARP;
    else if (strcmp(text, "0x88b5") == 0)
        *ethertype = ETHERTYPE_PE_ARP;
    else
        return false;
    return true;
}

bool take_number(struct reading *r, const struct key_row *row, const char *value)
{
    char *end;
    const unsigned long number = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || strlen(value) > 9 || number < row->least ||
        number > row->most)
        return false;
    const uint32_t taken = (uint32_t)number;
    memcpy((char *)r->options + row->offset, &taken, sizeof(taken));
    return true;
}

bool take_path(struct reading *r, const struct key_row *row, const char *value)
{
    char *path = (char *)r->options + row->offset;
    path[0] = '\0';
    if (strcmp(value, "none") == 0)
        return true;
    if (value[0] != '/' || value[strlen(value) - 1] == '/' || strlen(value) >= AGENT_PATH_BYTES)
        return false;
    snprintf(path, AGENT_PATH_BYTES, "%s", value);
    return true;
}

int choice(const struct key_row *row, const char *value)
{
    const size_t length = strlen(value);
    int number = 0;
    for (const char *at = row->values; at != NULL; number++) {
        const size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, value, length) == 0)
            return number;
        at = strstr(at, " | ");
        at = at == NULL ? NULL : at + 3;
    }
    return -1;
}

/* [agent] */

static bool take_interface(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    if (!interface_is_plain(value))
        return false;
    snprintf(r->options->interface, sizeof(r->options->interface), "%s", value);
    return true;
}

static bool take_address(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    r->address_line = r->line;
    return *value == '\0' || parse_host(value, &r->address);
}

static bool take_ports(struct reading *r, const struct key_row *row, const char *value)
{
    r->ports_line = r->line;
    if (*value == '\0')
        return true;
    const int error = ports_parse(value, &r->first, &r->last);
    if (error == -ERANGE)
        reading_fault(r, r->line, "%s = %s: the last port is below the first", row->key, value);
    return error != -EINVAL;
}

static bool take_gateway(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    r->gateway_line = r->line;
    r->options->gateway = (struct ipv4){0};
    return *value == '\0' || parse_host(value, &r->options->gateway);
}

static bool take_encap(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return parse_encap(value, &r->options->ethertype);
}

static bool take_enforce(struct reading *r, const struct key_row *row, const char *value)
{
    const int number = choice(row, value);
    if (number >= 0)
        r->options->enforce = (enum agent_enforce)number;
    return number >= 0;
}

static bool take_dhcp(struct reading *r, const struct key_row *row, const char *value)
{
    const int number = choice(row, value);
    /* A word that is none was meant to bring something: that nothing is held is no further fault. */
    r->options->dhcp = number >= 0 ? (enum dhcp_client_kind)number : DHCP_CLIENT_AUTO;
    return number >= 0;
}

static const struct key_row agent_keys[] = {
    {"interface", "an interface that can be used", NULL, "the interface on the bridge's downstream segment",
     take_interface, 0, 0, 0},
    {"address", "a host's IPv4 address", "", "the shared address, where one range is held; with ports",
     take_address, 0, 0, 0},
    {"ports", "FIRST-LAST", "", "the ports held of address", take_ports, 0, 0, 0},
    {"gateway", "a host's IPv4 address", "",
     "the gateway; without it the one of the interface's present default route is taken, or else the first "
     "that "
     "the bridge names",
     take_gateway, 0, 0, 0},
    {"encap", "0x88b5 or arp", "0x88b5",
     "the EtherType of PE-ARP, as the bridge has it; arp: that of ARP, 0x0806", take_encap, 0, 0, 0},
    {"enforce", "nft | none", "nft",
     "what holds programs of this host to its ranges: nft: rules that drop what has a source port outside; "
     "none: "
     "nothing, the bridge drops it",
     take_enforce, 0, 0, 0},
    {"dhcp", "none | auto | udhcpc | dhclient", "none",
     "the DHCP client that is run to hold the address and ports that it brings; auto: the one that is "
     "installed",
     take_dhcp, 0, 0, 0},
    {"cgroup", "none or an absolute path", "none",
     "a cgroup, of version 2: bind() of its programs to a port outside fails at once, as not permitted; for "
     "its servers "
     "to be told what else only their packets would",
     take_path, offsetof(struct agent_options, cgroup), 0, 0},
    {"watch", "1-3600", "10", "seconds from one look at the ports in use to the next", take_number,
     offsetof(struct agent_options, watch_s), 1, 3600},
    {"warn", "1-100", "90", "a warning is logged when so many percent of a range are in use", take_number,
     offsetof(struct agent_options, warn_percent), 1, 100},
    {"metrics", "none or an absolute path", "none",
     "a file for the textfile collector of node_exporter, written anew with each look; its name ends in .prom",
     take_path, offsetof(struct agent_options, metrics), 0, 0},
};

static bool begin_agent(struct reading *r, const char *argument)
{
    (void)argument;
    r->agent_line = r->line;
    return true;
}

/* [range ADDRESS:...] */

static bool begin_range(struct reading *r, const char *argument)
{
    struct held_list *list = &r->options->held;
    struct held held;
    size_t other = 0;
    int error = held_parse(argument, &held);
    r->ranges_seen++;
    if (error == -ERANGE)
        reading_fault(r, r->line, "[range %s]: %s", argument,
                      strstr(argument, "psid") != NULL ? "there is no such port set"
                                                       : "the last port is below the first");
    else if (error != 0)
        reading_fault(r, r->line, "[range %s]: must be ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID",
                      argument);
    if (error != 0)
        return true;
    error = held_add(list, &held, &other);
    if (error == -EEXIST)
        reading_fault(r, r->line, "[range %s]: shares ports with line %u", argument, r->range_lines[other]);
    else if (error != 0)
        reading_fault(r, r->line, "[range %s]: one more than %u ranges, or %u spans of ports, in all", argument,
                      HELD_MAX, HELD_SPANS_MAX);
    else
        r->range_lines[list->count - 1] = r->line;
    return true;
}

/* [keys]: a secret is never repeated in a message. */
static void take_secret(struct reading *r, const char *name, const char *value)
{
    struct agent_options *o = r->options;
    struct pe_arp_key key;
    if (pe_arp_key_parse(name, value, &key) != 0)
        reading_fault(r, r->line, "%s: must be a number up to 4294967295, with 64 hexadecimal digits", name);
    else if (pe_arp_key_find(o->keys, o->key_count, key.id) != NULL)
        reading_fault(r, r->line, "%s: stands already in [keys]", name);
    else if (o->key_count == AGENT_KEYS_MAX)
        reading_fault(r, r->line, "%s: more than %u keys", name, AGENT_KEYS_MAX);
    else
        o->keys[o->key_count++] = key;
}

const struct section_row section_rows[] = {
    {"agent", NULL, "the interface, and what is done on it", begin_agent, NULL, agent_keys, COUNT(agent_keys)},
    {"range", "ADDRESS:PORTS",
     "one section for each range more, of this or another shared address: FIRST-LAST, or a port set of RFC "
     "7597 as "
     "psid/OFFSET/LENGTH/ID",
     begin_range, NULL, NULL, 0},
    {"keys", NULL,
     "keys of authentic PE-ARP, ID = 64 hexadecimal digits each, as the bridge has them; with one, all that is "
     "said "
     "is signed, and only what is signed is heard",
     NULL, take_secret, NULL, 0},
    {.name = "dns",
     .help = "the server that services are published at, by signed updates (RFC 2136, RFC 8945)",
     .begin = begin_dns,
     .keys = dns_key_rows,
     .key_count = DNS_KEY_ROWS},
    {.name = "service",
     .argument = "NAME",
     .help = "one section for each service, told to the bridge, and published where [dns] stands; the name is "
             "that of "
             "SRV records",
     .begin = begin_service,
     .keys = service_key_rows,
     .key_count = SERVICE_KEY_ROWS},
};
const size_t section_row_count = COUNT(section_rows);
_Static_assert(COUNT(section_rows) <= SECTIONS_MAX && COUNT(agent_keys) <= SECTION_KEYS_MAX,
               "room in struct reading");
