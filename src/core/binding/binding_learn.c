/* binding_learn.c: see binding_learn.h. */
#include "binding_learn.h"

#include "pearpd/time_units.h"

#include "binding_state.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "tables/account.h"
#include "tables/binding_fast.h"
#include "tables/binding_query.h"
#include "tables/denied.h"
#include "tables/host.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#include <errno.h>

static bool span_is_free(const struct engine *e, const struct port_range *ports)
{
    uint32_t at = 0;
    return binding_overlap_next(e, ports, &at) == NULL;
}

/* The aligned block, or the port set, that `port` lies in. False: none within `ports`. */
static bool block_of(const struct engine *e, uint32_t address_index, uint16_t port, struct port_range *ports)
{
    const struct config_address *a = &e->config.addresses[address_index];
    *ports = (struct port_range){.range = {.address = a->address}};
    if (port < a->ports_first || port > a->ports_last || rivals_dispute(e, address_index, port))
        return false;
    if (a->has_psid) {
        uint16_t psid;
        if (!port_set_of(a->psid, port, &psid))
            return false;
        *ports = port_range_of_set(a->address, a->psid, psid);
        return ports->range.first >= a->ports_first && ports->range.last <= a->ports_last &&
               span_is_free(e, ports) && rivals_other(e, ports, mac_zero) == NULL;
    }
    uint32_t first = a->ports_first + (port - a->ports_first) / a->block * a->block;
    uint32_t last = first + a->block - 1;
    ports->range.first = (uint16_t)first;
    ports->range.last = last < a->ports_last ? (uint16_t)last : a->ports_last;
    binding_free_run(e->bindings, address_index, port, &ports->range.first, &ports->range.last);
    rivals_narrow(e, address_index, port, &ports->range.first, &ports->range.last);
    return true;
}

bool binding_is_denied(struct engine *e, struct range range, struct mac host)
{
    if (!is_denied(e, host))
        return false;
    e->stats.counters[COUNTER_DENIED]++;
    if (host_may_emit(host_of(e->hosts, host), EVENT_REFUSED, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_REFUSED,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = range,
                                     .mac = host,
                                     .detail = "the host is denied ([deny] or pearpctl deny)"});
    return true;
}

bool binding_may_own_more(struct engine *e, const struct port_range *ports, struct mac owner)
{
    const struct config_address *a = &e->config.addresses[shared_address_of_ports(e, ports)];
    const uint32_t most = ((uint32_t)a->ports_last - a->ports_first + 1) * e->config.limits.host_ports / 100;
    if (binding_is_denied(e, ports->range, owner))
        return false;
    struct account_share share = account_share_beside(e, owner, ports);
    rivals_share(e, ports, owner, &share);
    if (share.bindings < e->config.limits.host_bindings && share.ports + port_range_ports(ports) <= most)
        return true;
    e->stats.counters[COUNTER_HOST_PORTS]++;
    if (host_may_emit(host_of(e->hosts, owner), EVENT_CONFLICT, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_CONFLICT,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = ports->range,
                                     .mac = owner,
                                     .detail = "more than [limits] host-ports or host-bindings allows"});
    return false;
}

/* The same for what a frame teaches. Counting walks what the host has: once a second where it has enough, not for each
 * frame of a host that sends from everywhere. */
static bool may_learn_more(struct engine *e, const struct port_range *ports, struct mac owner)
{
    struct host *host = host_of(e->hosts, owner);
    if (e->now_ns < host->enough_until_ns) {
        e->stats.counters[COUNTER_HOST_PORTS]++;
        return false;
    }
    if (binding_may_own_more(e, ports, owner))
        return true;
    host->enough_until_ns = e->now_ns + NS_PER_S;
    return false;
}

struct binding *binding_learn_traffic(struct engine *e, uint32_t address_index, uint16_t port, struct mac owner)
{
    struct port_range ports;
    if (!(e->config.addresses[address_index].learn & LEARN_TRAFFIC) ||
        !block_of(e, address_index, port, &ports) || !may_learn_more(e, &ports, owner))
        return NULL;
    struct binding *b = binding_create(e, &ports, owner, ORIGIN_TRAFFIC);
    if (b == NULL)
        return NULL;
    binding_seen(b, port, e->now_ns);
    binding_enter(e, b, BINDING_REACHABLE);
    timer_set(e->timers, &b->timer, e->now_ns + e->config.limits.idle_s * NS_PER_S);
    binding_emit_learned(e, b, mac_zero);
    return b;
}

