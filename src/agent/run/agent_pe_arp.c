/* agent_pe_arp.c: see agent_pe_arp.h. */
#include "agent_pe_arp.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "agent_state.h"
#include "pe_arp/pe_arp_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define FRAMES_PER_WAKE 64 /* the loop has others to serve */

void agent_pe_arp_send(const struct tx_frame *made, void *context)
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

/* An event of the claimant, at the place that it has now. */
void agent_pe_arp_services(struct agent *agent, size_t index)
{
    const size_t length = services_tlvs(&agent->options->services, &agent->wish.held.ranges[index],
                                        agent->tlvs[index], sizeof(agent->tlvs[index]));
    claimant_services(&agent->claimants[index], agent->tlvs[index], length);
}

void agent_pe_arp_arm(struct agent *agent)
{
    const uint64_t now_ns = clock_now_ns();
    agent->number = claimant_number(agent->number, clock_wall_us());
    uint64_t next_ns = UINT64_MAX;
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const uint64_t due_ns = claimant_tick(&agent->claimants[i], now_ns, &agent->out);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    loop_timer_set(agent->timer, next_ns == UINT64_MAX ? UINT64_MAX : next_ns > now_ns ? next_ns - now_ns : 0);
}

void agent_pe_arp_on_timer(void *context)
{
    agent_pe_arp_arm(context);
}

void agent_pe_arp_on_readable(void *context)
{
    struct agent *agent = context;
    agent->number = claimant_number(agent->number, clock_wall_us());
    for (unsigned i = 0; i < FRAMES_PER_WAKE; i++) {
        uint8_t bytes[PE_ARP_SOCKET_FRAME_BYTES];
        struct claimant_frame frame;
        const int got = pe_arp_socket_next(agent->socket, bytes, &frame);
        if (got == -EAGAIN)
            break;
        if (got < 0)
            log_info("packet socket: %s", strerror(-got));
        agent->forged_now = false;
        for (size_t k = 0; got == 1 && k < agent->wish.held.count; k++)
            claimant_message(&agent->claimants[k], clock_now_ns(), &frame, &agent->out);
        agent->forged += agent->forged_now;
    }
    agent_pe_arp_arm(agent);
}

static void start_claimant(struct agent *agent, size_t index, const struct link_info *link)
{
    const struct claimant_keys keys = {agent->options->keys, agent->options->key_count, &agent->number};
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = clock_now_ns() ^ mac_number(link->mac) ^ index;
    claimant_init(&agent->claimants[index], &agent->wish.held.ranges[index], link->mac,
                  agent->options->ethertype, seed, &keys);
    agent_pe_arp_services(agent, index);
    claimant_link(&agent->claimants[index], clock_now_ns(), link->up, link->mac, &agent->out);
}

void agent_pe_arp_start(struct agent *agent, const struct link_info *link, const struct range_list *before)
{
    char held[PORT_RANGE_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    struct claimant kept[RANGES_MAX];
    memcpy(kept, agent->claimants, sizeof(kept));
    for (size_t i = 0; i < agent->wish.held.count; i++) {
        const struct port_range *h = &agent->wish.held.ranges[i];
        const size_t was = range_list_find(before, h);
        if (was < before->count) {
            agent->claimants[i] = kept[was];
            agent_pe_arp_services(agent, i);
            continue;
        }
        start_claimant(agent, i, link);
        log_notice("holding %s on %s (%s)%s", port_range_format(h, held), link->name,
                   mac_format(link->mac, mac), link->up ? "" : ", which is down");
    }
}
