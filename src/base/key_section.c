/* key_section.c: see key_section.h. */
#include "pearpd/key_section.h"

#include "pearpd/hash.h"
#include "pearpd/hex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES 192 /* a line's value, and its NUL */

int key_macs_index(const struct key_macs *macs, struct mac mac)
{
    for (int i = 0; i < macs->count; i++)
        if (mac_equal(macs->mac[i], mac))
            return i;
    return -1;
}

/* The last port of the run of `r` that `port`, which it has, lies in. */
static uint16_t run_end(const struct port_range *r, uint16_t port)
{
    if (!r->is_port_set)
        return r->range.last;
    return port_set_span_of(r->params, port).last;
}

static bool span_is_in(const struct key_ranges *ranges, struct ipv4 address, struct port_span span)
{
    uint32_t port = span.first;
    while (port <= span.last) {
        const uint32_t from = port;
        for (unsigned i = 0; i < ranges->count && port == from; i++) {
            const struct port_range *r = &ranges->range[i];
            if (r->range.address.host == address.host && port_range_has(r, (uint16_t)port))
                port = run_end(r, (uint16_t)port) + 1U;
        }
        if (port == from)
            return false;
    }
    return true;
}

bool key_ranges_have(const struct key_ranges *ranges, const struct port_range *ports)
{
    if (ranges->count == 0)
        return true;
    for (unsigned i = 0; i < port_range_spans(ports); i++)
        if (!span_is_in(ranges, ports->range.address, port_range_span(ports, i)))
            return false;
    return true;
}

void key_role_check(struct ini_file *file, enum key_role role, unsigned macs_line, unsigned ranges_line)
{
    if (role != KEY_BRIDGE) /* where the role is a fault, that is enough */
        return;
    if (macs_line != 0)
        ini_fault(file, macs_line, "mac: is only for role = host");
    if (ranges_line != 0)
        ini_fault(file, ranges_line, "range: is only for role = host");
}

static bool read_secret(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    size_t length;
    (void)file;
    return hex_parse(value, field, key->size, &length) == 0 && length == key->size;
}

static bool read_role(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    const int index = ini_choice_index(KEY_ROLES, value);
    const enum key_role role = index == 0 ? KEY_BRIDGE : KEY_HOST;
    (void)file, (void)key;
    if (index >= 0)
        memcpy(field, &role, sizeof(role));
    return index >= 0;
}

static bool read_macs(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct key_macs *macs = field;
    char words[LIST_BYTES], *rest = words;
    const struct ini_key one = {.name = key->name};
    snprintf(words, sizeof(words), "%s", value);
    while (rest != NULL) {
        struct mac mac = {{0}};
        if (!ini_mac.read(file, &one, ini_next_word(&rest), &mac) || macs->count == KEY_MACS_MAX)
            return false;
        if (!mac_is_zero(mac)) /* that is reported already */
            macs->mac[macs->count++] = mac;
    }
    return true;
}

static bool read_ranges(struct ini_file *file, const struct ini_key *key, const char *value, void *field)
{
    struct key_ranges *ranges = field;
    char words[LIST_BYTES], *rest = words;
    snprintf(words, sizeof(words), "%s", value);
    while (rest != NULL) {
        const char *word = ini_next_word(&rest);
        struct port_range *range = &ranges->range[ranges->count];
        const int error = ranges->count == KEY_RANGES_MAX ? -EINVAL : port_range_parse(word, range);
        if (error == -ERANGE)
            ini_fault(file, ini_line(file), "%s = %s: %s", key->name, word,
                      strstr(word, "psid") != NULL ? "there is no such port set"
                                                   : "the last port is below the first");
        else if (error != 0)
            return false;
        else
            ranges->count++;
    }
    return true;
}

const struct ini_type key_secret_type = {
    .name = "digits", .text = "64 hexadecimal digits", .read = read_secret};
const struct ini_type key_role_type = {.read = read_role};
const struct ini_type key_macs_type = {.name = "mac[, mac...]",
                                       .text = "up to 4 MAC addresses, xx:xx:xx:xx:xx:xx, with commas between",
                                       .help = "Up to 4 MAC addresses of one host, with commas between.",
                                       .read = read_macs};
const struct ini_type key_ranges_type = {
    .name = "range[, range...]",
    .text = "up to 6 of ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID, with commas between",
    .help = "Up to 6 of ADDRESS:FIRST-LAST or ADDRESS:psid/OFFSET/LENGTH/ID, with commas between.",
    .read = read_ranges};
