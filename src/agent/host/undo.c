/* undo.c: see undo.h. One "key value" a line; the last one is "end", so that a cut file shows. */
#include "undo.h"

#include "pearpd/hex.h"

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDO_HEADING "pearp-agent-undo 2"

static const char *const sysctl_names[] = {
#define X(id, name, of_interface, value) name,
    UNDO_SYSCTLS(X)
#undef X
};

const char *undo_sysctl_name(enum undo_sysctl sysctl)
{
    return sysctl_names[sysctl];
}

static void put_raw(struct text *t, const struct host_route_raw *raw)
{
    if (raw->length == 0)
        return;
    text_put(t, "replaced ");
    for (size_t i = 0; i < raw->length; i++)
        text_put(t, "%02x", raw->bytes[i]);
    text_put(t, "\n");
}

int undo_format(const struct undo *undo, char *text, size_t size)
{
    struct text t = {.at = text, .left = size};
    char held[PORT_RANGE_TEXT_BYTES], address[IPV4_TEXT_BYTES];
    text_put(&t, UNDO_HEADING "\n");
    text_put(&t, "interface %s\nifindex %u\n", undo->interface, undo->ifindex);
    text_put(&t, "namespace %" PRIu64 "\n", undo->namespace_cookie);
    for (size_t i = 0; i < undo->held.count; i++)
        text_put(&t, "range %s\n", port_range_format(&undo->held.ranges[i], held));
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++)
        if (undo->sysctls[i][0] != '\0')
            text_put(&t, "%s %s\n", sysctl_names[i], undo->sysctls[i]);
    if (undo->reserves)
        text_put(&t, "reserved %s\n", undo->reserved);
    if (undo->metrics[0] != '\0')
        text_put(&t, "metrics %s\n", undo->metrics);
    if (undo->rules)
        text_put(&t, "rules\n");
    if (undo->enforce)
        text_put(&t, "police\n");
    for (size_t i = 0; i < undo->address_count; i++)
        text_put(&t, "address %s\n", ipv4_format(undo->addresses[i], address));
    if (undo->gateway_route.host != 0)
        text_put(&t, "gateway-route %s\n", ipv4_format(undo->gateway_route, address));
    if (undo->default_route.host != 0)
        text_put(&t, "default-route %s\n", ipv4_format(undo->default_route, address));
    put_raw(&t, &undo->replaced);
    text_put(&t, "end\n");
    return t.failed ? -ENOSPC : (int)(t.at - text);
}

static bool parse_number(const char *value, uint64_t max, uint64_t *number)
{
    if (value[0] < '0' || value[0] > '9' || strlen(value) > 20)
        return false;
    char *end;
    errno = 0;
    *number = strtoull(value, &end, 10);
    return errno == 0 && *end == '\0' && *number <= max;
}

/* Numbers parted by single blanks or tabs, as sysctls of numbers read. */
static bool is_sysctl_value(const char *value)
{
    return value[0] != '\0' && strlen(value) < UNDO_VALUE_BYTES &&
           strspn(value, "-0123456789 \t") == strlen(value);
}

static bool parse_raw(const char *value, struct host_route_raw *raw)
{
    return hex_parse(value, raw->bytes, sizeof(raw->bytes), &raw->length) == 0;
}

static bool parse_interface(const char *value, struct undo *undo)
{
    const size_t length = strlen(value);
    if (length == 0 || length >= sizeof(undo->interface) || strchr(value, '/') != NULL)
        return false;
    memcpy(undo->interface, value, length + 1);
    return true;
}

static bool parse_ifindex(const char *value, struct undo *undo)
{
    uint64_t number;
    if (!parse_number(value, INT32_MAX, &number))
        return false;
    undo->ifindex = (unsigned)number;
    return true;
}

static bool parse_namespace(const char *value, struct undo *undo)
{
    return parse_number(value, UINT64_MAX, &undo->namespace_cookie);
}

