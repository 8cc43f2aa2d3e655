/* listen_address.c: see listen_address.h. */
#include "pearpd/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX       "unix:"
#define HOST_BYTES 64

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || value > UINT16_MAX)
            return false;
        value = value * 10 + (unsigned long)(*c - '0');
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

static int parse_unix(const char *path, struct listen_address *address)
{
    if (path[0] != '/' || path[strlen(path) - 1] == '/' || strlen(path) >= sizeof(address->path))
        return -EINVAL;
    address->kind = LISTEN_UNIX;
    snprintf(address->path, sizeof(address->path), "%s", path);
    return 0;
}

int listen_address_parse(const char *text, struct listen_address *address)
{
    *address = (struct listen_address){.kind = LISTEN_NONE};
    if (strncmp(text, UNIX, strlen(UNIX)) == 0)
        return parse_unix(text + strlen(UNIX), address);
    const char *colon = strrchr(text, ':');
    char host[HOST_BYTES];
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) || !parse_port(colon + 1, &address->port))
        return -EINVAL;
    size_t length = (size_t)(colon - text);
    const bool is_ipv6 = length > 2 && text[0] == '[' && text[length - 1] == ']';
    if (is_ipv6) {
        text++;
        length -= 2;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host, address->ip) != 1)
        return -EINVAL;
    address->kind = is_ipv6 ? LISTEN_IPV6 : LISTEN_IPV4;
    return 0;
}

const char *listen_address_format(const struct listen_address *address, char text[static LISTEN_TEXT_BYTES])
{
    char host[HOST_BYTES] = "";
    switch (address->kind) {
    case LISTEN_NONE:
        snprintf(text, LISTEN_TEXT_BYTES, "none");
        break;
    case LISTEN_UNIX:
        snprintf(text, LISTEN_TEXT_BYTES, UNIX "%s", address->path);
        break;
    case LISTEN_IPV4:
        inet_ntop(AF_INET, address->ip, host, sizeof(host));
        snprintf(text, LISTEN_TEXT_BYTES, "%s:%u", host, address->port);
        break;
    case LISTEN_IPV6:
        inet_ntop(AF_INET6, address->ip, host, sizeof(host));
        snprintf(text, LISTEN_TEXT_BYTES, "[%s]:%u", host, address->port);
        break;
    }
    return text;
}

bool listen_address_equal(const struct listen_address *a, const struct listen_address *b)
{
    return a->kind == b->kind && a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 &&
           strcmp(a->path, b->path) == 0;
}

bool listen_address_is_loopback(const struct listen_address *address)
{
    static const uint8_t loopback_v6[16] = {[15] = 1};
    if (address->kind == LISTEN_IPV4)
        return address->ip[0] == 127;
    return address->kind == LISTEN_IPV6 && memcmp(address->ip, loopback_v6, sizeof(loopback_v6)) == 0;
}
