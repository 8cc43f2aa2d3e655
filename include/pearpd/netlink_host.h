/* netlink_host.h: IPv4 addresses, routes, sockets and nftables tables of this host.
 * In and out: plain structs. Called by: agent, daemon (addresses). Never: keeps state. See netlink.h for struct netlink. */
#ifndef PEARPD_NETLINK_HOST_H
#define PEARPD_NETLINK_HOST_H

#include "pearpd/addr.h"
#include "pearpd/netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_ROUTE_RAW_MAX_BYTES 1024

struct host_address {
    unsigned ifindex;
    struct ipv4 address;
    uint8_t prefix_length;
    uint8_t scope; /* RT_SCOPE_... */
    bool secondary;
};

/* A unicast route of the main table. */
struct host_route {
    struct ipv4 destination;
    uint8_t prefix_length;
    uint8_t scope; /* RT_SCOPE_... */
    uint8_t tos;
    uint32_t metric;
    unsigned ifindex;    /* 0: none, or several */
    bool several;        /* more than one next hop, or one of another family or by number */
    struct ipv4 gateway; /* 0.0.0.0: none */
    struct ipv4 source;  /* the preferred one; 0.0.0.0: none */
};

/* A route as the kernel reported it, to be put back as it was. */
struct host_route_raw {
    size_t length; /* 0: none */
    uint8_t bytes[HOST_ROUTE_RAW_MAX_BYTES];
};

/* A TCP or UDP socket with a local port. */
struct host_socket {
    uint8_t protocol;
    uint8_t state;       /* as tcp(7) numbers them; 7 for UDP that is not connected */
    struct ipv4 address; /* local; 0.0.0.0: any */
    uint16_t port;       /* local, host order */
    uint32_t inode;      /* 0: no process has it (TIME_WAIT) */
};

/* Each of these calls `each` with borrowed values, perhaps twice for one where tables change meanwhile.
 * 0 or -Exxx. Routes: `raw` with length 0 is one too long to be put back. */
int netlink_addresses(struct netlink *netlink, void (*each)(const struct host_address *address, void *context),
                      void *context);
int netlink_routes(struct netlink *netlink,
                   void (*each)(const struct host_route *route, const struct host_route_raw *raw,
                                void *context),
                   void *context);
/* TCP and UDP over IPv4, and over IPv6 where it serves IPv4 too. Opens a socket of its own. */
int netlink_sockets(void (*each)(const struct host_socket *socket, void *context), void *context);

/* 0; -EEXIST: is there already; -Exxx. */
int netlink_address_add(struct netlink *netlink, const struct host_address *address);
/* 0; -EADDRNOTAVAIL: is not there; -Exxx. */
int netlink_address_delete(struct netlink *netlink, const struct host_address *address);

/* 0; -EEXIST: one with this destination and metric is there (with `replace`: takes its place); -Exxx. */
int netlink_route_add(struct netlink *netlink, const struct host_route *route, bool replace);
/* 0; -ESRCH: is not there; -Exxx. */
int netlink_route_delete(struct netlink *netlink, const struct host_route *route);
/* Puts a route back, in the place of one with its destination and metric. 0; -EINVAL: not a route; -Exxx. */
int netlink_route_restore(struct netlink *netlink, const struct host_route_raw *raw);

/* A socket that hears of IPv4 addresses and routes as they change; not blocking. NULL and errno. */
struct netlink *netlink_watch_host(void);

/* Reads what waits; *changed: there was something. 0; -ENOBUFS: some were lost. */
int netlink_read_host(struct netlink *netlink, bool *changed);

/* Whether there is an nftables table of this name; `family`: NFPROTO_... 0, or -Exxx. */
int netlink_has_table(uint8_t family, const char *name, bool *has);

/* A socket that hears of nftables tables as they come and go; not blocking. NULL and errno. */
struct netlink *netlink_watch_tables(void);

/* Calls `table` for each that came or went (NFPROTO_... and name, borrowed). 0; -ENOBUFS: some were lost. */
int netlink_read_tables(struct netlink *netlink,
                        void (*table)(uint8_t family, const char *name, bool gone, void *context),
                        void *context);

#endif
