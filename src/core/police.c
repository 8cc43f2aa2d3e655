/* police.c: a host sends from the ports that it owns (PROTOCOL 3, "IPv4 from a shared address").
 * In: a host's frame and its source port. Out: whether it passes; a binding where nobody owned the port. */
#include "internal.h"

static void violation(struct engine *e, const struct passage *p, const struct binding *owner, uint16_t port)
{
    struct host *host = host_of(e->hosts, p->eth.source);
    struct range range = holding_range(e, &owner->holding);
    range.first = range.last = port;
    host->violations++;
    e->stats.counters[COUNTER_VIOLATIONS]++;
    if (host_may_tell(host, e->now_ns))
        tell(e, (struct event){.kind = EVENT_VIOLATION,
                               .side = SIDE_DOWNSTREAM,
                               .range = range,
                               .mac = p->eth.source,
                               .other = owner->owner});
}

bool police_port(struct engine *e, const struct passage *p, uint32_t address_index, uint16_t port,
                 struct verdict *verdict)
{
    struct binding *b = binding_find(e->bindings, address_index, port);
    if (b == NULL) {
        b = learn_from_traffic(e, address_index, port, p->eth.source);
        if (b == NULL)
            return true;
        questions_settle(e, address_index);
    }
    if (mac_equal(b->owner, p->eth.source)) {
        b->tx_frames++;
        b->tx_bytes += p->frame->length;
        if (b->origin == ORIGIN_TRAFFIC)
            binding_heard(b, port, e->now_ns);
        return true;
    }
    if (e->config.source_ports == SOURCE_PORTS_OFF)
        return true;
    violation(e, p, b, port);
    if (e->config.source_ports == SOURCE_PORTS_LOG)
        return true;
    *verdict = verdict_dropped(DROP_SOURCE_PORT_VIOLATION);
    return false;
}
