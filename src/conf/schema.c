/* schema.c: the rows, and how each kind of value is taken. */
#include "schema.h"

#include "dhcp_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TAP "tap:"

static struct config_address *address(struct conf_reader *r)
{
    return &r->config->addresses[r->index];
}

bool take_number(struct conf_reader *r, const struct key_row *row, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || strlen(value) > 9 || number < row->least ||
        number > row->most) {
        conf_fault_at(r, r->line, "%s = %s: must be a number from %u to %u", row->key, value, row->least,
                      row->most);
        return false;
    }
    uint32_t taken = (uint32_t)number;
    memcpy((char *)r->config + row->offset, &taken, sizeof(taken));
    return true;
}

static bool interface_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < INTERFACE_NAME_BYTES && strpbrk(name, "/ \t:") == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool take_upstream(struct conf_reader *r, const struct key_row *row, const char *value)
{
    const bool tap = strncmp(value, TAP, strlen(TAP)) == 0;
    const char *name = tap ? value + strlen(TAP) : value;
    /* The kernel would put a number in place of a '%' in the name of a tap. */
    if (!interface_is_valid(name) || (tap && strchr(name, '%') != NULL))
        return bad_value(r, row, value);
    r->config->upstream_tap = tap;
    snprintf(r->config->upstream, sizeof(r->config->upstream), "%s", name);
    r->upstream_line = r->line;
    return true;
}

static bool take_downstream(struct conf_reader *r, const struct key_row *row, const char *value)
{
    if (strncmp(value, TAP, strlen(TAP)) == 0) {
        conf_fault_at(r, r->line, "%s = %s: only upstream can be a tap", row->key, value);
        return false;
    }
    if (!interface_is_valid(value))
        return bad_value(r, row, value);
    snprintf(r->config->downstream, sizeof(r->config->downstream), "%s", value);
    r->downstream_line = r->line;
    return true;
}

bool take_unicast_mac(struct conf_reader *r, const struct key_row *row, const char *value, struct mac *mac)
{
    if (mac_parse(value, mac) != 0)
        return bad_value(r, row, value);
    if (mac_is_zero(*mac) || mac_is_group(*mac)) {
        conf_fault_at(r, r->line, "%s = %s: a %s MAC address cannot be a host's", row->key, value,
                      mac_is_zero(*mac) ? "zero" : "multicast");
        return false;
    }
    return true;
}

static bool take_bridge_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->mac_line = r->line;
    r->config->mac_auto = strcmp(value, "auto") == 0;
    return r->config->mac_auto || take_unicast_mac(r, row, value, &r->config->mac);
}

static bool take_router_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->router_mac_line = r->line;
    r->config->has_router_mac = *value != '\0';
    return *value == '\0' || take_unicast_mac(r, row, value, &r->config->router_mac);
}

static bool take_vlan(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->config->vlan = 0;
    if (strcmp(value, "none") == 0)
        return true;
    uint16_t vlan;
    if (port_parse(value, &vlan) != 0 || vlan < 1 || vlan > 4094)
        return bad_value(r, row, value);
    r->config->vlan = vlan;
    return true;
}

static bool take_encap(struct conf_reader *r, const struct key_row *row, const char *value)
{
    if (strcasecmp(value, "0x88b5") == 0)
        r->config->encap = 0x88b5;
    else if (strcmp(value, "arp") == 0)
        r->config->encap = 0x0806;
    else
        return bad_value(r, row, value);
    return true;
}

/* One of the words in `values`, "a | b | c": its number, or -1 and the fault is noted. */
static int choice(struct conf_reader *r, const struct key_row *row, const char *value)
{
    size_t length = strlen(value);
    int number = 0;
    for (const char *at = row->values; at != NULL; number++) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, value, length) == 0)
            return number;
        at = strstr(at, " | ");
        at = at == NULL ? NULL : at + 3;
    }
    (void)bad_value(r, row, value);
    return -1;
}

static bool take_source_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    int number = choice(r, row, value);
    r->config->source_mac_host = number == 1;
    return number >= 0;
}

static bool take_link_local(struct conf_reader *r, const struct key_row *row, const char *value)
{
    int number = choice(r, row, value);
    r->config->link_local_drop = number == 1;
    return number >= 0;
}

static bool take_source_ports(struct conf_reader *r, const struct key_row *row, const char *value)
{
    int number = choice(r, row, value);
    if (number >= 0)
        r->config->source_ports = (enum source_ports_mode)number;
    return number >= 0;
}

