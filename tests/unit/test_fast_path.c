/* test_fast_path.c: what the engine tells a fast path, when, and what it makes of the frames that passed there. */
#include "../lib/fast_model.h"
#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include "pearpd/eth.h"
#include "pearpd/l4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS   UINT64_C(1000000)
#define IPV6 0x86dd

static struct fast_model model;

/* The last event of each kind, and whether the fast path had a port of its range at that moment. */
static struct {
    struct event event;
    bool was_put;
} noted[EVENT_KIND_COUNT];

static void note_event(void *context, const struct event *event)
{
    struct world *w = context;
    w->events[event->kind]++;
    noted[event->kind].event = *event;
    noted[event->kind].was_put = fast_model_find(&model, event->range.address, event->range.first) != NULL;
}

static void ignore_flow(void *context, const struct flow_record *record)
{
    (void)context, (void)record;
}

static int setup(void **state)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    memset(noted, 0, sizeof(noted));
    limits_small(&w->config.limits);
    w->address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
    w->out.event = note_event;
    w->out.flow = ignore_flow;
    w->ranges[0] = (struct config_range){.range = {shared, 2000, 2999}, .mac = host_a, .name = "a"};
    w->config.range_count = 1;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static void start(struct world *w)
{
    world_start(w);
    fast_model_begin(&model, &w->now);
    engine_fast_set(w->engine, w->now, &model.path);
}

static struct fast_model_slot *slot_at(uint16_t port)
{
    return fast_model_find(&model, shared, port);
}

static bool is_put(uint16_t port)
{
    return slot_at(port) != NULL;
}

static bool find_entry(const struct world *w, uint16_t port, struct table_entry *entry)
{
    struct table_cursor cursor = {0};
    while (engine_bindings_next(w->engine, w->now, &cursor, entry))
        if (entry->range.first <= port && port <= entry->range.last)
            return true;
    return false;
}

static struct table_entry entry_at(const struct world *w, uint16_t port)
{
    struct table_entry entry;
    assert_true(find_entry(w, port, &entry));
    return entry;
}

static bool is_owned(const struct world *w, uint16_t port)
{
    struct table_entry entry;
    return find_entry(w, port, &entry);
}

static struct traffic total_of(const struct world *w, struct mac mac)
{
    struct account_entry account;
    assert_int_equal(engine_account_find(w->engine, mac, &account), 0);
    return account.total;
}

static void harvest(struct world *w)
{
    engine_fast_harvest(w->engine, w->now);
}

static void bind(struct world *w, struct mac host, uint16_t first, uint16_t last)
{
    world_say(w, PE_ARP_CLAIM, host, first, last);
    world_say(w, PE_ARP_REPLY, host, first, last);
}

/* A frame to the port, or of a host's from it. */
static void tcp(struct world *w, enum side from, struct mac host, uint16_t port)
{
    const bool is_up = from == SIDE_DOWNSTREAM;
    uint8_t bytes[128];
    uint8_t *body = put_ipv4(bytes, is_up ? router : bridge_mac, is_up ? host : router, is_up ? shared : remote,
                             is_up ? remote : shared, PROTOCOL_TCP, 20);
    put16(body + (is_up ? 0 : 2), port);
    put16(body + (is_up ? 2 : 0), 443);
    body[12] = 0x50;
    body[13] = 0x10;
    world_give(w, from, bytes, 34 + 20);
}

static struct verdict ipv6(struct world *w, enum side from, struct mac to, struct mac source)
{
    uint8_t bytes[60] = {0};
    memcpy(bytes, to.octets, 6);
    memcpy(bytes + 6, source.octets, 6);
    put16(bytes + 12, IPV6);
    return world_give(w, from, bytes, sizeof(bytes));
}

static struct mac station(unsigned n)
{
    return (struct mac){{0, 1, 0, 0, 0, (uint8_t)n}};
}

static bool knows(struct mac mac, enum side side)
{
    const struct fast_model_mac *known = fast_model_mac(&model, mac);
    return known != NULL && known->side == side;
}

