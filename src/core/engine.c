/* engine.c: the life of the engine, and the entry of every frame.
 * In: frames, time, links. Out: the verdict of each frame. Called by: daemon, tests. */
#include "pearpd/engine.h"

#include "pearpd/eth.h"

#include "binding/binding_probe.h"
#include "binding/lease.h"
#include "binding/resolver.h"
#include "binding/rivalry.h"
#include "engine_memory.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/verdict.h"
#include "rules/announce.h"
#include "rules/arp_rules.h"
#include "rules/bridge_rules.h"
#include "rules/datagram.h"
#include "rules/dhcp_server.h"
#include "rules/ipv4_rules.h"
#include "rules/nested_vlan.h"
#include "rules/pe_arp_rules.h"
#include "rules/rx_frame.h"
#include "tables/binding.h"
#include "tables/meter.h"
#include "tables/rivals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Life. */

struct engine *engine_new(const struct config *config, const struct engine_seed *seed)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->seed = *seed;
    if (engine_config_copy(&e->config, config) != 0 || engine_tables_new(e) != 0) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    engine_tables_free(engine);
    free(engine);
}

static void enter(struct engine *e, uint64_t now_ns, const struct engine_out *out)
{
    e->out = out;
    if (now_ns > e->now_ns)
        e->now_ns = now_ns;
}

void engine_start(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    engine_ranges_begin(engine);
    if (!engine->is_table_kept)
        rivals_collect(engine);
    lease_pool_begin(engine);
    announce_upstream(engine);
    announce_downstream(engine);
}

void engine_link(struct engine *engine, uint64_t now_ns, enum side side, bool up, uint32_t mtu_bytes,
                 const struct engine_out *out)
{
    enter(engine, now_ns, out);
    engine->mtu_bytes[side] = mtu_bytes;
    if (engine->link_up[side] == up)
        return;
    engine->link_up[side] = up;
    event_emit(engine, (struct event){.kind = up ? EVENT_PORT_UP : EVENT_PORT_DOWN, .side = side});
    if (!up || !announce_has_begun(engine))
        return;
    if (side == SIDE_UPSTREAM) {
        announce_upstream(engine);
        return;
    }
    rivals_collect_again(engine);
    announce_downstream(engine);
}

/* Time. */

static void timer_due(struct engine *e, struct timer *timer)
{
    char *at = (char *)timer;
    switch ((enum timer_kind)timer->kind) {
    case TIMER_BINDING:
        binding_due(e, (struct binding *)(void *)(at - offsetof(struct binding, timer)));
        break;
    case TIMER_RESOLUTION:
        resolver_due(e, (struct resolution *)(void *)(at - offsetof(struct resolution, timer)));
        break;
    case TIMER_ANNOUNCE:
    case TIMER_HELLO:
        announce_due(e, (enum timer_kind)timer->kind);
        break;
    case TIMER_ASK:
    case TIMER_UNICAST:
        resolver_budget_due(e, (enum timer_kind)timer->kind);
        break;
    case TIMER_DATAGRAMS:
        datagrams_due(e);
        break;
    case TIMER_METER:
        meter_due(e);
        break;
    case TIMER_RIVALS:
        rivalry_due(e);
        break;
    case TIMER_LEASE:
        lease_due(e, (struct lease *)(void *)(at - offsetof(struct lease, timer)));
        break;
    case TIMER_DISCOVER:
        dhcp_server_due(e, timer);
        break;
    }
}

static void run_due(struct engine *e)
{
    for (struct timer *timer; (timer = timer_heap_pop(e->timers, e->now_ns)) != NULL;)
        timer_due(e, timer);
}

uint64_t engine_tick(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    run_due(engine);
    return timer_heap_next(engine->timers);
}

uint64_t engine_next(const struct engine *engine)
{
    return timer_heap_next(engine->timers);
}

