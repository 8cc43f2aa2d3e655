/* host_settings.c: see host_settings.h. */
#include "host_settings.h"

#include "pearpd/log.h"

#include "host_sysctls.h"
#include "nft.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LO          "lo"
#define HOST_PREFIX 32

/* The shared address that connections come from: the first. */
static struct ipv4 primary(const struct undo *undo)
{
    return undo->held.ranges[0].range.address;
}

struct address_search {
    struct ipv4 shared;
    unsigned ifindex; /* of our interface */
    bool on_lo, on_interface, on_other, primary_there;
    unsigned lo_ifindex;
};

static void look_at_address(const struct host_address *address, void *context)
{
    struct address_search *search = context;
    const bool shared = address->address.host == search->shared.host;
    if (address->ifindex == search->ifindex && !shared)
        search->primary_there = true;
    if (!shared)
        return;
    if (address->ifindex == search->ifindex)
        search->on_interface = true;
    else if (address->ifindex == search->lo_ifindex)
        search->on_lo = true;
    else
        search->on_other = true;
}

static bool is_added(const struct undo *undo, struct ipv4 address)
{
    for (size_t i = 0; i < undo->address_count; i++)
        if (undo->addresses[i].host == address.host)
            return true;
    return false;
}

static int plan_address(struct netlink *netlink, struct ipv4 shared, struct undo *undo,
                        struct address_search *search)
{
    struct link_info lo;
    char text[IPV4_TEXT_BYTES];
    ipv4_format(shared, text);
    int error = netlink_link(netlink, LO, &lo);
    if (error == 0) {
        *search = (struct address_search){.shared = shared, .ifindex = undo->ifindex, .lo_ifindex = lo.index};
        error = netlink_addresses(netlink, look_at_address, search);
    }
    if (error != 0) {
        log_error("cannot list the addresses: %s", strerror(-error));
        return error;
    }
    if (!lo.up)
        log_warning("interface lo is down: this host will not receive what is sent to %s", text);
    if (search->on_interface)
        log_notice("%s is an address of %s and stays there; nftables rules drop its ARP", text,
                   undo->interface);
    else if (search->on_other)
        log_warning("%s is an address of another interface and stays there", text);
    if (!search->on_lo && !search->on_interface && !search->on_other && !is_added(undo, shared))
        undo->addresses[undo->address_count++] = shared;
    return 0;
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

static int plan_routes(struct netlink *netlink, const struct host_wish *wish,
                       const struct address_search *addresses, struct undo *undo, struct ipv4 *gateway)
{
    struct route_search search = {.ifindex = undo->ifindex, .shared = primary(undo), .gateway = wish->gateway};
    int error = search_routes(netlink, &search);
    if (error != 0)
        return error;
    if (wish->gateway.host == 0) {
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
    return plan_default_route(&search, addresses->on_interface && !addresses->primary_there, undo);
}

int host_settings_plan(struct netlink *netlink, const struct host_wish *wish, struct undo *undo,
                       struct ipv4 *gateway)
{
    struct link_info link;
    struct address_search first = {0}, search;
    struct ipv4 addresses[RANGES_MAX];
    int error = netlink_link(netlink, wish->interface, &link);
    if (error != 0) {
        log_error("interface %s: %s", wish->interface, strerror(-error));
        return error;
    }
    snprintf(undo->interface, sizeof(undo->interface), "%s", wish->interface);
    undo->ifindex = link.index;
    undo->held = wish->held;
    undo->rules = true;
    undo->enforce = wish->enforce;
    error = host_sysctls_plan(undo);
    const size_t count = range_list_addresses(&undo->held, addresses);
    for (size_t i = 0; i < count && error == 0; i++)
        error = plan_address(netlink, addresses[i], undo, i == 0 ? &first : &search);
    if (error == 0)
        error = plan_routes(netlink, wish, &first, undo, gateway);
    return error;
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

/* SHARED/32 on lo. 0 or -Exxx. */
static int shared_address(struct netlink *netlink, struct ipv4 shared, struct host_address *address)
{
    struct link_info lo;
    const int error = netlink_link(netlink, LO, &lo);
    *address = (struct host_address){
        .ifindex = lo.index, .address = shared, .prefix_length = HOST_PREFIX, .scope = RT_SCOPE_HOST};
    return error;
}

static int failed(const char *what, int error)
{
    log_error("cannot %s: %s", what, strerror(-error));
    return error;
}

static int apply_address(struct netlink *netlink, struct ipv4 shared)
{
    struct host_address address;
    int error = shared_address(netlink, shared, &address);
    if (error == 0)
        error = netlink_address_add(netlink, &address);
    return error == 0 || error == -EEXIST ? 0 : failed("add the shared address to lo", error);
}

static int apply_routes(struct netlink *netlink, const struct undo *undo)
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

/* Rules first: no ARP for the shared address gets out while the rest is being set. */
int host_settings_apply(struct netlink *netlink, const struct undo *undo)
{
    int error = undo->rules ? nft_load(undo->interface, &undo->held, undo->enforce) : 0;
    if (error == 0)
        error = host_sysctls_apply(undo);
    for (size_t i = 0; i < undo->address_count && error == 0; i++)
        error = apply_address(netlink, undo->addresses[i]);
    if (error == 0)
        error = apply_routes(netlink, undo);
    return error;
}

struct presence {
    const struct undo *undo;
    bool addresses[RANGES_MAX]; /* each of undo->addresses, on whatever interface */
    bool gateway_route, default_route;
};

static void see_address(const struct host_address *address, void *context)
{
    struct presence *seen = context;
    for (size_t i = 0; i < seen->undo->address_count; i++)
        if (address->address.host == seen->undo->addresses[i].host)
            seen->addresses[i] = true;
}

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

static void name_missing(char text[static HOST_SETTINGS_TEXT_BYTES], const char *what)
{
    const size_t length = strlen(text);
    snprintf(text + length, HOST_SETTINGS_TEXT_BYTES - length, "%s%s", length > 0 ? ", " : "", what);
}

bool host_settings_missing(struct netlink *netlink, const struct undo *undo, bool link_up,
                           char text[static HOST_SETTINGS_TEXT_BYTES])
{
    struct presence seen = {.undo = undo};
    char address[IPV4_TEXT_BYTES];
    text[0] = '\0';
    if (netlink_addresses(netlink, see_address, &seen) == 0)
        for (size_t i = 0; i < undo->address_count; i++)
            if (!seen.addresses[i])
                name_missing(text, ipv4_format(undo->addresses[i], address));
    if (link_up && netlink_routes(netlink, see_route, &seen) == 0) {
        if (undo->gateway_route.host != 0 && !seen.gateway_route)
            name_missing(text, "the route to the gateway");
        if (undo->default_route.host != 0 && !seen.default_route)
            name_missing(text, "the default route");
    }
    const char *sysctl = host_sysctls_missing(undo);
    if (sysctl != NULL)
        name_missing(text, sysctl);
    return text[0] != '\0';
}

static void keep_first(int *first, int error)
{
    if (*first == 0)
        *first = error;
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

static int undo_routes(struct netlink *netlink, const struct undo *undo)
{
    const struct host_route to_gateway = gateway_route(undo);
    int error = undo->default_route.host == 0 ? 0 : undo_default_route(netlink, undo);
    if (undo->gateway_route.host == 0)
        return error;
    const int other = netlink_route_delete(netlink, &to_gateway);
    if (other != 0 && other != -ESRCH)
        keep_first(&error, failed("delete the route to the gateway", other));
    return error;
}

static int undo_address(struct netlink *netlink, struct ipv4 shared)
{
    struct host_address address;
    int error = shared_address(netlink, shared, &address);
    if (error == 0)
        error = netlink_address_delete(netlink, &address);
    return error == 0 || error == -EADDRNOTAVAIL ? 0 : failed("delete the shared address from lo", error);
}

/* `name`: the interface's, maybe another than before; NULL: it is gone. */
static int undo_all(struct netlink *netlink, const struct undo *undo, const char *name)
{
    int first = 0;
    if (name != NULL)
        keep_first(&first, undo_routes(netlink, undo));
    else
        log_notice("interface %s is gone: its sysctls and routes are gone with it", undo->interface);
    for (size_t i = 0; i < undo->address_count; i++)
        keep_first(&first, undo_address(netlink, undo->addresses[i]));
    keep_first(&first, host_sysctls_undo(undo, name));
    if (undo->rules)
        keep_first(&first, nft_remove(undo->interface));
    return first;
}

int host_settings_undo(struct netlink *netlink, const struct undo *undo)
{
    char name[IF_NAMESIZE];
    const char *there = if_indextoname(undo->ifindex, name);
    const int error = undo_all(netlink, undo, there);
    if (error != 0 && there != NULL && if_indextoname(undo->ifindex, name) == NULL)
        return undo_all(netlink, undo, NULL); /* it went meanwhile */
    return error;
}

static void print_routes(const struct undo *undo, const char *shared)
{
    char gateway[IPV4_TEXT_BYTES];
    if (undo->gateway_route.host != 0)
        printf("ip route add %s/32 dev %s scope link src %s\n", ipv4_format(undo->gateway_route, gateway),
               undo->interface, shared);
    if (undo->default_route.host != 0)
        printf("ip route %s default via %s dev %s src %s\n", undo->replaced.length > 0 ? "replace" : "add",
               ipv4_format(undo->default_route, gateway), undo->interface, shared);
}

void host_settings_print(const struct undo *undo)
{
    char *rules = malloc(NFT_TEXT_MAX_BYTES), shared[IPV4_TEXT_BYTES];
    if (rules != NULL && nft_format(undo->interface, &undo->held, undo->enforce, rules, NFT_TEXT_MAX_BYTES) > 0)
        printf("nft -f - <<'END'\n%sEND\n", rules);
    free(rules);
    host_sysctls_print(undo);
    for (size_t i = 0; i < undo->address_count; i++)
        printf("ip addr add %s/32 dev lo scope host\n", ipv4_format(undo->addresses[i], shared));
    print_routes(undo, ipv4_format(primary(undo), shared));
}
