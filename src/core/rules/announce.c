/* announce.c: what the bridge says unasked: gratuitous ARP upstream, HELLO downstream.
 * Called by: engine (start, links, timers), arp_rules (defence). */
#include "internal.h"

#define ANNOUNCE_AGAIN_NS (2 * SECOND_NS)

/* RFC 5227 section 3: a request, sender and target the address itself. */
void announce_address(struct engine *e, uint32_t address_index)
{
    struct ipv4 address = e->config.addresses[address_index].address;
    struct made made = made_of(e, MADE_ARP, mac_broadcast, ETHERTYPE_ARP);
    made.arp = (struct arp){
        .hardware = ARP_HRD_ETHERNET,
        .operation = ARP_OP_REQUEST,
        .sha = e->config.mac,
        .spa = address,
        .tpa = address,
    };
    make(e, SIDE_UPSTREAM, &made);
}

static void announce_all(struct engine *e)
{
    for (uint32_t i = 0; i < e->config.address_count; i++)
        announce_address(e, i);
}

void announce_upstream(struct engine *e)
{
    announce_all(e);
    timer_set(e->timers, &e->announce_timer, e->now_ns + ANNOUNCE_AGAIN_NS);
}

static void hello(struct engine *e, uint32_t address_index)
{
    const struct config_address *a = &e->config.addresses[address_index];
    const struct shared *shared = &e->shared[address_index];
    struct made made = made_of(e, MADE_PE_ARP, mac_broadcast, e->config.encap);
    made.pe_arp = (struct pe_arp){
        .type = PE_ARP_HELLO,
        .sha = e->config.mac,
        .tpa = {a->address, 0, a->ports_first, a->ports_last},
        .lifetime_s = (uint16_t)e->config.limits.hello_window_s,
        .nonce = e->seed.epoch,
    };
    made.pe_arp.shared_mac.present = true;
    made.pe_arp.shared_mac.mac = e->config.mac;
    if (shared->has_gateway) {
        made.pe_arp.gateway.present = true;
        made.pe_arp.gateway.address = shared->gateway;
        made.pe_arp.gateway.mac = shared->gateway_mac;
    }
    make(e, SIDE_DOWNSTREAM, &made);
}

void announce_downstream(struct engine *e)
{
    for (uint32_t i = 0; i < e->config.address_count; i++)
        hello(e, i);
    timer_set(e->timers, &e->hello_timer, e->now_ns + e->config.limits.hello_s * SECOND_NS);
}

void announce_due(struct engine *e, enum timer_kind kind)
{
    if (kind == TIMER_HELLO)
        announce_downstream(e);
    else
        announce_all(e);
}
