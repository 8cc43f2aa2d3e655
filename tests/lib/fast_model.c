/* fast_model.c: see fast_model.h. */
#include "fast_model.h"

#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"
#include "pearpd/time_units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void note(struct fast_model *m, struct fast_call call)
{
    m->calls[m->call_count++ % FAST_MODEL_CALLS] = call;
    m->counts[call.kind]++;
}

/* The slot that the engine names, which must be put. */
static struct fast_model_slot *slot_of(struct fast_model *m, uint32_t slot)
{
    assert_in_range(slot, 1, FAST_MODEL_SLOTS - 1);
    assert_true(m->slots[slot].is_put);
    return &m->slots[slot];
}

static bool is_nothing(const struct fast_growth *g)
{
    return (g->to_owner_frames | g->from_owner_frames) == 0;
}

/* A slot that is neither put nor has counts that nobody took. */
static uint32_t free_slot(struct fast_model *m)
{
    for (unsigned i = 0; i < FAST_MODEL_SLOTS - 1; i++) {
        m->next_slot = m->next_slot % (FAST_MODEL_SLOTS - 1) + 1;
        if (!m->slots[m->next_slot].is_put && is_nothing(&m->slots[m->next_slot].growth))
            return m->next_slot;
    }
    return 0;
}

static uint32_t put(void *context, const struct port_range *ports, struct mac owner)
{
    struct fast_model *m = context;
    for (unsigned i = 0; i < port_range_spans(ports); i++)
        assert_null(fast_model_find(m, ports->range.address, port_range_span(ports, i).first));
    const uint32_t slot = fast_model_put_count(m) < m->room ? free_slot(m) : 0;
    note(m, (struct fast_call){.kind = FAST_PUT, .slot = slot, .mac = owner});
    if (slot != 0)
        m->slots[slot] = (struct fast_model_slot){.is_put = true, .ports = *ports, .owner = owner};
    return slot;
}

static void remove_slot(void *context, uint32_t slot)
{
    struct fast_model *m = context;
    note(m, (struct fast_call){.kind = FAST_REMOVE, .slot = slot, .mac = slot_of(m, slot)->owner});
    m->slots[slot].is_put = false;
}

/* The times stay until they are newer. */
static void growth_take(struct fast_growth *from, struct fast_growth *growth)
{
    *growth = *from;
    *from = (struct fast_growth){.from_owner_ns = growth->from_owner_ns,
                                 .has_ports = growth->has_ports,
                                 .low = growth->low,
                                 .high = growth->high};
}

static void take(void *context, uint32_t slot, struct fast_growth *growth)
{
    struct fast_model *m = context;
    note(m, (struct fast_call){.kind = FAST_TAKE, .slot = slot, .mac = slot_of(m, slot)->owner});
    growth_take(&m->slots[slot].growth, growth);
}

static bool rest(void *context, struct fast_rest *rest)
{
    struct fast_model *m = context;
    for (unsigned i = 1; i < FAST_MODEL_SLOTS; i++) {
        if (m->slots[i].is_put || is_nothing(&m->slots[i].growth))
            continue;
        rest->owner = m->slots[i].owner;
        growth_take(&m->slots[i].growth, &rest->growth);
        return true;
    }
    return false;
}

static void bridged(void *context, uint64_t frames[SIDES])
{
    struct fast_model *m = context;
    memcpy(frames, m->bridged, sizeof(m->bridged));
    memset(m->bridged, 0, sizeof(m->bridged));
}

static void mac_put(void *context, struct mac mac, enum side side, uint64_t now_ns)
{
    struct fast_model *m = context;
    struct fast_model_mac *known = fast_model_mac(m, mac);
    note(m, (struct fast_call){.kind = FAST_MAC_PUT, .mac = mac, .side = side});
    for (unsigned i = 0; known == NULL && i < FAST_MODEL_MACS; i++)
        if (!m->macs[i].is_known)
            known = &m->macs[i];
    assert_non_null(known);
    *known = (struct fast_model_mac){true, mac, side, now_ns};
}

