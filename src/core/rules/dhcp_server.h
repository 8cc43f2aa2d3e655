/* dhcp_server.h: [dhcp], the bridge's own leases of port sets (RFC 2131 section 4.3, RFC 7618).
 * In: messages of hosts that ask for ports, or give back a set of the pool. Out: answers; changes of the pool (lease.c).
 * Called by: dhcp_rules. Never: answers messages that came via a relay or are for another server: they are bridged. */
#ifndef PEARPD_CORE_DHCP_SERVER_H
#define PEARPD_CORE_DHCP_SERVER_H

#include "pearpd/dhcp.h"
#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"
#include "pearpd/timer_heap.h"

#include "rx_frame.h"

#include <stdbool.h>

struct dhcp_server;

/* NULL: out of memory. */
struct dhcp_server *dhcp_server_new(const struct engine *e);
void dhcp_server_free(struct dhcp_server *server);
void dhcp_server_carry(struct engine *e, const struct engine *old);

/* A message for the bridge's own server. False: it is not. */
bool dhcp_serve(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *ip,
                const struct l4_ports *ports, const struct dhcp *m, struct verdict *verdict);

/* A DHCPDISCOVER waited for the answers of hosts long enough. */
void dhcp_server_due(struct engine *e, struct timer *timer);

#endif