/* As if the fast path had forwarded a frame of `mac` now. */
static void forwarded_of(const struct world *w, struct mac mac)
{
    struct fast_model_mac *known = fast_model_mac(&model, mac);
    assert_non_null(known);
    known->seen_ns = w->now;
}

/* The fast path as a whole. */

/* What is configured is put at once. Its frames are in its counts, its owner's account, its times and both sides of the
 * equation. */
static void test_configured_is_put_and_counted(void **state)
{
    struct world *w = *state;
    start(w);
    struct fast_model_slot *slot = slot_at(2500);
    assert_non_null(slot);
    assert_true(mac_equal(slot->owner, host_a));
    const struct engine_stats before = *engine_stats(w->engine);
    fast_model_to(&model, slot, 100);
    fast_model_to(&model, slot, 60);
    w->now += S;
    fast_model_from(&model, slot, 2001, 1500);
    model.bridged[SIDE_DOWNSTREAM] = 5;
    w->now += S;
    harvest(w);
    const struct table_entry entry = entry_at(w, 2000);
    assert_int_equal(entry.rx_frames, 2);
    assert_int_equal(entry.rx_bytes, 160);
    assert_int_equal(entry.tx_frames, 1);
    assert_int_equal(entry.tx_bytes, 1500);
    assert_int_equal(entry.seen_ns, S);
    assert_int_equal(total_of(w, host_a).rx_bytes, 160);
    assert_int_equal(total_of(w, host_a).tx_frames, 1);
    const struct engine_stats *after = engine_stats(w->engine);
    assert_int_equal(after->in[SIDE_UPSTREAM] - before.in[SIDE_UPSTREAM], 2);
    assert_int_equal(after->out[SIDE_DOWNSTREAM] - before.out[SIDE_DOWNSTREAM], 2);
    assert_int_equal(after->in[SIDE_DOWNSTREAM] - before.in[SIDE_DOWNSTREAM], 6);
    assert_int_equal(after->out[SIDE_UPSTREAM] - before.out[SIDE_UPSTREAM], 6);
}

/* In parts, each binding once a round. */
static void test_harvest_in_parts(void **state)
{
    struct world *w = *state;
    start(w);
    bind(w, host_b, 6000, 6499);
    bind(w, host_b, 7000, 7499);
    for (unsigned round = 1; round <= 3; round++) {
        for (uint16_t port = 6000; port <= 7000; port += 1000)
            fast_model_to(&model, slot_at(port), 100);
        model.bridged[SIDE_UPSTREAM] = 1;
        const unsigned taken = model.counts[FAST_TAKE];
        assert_false(engine_fast_harvest_some(w->engine, w->now, 2));
        assert_int_equal(model.counts[FAST_TAKE], taken + 2);
        assert_int_equal(model.bridged[SIDE_UPSTREAM], 0);
        assert_true(engine_fast_harvest_some(w->engine, w->now, 2));
        assert_int_equal(model.counts[FAST_TAKE], taken + 3);
        assert_int_equal(total_of(w, host_b).rx_frames, 2 * round);
    }
}

/* A clock that is ahead of the engine's makes nobody silent. */
static void test_clock_ahead(void **state)
{
    struct world *w = *state;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_a, 5100);
    w->now += 50 * S;
    fast_model_from(&model, slot_at(5100), 5100, 60);
    fast_model_from(&model, slot_at(2000), 2000, 60);
    w->now -= MS;
    harvest(w);
    assert_int_equal(entry_at(w, 2000).seen_ns, 0);
    world_say(w, PE_ARP_CLAIM, host_b, 5100, 5199);
    assert_int_equal(w->events[EVENT_CONFLICT], 1); /* it sends from there */
}

static void (*model_clear)(void *context);

/* A program that runs at that moment counts a frame behind it. */
static void clear_late(void *context)
{
    struct fast_model_slot *slot = slot_at(2000);
    model_clear(context);
    fast_model_to(&model, slot, 100);
}

