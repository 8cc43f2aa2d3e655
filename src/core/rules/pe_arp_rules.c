/* pe_arp_rules.c: see pe_arp_rules.h. */
#include "pe_arp_rules.h"

#include "pearpd/port_range.h"

#include "binding/binding_learn.h"
#include "binding/binding_state.h"
#include "binding/lease_pool.h"
#include "binding/resolver.h"
#include "binding/rivalry.h"
#include "binding/service.h"
#include "claim_budget.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/verdict.h"
#include "pe_arp_replay.h"
#include "rx_frame.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/host.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#include <errno.h>

/* A host's port set may have as many spans, each of which is looked up: RFC 7597 offsets up to 10. */
#define SPANS_MOST 1023

/* The order of the checks: first what the message says (pe_arp_bad), then who sent it (pe_arp_forged). */

static void refused(struct engine *e, const struct rx_frame *rx, const char *why)
{
    struct host *host = host_of(e->hosts, rx->eth.source);
    host->bad_pe_arp++;
    if (host_may_emit(host, EVENT_REFUSED, e->now_ns))
        event_emit_refused(e, SIDE_DOWNSTREAM, rx->eth.source, why);
}

static struct verdict forged(struct engine *e, const struct rx_frame *rx, const char *why)
{
    refused(e, rx, why);
    return verdict_dropped(DROP_PE_ARP_FORGED);
}

static struct verdict bad(struct engine *e, const struct rx_frame *rx)
{
    if (rx->from == SIDE_DOWNSTREAM)
        refused(e, rx, "PE-ARP malformed, or for an address or ports that are not configured");
    return verdict_dropped(DROP_PE_ARP_BAD);
}

/* True where every port of `ports` is in a permanent range of `mac`, which may lie outside `ports`, or in one that
 * it leases, which may be a port set where none is configured. */
static bool is_fixed_for(const struct engine *e, const struct port_range *ports, struct mac mac)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        struct port_span span = port_range_span(ports, i);
        uint32_t port = span.first;
        while (port <= span.last) {
            const struct binding *b = binding_find(e->bindings, address_index, (uint16_t)port);
            if (b == NULL || !binding_origin_is_fixed(b->origin) || !mac_equal(b->owner, mac))
                return false;
            port = b->ports.is_port_set ? port + 1 : (uint32_t)b->ports.range.last + 1;
        }
    }
    return true;
}

/* False: a range that would be bound, but is too small. */
static bool is_large_enough(const struct engine *e, const struct pe_arp *m)
{
    const bool is_bound = m->type == PE_ARP_CLAIM || m->type == PE_ARP_REPLY;
    return !is_bound || m->spa.last - m->spa.first + 1U >= e->config.limits.claim_ports;
}

/* True for a port set of the address, or one that [dhcp] leases; without port sets, for a plain range. */
static bool fits_configuration(const struct engine *e, const struct config_address *a, const struct pe_arp *m)
{
    const struct port_set_params params = {m->psid.offset, m->psid.length};
    if (!m->psid.present)
        return !a->has_psid && is_large_enough(e, m);
    return (a->has_psid && port_set_same(params, a->psid)) ||
           (a->is_served && port_set_same(params, a->lease_psid));
}

/* The ports in a message, as the configuration has them. False: pe_arp_bad. */
static bool ports_of(const struct engine *e, const struct pe_arp *m, struct port_range *ports)
{
    int index = shared_address_index(e, m->spa.address);
    if (index < 0)
        return false;
    const struct config_address *a = &e->config.addresses[index];
    *ports = (struct port_range){.range = {m->spa.address, m->spa.first, m->spa.last}};
    if (m->psid.present) {
        const struct port_set_params params = {m->psid.offset, m->psid.length};
        struct port_span bounds = port_set_bounds(params, m->psid.psid);
        if (bounds.first != m->spa.first || bounds.last != m->spa.last)
            return false;
        *ports = binding_ports_of_set(a, params, m->psid.psid);
    }
    if (!fits_configuration(e, a, m) &&
        (port_range_spans(ports) > SPANS_MOST || !is_fixed_for(e, ports, m->sha)))
        return false;
    if (m->spa.first >= a->ports_first && m->spa.last <= a->ports_last)
        return true;
    return is_fixed_for(e, ports, m->sha);
}

static bool same_port_address(const struct port_address *a, const struct port_address *b)
{
    return a->address.host == b->address.host && a->protocol == b->protocol && a->first == b->first &&
           a->last == b->last;
}

/* The open REQUEST that a REPLY answers, or NULL. */
static struct resolution *resolution_answered(struct engine *e, const struct pe_arp *m, int address_index)
{
    const struct mac targets[] = {m->sha, mac_zero};
    for (unsigned i = 0; i < 2; i++) {
        struct resolution *r = resolver_find(e, (uint32_t)address_index, m->tpa.first, targets[i]);
        if (r != NULL && r->protocol == m->tpa.protocol && resolution_has_nonce(e, r, m->nonce))
            return r;
    }
    return NULL;
}

