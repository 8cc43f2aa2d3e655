/* addr.c: see addr.h. */
#include "pearpd/addr.h"

#include "pearpd/hex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct mac mac_zero;
const struct mac mac_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

const char *side_name(enum side side)
{
    return side == SIDE_UPSTREAM ? "upstream" : "downstream";
}

uint64_t mac_number(struct mac mac)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < MAC_BYTES; i++)
        number = number << 8 | mac.octets[i];
    return number;
}

const char *mac_format(struct mac mac, char text[static MAC_TEXT_BYTES])
{
    const uint8_t *o = mac.octets;
    snprintf(text, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3], o[4], o[5]);
    return text;
}

const char *ipv4_format(struct ipv4 address, char text[static IPV4_TEXT_BYTES])
{
    uint32_t a = address.host;
    snprintf(text, IPV4_TEXT_BYTES, "%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
    return text;
}

const char *range_format(const struct range *range, char text[static RANGE_TEXT_BYTES])
{
    char address[IPV4_TEXT_BYTES];
    snprintf(text, RANGE_TEXT_BYTES, "%s:%u-%u", ipv4_format(range->address, address), range->first,
             range->last);
    return text;
}

int mac_parse(const char *text, struct mac *mac)
{
    struct mac parsed;
    for (unsigned i = 0; i < MAC_BYTES; i++) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || text[2] != (i + 1 < MAC_BYTES ? ':' : '\0'))
            return -EINVAL;
        parsed.octets[i] = (uint8_t)(high << 4 | low);
        text += 3;
    }
    *mac = parsed;
    return 0;
}

/* Decimal digits up to `most`, without a leading zero where `strict`; moves *text behind them. */
static int number_parse(const char **text, uint32_t most, bool strict, uint32_t *number)
{
    const char *at = *text;
    uint32_t value = 0;
    if (*at < '0' || *at > '9' || (strict && at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
        return -EINVAL;
    while (*at >= '0' && *at <= '9') {
        value = value * 10 + (uint32_t)(*at++ - '0');
        if (value > most)
            return -EINVAL;
    }
    *text = at;
    *number = value;
    return 0;
}

/* As ipv4_parse(), but stops at `end`. */
static int ipv4_parse_until(const char *text, const char *end, struct ipv4 *address)
{
    uint32_t parsed = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t octet;
        if (number_parse(&text, 255, true, &octet) != 0)
            return -EINVAL;
        parsed = parsed << 8 | octet;
        if (i < 3 && *text++ != '.')
            return -EINVAL;
    }
    if (text != end)
        return -EINVAL;
    address->host = parsed;
    return 0;
}

int ipv4_parse(const char *text, struct ipv4 *address)
{
    return ipv4_parse_until(text, text + strlen(text), address);
}

bool ipv4_is_host(struct ipv4 address)
{
    unsigned top = address.host >> 24;
    return top != 0 && top != 127 && top < 224;
}

int ipv4_parse_host(const char *text, struct ipv4 *address)
{
    struct ipv4 parsed;
    if (ipv4_parse(text, &parsed) != 0 || !ipv4_is_host(parsed))
        return -EINVAL;
    *address = parsed;
    return 0;
}

int port_parse(const char *text, uint16_t *port)
{
    uint32_t number;
    if (number_parse(&text, UINT16_MAX, false, &number) != 0 || *text != '\0')
        return -EINVAL;
    *port = (uint16_t)number;
    return 0;
}

int ports_parse(const char *text, uint16_t *first, uint16_t *last)
{
    uint32_t low, high;
    if (number_parse(&text, UINT16_MAX, false, &low) != 0 || *text++ != '-' ||
        number_parse(&text, UINT16_MAX, false, &high) != 0 || *text != '\0')
        return -EINVAL;
    if (high < low)
        return -ERANGE;
    *first = (uint16_t)low;
    *last = (uint16_t)high;
    return 0;
}

int range_parse(const char *text, struct range *range)
{
    const char *colon = strchr(text, ':');
    struct range parsed;
    if (colon == NULL || ipv4_parse_until(text, colon, &parsed.address) != 0)
        return -EINVAL;
    int error = 0;
    if (port_parse(colon + 1, &parsed.first) == 0)
        parsed.last = parsed.first;
    else
        error = ports_parse(colon + 1, &parsed.first, &parsed.last);
    if (error == 0)
        *range = parsed;
    return error;
}

bool range_overlaps(const struct range *a, const struct range *b)
{
    return a->address.host == b->address.host && a->first <= b->last && b->first <= a->last;
}

bool range_holds(const struct range *range, uint16_t port)
{
    return port >= range->first && port <= range->last;
}
