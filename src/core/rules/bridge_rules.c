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

static bool source_is_believed(struct engine *e, const struct rx_frame *rx)
{
    struct mac source = rx->eth.source;
    if (mac_is_group(source) || mac_is_zero(source) || mac_equal(source, e->config.mac))
        return false;
    if (rx->from == SIDE_UPSTREAM)
        return true;
    if (e->config.has_router_mac && mac_equal(source, e->config.router_mac))
        return false;
    return !fdb_seen_upstream(e->fdb, source, e->now_ns);
}

static void bad_source(struct engine *e, const struct rx_frame *rx)
{
    e->stats.counters[COUNTER_BAD_SOURCES]++;
    if (rx->from == SIDE_DOWNSTREAM && !mac_is_group(rx->eth.source))
        host_of(e->hosts, rx->eth.source)->bad_sources++;
    if (rate_take(&e->bridge->bad_source_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_BAD_SOURCE, .side = rx->from, .mac = rx->eth.source});
}

/* A frame of the bridge came back upstream. No host can cause this: frames of hosts with this source were dropped
 * above. */
static void loop_seen(struct engine *e)
{
    fdb_loop(e->fdb, e->now_ns);
    if (rate_take(&e->bridge->loop_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_LOOP, .side = SIDE_UPSTREAM, .mac = e->config.mac});
}

static void mac_moved(struct engine *e, const struct rx_frame *rx)
{
    e->stats.counters[COUNTER_MAC_MOVES]++;
    if (rate_take(&e->bridge->mac_move_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_MAC_MOVED, .side = rx->from, .mac = rx->eth.source});
}

static struct fdb_key key_of(const struct rx_frame *rx, struct mac mac)
{
    return fdb_key_of(mac, eth_vid(&rx->eth), rx->eth.outer_tpid == ETHERTYPE_STAG);
}

bool bridge_source_check(struct engine *e, struct rx_frame *rx, struct verdict *verdict)
{
    if (!source_is_believed(e, rx)) {
        if (rx->from == SIDE_UPSTREAM && mac_equal(rx->eth.source, e->config.mac))
            loop_seen(e);
        bad_source(e, rx);
        *verdict = verdict_dropped(DROP_BAD_SOURCE);
        return false;
    }
    if (is_link_local(rx->eth.destination) &&
        (e->config.link_local_drop || mac_equal(rx->eth.destination, pause_mac))) {
        *verdict = verdict_dropped(DROP_LINK_LOCAL);
        return false;
    }
    if (fdb_learn(e->fdb, rx->from, key_of(rx, rx->eth.source), e->now_ns))
        mac_moved(e, rx);
    return true;
}

bool bridge_is_same_side(struct engine *e, const struct rx_frame *rx)
{
    if (mac_is_group(rx->eth.destination))
        return false;
    return fdb_lives(e->fdb, rx->from, key_of(rx, rx->eth.destination), e->now_ns);
}

struct verdict bridge_forward(struct engine *e, struct rx_frame *rx)
{
    if (bridge_is_same_side(e, rx))
        return verdict_dropped(DROP_SAME_PORT);
    return frame_send(e, side_other(rx->from), rx->frame);
}

bool bridge_host_can_own(struct engine *e, struct mac mac)
{
    return !mac_is_zero(mac) && !mac_is_group(mac) && !mac_equal(mac, e->config.mac) &&
           !(e->config.has_router_mac && mac_equal(mac, e->config.router_mac)) &&
           !fdb_seen_upstream(e->fdb, mac, e->now_ns);
}
