/* announce.c: see announce.h. */
#include "announce.h"

#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/frame_send.h"
#include "tables/shared_address.h"

#include <stdlib.h>

#define ANNOUNCE_AGAIN_NS (2 * NS_PER_S)

struct announcer {
    struct timer announce_timer, hello_timer;
};

struct announcer *announcer_new(void)
{
    struct announcer *announcer = calloc(1, sizeof(*announcer));
    if (announcer == NULL)
        return NULL;
    announcer->announce_timer.kind = TIMER_ANNOUNCE;
    announcer->hello_timer.kind = TIMER_HELLO;
    return announcer;
}

void announcer_free(struct announcer *announcer)
{
    free(announcer);
}

/* RFC 5227 section 3: a request whose sender and target are the address itself. */
void announce_address(struct engine *e, uint32_t address_index)
{
    struct ipv4 address = e->config.addresses[address_index].address;
    struct tx_frame tx = tx_frame_of(e, TX_ARP, mac_broadcast, ETHERTYPE_ARP);
    tx.arp = (struct arp){
        .hardware = ARP_HRD_ETHERNET,
        .operation = ARP_OP_REQUEST,
        .sha = e->config.mac,
        .spa = address,
        .tpa = address,
    };
    tx_frame_send(e, SIDE_UPSTREAM, &tx);
}

static void announce_all(struct engine *e)
{
    for (uint32_t i = 0; i < e->config.address_count; i++)
        announce_address(e, i);
}

void announce_upstream(struct engine *e)
{
    announce_all(e);
    timer_set(e->timers, &e->announcer->announce_timer, e->now_ns + ANNOUNCE_AGAIN_NS);
}

/* Zero: none. */
struct ipv4 announce_gateway(const struct engine *e, uint32_t address_index)
{
    struct ipv4 gateway = e->config.addresses[address_index].gateway;
    return gateway.host != 0 ? gateway : e->config.dhcp.router;
}

bool announce_is_gateway(const struct engine *e, uint32_t address_index, const struct arp *request)
{
    struct ipv4 gateway = announce_gateway(e, address_index);
    bool is_router = e->config.has_router_mac && mac_equal(request->sha, e->config.router_mac);
    if (gateway.host != 0)
        return request->spa.host == gateway.host && (is_router || !e->config.has_router_mac);
    return is_router && request->spa.host != 0;
}

/* The gateway of the configuration, its MAC address zero until it asked for the shared address; or router-mac. What
 * asked before a reload may be neither. */
static void put_gateway(const struct engine *e, uint32_t address_index, struct pe_arp *hello)
{
    const struct shared_address *shared = shared_address_at(e, address_index);
    const struct arp asked = {.spa = shared->router, .sha = shared->router_mac};
    struct ipv4 gateway = announce_gateway(e, address_index);
    bool is_known = announce_is_gateway(e, address_index, &asked);
    hello->gateway.present = is_known || gateway.host != 0;
    hello->gateway.address = is_known ? shared->router : gateway;
    hello->gateway.mac = is_known ? shared->router_mac : mac_zero;
}

static void hello(struct engine *e, uint32_t address_index)
{
    const struct config_address *a = &e->config.addresses[address_index];
    struct tx_frame tx = tx_frame_of(e, TX_PE_ARP, mac_broadcast, e->config.encap);
    tx.pe_arp = (struct pe_arp){
        .type = PE_ARP_HELLO,
        .sha = e->config.mac,
        .tpa = {a->address, 0, a->ports_first, a->ports_last},
        .lifetime_s = (uint16_t)e->config.limits.hello_window_s,
        .nonce = e->seed.epoch,
    };
    tx.pe_arp.shared_mac.present = true;
    tx.pe_arp.shared_mac.mac = e->config.mac;
    tx.pe_arp.seq.present = e->seed.hello_seq != 0;
    if (tx.pe_arp.seq.present)
        tx.pe_arp.seq.number = e->seed.hello_seq++;
    put_gateway(e, address_index, &tx.pe_arp);
    tx_frame_send(e, SIDE_DOWNSTREAM, &tx);
}

void announce_downstream(struct engine *e)
{
    for (uint32_t i = 0; i < e->config.address_count; i++)
        hello(e, i);
    timer_set(e->timers, &e->announcer->hello_timer, e->now_ns + e->config.limits.hello_s * NS_PER_S);
}

void announce_due(struct engine *e, enum timer_kind kind)
{
    if (kind == TIMER_HELLO)
        announce_downstream(e);
    else
        announce_all(e);
}

bool announce_has_begun(const struct engine *e)
{
    return timer_armed(&e->announcer->hello_timer);
}

void announce_postpone(struct engine *e, uint64_t until_ns)
{
    struct timer *timer = &e->announcer->hello_timer;
    uint64_t period_ns = e->config.limits.hello_s * NS_PER_S;
    if (!timer_armed(timer) || timer->due_ns >= until_ns)
        return;
    uint64_t turns = (until_ns - timer->due_ns + period_ns - 1) / period_ns;
    timer_set(e->timers, timer, timer->due_ns + turns * period_ns);
}
