/* host_routes.c: see host_routes.h. */
#include "host_routes.h"

#include "pearpd/log.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define HOST_PREFIX 32

/* The shared address that connections come from: the first. */
static struct ipv4 primary(const struct undo *undo)
{
    return undo->held.ranges[0].range.address;
}

struct route_search {
    unsigned ifindex;
    struct ipv4 shared, gateway;
    bool gateway_there; /* a route to the gateway alone */
    unsigned gateway_ifindex;
    bool default_there; /* one with metric 0, in the way of ours */
    struct host_route present;
    struct host_route_raw raw;
    struct ipv4 found; /* the gateway of the interface's default route with the lowest metric */
    uint32_t found_metric;
};

static void look_at_route(const struct host_route *route, const struct host_route_raw *raw, void *context)
{
    struct route_search *search = context;
    if (route->tos != 0)
        return;
    if (route->prefix_length == HOST_PREFIX && route->destination.host == search->gateway.host &&
        route->metric == 0) {
        search->gateway_there = true;
        search->gateway_ifindex = route->ifindex;
    }
    if (route->prefix_length != 0)
        return;
    const bool ours = route->ifindex == search->ifindex && !route->several;
    if (ours && route->gateway.host != 0 && (search->found.host == 0 || route->metric < search->found_metric)) {
        search->found = route->gateway;
        search->found_metric = route->metric;
    }
    if (route->metric == 0 && !search->default_there) {
        search->default_there = true;
        search->present = *route;
        search->raw = *raw;
    }
}

static int search_routes(struct netlink *netlink, struct route_search *search)
{
    const int error = netlink_routes(netlink, look_at_route, search);
    if (error != 0)
        log_error("cannot list the routes: %s", strerror(-error));
    return error;
}

static void plan_gateway_route(const struct route_search *search, struct undo *undo)
{
    char text[IPV4_TEXT_BYTES];
    if (!search->gateway_there) {
        undo->gateway_route = search->gateway;
        return;
    }
    if (search->gateway_ifindex != undo->ifindex)
        log_warning("the route to %s does not use %s and is kept", ipv4_format(search->gateway, text),
                    undo->interface);
}

/* Ours, or one that picks the shared address of itself: the interface has no other. */
static bool default_serves(const struct route_search *search, bool only_address)
{
    const struct host_route *present = &search->present;
    if (present->ifindex != search->ifindex || present->several ||
        present->gateway.host != search->gateway.host)
        return false;
    return present->source.host == search->shared.host || (present->source.host == 0 && only_address);
}

static int plan_default_route(const struct route_search *search, bool only_address, struct undo *undo)
{
    if (!search->default_there) {
        undo->default_route = search->gateway;
        return 0;
    }
    if (default_serves(search, only_address))
        return 0;
    if (search->present.ifindex != search->ifindex || search->present.several) {
        log_warning(
            "the default route does not go by %s alone and is kept: connections from the shared address "
            "need a route or rule of their own",
            undo->interface);
        undo->default_route = (struct ipv4){0};
        undo->replaced.length = 0;
        return 0;
    }
    if (search->raw.length == 0) {
        log_error("the default route is too long to be restored later");
        return -E2BIG;
    }
    undo->default_route = search->gateway;
    undo->replaced = search->raw;
    return 0;
}

int host_routes_plan(struct netlink *netlink, struct ipv4 wish, bool only_address, struct undo *undo,
                     struct ipv4 *gateway)
{
    struct route_search search = {.ifindex = undo->ifindex, .shared = primary(undo), .gateway = wish};
    int error = search_routes(netlink, &search);
    if (error != 0)
        return error;
    if (wish.host == 0) {
        const struct ipv4 found = search.found;
        search = (struct route_search){.ifindex = undo->ifindex, .shared = primary(undo), .gateway = found};
        error = found.host == 0 ? 0 : search_routes(netlink, &search);
    }
    *gateway = search.gateway;
    if (error != 0 || search.gateway.host == 0)
        return error;
    for (size_t i = 0; i < undo->held.count; i++)
        if (search.gateway.host == undo->held.ranges[i].range.address.host) {
            log_error("the gateway and a shared address are the same");
            return -EINVAL;
        }
    plan_gateway_route(&search, undo);
    return plan_default_route(&search, only_address, undo);
}

static struct host_route gateway_route(const struct undo *undo)
{
    return (struct host_route){.destination = undo->gateway_route,
                               .prefix_length = HOST_PREFIX,
                               .scope = RT_SCOPE_LINK,
                               .ifindex = undo->ifindex,
                               .source = primary(undo)};
}