/* NULL ends it: counts are kept, and nothing is put any more. */
static void test_ends(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    fast_model_to(&model, slot_at(2500), 100);
    model_clear = model.path.clear;
    model.path.clear = clear_late;
    engine_fast_set(w->engine, w->now, NULL);
    assert_int_equal(entry_at(w, 2000).rx_frames, 1);
    assert_int_equal(total_of(w, host_a).rx_frames, 2);
    assert_int_equal(model.counts[FAST_CLEAR], 1);
    const unsigned calls = model.call_count;
    const struct range range = {shared, 5000, 5999};
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    assert_int_equal(engine_delete(w->engine, w->now, &range, &w->out), 0);
    ipv6(w, SIDE_UPSTREAM, host_a, station(2));
    w->now += w->config.limits.mac_age_s * S;
    ipv6(w, SIDE_DOWNSTREAM, host_b, station(1));
    harvest(w);
    assert_int_equal(model.call_count, calls);
}

/* One that is set later gets what there is. */
static void test_begins_late(void **state)
{
    struct world *w = *state;
    world_start(w);
    fast_model_begin(&model, &w->now);
    bind(w, host_b, 6000, 6499);
    tcp(w, SIDE_DOWNSTREAM, host_a, 5100);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    engine_fast_set(w->engine, w->now, &model.path);
    assert_true(is_put(2000) && is_put(6499) && is_put(5100));
    assert_int_equal(fast_model_put_count(&model), 3);
    assert_null(fast_model_mac(&model, station(1)));
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_true(knows(station(1), SIDE_UPSTREAM));
}

/* Where there is no room it is tried again. */
static void test_no_room(void **state)
{
    struct world *w = *state;
    start(w);
    model.room = 1;
    bind(w, host_b, 6000, 6499);
    assert_false(is_put(6000));
    harvest(w);
    assert_false(is_put(6000));
    model.room = 2;
    harvest(w);
    assert_true(is_put(6000));
}

/* [ipfix] looks at every frame. */
static void test_ipfix(void **state)
{
    struct world *w = *state;
    w->config.ipfix = (struct config_ipfix){.is_on = true, .sample = 1, .active_s = 60, .idle_s = 15};
    start(w);
    bind(w, host_b, 6000, 6499);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(fast_model_put_count(&model), 0);
    assert_true(knows(station(1), SIDE_UPSTREAM)); /* what is bridged is no flow */
    w->config.ipfix.is_on = false;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_true(is_put(2000) && is_put(6000) && knows(station(1), SIDE_UPSTREAM));
    w->config.ipfix.is_on = true;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(fast_model_put_count(&model), 0);
    assert_true(knows(station(1), SIDE_UPSTREAM));
}

/* All is cleared before the first event of a reload, and put again behind the last. Nothing that was counted is lost. */
static void test_reload(void **state)
{
    struct world *w = *state;
    start(w);
    bind(w, host_b, 6000, 6499);
    tcp(w, SIDE_DOWNSTREAM, host_a, 5100);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    fast_model_to(&model, slot_at(2000), 100);
    fast_model_from(&model, slot_at(6000), 6001, 200);
    const uint32_t void_slot = (uint32_t)(slot_at(6000) - model.slots);
    struct config_address *address = &w->address;
    address->learn = LEARN_PE_ARP; /* what traffic taught ends */
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(w->events[EVENT_DELETED], 1);
    assert_false(noted[EVENT_DELETED].was_put);
    assert_int_equal(model.counts[FAST_CLEAR], 1);
    assert_true(is_put(2000) && is_put(6000) && !is_put(5100));
    assert_int_equal(entry_at(w, 2000).rx_frames, 1);
    assert_int_equal(entry_at(w, 6000).tx_bytes, 200);
    assert_null(fast_model_mac(&model, station(1)));
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_true(knows(station(1), SIDE_UPSTREAM));
    /* A program that was running at that moment counts behind it. */
    model.slots[void_slot].growth.from_owner_frames = 1;
    model.slots[void_slot].growth.from_owner_bytes = 70;
    fast_model_from(&model, slot_at(6000), 6001, 300);
    harvest(w);
    assert_int_equal(entry_at(w, 6000).tx_bytes, 500);
    assert_int_equal(total_of(w, host_b).tx_bytes, 570);
    assert_true(engine_stats_balance(engine_stats(w->engine)));
}

