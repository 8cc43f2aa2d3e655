/* bridge_rules.c: see bridge_rules.h. */
#include "bridge_rules.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "rx_frame.h"
#include "tables/account.h"
#include "tables/fdb.h"
#include "tables/host.h"
#include "tables/range_macs.h"

#include <stdlib.h>
#include <string.h>

#define REFLECTED_EVENT_NS (60 * NS_PER_S)

/* One event of each kind per second, of reflections per minute. */
struct bridge_rules {
    struct rate bad_source_events, mac_move_events, loop_events, reflected_events;
};

enum belief { BELIEVED, NOT_BELIEVED, REFLECTED };

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

/* All 16 differ in the last octet only. */
static bool is_link_local(struct mac mac)
{
    return memcmp(mac.octets, pause_mac.octets, MAC_BYTES - 1) == 0;
}

/* Tags that a stock receiver reads through do not count (docs/forwarding.md#nested-tags), or a host could use them to be
 * believed as the router. */
static struct fdb_key tagged_key_of(const struct engine *e, const struct rx_frame *rx, struct mac mac)
{
    struct eth inside;
    if (eth_parse_through(rx->frame->bytes, rx->frame->length, e->config.vlan, &inside))
        return fdb_key_of(mac, e->config.vlan, false);
    uint16_t vid = eth_vid(&rx->eth);
    return fdb_key_of(mac, vid, vid != 0 && rx->eth.outer_tpid == ETHERTYPE_STAG);
}

/* `mac` in the VLAN of the frame. */
static inline struct fdb_key key_of(const struct engine *e, const struct rx_frame *rx, struct mac mac)
{
    return rx->eth.tags == 0 ? fdb_key_of(mac, 0, false) : tagged_key_of(e, rx, mac);
}

/* The same in the subnet's VLAN, where ports are owned. */
static struct fdb_key subnet_key(const struct engine *e, struct mac mac)
{
    return fdb_key_of(mac, e->config.vlan, false);
}

static bool is_owner(const struct engine *e, const struct fdb_key *key, struct mac mac)
{
    return fdb_key_equal(*key, subnet_key(e, mac)) && account_has_binding(e, range_macs_first(e, mac));
}

static bool lives(const struct engine *e, enum side side, struct fdb_key key)
{
    return fdb_lives(e->fdb, side, fdb_find(e->fdb, side, key), e->now_ns);
}

static bool is_upstream(const struct engine *e, struct fdb_key key)
{
    return fdb_is_upstream(e->fdb, fdb_find(e->fdb, SIDE_UPSTREAM, key), e->now_ns);
}

/* A host's MAC upstream: its own frame that upstream gave back if it was sent to a group, else forged if it owns
 * ports. */
static enum belief belief_upstream(struct engine *e, const struct rx_frame *rx, const struct fdb_key *key,
                                   struct fdb_entry *known)
{
    if (fdb_lives(e->fdb, SIDE_UPSTREAM, known, e->now_ns))
        return BELIEVED;
    bool owner = is_owner(e, key, rx->eth.source);
    if (mac_is_group(rx->eth.destination))
        return owner || lives(e, SIDE_DOWNSTREAM, *key) ? REFLECTED : BELIEVED;
    return owner ? NOT_BELIEVED : BELIEVED;
}

static enum belief belief_downstream(struct engine *e, const struct rx_frame *rx, const struct fdb_key *key,
                                     const struct fdb_entry *known)
{
    struct mac source = rx->eth.source;
    if (e->config.has_router_mac && mac_equal(source, e->config.router_mac) &&
        fdb_key_equal(*key, subnet_key(e, source)))
        return NOT_BELIEVED;
    if (known != NULL) /* so it is not upstream */
        return BELIEVED;
    return is_upstream(e, *key) && !is_owner(e, key, source) ? NOT_BELIEVED : BELIEVED;
}

/* `known`: the source's entry on the side of the frame, or NULL. */
static enum belief belief_of(struct engine *e, const struct rx_frame *rx, const struct fdb_key *key,
                             struct fdb_entry *known)
{
    struct mac source = rx->eth.source;
    if (mac_is_group(source) || mac_is_zero(source) || mac_equal(source, e->config.mac))
        return NOT_BELIEVED;
    return rx->from == SIDE_UPSTREAM ? belief_upstream(e, rx, key, known)
                                     : belief_downstream(e, rx, key, known);
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

static struct verdict reflected(struct engine *e, const struct rx_frame *rx)
{
    struct rate_limit limit = {REFLECTED_EVENT_NS, 0};
    if (rate_take(&e->bridge->reflected_events, limit, e->now_ns))
        event_emit(e, (struct event){.kind = EVENT_REFLECTED, .side = rx->from, .mac = rx->eth.source});
    return verdict_dropped(DROP_REFLECTED);
}

bool bridge_source_check(struct engine *e, struct rx_frame *rx, struct verdict *verdict)
{
    const struct fdb_key key = key_of(e, rx, rx->eth.source);
    struct fdb_entry *known = fdb_find(e->fdb, rx->from, key);
    const enum belief belief = belief_of(e, rx, &key, known);
    if (belief == REFLECTED) {
        *verdict = reflected(e, rx);
        return false;
    }
    if (belief == NOT_BELIEVED) {
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
    bool is_router = rx->from == SIDE_UPSTREAM && !mac_is_group(rx->eth.destination);
    if (fdb_learn(e->fdb, rx->from, key, known, is_router, e->now_ns))
        mac_moved(e, rx);
    return true;
}

void bridge_note_router(struct engine *e, const struct rx_frame *rx)
{
    const struct fdb_key key = key_of(e, rx, rx->eth.source);
    fdb_learn(e->fdb, SIDE_UPSTREAM, key, fdb_find(e->fdb, SIDE_UPSTREAM, key), true, e->now_ns);
}

/* Where upstream knows the bridge MAC alone, a frame to it that no rule takes is for the machine that the bridge runs on,
 * which may have the same address. Hosts must not get copies of it. */
static bool is_for_own_machine(const struct engine *e, const struct rx_frame *rx)
{
    return e->config.upstream_macs_bridge && rx->from == SIDE_UPSTREAM &&
           mac_equal(rx->eth.destination, e->config.mac);
}

bool bridge_is_same_side(struct engine *e, const struct rx_frame *rx)
{
    if (mac_is_group(rx->eth.destination))
        return false;
    if (is_for_own_machine(e, rx))
        return true;
    const struct fdb_key key = key_of(e, rx, rx->eth.destination);
    return fdb_find(e->fdb, side_other(rx->from), key) == NULL && lives(e, rx->from, key);
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
           !is_upstream(e, subnet_key(e, mac));
}
