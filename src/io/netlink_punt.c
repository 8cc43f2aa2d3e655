/* netlink_punt.c: see netlink_punt.h. */
#include "pearpd/netlink_punt.h"

#include "pearpd/netlink_link.h"

#include "netlink_message.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_BYTES IFNAMSIZ

/* The first that the kernel has. Both drop what leaves by them: a bridge that has no ports, too. An ifb would not: it gives back
 * to a port what BPF redirects to it from there. */
static const char *const kinds[] = {"dummy", "bridge"};

static void punt_name(unsigned ifindex, char name[static NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "pearpd-%u", ifindex);
}

/* 0 and *info; -ENODEV: none has that name; -EEXIST: another kind of interface has it. */
static int find(struct netlink *netlink, const char *name, struct link_info *info)
{
    const int error = netlink_link(netlink, name, info);
    if (error != 0)
        return error;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(info->kind, kinds[i]) == 0)
            return 0;
    return -EEXIST;
}

/* Making one. */

/* A bridge is not to take part in what it hears: without IGMP and MLD snooping. */
static int create_kind(struct netlink *netlink, const char *name, const char *kind)
{
    const uint8_t no_snooping = 0;
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                                                     &header, sizeof(header));
    netlink_message_put(message, IFLA_IFNAME, name, strlen(name) + 1);
    void *nest = netlink_message_nest(message, IFLA_LINKINFO);
    netlink_message_put(message, IFLA_INFO_KIND, kind, strlen(kind) + 1);
    if (strcmp(kind, "bridge") == 0) {
        void *data = netlink_message_nest(message, IFLA_INFO_DATA);
        netlink_message_put(message, IFLA_BR_MCAST_SNOOPING, &no_snooping, sizeof(no_snooping));
        netlink_message_nest_end(message, data);
    }
    netlink_message_nest_end(message, nest);
    return netlink_message_send(netlink, message, NULL, NULL);
}

static int create(struct netlink *netlink, const char *name)
{
    int error = -EOPNOTSUPP;
    for (size_t i = 0; error == -EOPNOTSUPP && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        error = create_kind(netlink, name, kinds[i]);
    return error;
}

/* No IPv6 address, or the kernel would send neighbour discovery there. A kernel without IPv6 refuses, and gives none. */
static void keep_quiet(struct netlink *netlink, unsigned ifindex)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    const uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header));
    void *nest = netlink_message_nest(message, IFLA_AF_SPEC);
    void *family = netlink_message_nest(message, AF_INET6);
    netlink_message_put(message, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
    netlink_message_nest_end(message, family);
    netlink_message_nest_end(message, nest);
    (void)netlink_message_send(netlink, message, NULL, NULL);
}

/* With a queue its frames would come late, out of order, or not at all. */
static int remove_queue(struct netlink *netlink, unsigned ifindex)
{
    static const char kind[] = "noqueue";
    const struct tcmsg header = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex, .tcm_parent = TC_H_ROOT};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(
        &room, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
    netlink_message_put(message, TCA_KIND, kind, sizeof(kind));
    return netlink_message_send(netlink, message, NULL, NULL);
}

int netlink_punt_make(struct netlink *netlink, unsigned ifindex, unsigned *punt)
{
    char name[NAME_BYTES];
    struct link_info info;
    punt_name(ifindex, name);
    int error = find(netlink, name, &info);
    if (error == -ENODEV) {
        error = create(netlink, name);
        if (error == 0)
            error = find(netlink, name, &info);
    }
    if (error != 0)
        return error;
    keep_quiet(netlink, info.index);
    error = remove_queue(netlink, info.index);
    if (error == 0)
        error = netlink_link_enable(netlink, info.index, true);
    *punt = info.index;
    return error;
}

int netlink_punt_remove(struct netlink *netlink, unsigned ifindex)
{
    char name[NAME_BYTES];
    struct link_info info;
    struct netlink_request room;
    punt_name(ifindex, name);
    int error = find(netlink, name, &info);
    if (error == 0) {
        const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)info.index};
        error = netlink_message_send(
            netlink, netlink_message_begin(&room, RTM_DELLINK, NLM_F_ACK, &header, sizeof(header)), NULL, NULL);
    }
    return error == -ENODEV || error == -EEXIST ? 0 : error;
}

bool netlink_punt_is_up(struct netlink *netlink, unsigned ifindex, unsigned punt)
{
    char name[NAME_BYTES];
    struct link_info info;
    punt_name(ifindex, name);
    return netlink_link(netlink, name, &info) == 0 && info.index == punt && info.enabled;
}
