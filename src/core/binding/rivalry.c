/* rivalry.c: see rivalry.h. */
#include "rivalry.h"

#include "pearpd/time_units.h"

#include "binding_fit.h"
#include "binding_learn.h"
#include "binding_state.h"
#include "engine_state.h"
#include "resolver.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#define ASK_AGAIN_NS (5 * NS_PER_S)

/* What other hosts have of some ports. */
struct rights {
    uint32_t rivals; /* owners that have no right to them before others that answer */
    bool is_owned;   /* one has */
};

static struct rights rights_of_others(struct engine *e, const struct port_range *ports, struct mac host)
{
    struct rights rights = {0};
    uint32_t at = 0;
    for (struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;) {
        if (mac_equal(b->owner, host) || (b->origin == ORIGIN_TRAFFIC && !binding_sends_from(e, b, ports)))
            continue;
        if (rivals_may_have(e, b))
            rights.rivals++;
        else
            rights.is_owned = true;
    }
    return rights;
}

static void emit_rivals(struct engine *e, const struct port_range *ports, struct mac host, struct mac other)
{
    binding_refuse_claim(e, ports, host, other,
                         "both claim ports since the table was lost: neither gets them; pearpctl add decides");
}

/* The owners lose the ports and become rivals of the host; what it has of them itself ends, too. */
static void owners_lose(struct engine *e, const struct port_range *ports, struct mac host)
{
    uint32_t at = 0;
    for (struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;) {
        const struct port_range owned = b->ports;
        const struct mac owner = b->owner;
        if (b->origin != ORIGIN_PE_ARP)
            continue;
        binding_end(e, b, EVENT_DELETED);
        if (mac_equal(owner, host))
            continue;
        emit_rivals(e, &owned, host, owner);
        rivals_put(e, &owned, owner, ASK_AGAIN_NS);
    }
}

bool rivalry_take(struct engine *e, const struct port_range *ports, struct mac host)
{
    if (!rivals_are_possible(e)) {
        rivals_note_answer(e);
        return false;
    }
    const struct rival *rival = rivals_find(e, shared_address_of_ports(e, ports), ports->range.first, host);
    const struct rights rights = rights_of_others(e, ports, host);
    const struct rival *other = rivals_other(e, ports, host);
    if (rights.is_owned || (rights.rivals == 0 && other == NULL)) {
        rivals_end_own(e, ports, host);
        rivals_note_answer(e);
        return false;
    }
    const bool is_known = rival != NULL && port_range_equal(&rival->ports, ports);
    if ((is_known && rights.rivals == 0) || !binding_may_own_more(e, ports, host))
        return true;
    if (!rivals_have_room(e, rights.rivals + 1)) {
        e->stats.counters[COUNTER_TABLE_FULL]++;
        return true;
    }
    if (other != NULL)
        emit_rivals(e, ports, host, other->key.mac);
    owners_lose(e, ports, host);
    rivals_put(e, ports, host, ASK_AGAIN_NS);
    return true;
}

void rivalry_due(struct engine *e)
{
    const struct rival *rival = rivals_next_due(e, e->now_ns + ASK_AGAIN_NS);
    if (rival != NULL)
        resolver_ask_rival(e, rival->key.address_index, rival->key.first, rival->key.mac);
}

void rivalry_carry(struct engine *e, const struct engine *old)
{
    rivals_window_carry(e, old);
    for (const struct rival *rival = NULL; (rival = rivals_next(old, rival)) != NULL;)
        if (shared_address_index(e, rival->ports.range.address) >= 0 &&
            binding_fits(e, &rival->ports, rival->key.mac, ORIGIN_PE_ARP))
            rivals_put(e, &rival->ports, rival->key.mac, 0);
}