static bool take_echo(struct conf_reader *r, const struct key_row *row, const char *value)
{
    int number = choice(r, row, value);
    if (number >= 0)
        address(r)->echo = (enum echo_mode)number;
    return number >= 0;
}

static bool take_ports(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_address *a = address(r);
    int error = ports_parse(value, &a->ports_first, &a->ports_last);
    r->address_lines[r->index].ports = r->line;
    if (error == 0)
        return true;
    if (error == -ERANGE)
        conf_fault_at(r, r->line, "%s = %s: the last port is below the first", row->key, value);
    else
        return bad_value(r, row, value);
    return false;
}

/* One word of `learn`: its bit, or 0 and the fault is noted. */
static unsigned learn_bit(struct conf_reader *r, const struct key_row *row, const char *word, const char *value)
{
    if (strcmp(word, "pe-arp") == 0)
        return LEARN_PE_ARP;
    if (strcmp(word, "traffic") == 0)
        return LEARN_TRAFFIC;
    if (strcmp(word, "dhcp") == 0)
        return LEARN_DHCP;
    conf_fault_at(r, r->line, "%s = %s: '%s' must be %s", row->key, value, word, row->values);
    return 0;
}

char *next_word(char **rest)
{
    char *word = strsep(rest, ",");
    word += strspn(word, " \t");
    for (size_t length = strlen(word); length > 0 && strchr(" \t", word[length - 1]) != NULL;)
        word[--length] = '\0';
    return word;
}

static bool take_learn(struct conf_reader *r, const struct key_row *row, const char *value)
{
    char words[INI_LINE_BYTES + 2], *rest = words;
    unsigned learn = 0;
    bool none = false, good = true;
    snprintf(words, sizeof(words), "%s", value);
    if (*value == '\0')
        return bad_value(r, row, value);
    while (rest != NULL) {
        const char *word = next_word(&rest);
        bool is_none = strcmp(word, "none") == 0;
        unsigned bit = is_none ? 0 : learn_bit(r, row, word, value);
        good = good && (bit != 0 || is_none);
        if ((learn & bit) != 0 || (is_none && none))
            good = (conf_fault_at(r, r->line, "%s = %s: '%s' stands twice", row->key, value, word), false);
        none = none || is_none;
        learn |= bit;
    }
    if (good && none && learn != 0)
        good = (conf_fault_at(r, r->line, "%s = %s: none stands beside another way to learn", row->key, value),
                false);
    address(r)->learn = learn;
    return good;
}

static bool take_block(struct conf_reader *r, const struct key_row *row, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    r->address_lines[r->index].block = r->line;
    if (*value < '0' || *value > '9' || *end != '\0' || strlen(value) > 9 || number < 1 || number > 65536)
        return bad_value(r, row, value);
    address(r)->block = (uint32_t)number;
    return true;
}

bool take_port_set(struct conf_reader *r, const struct key_row *row, const char *value,
                   struct port_set_params *params)
{
    unsigned offset, length;
    int used = -1;
    if (*value < '0' || *value > '9' || sscanf(value, "%2u/%2u%n", &offset, &length, &used) != 2 ||
        value[used] != '\0' || strpbrk(value, "+- \t") != NULL)
        return bad_value(r, row, value);
    *params = (struct port_set_params){(uint8_t)offset, (uint8_t)length};
    return (offset <= 15 && length <= 16 && port_set_valid(*params)) || bad_value(r, row, value);
}

static bool take_psid(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_address *a = address(r);
    r->address_lines[r->index].psid = *value == '\0' ? 0 : r->line;
    if (*value == '\0')
        return true;
    a->has_psid = take_port_set(r, row, value, &a->psid);
    return a->has_psid;
}

static bool take_default_host(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_address *a = address(r);
    r->address_lines[r->index].default_host = r->line;
    a->has_default_host = strcmp(value, "none") != 0;
    return !a->has_default_host || take_unicast_mac(r, row, value, &a->default_host);
}

static bool take_range_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->config->ranges[r->index].mac_line = r->line;
    return take_unicast_mac(r, row, value, &r->config->ranges[r->index].mac);
}

static bool take_protocol_mac(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->config->protocols[r->index].mac_line = r->line;
    return take_unicast_mac(r, row, value, &r->config->protocols[r->index].mac);
}