static struct host_route default_route(const struct undo *undo)
{
    return (struct host_route){.gateway = undo->default_route,
                               .scope = RT_SCOPE_UNIVERSE,
                               .ifindex = undo->ifindex,
                               .source = primary(undo)};
}

static int failed(const char *what, int error)
{
    log_error("cannot %s: %s", what, strerror(-error));
    return error;
}

int host_routes_apply(struct netlink *netlink, const struct undo *undo)
{
    const struct host_route to_gateway = gateway_route(undo), by_default = default_route(undo);
    int error = undo->gateway_route.host == 0 ? 0 : netlink_route_add(netlink, &to_gateway, false);
    if (error != 0 && error != -EEXIST && error != -ENETDOWN)
        return failed("add the route to the gateway", error);
    if (error == -ENETDOWN || undo->default_route.host == 0)
        return 0; /* down: again when the link comes up */
    error = netlink_route_add(netlink, &by_default, undo->replaced.length > 0);
    if (error != 0 && error != -EEXIST && error != -ENETDOWN)
        return failed("add the default route", error);
    return 0;
}

struct presence {
    const struct undo *undo;
    bool gateway_route, default_route;
};

static void see_route(const struct host_route *route, const struct host_route_raw *raw, void *context)
{
    struct presence *seen = context;
    const struct undo *undo = seen->undo;
    (void)raw;
    if (route->ifindex != undo->ifindex || route->several || route->metric != 0 || route->tos != 0)
        return;
    if (route->prefix_length == HOST_PREFIX && route->destination.host == undo->gateway_route.host)
        seen->gateway_route = true;
    if (route->prefix_length == 0 && route->gateway.host == undo->default_route.host &&
        route->source.host == primary(undo).host)
        seen->default_route = true;
}

const char *host_routes_missing(struct netlink *netlink, const struct undo *undo)
{
    struct presence seen = {.undo = undo,
                            .gateway_route = undo->gateway_route.host == 0,
                            .default_route = undo->default_route.host == 0};
    if (netlink_routes(netlink, see_route, &seen) != 0)
        return NULL;
    if (!seen.gateway_route)
        return seen.default_route ? "the route to the gateway" : "the routes to and by the gateway";
    return seen.default_route ? NULL : "the default route";
}

static int undo_default_route(struct netlink *netlink, const struct undo *undo)
{
    const struct host_route ours = default_route(undo);
    struct route_search search = {.ifindex = undo->ifindex, .shared = primary(undo)};
    int error = search_routes(netlink, &search);
    if (error != 0)
        return error;
    if (undo->replaced.length == 0) {
        error = netlink_route_delete(netlink, &ours);
        return error == 0 || error == -ESRCH ? 0 : failed("delete the default route", error);
    }
    const bool ours_stands = search.present.ifindex == undo->ifindex && !search.present.several &&
                             search.present.gateway.host == undo->default_route.host &&
                             search.present.source.host == primary(undo).host;
    if (search.default_there && !ours_stands) {
        if (search.raw.length != undo->replaced.length ||
            memcmp(search.raw.bytes, undo->replaced.bytes, search.raw.length) != 0)
            log_notice("another program changed the default route: it is kept");
        return 0;
    }
    error = netlink_route_restore(netlink, &undo->replaced);
    if (!search.default_there && (error == -ENETDOWN || error == -ENETUNREACH)) {
        log_notice("%s is down: its earlier default route went with it", undo->interface);
        return 0;
    }
    return error == 0 ? 0 : failed("put the earlier default route back", error);
}

int host_routes_undo(struct netlink *netlink, const struct undo *undo)
{
    const struct host_route to_gateway = gateway_route(undo);
    int error = undo->default_route.host == 0 ? 0 : undo_default_route(netlink, undo);
    if (undo->gateway_route.host == 0)
        return error;
    const int other = netlink_route_delete(netlink, &to_gateway);
    if (other != 0 && other != -ESRCH)
        error = error != 0 ? error : failed("delete the route to the gateway", other);
    return error;
}

void host_routes_print(const struct undo *undo)
{
    char gateway[IPV4_TEXT_BYTES], shared[IPV4_TEXT_BYTES];
    ipv4_format(primary(undo), shared);
    if (undo->gateway_route.host != 0)
        printf("ip route add %s/32 dev %s scope link src %s\n", ipv4_format(undo->gateway_route, gateway),
               undo->interface, shared);
    if (undo->default_route.host != 0)
        printf("ip route %s default via %s dev %s src %s\n", undo->replaced.length > 0 ? "replace" : "add",
               ipv4_format(undo->default_route, gateway), undo->interface, shared);
}