/* Bindings. */

/* A claimed range is put. It is gone before the event that it is stale; the frame that asks for its owner puts it again. */
static void test_stale_is_gone_before_its_event(void **state)
{
    struct world *w = *state;
    start(w);
    bind(w, host_b, 6000, 6499);
    assert_true(is_put(6000) && is_put(6499) && !is_put(6500));
    fast_model_to(&model, slot_at(6000), 100);
    world_pass(w, w->config.limits.lifetime_s * S);
    assert_int_equal(w->events[EVENT_STALE], 1);
    assert_false(noted[EVENT_STALE].was_put);
    assert_false(is_put(6000));
    assert_int_equal(entry_at(w, 6000).rx_frames, 1);
    tcp(w, SIDE_UPSTREAM, host_b, 6000);
    assert_int_equal(entry_at(w, 6000).state, BINDING_PROBE);
    assert_true(is_put(6000));
    world_pass(w, 4 * S); /* nobody answers */
    assert_int_equal(w->events[EVENT_EXPIRED], 1);
    assert_false(noted[EVENT_EXPIRED].was_put);
    assert_false(is_put(6000));
}

static void test_end_is_gone_before_its_event(void **state)
{
    struct world *w = *state;
    start(w);
    bind(w, host_b, 6000, 6499);
    bind(w, host_a, 7000, 7099);
    const struct range range = {shared, 6000, 6499};
    fast_model_from(&model, slot_at(6000), 6001, 200);
    assert_int_equal(engine_delete(w->engine, w->now, &range, &w->out), 0);
    assert_int_equal(w->events[EVENT_DELETED], 1);
    assert_false(noted[EVENT_DELETED].was_put);
    assert_int_equal(total_of(w, host_b).tx_bytes, 200);
    world_pass(w, 2 * S); /* nobody is asked twice in a second */
    bind(w, host_b, 6000, 6499);
    assert_true(is_put(6000));
    memset(noted, 0, sizeof(noted));
    assert_int_equal(engine_deny(w->engine, w->now, host_b, &w->out), 0);
    assert_int_equal(w->events[EVENT_DELETED], 2);
    assert_false(noted[EVENT_DELETED].was_put);
    assert_false(is_put(6000));
    assert_true(is_put(7000));
}

/* What still was counted when a binding ended is its owner's. */
static void test_rest_is_the_owners(void **state)
{
    struct world *w = *state;
    start(w);
    bind(w, host_b, 6000, 6499);
    struct fast_model_slot *slot = slot_at(6000);
    const struct range range = {shared, 6000, 6499};
    fast_model_to(&model, slot, 60);
    assert_int_equal(engine_delete(w->engine, w->now, &range, &w->out), 0);
    fast_model_to(&model, slot, 100);
    fast_model_from(&model, slot, 6000, 200);
    const struct engine_stats before = *engine_stats(w->engine);
    harvest(w);
    const struct traffic total = total_of(w, host_b);
    assert_int_equal(total.rx_frames, 2);
    assert_int_equal(total.rx_bytes, 160);
    assert_int_equal(total.tx_frames, 1);
    assert_int_equal(total.tx_bytes, 200);
    assert_int_equal(engine_stats(w->engine)->in[SIDE_UPSTREAM] - before.in[SIDE_UPSTREAM], 1);
    assert_int_equal(engine_stats(w->engine)->out[SIDE_UPSTREAM] - before.out[SIDE_UPSTREAM], 1);
    struct traffic growth;
    assert_true(engine_account_book(w->engine, host_b, &growth));
    assert_int_equal(growth.rx_bytes, 160);
}

