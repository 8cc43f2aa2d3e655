/* netlink_link.c: one interface's settings, by rtnetlink.
 * In: structs. Out: kernel messages. Called by: daemon. Never: decides what should be. */
#include "pearpd/netlink_link.h"

#include "netlink_message.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
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

static int set_flag(struct netlink *netlink, unsigned ifindex, unsigned flag, bool on)
{
    const struct ifinfomsg header = {
        .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex, .ifi_flags = on ? flag : 0, .ifi_change = flag};
    struct netlink_request room;
    struct nlmsghdr *message = netlink_message_begin(&room, RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header));
    return netlink_message_send(netlink, message, NULL, NULL);
}

int netlink_link_enable(struct netlink *netlink, unsigned ifindex, bool up)
{
    return set_flag(netlink, ifindex, IFF_UP, up);
}

int netlink_link_promiscuous(struct netlink *netlink, unsigned ifindex, bool on)
{
    return set_flag(netlink, ifindex, IFF_PROMISC, on);
}
