/* dhcp_rules.h: DHCP that passes the bridge, and the leases in it (RFC 2131, RFC 7618; `learn = dhcp`).
 * In: IPv4 between the ports of DHCP. Out: bindings for as long as a lease lasts. Called by: ipv4_rules, the entry.
 * Never: changes the way of a frame that is not for the bridge's own server, unless it gives a shared address to a
 * client that did not ask (dhcp_unasked). */
#ifndef PEARPD_CORE_DHCP_RULES_H
#define PEARPD_CORE_DHCP_RULES_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"

#include "rx_frame.h"
#include "tables/binding.h"

#include <stdbool.h>

struct dhcp_rules;

/* True where some address is learned from DHCP, or served: without it there is nothing to do. */
bool dhcp_rules_needed(const struct config *config);

/* NULL: out of memory. */
struct dhcp_rules *dhcp_rules_new(const struct engine *e);
void dhcp_rules_free(struct dhcp_rules *rules);
void dhcp_rules_carry(struct engine *e, const struct engine *old);

/* True: the frame goes no further, *verdict says why. */
bool dhcp_rule(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
               struct verdict *verdict);

/* Notes that `lease` is the last that its owner got. */
void dhcp_lessee_note(struct engine *e, const struct binding *lease);

#endif
