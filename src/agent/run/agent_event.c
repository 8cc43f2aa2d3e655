/* agent_event.c: see agent_event.h. */
#include "agent_event.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_resize.h"
#include "agent_settings.h"
#include "agent_state.h"

#include <inttypes.h>
#include <stdio.h>

#define OTHERS_GAP_S 10
#define OTHERS_BURST 5
#define LINE_BYTES   160

static void take_epoch(struct agent *agent, const struct pe_arp *hello)
{
    char mac[MAC_TEXT_BYTES];
    const struct mac bridge = agent->bridge;
    if (agent->epoch_logged && agent->epoch == hello->nonce)
        return; /* another range has reported it */
    agent->epoch_logged = true;
    agent->epoch = hello->nonce;
    agent->gateway_refused = (struct ipv4){0};
    agent->bridge = hello->sha;
    log_info("HELLO from the bridge %s", mac_format(hello->sha, mac));
    if (!mac_equal(bridge, agent->bridge))
        agent_state_write(agent);
}

static void bridge_silent(struct agent *agent, struct mac bridge)
{
    char mac[MAC_TEXT_BYTES];
    if (mac_equal(agent->bridge, bridge)) { /* another range has not reported it */
        agent->bridge = (struct mac){{0}};
        log_warning("nothing was heard of the bridge %s for %d HELLO periods", mac_format(bridge, mac),
                    CLAIMANT_SILENT_HELLOS);
    }
    agent_state_write(agent);
}

/* One that is configured, or known already, stays. */
static void take_gateway(struct agent *agent, struct ipv4 gateway)
{
    if (agent->gateway.host != 0)
        return;
    agent_settings_use_gateway(agent, gateway);
    if (agent->gateway.host != 0)
        agent_state_write(agent);
}

/* The bridge asked for a port of ours: what is served there can be reached. */
static void range_asked(struct agent *agent, const char *bridge, const struct port_address *asked)
{
    char text[PORT_RANGE_TEXT_BYTES];
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct port_range *held = &agent->wish.held.ranges[i];
        if (held->range.address.host != asked->address.host || !port_range_has(held, asked->first))
            continue;
        log_notice("the bridge at %s asked for %s", bridge, port_range_format(held, text));
        services_range_asked(agent->services, held);
    }
}

/* What a hostile host can make this one log again and again: some lines, then one in OTHERS_GAP_S with the number of the
 * rest. */
static void log_of_others(struct agent *agent, const char *line)
{
    static const struct rate_limit limit = {OTHERS_GAP_S * NS_PER_S,
                                            (OTHERS_BURST - 1) * OTHERS_GAP_S * NS_PER_S};
    if (!rate_take(&agent->others_rate, limit, clock_now_ns())) {
        agent->others_not_logged++;
        return;
    }
    if (agent->others_not_logged > 0)
        log_warning("%s; %" PRIu64 " more like it since the last line", line, agent->others_not_logged);
    else
        log_warning("%s", line);
    agent->others_not_logged = 0;
}

void agent_on_claimant_event(enum claimant_event event, const struct pe_arp *message, void *context)
{
    struct agent *agent = context;
    if (agent_resize_event(agent, event, message))
        return;
    char sender[MAC_TEXT_BYTES], range[RANGE_TEXT_BYTES], line[LINE_BYTES];
    const struct port_address *a = event == CLAIMANT_CONFLICT ? &message->spa : &message->tpa;
    mac_format(message->sha, sender);
    range_format(&(struct range){a->address, a->first, a->last}, range);
    switch (event) {
    case CLAIMANT_CHALLENGED:
        agent->bridge = message->sha;
        range_asked(agent, sender, a);
        agent_state_write(agent);
        break;
    case CLAIMANT_UNHEARD:
        agent_state_write(agent);
        break;
    case CLAIMANT_SILENT:
        bridge_silent(agent, message->sha);
        break;
    case CLAIMANT_DISPLACED:
        if (mac_is_zero(message->sha))
            log_warning(
                "%s is displaced: the bridge does not ask for it; another host holds it, or this host may not",
                range);
        else
            log_warning("%s is displaced: %s claims it, and the bridge does not ask this host for it", range,
                        sender);
        agent_state_write(agent);
        break;
    case CLAIMANT_CONFLICT:
        snprintf(line, sizeof(line), "%s claims %s, which this host holds", sender, range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_ACCUSED:
        snprintf(line, sizeof(line), "%s objects: it holds %s", sender, range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_EPOCH:
        take_epoch(agent, message);
        break;
    case CLAIMANT_GATEWAY:
        take_gateway(agent, message->gateway.address);
        break;
    case CLAIMANT_UNMANAGED:
        snprintf(line, sizeof(line), "the bridge %s manages %s: a range of this host is outside", sender,
                 range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_FORGED:
        agent->forged_now = true;
        log_debug(
            "a PE-ARP message from %s is refused: its sender is not the Ethernet source, AUTH is missing or "
            "wrong or of a key with another role, or it is a HELLO with an old number or not of the bridge "
            "that asks this host",
            sender);
        break;
    case CLAIMANT_RESIZED:
    case CLAIMANT_REFUSED:
    case CLAIMANT_UNANSWERED:
        break;
    }
}
