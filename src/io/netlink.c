/* netlink.c: questions to rtnetlink and news from it, by libmnl.
 * In: names, notifications. Out: struct link_info. Called by: daemon, agent. Never: keeps state of links. */
#include "pearpd/netlink.h"

#include "netlink_message.h"

#include <libmnl/libmnl.h>

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 512   /* the longest request */
#define ANSWER_BYTES  32768 /* the kernel fills no more than this in one part of a dump */
#define READS_MAX     64    /* notifications taken in one call: the loop has others to serve */

struct netlink {
    struct mnl_socket *socket;
    unsigned sequence;
    uint8_t answer[ANSWER_BYTES] __attribute__((aligned(8)));
};

static struct netlink *open_socket(int family, int flags, unsigned groups)
{
    struct netlink *netlink = calloc(1, sizeof(*netlink));
    if (netlink == NULL)
        return NULL;
    netlink->socket = mnl_socket_open2(family, SOCK_CLOEXEC | flags);
    if (netlink->socket == NULL || mnl_socket_bind(netlink->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
        const int error = errno;
        netlink_close(netlink);
        errno = error;
        return NULL;
    }
    return netlink;
}

struct netlink *netlink_open(void)
{
    return open_socket(NETLINK_ROUTE, 0, 0);
}

struct netlink *netlink_watch_links(void)
{
    return open_socket(NETLINK_ROUTE, SOCK_NONBLOCK, RTMGRP_LINK);
}

struct netlink *netlink_open_family(int family)
{
    return open_socket(family, 0, 0);
}

struct netlink *netlink_watch_family(int family, unsigned groups)
{
    return open_socket(family, SOCK_NONBLOCK, groups);
}

void netlink_close(struct netlink *netlink)
{
    if (netlink == NULL)
        return;
    if (netlink->socket != NULL)
        mnl_socket_close(netlink->socket);
    free(netlink);
}

int netlink_fd(const struct netlink *netlink)
{
    return mnl_socket_get_fd(netlink->socket);
}

/* Sends `message` and calls `each` (may be NULL) for what comes back, up to the acknowledgement
 * (NLM_F_ACK) or the end (NLM_F_DUMP) that its flags ask for. 0; -EINTR: a dump that changed while it
 * ran, ask again; or the kernel's -Exxx. */
static int request(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t each, void *context)
{
    const unsigned port_id = mnl_socket_get_portid(netlink->socket);
    message->nlmsg_flags |= NLM_F_REQUEST;
    message->nlmsg_seq = ++netlink->sequence;
    if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
        return -errno;
    for (;;) {
        const ssize_t length = mnl_socket_recvfrom(netlink->socket, netlink->answer, ANSWER_BYTES);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return -errno;
        const int step =
            mnl_cb_run(netlink->answer, (size_t)length, message->nlmsg_seq, port_id, each, context);
        if (step == MNL_CB_STOP)
            return 0;
        if (step == MNL_CB_ERROR && errno != EPROTO) /* EPROTO: the rest of an earlier answer */
            return -errno;
    }
}

static int read_kind(const struct nlattr *attribute, void *context)
{
    struct link_info *info = context;
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
        mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0 &&
        mnl_attr_get_payload_len(attribute) <= sizeof(info->kind))
        memcpy(info->kind, mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
    return MNL_CB_OK;
}

static int read_link_attribute(const struct nlattr *attribute, void *context)
{
    struct link_info *info = context;
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type == IFLA_IFNAME && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0 &&
        mnl_attr_get_payload_len(attribute) <= sizeof(info->name))
        memcpy(info->name, mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
    else if (type == IFLA_MTU && mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
        info->mtu_bytes = mnl_attr_get_u32(attribute);
    else if (type == IFLA_ADDRESS && mnl_attr_get_payload_len(attribute) == MAC_BYTES)
        memcpy(info->mac.octets, mnl_attr_get_payload(attribute), MAC_BYTES);
    else if (type == IFLA_LINKINFO)
        mnl_attr_parse_nested(attribute, read_kind, info);
    return MNL_CB_OK;
}

/* True when `message` is about an interface itself: a bridge reports its ports, joining and leaving,
 * in messages of the same types but of its own family. */
static bool parse_link(const struct nlmsghdr *message, struct link_info *info)
{
    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return false;
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct ifinfomsg))
        return false;
    const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
    if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0)
        return false;
    const unsigned both = IFF_UP | IFF_LOWER_UP;
    *info = (struct link_info){
        .index = (unsigned)header->ifi_index,
        .enabled = (header->ifi_flags & IFF_UP) != 0,
        .up = (header->ifi_flags & both) == both,
        .gone = message->nlmsg_type == RTM_DELLINK,
    };
    return mnl_attr_parse(message, sizeof(*header), read_link_attribute, info) >= 0;
}