/* The owner has answered, so it is there. */
static void owner_seen(struct engine *e, const struct pe_arp *m)
{
    const int index = shared_address_index(e, m->tpa.address);
    struct binding *b = binding_find(e->bindings, (uint32_t)index, m->tpa.first);
    if (b != NULL && mac_equal(b->owner, m->sha))
        b->seen_ns = e->now_ns;
}

/* An answer with a range that may not be owned confirms nothing: the binding is stale as before, and is probed again. */
static void probe_over(struct engine *e, const struct pe_arp *m)
{
    const uint32_t index = (uint32_t)shared_address_index(e, m->tpa.address);
    struct binding *b = binding_find(e->bindings, index, m->tpa.first);
    if (b != NULL && b->state == BINDING_PROBE && mac_equal(b->owner, m->sha) &&
        resolver_find(e, index, b->ports.range.first, m->sha) == NULL)
        binding_enter(e, b, BINDING_STALE);
}

/* A rival answered. Where it was an owner when it was asked, the claim that waited for its silence has nothing to wait for
 * any more. */
static void rival_answered(struct engine *e, struct resolution *r)
{
    const struct claim waiting = r->claim;
    const bool has_claim = r->has_claim;
    resolver_close(e, r);
    if (has_claim && waiting.is_rival)
        resolver_challenge(e, &waiting);
    else if (has_claim)
        resolver_claim(e, &waiting);
}

static struct verdict reply(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    const char *fault;
    struct port_range ports;
    int asked_index = shared_address_index(e, m->tpa.address);
    if (asked_index < 0 || m->tpa.first != m->tpa.last || !ports_of(e, m, &ports))
        return bad(e, rx);
    if (m->spa.protocol != 0 && m->spa.protocol != m->tpa.protocol)
        return bad(e, rx);
    if ((fault = pe_arp_replay_fault(e, rx, m, &ports)) != NULL)
        return forged(e, rx, fault);
    if (!mac_is_zero(m->tha) && !mac_equal(m->tha, e->config.mac))
        return forged(e, rx, "PE-ARP reply to another bridge");
    const struct resolution_key key = {(uint32_t)asked_index, m->tpa.first, m->sha};
    struct resolution *r = resolution_answered(e, m, asked_index);
    const bool is_answer = r != NULL || (m->tpa.protocol == 0 && resolver_has_challenged(e, &key, m->nonce));
    if (!is_answer || m->spa.address.host != m->tpa.address.host || !port_range_has(&ports, m->tpa.first))
        return forged(e, rx, "PE-ARP reply to no open request: unasked, or too late");
    if (binding_is_denied(e, ports.range, m->sha))
        return verdict_consumed(CONSUMED_PE_ARP);
    bool learns = e->config.addresses[asked_index].learn & LEARN_PE_ARP;
    if (learns && rivalry_take(e, &ports, m->sha)) {
        if (r != NULL && !mac_is_zero(r->key.target))
            rival_answered(e, r);
        return verdict_consumed(CONSUMED_PE_ARP);
    }
    const struct mac previous = r != NULL ? r->previous : mac_zero;
    if (learns && binding_learn_pe_arp(e, &ports, m->tpa.first, m->sha, m->lifetime_s, previous) != 0)
        return forged(e, rx, "PE-ARP reply with ports of another owner");
    if (!learns && !lease_note_holder(e, (uint32_t)asked_index, m->tpa.first, m->sha))
        return verdict_consumed(CONSUMED_PE_ARP);
    owner_seen(e, m);
    service_learn(e, &ports, m);
    const struct claim waiting = r != NULL && r->has_claim ? r->claim : (struct claim){0};
    if (r != NULL && r->has_claim)
        binding_refuse_claim(e, &waiting.ports, waiting.claimant, r->key.target,
                             "claimed the range of an owner that still answers");
    if (r != NULL && (!mac_is_zero(r->key.target) || !learns))
        resolver_close(e, r);
    if (waiting.is_rival)
        resolver_challenge(e, &waiting);
    probe_over(e, m);
    resolver_release(e, (uint32_t)asked_index);
    return verdict_consumed(CONSUMED_PE_ARP);
}

static struct verdict claim(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    const char *fault;
    struct claim claim = {.claimant = m->sha};
    if (!same_port_address(&m->spa, &m->tpa) || !ports_of(e, m, &claim.ports))
        return bad(e, rx);
    if ((fault = pe_arp_replay_fault(e, rx, m, &claim.ports)) != NULL)
        return forged(e, rx, fault);
    if (binding_is_denied(e, claim.ports.range, m->sha))
        return verdict_consumed(CONSUMED_PE_ARP);
    const uint32_t address_index = shared_address_of_ports(e, &claim.ports);
    if (!binding_sets_only(e->bindings, address_index, &claim.ports))
        claim_budget_charge(e, port_range_spans(&claim.ports));
    if (e->config.addresses[address_index].learn & LEARN_PE_ARP || is_fixed_for(e, &claim.ports, m->sha))
        resolver_claim(e, &claim);
    else
        lease_claimed(e, address_index, m->spa.first, m->sha); /* it is asked for before it is offered */
    return verdict_consumed(CONSUMED_PE_ARP);
}

