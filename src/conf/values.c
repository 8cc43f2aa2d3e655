/* values.c: see values.h. */
#include "values.h"

#include "pearpd/config.h"
#include "pearpd/hex.h"
#include "pearpd/pe_arp.h"

#include "reading.h"

#include <errno.h>
#include <string.h>

#define TAP        "tap:"
#define LIST_BYTES 192 /* a line's value, and its NUL */

/* The words of a list are cut off a copy of it. */
static char *copy_of_list(const char *value, char words[static LIST_BYTES])
{
    snprintf(words, LIST_BYTES, "%s", value);
    return words;
}

/* [bridge] */

static bool interface_is_valid(const char *name)
{
    const size_t length = strlen(name);
    return length > 0 && length < INTERFACE_NAME_BYTES && strpbrk(name, "/ \t:") == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool read_upstream(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config *config = ini_target(file);
    const bool is_tap = strncmp(value, TAP, strlen(TAP)) == 0;
    const char *name = is_tap ? value + strlen(TAP) : value;
    /* The kernel would put a number in place of a '%' in the name of a tap. */
    if (!interface_is_valid(name) || (is_tap && strchr(name, '%') != NULL))
        return false;
    config->upstream_tap = is_tap;
    snprintf(field, key->size, "%s", name);
    return true;
}

static bool read_interface(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    if (strncmp(value, TAP, strlen(TAP)) == 0)
        ini_fault(file, ini_line(file), "%s = %s: only upstream can be a tap", key->name, value);
    else if (!interface_is_valid(value))
        return false;
    else
        snprintf(field, key->size, "%s", value);
    return true;
}

static bool read_encap(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    (void)key;
    return pe_arp_encap_parse(value, field) == 0;
}

/* [range] */

static bool read_macs(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config_range *range = ini_section_target(file);
    char words[LIST_BYTES], *rest = copy_of_list(value, words);
    const struct ini_key one = {.name = key->name};
    (void)field;
    for (unsigned count = 0; rest != NULL; count++) {
        const char *word = ini_next_word(&rest);
        struct mac mac = {{0}};
        if (count > RANGE_OTHER_MACS_MAX || !ini_mac.read(file, &one, word, &mac))
            return false;
        if (count == 0)
            range->mac = mac;
        else if (!mac_is_zero(mac)) /* that is reported already */
            range->others[range->other_count++] = mac;
    }
    return true;
}

/* [address] */

static bool read_ports(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config_address *address = ini_section_target(file);
    const int error = ports_parse(value, &address->ports_first, &address->ports_last);
    (void)field;
    if (error == -ERANGE)
        ini_fault(file, ini_line(file), "%s = %s: the last port is below the first", key->name, value);
    return error != -EINVAL;
}

/* The bit of a word of `learn`, or 0. */
static unsigned way_bit(const char *word)
{
    static const struct {
        const char *word;
        unsigned bit;
    } ways[] = {{"pe-arp", LEARN_PE_ARP}, {"traffic", LEARN_TRAFFIC}, {"dhcp", LEARN_DHCP}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].word, word) == 0)
            return ways[i].bit;
    return 0;
}

static bool read_ways(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    char words[LIST_BYTES], *rest = copy_of_list(value, words);
    unsigned ways = 0;
    while (rest != NULL) {
        const char *word = ini_next_word(&rest);
        const unsigned bit = way_bit(word);
        if (strcmp(word, "none") == 0)
            ini_fault(file, ini_line(file), "%s = %s: none excludes every other way to learn", key->name,
                      value);
        else if (bit == 0)
            ini_fault(file, ini_line(file), "%s = %s: '%s' must be %s", key->name, value, word,
                      key->type->text);
        else if ((ways & bit) != 0)
            ini_fault(file, ini_line(file), "%s = %s: '%s' is given twice", key->name, value, word);
        ways |= bit;
    }
    memcpy(field, &ways, sizeof(ways));
    return true;
}

static bool read_port_set(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    unsigned offset, length;
    int used = -1;
    (void)file;
    (void)key;
    if (*value < '0' || *value > '9' || sscanf(value, "%2u/%2u%n", &offset, &length, &used) != 2 ||
        value[used] != '\0' || strpbrk(value, "+- \t") != NULL)
        return false;
    const struct port_set_params params = {(uint8_t)offset, (uint8_t)length};
    if (!port_set_valid(params))
        return false;
    memcpy(field, &params, sizeof(params));
    return true;
}

/* [dhcp] and [lease] */

static void serve_one(struct ini_file *file, const struct ini_key *key, const char *word, const char *value)
{
    struct conf_reading *reading = ini_context(file);
    struct ipv4 address;
    if (ipv4_parse(word, &address) != 0) {
        ini_fault(file, ini_line(file), "%s = %s: '%s' must be %s", key->name, value, word, key->type->text);
        return;
    }
    for (size_t i = 0; i < reading->served_count; i++)
        if (reading->served[i].host == address.host) {
            ini_fault(file, ini_line(file), "%s = %s: '%s' is given twice", key->name, value, word);
            return;
        }
    struct ipv4 *served = ini_grow(file, reading->served, reading->served_count, sizeof(*served));
    if (served == NULL)
        return;
    reading->served = served;
    served[reading->served_count++] = address;
}

