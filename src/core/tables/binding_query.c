/* binding_query.c: see binding_query.h. */
#include "binding_query.h"

#include "binding.h"
#include "binding_fast.h"
#include "engine_state.h"
#include "shared_address.h"

bool binding_origin_is_permanent(enum binding_origin origin)
{
    return origin == ORIGIN_CONFIG || origin == ORIGIN_CONTROL;
}

bool binding_origin_is_fixed(enum binding_origin origin)
{
    return binding_origin_is_permanent(origin) || origin == ORIGIN_DHCP;
}

struct binding *binding_overlap_next(const struct engine *e, const struct port_range *ports, uint32_t *at)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    unsigned spans = port_range_spans(ports);
    if (binding_sets_only(e->bindings, address_index, ports)) {
        struct binding *own = *at == 0 ? binding_find(e->bindings, address_index, ports->range.first) : NULL;
        *at = spans << 16;
        return own;
    }
    for (unsigned i = *at >> 16; i < spans; i++) {
        struct port_span span = port_range_span(ports, i);
        uint16_t from = (uint16_t)*at > span.first ? (uint16_t)*at : span.first;
        uint16_t port;
        struct binding *b = binding_next(e->bindings, address_index, from, span.last, &port);
        if (b == NULL) {
            *at = (i + 1) << 16;
            continue;
        }
        /* The search continues behind a whole range, but inside a port set, which has more spans. */
        uint32_t behind = b->ports.is_port_set ? port : b->ports.range.last;
        *at = behind >= span.last ? (i + 1) << 16 : i << 16 | (behind + 1);
        return b;
    }
    return NULL;
}

bool binding_sends_from(struct engine *e, struct binding *b, const struct port_range *ports)
{
    struct port_span live;
    binding_fast_take(e, b);
    if (!binding_live_span(b, e->now_ns, &live))
        return false;
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        struct port_span span = port_range_span(ports, i);
        if (span.first <= live.last && live.first <= span.last)
            return true;
    }
    return false;
}

const struct binding *binding_from(const struct engine *e, uint32_t address_index, uint32_t port)
{
    while (port <= UINT16_MAX) {
        uint16_t at;
        const struct binding *b = binding_next(e->bindings, address_index, (uint16_t)port, UINT16_MAX, &at);
        if (b == NULL || b->ports.range.first == at)
            return b;
        port = b->ports.is_port_set ? at + 1U : b->ports.range.last + 1U;
    }
    return NULL;
}

struct binding *binding_find_configured(const struct engine *e, const struct port_range *ports,
                                        struct mac owner)
{
    struct binding *b = binding_find(e->bindings, shared_address_of_ports(e, ports), ports->range.first);
    bool is_it = b != NULL && b->origin == ORIGIN_CONFIG && port_range_equal(&b->ports, ports) &&
                 mac_equal(b->owner, owner);
    return is_it ? b : NULL;
}
