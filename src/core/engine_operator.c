/* engine_operator.c: what operators see of the bindings and do to them (docs/contract.md#pearpctl).
 * Called by: daemon through engine.h. */
#include "pearpd/keyed_table.h"
#include "pearpd/port_range.h"
#include "pearpd/time_units.h"

#include "binding/binding_fit.h"
#include "binding/binding_state.h"
#include "binding/lease_pool.h"
#include "binding/resolver.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/denied.h"
#include "tables/host.h"
#include "tables/rivals.h"
#include "tables/shared_address.h"

#include <errno.h>

void engine_ownership_set(struct engine *engine, void (*owned)(void *context, const struct ownership *change),
                          void *context)
{
    engine->owned = owned;
    engine->owned_context = context;
}

enum { STAGE_PORTS, STAGE_PUBLISHED };

static uint64_t left_ns(uint64_t due_ns, uint64_t now_ns)
{
    if (due_ns == TIMER_NEVER)
        return ENGINE_NEVER;
    return due_ns > now_ns ? due_ns - now_ns : 0;
}

static uint64_t binding_ends_ns(const struct engine *e, const struct binding *b)
{
    if (b->origin == ORIGIN_TRAFFIC)
        return b->idle_since_ns + e->config.limits.idle_s * NS_PER_S;
    return b->state == BINDING_REACHABLE && timer_armed(&b->timer) ? b->timer.due_ns : TIMER_NEVER;
}

/* A restored binding may have been learned before the clock started: times are modulo 2^64. */
static uint64_t age_ns(const struct binding *b, uint64_t now_ns)
{
    uint64_t age = now_ns - b->learned_ns;
    return age <= INT64_MAX ? age : 0;
}

static void entry_of_binding(const struct engine *e, uint64_t now_ns, const struct binding *b,
                             struct table_entry *entry)
{
    *entry = (struct table_entry){
        .range = b->ports.range,
        .mac = b->owner,
        .state = b->state,
        .origin = b->origin,
        .side = SIDE_DOWNSTREAM,
        .name = b->name,
        .has_psid = b->ports.is_port_set,
        .psid = b->ports.params,
        .psid_id = b->ports.psid,
        .age_ns = age_ns(b, now_ns),
        .expires_ns = left_ns(binding_ends_ns(e, b), now_ns),
        .seen_ns = b->seen_ns == 0 || now_ns < b->seen_ns ? ENGINE_NEVER : now_ns - b->seen_ns,
        .rx_frames = b->rx_frames,
        .rx_bytes = b->rx_bytes,
        .tx_frames = b->tx_frames,
        .tx_bytes = b->tx_bytes,
    };
}

static void entry_of_resolution(const struct engine *e, uint64_t now_ns, const struct resolution *r,
                                struct table_entry *entry)
{
    struct ipv4 address = e->config.addresses[r->key.address_index].address;
    *entry = (struct table_entry){
        .range = {address, r->key.port, r->key.port},
        .state = BINDING_INCOMPLETE,
        .origin = ORIGIN_PE_ARP,
        .side = SIDE_DOWNSTREAM,
        .name = "",
        .age_ns = now_ns > r->opened_ns ? now_ns - r->opened_ns : 0,
        .expires_ns = left_ns(r->opened_ns + TRIES * NS_PER_S, now_ns),
        .seen_ns = ENGINE_NEVER,
    };
}

static void entry_of_rival(uint64_t now_ns, const struct rival *rival, struct table_entry *entry)
{
    *entry = (struct table_entry){
        .range = rival->ports.range,
        .state = BINDING_INCOMPLETE,
        .origin = ORIGIN_PE_ARP,
        .side = SIDE_DOWNSTREAM,
        .name = "",
        .has_psid = rival->ports.is_port_set,
        .psid = rival->ports.params,
        .psid_id = rival->ports.psid,
        .age_ns = now_ns > rival->since_ns ? now_ns - rival->since_ns : 0,
        .expires_ns = ENGINE_NEVER,
        .seen_ns = ENGINE_NEVER,
    };
}

static void entry_published(const struct engine *e, uint32_t address_index, struct table_entry *entry)
{
    *entry = (struct table_entry){
        .range = {e->config.addresses[address_index].address, 0, UINT16_MAX},
        .mac = e->config.mac,
        .state = BINDING_PUBLISHED,
        .origin = ORIGIN_CONFIG,
        .side = SIDE_UPSTREAM,
        .name = "",
        .expires_ns = ENGINE_NEVER,
        .seen_ns = ENGINE_NEVER,
    };
}

