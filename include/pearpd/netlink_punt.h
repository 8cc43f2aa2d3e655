/* netlink_punt.h: punt devices: where the program at a port (fast_path.bpf.c) sends what it leaves to the daemon, whose packet
 * sockets see what leaves by such a device. It drops all of that itself.
 * Called by: daemon. See netlink.h for struct netlink. Needs CAP_NET_ADMIN. Errors are -Exxx. */
#ifndef PEARPD_NETLINK_PUNT_H
#define PEARPD_NETLINK_PUNT_H

#include "pearpd/netlink.h"

/* The punt device of the interface `ifindex`, made if it is not there, and up: `pearpd-IFINDEX`, a dummy or a bridge
 * without ports, and without a queue. 0 and *punt, its index.
 * -EOPNOTSUPP: the kernel has neither; -EEXIST: another kind of interface has that name. */
int netlink_punt_make(struct netlink *netlink, unsigned ifindex, unsigned *punt);

/* 0: there is none any more. */
int netlink_punt_remove(struct netlink *netlink, unsigned ifindex);

/* True where it is there, up, and still the interface `punt`. */
bool netlink_punt_is_up(struct netlink *netlink, unsigned ifindex, unsigned punt);

#endif
