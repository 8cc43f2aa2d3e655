/* frame_send.c: see frame_send.h. */
#include "frame_send.h"

#include "engine_state.h"
#include "verdict.h"

#include <string.h>

static bool is_oversize(const struct engine *e, enum side to, const struct frame *frame)
{
    if (frame->super)
        return false;
    if (e->config.limits.frame_bytes != 0 && frame->length > e->config.limits.frame_bytes)
        return true;
    uint32_t mtu = e->mtu_bytes[to];
    if (mtu == 0 || frame->length <= mtu + ETH_HEADER_BYTES)
        return false;
    const unsigned ethertype = (unsigned)frame->bytes[12] << 8 | frame->bytes[13];
    const bool tagged = ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG;
    return !tagged || frame->length > mtu + ETH_HEADER_BYTES + ETH_TAG_BYTES;
}

/* upstream-macs = bridge: upstream learns no MAC address of a host. */
static bool is_hidden(const struct engine *e, enum side to, const struct frame *frame)
{
    return e->config.upstream_macs_bridge && to == SIDE_UPSTREAM &&
           !mac_equal(eth_source(frame->bytes), e->config.mac);
}

struct verdict frame_send(struct engine *e, enum side to, const struct frame *frame)
{
    if (is_hidden(e, to, frame))
        return verdict_dropped(DROP_UPSTREAM_MAC);
    if (is_oversize(e, to, frame))
        return verdict_dropped(DROP_OVERSIZE);
    e->stats.out[to]++;
    e->out->send(e->out->context, to, frame);
    return (struct verdict){.fate = FATE_SENT};
}

void tx_frame_send(struct engine *e, enum side to, const struct tx_frame *tx)
{
    e->stats.made++;
    e->stats.out[to]++;
    e->out->generate(e->out->context, to, tx);
}

struct tx_frame tx_frame_of(const struct engine *e, enum tx_frame_kind kind, struct mac destination,
                            uint16_t ethertype)
{
    struct tx_frame tx;
    memset(&tx, 0, sizeof(tx));
    tx.kind = kind;
    tx.destination = destination;
    tx.source = e->config.mac;
    tx.ethertype = ethertype;
    tx.tag = (struct eth_tag){e->config.vlan != 0, e->config.vlan};
    if (kind == TX_PE_ARP && e->config.key_count > 0)
        tx.key = &e->config.keys[e->config.signing_key];
    return tx;
}