static bool parse_range(const char *value, struct undo *undo)
{
    struct port_range held;
    size_t other;
    return port_range_parse(value, &held) == 0 && range_list_add(&undo->held, &held, &other) == 0;
}

static bool parse_metrics(const char *value, struct undo *undo)
{
    const size_t length = strlen(value);
    if (value[0] != '/' || length >= sizeof(undo->metrics))
        return false;
    memcpy(undo->metrics, value, length + 1);
    return true;
}

static bool parse_enforce(const char *value, struct undo *undo)
{
    undo->enforce = true;
    return value[0] == '\0';
}

/* Ports and ranges of them, parted by commas. */
static bool parse_reserved(const char *value, struct undo *undo)
{
    const size_t length = strlen(value);
    if (length >= sizeof(undo->reserved) || strspn(value, "-0123456789,") != length)
        return false;
    memcpy(undo->reserved, value, length + 1);
    undo->reserves = true;
    return true;
}

static bool parse_rules(const char *value, struct undo *undo)
{
    undo->rules = true;
    return value[0] == '\0';
}

static bool parse_address(const char *value, struct undo *undo)
{
    if (undo->address_count == RANGES_MAX || ipv4_parse(value, &undo->addresses[undo->address_count]) != 0)
        return false;
    undo->address_count++;
    return true;
}

static bool parse_gateway_route(const char *value, struct undo *undo)
{
    return ipv4_parse(value, &undo->gateway_route) == 0;
}

static bool parse_default_route(const char *value, struct undo *undo)
{
    return ipv4_parse(value, &undo->default_route) == 0;
}

static bool parse_replaced(const char *value, struct undo *undo)
{
    return parse_raw(value, &undo->replaced);
}

static const struct {
    const char *key;
    bool repeats;
    bool (*parse)(const char *value, struct undo *undo);
} keys[] = {
    {"interface", false, parse_interface},
    {"ifindex", false, parse_ifindex},
    {"namespace", false, parse_namespace},
    {"range", true, parse_range},
    {"reserved", false, parse_reserved},
    {"metrics", false, parse_metrics},
    {"rules", false, parse_rules},
    {"police", false, parse_enforce},
    {"address", true, parse_address},
    {"gateway-route", false, parse_gateway_route},
    {"default-route", false, parse_default_route},
    {"replaced", false, parse_replaced},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* One line, NUL-terminated. `seen` holds a bit for each key, the sysctls behind the others. */
static bool parse_line(char *line, struct undo *undo, unsigned *seen)
{
    char *value = strchr(line, ' ');
    if (value != NULL)
        *value++ = '\0';
    else
        value = line + strlen(line);
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(line, keys[i].key) != 0)
            continue;
        const bool again = (*seen & 1U << i) != 0 && !keys[i].repeats;
        *seen |= 1U << i;
        return !again && keys[i].parse(value, undo);
    }
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        if (strcmp(line, sysctl_names[i]) != 0)
            continue;
        if (undo->sysctls[i][0] != '\0' || !is_sysctl_value(value))
            return false;
        memcpy(undo->sysctls[i], value, strlen(value) + 1);
        return true;
    }
    return false;
}

int undo_parse(const char *text, size_t length, struct undo *undo, unsigned *line)
{
    char buffer[UNDO_TEXT_MAX_BYTES];
    unsigned seen = 0;
    *undo = (struct undo){.ifindex = 0};
    *line = 1;
    if (length >= sizeof(buffer) || memchr(text, '\0', length) != NULL)
        return -EBADMSG;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    for (char *at = buffer, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, (*line)++) {
        *end = '\0';
        if (*line == 1) {
            if (strcmp(at, UNDO_HEADING) != 0)
                return -EBADMSG;
            continue;
        }
        if (strcmp(at, "end") == 0) /* what must be there: the first four keys */
            return end[1] == '\0' && (seen & 0xf) == 0xf ? 0 : -EBADMSG;
        if (!parse_line(at, undo, &seen))
            return -EBADMSG;
    }
    return -EBADMSG;
}
