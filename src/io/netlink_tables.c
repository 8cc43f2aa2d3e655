/* netlink_tables.c: nftables tables as they come and go, by nfnetlink.
 * In: kernel messages. Out: families and names. Called by: agent. Never: reads or changes a rule. */
#include "pearpd/netlink_host.h"

#include "netlink_message.h"
#include "netlink_reader.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

static void take_name(uint16_t attribute, const void *value, size_t length, void *context)
{
    const char **name = context;
    if (attribute == NFTA_TABLE_NAME && length > 0 && ((const char *)value)[length - 1] == '\0')
        *name = value;
}

int netlink_read_table(const struct nlmsghdr *message, void *context)
{
    const struct netlink_table_reader *walk = context;
    const struct nfgenmsg *header = netlink_message_header(message, sizeof(*header));
    const unsigned what = NFNL_MSG_TYPE(message->nlmsg_type);
    const char *name = NULL;
    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES || header == NULL ||
        (what != NFT_MSG_NEWTABLE && what != NFT_MSG_DELTABLE))
        return 1;
    netlink_message_attributes(message, sizeof(*header), take_name, &name);
    if (name != NULL)
        walk->table(header->nfgen_family, name, what == NFT_MSG_DELTABLE, walk->context);
    return 1;
}

struct netlink *netlink_watch_tables(void)
{
    return netlink_watch_family(NETLINK_NETFILTER, 1U << (NFNLGRP_NFTABLES - 1));
}

int netlink_read_tables(struct netlink *netlink,
                        void (*table)(uint8_t family, const char *name, bool gone, void *context),
                        void *context)
{
    struct netlink_table_reader walk = {.table = table, .context = context};
    return netlink_message_read(netlink, netlink_read_table, &walk);
}

int netlink_has_table(uint8_t family, const char *name, bool *has)
{
    const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};
    struct netlink_request room;
    struct netlink *netlink = netlink_open_family(NETLINK_NETFILTER);
    if (netlink == NULL)
        return -errno;
    struct nlmsghdr *message = netlink_message_begin(&room, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
                                                     NLM_F_ACK, &header, sizeof(header));
    int error = netlink_message_put(message, NFTA_TABLE_NAME, name, strlen(name) + 1);
    if (error == 0)
        error = netlink_message_send(netlink, message, NULL, NULL);
    netlink_close(netlink);
    *has = error == 0;
    return error == -ENOENT ? 0 : error;
}