/* A rival that gives up is asked as an owner is. */
static void rival_release(struct engine *e, const struct port_range *ports, struct mac mac)
{
    const uint32_t address_index = shared_address_of_ports(e, ports);
    if (rivals_find(e, address_index, ports->range.first, mac) == NULL)
        return;
    struct resolution *r = resolver_ask_host(e, address_index, ports->range.first, mac);
    if (r != NULL)
        r->is_release = true;
}

/* The owner is asked again: a forged RELEASE must not end its binding. */
static struct verdict release(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    const char *fault;
    struct port_range ports;
    if (!same_port_address(&m->spa, &m->tpa) || !ports_of(e, m, &ports))
        return bad(e, rx);
    if ((fault = pe_arp_replay_fault(e, rx, m, &ports)) != NULL)
        return forged(e, rx, fault);
    uint32_t at = 0;
    struct binding *b = binding_overlap_next(e, &ports, &at);
    if (b == NULL) {
        rival_release(e, &ports, m->sha);
        return verdict_consumed(CONSUMED_PE_ARP);
    }
    if (binding_origin_is_permanent(b->origin) || !mac_equal(b->owner, m->sha))
        return forged(e, rx, "PE-ARP release of a range that is permanent, or of another owner");
    if (b->origin != ORIGIN_PE_ARP)
        return verdict_consumed(CONSUMED_PE_ARP);
    struct resolution *r = resolver_ask_host(e, b->address_index, b->ports.range.first, b->owner);
    if (r != NULL)
        r->is_release = true;
    return verdict_consumed(CONSUMED_PE_ARP);
}

static struct verdict conflict(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    const char *fault;
    struct port_range ports;
    if (!ports_of(e, m, &ports))
        return bad(e, rx);
    if ((fault = pe_arp_replay_fault(e, rx, m, &ports)) != NULL)
        return forged(e, rx, fault);
    e->stats.counters[COUNTER_CONFLICTS]++;
    if (host_may_emit(host_of(e->hosts, m->sha), EVENT_CONFLICT, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_CONFLICT,
                                     .side = SIDE_DOWNSTREAM,
                                     .range = {m->tpa.address, m->tpa.first, m->tpa.last},
                                     .mac = m->tha,
                                     .other = m->sha,
                                     .detail = "reported by the other host"});
    return verdict_consumed(CONSUMED_PE_ARP);
}

/* Only bridges send REQUEST and HELLO: another bridge, to its own hosts. */
static struct verdict of_another_bridge(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    const char *fault;
    if (shared_address_index(e, m->tpa.address) < 0)
        return bad(e, rx);
    if ((fault = pe_arp_replay_fault(e, rx, m, NULL)) != NULL)
        return forged(e, rx, fault);
    return verdict_consumed(CONSUMED_PE_ARP);
}

static struct verdict by_type(struct engine *e, const struct rx_frame *rx, const struct pe_arp *m)
{
    switch (m->type) {
    case PE_ARP_REPLY:
        return reply(e, rx, m);
    case PE_ARP_CLAIM:
        return claim(e, rx, m);
    case PE_ARP_RELEASE:
        return release(e, rx, m);
    case PE_ARP_CONFLICT:
        return conflict(e, rx, m);
    case PE_ARP_REQUEST:
    case PE_ARP_HELLO:
        break;
    }
    return of_another_bridge(e, rx, m);
}

/* A message that nobody asked for: it is read only within the budget. */
static bool is_statement(const struct rx_frame *rx)
{
    const uint8_t type = pe_arp_peek_type(rx->payload, rx->payload_length);
    return type == PE_ARP_CLAIM || type == PE_ARP_RELEASE || type == PE_ARP_CONFLICT;
}

bool pe_arp_rule(struct engine *e, struct rx_frame *rx, struct verdict *verdict)
{
    struct pe_arp message;
    if (rx->from == SIDE_DOWNSTREAM && is_statement(rx) && !claim_budget_take(e, rx->eth.source)) {
        *verdict = verdict_dropped(DROP_CLAIM_LIMIT);
        return true;
    }
    int error = pe_arp_parse(rx->payload, rx->payload_length, &message);
    if (error == -ENOMSG)
        return false;
    if (error != 0 || rx->from == SIDE_UPSTREAM)
        *verdict = bad(e, rx);
    else
        *verdict = by_type(e, rx, &message);
    return true;
}
