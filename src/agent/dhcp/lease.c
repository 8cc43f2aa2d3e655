/* lease.c: see lease.h. */
#include "lease.h"

#include "pearpd/hex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTION_BYTES 4    /* of option 159: offset, PSID length, PSID (RFC 7618 9) */
#define VALUE_BYTES  1024 /* an option's 63 addresses (RFC 2132 3.8) */
#define MTU_LEAST    576  /* RFC 791: what every host must take */

struct parsing {
    struct lease *lease;
    struct ipv4 netmask;
    uint64_t now_s;
    char *why;
};

static int refuse(struct parsing *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct parsing *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->why, LEASE_WHY_BYTES, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

/* Digits alone, at most `most`. */
static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    const size_t length = strlen(text);
    if (length == 0 || length > 10 || strspn(text, "0123456789") != length)
        return false;
    *number = strtoull(text, NULL, 10);
    return *number <= most;
}

/* "00060800" */
static bool parse_digits(const char *text, uint32_t *option)
{
    uint8_t b[OPTION_BYTES];
    size_t length;
    if (hex_parse(text, b, sizeof(b), &length) != 0 || length != sizeof(b))
        return false;
    *option = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return true;
}

/* "0:6:8:0", hexadecimal */
static bool parse_octets(const char *text, uint32_t *option)
{
    unsigned a, b, c, d;
    int used = -1;
    if (text[strspn(text, "0123456789abcdefABCDEF:")] != '\0' ||
        sscanf(text, "%2x:%2x:%2x:%2x%n", &a, &b, &c, &d, &used) != 4 || text[used] != '\0')
        return false;
    *option = a << 24 | b << 16 | c << 8 | d;
    return true;
}

/* "0 6 2048", decimal */
static bool parse_fields(const char *text, uint32_t *option)
{
    unsigned a, b, c;
    int used = -1;
    if (text[strspn(text, "0123456789 ")] != '\0' || sscanf(text, "%3u %3u %5u%n", &a, &b, &c, &used) != 3 ||
        text[used] != '\0' || a > UINT8_MAX || b > UINT8_MAX || c > UINT16_MAX)
        return false;
    *option = a << 24 | b << 16 | c;
    return true;
}

/* "0/6/2": the PSID right-aligned, as people write it. */
static bool parse_set(const char *text, uint32_t *option)
{
    unsigned a, b, c;
    int used = -1;
    if (text[strspn(text, "0123456789/")] != '\0' || sscanf(text, "%2u/%2u/%5u%n", &a, &b, &c, &used) != 3 ||
        text[used] != '\0' || b > 16 || c >= 1U << b)
        return false;
    *option = a << 24 | b << 16 | (c << (16 - b) & UINT16_MAX);
    return true;
}

static int take_ports(struct parsing *p, struct ipv4 address, const char *text)
{
    uint32_t option;
    if (*text == '\0')
        return refuse(p, "the lease has no ports (option 159): its address would be this host's alone");
    if (!parse_digits(text, &option) && !parse_octets(text, &option) && !parse_fields(text, &option) &&
        !parse_set(text, &option))
        return refuse(p, "%.40s: not %s", text,
                      strchr(text, '/') == NULL ? "the four bytes of option 159"
                                                : "OFFSET/LENGTH/ID with an ID of LENGTH bits, 16 at most");
    const struct port_set_params params = {(uint8_t)(option >> 24), (uint8_t)(option >> 16)};
    if (params.length == 0)
        return refuse(p, "%.40s: a PSID length of 0 shares no address", text);
    if (!port_set_valid(params))
        return refuse(p, "%.40s: offset %u and PSID length %u are no port set", text, params.offset,
                      params.length);
    const uint16_t psid = (uint16_t)option;
    if ((uint16_t)((unsigned)psid << params.length) != 0)
        return refuse(p, "%.40s: the PSID has bits beyond its length of %u", text, params.length);
    p->lease->held = port_range_of_set(address, params, (uint16_t)(psid >> (16 - params.length)));
    return 0;
}

