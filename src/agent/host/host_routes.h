/* host_routes.h: the routes of a host that shares an address (docs/pe-arp.md#host-requirements): one to the gateway alone,
 * and the default route by it, both from the first shared address.
 * In: the gateway wished for, what is there. Out: a record of what differs (undo.h), applied and undone.
 * Called by: host_settings. Never: adds an address, a sysctl or a rule. */
#ifndef PEARPD_AGENT_HOST_ROUTES_H
#define PEARPD_AGENT_HOST_ROUTES_H

#include "pearpd/netlink.h"

#include "undo.h"

/* Adds to *undo the routes that undo->held on the interface of undo->ifindex need, and the default route that has to go for
 * them. `wish`: 0.0.0.0 is the gateway of the interface's present default route. `only_address`: the interface has no
 * address but the shared one, so that a default route without a source picks it. *gateway: the one found; 0.0.0.0: none is
 * known. What is kept though it differs is logged. 0, or -Exxx after one line in the log. */
int host_routes_plan(struct netlink *netlink, struct ipv4 wish, bool only_address, struct undo *undo,
                     struct ipv4 *gateway);

/* Makes the changes; what is down gets its routes when the link comes up. 0, or -Exxx after one line in the log. */
int host_routes_apply(struct netlink *netlink, const struct undo *undo);

/* Those that are not there, as text for people; NULL: all are, or the kernel does not say. */
const char *host_routes_missing(struct netlink *netlink, const struct undo *undo);

/* Restores them. 0, or the first -Exxx, each after a line in the log. */
int host_routes_undo(struct netlink *netlink, const struct undo *undo);

/* Prints the commands that do the same as host_routes_apply(). */
void host_routes_print(const struct undo *undo);

#endif
