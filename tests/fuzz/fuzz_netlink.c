/* fuzz_netlink.c: what the kernel tells the agent: sockets (sock_diag), addresses, routes, tables. The first byte says
 * which; the rest is one message. A route that can be put back is one that the kernel could have told. */

#include "netlink_reader.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
    if (!good)
        abort();
}

static void see_socket(const struct host_socket *socket, void *context)
{
    (void)context;
    expect(socket->port != 0);
}

static void see_address(const struct host_address *address, void *context)
{
    volatile uint32_t *seen = context;
    *seen = address->address.host;
}

static void see_route(const struct host_route *route, const struct host_route_raw *raw, void *context)
{
    (void)context;
    expect(raw->length <= sizeof(raw->bytes) && raw->length % NLMSG_ALIGNTO == 0);
    expect(raw->length == 0 || raw->length >= sizeof(struct rtmsg));
    expect(route->prefix_length == ((const struct rtmsg *)raw->bytes)->rtm_dst_len || raw->length == 0);
}

static void see_table(uint8_t family, const char *name, bool gone, void *context)
{
    volatile size_t *seen = context;
    *seen = strlen(name) + family + gone;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[32768] __attribute__((aligned(8)));
    struct nlmsghdr *message = (struct nlmsghdr *)bytes;
    uint32_t number = 0;
    size_t length = 0;
    if (size < 1 + sizeof(*message) || size > sizeof(bytes))
        return 0;
    /* The end of the message is the end of the memory that may be read: as much as the sanitizer is told. */
    uint8_t *exact = aligned_alloc(8, (size - 1 + 7) / 8 * 8);
    expect(exact != NULL);
    memcpy(exact, data + 1, size - 1);
    message = (struct nlmsghdr *)exact;
    message->nlmsg_len = (uint32_t)(size - 1); /* as mnl_cb_run() has checked it */
    struct netlink_socket_reader sockets = {data[0] & 8 ? IPPROTO_UDP : IPPROTO_TCP, see_socket, NULL};
    struct netlink_address_reader addresses = {see_address, &number};
    struct netlink_route_reader routes = {see_route, NULL};
    struct netlink_table_reader tables = {see_table, &length};
    bool changed = false;
    switch (data[0] & 3) {
    case 0:
        (void)netlink_read_socket(message, &sockets);
        break;
    case 1:
        (void)netlink_read_address(message, &addresses);
        break;
    case 2:
        (void)netlink_read_route(message, &routes);
        (void)netlink_read_change(message, &changed);
        break;
    default:
        (void)netlink_read_table(message, &tables);
        break;
    }
    free(exact);
    return 0;
}
