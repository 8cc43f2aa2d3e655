/* arp_relay.h: requests of hosts with a shared address for other addresses, and their answers
 * (docs/forwarding.md#arp-relay).
 * In: requests from downstream, replies from upstream. Out: one request a second for each {shared, target} as the
 * bridge's own; one copy of an answer for each host that asked. Called by: arp_rules. Never: limits a host's rate. */
#ifndef PEARPD_CORE_ARP_RELAY_H
#define PEARPD_CORE_ARP_RELAY_H

#include "pearpd/arp.h"
#include "pearpd/engine.h"

#include "rx_frame.h"

struct arp_relay;

/* NULL: out of memory. */
struct arp_relay *arp_relay_new(const struct engine *e);
void arp_relay_free(struct arp_relay *relay);
void arp_relay_carry(struct engine *e, const struct engine *old);

/* Sends the request upstream with the bridge MAC and the shared address `request->spa` as sender, or consumes it where the same was sent within the second. */
struct verdict arp_relay_request(struct engine *e, struct rx_frame *rx, const struct arp *request);

/* Gives a reply from upstream to a shared address to the hosts that wait for it. */
struct verdict arp_relay_reply(struct engine *e, const struct rx_frame *rx, const struct arp *reply);

#endif