/* A block that only the fast path sees in use lives as if its frames had passed here, to the nanosecond. */
static void test_idle_by_fast_frames(void **state)
{
    struct world *w = *state;
    const uint64_t idle_ns = w->config.limits.idle_s * S;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_b, 5100);
    assert_true(is_put(5100));
    for (unsigned i = 0; i < 3; i++) {
        world_pass(w, idle_ns - 1);
        fast_model_from(&model, slot_at(5100), 5100, 60);
    }
    world_pass(w, idle_ns - 1);
    assert_true(is_owned(w, 5100));
    world_pass(w, 1);
    assert_int_equal(w->events[EVENT_EXPIRED], 1);
    assert_false(noted[EVENT_EXPIRED].was_put);
    assert_false(is_put(5100));
}

/* Frames to a host do not keep its block. */
static void test_idle_in_spite_of_frames_to_it(void **state)
{
    struct world *w = *state;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_b, 5100);
    world_pass(w, w->config.limits.idle_s * S - 1);
    fast_model_from(&model, slot_at(5100), 5100, 60);
    harvest(w);
    world_pass(w, w->config.limits.idle_s * S - 1);
    fast_model_to(&model, slot_at(5100), 60);
    world_pass(w, 1);
    assert_false(is_owned(w, 5100));
}

/* The ports that a host sends from stay its own, and the cut is where they are not. */
static void test_ports_in_use_by_fast_frames(void **state)
{
    struct world *w = *state;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_a, 5030);
    world_pass(w, 50 * S);
    fast_model_from(&model, slot_at(5030), 5900, 60);
    world_say(w, PE_ARP_CLAIM, host_b, 5890, 5999);
    assert_int_equal(w->events[EVENT_CONFLICT], 1);
    world_pass(w, 10 * S);
    fast_model_from(&model, slot_at(5030), 5900, 60);
    bind(w, host_b, 5030, 5839);
    assert_true(mac_equal(slot_at(5030)->owner, host_b));
    assert_true(mac_equal(slot_at(5900)->owner, host_a)); /* the smaller part, which it uses */
    assert_false(is_put(5024));
    assert_int_equal(entry_at(w, 5900).tx_frames, 3);
    assert_int_equal(entry_at(w, 5900).range.first, 5840);
}

/* A client asks for a lease, and the network's server gives it set `psid` of 1024. */
static void leases(struct world *w, struct mac client, uint16_t psid)
{
    const struct dhcp_answer ack = {.kind = DHCP_ACK,
                                    .xid = 7,
                                    .yiaddr = shared,
                                    .chaddr = client,
                                    .server_id = gateway,
                                    .lease_s = DHCP_LEASE_FOREVER,
                                    .ports = {true, 0, 10, psid}};
    struct tx_frame frame = {.destination = client,
                             .source = router,
                             .ethertype = ETHERTYPE_IPV4,
                             .kind = TX_DHCP,
                             .dhcp = {.source = gateway, .destination = shared, .answer = ack}};
    uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    int length = frame_build(w->builder, &frame, bytes, sizeof(bytes));
    assert_true(length > 0);
    memcpy(bytes, mac_broadcast.octets, 6);
    memcpy(bytes + 6, client.octets, 6);
    put16(bytes + 34, DHCP_PORT_CLIENT);
    put16(bytes + 36, DHCP_PORT_SERVER);
    bytes[42] = DHCP_OP_REQUEST;
    world_give(w, SIDE_DOWNSTREAM, bytes, (size_t)length);
    world_give_made(w, SIDE_UPSTREAM, &frame);
}

