/* delivery.c: see delivery.h. */
#include "delivery.h"

#include "engine_state.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/meter.h"

static void meter_delivered(struct engine *e, const struct frame *frame, struct mac sender, struct mac owner,
                            const struct binding *binding)
{
    struct eth eth;
    if (eth_parse(frame->bytes, frame->length, &eth) == 0)
        meter_take(e, frame, eth.payload, owner, sender, true, binding);
}

struct verdict delivery_to_host(struct engine *e, enum side from, struct frame *frame, struct mac owner,
                                struct binding *binding)
{
    const struct mac sender = eth_source(frame->bytes);
    if (mac_equal(sender, owner))
        return verdict_dropped(DROP_SAME_PORT);
    eth_set_destination(frame->bytes, owner);
    /* Hairpin: with the sender's source the switch would learn the sender at our port. */
    if (from == SIDE_DOWNSTREAM)
        eth_set_source(frame->bytes, e->config.mac);
    struct verdict verdict = frame_send(e, SIDE_DOWNSTREAM, frame);
    if (verdict.fate != FATE_SENT)
        return verdict;
    account_rx(e, owner, binding, frame->length);
    if (e->meter != NULL)
        meter_delivered(e, frame, sender, owner, binding);
    return verdict;
}

struct verdict delivery_to_default_host(struct engine *e, enum side from, struct frame *frame,
                                        uint32_t address_index, enum drop_reason reason)
{
    const struct config_address *a = &e->config.addresses[address_index];
    if (!a->has_default_host)
        return verdict_dropped(reason);
    return delivery_to_host(e, from, frame, a->default_host, NULL);
}