static bool read_served(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct conf_reading *reading = ini_context(file);
    char words[LIST_BYTES], *rest = copy_of_list(value, words);
    (void)field;
    reading->serves_all = strcmp(value, "all") == 0;
    while (!reading->serves_all && rest != NULL)
        serve_one(file, key, ini_next_word(&rest), value);
    return true;
}

/* Ones from the left, at least one; then zeros. */
static bool read_netmask(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct ipv4 mask;
    (void)file;
    (void)key;
    if (ipv4_parse(value, &mask) != 0 || mask.host == 0 || (~mask.host & (~mask.host + 1)) != 0)
        return false;
    memcpy(field, &mask, sizeof(mask));
    return true;
}

/* Addresses of hosts, at most as many as `servers` has room for. */
static bool read_hosts(const char *value, struct ipv4 *servers, unsigned most, unsigned *count)
{
    char words[LIST_BYTES], *rest = copy_of_list(value, words);
    while (rest != NULL) {
        struct ipv4 server;
        if (ipv4_parse(ini_next_word(&rest), &server) != 0 || !ipv4_is_host(server) || *count == most)
            return false;
        servers[(*count)++] = server;
    }
    return true;
}

static bool read_dns(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config_dhcp *dhcp = &((struct config *)ini_target(file))->dhcp;
    (void)key;
    (void)field;
    return read_hosts(value, dhcp->dns, CONFIG_DNS_MOST, &dhcp->dns_count);
}

static bool read_servers(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config_dhcp *dhcp = &((struct config *)ini_target(file))->dhcp;
    (void)key;
    (void)field;
    return read_hosts(value, dhcp->servers, CONFIG_SERVERS_MOST, &dhcp->server_count);
}

static bool read_client_id(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config_lease *lease = ini_section_target(file);
    size_t length;
    if (hex_parse_colons(value, field, key->size, &length) != 0 || length < 2)
        return false;
    lease->client_id_length = (uint8_t)length;
    return true;
}

/* [control] */

static bool read_listen(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct listen_address address;
    (void)file;
    (void)key;
    if (listen_address_parse(value, &address) != 0)
        return false;
    memcpy(field, &address, sizeof(address));
    return true;
}

/* [ipfix] */

static bool read_collector(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct config *config = ini_target(file);
    struct range at;
    if (range_parse(value, &at) != 0 || at.first != at.last || at.first == 0 || strchr(value, '-') != NULL)
        return false;
    if (at.address.host == 0 || at.address.host >> 28 >= 14)
        ini_fault(file, ini_line(file), "%s = %s: must be the address of one host", key->name, value);
    memcpy(field, &at.address, sizeof(at.address));
    config->ipfix.port = at.first;
    return true;
}

const struct ini_type conf_upstream = {
    .name = "[tap:]interface",
    .text = "an interface's name, or tap:NAME",
    .help = "An interface's name, or tap: and the name of a tap that pearpd creates.",
    .read = read_upstream};
const struct ini_type conf_interface = {
    .name = "interface", .text = "an interface's name", .read = read_interface};
const struct ini_type conf_encap = {.text = "0x88b5 or arp", .read = read_encap};
const struct ini_type conf_macs = {.name = "mac[, mac...]",
                                   .text = "up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between",
                                   .help = "Up to 4 MAC addresses of one host, with commas between.",
                                   .read = read_macs};
const struct ini_type conf_ports = {.name = "first-last",
                                    .text = "FIRST-LAST",
                                    .help = "The first and the last port, such as 2000-2999.",
                                    .read = read_ports};
const struct ini_type conf_ways = {.name = "ways",
                                   .text = "pe-arp, traffic, dhcp, or none",
                                   .help = "One or several of pe-arp, traffic and dhcp, with commas between.",
                                   .read = read_ways};
const struct ini_type conf_port_set = {.name = "offset/length",
                                       .text = "OFFSET/LENGTH, together 16 at most",
                                       .help =
                                           "Two numbers of bits (RFC 7597), together 16 at most, such as 6/8.",
                                       .read = read_port_set};
const struct ini_type conf_served = {.name = "addresses",
                                     .text = "none, all, or addresses with commas between",
                                     .help = "The word all, or IPv4 addresses with commas between.",
                                     .read = read_served};
const struct ini_type conf_netmask = {.name = "netmask", .text = "an IPv4 netmask", .read = read_netmask};
const struct ini_type conf_dns = {
    .name = "dns-servers", .text = "up to 4 IPv4 addresses with commas between", .read = read_dns};
const struct ini_type conf_servers = {
    .name = "servers", .text = "up to 8 IPv4 addresses with commas between", .read = read_servers};
const struct ini_type conf_client_id = {.name = "bytes",
                                        .text = "2 to 64 bytes in hexadecimal digits, with or without colons",
                                        .read = read_client_id};
const struct ini_type conf_listen = {
    .name = "listen-address",
    .text = "ADDRESS:PORT, [IPV6]:PORT or unix:PATH",
    .help = "An address of this machine and a TCP port, such as 127.0.0.1:9631 or [::1]:9631, or unix: and "
            "the absolute path of a socket.",
    .read = read_listen};
const struct ini_type conf_collector = {.name = "address:port",
                                        .text = "ADDRESS:PORT",
                                        .help = "An IPv4 address and a UDP port, such as 192.0.2.10:4739.",
                                        .read = read_collector};