/* A lease cuts a block, too, where its host does not send from. */
static void test_lease_beside_ports_in_use(void **state)
{
    struct world *w = *state;
    w->address.learn = LEARN_DHCP | LEARN_TRAFFIC;
    start(w);
    tcp(w, SIDE_DOWNSTREAM, host_a, 5030);
    world_pass(w, 50 * S);
    fast_model_from(&model, slot_at(5030), 5900, 60);
    leases(w, host_b, 90); /* 5760-5823 */
    assert_true(mac_equal(slot_at(5760)->owner, host_b) && mac_equal(slot_at(5823)->owner, host_b));
    assert_true(mac_equal(slot_at(5900)->owner, host_a)); /* the smaller part, which it uses */
    assert_false(is_put(5024));
}

/* The host that is heard through the fast path alone is not the one that makes room. */
static void test_eviction_by_fast_times(void **state)
{
    struct world *w = *state;
    w->config.range_count = 0;
    w->config.limits.bindings = 3;
    start(w);
    for (uint16_t i = 0; i < 3; i++) {
        bind(w, host_a, (uint16_t)(6000 + 1000 * i), (uint16_t)(6499 + 1000 * i));
        world_pass(w, S);
    }
    fast_model_from(&model, slot_at(6000), 6000, 60);
    bind(w, host_b, 9000, 9499);
    assert_int_equal(w->events[EVENT_EVICTED], 1);
    assert_int_equal(noted[EVENT_EVICTED].event.range.first, 7000);
    assert_false(noted[EVENT_EVICTED].was_put);
    assert_true(is_put(6000) && is_put(8000) && is_put(9000));
}

/* What an earlier run saved is put where it needs nothing; what its owner must confirm first is not. */
static void test_restored(void **state)
{
    struct world *w = *state;
    w->address.learn |= LEARN_DHCP;
    start(w);
    struct table_entry entry = {.mac = host_b, .name = "", .seen_ns = ENGINE_NEVER, .expires_ns = 100 * S};
    static const struct {
        enum binding_origin origin;
        enum binding_state state;
        bool is_put;
    } cases[] = {{ORIGIN_DHCP, BINDING_REACHABLE, true},
                 {ORIGIN_CONTROL, BINDING_PERMANENT, true},
                 {ORIGIN_PE_ARP, BINDING_REACHABLE, false},
                 {ORIGIN_TRAFFIC, BINDING_REACHABLE, false}};
    for (unsigned i = 0; i < 4; i++) {
        const uint16_t first = (uint16_t)(5024 + 1000 * i);
        entry.range = (struct range){shared, first, (uint16_t)(first + 999)};
        entry.origin = cases[i].origin;
        entry.state = cases[i].state;
        assert_int_equal(engine_restore(w->engine, w->now, &entry, &w->out), 0);
        assert_int_equal(is_put(first), cases[i].is_put);
    }
    tcp(w, SIDE_UPSTREAM, host_b, 8030);
    assert_false(is_put(8030));
    tcp(w, SIDE_DOWNSTREAM, host_b, 8030);
    assert_true(is_put(8030));
}

/* A host's frames count as sent from its first MAC address: none is from another one's owner. */
static void test_other_mac_of_a_range(void **state)
{
    struct world *w = *state;
    w->ranges[0].others[0] = host_b;
    w->ranges[0].other_count = 1;
    start(w);
    const struct range range = {shared, 5000, 5999};
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    assert_false(is_put(5000));
    assert_true(is_put(2000));
    tcp(w, SIDE_DOWNSTREAM, host_b, 5000); /* what a fast path would have forwarded */
    assert_int_equal(w->events[EVENT_VIOLATION], 1);
}

/* MAC addresses. */

static void test_macs_are_told_now_and_then(void **state)
{
    struct world *w = *state;
    const uint64_t again_ns = w->config.limits.mac_age_s * S / 4;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    ipv6(w, SIDE_DOWNSTREAM, station(1), host_a);
    assert_true(knows(station(1), SIDE_UPSTREAM) && knows(host_a, SIDE_DOWNSTREAM));
    for (unsigned i = 0; i < 10; i++)
        ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    w->now += again_ns - 1;
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(model.counts[FAST_MAC_PUT], 2);
    w->now += 1;
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(model.counts[FAST_MAC_PUT], 3);
    assert_int_equal(fast_model_mac(&model, station(1))->seen_ns, w->now);
}

