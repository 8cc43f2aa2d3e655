/* netlink_host.c: IPv4 addresses and routes, by rtnetlink.
 * In: structs, kernel messages. Out: the other one. Called by: agent. Never: decides what should be. */
#include "pearpd/netlink_host.h"

#include "netlink_message.h"
#include "netlink_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define DUMP_TRIES 3

static uint32_t read_u32(const void *value, size_t length)
{
    uint32_t number = 0;
    if (length == sizeof(number))
        memcpy(&number, value, sizeof(number));
    return number;
}

static struct ipv4 read_ipv4(const void *value, size_t length)
{
    return (struct ipv4){ntohl(read_u32(value, length))};
}

/* Asks for a whole table, again when it changed while the kernel sent it. */
static int dump(struct netlink *netlink, uint16_t type, const void *header, size_t header_length,
                int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
    int error = -EINTR;
    for (unsigned i = 0; i < DUMP_TRIES && error == -EINTR; i++) {
        struct netlink_request room;
        struct nlmsghdr *message = netlink_message_begin(&room, type, NLM_F_DUMP, header, header_length);
        error = netlink_message_send(netlink, message, each, context);
    }
    return error;
}

static void take_address(uint16_t attribute, const void *value, size_t length, void *context)
{
    struct host_address *address = context;
    if (attribute == IFA_LOCAL)
        address->address = read_ipv4(value, length);
}

int netlink_read_address(const struct nlmsghdr *message, void *context)
{
    const struct netlink_address_reader *walk = context;
    const struct ifaddrmsg *header = netlink_message_header(message, sizeof(*header));
    if (message->nlmsg_type != RTM_NEWADDR || header == NULL || header->ifa_family != AF_INET)
        return 1;
    struct host_address address = {.ifindex = header->ifa_index,
                                   .prefix_length = header->ifa_prefixlen,
                                   .scope = header->ifa_scope,
                                   .secondary = (header->ifa_flags & IFA_F_SECONDARY) != 0};
    netlink_message_attributes(message, sizeof(*header), take_address, &address);
    walk->each(&address, walk->context);
    return 1;
}

int netlink_addresses(struct netlink *netlink, void (*each)(const struct host_address *address, void *context),
                      void *context)
{
    const struct ifaddrmsg header = {.ifa_family = AF_INET};
    struct netlink_address_reader walk = {each, context};
    return dump(netlink, RTM_GETADDR, &header, sizeof(header), netlink_read_address, &walk);
}

static int change_address(struct netlink *netlink, uint16_t type, uint16_t flags,
                          const struct host_address *address)
{
    const struct ifaddrmsg header = {.ifa_family = AF_INET,
                                     .ifa_prefixlen = address->prefix_length,
                                     .ifa_scope = address->scope,
                                     .ifa_index = address->ifindex};
    const uint32_t local = htonl(address->address.host);
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, type, flags | NLM_F_ACK, &header, sizeof(header));
    netlink_message_put(message, IFA_LOCAL, &local, sizeof(local));
    netlink_message_put(message, IFA_ADDRESS, &local, sizeof(local));
    return netlink_message_send(netlink, message, NULL, NULL);
}

