/* port_set.h: port sets by PSID (RFC 7597 section 5.1).
 * In: offset and length in bits, a port or a PSID. Out: the PSID of a port, the spans of a set.
 * Called by: conf, core, agent. Never: holds state. */
#ifndef PEARPD_PORT_SET_H
#define PEARPD_PORT_SET_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 7597's a and k: a port is {a bits, not all zero unless a is 0; k bits PSID; m bits}. */
struct port_set_params {
    uint8_t offset; /* a: 0-15 */
    uint8_t length; /* k: 1-16, offset + length <= 16 */
};

/* Ports, host order, inclusive. */
struct port_span {
    uint16_t first, last;
};

/* True where offset and length can be used together. */
bool port_set_valid(struct port_set_params params);

/* True where both part the ports in the same way. */
bool port_set_same(struct port_set_params a, struct port_set_params b);

/* The PSID of `port`. False where the port belongs to no set (its `offset` bits are zero). */
bool port_set_of(struct port_set_params params, uint16_t port, uint16_t *psid);

/* How many spans each set has: 1 for offset 0, else 2^offset - 1. */
unsigned port_set_spans(struct port_set_params params);

/* Span `index` (from 0, ascending) of the set `psid`. */
struct port_span port_set_span(struct port_set_params params, uint16_t psid, unsigned index);

/* The span that `port` lies in, of whichever set. */
struct port_span port_set_span_of(struct port_set_params params, uint16_t port);

/* The lowest and highest port of the set `psid`. */
struct port_span port_set_bounds(struct port_set_params params, uint16_t psid);

#endif
