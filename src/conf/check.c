/* check.c: see check.h. */
#include "check.h"

#include "pearpd/config.h"

#include "check_dhcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_BYTES_EACH \
    128 /* a file of the history begins with all that is owned, and two of them must fit */

static bool is_bridges_own(const struct config *c, struct mac mac)
{
    return !c->mac_auto && !mac_is_zero(mac) && mac_equal(mac, c->mac);
}

static void check_bridge(struct ini_file *file)
{
    const struct config *c = ini_target(file);
    char text[MAC_TEXT_BYTES];
    if (ini_line_of(file, "bridge", NULL) == 0)
        ini_fault(file, 1, "[bridge] is missing");
    if (*c->upstream != '\0' && strcmp(c->upstream, c->downstream) == 0)
        ini_fault(file, ini_line_of(file, "bridge", "downstream"), "downstream = %s: is upstream too",
                  c->downstream);
    if (c->source_mac_host && c->upstream_macs_bridge)
        ini_fault(file, ini_line_of(file, "bridge", "upstream-macs"),
                  "upstream-macs = bridge: source-mac = host shows upstream the MAC addresses of hosts");
    if (c->has_router_mac && is_bridges_own(c, c->router_mac))
        ini_fault(file, ini_line_of(file, "bridge", "router-mac"), "router-mac = %s: is the bridge's own",
                  mac_format(c->mac, text));
}

/* Beside the state file; none where there is none. */
static void default_history(struct ini_file *file, const char *name, size_t length)
{
    struct config *c = ini_target(file);
    if (ini_line_of(file, "history", "file") != 0 ||
        c->history.file[0] == '\0') /* none is given without a line */
        return;
    const char *slash = strrchr(c->state_file, '/');
    const int used = slash == NULL ? 0
                                   : snprintf(c->history.file, STATE_PATH_BYTES, "%.*s/%.*s.history",
                                              (int)(slash - c->state_file), c->state_file, (int)length, name);
    if (used == 0 || used >= STATE_PATH_BYTES)
        c->history.file[0] = '\0';
}

/* Where the file names no socket, or no state file: /run/pearpd/NAME.sock, /var/lib/pearpd/NAME.state, NAME being the
 * file's name without .conf. */
static void default_paths(struct ini_file *file)
{
    struct config *c = ini_target(file);
    const char *base = strrchr(ini_name(file), '/');
    base = base == NULL ? ini_name(file) : base + 1;
    size_t length = strlen(base);
    if (length > 5 && strcmp(base + length - 5, ".conf") == 0)
        length -= 5;
    if (ini_line_of(file, "state", "file") == 0 && c->state_file[0] != '\0') /* none is given without a line */
        snprintf(c->state_file, STATE_PATH_BYTES, "/var/lib/pearpd/%.*s.state", (int)length, base);
    default_history(file, base, length);
    if (ini_line_of(file, "control", "socket") != 0)
        return;
    const int used = snprintf(c->socket, SOCKET_PATH_BYTES, "/run/pearpd/%.*s.sock", (int)length, base);
    if (used >= SOCKET_PATH_BYTES)
        ini_fault(file, 1, "socket = %s...: the file's name is too long for a socket", c->socket);
}

static int by_mac(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct mac));
}

/* A host of [deny] is nobody's owner. */
static void check_allowed(struct ini_file *file, const char *key, struct mac mac, unsigned line)
{
    const struct config *c = ini_target(file);
    char text[MAC_TEXT_BYTES];
    if (c->denied_count > 0 && bsearch(&mac, c->denied, c->denied_count, sizeof(mac), by_mac) != NULL)
        ini_fault(file, line, "%s = %s: is in [deny]", key, mac_format(mac, text));
}

static void check_limits(struct ini_file *file)
{
    const struct config *c = ini_target(file);
    const struct limits *l = &c->limits;
    const unsigned bridge = ini_line_of(file, "bridge", NULL);
    if (c->address_count > l->addresses)
        ini_fault(file, c->addresses[l->addresses].line, "[address]: one more than addresses = %u in [limits]",
                  l->addresses);
    if (c->address_count == 0)
        ini_fault(file, bridge != 0 ? bridge : 1, "there is no [address] section");
    if (c->denied_count > l->denied_hosts)
        ini_fault(file, ini_line_of(file, "deny", NULL), "[deny]: more than denied-hosts = %u in [limits]",
                  l->denied_hosts);
    if (c->history.file[0] == '\0' && c->history.events[0] != '\0')
        ini_fault(file, ini_line_of(file, "history", "events"), "events = %s: needs file", c->history.events);
    if (c->history.file[0] != '\0' && strcmp(c->history.file, c->state_file) == 0)
        ini_fault(file, ini_line_of(file, "history", "file"), "file = %s: is the file of [state]",
                  c->state_file);
    if (c->history.file[0] != '\0' && c->history.bytes / HISTORY_BYTES_EACH < l->bindings)
        ini_fault(file,
                  ini_line_of(file, "history", "bytes") != 0 ? ini_line_of(file, "history", "bytes") : bridge,
                  "bytes = %u: at least %d for each of bindings = %u in [limits]", c->history.bytes,
                  HISTORY_BYTES_EACH, l->bindings);
    if (l->held_port_frames > l->held_frames)
        ini_fault(file, ini_line_of(file, "limits", NULL), "held-port-frames = %u: more than held-frames = %u",
                  l->held_port_frames, l->held_frames);
}