static void test_mac_moves(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_DOWNSTREAM, router, station(1));
    model.call_count = 0;
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(model.call_count, 2);
    assert_int_equal(model.calls[0].kind, FAST_MAC_REMOVE);
    assert_int_equal(model.calls[1].kind, FAST_MAC_PUT);
    assert_true(knows(station(1), SIDE_UPSTREAM));
    assert_int_equal(w->events[EVENT_MAC_MOVED], 1);
}

/* It moved although it was silent here for mac-age: the fast path had seen it. */
static void test_mac_moves_that_only_the_fast_path_saw(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_DOWNSTREAM, router, station(1));
    w->now += w->config.limits.mac_age_s * S - 1;
    forwarded_of(w, station(1));
    w->now += 2 * S;
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    assert_int_equal(w->events[EVENT_MAC_MOVED], 1);
}

/* A full table evicts what neither saw, and the fast path forgets it too. */
static void test_mac_is_evicted(void **state)
{
    struct world *w = *state;
    w->config.limits.macs = 16;
    start(w);
    for (unsigned i = 0; i < 16; i++, w->now += S)
        ipv6(w, SIDE_DOWNSTREAM, router, station(i));
    forwarded_of(w, station(0));
    forwarded_of(w, station(1));
    ipv6(w, SIDE_DOWNSTREAM, router, station(16));
    assert_int_equal(model.counts[FAST_MAC_REMOVE], 1);
    assert_null(fast_model_mac(&model, station(2)));
    assert_true(knows(station(0), SIDE_DOWNSTREAM) && knows(station(16), SIDE_DOWNSTREAM));
    ipv6(w, SIDE_DOWNSTREAM, router, station(16)); /* which is there */
    assert_int_equal(model.counts[FAST_MAC_REMOVE], 1);
}

/* Sources that are not believed are not told, and change nothing of what was. */
static void test_macs_not_believed(void **state)
{
    struct world *w = *state;
    static const struct mac group = {{0x33, 0x33, 0, 0, 0, 1}};
    w->config.has_router_mac = true;
    w->config.router_mac = router;
    start(w);
    bind(w, host_b, 6000, 6499);
    const unsigned told = model.counts[FAST_MAC_PUT];
    ipv6(w, SIDE_DOWNSTREAM, station(1), router); /* before the router itself sent anything */
    ipv6(w, SIDE_DOWNSTREAM, station(1), bridge_mac);
    ipv6(w, SIDE_UPSTREAM, station(1), bridge_mac);
    ipv6(w, SIDE_UPSTREAM, station(1), group);
    ipv6(w, SIDE_DOWNSTREAM, station(1), mac_zero);
    ipv6(w, SIDE_UPSTREAM, mac_broadcast, host_b); /* reflected */
    ipv6(w, SIDE_UPSTREAM, station(1), host_a);    /* of an owner that was not seen yet */
    assert_int_equal(model.counts[FAST_MAC_PUT], told);
    ipv6(w, SIDE_UPSTREAM, host_b, station(2));
    ipv6(w, SIDE_DOWNSTREAM, router, station(2));
    assert_int_equal(model.counts[FAST_MAC_PUT], told + 1);
    assert_int_equal(model.counts[FAST_MAC_REMOVE], 0);
    assert_true(knows(station(2), SIDE_UPSTREAM));
}

/* It forwards in the subnet's VLAN only. */
static void test_macs_of_other_vlans(void **state)
{
    struct world *w = *state;
    uint8_t bytes[60] = {0};
    w->config.vlan = 5;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    memcpy(bytes + 6, station(2).octets, 6);
    put16(bytes + 12, ETHERTYPE_CTAG);
    put16(bytes + 14, 6);
    put16(bytes + 16, IPV6);
    world_give(w, SIDE_UPSTREAM, bytes, sizeof(bytes));
    assert_int_equal(model.counts[FAST_MAC_PUT], 0);
    put16(bytes + 14, 5);
    world_give(w, SIDE_UPSTREAM, bytes, sizeof(bytes));
    assert_true(knows(station(2), SIDE_UPSTREAM));
    put16(bytes + 12, ETHERTYPE_STAG);
    memcpy(bytes + 6, station(3).octets, 6);
    world_give(w, SIDE_UPSTREAM, bytes, sizeof(bytes));
    assert_null(fast_model_mac(&model, station(3)));
}