static void shrink(struct engine *e, struct binding *b, uint32_t first, uint32_t last)
{
    binding_fast_remove(e, b);
    binding_report(e, b, false, EVENT_MOVED);
    binding_shrink(e->bindings, b, (uint16_t)first, (uint16_t)last);
    binding_report(e, b, true, EVENT_LEARNED);
    binding_fast_update(e, b);
}

/* Cuts `span` out of a range learned from traffic. What remains is the part that its owner sends from, else the
 * larger one. */
static void yield_span(struct engine *e, struct binding *b, struct port_span span)
{
    const struct port_range *h = &b->ports;
    unsigned below = span.first > h->range.first ? (unsigned)span.first - h->range.first : 0;
    unsigned above = span.last < h->range.last ? (unsigned)h->range.last - span.last : 0;
    struct port_span live;
    bool keep_below = below >= above;
    binding_fast_take(e, b);
    if (binding_live_span(b, e->now_ns, &live))
        keep_below = live.last < span.first;
    if (h->is_port_set || (keep_below ? below : above) == 0)
        binding_end(e, b, EVENT_EXPIRED);
    else if (keep_below)
        shrink(e, b, h->range.first, span.first - 1U);
    else
        shrink(e, b, span.last + 1U, h->range.last);
}

/* Cuts `ports` to those around `asked` that are in no permanent or leased range. False: `asked` is in one, or a
 * port set cannot be cut. */
static bool cut_by_fixed(struct engine *e, struct port_range *ports, uint16_t asked)
{
    uint32_t at = 0;
    struct port_range whole = *ports;
    for (struct binding *b; (b = binding_overlap_next(e, &whole, &at)) != NULL;) {
        if (!binding_origin_is_fixed(b->origin))
            continue;
        if (port_range_has(&b->ports, asked) || ports->is_port_set || b->ports.is_port_set)
            return false;
        if (b->ports.range.last < asked && b->ports.range.last >= ports->range.first)
            ports->range.first = (uint16_t)(b->ports.range.last + 1);
        if (b->ports.range.first > asked && b->ports.range.first <= ports->range.last)
            ports->range.last = (uint16_t)(b->ports.range.first - 1);
    }
    return true;
}

/* True where no other host than `owner` has a right to a port of `ports`. */
static bool only_owner_lives_in(struct engine *e, const struct port_range *ports, struct mac owner)
{
    uint32_t at = 0;
    for (struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;) {
        if (mac_equal(b->owner, owner))
            continue;
        if (b->origin != ORIGIN_TRAFFIC || binding_sends_from(e, b, ports))
            return false;
    }
    return true;
}

/* The number of bindings that end when clear_ports() frees `ports`: those of the owner, and blocks of which nothing is
 * left. */
static uint32_t ending(struct engine *e, const struct port_range *ports, struct mac owner)
{
    uint32_t at = 0, count = 0;
    for (const struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;)
        count += mac_equal(b->owner, owner) || b->ports.is_port_set ||
                 (b->ports.range.first >= ports->range.first && b->ports.range.last <= ports->range.last);
    return count;
}

/* Frees `ports`: earlier ranges of the owner end, blocks learned from traffic are cut. */
static void clear_ports(struct engine *e, const struct port_range *ports, struct mac owner)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        struct port_span span = port_range_span(ports, i);
        uint16_t port;
        struct binding *b;
        while ((b = binding_next(e->bindings, address_index, span.first, span.last, &port)) != NULL) {
            if (mac_equal(b->owner, owner))
                binding_end(e, b, EVENT_DELETED);
            else
                yield_span(e, b, span);
        }
    }
}

