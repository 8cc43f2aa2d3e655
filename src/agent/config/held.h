/* held.h: what a host holds of a shared address: a range of ports, or a port set (RFC 7597).
 * In and out: plain data, text. Called by: every file of the agent. Never: holds state, sees a kernel. */
#ifndef PEARPD_AGENT_HELD_H
#define PEARPD_AGENT_HELD_H

#include "pearpd/addr.h"
#include "pearpd/port_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELD_MAX        32   /* on one interface */
#define HELD_SPANS_MAX  1024 /* of all of them together: a port set of offset a has 2^a - 1 */
#define HELD_TEXT_BYTES 40   /* "255.255.255.255:psid/15/16/65535" and its NUL */

struct held {
    struct range range; /* of a port set its lowest and its highest port */
    bool is_port_set;
    struct port_set_params params; /* of a port set alone, as is psid */
    uint16_t psid;
};

/* What is held on one interface, in the order of the configuration: the first address is the one that
 * connections come from. */
struct held_list {
    struct held held[HELD_MAX];
    size_t count;
};

/* The port set `psid` of an address. */
struct held held_port_set(struct ipv4 address, struct port_set_params params, uint16_t psid);

/* How many spans it has, and each of them, ascending. */
unsigned held_spans(const struct held *h);
struct port_span held_span(const struct held *h, unsigned index);

/* The number of its ports. */
uint32_t held_ports(const struct held *h);

bool held_has(const struct held *h, uint16_t port);
bool held_equal(const struct held *a, const struct held *b);

/* True where both are of one address and share a port. */
bool held_overlaps(const struct held *a, const struct held *b);

/* Writes ADDRESS:FIRST-LAST, or ADDRESS:psid/OFFSET/LENGTH/ID, and returns it. */
const char *held_format(const struct held *h, char text[static HELD_TEXT_BYTES]);

/* Reads that. 0; -EINVAL: not of either form, or not a host's address; -ERANGE: the last port is below the
 * first, or there is no such port set. */
int held_parse(const char *text, struct held *h);

/* 0; -EEXIST: shares a port with one that is there, whose index is *other; -ENOSPC: HELD_MAX or
 * HELD_SPANS_MAX is reached. */
int held_add(struct held_list *list, const struct held *h, size_t *other);

/* The spans of all that is held of `address` (0.0.0.0: of all addresses), ascending, those that touch as one.
 * Their number. */
size_t held_union(const struct held_list *list, struct ipv4 address,
                  struct port_span spans[static HELD_SPANS_MAX]);

/* The range of `address` with the widest span: what has to be moved goes there. Its place in the list. */
size_t held_widest(const struct held_list *list, struct ipv4 address);

/* Its place in the list, or list->count. */
size_t held_find(const struct held_list *list, const struct held *h);

/* The addresses of the list, each once, in its order. Their number. */
size_t held_addresses(const struct held_list *list, struct ipv4 addresses[static HELD_MAX]);

#endif
