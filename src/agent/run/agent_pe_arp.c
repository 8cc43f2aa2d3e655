/* agent_pe_arp.c: what a running agent says and hears: its claimants at the packet socket, and what they tell.
 * In: frames, time. Out: frames, log lines, the state for `status`. Called by: the agent's files. Never: decides what is
 * said: that is the claimant's. */
#include "pearpd/clock.h"
#include "pearpd/l4.h"
#include "pearpd/log.h"

#include "agent_state.h"
#include "host/run_files.h"
#include "host/text.h"
#include "pe_arp/pe_arp_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define FRAMES_PER_WAKE  64 /* the loop has others to serve */
#define OTHERS_GAP_S     10
#define OTHERS_BURST     5
#define LINE_BYTES       160
#define STATE_TEXT_BYTES 8192

/* Those on ports of the range at this place. */
static void put_services(struct text *t, const struct agent *agent, size_t index)
{
    const struct services_config *services = &agent->options->services;
    struct service_config there;
    char address[IPV4_TEXT_BYTES];
    for (size_t i = 0; i < services->count; i++)
        if (service_on(&services->services[i], &agent->wish.held.held[index], &there))
            text_put(t, "service %s %s %s:%u %s %s\n", there.name, l4_protocol_name(there.protocol),
                     ipv4_format(there.address, address), there.port,
                     agent->claimants[index].challenged ? "yes" : "no",
                     service_dns_word(services_dns(agent->services, i)));
}

void agent_write_state(const struct agent *agent)
{
    char name[RUN_NAME_BYTES], mac[MAC_TEXT_BYTES], address[IPV4_TEXT_BYTES], held[HELD_TEXT_BYTES];
    char bytes[STATE_TEXT_BYTES];
    struct text t = {.at = bytes, .left = sizeof(bytes)};
    text_put(&t, "link %s\nbridge %s\ngateway %s\n", agent->link_up ? "up" : "down",
             mac_is_zero(agent->bridge) ? "" : mac_format(agent->bridge, mac),
             agent->gateway.host == 0 ? "" : ipv4_format(agent->gateway, address));
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        if (agent->claimants[i].challenged)
            text_put(&t, "heard-of %s\n", held_format(&agent->wish.held.held[i], held));
        put_services(&t, agent, i);
    }
    if (agent->options->dhcp != DHCP_CLIENT_NONE && agent->wish.held.count == agent->own.count)
        text_put(&t, "waiting %" PRIu64 "\n", agent->undo.namespace_cookie);
    const int error = run_write(agent->directory, run_name(agent->options->interface, "state", name), bytes,
                                (size_t)(t.at - bytes), false);
    if (error != 0)
        log_warning("cannot write /run/pearp-agent/%s: %s", name, strerror(-error));
}

void agent_remove_state(const struct agent *agent)
{
    char name[RUN_NAME_BYTES];
    const int error = run_remove(agent->directory, run_name(agent->options->interface, "state", name));
    if (error != 0)
        log_warning("cannot remove /run/pearp-agent/%s: %s", name, strerror(-error));
}

static void send_made(const struct made *made, void *context)
{
    struct agent *agent = context;
    uint8_t bytes[PE_ARP_SOCKET_FRAME_BYTES];
    char to[MAC_TEXT_BYTES];
    const int length = frame_build(agent->builder, made, bytes, sizeof(bytes));
    const int error = length < 0 ? length : pe_arp_socket_send(agent->socket, bytes, (size_t)length);
    if (error == 0) {
        agent->send_fault_logged = false;
        log_debug("sent %s to %s", pe_arp_type_name(made->pe_arp.type), mac_format(made->destination, to));
        return;
    }
    if (!agent->send_fault_logged)
        log_warning("cannot send a %s: %s", pe_arp_type_name(made->pe_arp.type), strerror(-error));
    agent->send_fault_logged = true;
}

static void hear_epoch(struct agent *agent, const struct pe_arp *hello)
{
    char mac[MAC_TEXT_BYTES];
    const struct mac bridge = agent->bridge;
    const struct ipv4 gateway = agent->gateway;
    if (agent->epoch_logged && agent->epoch == hello->nonce)
        return; /* another range heard it too */
    agent->epoch_logged = true;
    agent->epoch = hello->nonce;
    if (hello->shared_mac.present)
        agent->bridge = hello->shared_mac.mac;
    log_info("a bridge says hello from %s", mac_format(hello->sha, mac));
    if (agent->gateway.host == 0 && hello->gateway.present)
        agent_settings_use_gateway(agent, hello->gateway.address);
    if (!mac_equal(bridge, agent->bridge) || gateway.host != agent->gateway.host)
        agent_write_state(agent);
}

/* The bridge asked for a port of ours: what is served there can be reached. */
static void be_heard(struct agent *agent, const char *bridge, const struct port_address *asked)
{
    char text[HELD_TEXT_BYTES];
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct held *held = &agent->wish.held.held[i];
        if (held->range.address.host != asked->address.host || !held_has(held, asked->first))
            continue;
        log_notice("the bridge at %s has heard of %s", bridge, held_format(held, text));
        services_heard(agent->services, held);
    }
}

