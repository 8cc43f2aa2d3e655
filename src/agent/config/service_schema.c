/* service_schema.c: see service_schema.h. */
#include "service_schema.h"

#include "pearpd/hash.h"

#include <stdio.h>
#include <string.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define DNS_PORT     53
#define SERVER_BYTES 32

static struct services_config *services_of(struct reading *r)
{
    return &r->options->services;
}

/* [dns] */

bool begin_dns(struct reading *r, const char *argument)
{
    (void)argument;
    services_of(r)->has_server = true;
    return true;
}

static bool take_server(struct reading *r, const struct key_row *row, const char *value)
{
    struct services_config *c = services_of(r);
    char address[SERVER_BYTES];
    const char *colon = strchr(value, ':');
    const size_t length = colon == NULL ? strlen(value) : (size_t)(colon - value);
    (void)row;
    if (length >= sizeof(address))
        return false;
    memcpy(address, value, length);
    address[length] = '\0';
    c->server_port = DNS_PORT;
    /* 127.0.0.1 too: the server may run here. */
    return ipv4_parse(address, &c->server) == 0 && c->server.host != 0 && c->server.host >> 28 < 14 &&
           (colon == NULL || (port_parse(colon + 1, &c->server_port) == 0 && c->server_port != 0));
}

static bool take_default_zone(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return *value == '\0' || dns_name_parse(value, &r->default_zone) == 0;
}

static bool take_key_name(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return dns_name_parse(value, &services_of(r)->key.name) == 0;
}

static bool take_algorithm(struct reading *r, const struct key_row *row, const char *value)
{
    (void)r;
    return choice(row, value) == 0;
}

bool take_dns_secret(struct reading *r, const struct key_row *row, const char *value)
{
    struct dns_key *key = &services_of(r)->key;
    if (base64_decode(value, key->secret, sizeof(key->secret), &key->secret_length) != 0 ||
        key->secret_length == 0)
        reading_fault(r, r->line, "%s: must be %s", row->key, row->values);
    return true;
}

const struct key_row dns_key_rows[DNS_KEY_ROWS] = {
    {.key = "server",
     .values = "ADDRESS or ADDRESS:PORT",
     .help = "the primary server of the zones, where updates are sent",
     .take = take_server},
    {.key = "zone",
     .values = "a domain name",
     .preset = "",
     .help = "the zone of services that name none",
     .take = take_default_zone},
    {.key = "key",
     .values = "a domain name",
     .help = "the name of the TSIG key, as the server has it",
     .take = take_key_name},
    {.key = "algorithm",
     .values = "hmac-sha256",
     .preset = "hmac-sha256",
     .help = "the key's algorithm",
     .take = take_algorithm},
    {.key = "secret",
     .values = "the key in base64, of up to 64 bytes",
     .help = "the key itself, as tsig-keygen or keymgr -t writes it",
     .take = take_dns_secret},
    {.key = "ttl",
     .values = "1-86400",
     .preset = "60",
     .help = "seconds for which others may keep a record",
     .take = take_number,
     .offset = offsetof(struct agent_options, services.ttl_s),
     .least = 1,
     .most = 86400},
    {.key = "refresh",
     .values = "10-86400",
     .preset = "600",
     .help = "seconds until the records are sent again, so that a server that lost them has them back",
     .take = take_number,
     .offset = offsetof(struct agent_options, services.refresh_s),
     .least = 10,
     .most = 86400},
};

/* [service NAME] */

static struct service_config *service_of(struct reading *r)
{
    struct services_config *c = services_of(r);
    return &c->services[c->count - 1];
}

/* RFC 6335 5.1: 1-15 letters, digits and hyphens, none at an end or beside another. */
static bool is_service_name(const char *name)
{
    const size_t length = strlen(name);
    struct dns_name label;
    return length > 0 && length < SERVICE_NAME_BYTES && strpbrk(name, "._") == NULL &&
           dns_name_parse(name, &label) == 0;
}

