/* agent_link.c: see agent_link.h. */
#include "agent_link.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_pe_arp.h"
#include "agent_settings.h"
#include "agent_state.h"
#include "pe_arp/pe_arp_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The interface was created again under its name: its settings are those of a new one. */
static int move_to(struct agent *agent, const struct link_info *link)
{
    log_notice("interface %s was created again", link->name);
    agent->ifindex = link->index;
    int error = agent_settings_undo(agent);
    if (error == 0)
        error = agent_settings_apply(agent);
    if (error == 0)
        error = pe_arp_socket_bind(agent->socket, link->index, agent->options->ethertype);
    if (error == -ENODEV)
        return 0; /* gone again */
    if (error == 0)
        agent_state_write(agent);
    return error;
}

static void follow_link(struct agent *agent, const struct link_info *link)
{
    const bool was_up = agent->link_up, up = link->up && !link->gone;
    const bool changed = up != was_up || (up && !mac_equal(link->mac, agent->mac));
    int error = 0;
    if (agent->ifindex == 0) {
        if (!link->gone && agent->begin(agent) != 0)
            agent_fail(agent);
        return;
    }
    if (!link->gone && link->index != agent->ifindex)
        error = move_to(agent, link);
    else if (up && !was_up)
        error = agent_settings_apply(agent);
    if (error != 0) {
        agent_fail(agent);
        return;
    }
    if (up != was_up)
        log_notice("%s is %s", link->name, up ? "up" : link->gone ? "gone" : "down");
    else if (up && !mac_equal(link->mac, agent->mac))
        log_notice("%s has another MAC address: claiming again with it", link->name);
    if (changed)
        agent->bridge = (struct mac){{0}};
    agent->mac = link->mac;
    agent->link_up = up;
    for (size_t i = 0; i < agent->wish.held.count; i++)
        claimant_link(&agent->claimants[i], clock_now_ns(), up, link->mac, &agent->out);
    if (changed)
        agent_state_write(agent);
    if (up && !was_up)
        services_retry(agent->services);
    agent_pe_arp_arm(agent);
}

static void on_link(const struct link_info *link, void *context)
{
    struct agent *agent = context;
    if (strcmp(link->name, agent->options->interface) != 0 || (link->gone && link->index != agent->ifindex))
        return;
    follow_link(agent, link);
}

void agent_link_on_news(void *context)
{
    struct agent *agent = context;
    const char *name = agent->options->interface;
    struct link_info link, gone = {.index = agent->ifindex, .mac = agent->mac, .gone = true};
    if (netlink_read_links(agent->watch, on_link, agent) == 0)
        return;
    const int error = netlink_link(agent->netlink, name, &link); /* some were lost */
    snprintf(gone.name, sizeof(gone.name), "%s", name);
    if (error == 0 || error == -ENODEV)
        follow_link(agent, error == 0 ? &link : &gone);
}