static void mac_remove(void *context, struct mac mac)
{
    struct fast_model *m = context;
    note(m, (struct fast_call){.kind = FAST_MAC_REMOVE, .mac = mac});
    struct fast_model_mac *known = fast_model_mac(m, mac);
    assert_non_null(known);
    known->is_known = false;
}

static uint64_t mac_seen(void *context, struct mac mac)
{
    const struct fast_model_mac *known = fast_model_mac(context, mac);
    return known == NULL ? 0 : known->seen_ns;
}

static void clear(void *context)
{
    struct fast_model *m = context;
    note(m, (struct fast_call){.kind = FAST_CLEAR});
    for (unsigned i = 0; i < FAST_MODEL_SLOTS; i++)
        m->slots[i].is_put = false;
    memset(m->macs, 0, sizeof(m->macs));
}

void fast_model_begin(struct fast_model *m, const uint64_t *now)
{
    memset(m, 0, sizeof(*m));
    m->now = now;
    m->room = FAST_MODEL_SLOTS;
    m->path = (struct fast_path){.context = m,
                                 .put = put,
                                 .remove = remove_slot,
                                 .take = take,
                                 .rest = rest,
                                 .bridged = bridged,
                                 .mac_put = mac_put,
                                 .mac_remove = mac_remove,
                                 .mac_seen = mac_seen,
                                 .clear = clear};
}

struct fast_model_slot *fast_model_find(struct fast_model *m, struct ipv4 address, uint16_t port)
{
    for (unsigned i = 1; i < FAST_MODEL_SLOTS; i++)
        if (m->slots[i].is_put && m->slots[i].ports.range.address.host == address.host &&
            port_range_has(&m->slots[i].ports, port))
            return &m->slots[i];
    return NULL;
}

unsigned fast_model_put_count(const struct fast_model *m)
{
    unsigned count = 0;
    for (unsigned i = 1; i < FAST_MODEL_SLOTS; i++)
        count += m->slots[i].is_put;
    return count;
}

struct fast_model_mac *fast_model_mac(struct fast_model *m, struct mac mac)
{
    for (unsigned i = 0; i < FAST_MODEL_MACS; i++)
        if (m->macs[i].is_known && mac_equal(m->macs[i].mac, mac))
            return &m->macs[i];
    return NULL;
}

/* What it forwards. */

static bool is_in_vlan(const struct config *c, const struct eth *eth)
{
    if (c->vlan == 0)
        return eth->tags == 0;
    return eth->tags == 1 && eth->outer_tpid == ETHERTYPE_CTAG && eth_vid(eth) == c->vlan;
}

static struct fast_model_mac *living(struct fast_model *m, const struct config *c, struct mac mac,
                                     enum side side)
{
    struct fast_model_mac *known = fast_model_mac(m, mac);
    bool lives =
        known != NULL && known->side == side && *m->now - known->seen_ns < c->limits.mac_age_s * NS_PER_S;
    return lives ? known : NULL;
}

static bool bridge(struct fast_model *m, const struct config *c, enum side from, const struct eth *eth)
{
    if (living(m, c, eth->destination, side_other(from)) == NULL ||
        (c->upstream_macs_bridge && from == SIDE_DOWNSTREAM))
        return false;
    m->bridged[from]++;
    m->forwarded++;
    return true;
}

static bool is_shared(const struct config *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].address.host == address.host)
            return true;
    return false;
}

static bool shows_usage(const struct ipv4_packet *ip, const struct l4_ports *ports, const uint8_t *body)
{
    if (ip->destination.host >> 28 == 14 || ip->destination.host == UINT32_MAX)
        return false;
    if (ip->protocol == PROTOCOL_UDP &&
        (ports->source == UDP_PORT_BOOTPC || (ports->source < 1024 && ports->source == ports->destination)))
        return false;
    return !l4_may_be_refusal(ip->protocol, body, ip->body_length);
}

