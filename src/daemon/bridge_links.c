/* bridge_links.c: see bridge_links.h. */
#include "bridge_links.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"
#include "pearpd/netlink_link.h"

#include "upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES sizeof(((struct link_info *)0)->name)

/* What was last logged about a side: each state is logged once. */
enum link_state { LINK_UNKNOWN, LINK_MISSING, LINK_REFUSED, LINK_DISABLED, LINK_NO_CARRIER, LINK_UP };

struct bound_side {
    enum side side;
    unsigned ifindex;      /* 0: not bound */
    bool is_raised;        /* it was down, and was set up here */
    char name[NAME_BYTES]; /* of the interface bound to, kept when it is lost */
    enum link_state state;
    bool is_up; /* as the engine knows it */
    uint32_t mtu_bytes;
};

struct bridge_links {
    struct bridge_links_target target;
    struct loop_source *readable;
    struct bound_side sides[SIDES];
};

static const struct config *config_of(const struct bridge_links *links)
{
    return *links->target.config;
}

static const char *configured_name(const struct bridge_links *links, enum side side)
{
    return side == SIDE_UPSTREAM ? config_of(links)->upstream : config_of(links)->downstream;
}

const char *bridge_links_name(const struct bridge_links *links, enum side side)
{
    const struct bound_side *bound = &links->sides[side];
    return *bound->name != '\0' ? bound->name : configured_name(links, side);
}

unsigned bridge_links_index(const struct bridge_links *links, enum side side)
{
    return links->sides[side].ifindex;
}

bool bridge_links_is_up(const struct bridge_links *links, enum side side)
{
    return links->sides[side].is_up;
}

uint32_t bridge_links_mtu_bytes(const struct bridge_links *links, enum side side)
{
    return links->sides[side].mtu_bytes;
}

static void report_link(struct bridge_links *links, enum side side, bool up, uint32_t mtu_bytes)
{
    links->sides[side].is_up = up;
    links->sides[side].mtu_bytes = mtu_bytes;
    engine_link(*links->target.engine, clock_now_ns(), side, up, mtu_bytes, links->target.out);
    links->target.link(links->target.context, side, links->sides[side].ifindex, up, mtu_bytes);
}

static bool is_news(struct bound_side *side, enum link_state state)
{
    const bool news = side->state != state;
    side->state = state;
    return news;
}

/* That a link has come up, or gone down after it was up, is an event of the engine's. */
static void log_link(struct bound_side *side, const struct link_info *link)
{
    const char *name = side->name;
    const bool was_up = side->state == LINK_UP;
    const enum link_state now = link->up ? LINK_UP : link->enabled ? LINK_NO_CARRIER : LINK_DISABLED;
    if (!is_news(side, now) || was_up)
        return;
    if (now == LINK_DISABLED)
        log_warning("%s (%s) is down: no frame passes until `ip link set %s up`", name, side_name(side->side),
                    name);
    else if (now == LINK_NO_CARRIER)
        log_warning("%s (%s) has no carrier: no frame passes; check its cable or its peer", name,
                    side_name(side->side));
}

static bool is_there(const struct bridge_links *links, const struct bound_side *side)
{
    struct link_info now;
    return netlink_link(links->target.sockets->requests, side->name, &now) == 0 && now.index == side->ifindex;
}

static void side_lost(struct bridge_links *links, struct bound_side *side)
{
    if (side->ifindex == 0)
        return;
    if (is_there(links, side))
        log_warning("%s (%s) is no longer used: the configuration names %s", side->name, side_name(side->side),
                    configured_name(links, side->side));
    else
        log_warning("%s (%s) is gone; waiting for it", side->name, side_name(side->side));
    side->ifindex = 0;
    (void)is_news(side, LINK_MISSING);
    report_link(links, side->side, false, 0);
}

static const char *bind_error(const struct bridge_links *links, const struct bound_side *side, int error)
{
    return side->side == SIDE_UPSTREAM ? upstream_bind_error(config_of(links), error) : strerror(-error);
}

/* A tap that was made again, or given another MAC: the router has another one. The kernel is asked, as news may be old. */
static void find_router_mac(struct bridge_links *links)
{
    char text[MAC_TEXT_BYTES];
    struct link_info tap;
    struct config *config = *links->target.config;
    if (!config->upstream_tap || netlink_link(links->target.sockets->requests, config->upstream, &tap) != 0)
        return;
    const int news = upstream_take_router_mac(config, tap.mac);
    if (news < 0)
        log_error("%s has the bridge MAC, %s: no frame passes; give the tap another MAC", tap.name,
                  mac_format(tap.mac, text));
    if (news <= 0)
        return;
    log_notice("the router's MAC is %s", mac_format(tap.mac, text));
    links->target.mac_changed(links->target.context);
}

/* A card that nobody configured is down after each boot. A tap is the operator's to set up, with its address. */
static void raise_side(struct bridge_links *links, struct bound_side *side, struct link_info *link)
{
    struct netlink *requests = links->target.sockets->requests;
    side->is_raised = false;
    if (link->enabled || (side->side == SIDE_UPSTREAM && config_of(links)->upstream_tap))
        return;
    const int error = netlink_link_enable(requests, link->index, true);
    if (error != 0) {
        log_warning("cannot set %s (%s) up: %s", link->name, side_name(side->side), strerror(-error));
        return;
    }
    side->is_raised = true;
    log_notice("%s (%s) was down: it is set up until pearpd ends", link->name, side_name(side->side));
    (void)netlink_link(requests, link->name, link);
}

