/* bridge_rules.c: see bridge_rules.h. */
#include "bridge_rules.h"

#include "pearpd/rate.h"

#include "engine_state.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "rx_frame.h"
#include "tables/fdb.h"
#include "tables/host.h"

#include <stdlib.h>

/* One event of each kind per second. */
struct bridge_rules {
    struct rate bad_source_events, mac_move_events, loop_events;
};

static const struct mac pause_mac = {{0x01, 0x80, 0xc2, 0x00, 0x00, 0x01}};

struct bridge_rules *bridge_rules_new(void)
{
    return calloc(1, sizeof(struct bridge_rules));
}

void bridge_rules_free(struct bridge_rules *rules)
{
    free(rules);
}

void bridge_rules_carry(struct engine *e, const struct engine *old)
{
    *e->bridge = *old->bridge;
}

static bool is_link_local(struct mac mac)
{
    return mac_number(mac) >> 8 == mac_number(pause_mac) >> 8;
}

static bool source_is_believed(struct engine *e, const struct rx_frame *p)
{
    struct mac source = p->eth.source;
    if (mac_is_group(source) || mac_is_zero(source) || mac_equal(source, e->config.mac))
        return false;
    if (p->from == SIDE_UPSTREAM)
        return true;
    if (e->config.has_router_mac && mac_equal(source, e->config.router_mac))
        return false;
    return !fdb_seen_upstream(e->fdb, source, e->now_ns);
}

static void bad_source(struct engine *e, const struct rx_frame *p)
{
    e->stats.counters[COUNTER_BAD_SOURCES]++;
    if (p->from == SIDE_DOWNSTREAM && !mac_is_group(p->eth.source))
        host_of(e->hosts, p->eth.source)->bad_sources++;
    if (rate_take(&e->bridge->bad_source_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_BAD_SOURCE, .side = p->from, .mac = p->eth.source});
}

/* A frame of the bridge came back upstream. No host can cause this: frames of hosts with this source were dropped
 * above. */
static void loop_seen(struct engine *e)
{
    fdb_loop(e->fdb, e->now_ns);
    if (rate_take(&e->bridge->loop_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_LOOP, .side = SIDE_UPSTREAM, .mac = e->config.mac});
}

static void mac_moved(struct engine *e, const struct rx_frame *p)
{
    e->stats.counters[COUNTER_MAC_MOVES]++;
    if (rate_take(&e->bridge->mac_move_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_MAC_MOVED, .side = p->from, .mac = p->eth.source});
}

static struct fdb_key key_of(const struct rx_frame *p, struct mac mac)
{
    return fdb_key_of(mac, eth_vid(&p->eth), p->eth.outer_tpid == ETHERTYPE_STAG);
}

bool bridge_source_check(struct engine *e, struct rx_frame *p, struct verdict *verdict)
{
    if (!source_is_believed(e, p)) {
        if (p->from == SIDE_UPSTREAM && mac_equal(p->eth.source, e->config.mac))
            loop_seen(e);
        bad_source(e, p);
        *verdict = verdict_dropped(DROP_BAD_SOURCE);
        return false;
    }
    if (is_link_local(p->eth.destination) &&
        (e->config.link_local_drop || mac_equal(p->eth.destination, pause_mac))) {
        *verdict = verdict_dropped(DROP_LINK_LOCAL);
        return false;
    }
    if (fdb_learn(e->fdb, p->from, key_of(p, p->eth.source), e->now_ns))
        mac_moved(e, p);
    return true;
}

bool bridge_is_same_side(struct engine *e, const struct rx_frame *p)
{
    if (mac_is_group(p->eth.destination))
        return false;
    return fdb_lives(e->fdb, p->from, key_of(p, p->eth.destination), e->now_ns);
}

struct verdict bridge_forward(struct engine *e, struct rx_frame *p)
{
    if (bridge_is_same_side(e, p))
        return verdict_dropped(DROP_SAME_PORT);
    return frame_send(e, side_other(p->from), p->frame);
}

bool bridge_host_can_own(struct engine *e, struct mac mac)
{
    return !mac_is_zero(mac) && !mac_is_group(mac) && !mac_equal(mac, e->config.mac) &&
           !(e->config.has_router_mac && mac_equal(mac, e->config.router_mac)) &&
           !fdb_seen_upstream(e->fdb, mac, e->now_ns);
}
