/* netlink_sockets.c: TCP and UDP sockets of this host, by sock_diag(7).
 * In: kernel messages. Out: struct host_socket. Called by: agent. Never: reads /proc. */
#include "pearpd/netlink_host.h"

#include "netlink_message.h"
#include "netlink_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

static void take_v6only(uint16_t attribute, const void *value, size_t length, void *context)
{
    bool *v6only = context;
    if (attribute == INET_DIAG_SKV6ONLY && length >= 1)
        *v6only = *(const uint8_t *)value != 0;
}

/* The local address in IPv4: of an IPv6 socket a mapped one, or 0.0.0.0 for [::] unless that is for IPv6
 * alone. False: serves no IPv4. */
static bool local_address(const struct nlmsghdr *message, const struct inet_diag_msg *header,
                          struct ipv4 *address)
{
    if (header->idiag_family == AF_INET) {
        address->host = ntohl(header->id.idiag_src[0]);
        return true;
    }
    const uint32_t *source = header->id.idiag_src;
    if (header->idiag_family != AF_INET6 || source[0] != 0 || source[1] != 0)
        return false;
    address->host = ntohl(source[3]);
    if (source[2] == htonl(0xffff))
        return true;
    if (source[2] != 0 || source[3] != 0)
        return false;
    bool v6only = false;
    netlink_message_attributes(message, sizeof(*header), take_v6only, &v6only);
    return !v6only;
}

int netlink_read_socket(const struct nlmsghdr *message, void *context)
{
    const struct netlink_socket_reader *walk = context;
    const struct inet_diag_msg *header = netlink_message_header(message, sizeof(*header));
    if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || header == NULL || header->id.idiag_sport == 0)
        return 1;
    struct host_socket found = {.protocol = walk->protocol,
                                .state = header->idiag_state,
                                .port = ntohs(header->id.idiag_sport),
                                .inode = header->idiag_inode};
    if (local_address(message, header, &found.address))
        walk->each(&found, walk->context);
    return 1;
}

static int dump_sockets(struct netlink *netlink, uint8_t family, struct netlink_socket_reader *walk)
{
    const struct inet_diag_req_v2 header = {
        .sdiag_family = family, .sdiag_protocol = walk->protocol, .idiag_states = UINT32_MAX};
    struct netlink_request room;
    struct nlmsghdr *message =
        netlink_message_begin(&room, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &header, sizeof(header));
    const int error = netlink_message_send(netlink, message, netlink_read_socket, walk);
    return error == -ENOENT || error == -EINTR ? 0 : error; /* ENOENT: a kernel without this family */
}

int netlink_sockets(void (*each)(const struct host_socket *socket, void *context), void *context)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
    struct netlink *netlink = netlink_open_family(NETLINK_SOCK_DIAG);
    if (netlink == NULL)
        return -errno;
    int error = 0;
    for (size_t p = 0; p < sizeof(protocols) && error == 0; p++)
        for (size_t f = 0; f < sizeof(families) && error == 0; f++)
            error = dump_sockets(netlink, families[f],
                                 &(struct netlink_socket_reader){protocols[p], each, context});
    netlink_close(netlink);
    return error;
}
