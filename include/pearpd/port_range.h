/* port_range.h: ports of one IPv4 address that belong together: a range, or a port set (RFC 7597 section 5.1).
 * In and out: plain data, text. Called by: core, agent. Never: holds state, sees a frame. */
#ifndef PEARPD_PORT_RANGE_H
#define PEARPD_PORT_RANGE_H

#include "pearpd/addr.h"
#include "pearpd/port_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_RANGE_TEXT_BYTES 40 /* "255.255.255.255:psid/15/16/65535" and its NUL */

struct port_range {
    struct range range; /* of a port set its lowest and its highest port */
    bool is_port_set;
    struct port_set_params params; /* of a port set only, as is psid */
    uint16_t psid;
};

/* The port set `psid` of an address. */
struct port_range port_range_of_set(struct ipv4 address, struct port_set_params params, uint16_t psid);

/* The number of its spans, and span `index` of them, ascending. */
unsigned port_range_spans(const struct port_range *r);
struct port_span port_range_span(const struct port_range *r, unsigned index);

/* The number of its ports. */
uint32_t port_range_ports(const struct port_range *r);

bool port_range_has(const struct port_range *r, uint16_t port);
bool port_range_equal(const struct port_range *a, const struct port_range *b);

/* True where both are of one address and share a port. */
bool port_range_overlaps(const struct port_range *a, const struct port_range *b);

/* Writes ADDRESS:FIRST-LAST, or ADDRESS:psid/OFFSET/LENGTH/ID, and returns `text`. */
const char *port_range_format(const struct port_range *r, char text[static PORT_RANGE_TEXT_BYTES]);

/* Reads that. 0; -EINVAL: not of either form, or not an address of a host; -ERANGE: the last port is below the
 * first, or there is no such port set. */
int port_range_parse(const char *text, struct port_range *r);

#endif