static const struct config_address *address_of(const struct config *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return &c->addresses[i];
    return NULL;
}

static void check_address(struct ini_file *file, const struct config_address *a)
{
    char text[MAC_TEXT_BYTES];
    if (a->has_default_host && is_bridges_own(ini_target(file), a->default_host))
        ini_fault(file, a->default_host_line, "default-host = %s: is the bridge's own",
                  mac_format(a->default_host, text));
    if (a->has_default_host)
        check_allowed(file, "default-host", a->default_host, a->default_host_line);
    if (a->gateway.host != 0 && address_of(ini_target(file), a->gateway) != NULL)
        ini_fault(file, a->gateway_line, "gateway = %s: is a shared address", ipv4_format(a->gateway, text));
}

static void check_range(struct ini_file *file, size_t i)
{
    const struct config *c = ini_target(file);
    const struct config_range *range = &c->ranges[i];
    char text[RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    if (range->range.address.host == 0)
        return; /* reported already */
    if (address_of(c, range->range.address) == NULL)
        ini_fault(file, range->line, "[range %s]: there is no [address] for it",
                  range_format(&range->range, text));
    check_allowed(file, "mac", range->mac, range->mac_line);
    if (is_bridges_own(c, range->mac))
        ini_fault(file, range->mac_line, "mac = %s: is the bridge's own", mac_format(range->mac, mac));
}

/* Another MAC address of an owner is nobody else's, and no owner. */
static void check_other_mac(struct ini_file *file, const struct config_range *range, struct mac other)
{
    const struct config *c = ini_target(file);
    char text[RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    mac_format(other, mac);
    check_allowed(file, "mac", other, range->mac_line);
    if (is_bridges_own(c, other))
        ini_fault(file, range->mac_line, "mac = %s: is the bridge's own", mac);
    for (size_t i = 0; i < c->range_count; i++) {
        const struct config_range *r = &c->ranges[i];
        bool is_others = mac_equal(r->mac, other);
        for (unsigned k = 0; k < r->other_count; k++)
            is_others = is_others || (mac_equal(r->others[k], other) && !mac_equal(r->mac, range->mac));
        if (is_others)
            ini_fault(file, range->mac_line, "mac: %s is also the owner of [range %s], or another host's there",
                      mac, range_format(&r->range, text));
    }
    for (size_t i = 0; i < c->protocol_count; i++)
        if (mac_equal(c->protocols[i].mac, other))
            ini_fault(file, c->protocols[i].mac_line, "mac = %s: must be the first MAC address of its host",
                      mac);
}

static void check_protocol(struct ini_file *file, size_t i)
{
    const struct config *c = ini_target(file);
    const struct config_protocol *p = &c->protocols[i];
    char text[IPV4_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    if (p->address.host == 0)
        return; /* reported already */
    if (address_of(c, p->address) == NULL)
        ini_fault(file, p->line, "[protocol %s/%u]: there is no [address] for it",
                  ipv4_format(p->address, text), p->protocol);
    if (is_bridges_own(c, p->mac))
        ini_fault(file, p->mac_line, "mac = %s: is the bridge's own", mac_format(p->mac, mac));
    check_allowed(file, "mac", p->mac, p->mac_line);
}

/* Of a [key]: what it says fits its role and the rest of the file. */
static void check_key(struct ini_file *file, const struct pe_arp_key *key)
{
    const struct config *c = ini_target(file);
    char text[PORT_RANGE_TEXT_BYTES];
    key_role_check(file, key->role, key->macs_line, key->ranges_line);
    for (unsigned i = 0; i < key->macs.count; i++)
        if (is_bridges_own(c, key->macs.mac[i]))
            ini_fault(file, key->macs_line, "mac = %s: is the bridge's own",
                      mac_format(key->macs.mac[i], text));
    for (unsigned i = 0; i < key->ranges.count; i++)
        if (address_of(c, key->ranges.range[i].range.address) == NULL)
            ini_fault(file, key->ranges_line, "range = %s: there is no [address] for it",
                      port_range_format(&key->ranges.range[i], text));
    const struct pe_arp_key *same = pe_arp_key_with_secret(c->keys, c->key_count, key);
    if (same != NULL && (same->line == 0 || same->line < key->line))
        ini_fault(file, key->line, "[key %u]: has the secret of key %u: each key needs its own", key->id,
                  same->id);
}

static void check_roles(struct ini_file *file)
{
    struct config *c = ini_target(file);
    const struct pe_arp_key *signing = pe_arp_signing_key(c->keys, c->key_count, KEY_BRIDGE);
    unsigned line = 0;
    for (size_t i = 0; i < c->key_count; i++) {
        if (c->keys[i].line != 0)
            check_key(file, &c->keys[i]);
        if (c->keys[i].role == KEY_HOST && (line == 0 || c->keys[i].line < line))
            line = c->keys[i].line;
    }
    if (signing != NULL)
        c->signing_key = (size_t)(signing - c->keys);
    else if (c->key_count > 0 && line != 0)
        ini_fault(file, line,
                  "[key]: there is none with role = bridge, and no [keys]: the bridge has no key to sign with");
}

static void check_keys(struct ini_file *file)
{
    struct config *c = ini_target(file);
    const char *section = ini_line_of(file, "key", NULL) != 0 ? "key" : "keys";
    if (c->key_count > c->limits.keys)
        ini_fault(file, ini_line_of(file, section, NULL), "[%s]: more than keys = %u in [limits]", section,
                  c->limits.keys);
    pe_arp_keys_sort(c->keys, c->key_count);
    check_roles(file);
}

static int by_address(const void *a, const void *b)
{
    const struct config_address *x = a, *y = b;
    return x->address.host < y->address.host ? -1 : x->address.host > y->address.host;
}

static int by_range(const void *a, const void *b)
{
    const struct config_range *x = a, *y = b;
    if (x->range.address.host != y->range.address.host)
        return x->range.address.host < y->range.address.host ? -1 : 1;
    if (x->range.first != y->range.first)
        return x->range.first < y->range.first ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Sorted: each against the one before it that reaches furthest. */
static void check_overlaps(struct ini_file *file)
{
    const struct config *c = ini_target(file);
    const struct config_range *widest = NULL;
    char text[RANGE_TEXT_BYTES], other[RANGE_TEXT_BYTES], at[INI_LINE_TEXT_BYTES];
    for (size_t i = 0; i < c->range_count; i++) {
        const struct config_range *range = &c->ranges[i];
        if (range->range.address.host == 0)
            continue;
        if (widest != NULL && range_overlaps(&widest->range, &range->range)) {
            bool later = range->line > widest->line;
            const struct config_range *a = later ? range : widest, *b = later ? widest : range;
            ini_fault(file, a->line, "[range %s]: overlaps [range %s] at %s", range_format(&a->range, text),
                      range_format(&b->range, other), ini_line_format(file, b->line, at));
        }
        if (widest == NULL || widest->range.address.host != range->range.address.host ||
            range->range.last > widest->range.last)
            widest = range;
    }
}

void conf_check(struct ini_file *file)
{
    struct config *c = ini_target(file);
    c->mac_auto = mac_is_zero(c->mac);
    default_paths(file);
    check_bridge(file);
    check_limits(file);
    if (c->denied_count > 0)
        qsort(c->denied, c->denied_count, sizeof(*c->denied), by_mac);
    for (size_t i = 0; i < c->lease_count; i++)
        if (c->leases[i].has_mac)
            check_allowed(file, "mac", c->leases[i].mac, c->leases[i].mac_line);
    for (size_t i = 0; i < c->address_count; i++)
        check_address(file, &c->addresses[i]);
    for (size_t i = 0; i < c->range_count; i++) {
        check_range(file, i);
        for (unsigned k = 0; k < c->ranges[i].other_count; k++)
            check_other_mac(file, &c->ranges[i], c->ranges[i].others[k]);
    }
    for (size_t i = 0; i < c->protocol_count; i++)
        check_protocol(file, i);
    check_keys(file);
    if (c->protocol_count > 0)
        qsort(c->protocols, c->protocol_count, sizeof(*c->protocols), config_protocol_order);
    if (c->address_count > 0)
        qsort(c->addresses, c->address_count, sizeof(*c->addresses), by_address);
    if (c->range_count > 0)
        qsort(c->ranges, c->range_count, sizeof(*c->ranges), by_range);
    check_overlaps(file);
    conf_check_dhcp(file);
}