void engine_wall_clock(struct engine *engine, uint64_t now_ns, uint64_t wall_us)
{
    engine->wall.is_unset = wall_us == 0;
    engine->wall.us = wall_us;
    engine->wall.at_ns = now_ns;
}

void engine_postpone_repeats(struct engine *engine, uint64_t until_ns)
{
    announce_postpone(engine, until_ns);
}

/* Frames. */

/* Untagged, tagged with VID 0, or in the configured VLAN with one 0x8100 tag. */
static bool is_inspected(const struct engine *e, const struct eth *eth)
{
    if (eth->tags == 0)
        return e->config.vlan == 0;
    return eth->tags == 1 && eth->outer_tpid == ETHERTYPE_CTAG && eth_vid(eth) == e->config.vlan;
}

static struct verdict inspect(struct engine *e, struct rx_frame *rx)
{
    struct verdict verdict;
    if (rx->eth.ethertype == e->config.encap && pe_arp_rule(e, rx, &verdict))
        return verdict;
    if (rx->eth.ethertype == ETHERTYPE_ARP || rx->eth.snap_arp)
        return arp_rule(e, rx);
    if (rx->eth.ethertype == ETHERTYPE_IPV4 && ipv4_rule(e, rx, &verdict))
        return verdict;
    return bridge_forward(e, rx);
}

static struct verdict apply_rules(struct engine *e, enum side from, struct frame *frame)
{
    struct rx_frame rx;
    struct verdict verdict;
    if (frame->wire_length > frame->length)
        return verdict_dropped(DROP_TRUNCATED);
    if (!rx_frame_parse(from, frame, &rx))
        return verdict_dropped(DROP_RUNT);
    if (!bridge_source_check(e, &rx, &verdict))
        return verdict;
    if (is_inspected(e, &rx.eth))
        return inspect(e, &rx);
    return nested_vlan_check(e, &rx, &verdict) ? bridge_forward(e, &rx) : verdict;
}

struct verdict engine_frame(struct engine *engine, uint64_t now_ns, enum side from, struct frame *frame,
                            const struct engine_out *out)
{
    enter(engine, now_ns, out);
    run_due(engine);
    engine->stats.in[from]++;
    struct verdict verdict = apply_rules(engine, from, frame);
    verdict_count(engine, verdict);
#ifdef PEARPD_CHECK
    assert(engine_stats_balance(&engine->stats));
#endif
    return verdict;
}

/* Accounts. */

void engine_send_failed(struct engine *engine, enum side to, uint64_t count)
{
    engine->stats.out[to] -= count;
    engine->stats.drops[DROP_SEND_FAILED] += count;
}

void engine_ring_full(struct engine *engine, enum side from, uint64_t count)
{
    engine->stats.in[from] += count;
    engine->stats.drops[DROP_RING_FULL] += count;
    if (from == SIDE_DOWNSTREAM && count > 0)
        engine->lost_ns = engine->now_ns;
}

void engine_unsupported_offload(struct engine *engine, enum side side, uint64_t received, uint64_t not_sent)
{
    engine->stats.in[side] += received;
    engine->stats.out[side] -= not_sent;
    engine->stats.drops[DROP_UNSUPPORTED_OFFLOAD] += received + not_sent;
}

void engine_flows_flush(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    meter_flush(engine);
}

uint32_t engine_flows(const struct engine *engine)
{
    return meter_flows(engine->meter);
}

const struct engine_stats *engine_stats(const struct engine *engine)
{
    return &engine->stats;
}

bool engine_stats_balance(const struct engine_stats *stats)
{
    uint64_t in = stats->made, ended = stats->held;
    for (unsigned i = 0; i < SIDES; i++) {
        in += stats->in[i];
        ended += stats->out[i];
    }
    for (unsigned i = 0; i < CONSUMED_COUNT; i++)
        ended += stats->consumed[i];
    for (unsigned i = 0; i < DROP_COUNT; i++)
        ended += stats->drops[i];
    return in == ended;
}
