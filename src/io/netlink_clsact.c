/* netlink_clsact.c: see netlink_clsact.h. */
#include "netlink_clsact.h"

#include "netlink_message.h"

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static int count_filter(const struct nlmsghdr *message, void *context)
{
    unsigned *count = context;
    *count += message->nlmsg_type == RTM_NEWTFILTER;
    return 1;
}

static int dump(struct netlink *netlink, unsigned ifindex, bool at_egress,
                int (*each)(const struct nlmsghdr *message, void *context), void *context)
{
    const struct tcmsg header = {.tcm_family = AF_UNSPEC,
                                 .tcm_ifindex = (int)ifindex,
                                 .tcm_parent =
                                     TC_H_MAKE(TC_H_CLSACT, at_egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)};
    struct netlink_request room;
    return netlink_message_send(
        netlink, netlink_message_begin(&room, RTM_GETTFILTER, NLM_F_DUMP, &header, sizeof(header)), each,
        context);
}

int netlink_clsact_filters(struct netlink *netlink, unsigned ifindex, unsigned *count)
{
    *count = 0;
    const int error = dump(netlink, ifindex, false, count_filter, count);
    return error != 0 ? error : dump(netlink, ifindex, true, count_filter, count);
}

/* One program. */

struct wanted {
    uint32_t priority, handle;
    struct clsact_program *program;
};

static void take_option(uint16_t attribute, const void *value, size_t length, void *context)
{
    struct clsact_program *program = context;
    if (attribute == TCA_BPF_ID && length == sizeof(program->id))
        memcpy(&program->id, value, length);
    else if (attribute == TCA_BPF_NAME && length > 0 && length < sizeof(program->name))
        memcpy(program->name, value, length); /* the rest is zero */
}

static void take_options(uint16_t attribute, const void *value, size_t length, void *context)
{
    if (attribute == TCA_OPTIONS)
        netlink_message_nested(value, length, take_option, context);
}

static int take_filter(const struct nlmsghdr *message, void *context)
{
    const struct wanted *wanted = context;
    const struct tcmsg *header = netlink_message_header(message, sizeof(*header));
    if (message->nlmsg_type == RTM_NEWTFILTER && header != NULL && header->tcm_handle == wanted->handle &&
        TC_H_MAJ(header->tcm_info) >> 16 == wanted->priority)
        netlink_message_attributes(message, sizeof(*header), take_options, wanted->program);
    return 1;
}

int netlink_clsact_program(struct netlink *netlink, unsigned ifindex, bool at_egress, uint16_t priority,
                           uint32_t handle, struct clsact_program *program)
{
    struct wanted wanted = {priority, handle, program};
    memset(program, 0, sizeof(*program));
    return dump(netlink, ifindex, at_egress, take_filter, &wanted);
}
