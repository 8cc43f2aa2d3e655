/* upstream.c: see upstream.h. */
#include "upstream.h"

#include "pearpd/log.h"
#include "pearpd/netlink_host.h"
#include "pearpd/netlink_link.h"
#include "pearpd/tap_port.h"

#include "bridge_mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TAP_MTU_MAX 65521 /* the kernel takes no more for a tap */

static int find_bridge_mac(struct netlink *netlink, struct config *config, char *message, size_t size)
{
    const char *name = config->upstream_tap ? config->downstream : config->upstream;
    struct link_info link;
    if (!config->mac_auto)
        return 0;
    int error = netlink_link(netlink, name, &link);
    if (error != 0) {
        snprintf(message, size, "mac = auto needs %s %s: %s", config->upstream_tap ? "downstream" : "upstream",
                 name, strerror(-error));
        return -1;
    }
    config->mac = bridge_mac_of(link.mac);
    return 0;
}

bool upstream_take_bridge_mac(struct config *config, struct mac interface)
{
    if (!config->mac_awaited)
        return false;
    config->mac_awaited = false;
    config->mac = bridge_mac_of(interface);
    return true;
}

/* A card that comes late is waited for, as with `mac` given. A tap has to have its MAC when it is made. */
static bool is_awaited(struct netlink *netlink, const struct config *config)
{
    struct link_info link;
    return config->mac_auto && !config->upstream_tap &&
           netlink_link(netlink, config->upstream, &link) == -ENODEV;
}

int upstream_take_router_mac(struct config *config, struct mac mac)
{
    if (!config->upstream_tap)
        return 0;
    if (mac_equal(mac, config->mac))
        return -EADDRINUSE;
    if ((config->has_router_mac && !config->router_mac_found) ||
        (config->has_router_mac && mac_equal(mac, config->router_mac)))
        return 0;
    config->has_router_mac = config->router_mac_found = true;
    config->router_mac = mac;
    return 1;
}

static int find_router_mac(struct netlink *netlink, struct config *config, char *message, size_t size)
{
    struct link_info link;
    if (!config->upstream_tap || netlink_link(netlink, config->upstream, &link) != 0 ||
        upstream_take_router_mac(config, link.mac) >= 0)
        return 0;
    char text[MAC_TEXT_BYTES];
    snprintf(message, size, "upstream = tap:%s: it has the bridge MAC, %s, and needs another", config->upstream,
             mac_format(link.mac, text));
    return -1;
}

int upstream_find_macs(struct netlink *netlink, struct config *config, char *message, size_t size)
{
    if (find_bridge_mac(netlink, config, message, size) != 0)
        return -1;
    return find_router_mac(netlink, config, message, size);
}

const char *upstream_bind_error(const struct config *config, int error)
{
    if (!config->upstream_tap)
        return strerror(-error);
    if (error == -EINVAL)
        return "it is no tap, or one of several queues";
    if (error == -EBUSY)
        return "another process is attached to it: is another pearpd running?";
    if (error == -EPERM)
        return "to make a tap, or to use another user's, needs CAP_NET_ADMIN";
    return strerror(-error);
}

/* What is made new here; the operator's own taps stay as they are. */
static void set_up(struct netlink *netlink, const struct config *config)
{
    struct link_settings settings = {
        .mac = config->has_router_mac ? config->router_mac : router_mac_of(config->mac),
        .queue_frames = config->limits.ring_slots,
    };
    struct link_info tap, downstream;
    if (netlink_link(netlink, config->downstream, &downstream) == 0)
        settings.mtu_bytes = downstream.mtu_bytes < TAP_MTU_MAX ? downstream.mtu_bytes : TAP_MTU_MAX;
    int error = netlink_link(netlink, config->upstream, &tap);
    if (error == 0)
        error = netlink_link_set(netlink, tap.index, &settings);
    char text[MAC_TEXT_BYTES];
    if (error == 0)
        log_notice("created the tap %s, %s", config->upstream, mac_format(settings.mac, text));
    else
        log_warning("created the tap %s, but cannot set it up: %s", config->upstream, strerror(-error));
}

static void warn_of_address(const struct host_address *address, void *context)
{
    const struct link_info *downstream = context;
    char text[IPV4_TEXT_BYTES];
    if (address->ifindex == downstream->index)
        log_warning(
            "%s has the address %s: beside a tap the kernel would route to the hosts through it, past pearpd",
            downstream->name, ipv4_format(address->address, text));
}

/* What was the router's interface to the hosts before, and still is for the kernel. */
static void warn_of_addresses(struct netlink *netlink, const struct config *config)
{
    struct link_info downstream;
    if (netlink_link(netlink, config->downstream, &downstream) == 0)
        netlink_addresses(netlink, warn_of_address, &downstream);
}

static int start_tap(struct netlink *netlink, struct frame_port *port, const struct config *config)
{
    struct link_info link;
    int error = netlink_link(netlink, config->upstream, &link);
    if (error == 0)
        return frame_port_bind(port, link.index);
    if (error == -ENODEV)
        error = tap_port_create(port);
    if (error == 0)
        set_up(netlink, config);
    return error;
}

int upstream_start(struct netlink *netlink, struct frame_port *port, struct config *config, char *message,
                   size_t size)
{
    if (is_awaited(netlink, config)) {
        config->mac_awaited = true;
        config->mac = bridge_mac_of((struct mac){{0}});
        return 0;
    }
    if (find_bridge_mac(netlink, config, message, size) != 0)
        return -1;
    if (!config->upstream_tap)
        return 0;
    warn_of_addresses(netlink, config);
    int error = start_tap(netlink, port, config);
    if (error == 0)
        return find_router_mac(netlink, config, message, size);
    snprintf(message, size, "upstream = tap:%s: %s", config->upstream, upstream_bind_error(config, error));
    return -1;
}
