/* engine_reload.c: a new configuration takes the place of the present one.
 * Every table is built again by the new limits and the old contents are copied into it, so that a reload either
 * succeeds as a whole or leaves the engine as it was. Called by: daemon through engine.h. */
#include "pearpd/keyed_table.h"

#include "binding/binding_fit.h"
#include "binding/lease.h"
#include "binding/lease_pool.h"
#include "binding/resolver.h"
#include "binding/rivalry.h"
#include "binding/service.h"
#include "engine_fast.h"
#include "engine_memory.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "rules/announce.h"
#include "rules/arp_budget.h"
#include "rules/arp_relay.h"
#include "rules/bridge_rules.h"
#include "rules/claim_budget.h"
#include "rules/datagram.h"
#include "rules/dhcp_rules.h"
#include "rules/dhcp_server.h"
#include "rules/dhcp_transactions.h"
#include "rules/echo.h"
#include "rules/flow.h"
#include "rules/pe_arp_replay.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/denied.h"
#include "tables/fdb.h"
#include "tables/meter.h"
#include "tables/shared_address.h"

#include <errno.h>
#include <string.h>

/* Copies a learned or added binding where the new configuration allows it. NULL: it does not. */
static struct binding *learned_carry(struct engine *e, const struct binding *b)
{
    uint32_t at = 0, address_index = shared_address_of_ports(e, &b->ports);
    if (!binding_fits(e, &b->ports, b->owner, b->origin) || binding_overlap_next(e, &b->ports, &at) != NULL)
        return NULL;
    struct binding *kept = binding_add(e->bindings, address_index, &b->ports, b->owner);
    if (kept == NULL)
        return NULL;
    uint32_t older = kept->stale_older, newer = kept->stale_newer;
    uint64_t due_ns = timer_armed(&b->timer) ? b->timer.due_ns : TIMER_NEVER;
    *kept = *b;
    kept->address_index = address_index;
    account_join(e, kept);
    kept->name = "";
    kept->stale_older = older;
    kept->stale_newer = newer;
    kept->timer = (struct timer){.kind = TIMER_BINDING};
    if (due_ns != TIMER_NEVER)
        timer_set(e->timers, &kept->timer, due_ns);
    if (kept->state == BINDING_STALE)
        binding_stale_add(e->bindings, kept);
    if (kept->origin == ORIGIN_DHCP)
        dhcp_lessee_note(e, kept);
    return kept;
}

/* A binding that is configured as before takes over the age and counters of `was`. NULL: there is none. */
static struct binding *configured_carry(struct engine *e, const struct binding *was)
{
    struct binding *b = binding_find_configured(e, &was->ports, was->owner);
    if (b == NULL)
        return NULL;
    account_leave(e, b);
    b->learned_ns = was->learned_ns;
    b->rx_frames = was->rx_frames;
    b->rx_bytes = was->rx_bytes;
    b->seen_ns = was->seen_ns;
    b->tx_frames = was->tx_frames;
    b->tx_bytes = was->tx_bytes;
    account_join(e, b);
    return b;
}

/* Emitted by the old engine: only its configuration may have the address. */
static void emit_ended(struct engine *old, const struct binding *b)
{
    event_emit(old, (struct event){.kind = EVENT_DELETED,
                                   .side = SIDE_DOWNSTREAM,
                                   .range = b->ports.range,
                                   .mac = b->owner,
                                   .detail = "reload"});
}

static void binding_carry(struct engine *e, struct engine *old, const struct binding *b)
{
    struct binding *kept = NULL;
    if (shared_address_index(e, b->ports.range.address) >= 0)
        kept = b->origin == ORIGIN_CONFIG ? configured_carry(e, b) : learned_carry(e, b);
    service_carry(e, kept, old, b);
    if (kept != NULL)
        return;
    e->reload_ended.bindings++;
    emit_ended(old, b);
}

static void bindings_carry(struct engine *e, struct engine *old)
{
    for (uint32_t i = 0; i < old->config.address_count; i++) {
        uint32_t next = 0;
        uint16_t port;
        const struct binding *b;
        while (next <= UINT16_MAX &&
               (b = binding_next(old->bindings, i, (uint16_t)next, UINT16_MAX, &port)) != NULL) {
            if (port == b->ports.range.first)
                binding_carry(e, old, b);
            next = b->ports.is_port_set ? port + 1U : b->ports.range.last + 1U;
        }
    }
}

static void parts_carry(struct engine *e, const struct engine *old)
{
    e->stats = old->stats;
    e->now_ns = old->now_ns;
    e->owned = old->owned;
    e->owned_context = old->owned_context;
    e->confirm_ns = old->confirm_ns;
    e->lost_ns = old->lost_ns;
    e->wall = old->wall;
    e->changes = old->changes + binding_table_changes(old->bindings);
    memcpy(e->mtu_bytes, old->mtu_bytes, sizeof(e->mtu_bytes));
    memcpy(e->link_up, old->link_up, sizeof(e->link_up));
    shared_addresses_carry(e, old);
    accounts_carry(e, old->accounts);
    fdb_copy(e->fdb, old->fdb);
    keyed_table_copy(e->hosts, old->hosts);
    bridge_rules_carry(e, old);
    arp_budget_carry(e, old);
    claim_budget_carry(e, old);
    arp_relay_carry(e, old);
    echo_carry(e, old);
    flows_carry(e, old);
    dhcp_rules_carry(e, old);
    dhcp_server_carry(e, old);
    dhcp_transactions_carry(e, old);
}

int engine_reload(struct engine *engine, uint64_t now_ns, const struct config *config,
                  const struct engine_out *out)
{
    engine_tick(engine, now_ns, out);
    struct engine *fresh = engine_new(config, &engine->seed);
    if (fresh == NULL)
        return -ENOMEM;
    const int error = denied_carry(fresh, engine);
    if (error != 0) {
        engine_free(fresh);
        return error;
    }
    bool started = announce_has_begun(engine);
    const struct fast_path *fast = engine_fast_leave(engine);
    resolver_carry(fresh, engine);
    resolver_drop(engine);
    datagrams_drop(engine);
    meter_flush(engine);
    parts_carry(fresh, engine);
    bindings_carry(fresh, engine);
    rivalry_carry(fresh, engine);
    pe_arp_replay_carry(fresh, engine); /* owners are known now */
    lease_pool_carry(fresh, engine);
    /* `fresh` takes the place of what `engine` held, and is freed with it. */
    struct engine old = *engine;
    *engine = *fresh;
    *fresh = old;
    engine->out = out;
    engine_free(fresh);
    leases_unpark(engine);
    resolver_resume(engine);
    engine_ranges_begin(engine);
    engine_fast_join(engine, fast);
    if (started) {
        announce_upstream(engine);
        announce_downstream(engine);
    }
    return 0;
}

struct reload_ended engine_reload_ended(const struct engine *engine)
{
    return engine->reload_ended;
}