bool engine_table_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                       struct table_entry *entry)
{
    const struct engine *e = engine;
    if (cursor->address_index >= e->config.address_count)
        return false;
    if (cursor->stage == STAGE_PORTS) {
        const struct binding *b = binding_from(e, cursor->address_index, cursor->port);
        const struct resolution *r = resolver_from(e, cursor->address_index, cursor->port);
        const struct rival *rival = rivals_from(e, cursor->address_index, cursor->port);
        const uint32_t port = b == NULL ? UINT16_MAX + 1U : b->ports.range.first;
        if (rival != NULL && rival->key.first < port && (r == NULL || rival->key.first <= r->key.port)) {
            cursor->port = rival->key.first + 1U;
            entry_of_rival(now_ns, rival, entry);
            return true;
        }
        if (r != NULL && r->key.port < port) {
            cursor->port = r->key.port + 1U;
            entry_of_resolution(e, now_ns, r, entry);
            return true;
        }
        if (b != NULL) {
            cursor->port = b->ports.range.first + 1U;
            entry_of_binding(e, now_ns, b, entry);
            return true;
        }
    }
    entry_published(e, cursor->address_index, entry);
    *cursor = (struct table_cursor){.address_index = cursor->address_index + 1};
    return true;
}

uint32_t engine_questions(const struct engine *engine)
{
    return resolver_open(engine);
}

bool engine_bindings_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                          struct table_entry *entry)
{
    for (; cursor->address_index < engine->config.address_count; cursor->address_index++) {
        const struct binding *b = binding_from(engine, cursor->address_index, cursor->port);
        if (b != NULL) {
            cursor->port = b->ports.range.first + 1U;
            entry_of_binding(engine, now_ns, b, entry);
            return true;
        }
        cursor->port = 0;
    }
    return false;
}

bool engine_hosts_next(const struct engine *engine, uint32_t *cursor, struct host_entry *entry)
{
    const struct host *host;
    while ((host = keyed_table_walk(engine->hosts, cursor)) != NULL) {
        *entry =
            (struct host_entry){host->mac,         host->captures,   host->violations, host->flow_conflicts,
                                host->bad_sources, host->bad_pe_arp, host->arp_limited};
        if (entry->captures + entry->violations + entry->flow_conflicts + entry->bad_sources +
                entry->bad_pe_arp + entry->arp_limited >
            0)
            return true;
    }
    return false;
}

/* Commands. */

static void begin(struct engine *e, uint64_t now_ns, const struct engine_out *out)
{
    engine_tick(e, now_ns, out);
}

/* Ends the learned bindings within `ports`. False, and nothing ends: one of them is permanent. */
static bool make_room(struct engine *e, const struct port_range *ports)
{
    uint32_t at = 0;
    for (const struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL;)
        if (binding_origin_is_permanent(b->origin))
            return false;
    struct binding *b;
    while (at = 0, (b = binding_overlap_next(e, ports, &at)) != NULL)
        binding_end(e, b, EVENT_DELETED);
    return true;
}

bool engine_other_owner(const struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
                        struct table_entry *entry)
{
    if (shared_address_index(engine, range->address) < 0)
        return false;
    const struct port_range ports = {.range = *range};
    uint32_t at = 0;
    for (const struct binding *b; (b = binding_overlap_next(engine, &ports, &at)) != NULL;) {
        if (mac_equal(b->owner, mac))
            continue;
        entry_of_binding(engine, now_ns, b, entry);
        return true;
    }
    return false;
}

int engine_add(struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
               const struct engine_out *out)
{
    begin(engine, now_ns, out);
    int index = shared_address_index(engine, range->address);
    if (index < 0)
        return -ENOENT;
    if (mac_is_group(mac) || mac_is_zero(mac) || mac_equal(mac, engine->config.mac))
        return -EINVAL;
    if (is_denied(engine, mac))
        return -EACCES;
    const struct port_range ports = {.range = *range};
    if (!make_room(engine, &ports))
        return -EEXIST;
    if (binding_create_permanent(engine, &ports, mac, ORIGIN_CONTROL, "") != 0)
        return -ENOSPC;
    event_emit(engine, (struct event){.kind = EVENT_LEARNED,
                                      .side = SIDE_DOWNSTREAM,
                                      .range = *range,
                                      .mac = mac,
                                      .detail = binding_origin_name(ORIGIN_CONTROL)});
    rivals_decide(engine, &ports, mac);
    resolver_release(engine, (uint32_t)index);
    return 0;
}

int engine_delete(struct engine *engine, uint64_t now_ns, const struct range *range,
                  const struct engine_out *out)
{
    begin(engine, now_ns, out);
    int index = shared_address_index(engine, range->address);
    struct binding *b = index < 0 ? NULL : binding_find(engine->bindings, (uint32_t)index, range->first);
    if (b == NULL || b->ports.range.first != range->first || b->ports.range.last != range->last)
        return -ENOENT;
    if (b->origin == ORIGIN_CONFIG)
        return -EPERM;
    binding_end(engine, b, EVENT_DELETED);
    lease_pool_doubt(engine, (uint32_t)index);
    return 0;
}