bool take_name(struct conf_reader *r, const struct key_row *row, const char *value,
               char name[static RANGE_NAME_BYTES])
{
    if (strlen(value) >= RANGE_NAME_BYTES)
        return bad_value(r, row, value);
    snprintf(name, RANGE_NAME_BYTES, "%s", value);
    return true;
}

static bool take_range_name(struct conf_reader *r, const struct key_row *row, const char *value)
{
    return take_name(r, row, value, r->config->ranges[r->index].name);
}

static bool take_socket(struct conf_reader *r, const struct key_row *row, const char *value)
{
    r->socket_line = r->line;
    if (*value != '/' || strlen(value) >= SOCKET_PATH_BYTES)
        return bad_value(r, row, value);
    snprintf(r->config->socket, SOCKET_PATH_BYTES, "%s", value);
    return true;
}

static bool take_state_file(struct conf_reader *r, const struct key_row *row, const char *value)
{
    *r->config->state_file = '\0';
    if (strcmp(value, "none") == 0)
        return true;
    if (*value != '/' || value[strlen(value) - 1] == '/' || strlen(value) >= STATE_PATH_BYTES)
        return bad_value(r, row, value);
    snprintf(r->config->state_file, STATE_PATH_BYTES, "%s", value);
    return true;
}

static bool take_collector(struct conf_reader *r, const struct key_row *row, const char *value)
{
    struct config_ipfix *ipfix = &r->config->ipfix;
    struct range at;
    ipfix->is_on = false;
    if (strcmp(value, "none") == 0)
        return true;
    if (range_parse(value, &at) != 0 || at.first != at.last || at.first == 0 || strchr(value, '-') != NULL)
        return bad_value(r, row, value);
    if (at.address.host == 0 || at.address.host >> 28 >= 14) {
        conf_fault_at(r, r->line, "%s = %s: must be the address of one host", row->key, value);
        return false;
    }
    ipfix->is_on = true;
    ipfix->collector = at.address;
    ipfix->port = at.first;
    return true;
}

/* A key of a later part: its default is no fault. */
static bool take_later(struct conf_reader *r, const struct key_row *row, const char *value)
{
    if (strcmp(value, row->preset) == 0)
        return true;
    conf_fault_at(r, r->line, "%s = %s: not supported in this version, which knows %s alone", row->key, value,
                  row->preset);
    return false;
}

const struct section_row section_rows[] = {
    {SECTION_BRIDGE, "bridge", NULL, 0, "the two ports of the bridge and how it presents itself"},
    {SECTION_ADDRESS, "address", "ADDRESS", 0, "one section for each shared address"},
    {SECTION_RANGE, "range", "ADDRESS:FIRST-LAST", 0, "a permanent binding; it may lie outside ports"},
    {SECTION_PROTOCOL, "protocol", "ADDRESS/NAME", 0,
     "the owner of a protocol without ports: its name as in protocols(5), or its number"},
    {SECTION_POLICY, "policy", NULL, 0, "what hosts may do"},
    {SECTION_KEYS, "keys", NULL, 0,
     "keys of authentic PE-ARP, ID = 64 hexadecimal digits each; with one, no statement without AUTH is "
     "believed, and "
     "the lowest id signs"},
    {SECTION_CONTROL, "control", NULL, 0, "where pearpctl finds the daemon"},
    {SECTION_STATE, "state", NULL, 0, "what survives a restart"},
    {SECTION_DHCP, "dhcp", NULL, 0,
     "leases of shared addresses, to hosts that ask for ports (option 159, RFC 7618); others are left to the "
     "network's "
     "own server"},
    {SECTION_LEASE, "lease", "ADDRESS:FIRST-LAST", 0,
     "a port set kept for one client: FIRST and LAST are its lowest and highest port"},
    {SECTION_IPFIX, "ipfix", NULL, 0,
     "flows of each owner, told to a collector (RFC 7011); see ACCOUNTING in pearpd(8)"},
    {SECTION_CLUSTER, "cluster", NULL, 4, "several bridges that share what they know"},
    {SECTION_LIMITS, "limits", NULL, 0, "every bound, and what happens when it is reached"},
};
const size_t section_row_count = sizeof(section_rows) / sizeof(section_rows[0]);