/* What a hostile host can make this one say again and again: some lines, then one in OTHERS_GAP_S with the number of the
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

/* What the claimant tells of, at the place that it has now. */
void agent_tell_services(struct agent *agent, size_t index)
{
    const size_t length = services_tlvs(&agent->options->services, &agent->wish.held.held[index],
                                        agent->tlvs[index], sizeof(agent->tlvs[index]));
    claimant_services(&agent->claimants[index], agent->tlvs[index], length);
}

static void tell(enum claimant_event event, const struct pe_arp *message, void *context)
{
    struct agent *agent = context;
    if (agent_tell_resize(agent, event, message))
        return;
    char sender[MAC_TEXT_BYTES], range[RANGE_TEXT_BYTES], line[LINE_BYTES];
    const struct port_address *a = event == CLAIMANT_CONFLICT ? &message->spa : &message->tpa;
    mac_format(message->sha, sender);
    range_format(&(struct range){a->address, a->first, a->last}, range);
    switch (event) {
    case CLAIMANT_CHALLENGED:
        be_heard(agent, sender, a);
        agent_write_state(agent);
        break;
    case CLAIMANT_CONFLICT:
        snprintf(line, sizeof(line), "%s claims %s, which is held here", sender, range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_ACCUSED:
        snprintf(line, sizeof(line), "%s says that %s is its own", sender, range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_EPOCH:
        hear_epoch(agent, message);
        break;
    case CLAIMANT_UNMANAGED:
        snprintf(line, sizeof(line), "the bridge at %s manages %s: a range held here is not in it", sender,
                 range);
        log_of_others(agent, line);
        break;
    case CLAIMANT_FORGED:
        agent->forged_now = true;
        log_debug("a frame that says it is from %s is not, or is not signed with a key that is known", sender);
        break;
    case CLAIMANT_RESIZED:
    case CLAIMANT_REFUSED:
    case CLAIMANT_UNANSWERED:
        break;
    }
}

struct claimant_out agent_claimant_out(struct agent *agent)
{
    return (struct claimant_out){.send = send_made, .event = tell, .context = agent};
}

void agent_arm(struct agent *agent)
{
    const struct claimant_out out = agent_claimant_out(agent);
    const uint64_t now_ns = clock_now_ns();
    uint64_t next_ns = UINT64_MAX;
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const uint64_t due_ns = claimant_tick(&agent->claimants[i], now_ns, &out);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    loop_timer_set(agent->timer, next_ns == UINT64_MAX ? UINT64_MAX : next_ns > now_ns ? next_ns - now_ns : 0);
}

void agent_on_timer(void *context)
{
    agent_arm(context);
}

void agent_on_readable(void *context)
{
    struct agent *agent = context;
    const struct claimant_out out = agent_claimant_out(agent);
    for (unsigned i = 0; i < FRAMES_PER_WAKE; i++) {
        uint8_t bytes[PE_ARP_SOCKET_FRAME_BYTES];
        struct claimant_frame heard;
        const int got = pe_arp_socket_next(agent->socket, bytes, &heard);
        if (got == -EAGAIN)
            break;
        if (got < 0)
            log_info("packet socket: %s", strerror(-got));
        agent->forged_now = false;
        for (size_t k = 0; got == 1 && k < agent->wish.held.count; k++)
            claimant_message(&agent->claimants[k], clock_now_ns(), &heard, &out);
        agent->forged += agent->forged_now;
    }
    agent_arm(agent);
}

static void start_claimant(struct agent *agent, size_t index, const struct link_info *link)
{
    const struct claimant_keys keys = {agent->options->keys, agent->options->key_count, &agent->number};
    const struct claimant_out out = agent_claimant_out(agent);
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = clock_now_ns() ^ mac_number(link->mac) ^ index;
    claimant_init(&agent->claimants[index], &agent->wish.held.held[index], link->mac, agent->options->ethertype,
                  seed, &keys);
    agent_tell_services(agent, index);
    claimant_link(&agent->claimants[index], clock_now_ns(), link->up, link->mac, &out);
}

void agent_start_claimants(struct agent *agent, const struct link_info *link, const struct held_list *before)
{
    char held[HELD_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    struct claimant kept[HELD_MAX];
    memcpy(kept, agent->claimants, sizeof(kept));
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct held *h = &agent->wish.held.held[i];
        const size_t was = held_find(before, h);
        if (was < before->count) {
            agent->claimants[i] = kept[was];
            agent_tell_services(agent, i);
            continue;
        }
        start_claimant(agent, i, link);
        log_notice("holding %s on %s (%s)%s", held_format(h, held), link->name, mac_format(link->mac, mac),
                   link->up ? "" : ", which is down");
    }
}