/* What the fast path sees is not too old, and what it does not see is. */
static void test_mac_age_by_fast_frames(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    ipv6(w, SIDE_UPSTREAM, host_a, station(2));
    w->now += w->config.limits.mac_age_s * S - 1;
    forwarded_of(w, station(1));
    w->now += 2;
    const struct verdict v = ipv6(w, SIDE_UPSTREAM, station(1), station(3));
    assert_true(v.fate == FATE_DROPPED && v.reason == DROP_SAME_PORT);
    assert_int_equal(ipv6(w, SIDE_UPSTREAM, station(2), station(3)).fate, FATE_SENT);
}

static bool is_believed_downstream(struct world *w, struct mac mac)
{
    const struct verdict v = ipv6(w, SIDE_DOWNSTREAM, station(9), mac);
    return !(v.fate == FATE_DROPPED && v.reason == DROP_BAD_SOURCE);
}

/* A router upstream is one for mac-age after what the fast path saw last. Who only sends to groups is none, for 30 s, and is
 * not told: then whatever the fast path saw is a router. */
static void test_router_by_fast_frames(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    ipv6(w, SIDE_UPSTREAM, host_a, station(2));
    ipv6(w, SIDE_UPSTREAM, mac_broadcast, station(3));
    assert_null(fast_model_mac(&model, station(3)));
    w->now += 31 * S;
    assert_false(is_believed_downstream(w, station(2)));
    assert_true(is_believed_downstream(w, station(3)));
    w->now += 30 * S;
    forwarded_of(w, station(1));
    ipv6(w, SIDE_UPSTREAM, mac_broadcast, station(1)); /* does not make it less */
    w->now += 40 * S;
    assert_false(is_believed_downstream(w, station(1)));
    assert_true(is_believed_downstream(w, station(2)));
    w->now += w->config.limits.mac_age_s * S;
    assert_true(is_believed_downstream(w, station(1)));
}

/* A reload forgets nothing of what the fast path saw. */
static void test_mac_age_over_a_reload(void **state)
{
    struct world *w = *state;
    start(w);
    ipv6(w, SIDE_UPSTREAM, host_a, station(1));
    w->now += 50 * S;
    forwarded_of(w, station(1));
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    w->now += 50 * S;
    assert_false(is_believed_downstream(w, station(1)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_configured_is_put_and_counted),
        TEST(test_harvest_in_parts),
        TEST(test_clock_ahead),
        TEST(test_ends),
        TEST(test_begins_late),
        TEST(test_no_room),
        TEST(test_ipfix),
        TEST(test_reload),
        TEST(test_stale_is_gone_before_its_event),
        TEST(test_end_is_gone_before_its_event),
        TEST(test_rest_is_the_owners),
        TEST(test_idle_by_fast_frames),
        TEST(test_idle_in_spite_of_frames_to_it),
        TEST(test_ports_in_use_by_fast_frames),
        TEST(test_lease_beside_ports_in_use),
        TEST(test_eviction_by_fast_times),
        TEST(test_restored),
        TEST(test_other_mac_of_a_range),
        TEST(test_macs_are_told_now_and_then),
        TEST(test_mac_moves),
        TEST(test_mac_moves_that_only_the_fast_path_saw),
        TEST(test_mac_is_evicted),
        TEST(test_macs_not_believed),
        TEST(test_macs_of_other_vlans),
        TEST(test_mac_age_by_fast_frames),
        TEST(test_router_by_fast_frames),
        TEST(test_mac_age_over_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
