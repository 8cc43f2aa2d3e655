/* host_settings.c: see host_settings.h. */
#include "host_settings.h"

#include "pearpd/log.h"

#include "nft.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES  128
#define LO          "lo"
#define HOST_PREFIX 32

static const struct {
    bool of_interface;
    const char *value; /* NULL: the range */
} sysctls[] = {
#define X(id, name, of_interface, value) {of_interface, value},
    UNDO_SYSCTLS(X)
#undef X
};

/* The name below /proc/sys, as sysctl(8) with '/' takes it. */
static void sysctl_path(const char *interface, enum undo_sysctl sysctl, char path[static PATH_BYTES])
{
    if (sysctls[sysctl].of_interface)
        snprintf(path, PATH_BYTES, "net/ipv4/conf/%s/%s", interface, undo_sysctl_name(sysctl));
    else
        snprintf(path, PATH_BYTES, "net/ipv4/%s", undo_sysctl_name(sysctl));
}

static int sysctl_open(const char *path, int flags)
{
    char full[PATH_BYTES + 16];
    snprintf(full, sizeof(full), "/proc/sys/%s", path);
    const int fd = open(full, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The value without its newline. 0 or -Exxx. */
static int sysctl_read(const char *path, char value[static UNDO_VALUE_BYTES])
{
    const int fd = sysctl_open(path, O_RDONLY);
    if (fd < 0)
        return fd;
    const ssize_t length = read(fd, value, UNDO_VALUE_BYTES - 1);
    const int error = length < 0 ? -errno : 0;
    close(fd);
    value[length > 0 ? length : 0] = '\0';
    value[strcspn(value, "\n")] = '\0';
    return error != 0 || value[0] != '\0' ? error : -EIO;
}

static int sysctl_write(const char *path, const char *value)
{
    const int fd = sysctl_open(path, O_WRONLY);
    if (fd < 0)
        return fd;
    const size_t length = strlen(value);
    const int error = write(fd, value, length) == (ssize_t)length ? 0 : -(errno != 0 ? errno : EIO);
    close(fd);
    return error;
}

/* The first port that the kernel lets ip_local_port_range begin with. */
static unsigned lowest_local_port(void)
{
    char value[UNDO_VALUE_BYTES];
    if (sysctl_read("net/ipv4/ip_unprivileged_port_start", value) != 0)
        return 1;
    const unsigned long lowest = strtoul(value, NULL, 10);
    return lowest > 0 && lowest <= UINT16_MAX ? (unsigned)lowest : 1;
}

/* The value wished for; "" for none: the kernel takes no part of the range for ports it picks. */
static void sysctl_wish(const struct range *range, enum undo_sysctl sysctl, char value[static UNDO_VALUE_BYTES])
{
    if (sysctls[sysctl].value != NULL) {
        snprintf(value, UNDO_VALUE_BYTES, "%s", sysctls[sysctl].value);
        return;
    }
    const unsigned lowest = lowest_local_port();
    const unsigned first = range->first < lowest ? lowest : range->first;
    value[0] = '\0';
    if (first <= range->last)
        snprintf(value, UNDO_VALUE_BYTES, "%u %u", first, range->last);
}

/* Equal but for blanks: the kernel parts two numbers by a tab. */
static bool same_value(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        const bool blank_a = *a == ' ' || *a == '\t', blank_b = *b == ' ' || *b == '\t';
        if (blank_a != blank_b || (!blank_a && *a != *b))
            return false;
        a++;
        b++;
    }
    return *a == *b;
}

static int plan_sysctls(struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], now[UNDO_VALUE_BYTES], wish[UNDO_VALUE_BYTES];
        const enum undo_sysctl sysctl = (enum undo_sysctl)i;
        sysctl_path(undo->interface, sysctl, path);
        const int error = sysctl_read(path, now);
        if (error != 0) {
            log_error("cannot read sysctl %s: %s", path, strerror(-error));
            return error;
        }
        sysctl_wish(&undo->range, sysctl, wish);
        if (wish[0] == '\0')
            log_warning("ports %u-%u are below ip_unprivileged_port_start: the kernel picks none of them for "
                        "programs that do not bind, and what it picks outside is dropped",
                        undo->range.first, undo->range.last);
        else if (undo->sysctls[i][0] == '\0' && !same_value(now, wish))
            memcpy(undo->sysctls[i], now, sizeof(now));
    }
    return 0;
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