/* The first address of a list is the gateway. */
static int take_gateway(struct parsing *p, const char *name, const char *value)
{
    char first[IPV4_TEXT_BYTES];
    const size_t length = strcspn(value, " ,");
    if (length >= sizeof(first))
        return refuse(p, "%s=%.40s: not an address", name, value);
    memcpy(first, value, length);
    first[length] = '\0';
    return ipv4_parse_host(first, &p->lease->gateway) == 0
               ? 0
               : refuse(p, "%s=%.40s: not a host's IPv4 address", name, value);
}

static int take_netmask(struct parsing *p, const char *name, const char *value)
{
    if (ipv4_parse(value, &p->netmask) != 0 || (~p->netmask.host & (~p->netmask.host + 1)) != 0)
        return refuse(p, "%s=%.40s: not a netmask", name, value);
    return 0;
}

static int take_dns(struct parsing *p, const char *name, const char *value)
{
    struct lease *lease = p->lease;
    char list[VALUE_BYTES];
    if (strlen(value) >= sizeof(list))
        return refuse(p, "%s=%.40s...: longer than a list of addresses may be", name, value);
    snprintf(list, sizeof(list), "%s", value);
    char *rest = list;
    for (const char *word; (word = strsep(&rest, " ,")) != NULL;) {
        struct ipv4 server;
        if (*word == '\0')
            continue;
        if (ipv4_parse(word, &server) != 0)
            return refuse(p, "%s=%.40s: %.20s is not an address", name, value, word);
        if (lease->dns_count < LEASE_DNS_MAX)
            lease->dns[lease->dns_count++] = server;
    }
    return 0;
}

static int take_mtu(struct parsing *p, const char *name, const char *value)
{
    uint64_t mtu;
    if (!parse_number(value, UINT16_MAX, &mtu) || mtu < MTU_LEAST)
        return refuse(p, "%s=%.40s: must be %u-%u", name, value, MTU_LEAST, UINT16_MAX);
    p->lease->mtu = (uint16_t)mtu;
    return 0;
}

static int take_lifetime(struct parsing *p, const char *name, const char *value)
{
    uint64_t lifetime_s;
    if (!parse_number(value, UINT32_MAX, &lifetime_s) || lifetime_s == 0)
        return refuse(p, "%s=%.40s: must be 1-%u seconds", name, value, UINT32_MAX);
    if (lifetime_s < UINT32_MAX) /* all ones: for ever (RFC 2131 3.3) */
        p->lease->until_s = p->now_s + lifetime_s;
    return 0;
}

static int take_until(struct parsing *p, const char *name, const char *value)
{
    if (!parse_number(value, UINT64_MAX, &p->lease->until_s))
        return refuse(p, "%s=%.40s: must be a number of seconds", name, value);
    return 0;
}

static const struct {
    const char *name;
    int (*take)(struct parsing *p, const char *name, const char *value);
} keys[] = {
    {"gateway", take_gateway}, {"netmask", take_netmask},   {"dns", take_dns},
    {"mtu", take_mtu},         {"lifetime", take_lifetime}, {"until", take_until},
};

static int take_key(struct parsing *p, const char *word)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const size_t length = strlen(keys[i].name);
        if (strncmp(word, keys[i].name, length) != 0 || word[length] != '=')
            continue;
        const char *value = word + length + 1;
        return *value == '\0' ? 0 : keys[i].take(p, keys[i].name, value);
    }
    return refuse(p, "%.40s: not gateway, netmask, dns, mtu, lifetime or until, with = behind it", word);
}

/* What holds between the words. */
static int check(struct parsing *p)
{
    const struct lease *lease = p->lease;
    const uint32_t address = lease->held.range.address.host, mask = p->netmask.host;
    char gateway[IPV4_TEXT_BYTES], netmask[IPV4_TEXT_BYTES];
    ipv4_format(lease->gateway, gateway);
    if (lease->gateway.host == address)
        return refuse(p, "gateway=%s: is the leased address itself", gateway);
    /* A mask of 32 bits, or none, speaks of no subnet: the gateway is on the link all the same. */
    if (lease->gateway.host != 0 && mask != 0 && mask != UINT32_MAX &&
        ((address ^ lease->gateway.host) & mask) != 0)
        return refuse(p, "gateway=%s: outside the leased address's subnet (netmask %s)", gateway,
                      ipv4_format(p->netmask, netmask));
    return 0;
}

