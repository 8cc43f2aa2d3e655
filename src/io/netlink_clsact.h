/* netlink_clsact.h: whether a clsact qdisc has filters.
 * Called by: fast_loader.c. Never: changes one. */
#ifndef PEARPD_IO_NETLINK_CLSACT_H
#define PEARPD_IO_NETLINK_CLSACT_H

#include "pearpd/netlink.h"

/* The number of filters at the ingress and the egress of an interface in *count. 0, or -Exxx. */
int netlink_clsact_filters(struct netlink *netlink, unsigned ifindex, unsigned *count);

#endif