/* Older news may say that it is down. If it is, the operator has put it down: it stays as it is. */
static void look_again(struct bridge_links *links, struct bound_side *side, struct link_info *link)
{
    if (!side->is_raised || link->enabled)
        return;
    (void)netlink_link(links->target.sockets->requests, side->name, link);
    side->is_raised = link->enabled;
}

static void lower_side(const struct bridge_links *links, const struct bound_side *side)
{
    if (side->is_raised && side->ifindex != 0)
        (void)netlink_link_enable(links->target.sockets->requests, side->ifindex, false);
}

/* Binds the side's port to another interface than before. False: it cannot be bound now. */
static bool bind_side(struct bridge_links *links, struct bound_side *side, struct link_info *link)
{
    const int error = frame_port_bind(links->target.sockets->ports[side->side], link->index);
    if (error != 0) {
        if (is_news(side, LINK_REFUSED))
            log_error("cannot bind to %s (%s): %s; trying again", link->name, side_name(side->side),
                      bind_error(links, side, error));
        return false;
    }
    if (side->ifindex != 0) { /* a reload named another interface */
        lower_side(links, side);
        report_link(links, side->side, false, 0);
    }
    if (*side->name != '\0' && strcmp(side->name, link->name) != 0)
        log_notice("%s is %s from now on", side_name(side->side), link->name);
    side->ifindex = link->index;
    side->state = LINK_UNKNOWN;
    snprintf(side->name, sizeof(side->name), "%s", link->name);
    raise_side(links, side, link);
    return true;
}

/* The card that `mac = auto` waits for. */
static void find_bridge_mac(struct bridge_links *links, const struct link_info *link)
{
    char text[MAC_TEXT_BYTES];
    struct config *config = *links->target.config;
    if (!upstream_take_bridge_mac(config, link->mac))
        return;
    log_notice("the bridge MAC is %s", mac_format(config->mac, text));
    links->target.mac_changed(links->target.context);
}

static void side_changed(struct bridge_links *links, struct bound_side *side, struct link_info link)
{
    const bool was_awaited = config_of(links)->mac_awaited;
    if (side->side == SIDE_UPSTREAM)
        find_bridge_mac(links, &link);
    else if (was_awaited)
        return; /* no host is to know a bridge MAC that changes */
    if (side->ifindex != link.index && !bind_side(links, side, &link))
        return;
    look_again(links, side, &link);
    if (side->side == SIDE_UPSTREAM)
        find_router_mac(links);
    log_link(side, &link);
    report_link(links, side->side, link.up, link.mtu_bytes);
    if (was_awaited)
        bridge_links_look_up(links); /* downstream's turn has come */
}

/* By its name or by an alternative name, which the kernel's news do not carry. */
static bool is_configured(const struct bridge_links *links, const struct bound_side *side,
                          const struct link_info *link)
{
    struct link_info now;
    const char *name = configured_name(links, side->side);
    if (strcmp(link->name, name) == 0)
        return true;
    return (side->ifindex == link->index || side->ifindex == 0) &&
           netlink_link(links->target.sockets->requests, name, &now) == 0 && now.index == link->index;
}

static void link_event(const struct link_info *link, void *context)
{
    struct bridge_links *links = context;
    for (unsigned i = 0; i < SIDES; i++) {
        struct bound_side *side = &links->sides[i];
        const bool ours = !link->gone && is_configured(links, side, link);
        if (ours)
            side_changed(links, side, *link);
        else if (side->ifindex == link->index)
            side_lost(links, side);
    }
}

void bridge_links_look_up(struct bridge_links *links)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct bound_side *side = &links->sides[i];
        struct link_info link;
        const char *name = configured_name(links, side->side);
        const int error = netlink_link(links->target.sockets->requests, name, &link);
        if (error == 0) {
            side_changed(links, side, link);
            continue;
        }
        side_lost(links, side);
        if (is_news(side, LINK_MISSING) || strcmp(side->name, name) != 0)
            log_warning("waiting for %s (%s): %s", name, side_name(side->side), strerror(-error));
    }
}

/* Who makes a tap holds it for a moment: it is busy when the kernel announces it. */
void bridge_links_retry(struct bridge_links *links)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct bound_side *side = &links->sides[i];
        struct link_info link;
        if (side->state != LINK_REFUSED ||
            netlink_link(links->target.sockets->requests, configured_name(links, side->side), &link) != 0)
            continue;
        side_changed(links, side, link);
        links->target.touched(links->target.context);
    }
}

static void links_ready(void *context)
{
    struct bridge_links *links = context;
    if (netlink_read_links(links->target.sockets->links, link_event, links) == -ENOBUFS)
        bridge_links_look_up(links);
    links->target.touched(links->target.context);
}

struct bridge_links *bridge_links_new(struct loop *loop, const struct bridge_links_target *target)
{
    struct bridge_links *links = calloc(1, sizeof(*links));
    if (links == NULL)
        return NULL;
    links->target = *target;
    for (unsigned i = 0; i < SIDES; i++)
        links->sides[i].side = (enum side)i;
    links->readable = loop_readable(loop, LOOP_CONTROL, netlink_fd(target->sockets->links), links_ready, links);
    if (links->readable != NULL)
        return links;
    free(links);
    return NULL;
}

void bridge_links_free(struct bridge_links *links, bool leave)
{
    if (links == NULL)
        return;
    loop_source_free(links->readable);
    for (unsigned i = 0; i < SIDES && !leave; i++)
        lower_side(links, &links->sides[i]);
    free(links);
}