/* What a flush ends: all that is learned. What a denied host loses: also its leases, and nothing of others. */
static bool is_to_end(const struct binding *b, struct mac owner)
{
    if (mac_is_zero(owner))
        return !binding_origin_is_fixed(b->origin);
    return mac_equal(b->owner, owner) && !binding_origin_is_permanent(b->origin);
}

/* Ends bindings of an address: what is learned, or, where `owner` is not zero, what it has. Returns their number. */
static int end_bindings(struct engine *e, uint32_t address_index, struct mac owner)
{
    int removed = 0;
    uint32_t next = 0;
    uint16_t port;
    struct binding *b;
    while (next <= UINT16_MAX &&
           (b = binding_next(e->bindings, address_index, (uint16_t)next, UINT16_MAX, &port)) != NULL) {
        next = b->ports.is_port_set ? port + 1U : b->ports.range.last + 1U;
        if (!is_to_end(b, owner))
            continue;
        binding_end(e, b, EVENT_DELETED);
        removed++;
    }
    const struct port_range all = {.range = {e->config.addresses[address_index].address, 0, UINT16_MAX}};
    if (mac_is_zero(owner))
        rivals_end_all(e, address_index);
    else
        rivals_end_own(e, &all, owner);
    lease_pool_doubt(e, address_index);
    return removed;
}

int engine_flush(struct engine *engine, uint64_t now_ns, const struct ipv4 *address,
                 const struct engine_out *out)
{
    begin(engine, now_ns, out);
    if (address != NULL) {
        int index = shared_address_index(engine, *address);
        return index < 0 ? -ENOENT : end_bindings(engine, (uint32_t)index, mac_zero);
    }
    int removed = 0;
    for (uint32_t i = 0; i < engine->config.address_count; i++)
        removed += end_bindings(engine, i, mac_zero);
    return removed;
}

/* True where an operator gave it a range; those of the configuration are known to denied_add(). */
static bool has_permanent(const struct engine *e, struct mac mac)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    while (engine_bindings_next(e, e->now_ns, &cursor, &entry))
        if (entry.state == BINDING_PERMANENT && mac_equal(entry.mac, mac))
            return true;
    return false;
}

int engine_deny(struct engine *engine, uint64_t now_ns, struct mac mac, const struct engine_out *out)
{
    begin(engine, now_ns, out);
    if (mac_is_group(mac) || mac_is_zero(mac) || mac_equal(mac, engine->config.mac))
        return -EINVAL;
    if (has_permanent(engine, mac))
        return -EEXIST;
    const int error = denied_add(engine, mac);
    if (error != 0)
        return error;
    engine->changes++;
    for (uint32_t i = 0; i < engine->config.address_count; i++)
        end_bindings(engine, i, mac);
    return 0;
}

int engine_allow(struct engine *engine, struct mac mac)
{
    const int error = denied_remove(engine, mac);
    engine->changes += error == 0;
    return error;
}

enum resolve_state engine_resolve(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                                  struct table_entry *entry, const struct engine_out *out)
{
    begin(engine, now_ns, out);
    int index = shared_address_index(engine, address);
    if (index < 0)
        return RESOLVE_NOT_SHARED;
    uint32_t address_index = (uint32_t)index;
    const struct binding *b = binding_find(engine->bindings, address_index, port);
    if (b != NULL) {
        entry_of_binding(engine, now_ns, b, entry);
        return RESOLVE_OWNED;
    }
    if (!binding_is_resolvable(&engine->config.addresses[address_index], port) ||
        resolver_is_negative(engine, address_index, port))
        return RESOLVE_UNOWNED;
    if (resolver_find(engine, address_index, port, mac_zero) == NULL &&
        resolver_ask_all(engine, address_index, port, 0) == NULL)
        return RESOLVE_UNOWNED;
    return RESOLVE_ASKING;
}

bool engine_is_asking(struct engine *engine, struct ipv4 address, uint16_t port)
{
    const int index = shared_address_index(engine, address);
    if (index < 0)
        return false;
    const struct binding *b = binding_find(engine->bindings, (uint32_t)index, port);
    return resolver_find(engine, (uint32_t)index, port, mac_zero) != NULL ||
           (b != NULL && resolver_find(engine, (uint32_t)index, port, b->owner) != NULL);
}

enum resolve_state engine_ask(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                              const struct engine_out *out)
{
    begin(engine, now_ns, out);
    const int index = shared_address_index(engine, address);
    if (index < 0)
        return RESOLVE_NOT_SHARED;
    if (engine_is_asking(engine, address, port))
        return RESOLVE_ASKING;
    const struct binding *b = binding_find(engine->bindings, (uint32_t)index, port);
    const struct resolution *r = NULL;
    if (b != NULL)
        r = resolver_ask_host(engine, (uint32_t)index, port, b->owner);
    else if (binding_is_resolvable(&engine->config.addresses[index], port))
        r = resolver_ask_all(engine, (uint32_t)index, port, 0);
    return r == NULL ? RESOLVE_UNOWNED : RESOLVE_ASKING;
}
