/* netlink_message.h: netlink messages for the files that speak to the kernel; hides libmnl.
 * In and out: headers and attributes. Called by: netlink_*.c. Never: knows families. */
#ifndef PEARPD_IO_NETLINK_MESSAGE_H
#define PEARPD_IO_NETLINK_MESSAGE_H

#include "pearpd/netlink.h"

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_MESSAGE_BYTES 2048

/* Room for one request. */
struct netlink_request {
    uint8_t bytes[NETLINK_MESSAGE_BYTES] __attribute__((aligned(8)));
};

/* A socket of another netlink family than NETLINK_ROUTE. NULL and errno. */
struct netlink *netlink_open_family(int family);

/* A socket that receives what is sent to these groups (a bit each); not blocking. NULL and errno. */
struct netlink *netlink_watch_family(int family, unsigned groups);

/* Calls `each` (returns more than 0 to go on) for what waits. 0; -ENOBUFS: some was lost; -Exxx. */
int netlink_message_read(struct netlink *netlink, int (*each)(const struct nlmsghdr *message, void *context),
                         void *context);

/* Begins a message with its family's header. `flags` has NLM_F_ACK, or NLM_F_DUMP for a question. */
struct nlmsghdr *netlink_message_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
                                       const void *header, size_t header_length);

/* Adds an attribute. -EMSGSIZE: no room. */
int netlink_message_put(struct nlmsghdr *message, uint16_t attribute, const void *value, size_t length);

/* Between the two, attributes are put into one of this type. NULL: no room; it is fine to end that. */
void *netlink_message_nest(struct nlmsghdr *message, uint16_t attribute);
void netlink_message_nest_end(struct nlmsghdr *message, void *nest);

/* Sends it and calls `each` (may be NULL; returns more than 0 to go on) for every answer. 0, -EINTR: a dump
 * that changed while it ran, or the kernel's -Exxx. */
int netlink_message_send(struct netlink *netlink, struct nlmsghdr *message,
                         int (*each)(const struct nlmsghdr *message, void *context), void *context);

/* The family's header of a message, borrowed; NULL when it is shorter than `length`. */
const void *netlink_message_header(const struct nlmsghdr *message, size_t length);

/* Calls `each` for every attribute behind a header of `header_length`; `value` is borrowed. */
void netlink_message_attributes(const struct nlmsghdr *message, size_t header_length,
                                void (*each)(uint16_t attribute, const void *value, size_t length,
                                             void *context),
                                void *context);

/* The same for what is nested in an attribute, whose value this is. */
void netlink_message_nested(const void *value, size_t length,
                            void (*each)(uint16_t attribute, const void *value, size_t length, void *context),
                            void *context);

#endif