static void make_reachable(struct engine *e, struct binding *b, uint16_t lifetime_s)
{
    const uint32_t most_s = e->config.limits.lifetime_s;
    const uint32_t seconds = lifetime_s != 0 && lifetime_s < most_s ? lifetime_s : most_s;
    binding_enter(e, b, BINDING_REACHABLE);
    b->idle_since_ns = e->now_ns;
    timer_set(e->timers, &b->timer, e->now_ns + seconds * NS_PER_S);
}

int binding_learn_pe_arp(struct engine *e, const struct port_range *ports, uint16_t asked, struct mac owner,
                         uint16_t lifetime_s, struct mac previous)
{
    struct port_range cut = *ports;
    if (!only_owner_lives_in(e, ports, owner))
        return -EEXIST;
    if (!cut_by_fixed(e, &cut, asked))
        return 0;
    struct binding *b = binding_find(e->bindings, shared_address_of_ports(e, &cut), asked);
    if (b != NULL && b->origin == ORIGIN_PE_ARP && port_range_equal(&b->ports, &cut)) {
        make_reachable(e, b, lifetime_s);
        return 0;
    }
    if (!binding_may_own_more(e, &cut, owner))
        return 0;
    if (!binding_has_room(e, &cut, owner, ending(e, &cut, owner))) {
        e->stats.counters[COUNTER_TABLE_FULL]++;
        return 0;
    }
    clear_ports(e, &cut, owner);
    b = binding_create(e, &cut, owner, ORIGIN_PE_ARP);
    if (b == NULL)
        return 0;
    make_reachable(e, b, lifetime_s);
    binding_emit_learned(e, b, previous);
    return 0;
}

/* Leases. The server is the authority: its lease replaces what was learned otherwise and earlier leases of the same
 * host. Permanent ranges and leases in force of other hosts take precedence. */

static bool meets_fixed(struct engine *e, const struct port_range *ports, struct mac owner)
{
    uint32_t at = 0;
    for (const struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;) {
        bool is_permanent = binding_origin_is_permanent(b->origin), is_own = mac_equal(b->owner, owner);
        if (!is_permanent && (is_own || b->origin != ORIGIN_DHCP))
            continue;
        if (!is_own)
            binding_refuse_claim(e, ports, owner, b->owner,
                                 is_permanent ? "was leased a permanent range"
                                              : "was leased ports that another host has a lease of");
        return true;
    }
    return false;
}

/* Frees `ports` for their new lessee. Returns the former owner of one of them, zero where no other host had any. */
static struct mac make_way(struct engine *e, const struct port_range *ports, struct mac owner)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    struct mac previous = mac_zero;
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        struct port_span span = port_range_span(ports, i);
        uint16_t port;
        struct binding *b;
        while ((b = binding_next(e->bindings, address_index, span.first, span.last, &port)) != NULL) {
            if (!mac_equal(b->owner, owner))
                previous = b->owner;
            if (b->origin == ORIGIN_TRAFFIC && !mac_equal(b->owner, owner))
                yield_span(e, b, span);
            else
                binding_end(e, b, EVENT_DELETED);
        }
    }
    return previous;
}

static void lease_lasts(struct engine *e, struct binding *b, uint64_t left_ns)
{
    binding_enter(e, b, BINDING_REACHABLE);
    if (left_ns == ENGINE_NEVER)
        timer_stop(e->timers, &b->timer);
    else
        timer_set(e->timers, &b->timer, e->now_ns + left_ns);
}

int binding_learn_lease(struct engine *e, const struct port_range *ports, struct mac owner, uint64_t left_ns)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    struct binding *b = binding_find(e->bindings, address_index, ports->range.first);
    if (b != NULL && b->origin == ORIGIN_DHCP && port_range_equal(&b->ports, ports) &&
        mac_equal(b->owner, owner)) {
        lease_lasts(e, b, left_ns);
        e->changes++; /* its end has changed and must be saved */
        return 0;
    }
    if (binding_is_denied(e, ports->range, owner) || meets_fixed(e, ports, owner))
        return -EPERM;
    struct mac previous = make_way(e, ports, owner);
    b = binding_create(e, ports, owner, ORIGIN_DHCP);
    if (b == NULL)
        return -ENOSPC;
    lease_lasts(e, b, left_ns);
    rivals_decide(e, ports, owner);
    binding_emit_learned(e, b, previous);
    return 0;
}
