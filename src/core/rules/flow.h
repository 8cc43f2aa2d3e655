/* flow.h: the host of each flow of a protocol without ports (docs/forwarding.md#portless-flows).
 * In: hosts' frames of such protocols. Out: the host of {remote, protocol} of a shared address: the configured one,
 * else the first that sent there, until it was silent for [limits] flow-age. Called by: packet, icmp_error,
 * source_guard. */
#ifndef PEARPD_CORE_FLOW_H
#define PEARPD_CORE_FLOW_H

#include "pearpd/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct flows;

/* The most flows that the tables have together. */
uint32_t flows_most(const struct limits *limits);

/* NULL: out of memory. */
struct flows *flows_new(const struct engine *e);
void flows_free(struct flows *flows);
/* Copies the flows of another engine (a reload). */
void flows_carry(struct engine *e, const struct engine *old);

/* The host that gets {remote, protocol} of a shared address. False: none. */
bool flow_host(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol,
               struct mac *host);

/* Notes a host's frame of a flow. False: the flow is of another host, in *owner. */
bool flow_take(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol,
               struct mac sender, struct mac *owner);

#endif