int netlink_address_add(struct netlink *netlink, const struct host_address *address)
{
    return change_address(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
}

int netlink_address_delete(struct netlink *netlink, const struct host_address *address)
{
    return change_address(netlink, RTM_DELADDR, 0, address);
}

struct route_parts {
    struct host_route route;
    uint32_t table;
    bool numbered; /* RTA_NH_ID: what else is there of next hops is only a copy */
};

static void take_route(uint16_t attribute, const void *value, size_t length, void *context)
{
    struct route_parts *parts = context;
    switch (attribute) {
    case RTA_DST:
        parts->route.destination = read_ipv4(value, length);
        break;
    case RTA_GATEWAY:
        parts->route.gateway = read_ipv4(value, length);
        break;
    case RTA_OIF:
        parts->route.ifindex = read_u32(value, length);
        break;
    case RTA_PREFSRC:
        parts->route.source = read_ipv4(value, length);
        break;
    case RTA_PRIORITY:
        parts->route.metric = read_u32(value, length);
        break;
    case RTA_TABLE:
        parts->table = read_u32(value, length);
        break;
    case RTA_NH_ID:
        parts->numbered = true;
        parts->route.several = true;
        break;
    case RTA_VIA:
    case RTA_MULTIPATH:
        parts->route.several = true;
        break;
    default:
        break;
    }
}

struct raw_copy {
    struct nlmsghdr *to;
    bool numbered;
    bool failed;
};

static void copy_attribute(uint16_t attribute, const void *value, size_t length, void *context)
{
    struct raw_copy *copy = context;
    const bool hop =
        attribute == RTA_OIF || attribute == RTA_GATEWAY || attribute == RTA_VIA || attribute == RTA_MULTIPATH;
    if (attribute == RTA_CACHEINFO || (hop && copy->numbered))
        return;
    if (netlink_message_put(copy->to, attribute, value, length) != 0)
        copy->failed = true;
}

/* The route as a request would say it: without what only the kernel may say. */
static void keep_raw(const struct nlmsghdr *message, const struct rtmsg *received, bool numbered,
                     struct host_route_raw *raw)
{
    struct rtmsg header = *received;
    header.rtm_flags &= RTNH_F_ONLINK;
    struct netlink_request room;
    struct raw_copy copy = {.numbered = numbered};
    copy.to = netlink_message_begin(&room, RTM_NEWROUTE, NLM_F_ACK, &header, sizeof(header));
    netlink_message_attributes(message, sizeof(header), copy_attribute, &copy);
    const size_t length = copy.to->nlmsg_len - NLMSG_HDRLEN;
    raw->length = 0;
    if (copy.failed || length > sizeof(raw->bytes))
        return;
    memcpy(raw->bytes, room.bytes + NLMSG_HDRLEN, length);
    raw->length = length;
}

int netlink_read_route(const struct nlmsghdr *message, void *context)
{
    const struct netlink_route_reader *walk = context;
    const struct rtmsg *header = netlink_message_header(message, sizeof(*header));
    if (message->nlmsg_type != RTM_NEWROUTE || header == NULL || header->rtm_family != AF_INET ||
        header->rtm_type != RTN_UNICAST || (header->rtm_flags & RTM_F_CLONED) != 0)
        return 1;
    struct route_parts parts = {
        .table = header->rtm_table,
        .route = {.prefix_length = header->rtm_dst_len, .scope = header->rtm_scope, .tos = header->rtm_tos}};
    netlink_message_attributes(message, sizeof(*header), take_route, &parts);
    if (parts.table != RT_TABLE_MAIN)
        return 1;
    struct host_route_raw raw;
    keep_raw(message, header, parts.numbered, &raw);
    walk->each(&parts.route, &raw, walk->context);
    return 1;
}

int netlink_routes(struct netlink *netlink,
                   void (*each)(const struct host_route *route, const struct host_route_raw *raw,
                                void *context),
                   void *context)
{
    const struct rtmsg header = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN};
    struct netlink_route_reader walk = {each, context};
    return dump(netlink, RTM_GETROUTE, &header, sizeof(header), netlink_read_route, &walk);
}

static void put_ipv4(struct nlmsghdr *message, uint16_t attribute, struct ipv4 address)
{
    const uint32_t number = htonl(address.host);
    if (address.host != 0)
        netlink_message_put(message, attribute, &number, sizeof(number));
}

static int change_route(struct netlink *netlink, uint16_t type, uint16_t flags, const struct host_route *route)
{
    const struct rtmsg header = {.rtm_family = AF_INET,
                                 .rtm_dst_len = route->prefix_length,
                                 .rtm_tos = route->tos,
                                 .rtm_table = RT_TABLE_MAIN,
                                 .rtm_protocol = RTPROT_BOOT,
                                 .rtm_scope = route->scope,
                                 .rtm_type = RTN_UNICAST};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, type, flags | NLM_F_ACK, &header, sizeof(header));
    put_ipv4(message, RTA_DST, route->destination);
    put_ipv4(message, RTA_GATEWAY, route->gateway);
    put_ipv4(message, RTA_PREFSRC, route->source);
    const uint32_t ifindex = route->ifindex;
    netlink_message_put(message, RTA_OIF, &ifindex, sizeof(ifindex));
    if (route->metric != 0)
        netlink_message_put(message, RTA_PRIORITY, &route->metric, sizeof(route->metric));
    return netlink_message_send(netlink, message, NULL, NULL);
}

int netlink_route_add(struct netlink *netlink, const struct host_route *route, bool replace)
{
    return change_route(netlink, RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL), route);
}

int netlink_route_delete(struct netlink *netlink, const struct host_route *route)
{
    return change_route(netlink, RTM_DELROUTE, 0, route);
}

int netlink_route_restore(struct netlink *netlink, const struct host_route_raw *raw)
{
    if (raw->length < sizeof(struct rtmsg) || raw->length > sizeof(raw->bytes) ||
        raw->length % NLMSG_ALIGNTO != 0)
        return -EINVAL;
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(
        &room, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, raw->bytes, raw->length);
    return netlink_message_send(netlink, message, NULL, NULL);
}

struct netlink *netlink_watch_host(void)
{
    return netlink_watch_family(NETLINK_ROUTE, RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE);
}

int netlink_read_change(const struct nlmsghdr *message, void *context)
{
    bool *changed = context;
    const uint16_t type = message->nlmsg_type;
    if (type == RTM_NEWADDR || type == RTM_DELADDR || type == RTM_NEWROUTE || type == RTM_DELROUTE)
        *changed = true;
    return 1;
}

int netlink_read_host(struct netlink *netlink, bool *changed)
{
    *changed = false;
    return netlink_message_read(netlink, netlink_read_change, changed);
}
