/* config.c: see config.h. [agent] says what is held, [keys] what is signed with. */
#include "config.h"

#include "pearpd/eth.h"
#include "pearpd/ini_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES  65536
#define FAULT_BYTES 512
#define KEYS        5

enum section { SECTION_NONE, SECTION_AGENT, SECTION_KEYS };

struct reading {
    const char *file;
    struct agent_config *config;
    struct agent_options *options;
    enum section section;
    unsigned agent_line, keys_line; /* of the sections; 0: not there */
    unsigned lines[KEYS];           /* of the keys of [agent], by row */
    unsigned faults;
};

static void fault_at(struct reading *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fault_at(struct reading *r, unsigned line, const char *format, ...)
{
    char text[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s:%u: %s\n", r->file, line, text);
    r->faults++;
}

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

/* Keys of [agent]: false: not of that form. */

static bool take_interface(struct reading *r, const char *value)
{
    if (!interface_is_plain(value))
        return false;
    snprintf(r->config->interface, sizeof(r->config->interface), "%s", value);
    r->options->interface = r->config->interface;
    return true;
}

static bool take_address(struct reading *r, const char *value)
{
    return parse_host(value, &r->options->range.address);
}

static bool take_ports(struct reading *r, const char *value)
{
    return ports_parse(value, &r->options->range.first, &r->options->range.last) == 0;
}

static bool take_gateway(struct reading *r, const char *value)
{
    return parse_host(value, &r->options->gateway);
}

static bool take_encap(struct reading *r, const char *value)
{
    return parse_encap(value, &r->options->ethertype);
}

static const struct {
    const char *key, *values;
    bool must_stand;
    bool (*take)(struct reading *r, const char *value);
} rows[KEYS] = {
    {"interface", "an interface that can be used", true, take_interface},
    {"address", "a host's IPv4 address", true, take_address},
    {"ports", "FIRST-LAST", true, take_ports},
    {"gateway", "a host's IPv4 address", false, take_gateway},
    {"encap", "0x88b5 or arp", false, take_encap},
};

static void take_agent_key(struct reading *r, unsigned line, const char *name, const char *value)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(rows[i].key, name) != 0)
            continue;
        if (r->lines[i] != 0)
            fault_at(r, line, "%s = %s: stands already at line %u", name, value, r->lines[i]);
        r->lines[i] = line;
        if (!rows[i].take(r, value))
            fault_at(r, line, "%s = %s: must be %s", name, value, rows[i].values);
        return;
    }
    fault_at(r, line, "%s = %s: unknown key in [agent]", name, value);
}

/* A secret is never repeated in a message. */
static void take_secret(struct reading *r, unsigned line, const char *name, const char *value)
{
    struct pe_arp_key key;
    const size_t count = r->options->key_count;
    if (pe_arp_key_parse(name, value, &key) != 0) {
        fault_at(r, line, "%s: must be a number up to 4294967295, with 64 hexadecimal digits", name);
        return;
    }
    if (pe_arp_key_find(r->config->keys, count, key.id) != NULL) {
        fault_at(r, line, "%s: stands already in [keys]", name);
        return;
    }
    if (count == AGENT_KEYS_MAX) {
        fault_at(r, line, "%s: more than %u keys", name, AGENT_KEYS_MAX);
        return;
    }
    r->config->keys[r->options->key_count++] = key;
}

static void on_key(void *context, unsigned line, const char *name, const char *value)
{
    struct reading *r = context;
    if (r->section == SECTION_AGENT)
        take_agent_key(r, line, name, value);
    else if (r->section == SECTION_KEYS)
        take_secret(r, line, name, value);
}

static void on_section(void *context, unsigned line, char *text)
{
    struct reading *r = context;
    r->section = SECTION_NONE;
    if (text == NULL)
        return;
    unsigned *stood = strcmp(text, "agent") == 0  ? &r->agent_line
                      : strcmp(text, "keys") == 0 ? &r->keys_line
                                                  : NULL;
    if (stood == NULL) {
        fault_at(r, line, "[%s]: unknown section", text);
        return;
    }
    if (*stood != 0)
        fault_at(r, line, "[%s]: stands already at line %u", text, *stood);
    *stood = *stood != 0 ? *stood : line;
    r->section = stood == &r->agent_line ? SECTION_AGENT : SECTION_KEYS;
}

static bool on_fault(void *context, unsigned line, const char *text)
{
    fault_at(context, line, "%s", text);
    return true;
}

static void check(struct reading *r)
{
    const unsigned line = r->agent_line != 0 ? r->agent_line : 1;
    if (r->agent_line == 0)
        fault_at(r, line, "[agent] is missing");
    for (size_t i = 0; r->agent_line != 0 && i < KEYS; i++)
        if (rows[i].must_stand && r->lines[i] == 0)
            fault_at(r, line, "%s is missing in [agent]", rows[i].key);
    if (r->options->gateway.host != 0 && r->options->gateway.host == r->options->range.address.host)
        fault_at(r, line, "the gateway is the shared address");
    pe_arp_keys_sort(r->config->keys, r->options->key_count);
    r->options->keys = r->config->keys;
}

int agent_config_read(const char *file, struct agent_config *config, struct agent_options *options)
{
    struct reading r = {.file = file, .config = config, .options = options};
    const struct ini_taker taker = {&r, FILE_BYTES, on_section, on_key, on_fault};
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        const int error = -errno;
        fprintf(stderr, "pearp-agent: %s: %s\n", file, strerror(errno));
        return error;
    }
    int error = ini_read(stream, &taker);
    if (error == 0 && ferror(stream))
        error = -EIO;
    fclose(stream);
    if (error != 0) {
        fprintf(stderr, "pearp-agent: %s: %s\n", file, strerror(-error));
        return error;
    }
    check(&r);
    return r.faults == 0 ? 0 : -EINVAL;
}