static int plan_address(struct netlink *netlink, struct undo *undo, struct address_search *search)
{
    struct link_info lo;
    char text[IPV4_TEXT_BYTES];
    int error = netlink_link(netlink, LO, &lo);
    if (error == 0) {
        *search = (struct address_search){
            .shared = undo->range.address, .ifindex = undo->ifindex, .lo_ifindex = lo.index};
        error = netlink_addresses(netlink, look_at_address, search);
    }
    if (error != 0) {
        log_error("cannot list the addresses: %s", strerror(-error));
        return error;
    }
    if (!lo.up)
        log_warning("interface lo is down: this host will not receive what is sent to %s",
                    ipv4_format(undo->range.address, text));
    if (search->on_interface)
        log_notice("%s is an address of %s and stays there; ARP for it is silenced by nftables rules",
                   ipv4_format(undo->range.address, text), undo->interface);
    else if (search->on_other)
        log_warning("%s is an address of another interface and stays there",
                    ipv4_format(undo->range.address, text));
    if (!search->on_lo && !search->on_interface && !search->on_other)
        undo->address = true;
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
        log_warning("the route to %s does not go by %s and is kept", ipv4_format(search->gateway, text),
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
        log_error("the present default route is too long to be put back");
        return -E2BIG;
    }
    undo->default_route = search->gateway;
    undo->replaced = search->raw;
    return 0;
}

static int plan_routes(struct netlink *netlink, const struct host_wish *wish,
                       const struct address_search *addresses, struct undo *undo, struct ipv4 *gateway)
{
    struct route_search search = {
        .ifindex = undo->ifindex, .shared = undo->range.address, .gateway = wish->gateway};
    int error = search_routes(netlink, &search);
    if (error != 0)
        return error;
    if (wish->gateway.host == 0) {
        const struct ipv4 found = search.found;
        search =
            (struct route_search){.ifindex = undo->ifindex, .shared = undo->range.address, .gateway = found};
        error = found.host == 0 ? 0 : search_routes(netlink, &search);
    }
    *gateway = search.gateway;
    if (error != 0 || search.gateway.host == 0)
        return error;
    if (search.gateway.host == undo->range.address.host) {
        log_error("the gateway and the shared address are the same");
        return -EINVAL;
    }
    plan_gateway_route(&search, undo);
    return plan_default_route(&search, addresses->on_interface && !addresses->primary_there, undo);
}

int host_settings_plan(struct netlink *netlink, const struct host_wish *wish, struct undo *undo,
                       struct ipv4 *gateway)
{
    struct link_info link;
    struct address_search addresses;
    int error = netlink_link(netlink, wish->interface, &link);
    if (error != 0) {
        log_error("interface %s: %s", wish->interface, strerror(-error));
        return error;
    }
    snprintf(undo->interface, sizeof(undo->interface), "%s", wish->interface);
    undo->ifindex = link.index;
    undo->range = wish->range;
    undo->rules = true;
    error = plan_sysctls(undo);
    if (error == 0)
        error = plan_address(netlink, undo, &addresses);
    if (error == 0)
        error = plan_routes(netlink, wish, &addresses, undo, gateway);
    return error;
}

static struct host_route gateway_route(const struct undo *undo)
{
    return (struct host_route){.destination = undo->gateway_route,
                               .prefix_length = HOST_PREFIX,
                               .scope = RT_SCOPE_LINK,
                               .ifindex = undo->ifindex,
                               .source = undo->range.address};
}

static struct host_route default_route(const struct undo *undo)
{
    return (struct host_route){.gateway = undo->default_route,
                               .scope = RT_SCOPE_UNIVERSE,
                               .ifindex = undo->ifindex,
                               .source = undo->range.address};
}

/* SHARED/32 on lo. 0 or -Exxx. */
static int shared_address(struct netlink *netlink, const struct undo *undo, struct host_address *address)
{
    struct link_info lo;
    const int error = netlink_link(netlink, LO, &lo);
    *address = (struct host_address){.ifindex = lo.index,
                                     .address = undo->range.address,
                                     .prefix_length = HOST_PREFIX,
                                     .scope = RT_SCOPE_HOST};
    return error;
}

static int failed(const char *what, int error)
{
    log_error("cannot %s: %s", what, strerror(-error));
    return error;
}

