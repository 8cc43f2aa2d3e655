/* netlink_reader.h: reads one message of a dump or of the news: the part that needs no socket.
 * In: a message as the kernel sends it, its length checked. Out: plain structs through a call.
 * Called by: netlink_host.c, netlink_sockets.c, netlink_tables.c, tests. Never: sends.
 * Each returns 1: go on. Its `context` is the struct named beside it. */
#ifndef PEARPD_IO_NETLINK_READER_H
#define PEARPD_IO_NETLINK_READER_H

#include "pearpd/netlink_host.h"

#include <linux/netlink.h>

struct netlink_address_reader {
    void (*each)(const struct host_address *address, void *context);
    void *context;
};
int netlink_read_address(const struct nlmsghdr *message, void *context); /* struct netlink_address_reader */

struct netlink_route_reader {
    void (*each)(const struct host_route *route, const struct host_route_raw *raw, void *context);
    void *context;
};
int netlink_read_route(const struct nlmsghdr *message, void *context); /* struct netlink_route_reader */

/* Sets a bool where the message says that an address or a route has changed. */
int netlink_read_change(const struct nlmsghdr *message, void *context);

struct netlink_socket_reader {
    uint8_t protocol;
    void (*each)(const struct host_socket *socket, void *context);
    void *context;
};
int netlink_read_socket(const struct nlmsghdr *message, void *context); /* struct netlink_socket_reader */

struct netlink_table_reader {
    void (*table)(uint8_t family, const char *name, bool gone, void *context);
    void *context;
};
int netlink_read_table(const struct nlmsghdr *message, void *context); /* struct netlink_table_reader */

#endif
