/* conf.c: a configuration file's sections and keys, as the schema has them, and all their faults. See conf.h. */
#include "pearpd/conf.h"

#include "pearpd/ini_reader.h"
#include "pearpd/l4.h"

#include "dhcp_keys.h"
#include "reader.h"
#include "schema.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void *conf_room_for_one(struct conf_reader *r, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array;
    void *more = reallocarray(array, count == 0 ? 1 : 2 * count, size);
    r->out_of_memory = r->out_of_memory || more == NULL;
    return more;
}

void conf_fault_at(struct conf_reader *r, unsigned line, const char *format, ...)
{
    r->faults_left_out = r->faults_left_out || r->fault_count >= FAULTS_MAX;
    struct conf_fault *more =
        r->faults_left_out ? NULL : conf_room_for_one(r, r->faults, r->fault_count, sizeof(*more));
    if (more == NULL)
        return;
    r->faults = more;
    struct conf_fault *fault = &r->faults[r->fault_count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    fault->line = line;
    fault->order = (unsigned)r->fault_count++;
}

/* Sections. */

static enum conf_section begin_address(struct conf_reader *r, const char *argument)
{
    struct config *c = r->config;
    struct config_address a = {.ports_first = 1024, .ports_last = 65535, .learn = LEARN_PE_ARP | LEARN_TRAFFIC};
    a.block = 1000;
    a.line = r->line;
    if (ipv4_parse(argument, &a.address) != 0 || !ipv4_is_host(a.address))
        conf_fault_at(r, r->line, "[address %s]: must be the IPv4 address of a host", argument);
    for (size_t i = 0; a.address.host != 0 && i < c->address_count; i++)
        if (c->addresses[i].address.host == a.address.host)
            conf_fault_at(r, r->line, "[address %s]: stands already at line %u", argument,
                          c->addresses[i].line);
    struct config_address *addresses = conf_room_for_one(r, c->addresses, c->address_count, sizeof(*addresses));
    if (addresses != NULL)
        c->addresses = addresses;
    struct address_lines *lines = conf_room_for_one(r, r->address_lines, c->address_count, sizeof(*lines));
    if (lines != NULL)
        r->address_lines = lines;
    if (addresses == NULL || lines == NULL)
        return SECTION_NONE;
    r->index = c->address_count++;
    c->addresses[r->index] = a;
    r->address_lines[r->index] = (struct address_lines){0};
    return SECTION_ADDRESS;
}

static enum conf_section begin_range(struct conf_reader *r, const char *argument)
{
    struct config *c = r->config;
    struct config_range range = {.line = r->line};
    int error = range_parse(argument, &range.range);
    if (error == -ERANGE)
        conf_fault_at(r, r->line, "[range %s]: the last port is below the first", argument);
    else if (error != 0)
        conf_fault_at(r, r->line, "[range %s]: must be ADDRESS:FIRST-LAST", argument);
    else if (range.range.address.host == 0)
        conf_fault_at(r, r->line, "[range %s]: there is no [address] for it", argument);
    struct config_range *ranges = conf_room_for_one(r, c->ranges, c->range_count, sizeof(*ranges));
    if (ranges == NULL)
        return SECTION_NONE;
    c->ranges = ranges;
    r->index = c->range_count++;
    c->ranges[r->index] = range;
    return SECTION_RANGE;
}

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
static void parse_protocol(struct conf_reader *r, const char *argument, struct config_protocol *protocol)
{
    char address[IPV4_TEXT_BYTES];
    size_t length = strcspn(argument, "/");
    snprintf(address, sizeof(address), "%.*s", (int)(length < sizeof(address) ? length : 0), argument);
    struct ipv4 parsed;
    if (argument[length] != '/' || ipv4_parse(address, &parsed) != 0 || !ipv4_is_host(parsed)) {
        conf_fault_at(r, r->line, "[protocol %s]: must be ADDRESS/NAME", argument);
        return;
    }
    int number = protocol_number(argument + length + 1);
    if (number < 0) {
        conf_fault_at(r, r->line, "[protocol %s]: no protocol of that name or number", argument);
        return;
    }
    if (l4_has_ports((uint8_t)number) || number == PROTOCOL_ICMP) {
        conf_fault_at(r, r->line, "[protocol %s]: is not one without ports; a [range] gives ports an owner",
                      argument);
        return;
    }
    protocol->address = parsed;
    protocol->protocol = (uint8_t)number;
}

static enum conf_section begin_protocol(struct conf_reader *r, const char *argument)
{
    struct config *c = r->config;
    struct config_protocol protocol = {.line = r->line};
    parse_protocol(r, argument, &protocol);
    for (size_t i = 0; protocol.address.host != 0 && i < c->protocol_count; i++)
        if (c->protocols[i].address.host == protocol.address.host &&
            c->protocols[i].protocol == protocol.protocol)
            conf_fault_at(r, r->line, "[protocol %s]: stands already at line %u", argument,
                          c->protocols[i].line);
    struct config_protocol *protocols =
        conf_room_for_one(r, c->protocols, c->protocol_count, sizeof(*protocols));
    if (protocols == NULL)
        return SECTION_NONE;
    c->protocols = protocols;
    r->index = c->protocol_count++;
    c->protocols[r->index] = protocol;
    return SECTION_PROTOCOL;
}

static const struct section_row *section_named(const char *name, size_t length)
{
    for (size_t i = 0; i < section_row_count; i++)
        if (strlen(section_rows[i].name) == length && strncmp(section_rows[i].name, name, length) == 0)
            return &section_rows[i];
    return NULL;
}

static enum conf_section begin_section(struct conf_reader *r, const char *text)
{
    size_t length = strcspn(text, " \t");
    const char *argument = text + length + strspn(text + length, " \t");
    const struct section_row *row = section_named(text, length);
    if (row == NULL || (row->argument == NULL && *argument != '\0')) {
        conf_fault_at(r, r->line, "[%s]: unknown section", text);
        return SECTION_NONE;
    }
    if (row->section == SECTION_ADDRESS)
        return begin_address(r, argument);
    if (row->section == SECTION_RANGE)
        return begin_range(r, argument);
    if (row->section == SECTION_PROTOCOL)
        return begin_protocol(r, argument);
    if (row->section == SECTION_LEASE)
        return conf_begin_lease(r, argument);
    if (r->section_lines[row->section] != 0)
        conf_fault_at(r, r->line, "[%s]: stands already at line %u", text, r->section_lines[row->section]);
    else
        r->section_lines[row->section] = r->line;
    return row->section;
}

/* Keys. */

/* A key that must be given: asked when its section ends. */
static void end_section(struct conf_reader *r)
{
    for (size_t i = 0; r->section != SECTION_NONE && i < key_row_count; i++) {
        const struct key_row *row = &key_rows[i];
        if (row->section == r->section && row->preset == NULL && r->key_lines[i] == 0)
            conf_fault_at(r, r->section_line, "%s is missing in [%s]", row->key,
                          section_row_of(r->section)->name);
    }
    memset(r->key_lines, 0, sizeof(r->key_lines));
}

static void take_known_key(struct conf_reader *r, const struct section_row *at, const char *name,
                           const char *value)
{
    for (size_t i = 0; i < key_row_count; i++) {
        const struct key_row *row = &key_rows[i];
        if (row->section != r->section || strcmp(row->key, name) != 0)
            continue;
        if (r->key_lines[i] != 0)
            conf_fault_at(r, r->line, "%s = %s: stands already at line %u", name, value, r->key_lines[i]);
        else
            r->key_lines[i] = r->line;
        row->take(r, row, value);
        return;
    }
    conf_fault_at(r, r->line, "%s = %s: unknown key in [%s]", name, value, at->name);
}

/* [keys]: a secret is never repeated in a message. */
static void take_secret(struct conf_reader *r, const char *name, const char *value)
{
    struct config *c = r->config;
    struct pe_arp_key key;
    if (pe_arp_key_parse(name, value, &key) != 0) {
        conf_fault_at(r, r->line, "%s: must be a number up to 4294967295, with 64 hexadecimal digits", name);
        return;
    }
    if (pe_arp_key_find(c->keys, c->key_count, key.id) != NULL)
        conf_fault_at(r, r->line, "%s: stands already in [keys]", name);
    struct pe_arp_key *keys = conf_room_for_one(r, c->keys, c->key_count, sizeof(*keys));
    if (keys == NULL)
        return;
    c->keys = keys;
    keys[c->key_count++] = key;
}

static void take_key(void *context, unsigned line, const char *name, const char *value)
{
    struct conf_reader *r = context;
    r->line = line;
    if (r->section == SECTION_NONE)
        return;
    const struct section_row *at = section_row_of(r->section);
    if (at->later != 0)
        conf_fault_at(r, line, "%s = %s: [%s] is not supported in this version", name, value, at->name);
    else if (r->section == SECTION_KEYS)
        take_secret(r, name, value);
    else
        take_known_key(r, at, name, value);
}

static void take_section(void *context, unsigned line, char *text)
{
    struct conf_reader *r = context;
    r->line = line;
    end_section(r);
    r->section = SECTION_NONE;
    if (text == NULL)
        return;
    r->section_line = line;
    r->section = begin_section(r, text);
}

static bool take_fault(void *context, unsigned line, const char *text)
{
    struct conf_reader *r = context;
    r->line = line;
    conf_fault_at(r, line, "%s", text);
    return !r->faults_left_out;
}

/* All of it. */

static void presets(struct config *config)
{
    memset(config, 0, sizeof(*config));
    config->mac_auto = true;
    config->state_period_s = 1;
    config->state_counters_s = 60;
    config->encap = 0x88b5;
    config->dhcp.lease_s = 3600;
    config->ipfix =
        (struct config_ipfix){.sample = 1, .active_s = 60, .idle_s = 15, .template_s = 300, .domain = 1};
    config->dhcp.netmask.host = UINT32_C(0xffffff00);
#define X(key, field, least, most, preset, help) config->limits.field = (preset);
    LIMITS(X)
#undef X
}

/* Where the file names no socket: /run/pearpd/NAME.sock, NAME being the file's name without .conf. */
static void default_socket(struct conf_reader *r)
{
    const char *base = strrchr(r->file, '/');
    base = base == NULL ? r->file : base + 1;
    size_t length = strlen(base);
    if (r->socket_line != 0)
        return;
    if (length > 5 && strcmp(base + length - 5, ".conf") == 0)
        length -= 5;
    int used = snprintf(r->config->socket, SOCKET_PATH_BYTES, "/run/pearpd/%.*s.sock", (int)length, base);
    if (used >= SOCKET_PATH_BYTES)
        conf_fault_at(r, 1, "socket = %s...: the file's name is too long for a socket", r->config->socket);
}

static int by_line(const void *a, const void *b)
{
    const struct conf_fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static int tell_faults(struct conf_reader *r, conf_fault_fn *fault, void *context)
{
    if (r->fault_count > 0)
        qsort(r->faults, r->fault_count, sizeof(*r->faults), by_line);
    for (size_t i = 0; i < r->fault_count; i++)
        fault(context, r->file, r->faults[i].line, r->faults[i].text);
    if (r->faults_left_out)
        fault(context, r->file, r->line, "too many faults, the rest is not shown");
    int count = (int)r->fault_count;
    if (r->out_of_memory || ferror(r->stream)) {
        fault(context, r->file, 0, r->out_of_memory ? "out of memory" : "cannot be read");
        return r->out_of_memory ? -ENOMEM : -EIO;
    }
    return count;
}

int config_read_stream(FILE *stream, const char *name, struct config *config, conf_fault_fn *fault,
                       void *context)
{
    struct conf_reader r = {.stream = stream, .file = name, .config = config};
    const struct ini_taker taker = {&r, FILE_BYTES, take_section, take_key, take_fault};
    presets(config);
    if (ini_read(stream, &taker) != 0)
        r.out_of_memory = true;
    end_section(&r);
    default_socket(&r);
    if (!r.out_of_memory)
        conf_check(&r);
    int result = tell_faults(&r, fault, context);
    free(r.faults);
    free(r.address_lines);
    free(r.served);
    if (result != 0)
        config_free(config);
    return result;
}

int config_read(const char *file, struct config *config, conf_fault_fn *fault, void *context)
{
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        int error = errno;
        fault(context, file, 0, strerror(error));
        return -error;
    }
    int result = config_read_stream(stream, file, config, fault, context);
    fclose(stream);
    return result;
}

void config_free(struct config *config)
{
    free(config->addresses);
    free(config->ranges);
    free(config->protocols);
    free(config->leases);
    free(config->keys);
    config->addresses = NULL;
    config->ranges = NULL;
    config->protocols = NULL;
    config->leases = NULL;
    config->keys = NULL;
    config->lease_count = 0;
    config->address_count = config->range_count = config->protocol_count = config->key_count = 0;
}
