/* echo.h: ping to and from shared addresses (docs/forwarding.md#rule-echo-reply).
 * In: echo requests and replies. Out: the bridge's own replies; the host that asked. Called by: packet, forward. */
#ifndef PEARPD_CORE_ECHO_H
#define PEARPD_CORE_ECHO_H

#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "route.h"
#include "rx_frame.h"

#include <stdbool.h>
#include <stdint.h>

struct echo;

/* NULL: out of memory. */
struct echo *echo_new(const struct engine *e);
void echo_free(struct echo *echo);
void echo_carry(struct engine *e, const struct engine *old);

/* Answers an echo request to a shared address. */
struct verdict echo_answer(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet);
struct route echo_request_route(const struct engine *e, uint32_t address_index, bool is_fragment);
/* The route of what comes back for {remote, echo}: the host that sent the request last, else `id` as a port. */
struct route echo_route(struct engine *e, struct ipv4 shared, struct ipv4 remote, struct icmp_echo echo);
/* Notes that a host sent an echo request. */
void echo_note(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet,
               struct icmp_echo echo);

#endif
