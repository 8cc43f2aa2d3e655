/* agent_lease.c: see agent_lease.h. */
#include "agent_lease.h"

#include "pearpd/log.h"

#include "agent_pe_arp.h"
#include "agent_settings.h"
#include "agent_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The settings, and *link; an interface that is gone keeps its *link, and gets them when it comes again. */
static int apply_where_there(struct agent *agent, struct link_info *link)
{
    struct link_info now;
    const int error = netlink_link(agent->netlink, agent->options->interface, &now);
    if (error == -ENODEV)
        return 0;
    if (error == 0) {
        *link = now;
        return agent_settings_apply(agent);
    }
    log_error("interface %s: %s", agent->options->interface, strerror(-error));
    return error;
}

/* Holds these from now on: what is no longer among them is withdrawn, what stays is not claimed again. */
static int hold_these(struct agent *agent, const struct range_list *held)
{
    const struct range_list before = agent->wish.held;
    struct link_info link = {.index = agent->ifindex, .mac = agent->mac};
    snprintf(link.name, sizeof(link.name), "%s", agent->options->interface);
    claimant_give_up(&agent->claimants[agent->resizing], &agent->out);
    for (size_t i = 0; i < before.count; i++)
        if (range_list_find(held, &before.ranges[i]) == held->count) {
            services_range_lost(agent->services, &before.ranges[i]);
            claimant_stop(&agent->claimants[i], &agent->out);
        }
    int error = agent_settings_undo(agent);
    agent->wish.held = *held;
    if (error == 0)
        error = apply_where_there(agent, &link);
    if (error != 0)
        return error;
    usage_alarm_forget(&agent->alarm);
    agent_pe_arp_start(agent, &link, &before);
    agent_state_write(agent);
    agent_pe_arp_arm(agent);
    return 0;
}

void agent_lease_changed(const struct lease *lease, void *context)
{
    struct agent *agent = context;
    struct range_list held = agent->own;
    char text[PORT_RANGE_TEXT_BYTES], other_text[PORT_RANGE_TEXT_BYTES];
    size_t other = 0;
    const int error = lease->bound ? range_list_add(&held, &lease->held, &other) : 0;
    if (error != 0)
        log_warning("the lease of %s is ignored: %s %s", port_range_format(&lease->held, text),
                    error == -EEXIST ? "it shares ports with" : "there is no room beside",
                    port_range_format(&held.ranges[other], other_text));
    agent->wish.gateway = agent->options->gateway.host != 0 ? agent->options->gateway : lease->gateway;
    if (hold_these(agent, &held) != 0)
        agent_fail(agent);
    else if (!lease->bound && agent->options->lease)
        loop_stop(agent->loop);
}
