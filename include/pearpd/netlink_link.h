/* netlink_link.h: one interface's settings. See netlink.h for struct netlink.
 * Called by: daemon. */
#ifndef PEARPD_NETLINK_LINK_H
#define PEARPD_NETLINK_LINK_H

#include "pearpd/addr.h"
#include "pearpd/netlink.h"

#include <stdbool.h>
#include <stdint.h>

struct link_settings {
    struct mac mac;
    uint32_t mtu_bytes;    /* 0: as it is */
    uint32_t queue_frames; /* that it holds before they leave (txqueuelen) */
};

/* Sets them. 0 or -Exxx; needs CAP_NET_ADMIN. */
int netlink_link_set(struct netlink *netlink, unsigned ifindex, const struct link_settings *settings);

/* Sets the interface up or down (IFF_UP). 0 or -Exxx; needs CAP_NET_ADMIN. */
int netlink_link_enable(struct netlink *netlink, unsigned ifindex, bool up);

/* Sets or clears IFF_PROMISC, which lasts longer than the socket that asked for it. 0 or -Exxx; needs CAP_NET_ADMIN. */
int netlink_link_promiscuous(struct netlink *netlink, unsigned ifindex, bool on);

#endif
