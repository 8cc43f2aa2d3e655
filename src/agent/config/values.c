/* values.c: see values.h. */
#include "values.h"

#include "pearpd/hash.h"
#include "pearpd/pe_arp.h"

#include "config/options.h"
#include "config/reading.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define DNS_PORT     53

/* [agent] */

static bool read_interface(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    if (!interface_is_plain(value))
        return false;
    snprintf(field, key->size, "%s", value);
    return true;
}

static bool read_short_address(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct reading *reading = ini_context(file);
    (void)field;
    return ini_address.read(file, key, value, &reading->address);
}

static bool read_ports(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct reading *reading = ini_context(file);
    (void)field;
    const int error = ports_parse(value, &reading->first, &reading->last);
    if (error == -ERANGE)
        ini_fault(file, ini_line(file), "%s = %s: the last port is below the first", key->name, value);
    return error != -EINVAL;
}

static bool read_encap(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    (void)key;
    return pe_arp_encap_parse(value, field) == 0;
}

/* [dns] */

static bool read_domain_name(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    (void)key;
    return dns_name_parse(value, field) == 0;
}

static bool read_default_zone(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct reading *reading = ini_context(file);
    (void)key;
    (void)field;
    return dns_name_parse(value, &reading->default_zone) == 0;
}

static bool read_dns_server(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct services_config *c = &((struct agent_options *)ini_target(file))->services;
    char address[IPV4_TEXT_BYTES];
    const char *colon = strchr(value, ':');
    const size_t length = colon == NULL ? strlen(value) : (size_t)(colon - value);
    (void)key;
    (void)field;
    if (length >= sizeof(address))
        return false;
    memcpy(address, value, length);
    address[length] = '\0';
    c->server_port = DNS_PORT;
    /* 127.0.0.1 too: the server may run here. */
    return ipv4_parse(address, &c->server) == 0 && c->server.host != 0 && c->server.host >> 28 < 14 &&
           (colon == NULL || (port_parse(colon + 1, &c->server_port) == 0 && c->server_port != 0));
}

static bool read_dns_secret(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct dns_key *k = &((struct agent_options *)ini_target(file))->services.key;
    (void)key;
    (void)field;
    return base64_decode(value, k->secret, sizeof(k->secret), &k->secret_length) == 0 && k->secret_length > 0;
}

/* [service NAME] */

static bool read_service_port(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct service_config *service = field;
    (void)file;
    (void)key;
    service->is_behind = *value == '+';
    if (service->is_behind)
        return port_parse(value + 1, &service->behind) == 0;
    return port_parse(value, &service->port) == 0 && service->port != 0;
}

static bool read_service_proto(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    static const uint8_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
    const int number = ini_choice_index(key->choices, value);
    (void)file;
    if (number >= 0)
        memcpy(field, &protocols[number], 1);
    return number >= 0;
}

static bool read_alpn(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    (void)file;
    if (*value != '\0' && !dns_alpn_is_valid(value))
        return false;
    snprintf(field, key->size, "%s", value);
    return true;
}

const struct ini_type agent_interface = {.name = "interface",
                                         .text = "an interface that can be used",
                                         .help = "An interface's name, but not lo.",
                                         .read = read_interface};
const struct ini_type agent_short_address = {
    .name = "address", .text = "the IPv4 address of a host", .read = read_short_address};
const struct ini_type agent_ports = {.name = "first-last",
                                     .text = "FIRST-LAST",
                                     .help = "The first and the last port, such as 2048-3071.",
                                     .read = read_ports};
const struct ini_type agent_encap = {.text = "0x88b5 or arp", .read = read_encap};
const struct ini_type agent_domain_name = {.name = "domain", .text = "a domain name", .read = read_domain_name};
const struct ini_type agent_default_zone = {
    .name = "domain", .text = "a domain name", .read = read_default_zone};
const struct ini_type agent_dns_server = {.name = "address[:port]",
                                          .text = "ADDRESS or ADDRESS:PORT",
                                          .help = "An IPv4 address; the port is 53 where none is given.",
                                          .read = read_dns_server};
const struct ini_type agent_dns_secret = {
    .name = "base64", .text = "the key in base64, of up to 64 bytes", .read = read_dns_secret};
const struct ini_type agent_service_port = {
    .name = "port",
    .text = "1-65535 or +N",
    .help = "A port of the host's ranges, or +N: the port N places behind the first of them.",
    .read = read_service_port};
const struct ini_type agent_service_proto = {.read = read_service_proto};
const struct ini_type agent_alpn = {
    .name = "names", .text = "names with commas between, 64 letters in all", .read = read_alpn};
