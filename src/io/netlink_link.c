/* netlink_link.c: one interface's settings and statistics, by rtnetlink.
 * In: structs. Out: kernel messages, numbers. Called by: daemon, tap_port. Never: decides what should be. */
#include "pearpd/netlink_link.h"

#include "netlink_message.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

int netlink_link_set(struct netlink *netlink, unsigned ifindex, const struct link_settings *settings)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header));
    netlink_message_put(message, IFLA_ADDRESS, settings->mac.octets, MAC_BYTES);
    netlink_message_put(message, IFLA_TXQLEN, &settings->queue_frames, sizeof(settings->queue_frames));
    if (settings->mtu_bytes != 0)
        netlink_message_put(message, IFLA_MTU, &settings->mtu_bytes, sizeof(settings->mtu_bytes));
    return netlink_message_send(netlink, message, NULL, NULL);
}

static void take_statistics(uint16_t attribute, const void *value, size_t length, void *context)
{
    struct rtnl_link_stats64 *statistics = context;
    /* A newer kernel tells of more, an older one of less. */
    if (attribute == IFLA_STATS_LINK_64)
        memcpy(statistics, value, length < sizeof(*statistics) ? length : sizeof(*statistics));
}

static int tell_statistics(const struct nlmsghdr *message, void *context)
{
    if (message->nlmsg_type == RTM_NEWSTATS &&
        netlink_message_header(message, sizeof(struct if_stats_msg)) != NULL)
        netlink_message_attributes(message, sizeof(struct if_stats_msg), take_statistics, context);
    return 1;
}

int netlink_link_dropped(struct netlink *netlink, unsigned ifindex, uint64_t *dropped)
{
    const struct if_stats_msg header = {
        .family = AF_UNSPEC, .ifindex = ifindex, .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)};
    struct rtnl_link_stats64 statistics = {0};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, RTM_GETSTATS, NLM_F_ACK, &header, sizeof(header));
    const int error = netlink_message_send(netlink, message, tell_statistics, &statistics);
    *dropped = statistics.tx_dropped;
    return error;
}
