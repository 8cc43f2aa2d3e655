/* agent_usage.c: see agent_usage.h. */
#include "agent_usage.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_state.h"
#include "status/metrics.h"
#include "usage/usage_check.h"

#include <string.h>

static void write_metrics(struct agent *agent, uint64_t look_ns)
{
    struct metrics metrics = {.interface = agent->options->interface,
                              .link_up = agent->link_up,
                              .range_count = agent->wish.held.count,
                              .outside_sockets = agent->alarm.outside_sockets,
                              .forged = agent->forged,
                              .restored = agent->restored,
                              .look_s = (double)look_ns / (double)NS_PER_S};
    const struct lease *lease = lease_follower_lease(agent->leases);
    const uint64_t now_s = clock_now_ns() / NS_PER_S;
    for (size_t i = 0; i < metrics.range_count; i++)
        metrics.ranges[i] = (struct metrics_range){.held = agent->wish.held.ranges[i],
                                                   .leased = lease_is_of(lease, &agent->wish.held.ranges[i]),
                                                   .lease_s = lease_left_s(lease, now_s),
                                                   .heard = agent->claimants[i].challenged,
                                                   .used = agent->alarm.ranges[i].used,
                                                   .sockets = agent->alarm.ranges[i].sockets,
                                                   .counts = agent->claimants[i].counts};
    for (size_t i = 0; i < agent->options->services.count; i++) {
        const enum service_dns dns = services_dns(agent->services, i);
        if (dns != SERVICE_DNS_NONE)
            metrics_add_service(&metrics, &agent->options->services.services[i], dns == SERVICE_DNS_PUBLISHED);
    }
    const int error = metrics_write(&metrics, agent->options->metrics);
    if (error != 0 && !agent->metrics_fault_logged)
        log_warning("cannot write %s: %s", agent->options->metrics, strerror(-error));
    agent->metrics_fault_logged = error != 0;
}

void agent_usage_on_timer(void *context)
{
    struct agent *agent = context;
    const uint64_t begun_ns = clock_now_ns();
    const int error = usage_check_sockets(&agent->alarm, agent->options->interface, &agent->wish.held);
    if (error != 0 && !agent->check_fault_logged)
        log_warning("cannot list the sockets: %s", strerror(-error));
    agent->check_fault_logged = error != 0;
    if (agent->options->metrics[0] != '\0')
        write_metrics(agent, clock_now_ns() - begun_ns);
    settings_watch_look_soon(agent->settings_watch); /* sysctls change without a word */
    loop_timer_set(agent->watch_timer, agent->options->watch_s * NS_PER_S);
}