bool begin_service(struct reading *r, const char *argument)
{
    struct services_config *c = services_of(r);
    if (!is_service_name(argument)) {
        reading_fault(r, r->line, "[service %s]: must be a name of 1-15 letters, digits and hyphens", argument);
        return false;
    }
    if (c->count == SERVICES_MAX) {
        reading_fault(r, r->line, "[service %s]: one more than %u services", argument, SERVICES_MAX);
        return false;
    }
    struct service_config *service = &c->services[c->count];
    *service = (struct service_config){.protocol = PROTOCOL_TCP, .weight = 1};
    snprintf(service->name, sizeof(service->name), "%s", argument);
    for (char *at = service->name; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    r->service_lines[c->count++] = r->line;
    return true;
}

static bool take_port(struct reading *r, const struct key_row *row, const char *value)
{
    struct service_config *service = service_of(r);
    (void)row;
    service->port = 0;
    service->is_behind = *value == '+';
    if (service->is_behind)
        return port_parse(value + 1, &service->behind) == 0;
    return port_parse(value, &service->port) == 0 && service->port != 0;
}

static bool take_proto(struct reading *r, const struct key_row *row, const char *value)
{
    const int number = choice(row, value);
    service_of(r)->protocol = number == 0 ? PROTOCOL_TCP : PROTOCOL_UDP;
    return number >= 0;
}

static bool take_zone(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return *value == '\0' || dns_name_parse(value, &service_of(r)->zone) == 0;
}

static bool take_host(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return *value == '\0' || dns_name_parse(value, &service_of(r)->host) == 0;
}

static bool take_target(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return dns_name_parse(value, &service_of(r)->target) == 0;
}

static bool take_shared(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return *value == '\0' || parse_host(value, &service_of(r)->address);
}

/* A port's form is that of any number up to 65535. */
static bool take_priority(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return port_parse(value, &service_of(r)->priority) == 0;
}

static bool take_weight(struct reading *r, const struct key_row *row, const char *value)
{
    (void)row;
    return port_parse(value, &service_of(r)->weight) == 0;
}

static bool take_svcb(struct reading *r, const struct key_row *row, const char *value)
{
    const int number = choice(row, value);
    if (number >= 0)
        service_of(r)->svcb = (enum service_svcb)number;
    return number >= 0;
}

static bool take_alpn(struct reading *r, const struct key_row *row, const char *value)
{
    struct service_config *service = service_of(r);
    const struct dns_name root = {.length = 1};
    struct dns_record record;
    (void)row;
    if (strlen(value) > DNS_ALPN_TEXT_BYTES ||
        dns_record_svcb(&record, DNS_TYPE_SVCB, &root, 0, 1, 1, value, &root) != 0)
        return false;
    snprintf(service->alpn, sizeof(service->alpn), "%s", value);
    return true;
}

static bool take_publish_address(struct reading *r, const struct key_row *row, const char *value)
{
    const int number = choice(row, value);
    service_of(r)->publish_address = number == 1;
    return number >= 0;
}

const struct key_row service_key_rows[SERVICE_KEY_ROWS] = {
    {.key = "port",
     .values = "1-65535 or +N",
     .help = "the port that it listens at, of those that are held; +N: so many behind the first of them, for "
             "where a "
             "lease brings them",
     .take = take_port},
    {.key = "proto", .values = "tcp | udp", .preset = "tcp", .help = "its protocol", .take = take_proto},
    {.key = "zone",
     .values = "a domain name",
     .preset = "",
     .help = "the zone that its records stand in; without it that of [dns]",
     .take = take_zone},
    {.key = "host",
     .values = "a domain name",
     .preset = "",
     .help =
         "the name that clients ask for, in the zone: SRV records stand at _NAME._PROTO.HOST; without it the "
         "zone itself",
     .take = take_host},
    {.key = "target",
     .values = "a domain name",
     .help = "the name whose address is the shared one: where clients are sent",
     .take = take_target},
    {.key = "address",
     .values = "a host's IPv4 address",
     .preset = "",
     .help = "the shared address, where the port is held of several",
     .take = take_shared},
    {.key = "priority",
     .values = "0-65535",
     .preset = "0",
     .help = "clients try records of lower numbers first",
     .take = take_priority},
    {.key = "weight",
     .values = "0-65535",
     .preset = "1",
     .help = "how often it is chosen among records of its priority",
     .take = take_weight},
    {.key = "svcb",
     .values = "auto | none | https | svcb",
     .preset = "auto",
     .help =
         "a record beside SRV: https: HTTPS at HOST, svcb: SVCB at _NAME.HOST (RFC 9460); auto: HTTPS for a "
         "service named https, else none",
     .take = take_svcb},
    {.key = "alpn",
     .values = "names parted by commas, 64 letters in all",
     .preset = "",
     .help = "the protocols that HTTPS and SVCB records name, as h2, http/1.1",
     .take = take_alpn},
    {.key = "publish-address",
     .values = "no | yes",
     .preset = "no",
     .help =
         "yes: the target's A record is published too, and never withdrawn, since it is that of all sharers",
     .take = take_publish_address},
};

/* Where the port is held. With a lease to come it stays open. */
static void check_address(struct reading *r, struct service_config *service, unsigned line)
{
    const struct held_list *list = &r->options->held;
    const bool leased = r->options->dhcp != DHCP_CLIENT_NONE;
    struct service_config there, found = {.port = 0};
    for (size_t i = 0; i < list->count && !(service->is_behind && leased); i++) {
        if (!service_on(service, &list->held[i], &there))
            continue;
        if (found.port == 0)
            found = there;
        else if (!service->is_behind) {
            reading_fault(r, line, "[service %s]: port %u is held of several addresses: name one with address",
                          service->name, service->port);
            return;
        }
    }
    if (found.port != 0)
        *service = found;
    else if (!leased && service->is_behind)
        reading_fault(r, line, "[service %s]: there is no port +%u of what is held", service->name,
                      service->behind);
    else if (!leased)
        reading_fault(r, line, "[service %s]: port %u lies outside of what is held", service->name,
                      service->port);
}

/* Zone, host and target, one below the other. */
static void check_names(struct reading *r, struct service_config *service, unsigned line)
{
    struct dns_name name;
    if (service->zone.length == 0)
        service->zone = r->default_zone;
    if (service->zone.length == 0) {
        reading_fault(r, line, "[service %s]: zone is missing, here and in [dns]", service->name);
        return;
    }
    if (service->host.length == 0)
        service->host = service->zone;
    if (!dns_name_in(&service->host, &service->zone))
        reading_fault(r, line, "[service %s]: host lies outside of the zone", service->name);
    if (service->publish_address && !dns_name_in(&service->target, &service->zone))
        reading_fault(r, line, "[service %s]: publish-address: the target lies outside of the zone",
                      service->name);
    if (!service_srv_name(service, &name))
        reading_fault(r, line, "[service %s]: the name of its records is too long", service->name);
}

static bool is_same_service(const struct service_config *a, const struct service_config *b)
{
    return strcmp(a->name, b->name) == 0 && a->protocol == b->protocol && a->port == b->port &&
           a->is_behind == b->is_behind && a->behind == b->behind && a->address.host == b->address.host &&
           dns_name_equal(&a->host, &b->host);
}

/* The publisher has room for so many zones. */
static void check_zones(struct reading *r)
{
    const struct services_config *c = services_of(r);
    unsigned zones = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = 0;
        while (k < i && !dns_name_equal(&c->services[i].zone, &c->services[k].zone))
            k++;
        if (k == i && ++zones > SERVICE_ZONES_MAX)
            reading_fault(r, r->service_lines[i], "[service %s]: one more than %u zones", c->services[i].name,
                          SERVICE_ZONES_MAX);
    }
}

void services_check(struct reading *r)
{
    struct services_config *c = services_of(r);
    for (size_t i = 0; i < c->count; i++) {
        struct service_config *service = &c->services[i];
        if ((service->port == 0 && !service->is_behind) || service->target.length == 0)
            continue; /* told already */
        check_address(r, service, r->service_lines[i]);
        check_names(r, service, r->service_lines[i]);
        for (size_t k = 0; k < i; k++)
            if (is_same_service(service, &c->services[k])) {
                reading_fault(r, r->service_lines[i], "[service %s]: stands already at line %u", service->name,
                              r->service_lines[k]);
                break;
            }
    }
    check_zones(r);
}
