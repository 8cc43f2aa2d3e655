/* addr.h: MAC and IPv4 addresses, port ranges and the two sides of the bridge.
 * In and out: text and values. Called by: everyone. Never: sees a frame. */
#ifndef PEARPD_ADDR_H
#define PEARPD_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAC_BYTES        6
#define MAC_TEXT_BYTES   18 /* "00:0c:29:9e:8c:ee" and its NUL */
#define IPV4_TEXT_BYTES  16 /* "255.255.255.255" and its NUL */
#define RANGE_TEXT_BYTES 28 /* "255.255.255.255:65535-65535" and its NUL */

struct mac {
    uint8_t octets[MAC_BYTES];
};

struct ipv4 {
    uint32_t host; /* host order */
};

/* ADDRESS:FIRST-LAST; ports in host order, inclusive. */
struct range {
    struct ipv4 address;
    uint16_t first, last;
};

/* The two ports of the bridge (docs/contract.md#names). */
enum side { SIDE_UPSTREAM, SIDE_DOWNSTREAM };
#define SIDES 2

extern const struct mac mac_zero;
extern const struct mac mac_broadcast;

/* "upstream" or "downstream": a constant string. */
const char *side_name(enum side side);

/* The side that a frame from `side` leaves by. */
static inline enum side side_other(enum side side)
{
    return side == SIDE_UPSTREAM ? SIDE_DOWNSTREAM : SIDE_UPSTREAM;
}

static inline bool mac_equal(struct mac a, struct mac b)
{
    return memcmp(a.octets, b.octets, MAC_BYTES) == 0;
}

static inline bool mac_is_zero(struct mac mac)
{
    return mac_equal(mac, mac_zero);
}

/* True for multicast and broadcast: the I/G bit of IEEE 802. */
static inline bool mac_is_group(struct mac mac)
{
    return (mac.octets[0] & 1) != 0;
}

/* The 48 bits as a number, first octet highest: a key for tables. */
uint64_t mac_number(struct mac mac);

/* Writes the text form to `text` and returns it. */
const char *mac_format(struct mac mac, char text[static MAC_TEXT_BYTES]);
const char *ipv4_format(struct ipv4 address, char text[static IPV4_TEXT_BYTES]);
const char *range_format(const struct range *range, char text[static RANGE_TEXT_BYTES]);

/* Six two-digit hexadecimal octets with colons between. 0, or -EINVAL and *mac is left alone. */
int mac_parse(const char *text, struct mac *mac);

/* Dotted quad, no leading zeros, nothing after it. 0, or -EINVAL and *address is left alone. */
int ipv4_parse(const char *text, struct ipv4 *address);

/* True where a host may have it: not this network's, loopback, multicast or broadcast (RFC 6890). */
bool ipv4_is_host(struct ipv4 address);

/* As ipv4_parse(); -EINVAL too where no host may have it. */
int ipv4_parse_host(const char *text, struct ipv4 *address);

/* A decimal port, 0-65535, digits alone. 0, or -EINVAL and *port is left alone. */
int port_parse(const char *text, uint16_t *port);

/* FIRST-LAST. 0; -EINVAL: not of that form; -ERANGE: last below first. */
int ports_parse(const char *text, uint16_t *first, uint16_t *last);

/* ADDRESS:FIRST-LAST (or ADDRESS:PORT, a range of one). Errors as ports_parse(). */
int range_parse(const char *text, struct range *range);

/* True where the two ranges are of one address and share a port. */
bool range_overlaps(const struct range *a, const struct range *b);

bool range_holds(const struct range *range, uint16_t port);

#endif
