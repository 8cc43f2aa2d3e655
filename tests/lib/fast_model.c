/* fast_model.c: see fast_model.h. */
#include "fast_model.h"

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
