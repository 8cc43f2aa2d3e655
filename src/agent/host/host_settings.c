/* host_settings.c: see host_settings.h. */
#include "host_settings.h"

#include "pearpd/log.h"

#include "host_routes.h"
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
        error =
            host_routes_plan(netlink, wish->gateway, first.on_interface && !first.primary_there, undo, gateway);
    return error;
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

/* Rules first: no ARP for the shared address gets out while the rest is being set. */
int host_settings_apply(struct netlink *netlink, const struct undo *undo)
{
    int error = undo->rules ? nft_load(undo->interface, &undo->held, undo->enforce) : 0;
    if (error == 0)
        error = host_sysctls_apply(undo);
    for (size_t i = 0; i < undo->address_count && error == 0; i++)
        error = apply_address(netlink, undo->addresses[i]);
    if (error == 0)
        error = host_routes_apply(netlink, undo);
    return error;
}

struct presence {
    const struct undo *undo;
    bool addresses[RANGES_MAX]; /* each of undo->addresses, on whatever interface */
};

static void see_address(const struct host_address *address, void *context)
{
    struct presence *seen = context;
    for (size_t i = 0; i < seen->undo->address_count; i++)
        if (address->address.host == seen->undo->addresses[i].host)
            seen->addresses[i] = true;
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
    const char *route = link_up ? host_routes_missing(netlink, undo) : NULL;
    if (route != NULL)
        name_missing(text, route);
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
        keep_first(&first, host_routes_undo(netlink, undo));
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

void host_settings_print(const struct undo *undo)
{
    char *rules = malloc(NFT_TEXT_MAX_BYTES), shared[IPV4_TEXT_BYTES];
    if (rules != NULL && nft_format(undo->interface, &undo->held, undo->enforce, rules, NFT_TEXT_MAX_BYTES) > 0)
        printf("nft -f - <<'END'\n%sEND\n", rules);
    free(rules);
    host_sysctls_print(undo);
    for (size_t i = 0; i < undo->address_count; i++)
        printf("ip addr add %s/32 dev lo scope host\n", ipv4_format(undo->addresses[i], shared));
    host_routes_print(undo);
}