static int apply_sysctls(const struct undo *undo)
{
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], wish[UNDO_VALUE_BYTES];
        if (undo->sysctls[i][0] == '\0')
            continue;
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        sysctl_wish(&undo->range, (enum undo_sysctl)i, wish);
        const int error = sysctl_write(path, wish);
        if (error != 0) {
            log_error("cannot set sysctl %s to %s: %s", path, wish, strerror(-error));
            return error;
        }
    }
    return 0;
}

static int apply_address(struct netlink *netlink, const struct undo *undo)
{
    struct host_address address;
    int error = shared_address(netlink, undo, &address);
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
    int error = undo->rules ? nft_load(undo->interface, &undo->range) : 0;
    if (error == 0)
        error = apply_sysctls(undo);
    if (error == 0 && undo->address)
        error = apply_address(netlink, undo);
    if (error == 0)
        error = apply_routes(netlink, undo);
    return error;
}

static void keep_first(int *first, int error)
{
    if (*first == 0)
        *first = error;
}

static int undo_default_route(struct netlink *netlink, const struct undo *undo)
{
    const struct host_route ours = default_route(undo);
    struct route_search search = {.ifindex = undo->ifindex, .shared = undo->range.address};
    int error = search_routes(netlink, &search);
    if (error != 0)
        return error;
    if (undo->replaced.length == 0) {
        error = netlink_route_delete(netlink, &ours);
        return error == 0 || error == -ESRCH ? 0 : failed("delete the default route", error);
    }
    const bool ours_stands = search.present.ifindex == undo->ifindex && !search.present.several &&
                             search.present.gateway.host == undo->default_route.host &&
                             search.present.source.host == undo->range.address.host;
    if (search.default_there && !ours_stands) {
        if (search.raw.length != undo->replaced.length ||
            memcmp(search.raw.bytes, undo->replaced.bytes, search.raw.length) != 0)
            log_notice("the default route was changed by somebody else meanwhile and is left as it is");
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

static int undo_address(struct netlink *netlink, const struct undo *undo)
{
    struct host_address address;
    int error = shared_address(netlink, undo, &address);
    if (error == 0)
        error = netlink_address_delete(netlink, &address);
    return error == 0 || error == -EADDRNOTAVAIL ? 0 : failed("delete the shared address from lo", error);
}

static int undo_sysctls(const struct undo *undo, bool interface_there)
{
    int first = 0;
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES];
        if (undo->sysctls[i][0] == '\0' || (sysctls[i].of_interface && !interface_there))
            continue;
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        const int error = sysctl_write(path, undo->sysctls[i]);
        if (error != 0) {
            log_error("cannot set sysctl %s back to %s: %s", path, undo->sysctls[i], strerror(-error));
            keep_first(&first, error);
        }
    }
    return first;
}

int host_settings_undo(struct netlink *netlink, const struct undo *undo)
{
    struct link_info link;
    int first = 0;
    const bool there = netlink_link(netlink, undo->interface, &link) == 0 && link.index == undo->ifindex;
    if (there)
        keep_first(&first, undo_routes(netlink, undo));
    else
        log_notice("interface %s is gone, or another: its own sysctls and routes went with it",
                   undo->interface);
    if (undo->address)
        keep_first(&first, undo_address(netlink, undo));
    keep_first(&first, undo_sysctls(undo, there));
    if (undo->rules)
        keep_first(&first, nft_remove(undo->interface));
    return first;
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
    char rules[NFT_TEXT_MAX_BYTES], shared[IPV4_TEXT_BYTES];
    ipv4_format(undo->range.address, shared);
    if (nft_format(undo->interface, &undo->range, rules, sizeof(rules)) > 0)
        printf("nft -f - <<'END'\n%sEND\n", rules);
    for (size_t i = 0; i < UNDO_SYSCTL_COUNT; i++) {
        char path[PATH_BYTES], wish[UNDO_VALUE_BYTES];
        if (undo->sysctls[i][0] == '\0')
            continue;
        sysctl_path(undo->interface, (enum undo_sysctl)i, path);
        sysctl_wish(&undo->range, (enum undo_sysctl)i, wish);
        printf("sysctl -w %s=\"%s\"\n", path, wish);
    }
    if (undo->address)
        printf("ip addr add %s/32 dev lo scope host\n", shared);
    print_routes(undo, shared);
}