static bool to_owner(struct fast_model *m, const struct ipv4_packet *ip, const struct l4_ports *ports,
                     const struct eth *eth, struct frame *frame)
{
    struct fast_model_slot *slot = fast_model_find(m, ip->destination, ports->destination);
    if (slot == NULL || mac_equal(slot->owner, eth->source))
        return false;
    eth_set_destination(frame->bytes, slot->owner);
    fast_model_to(m, slot, frame->length);
    return true;
}

static bool from_owner(struct fast_model *m, const struct config *c, const struct ipv4_packet *ip,
                       const struct l4_ports *ports, const struct eth *eth, struct frame *frame)
{
    struct fast_model_slot *slot = fast_model_find(m, ip->source, ports->source);
    if (slot == NULL || !mac_equal(slot->owner, eth->source) ||
        living(m, c, eth->destination, SIDE_UPSTREAM) == NULL)
        return false;
    if (!c->source_mac_host)
        eth_set_source(frame->bytes, c->mac);
    fast_model_from(m, slot, ports->source, frame->length);
    return true;
}

static bool ipv4(struct fast_model *m, const struct config *c, enum side from, const struct eth *eth,
                 struct frame *frame)
{
    struct ipv4_packet ip;
    struct l4_ports ports = {0};
    const uint8_t *payload = frame->bytes + eth->payload;
    if (ipv4_packet_parse(payload, frame->length - eth->payload, &ip) != 0 || ip.broken ||
        ipv4_packet_is_fragment(&ip))
        return false;
    const uint8_t *body = payload + ip.body;
    const bool has_ports = l4_parse_ports(ip.protocol, body, ip.body_length, &ports) == 0;
    const bool by_shared = is_shared(c, ip.source), for_shared = is_shared(c, ip.destination);
    if (ip.protocol == PROTOCOL_UDP &&
        (!has_ports || ports.destination == UDP_PORT_BOOTPC || ports.destination == UDP_PORT_BOOTPC - 1))
        return false;
    if (!by_shared && !for_shared)
        return bridge(m, c, from, eth);
    if (!has_ports || by_shared == for_shared || by_shared != (from == SIDE_DOWNSTREAM))
        return false;
    if (for_shared)
        return to_owner(m, &ip, &ports, eth, frame);
    return shows_usage(&ip, &ports, body) && from_owner(m, c, &ip, &ports, eth, frame);
}

bool fast_model_forward(struct fast_model *m, const struct config *config, enum side from, struct frame *frame)
{
    struct eth eth;
    const uint32_t most = config->limits.frame_bytes;
    if (eth_parse(frame->bytes, frame->length, &eth) != 0 || !is_in_vlan(config, &eth) ||
        (most != 0 && frame->length > most) || mac_is_group(eth.destination) || mac_is_group(eth.source))
        return false;
    struct fast_model_mac *source = living(m, config, eth.source, from);
    if (source == NULL)
        return false;
    source->seen_ns = *m->now;
    if (eth.ethertype == ETHERTYPE_IPV4)
        return ipv4(m, config, from, &eth, frame);
    return eth.ethertype == 0x86dd && bridge(m, config, from, &eth);
}

void fast_model_to(struct fast_model *m, struct fast_model_slot *slot, uint64_t bytes)
{
    assert_non_null(slot);
    slot->growth.to_owner_frames++;
    slot->growth.to_owner_bytes += bytes;
    m->forwarded++;
}

void fast_model_from(struct fast_model *m, struct fast_model_slot *slot, uint16_t port, uint64_t bytes)
{
    assert_non_null(slot);
    struct fast_growth *g = &slot->growth;
    const bool is_new = g->from_owner_frames == 0;
    g->from_owner_frames++;
    g->from_owner_bytes += bytes;
    g->from_owner_ns = *m->now;
    g->low = is_new || port < g->low ? port : g->low;
    g->high = is_new || port > g->high ? port : g->high;
    g->has_ports = true;
    m->forwarded++;
}
