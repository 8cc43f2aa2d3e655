/* netlink.h: rtnetlink and sock_diag; the only place that knows libmnl.
 * Called by: daemon (links), agent (addresses, routes, sockets in use). */
#ifndef PEARPD_NETLINK_H
#define PEARPD_NETLINK_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink;

/* One interface as the kernel reports it. */
struct link_info {
    unsigned index;
    char name[16];
    char kind[16]; /* "dummy", "bridge", ...; empty: it says none, or a longer one */
    struct mac mac;
    uint32_t mtu_bytes;
    bool enabled; /* administratively up (IFF_UP) */
    bool up;      /* that, and with carrier (IFF_LOWER_UP) */
    bool gone;    /* RTM_DELLINK */
};

/* A socket for requests. NULL and errno. */
struct netlink *netlink_open(void);
/* A socket that hears of links as they change (RTNLGRP_LINK); not blocking. NULL and errno. */
struct netlink *netlink_watch_links(void);
void netlink_close(struct netlink *netlink);
int netlink_fd(const struct netlink *netlink);

/* Calls `link` for each change that waits. 0; -ENOBUFS: some were lost, list again with netlink_link(). */
int netlink_read_links(struct netlink *netlink, void (*link)(const struct link_info *info, void *context),
                       void *context);

/* The interface of this name now. 0, -ENODEV or -Exxx. */
int netlink_link(struct netlink *netlink, const char *name, struct link_info *info);

#endif