#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)
#define X(name, field, low, high, normal, text)       \
    {.section = SECTION_LIMITS,                       \
     .key = name,                                     \
     .values = TEXT_OF(low) "-" TEXT_OF(high),        \
     .preset = TEXT_OF(normal),                       \
     .help = text,                                    \
     .take = take_number,                             \
     .offset = offsetof(struct config, limits.field), \
     .least = (low),                                  \
     .most = (high)},
#define MAC_TEXT "a MAC address, xx:xx:xx:xx:xx:xx"

const struct key_row key_rows[] = {
    {SECTION_BRIDGE, "upstream", "an interface's name, or tap:NAME", NULL,
     "the interface on the router's side; tap: this machine is the router, and its kernel routes into that tap",
     0, take_upstream, 0, 0, 0},
    {SECTION_BRIDGE, "downstream", "an interface's name", NULL, "the interface on the hosts' side", 0,
     take_downstream, 0, 0, 0},
    {SECTION_BRIDGE, "mac", "auto or " MAC_TEXT, "auto",
     "the bridge MAC, which the router sees for every shared address; auto: always the same, from upstream's "
     "own, beside a tap from downstream's",
     0, take_bridge_mac, 0, 0, 0},
    {SECTION_BRIDGE, "vlan", "none or 1-4094", "none",
     "the VLAN that carries this subnet on both ports; all else is bridged untouched", 0, take_vlan, 0, 0, 0},
    {SECTION_BRIDGE, "encap", "0x88b5 or arp", "0x88b5", "the EtherType of PE-ARP; arp: that of ARP, 0x0806", 0,
     take_encap, 0, 0, 0},
    {SECTION_BRIDGE, "source-mac", "bridge | host", "bridge",
     "the Ethernet source that upstream sees for shared addresses", 0, take_source_mac, 0, 0, 0},
    {SECTION_BRIDGE, "link-local", "forward | drop", "forward",
     "frames to 01-80-C2-00-00-xx, as spanning tree; pause frames never cross", 0, take_link_local, 0, 0, 0},
    {SECTION_BRIDGE, "router-mac", MAC_TEXT, "",
     "the router's MAC, by default a tap's own: never believed as a source downstream; tells the sides apart "
     "in "
     "a replay of both",
     0, take_router_mac, 0, 0, 0},
    {SECTION_BRIDGE, "accel", "none", "none", "forwarding of established flows in the kernel", 5, take_later, 0,
     0, 0},
    {SECTION_ADDRESS, "ports", "FIRST-LAST", "1024-65535", "what may be claimed; outside it nothing is learned",
     0, take_ports, 0, 0, 0},
    {SECTION_ADDRESS, "learn", "pe-arp, traffic, dhcp, or none", "pe-arp, traffic",
     "how owners are learned; dhcp: from the leases with ports (RFC 7618) of a server upstream", 0, take_learn,
     0, 0, 0},
    {SECTION_ADDRESS, "block", "1-65536", "1000",
     "with traffic: a source port teaches the aligned block that it lies in; blocks start at the first of "
     "ports",
     0, take_block, 0, 0, 0},
    {SECTION_ADDRESS, "psid", "OFFSET/LENGTH, together 16 at most", "",
     "in place of block: port sets of RFC 7597 section 5.1", 0, take_psid, 0, 0, 0},
    {SECTION_ADDRESS, "default-host", "none or " MAC_TEXT, "none",
     "the host that gets what no range and no flow decides", 0, take_default_host, 0, 0, 0},
    {SECTION_ADDRESS, "echo", "reply | default-host | drop", "reply",
     "pings to the shared address; reply: the bridge answers them", 0, take_echo, 0, 0, 0},
    {SECTION_RANGE, "mac", MAC_TEXT, NULL, "the owner", 0, take_range_mac, 0, 0, 0},
    {SECTION_RANGE, "name", "up to 63 bytes of text", "", "shown by pearpctl", 0, take_range_name, 0, 0, 0},
    {SECTION_PROTOCOL, "mac", MAC_TEXT, NULL, "the owner", 0, take_protocol_mac, 0, 0, 0},
    {SECTION_POLICY, "source-ports", "enforce | log | off", "enforce",
     "a host's frame with a source port that another one owns: dropped, told, or let pass", 0,
     take_source_ports, 0, 0, 0},
    {SECTION_CONTROL, "socket", "an absolute path, up to 107 bytes", "/run/pearpd/NAME.sock",
     "the control socket; NAME is this file's without .conf", 0, take_socket, 0, 0, 0},
    {SECTION_CONTROL, "metrics", "none", "none", "where metrics are served", 4, take_later, 0, 0, 0},
    {SECTION_DHCP, "serve", "none, all, or addresses with commas between", "none",
     "the shared addresses that pearpd leases itself", 0, take_serve, 0, 0, 0},
    {SECTION_DHCP, "psid", "OFFSET/LENGTH, together 16 at most", "",
     "the port sets of addresses without a psid of their own", 0, take_dhcp_psid, 0, 0, 0},
    {SECTION_DHCP, "lease", "10-31536000", "3600", "seconds that a lease lasts", 0, take_number,
     offsetof(struct config, dhcp.lease_s), 10, 31536000},
    {SECTION_DHCP, "router", "the IPv4 address of a host", "", "the router that clients are told", 0,
     take_router, 0, 0, 0},
    {SECTION_DHCP, "netmask", "an IPv4 netmask", "255.255.255.0", "the netmask that clients are told", 0,
     take_netmask, 0, 0, 0},
    {SECTION_DHCP, "dns", "up to 4 IPv4 addresses with commas between", "",
     "the DNS servers that clients are told", 0, take_dns, 0, 0, 0},
    {SECTION_DHCP, "mtu", "576-65535", "", "the MTU that clients are told", 0, take_mtu, 0, 0, 0},
    {SECTION_DHCP, "server-id", "the IPv4 address of a host", "",
     "the address that answers come from and that clients renew with; by default router's, so that what they "
     "send "
     "passes the bridge",
     0, take_server_id, 0, 0, 0},
    {SECTION_LEASE, "mac", MAC_TEXT, "", "the client, by its hardware address", 0, take_lease_mac, 0, 0, 0},
    {SECTION_LEASE, "client-id", "2 to 64 bytes in hexadecimal digits, with or without colons", "",
     "the client, by its identifier (option 61); one of both must be given", 0, take_lease_client_id, 0, 0, 0},
    {SECTION_LEASE, "name", "up to 63 bytes of text", "", "shown by pearpctl", 0, take_lease_name, 0, 0, 0},
    {SECTION_STATE, "file", "none or an absolute path, up to 255 bytes", "none",
     "where bindings, leases and counters survive a restart, as /var/lib/pearpd/NAME.state; see STATE in "
     "pearpd(8)",
     0, take_state_file, 0, 0, 0},
    {SECTION_STATE, "period", "1-3600", "1", "seconds within which a change of the table is saved", 0,
     take_number, offsetof(struct config, state_period_s), 1, 3600},
    {SECTION_STATE, "counters", "1-86400", "60",
     "seconds within which counters are saved where nothing else changed", 0, take_number,
     offsetof(struct config, state_counters_s), 1, 86400},
    {SECTION_IPFIX, "collector", "none or ADDRESS:PORT", "none",
     "where records go, by UDP; this machine needs a route to it that does not lead over the bridge", 0,
     take_collector, 0, 0, 0},
    {SECTION_IPFIX, "sample", "1-1000000", "1",
     "one packet in so many is counted in records, by count; 1: every one", 0, take_number,
     offsetof(struct config, ipfix.sample), 1, 1000000},
    {SECTION_IPFIX, "active", "1-3600", "60", "seconds after which a flow that goes on is told", 0, take_number,
     offsetof(struct config, ipfix.active_s), 1, 3600},
    {SECTION_IPFIX, "idle", "1-3600", "15", "seconds without a packet after which a flow is told", 0,
     take_number, offsetof(struct config, ipfix.idle_s), 1, 3600},
    {SECTION_IPFIX, "template", "1-86400", "300", "seconds after which the templates are sent again", 0,
     take_number, offsetof(struct config, ipfix.template_s), 1, 86400},
    {SECTION_IPFIX, "domain", "0-999999999", "1", "the observation domain id", 0, take_number,
     offsetof(struct config, ipfix.domain), 0, 999999999},
    LIMITS(X)};
const size_t key_row_count = sizeof(key_rows) / sizeof(key_rows[0]);
#undef X

_Static_assert(sizeof(key_rows) / sizeof(key_rows[0]) <= KEYS_MAX, "KEYS_MAX is too small");

const struct section_row *section_row_of(enum conf_section section)
{
    for (size_t i = 0; i < section_row_count; i++)
        if (section_rows[i].section == section)
            return &section_rows[i];
    return NULL;
}