struct link_watch {
    void (*link)(const struct link_info *info, void *context);
    void *context;
};

static int read_watched_link(const struct nlmsghdr *message, void *context)
{
    const struct link_watch *watch = context;
    struct link_info info;
    if (parse_link(message, &info))
        watch->link(&info, watch->context);
    return MNL_CB_OK;
}

int netlink_message_read(struct netlink *netlink, int (*each)(const struct nlmsghdr *message, void *context),
                         void *context)
{
    for (unsigned reads = 0; reads < READS_MAX; reads++) {
        const ssize_t length = mnl_socket_recvfrom(netlink->socket, netlink->answer, ANSWER_BYTES);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return errno == EAGAIN ? 0 : -errno;
        mnl_cb_run(netlink->answer, (size_t)length, 0, 0, each, context);
    }
    return 0;
}

int netlink_read_links(struct netlink *netlink, void (*link)(const struct link_info *info, void *context),
                       void *context)
{
    struct link_watch watch = {.link = link, .context = context};
    return netlink_message_read(netlink, read_watched_link, &watch);
}

static int take_link(const struct nlmsghdr *message, void *context)
{
    parse_link(message, context);
    return MNL_CB_OK;
}

int netlink_link(struct netlink *netlink, const char *name, struct link_info *info)
{
    uint8_t bytes[MESSAGE_BYTES] __attribute__((aligned(8)));
    if (name[0] == '\0' || strlen(name) >= IFNAMSIZ)
        return -ENODEV;
    struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
    message->nlmsg_type = RTM_GETLINK;
    message->nlmsg_flags = NLM_F_ACK;
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
    header->ifi_family = AF_UNSPEC;
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    *info = (struct link_info){.index = 0};
    const int error = request(netlink, message, take_link, info);
    if (error != 0)
        return error;
    return info->index == 0 ? -ENODEV : 0;
}

struct nlmsghdr *netlink_message_begin(struct netlink_request *room, uint16_t type, uint16_t flags,
                                       const void *header, size_t header_length)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(room->bytes);
    message->nlmsg_type = type;
    message->nlmsg_flags = flags;
    memcpy(mnl_nlmsg_put_extra_header(message, header_length), header, header_length);
    return message;
}

int netlink_message_put(struct nlmsghdr *message, uint16_t attribute, const void *value, size_t length)
{
    return mnl_attr_put_check(message, NETLINK_MESSAGE_BYTES, attribute, length, value) ? 0 : -EMSGSIZE;
}

void *netlink_message_nest(struct nlmsghdr *message, uint16_t attribute)
{
    return mnl_attr_nest_start_check(message, NETLINK_MESSAGE_BYTES, attribute);
}

void netlink_message_nest_end(struct nlmsghdr *message, void *nest)
{
    if (nest != NULL)
        mnl_attr_nest_end(message, nest);
}

int netlink_message_send(struct netlink *netlink, struct nlmsghdr *message,
                         int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
    return request(netlink, message, each, context);
}

const void *netlink_message_header(const struct nlmsghdr *message, size_t length)
{
    return mnl_nlmsg_get_payload_len(message) < length ? NULL : mnl_nlmsg_get_payload(message);
}

struct attribute_walk {
    void (*each)(uint16_t attribute, const void *value, size_t length, void *context);
    void *context;
};

static int pass_attribute(const struct nlattr *attribute, void *context)
{
    const struct attribute_walk *walk = context;
    walk->each(mnl_attr_get_type(attribute), mnl_attr_get_payload(attribute),
               mnl_attr_get_payload_len(attribute), walk->context);
    return MNL_CB_OK;
}

void netlink_message_attributes(const struct nlmsghdr *message, size_t header_length,
                                void (*each)(uint16_t attribute, const void *value, size_t length,
                                             void *context),
                                void *context)
{
    struct attribute_walk walk = {.each = each, .context = context};
    mnl_attr_parse(message, (unsigned)header_length, pass_attribute, &walk);
}

void netlink_message_nested(const void *value, size_t length,
                            void (*each)(uint16_t attribute, const void *value, size_t length, void *context),
                            void *context)
{
    struct attribute_walk walk = {.each = each, .context = context};
    mnl_attr_parse_payload(value, length, pass_attribute, &walk);
}