static int parse_bound(struct parsing *p, const char *const *words, size_t count)
{
    struct ipv4 address;
    if (count < 2)
        return refuse(p, "bound: an address and its ports must follow");
    if (ipv4_parse_host(words[0], &address) != 0)
        return refuse(p, "%.40s: not a host's IPv4 address", words[0]);
    p->lease->until_s = LEASE_FOREVER_S;
    int error = take_ports(p, address, words[1]);
    for (size_t i = 2; error == 0 && i < count; i++)
        error = take_key(p, words[i]);
    if (error == 0)
        error = check(p);
    p->lease->bound = error == 0;
    return error;
}

int lease_parse(const char *const *words, size_t count, uint64_t now_s, struct lease *lease,
                char why[static LEASE_WHY_BYTES])
{
    struct parsing p = {.lease = lease, .now_s = now_s, .why = why};
    *lease = (struct lease){.bound = false};
    *why = '\0';
    if (count == 0)
        return refuse(&p, "bound, released or expired must follow");
    if (strcmp(words[0], "bound") == 0)
        return parse_bound(&p, words + 1, count - 1);
    if (strcmp(words[0], "released") != 0 && strcmp(words[0], "expired") != 0)
        return refuse(&p, "%.40s: not bound, released or expired", words[0]);
    return count == 1 ? 0 : refuse(&p, "%s: nothing may follow", words[0]);
}

bool lease_is_of(const struct lease *lease, const struct port_range *held)
{
    return lease->bound && port_range_equal(&lease->held, held);
}

uint64_t lease_left_s(const struct lease *lease, uint64_t now_s)
{
    if (lease->until_s == LEASE_FOREVER_S)
        return LEASE_FOREVER_S;
    return lease->until_s > now_s ? lease->until_s - now_s : 0;
}

int lease_format(const struct lease *lease, char text[static LEASE_TEXT_BYTES])
{
    char address[IPV4_TEXT_BYTES];
    const struct port_range *held = &lease->held;
    int length =
        snprintf(text, LEASE_TEXT_BYTES, "bound %s %u/%u/%u", ipv4_format(held->range.address, address),
                 held->params.offset, held->params.length, held->psid);
    if (lease->gateway.host != 0)
        length += snprintf(text + length, LEASE_TEXT_BYTES - (size_t)length, " gateway=%s",
                           ipv4_format(lease->gateway, address));
    for (size_t i = 0; i < lease->dns_count; i++)
        length += snprintf(text + length, LEASE_TEXT_BYTES - (size_t)length, "%s%s", i == 0 ? " dns=" : ",",
                           ipv4_format(lease->dns[i], address));
    if (lease->mtu != 0)
        length += snprintf(text + length, LEASE_TEXT_BYTES - (size_t)length, " mtu=%u", lease->mtu);
    if (lease->until_s != LEASE_FOREVER_S)
        length += snprintf(text + length, LEASE_TEXT_BYTES - (size_t)length, " until=%llu",
                           (unsigned long long)lease->until_s);
    length += snprintf(text + length, LEASE_TEXT_BYTES - (size_t)length, "\n");
    return length;
}

int lease_read(char *text, struct lease *lease, char why[static LEASE_WHY_BYTES])
{
    const char *words[LEASE_WORDS_MAX];
    size_t count = 0;
    *lease = (struct lease){.bound = false};
    text[strcspn(text, "\n")] = '\0';
    for (const char *word; (word = strsep(&text, " ")) != NULL;) {
        if (count == LEASE_WORDS_MAX) {
            snprintf(why, LEASE_WHY_BYTES, "more than %d words", LEASE_WORDS_MAX);
            return -EINVAL;
        }
        words[count++] = word;
    }
    return lease_parse(words, count, 0, lease, why);
}
