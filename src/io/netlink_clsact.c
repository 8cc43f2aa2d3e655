/* netlink_clsact.c: see netlink_clsact.h. */
#include "netlink_clsact.h"

#include "netlink_message.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int count_filter(const struct nlmsghdr *message, void *context)
{
    unsigned *count = context;
    *count += message->nlmsg_type == RTM_NEWTFILTER;
    return 1;
}

int netlink_clsact_filters(struct netlink *netlink, unsigned ifindex, unsigned *count)
{
    static const uint32_t parents[] = {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
                                       TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)};
    int error = 0;
    *count = 0;
    for (unsigned i = 0; i < sizeof(parents) / sizeof(parents[0]) && error == 0; i++) {
        const struct tcmsg header = {
            .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex, .tcm_parent = parents[i]};
        struct netlink_request room;
        struct nlmsghdr *message =
            netlink_message_begin(&room, RTM_GETTFILTER, NLM_F_DUMP, &header, sizeof(header));
        error = netlink_message_send(netlink, message, count_filter, count);
    }
    return error;
}
