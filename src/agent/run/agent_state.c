/* agent_state.c: see agent_state.h: what `status` reads of a running agent, and its end after a fault. */
#include "agent_state.h"

#include "pearpd/l4.h"
#include "pearpd/log.h"

#include "host/run_files.h"
#include "host/text.h"

#include <inttypes.h>
#include <string.h>

#define STATE_TEXT_BYTES 8192

void agent_fail(struct agent *agent)
{
    agent->exit_status = 1;
    loop_stop(agent->loop);
}

/* Those on ports of the range at this place. */
static void put_services(struct text *t, const struct agent *agent, size_t index)
{
    const struct services_config *services = &agent->options->services;
    struct service_config there;
    char address[IPV4_TEXT_BYTES];
    for (size_t i = 0; i < services->count; i++)
        if (service_on(&services->services[i], &agent->wish.held.ranges[index], &there))
            text_put(t, "service %s %s %s:%u %s %s\n", there.name, l4_protocol_name(there.protocol),
                     ipv4_format(there.address, address), there.port,
                     agent->claimants[index].challenged ? "yes" : "no",
                     service_dns_word(services_dns(agent->services, i)));
}

void agent_state_write(const struct agent *agent)
{
    char name[RUN_NAME_BYTES], mac[MAC_TEXT_BYTES], address[IPV4_TEXT_BYTES], held[PORT_RANGE_TEXT_BYTES];
    char bytes[STATE_TEXT_BYTES];
    struct text t = {.at = bytes, .left = sizeof(bytes)};
    text_put(&t, "link %s\nbridge %s\ngateway %s\n", agent->link_up ? "up" : "down",
             mac_is_zero(agent->bridge) ? "" : mac_format(agent->bridge, mac),
             agent->gateway.host == 0 ? "" : ipv4_format(agent->gateway, address));
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        port_range_format(&agent->wish.held.ranges[i], held);
        if (agent->claimants[i].challenged)
            text_put(&t, "heard-of %s\n", held);
        if (agent->claimants[i].displaced)
            text_put(&t, "displaced %s\n", held);
        put_services(&t, agent, i);
    }
    if (agent->options->dhcp != DHCP_CLIENT_NONE && agent->wish.held.count == agent->own.count)
        text_put(&t, "waiting %" PRIu64 "\n", agent->undo.namespace_cookie);
    const int error = run_write(agent->directory, run_name(agent->options->interface, "state", name), bytes,
                                (size_t)(t.at - bytes), false);
    if (error != 0)
        log_warning("cannot write /run/pearp-agent/%s: %s", name, strerror(-error));
}

void agent_state_remove(const struct agent *agent)
{
    char name[RUN_NAME_BYTES];
    const int error = run_remove(agent->directory, run_name(agent->options->interface, "state", name));
    if (error != 0)
        log_warning("cannot remove /run/pearp-agent/%s: %s", name, strerror(-error));
}
