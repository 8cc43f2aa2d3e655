/* test_engine.c: the engine's rules as stories, with frames and time in the test's hand. */
#include "pearpd/l4.h"

#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEPT 4096

/* What left the engine since the last look. */
struct sent {
    enum side to;
    bool is_made;
    struct tx_frame made;
    uint8_t bytes[2048];
    size_t length;
};

static struct {
    struct sent sent[KEPT];
    unsigned count;
    enum event_kind events[KEPT];
    unsigned event_count;
    struct event last_event;
} seen;

static void forget(void)
{
    seen.count = seen.event_count = 0;
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct sent *s = &seen.sent[seen.count++];
    (void)context;
    *s = (struct sent){.to = to, .length = frame->length};
    assert_true(frame->length <= sizeof(s->bytes));
    memcpy(s->bytes, frame->bytes, frame->length);
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context;
    seen.sent[seen.count++] = (struct sent){.to = to, .is_made = true, .made = *made};
}

static void take_event(void *context, const struct event *event)
{
    (void)context;
    seen.events[seen.event_count++] = event->kind;
    seen.last_event = *event;
}

/* A world with 192.35.162.2, ports 2000-9999 in blocks of 1000, that was started and has said so. */
static struct world *world_new(void (*change)(struct world *w))
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    w->address.ports_first = 2000;
    w->address.ports_last = 9999;
    w->address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
    if (change != NULL)
        change(w);
    w->out = (struct engine_out){w, take_send, take_make, take_event, NULL};
    world_start(w);
    forget();
    return w;
}

static void world_free(struct world *w)
{
    world_end(w);
    free(w);
}

/* Lets time pass. What was sent before is forgotten; so it is by the next frame. */
static void pass(struct world *w, uint64_t ns)
{
    forget();
    world_pass(w, ns);
}

static struct verdict give(struct world *w, enum side from, const uint8_t *bytes, size_t length)
{
    forget();
    return world_give(w, from, bytes, length);
}

static struct verdict give_made(struct world *w, enum side from, const struct tx_frame *made)
{
    forget();
    return world_give_made(w, from, made);
}

static struct verdict arp_from(struct world *w, enum side from, struct mac source, uint16_t operation,
                               struct ipv4 spa, struct ipv4 tpa)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = source, .ethertype = ETHERTYPE_ARP, .kind = TX_ARP};
    made.arp = (struct arp){ARP_HRD_ETHERNET, operation, source, mac_zero, spa, tpa};
    return give_made(w, from, &made);
}

/* A UDP datagram with 4 bytes of data. */
static size_t udp(uint8_t *bytes, struct mac destination, struct mac source, struct ipv4 from,
                  uint16_t from_port, struct ipv4 to, uint16_t to_port)
{
    static const uint8_t header[] = {0x08, 0, 0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0};
    const uint32_t words[] = {from.host, to.host, (uint32_t)from_port << 16 | to_port, 12U << 16, 0xfeedbeef};
    memcpy(bytes, destination.octets, 6);
    memcpy(bytes + 6, source.octets, 6);
    memcpy(bytes + 12, header, sizeof(header));
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < 4; k++)
            bytes[26 + 4 * i + k] = (uint8_t)(words[i] >> (24 - 8 * k));
    return 46;
}

static struct verdict to_host(struct world *w, uint16_t port)
{
    uint8_t bytes[64];
    size_t length = udp(bytes, bridge_mac, router, remote, 53, shared, port);
    return give(w, SIDE_UPSTREAM, bytes, length);
}

static struct verdict from_host(struct world *w, struct mac host, uint16_t port)
{
    uint8_t bytes[64];
    size_t length = udp(bytes, router, host, shared, port, remote, 53);
    return give(w, SIDE_DOWNSTREAM, bytes, length);
}

static struct tx_frame pe_arp_of(struct mac host, enum pe_arp_type type, uint16_t first, uint16_t last)
{
    struct tx_frame made = {
        .destination = mac_broadcast, .source = host, .ethertype = 0x88b5, .kind = TX_PE_ARP};
    made.pe_arp = (struct pe_arp){
        .type = type, .sha = host, .spa = {shared, 0, first, last}, .tpa = {shared, 0, first, last}};
    return made;
}

static struct verdict say(struct world *w, struct mac host, enum pe_arp_type type, uint16_t first,
                          uint16_t last)
{
    struct tx_frame made = pe_arp_of(host, type, first, last);
    return give_made(w, SIDE_DOWNSTREAM, &made);
}

/* The reply of `host`, holder of first..last, to `request`. */
static struct verdict answer(struct world *w, struct mac host, const struct pe_arp *request, uint16_t first,
                             uint16_t last)
{
    struct tx_frame made = pe_arp_of(host, PE_ARP_REPLY, first, last);
    made.destination = made.pe_arp.tha = bridge_mac;
    made.pe_arp.tpa = request->tpa;
    made.pe_arp.nonce = request->nonce;
    return give_made(w, SIDE_DOWNSTREAM, &made);
}

/* The last PE-ARP REQUEST that was sent. */
static struct pe_arp last_request(struct mac to)
{
    for (unsigned i = seen.count; i-- > 0;) {
        const struct sent *s = &seen.sent[i];
        if (s->is_made && s->made.kind == TX_PE_ARP && s->made.pe_arp.type == PE_ARP_REQUEST) {
            assert_true(mac_equal(s->made.destination, to));
            return s->made.pe_arp;
        }
    }
    fail_msg("no REQUEST was sent");
    return (struct pe_arp){0};
}

static unsigned requests(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < seen.count; i++)
        count += seen.sent[i].is_made && seen.sent[i].made.kind == TX_PE_ARP &&
                 seen.sent[i].made.pe_arp.type == PE_ARP_REQUEST;
    return count;
}

static bool told(enum event_kind kind)
{
    for (unsigned i = 0; i < seen.event_count; i++)
        if (seen.events[i] == kind)
            return true;
    return false;
}

static void assert_dropped(struct verdict verdict, enum drop_reason reason)
{
    assert_int_equal(verdict.fate, FATE_DROPPED);
    assert_string_equal(drop_name(verdict.reason), drop_name(reason));
}

static void assert_consumed(struct verdict verdict, enum consumed_kind kind)
{
    assert_int_equal(verdict.fate, FATE_CONSUMED);
    assert_string_equal(consumed_name(verdict.consumed), consumed_name(kind));
}

/* The frame went down to `host`, unchanged above its addresses. */
static void assert_delivered(struct verdict verdict, struct mac host)
{
    assert_int_equal(verdict.fate, FATE_SENT);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.sent[0].to, SIDE_DOWNSTREAM);
    assert_memory_equal(seen.sent[0].bytes, host.octets, 6);
    assert_memory_equal(seen.sent[0].bytes + 6, router.octets, 6);
}

static void claim(struct world *w, struct mac host, uint16_t first, uint16_t last)
{
    assert_consumed(say(w, host, PE_ARP_CLAIM, first, last), CONSUMED_PE_ARP);
    struct pe_arp request = last_request(host);
    assert_int_equal(request.tpa.first, first);
    assert_int_equal(request.tpa.last, first);
    assert_consumed(answer(w, host, &request, first, last), CONSUMED_PE_ARP);
}

static bool entry_of(const struct world *w, uint16_t port, struct table_entry *entry)
{
    struct table_cursor cursor = {0};
    while (engine_table_next(w->engine, w->now, &cursor, entry))
        if (entry->state != BINDING_PUBLISHED && range_holds(&entry->range, port))
            return true;
    return false;
}

static void assert_owner(const struct world *w, uint16_t port, struct mac owner, enum binding_state state)
{
    struct table_entry entry;
    assert_true(entry_of(w, port, &entry));
    assert_memory_equal(entry.mac.octets, owner.octets, 6);
    assert_string_equal(binding_state_name(entry.state), binding_state_name(state));
}

static void assert_unowned(const struct world *w, uint16_t port)
{
    struct table_entry entry;
    assert_false(entry_of(w, port, &entry));
}

/* Stories. */

static void test_start_announces(void **state)
{
    (void)state;
    static const struct engine_seed seed = {.plain_nonces = true};
    struct world *w = world_new(NULL);
    engine_free(w->engine);
    w->engine = engine_new(&w->config, &seed);
    engine_start(w->engine, w->now, &w->out);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.sent[0].to, SIDE_UPSTREAM);
    assert_int_equal(seen.sent[0].made.arp.operation, ARP_OP_REQUEST);
    assert_int_equal(seen.sent[0].made.arp.spa.host, shared.host);
    assert_int_equal(seen.sent[0].made.arp.tpa.host, shared.host);
    assert_int_equal(seen.sent[1].to, SIDE_DOWNSTREAM);
    assert_int_equal(seen.sent[1].made.pe_arp.type, PE_ARP_HELLO);
    assert_true(seen.sent[1].made.pe_arp.shared_mac.present);
    pass(w, 2 * S);
    assert_int_equal(seen.count, 1); /* once more upstream */
    pass(w, 57 * S);
    assert_int_equal(seen.count, 0);
    pass(w, 1 * S);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.sent[0].made.pe_arp.type, PE_ARP_HELLO);
    world_free(w);
}

static void test_arp_of_the_router_is_answered(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_consumed(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared), CONSUMED_ARP_ANSWERED);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.sent[0].to, SIDE_UPSTREAM);
    assert_memory_equal(seen.sent[0].made.destination.octets, router.octets, 6);
    assert_memory_equal(seen.sent[0].made.arp.sha.octets, bridge_mac.octets, 6);
    assert_int_equal(seen.sent[0].made.arp.spa.host, shared.host);
    world_free(w);
}

static void set_router_mac(struct world *w)
{
    w->config.has_router_mac = true;
    w->config.router_mac = router;
}

static void set_gateway(struct world *w)
{
    w->address.gateway = gateway;
}

static void set_dhcp_router(struct world *w)
{
    w->config.dhcp.router = gateway;
}

/* docs/pe-arp.md#tlv-gateway: the next HELLO. */
static const struct pe_arp *next_hello(struct world *w)
{
    pass(w, 60 * S);
    const struct tx_frame *hello = &seen.sent[seen.count - 1].made;
    assert_int_equal(hello->pe_arp.type, PE_ARP_HELLO);
    return &hello->pe_arp;
}

static void test_gateway_is_never_guessed(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared);
    assert_false(next_hello(w)->gateway.present);
    world_free(w);
    w = world_new(set_router_mac);
    assert_false(next_hello(w)->gateway.present);
    arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared);
    arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, remote, shared);
    const struct pe_arp *hello = next_hello(w);
    assert_true(hello->gateway.present);
    assert_int_equal(hello->gateway.address.host, gateway.host);
    assert_memory_equal(hello->gateway.mac.octets, router.octets, 6);
    world_free(w);
}

static void test_configured_gateway_is_announced(void **state)
{
    (void)state;
    static void (*const ways[])(struct world * w) = {set_gateway, set_dhcp_router};
    for (unsigned i = 0; i < 2; i++) {
        struct world *w = world_new(ways[i]);
        arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, remote, shared);
        const struct pe_arp *hello = next_hello(w);
        assert_int_equal(hello->gateway.address.host, gateway.host);
        assert_true(hello->gateway.present && mac_is_zero(hello->gateway.mac));
        arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared);
        arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, remote, shared);
        hello = next_hello(w);
        assert_int_equal(hello->gateway.address.host, gateway.host);
        assert_memory_equal(hello->gateway.mac.octets, router.octets, 6);
        world_free(w);
    }
}

static void set_gateway_and_router_mac(struct world *w)
{
    set_gateway(w);
    set_router_mac(w);
}

/* Any machine upstream can ask in the gateway's name: with router-mac its MAC address is told as that, or not at all. */
static void test_router_mac_says_whose_the_gateway_is(void **state)
{
    (void)state;
    struct world *w = world_new(set_gateway_and_router_mac);
    arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, gateway, shared);
    const struct pe_arp *hello = next_hello(w);
    assert_int_equal(hello->gateway.address.host, gateway.host);
    assert_true(hello->gateway.present && mac_is_zero(hello->gateway.mac));
    arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared);
    arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, gateway, shared);
    assert_memory_equal(next_hello(w)->gateway.mac.octets, router.octets, 6);
    world_free(w);
}

static void test_arp_that_would_capture(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    const uint16_t operations[] = {ARP_OP_REQUEST, ARP_OP_REPLY};
    for (unsigned i = 0; i < 2; i++) {
        assert_dropped(arp_from(w, SIDE_DOWNSTREAM, host_m, operations[i], shared, shared), DROP_ARP_CAPTURE);
        assert_true(told(EVENT_CAPTURE));
        assert_int_equal(seen.count, 0);
    }
    assert_dropped(arp_from(w, SIDE_DOWNSTREAM, host_m, ARP_OP_REPLY, shared, gateway), DROP_ARP_CAPTURE);
    assert_dropped(arp_from(w, SIDE_DOWNSTREAM, host_m, ARP_OP_REQUEST, (struct ipv4){0}, shared),
                   DROP_ARP_PROBE);
    uint32_t cursor = 0;
    struct host_entry host;
    assert_true(engine_hosts_next(w->engine, &cursor, &host));
    assert_memory_equal(host.mac.octets, host_m.octets, 6);
    assert_int_equal(host.captures, 3);
    assert_false(engine_hosts_next(w->engine, &cursor, &host));
    world_free(w);
}

static void test_arp_of_sharers_is_relayed(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_a, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    assert_int_equal(seen.sent[0].to, SIDE_UPSTREAM);
    assert_memory_equal(seen.sent[0].bytes + 6, bridge_mac.octets, 6);
    assert_memory_equal(seen.sent[0].bytes + 22, bridge_mac.octets, 6);
    assert_consumed(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, shared, gateway),
                    CONSUMED_ARP_COALESCED);
    assert_int_equal(seen.count, 0);
    assert_consumed(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), CONSUMED_ARP_RELAYED);
    assert_int_equal(seen.count, 2);
    const struct mac askers[] = {host_a, host_b};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(seen.sent[i].to, SIDE_DOWNSTREAM);
        assert_memory_equal(seen.sent[i].made.destination.octets, askers[i].octets, 6);
        assert_memory_equal(seen.sent[i].made.arp.tha.octets, askers[i].octets, 6);
        assert_memory_equal(seen.sent[i].made.arp.sha.octets, router.octets, 6);
    }
    assert_dropped(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), DROP_ARP_UNASKED);
    /* Within the second the answer is known. */
    assert_consumed(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, shared, gateway),
                    CONSUMED_ARP_COALESCED);
    assert_int_equal(seen.count, 1);
    assert_memory_equal(seen.sent[0].made.arp.sha.octets, router.octets, 6);
    assert_memory_equal(seen.sent[0].made.destination.octets, host_b.octets, 6);
    pass(w, S);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    /* Each request gets one copy: the other host had its own. */
    assert_consumed(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), CONSUMED_ARP_RELAYED);
    assert_int_equal(seen.count, 1);
    assert_memory_equal(seen.sent[0].made.destination.octets, host_b.octets, 6);
    pass(w, S);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    pass(w, 3 * S + 1);
    assert_dropped(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), DROP_ARP_UNASKED);
    world_free(w);
}

/* One sent to a single MAC, which may be nobody's, does not keep back the broadcast that the router receives. */
static void test_unicast_arp_holds_no_broadcast_back(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct tx_frame made = {.destination = {{2, 0, 0, 0, 0, 9}}, .source = host_m, .ethertype = ETHERTYPE_ARP};
    made.arp = (struct arp){ARP_HRD_ETHERNET, ARP_OP_REQUEST, host_m, mac_zero, shared, gateway};
    assert_int_equal(give_made(w, SIDE_DOWNSTREAM, &made).fate, FATE_SENT);
    assert_consumed(give_made(w, SIDE_DOWNSTREAM, &made), CONSUMED_ARP_COALESCED);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_a, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    assert_consumed(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, shared, gateway),
                    CONSUMED_ARP_COALESCED);
    assert_consumed(give_made(w, SIDE_DOWNSTREAM, &made), CONSUMED_ARP_COALESCED);
    assert_consumed(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), CONSUMED_ARP_RELAYED);
    assert_int_equal(seen.count, 3);
    world_free(w);
}

static void test_arp_of_one_host_is_limited(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (unsigned i = 0; i < 15; i++)
        assert_int_equal(
            arp_from(w, SIDE_DOWNSTREAM, host_m, ARP_OP_REQUEST, shared, (struct ipv4){gateway.host + 16 + i})
                .fate,
            FATE_SENT);
    assert_dropped(arp_from(w, SIDE_DOWNSTREAM, host_m, ARP_OP_REQUEST, shared, gateway), DROP_ARP_LIMIT);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_a, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    pass(w, S);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_m, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    world_free(w);
}

static void test_upstream_conflict_is_defended_every_10_s(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_dropped(arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REPLY, shared, gateway), DROP_ARP_CONFLICT);
    assert_int_equal(seen.count, 1);
    assert_true(told(EVENT_CONFLICT));
    assert_dropped(arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, shared, shared), DROP_ARP_CONFLICT);
    assert_int_equal(seen.count, 0);
    pass(w, 10 * S);
    assert_dropped(arp_from(w, SIDE_UPSTREAM, host_m, ARP_OP_REQUEST, shared, gateway), DROP_ARP_CONFLICT);
    assert_int_equal(seen.count, 1);
    world_free(w);
}

static void test_claim_is_challenged_then_bound(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_consumed(say(w, host_a, PE_ARP_CLAIM, 2000, 2999), CONSUMED_PE_ARP);
    assert_unowned(w, 2000);
    struct pe_arp request = last_request(host_a);
    assert_int_equal(request.nonce, 1);
    struct pe_arp guessed = request;
    guessed.nonce = 2;
    assert_dropped(answer(w, host_a, &guessed, 2000, 2999), DROP_PE_ARP_FORGED);
    assert_dropped(answer(w, host_m, &request, 2000, 2999), DROP_PE_ARP_FORGED);
    assert_dropped(answer(w, host_a, &request, 2100, 2999), DROP_PE_ARP_FORGED); /* not the asked port */
    assert_dropped(answer(w, host_a, &request, 1999, 2999), DROP_PE_ARP_BAD);    /* outside `ports` */
    assert_unowned(w, 2000);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP);
    assert_true(told(EVENT_LEARNED));
    assert_owner(w, 2999, host_a, BINDING_REACHABLE);
    assert_dropped(answer(w, host_a, &request, 2000, 2999), DROP_PE_ARP_FORGED); /* replayed */
    assert_delivered(to_host(w, 2500), host_a);
    world_free(w);
}

static void test_unanswered_claim_is_asked_three_times(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    say(w, host_a, PE_ARP_CLAIM, 2000, 2999);
    assert_int_equal(requests(), 1);
    pass(w, S - 1);
    assert_int_equal(requests(), 0);
    pass(w, 1);
    assert_int_equal(requests(), 1);
    pass(w, S);
    assert_int_equal(requests(), 1);
    pass(w, 10 * S);
    assert_int_equal(requests(), 0);
    assert_unowned(w, 2000);
    world_free(w);
}

static void test_stale_probe_gone(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    pass(w, 120 * S);
    assert_true(told(EVENT_STALE));
    pass(w, 3600 * S); /* an idle server stays */
    assert_owner(w, 2000, host_a, BINDING_STALE);
    struct verdict verdict = to_host(w, 2500);
    assert_int_equal(verdict.fate, FATE_SENT);
    assert_memory_equal(seen.sent[0].bytes, host_a.octets, 6);
    struct pe_arp probe = last_request(host_a);
    assert_int_equal(probe.tpa.first, 2000);
    assert_owner(w, 2000, host_a, BINDING_PROBE);
    assert_consumed(answer(w, host_a, &probe, 2000, 2999), CONSUMED_PE_ARP);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    pass(w, 120 * S);
    to_host(w, 2500);
    pass(w, 3 * S - 1);
    assert_int_equal(requests(), 2);
    assert_owner(w, 2000, host_a, BINDING_PROBE);
    pass(w, 1);
    assert_true(told(EVENT_EXPIRED));
    assert_unowned(w, 2000);
    world_free(w);
}

static void test_unknown_port_is_asked_for_and_frames_wait(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_int_equal(to_host(w, 2500).fate, FATE_HELD);
    struct pe_arp request = last_request(mac_broadcast);
    assert_int_equal(request.tpa.protocol, 17);
    assert_int_equal(request.tpa.first, 2500);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(to_host(w, 2500).fate, FATE_HELD);
    assert_int_equal(engine_stats(w->engine)->held, 3);
    assert_int_equal(engine_stats(w->engine)->drops[DROP_HOLD_FULL], 1);
    struct table_entry entry;
    assert_true(entry_of(w, 2500, &entry));
    assert_int_equal(entry.state, BINDING_INCOMPLETE);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP);
    assert_int_equal(seen.count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(seen.sent[i].bytes, host_a.octets, 6);
    assert_int_equal(engine_stats(w->engine)->held, 0);
    assert_dropped(answer(w, host_b, &request, 2500, 2599), DROP_PE_ARP_FORGED); /* the question is closed */
    world_free(w);
}

static void test_silence_is_remembered_for_20_s(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_int_equal(to_host(w, 2500).fate, FATE_HELD);
    pass(w, 3 * S - 1);
    assert_int_equal(requests(), 2);
    pass(w, 1);
    assert_true(told(EVENT_UNRESOLVED));
    assert_int_equal(engine_stats(w->engine)->drops[DROP_UNRESOLVED], 1);
    pass(w, 20 * S - 1);
    assert_dropped(to_host(w, 2500), DROP_UNRESOLVED);
    pass(w, 1);
    assert_int_equal(to_host(w, 2500).fate, FATE_HELD);
    world_free(w);
}

static void test_scan_asks_5_a_second(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    unsigned asked = 0;
    for (uint16_t port = 2000; port < 4000; port++) {
        to_host(w, port);
        asked += requests();
        pass(w, S / 1000);
        asked += requests();
    }
    assert_true(asked >= 19 && asked <= 20); /* a burst of 10, and two seconds */
    assert_consumed(say(w, host_a, PE_ARP_CLAIM, 5000, 5999), CONSUMED_PE_ARP);
    struct pe_arp request = last_request(host_a); /* a claim does not wait for that */
    answer(w, host_a, &request, 5000, 5999);
    assert_owner(w, 5000, host_a, BINDING_REACHABLE);
    world_free(w);
}

static void test_ports_that_nobody_may_hold(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_dropped(to_host(w, 1999), DROP_NO_OWNER);
    assert_dropped(to_host(w, 10000), DROP_NO_OWNER);
    assert_int_equal(requests(), 0);
    world_free(w);
}

static void test_live_owner_keeps_its_range(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    pass(w, 5 * S);
    assert_consumed(say(w, host_m, PE_ARP_CLAIM, 2500, 3500), CONSUMED_PE_ARP);
    struct pe_arp request = last_request(host_a);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP);
    assert_true(told(EVENT_CONFLICT));
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_CONFLICTS], 1);
    pass(w, 10 * S);
    assert_int_equal(requests(), 0);
    assert_owner(w, 2500, host_a, BINDING_REACHABLE);
    assert_unowned(w, 3000);
    world_free(w);
}

static void test_silent_owner_loses_all_of_its_range(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    pass(w, 5 * S);
    say(w, host_b, PE_ARP_CLAIM, 2500, 3500);
    pass(w, 3 * S - 1);
    assert_delivered(to_host(w, 2600), host_a);
    pass(w, 1);
    struct pe_arp request = last_request(host_b);
    assert_int_equal(request.tpa.first, 2500);
    assert_unowned(w, 2000);
    answer(w, host_b, &request, 2500, 3500);
    assert_true(told(EVENT_MOVED));
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_MOVES], 1);
    assert_owner(w, 2600, host_b, BINDING_REACHABLE);
    world_free(w);
}

static void test_release_is_checked(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    pass(w, 5 * S);
    assert_dropped(say(w, host_m, PE_ARP_RELEASE, 2000, 2999), DROP_PE_ARP_FORGED);
    assert_consumed(say(w, host_a, PE_ARP_RELEASE, 2000, 2999), CONSUMED_PE_ARP);
    struct pe_arp request = last_request(host_a);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP); /* it was not the owner's */
    pass(w, 5 * S);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    say(w, host_a, PE_ARP_RELEASE, 2000, 2999);
    pass(w, S - 1);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    pass(w, 1);
    assert_true(told(EVENT_RELEASED));
    assert_unowned(w, 2000);
    world_free(w);
}

static void test_traffic_teaches_the_block(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_int_equal(from_host(w, host_a, 3456).fate, FATE_SENT);
    assert_memory_equal(seen.sent[0].bytes + 6, bridge_mac.octets, 6);
    assert_owner(w, 3000, host_a, BINDING_REACHABLE);
    assert_owner(w, 3999, host_a, BINDING_REACHABLE);
    assert_unowned(w, 2999);
    assert_delivered(to_host(w, 3000), host_a);
    assert_dropped(from_host(w, host_m, 3001), DROP_SOURCE_PORT_VIOLATION);
    assert_true(told(EVENT_VIOLATION));
    pass(w, 299 * S);
    from_host(w, host_a, 3456);
    pass(w, 300 * S - 1);
    assert_owner(w, 3000, host_a, BINDING_REACHABLE);
    pass(w, 1);
    assert_true(told(EVENT_EXPIRED));
    assert_unowned(w, 3000);
    world_free(w);
}

static void test_traffic_releases_what_waited(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_int_equal(to_host(w, 3500).fate, FATE_HELD);
    assert_int_equal(from_host(w, host_a, 3456).fate, FATE_SENT);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.sent[0].to, SIDE_DOWNSTREAM);
    assert_memory_equal(seen.sent[0].bytes, host_a.octets, 6);
    assert_int_equal(engine_stats(w->engine)->held, 0);
    world_free(w);
}

static void test_idle_part_of_a_block_yields_to_a_claim(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    from_host(w, host_a, 3100);
    from_host(w, host_a, 3200);
    say(w, host_b, PE_ARP_CLAIM, 3150, 3999); /* over a port between those that it lives on */
    assert_int_equal(requests(), 0);
    assert_true(told(EVENT_CONFLICT));
    claim(w, host_b, 3201, 4100);
    assert_owner(w, 3201, host_b, BINDING_REACHABLE);
    assert_owner(w, 3200, host_a, BINDING_REACHABLE);
    assert_owner(w, 3000, host_a, BINDING_REACHABLE);
    world_free(w);
}

static void add_range(struct world *w)
{
    w->ranges[0] = (struct config_range){.range = {shared, 80, 80}, .mac = host_a, .name = "web"};
    w->ranges[1] = (struct config_range){.range = {shared, 2000, 2999}, .mac = host_a};
    w->config.range_count = 2;
}

static void number_hellos(struct world *w)
{
    w->seed.hello_seq = 1790000000000000;
}

/* docs/pe-arp.md#seq: over reloads too. In a replay there is none. */
static void test_hello_has_a_growing_number(void **state)
{
    (void)state;
    uint64_t number = 1790000000000000;
    struct world *w = world_new(number_hellos);
    for (unsigned i = 0; i < 5; i++) {
        pass(w, 60 * S);
        assert_int_equal(seen.sent[seen.count - 1].made.pe_arp.type, PE_ARP_HELLO);
        assert_true(seen.sent[seen.count - 1].made.pe_arp.seq.present);
        assert_true(seen.sent[seen.count - 1].made.pe_arp.seq.number > number);
        number = seen.sent[seen.count - 1].made.pe_arp.seq.number;
        assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    }
    world_free(w);
    w = world_new(NULL);
    pass(w, 60 * S);
    assert_int_equal(seen.sent[seen.count - 1].made.pe_arp.type, PE_ARP_HELLO);
    assert_false(seen.sent[seen.count - 1].made.pe_arp.seq.present);
    world_free(w);
}

static void add_team(struct world *w)
{
    add_range(w);
    w->ranges[1].others[0] = host_b;
    w->ranges[1].other_count = 1;
    w->address.learn = LEARN_PE_ARP | LEARN_TRAFFIC;
}

/* Two cards in a team: what the second sends is the host's, and the host gets all at the first. */
static void test_host_with_two_macs(void **state)
{
    (void)state;
    struct world *w = world_new(add_team);
    assert_int_equal(from_host(w, host_a, 2100).fate, FATE_SENT);
    assert_int_equal(from_host(w, host_b, 2200).fate, FATE_SENT);
    assert_int_equal(from_host(w, host_b, 80).fate, FATE_SENT); /* all its ranges */
    assert_dropped(from_host(w, host_m, 2300), DROP_SOURCE_PORT_VIOLATION);
    assert_delivered(to_host(w, 2200), host_a);
    assert_int_equal(from_host(w, host_b, 5000).fate, FATE_SENT); /* teaches */
    assert_owner(w, 5000, host_a, BINDING_REACHABLE);
    /* Upstream and in ARP it is an owner, too. */
    uint8_t bytes[64];
    size_t length = udp(bytes, bridge_mac, host_b, remote, 1, remote, 2);
    assert_dropped(give(w, SIDE_UPSTREAM, bytes, length), DROP_BAD_SOURCE);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, (struct ipv4){0}, gateway).fate,
                     FATE_SENT);
    assert_memory_equal(seen.sent[0].bytes + 22, bridge_mac.octets, 6);
    w->ranges[1].other_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_dropped(from_host(w, host_b, 2200), DROP_SOURCE_PORT_VIOLATION);
    world_free(w);
}

static void test_permanent_range_never_moves(void **state)
{
    (void)state;
    struct world *w = world_new(add_range);
    assert_delivered(to_host(w, 80), host_a);
    assert_owner(w, 80, host_a, BINDING_PERMANENT);
    assert_consumed(say(w, host_m, PE_ARP_CLAIM, 2000, 2999), CONSUMED_PE_ARP);
    assert_int_equal(requests(), 0);
    assert_true(told(EVENT_CONFLICT));
    assert_dropped(say(w, host_a, PE_ARP_RELEASE, 2000, 2999), DROP_PE_ARP_FORGED);
    claim(w, host_a, 2000, 2999); /* its own agent is heard, and nothing changes */
    assert_owner(w, 2000, host_a, BINDING_PERMANENT);
    assert_dropped(from_host(w, host_b, 80), DROP_SOURCE_PORT_VIOLATION);
    world_free(w);
}

static void set_default_host(struct world *w)
{
    w->address.has_default_host = true;
    w->address.default_host = host_b;
}

static void test_default_host_gets_the_rest(void **state)
{
    (void)state;
    struct world *w = world_new(set_default_host);
    assert_delivered(to_host(w, 80), host_b);
    assert_int_equal(to_host(w, 2500).fate, FATE_HELD);
    pass(w, 3 * S);
    assert_memory_equal(seen.sent[seen.count - 1].bytes, host_b.octets, 6);
    assert_delivered(to_host(w, 2500), host_b);
    world_free(w);
}

static void test_hairpin(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct world *w = world_new(NULL);
    from_host(w, host_a, 2500);
    from_host(w, host_b, 3500);
    size_t length = udp(bytes, bridge_mac, host_b, shared, 3500, shared, 2500);
    assert_int_equal(give(w, SIDE_DOWNSTREAM, bytes, length).fate, FATE_SENT);
    assert_int_equal(seen.sent[0].to, SIDE_DOWNSTREAM);
    assert_memory_equal(seen.sent[0].bytes, host_a.octets, 6);
    assert_memory_equal(seen.sent[0].bytes + 6, bridge_mac.octets, 6);
    length = udp(bytes, host_a, host_b, shared, 3500, shared, 2500); /* a switch's copy */
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_SAME_PORT);
    length = udp(bytes, bridge_mac, host_a, shared, 2500, shared, 2600); /* to itself */
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_SAME_PORT);
    world_free(w);
}

static void hide_hosts(struct world *w)
{
    w->config.upstream_macs_bridge = true;
}

/* upstream-macs = bridge. */
static void test_no_mac_of_a_host_goes_upstream(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    struct world *w = world_new(hide_hosts);
    assert_int_equal(from_host(w, host_a, 2500).fate, FATE_SENT);
    assert_memory_equal(seen.sent[0].bytes + 6, bridge_mac.octets, 6);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_a, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    assert_memory_equal(seen.sent[0].bytes + 6, bridge_mac.octets, 6);
    assert_memory_equal(seen.sent[0].bytes + 22, bridge_mac.octets, 6);
    assert_dropped(arp_from(w, SIDE_DOWNSTREAM, host_b, ARP_OP_REQUEST, remote, gateway), DROP_UPSTREAM_MAC);
    const size_t length = udp(bytes, router, host_a, remote, 1, gateway, 2);
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_UPSTREAM_MAC);
    bytes[12] = 0x86, bytes[13] = 0xdd;
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_UPSTREAM_MAC);
    assert_int_equal(seen.count, 0);
    /* For the machine of the bridge itself; and to hosts everything passes. */
    udp(bytes, bridge_mac, router, remote, 1, gateway, 2);
    assert_dropped(give(w, SIDE_UPSTREAM, bytes, length), DROP_SAME_PORT);
    udp(bytes, host_b, router, remote, 1, gateway, 2);
    assert_int_equal(give(w, SIDE_UPSTREAM, bytes, length).fate, FATE_SENT);
    assert_delivered(to_host(w, 2500), host_a);
    w->config.upstream_macs_bridge = false;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    udp(bytes, router, host_b, gateway, 1, remote, 2);
    assert_int_equal(give(w, SIDE_DOWNSTREAM, bytes, length).fate, FATE_SENT);
    world_free(w);
}

static void test_router_cannot_be_played_downstream(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct world *w = world_new(NULL);
    to_host(w, 80); /* the router is heard */
    size_t length = udp(bytes, host_a, router, remote, 1, remote, 2);
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_BAD_SOURCE);
    assert_true(told(EVENT_BAD_SOURCE));
    length = udp(bytes, host_a, bridge_mac, remote, 1, remote, 2);
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_BAD_SOURCE);
    assert_false(told(EVENT_BAD_SOURCE)); /* one a second */
    pass(w, 299 * S);
    length = udp(bytes, host_a, router, remote, 1, remote, 2);
    assert_dropped(give(w, SIDE_DOWNSTREAM, bytes, length), DROP_BAD_SOURCE);
    pass(w, S);
    length = udp(bytes, mac_broadcast, router, remote, 1, remote, 2);
    assert_int_equal(give(w, SIDE_DOWNSTREAM, bytes, length).fate, FATE_SENT);
    world_free(w);
}

static void set_psid(struct world *w)
{
    w->address.ports_first = 1024;
    w->address.ports_last = 65535;
    w->address.has_psid = true;
    w->address.psid = (struct port_set_params){6, 8};
}

static void test_port_sets(void **state)
{
    (void)state;
    struct world *w = world_new(set_psid);
    struct port_span bounds = port_set_bounds((struct port_set_params){6, 8}, 0x34);
    assert_dropped(say(w, host_a, PE_ARP_CLAIM, bounds.first, bounds.last),
                   DROP_PE_ARP_BAD); /* a plain range */
    struct tx_frame made = pe_arp_of(host_a, PE_ARP_CLAIM, bounds.first, bounds.last);
    made.pe_arp.psid.present = true;
    made.pe_arp.psid.offset = 6;
    made.pe_arp.psid.length = 8;
    made.pe_arp.psid.psid = 0x34;
    assert_consumed(give_made(w, SIDE_DOWNSTREAM, &made), CONSUMED_PE_ARP);
    struct pe_arp request = last_request(host_a);
    made.pe_arp.type = PE_ARP_REPLY;
    made.pe_arp.tpa = request.tpa;
    made.pe_arp.nonce = request.nonce;
    assert_consumed(give_made(w, SIDE_DOWNSTREAM, &made), CONSUMED_PE_ARP);
    assert_delivered(to_host(w, 0x04d0), host_a);
    assert_delivered(to_host(w, 0xfcd3), host_a);
    from_host(w, host_b, 0x0400); /* traffic teaches a whole set */
    assert_delivered(to_host(w, 0x0803), host_b);
    assert_dropped(from_host(w, host_b, 0x04d1), DROP_SOURCE_PORT_VIOLATION);
    world_free(w);
}

static void test_reload_keeps_what_fits(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    from_host(w, host_b, 7500);
    to_host(w, 5000); /* held */
    w->address.ports_last = 6999;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_true(engine_stats_balance(engine_stats(w->engine)));
    assert_int_equal(engine_stats(w->engine)->held, 0);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    assert_unowned(w, 7500);
    assert_delivered(to_host(w, 2500), host_a);
    pass(w, 120 * S);
    assert_owner(w, 2000, host_a, BINDING_STALE);
    world_free(w);
}

/* The next configuration ends one binding, or none where `first` is 0, and says so. */
static void reload_ends(struct world *w, uint16_t first, uint16_t last, struct mac owner)
{
    const unsigned count = first != 0;
    seen.event_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    const struct reload_ended ended = engine_reload_ended(w->engine);
    assert_int_equal(ended.bindings, count);
    assert_int_equal(ended.leases, 0);
    assert_int_equal(seen.event_count, count);
    if (count == 0)
        return;
    assert_int_equal(seen.last_event.kind, EVENT_DELETED);
    assert_int_equal(seen.last_event.time_ns, w->now);
    assert_int_equal(seen.last_event.range.address.host, shared.host);
    assert_int_equal(seen.last_event.range.first, first);
    assert_int_equal(seen.last_event.range.last, last);
    assert_memory_equal(&seen.last_event.mac, &owner, sizeof(owner));
    assert_string_equal(seen.last_event.detail, "reload");
}

static void test_reload_tells_what_ends(void **state)
{
    (void)state;
    struct world *w = world_new(add_range);
    const struct range added = {shared, 6000, 6099};
    claim(w, host_b, 4000, 4999);
    from_host(w, host_b, 7500);
    assert_int_equal(engine_add(w->engine, w->now, &added, host_a, &w->out), 0);
    reload_ends(w, 0, 0, mac_zero);
    w->address.ports_last = 6999;
    reload_ends(w, 7000, 7999, host_b);
    reload_ends(w, 0, 0, mac_zero);
    w->config.range_count = 1;
    reload_ends(w, 2000, 2999, host_a);
    w->config.range_count = 2; /* it comes back: nothing ends */
    reload_ends(w, 0, 0, mac_zero);
    w->ranges[0].mac = host_b;
    reload_ends(w, 80, 80, host_a);
    w->ranges[1].range =
        (struct range){shared, 4500, 5500}; /* over what was learned, and its own ports are left */
    seen.event_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(engine_reload_ended(w->engine).bindings, 2);
    assert_int_equal(seen.event_count, 2);
    /* An address that goes is told of all the same. */
    w->config.range_count = 0;
    w->config.address_count = 0;
    seen.event_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(engine_reload_ended(w->engine).bindings, 3);
    assert_int_equal(seen.event_count, 3);
    assert_int_equal(seen.last_event.range.address.host, shared.host);
    assert_int_equal(seen.last_event.range.first, 6000);
    world_free(w);
}

/* A reload of the same file takes nothing from a configured range: not its age, not what was counted. */
static void test_reload_keeps_counters(void **state)
{
    (void)state;
    struct table_entry before, after;
    struct world *w = world_new(add_range);
    pass(w, 5 * S);
    to_host(w, 2500);
    assert_true(entry_of(w, 2000, &before));
    from_host(w, before.mac, 2500);
    assert_true(entry_of(w, 2000, &before));
    assert_int_equal(before.tx_frames, 1);
    assert_int_equal(before.rx_frames, 1);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_true(entry_of(w, 2000, &after));
    assert_memory_equal(&after.mac, &before.mac, sizeof(after.mac));
    assert_int_equal(after.age_ns, before.age_ns);
    assert_int_equal(after.rx_frames, before.rx_frames);
    assert_int_equal(after.rx_bytes, before.rx_bytes);
    assert_int_equal(after.tx_frames, before.tx_frames);
    assert_int_equal(after.tx_bytes, before.tx_bytes);
    struct account_entry account;
    assert_int_equal(engine_account_find(w->engine, after.mac, &account), 0);
    assert_int_equal(account.total.rx_frames, before.rx_frames);
    world_free(w);
}

/* A configured range is as old as its place in the configuration of this run. */
static void test_age_of_configured_ranges(void **state)
{
    (void)state;
    struct table_entry entry;
    struct world *w = world_new(add_range);
    pass(w, 5 * S);
    assert_true(entry_of(w, 2000, &entry));
    assert_int_equal(entry.age_ns, 5 * S);
    w->ranges[0] = w->ranges[1];
    w->ranges[1] = (struct config_range){.range = {shared, 8000, 8099}, .mac = host_b};
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    pass(w, 2 * S);
    assert_true(entry_of(w, 2000, &entry));
    assert_int_equal(entry.age_ns, 7 * S);
    assert_true(entry_of(w, 8000, &entry));
    assert_int_equal(entry.age_ns, 2 * S);
    world_free(w);
}

/* A reload between a question and its answer, or the silence that is one. */
static void test_reload_keeps_questions(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_a, 2000, 2999);
    pass(w, 5 * S);
    say(w, host_a, PE_ARP_RELEASE, 2000, 2999);
    pass(w, S / 2);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    pass(w, S / 2 - 1);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    pass(w, 1);
    assert_unowned(w, 2000);
    /* Answered all the same. */
    say(w, host_a, PE_ARP_CLAIM, 2000, 2999);
    struct pe_arp request = last_request(host_a);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    /* A claim that waits for its owner's silence. */
    pass(w, 5 * S);
    say(w, host_b, PE_ARP_CLAIM, 2500, 3500);
    pass(w, 2 * S + S / 2);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    pass(w, S / 2);
    assert_unowned(w, 2000);
    request = last_request(host_b);
    assert_int_equal(request.tpa.first, 2500);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    answer(w, host_b, &request, 2500, 3500);
    assert_owner(w, 2600, host_b, BINDING_REACHABLE);
    /* A probe; and an address that goes takes its questions along. */
    pass(w, 120 * S);
    to_host(w, 2600);
    assert_owner(w, 2500, host_b, BINDING_PROBE);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_owner(w, 2500, host_b, BINDING_PROBE);
    w->config.address_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    w->config.address_count = 1;
    pass(w, 10 * S);
    world_free(w);
}

static struct verdict ipv4_from(struct world *w, enum side from, struct mac source, struct ipv4 from_address,
                                struct ipv4 to, uint8_t protocol, uint8_t first)
{
    uint8_t bytes[64] = {0};
    *put_ipv4(bytes, bridge_mac, source, from_address, to, protocol, 12) = first;
    return give(w, from, bytes, 46);
}

/* An ARP request and a ping under way, a flow without ports, the gateway's address. */
static void test_reload_keeps_what_is_under_way(void **state)
{
    enum { GRE = 47, ECHO_REQUEST = 8 };
    (void)state;
    struct world *w = world_new(set_gateway);
    assert_int_equal(arp_from(w, SIDE_DOWNSTREAM, host_a, ARP_OP_REQUEST, shared, gateway).fate, FATE_SENT);
    arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REQUEST, gateway, shared);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_a, shared, remote, GRE, 0).fate, FATE_SENT);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_b, shared, remote, PROTOCOL_ICMP, ECHO_REQUEST).fate,
                     FATE_SENT);
    forget();
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(seen.count, 2); /* the announcement upstream, and HELLO */
    assert_int_equal(seen.sent[1].made.pe_arp.type, PE_ARP_HELLO);
    assert_memory_equal(seen.sent[1].made.pe_arp.gateway.mac.octets, router.octets, 6);
    assert_consumed(arp_from(w, SIDE_UPSTREAM, router, ARP_OP_REPLY, gateway, shared), CONSUMED_ARP_RELAYED);
    assert_delivered(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, GRE, 0), host_a);
    assert_delivered(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, PROTOCOL_ICMP, 0), host_b);
    world_free(w);
}

/* A nonce is never used twice, and a reload is no way to ask more often. */
static void test_reload_keeps_nonces_and_budgets(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    to_host(w, 2500);
    const uint64_t nonce = last_request(mac_broadcast).nonce;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    to_host(w, 2600);
    assert_true(last_request(mac_broadcast).nonce > nonce);
    for (uint16_t port = 3000; port < 3100; port++)
        to_host(w, port);
    assert_int_equal(requests(), 0);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    to_host(w, 4000);
    assert_int_equal(requests(), 0);
    world_free(w);
}

static void test_add_releases_what_waited(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    const struct range range = {shared, 4000, 4999};
    assert_int_equal(to_host(w, 4500).fate, FATE_HELD);
    forget();
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    assert_int_equal(seen.count, 1);
    assert_memory_equal(seen.sent[0].bytes, host_b.octets, 6);
    assert_int_equal(engine_stats(w->engine)->held, 0);
    world_free(w);
}

static void test_operator(void **state)
{
    (void)state;
    struct world *w = world_new(add_range);
    struct range range = {shared, 4000, 4999}, configured = {shared, 2000, 2999};
    from_host(w, host_a, 4500);
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    assert_delivered(to_host(w, 4500), host_b);
    assert_int_equal(engine_add(w->engine, w->now, &range, host_a, &w->out), -EEXIST);
    assert_int_equal(engine_add(w->engine, w->now, &range, mac_broadcast, &w->out), -EINVAL);
    assert_int_equal(engine_delete(w->engine, w->now, &configured, &w->out), -EPERM);
    assert_int_equal(engine_flush(w->engine, w->now, NULL, &w->out), 0);
    assert_int_equal(engine_delete(w->engine, w->now, &range, &w->out), 0);
    assert_int_equal(engine_delete(w->engine, w->now, &range, &w->out), -ENOENT);
    claim(w, host_b, 5000, 5999);
    assert_int_equal(engine_flush(w->engine, w->now, &shared, &w->out), 1);
    assert_unowned(w, 5000);
    struct table_entry entry;
    assert_int_equal(engine_resolve(w->engine, w->now, shared, 2000, &entry, &w->out), RESOLVE_OWNED);
    assert_int_equal(engine_resolve(w->engine, w->now, shared, 81, &entry, &w->out), RESOLVE_UNOWNED);
    assert_int_equal(engine_resolve(w->engine, w->now, remote, 81, &entry, &w->out), RESOLVE_NOT_SHARED);
    assert_int_equal(engine_resolve(w->engine, w->now, shared, 6000, &entry, &w->out), RESOLVE_ASKING);
    world_free(w);
}

/* Who else holds ports of a range, however it came to them; and when an owner was last seen. */
static void test_other_owner(void **state)
{
    (void)state;
    struct world *w = world_new(add_range);
    const struct range all = {shared, 1024, 65535}, configured = {shared, 2000, 2010},
                       own = {shared, 5000, 5100};
    struct table_entry entry;
    assert_true(engine_other_owner(w->engine, w->now, &configured, host_m, &entry));
    assert_int_equal(entry.origin, ORIGIN_CONFIG);
    assert_true(entry.seen_ns == ENGINE_NEVER);
    claim(w, host_b, 5000, 5999);
    assert_false(engine_other_owner(w->engine, w->now, &own, host_b, &entry));
    assert_true(engine_other_owner(w->engine, w->now, &own, host_m, &entry));
    assert_int_equal(entry.origin, ORIGIN_PE_ARP);
    assert_int_equal(entry.seen_ns, 0); /* it has answered just now */
    w->now += 3 * S;
    assert_true(engine_other_owner(w->engine, w->now, &own, host_m, &entry));
    assert_int_equal(entry.seen_ns, 3 * S);
    from_host(w, host_b, 5001);
    assert_true(engine_other_owner(w->engine, w->now, &all, host_a, &entry));
    assert_int_equal(entry.range.first, 5000);
    assert_int_equal(entry.seen_ns, 0);
    world_free(w);
}

/* The owner of a fresh binding is asked; one that does not answer loses it. */
static void test_ask(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    claim(w, host_b, 5000, 5999);
    w->now += 2 * S;
    assert_int_equal(engine_ask(w->engine, w->now, remote, 81, &w->out), RESOLVE_NOT_SHARED);
    assert_int_equal(engine_ask(w->engine, w->now, shared, 81, &w->out), RESOLVE_UNOWNED);
    assert_false(engine_is_asking(w->engine, shared, 5500));
    assert_int_equal(engine_ask(w->engine, w->now, shared, 5500, &w->out), RESOLVE_ASKING);
    assert_true(engine_is_asking(w->engine, shared, 5500));
    struct pe_arp request = last_request(host_b);
    assert_int_equal(request.tpa.first, 5500);
    assert_consumed(answer(w, host_b, &request, 5000, 5999), CONSUMED_PE_ARP);
    assert_false(engine_is_asking(w->engine, shared, 5500));
    assert_owner(w, 5500, host_b, BINDING_REACHABLE);

    w->now += 2 * S;
    assert_int_equal(engine_ask(w->engine, w->now, shared, 5500, &w->out), RESOLVE_ASKING);
    for (unsigned i = 0; i < 4; i++) {
        w->now += S;
        engine_tick(w->engine, w->now, &w->out);
    }
    assert_false(engine_is_asking(w->engine, shared, 5500));
    assert_unowned(w, 5500);
    assert_int_equal(engine_ask(w->engine, w->now, shared, 5500, &w->out), RESOLVE_ASKING); /* all hosts */
    world_free(w);
}

static void set_three_bindings(struct world *w)
{
    w->config.limits.bindings = 3;
}

static void test_full_table_gives_up_the_oldest_stale(void **state)
{
    (void)state;
    struct world *w = world_new(set_three_bindings);
    claim(w, host_a, 2000, 2999);
    claim(w, host_a, 3000, 3999);
    claim(w, host_b, 4000, 4999);
    say(w, host_b, PE_ARP_CLAIM, 5000, 5999);
    struct pe_arp request = last_request(host_b);
    answer(w, host_b, &request, 5000, 5999);
    assert_unowned(w, 5000);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_TABLE_FULL], 1);
    pass(w, 121 * S);
    claim(w, host_b, 5000, 5999);
    assert_unowned(w, 2000);
    assert_owner(w, 3000, host_a, BINDING_STALE);
    assert_int_equal(engine_stats(w->engine)->counters[COUNTER_EVICTED], 1);
    world_free(w);
}

static void set_small_mtu(struct world *w)
{
    w->config.limits.frame_bytes = 45;
}

static void test_too_long_for_the_other_side(void **state)
{
    (void)state;
    struct world *w = world_new(set_small_mtu);
    assert_dropped(from_host(w, host_a, 2000), DROP_OVERSIZE);
    world_free(w);
}

/* From host_a to a machine upstream: MACs and tags, then zeros. */
static struct verdict bridged(struct world *w, const char *tags, size_t length)
{
    static uint8_t bytes[1600];
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "\x02\0\0\0\0\x77", 6);
    memcpy(bytes + 6, host_a.octets, 6);
    memcpy(bytes + 12, tags, 10);
    struct frame frame = {.bytes = bytes, .length = length, .wire_length = length};
    return engine_frame(w->engine, w->now, SIDE_DOWNSTREAM, &frame, &w->out);
}

/* Any tagged frame may be longer than the MTU by the 4 octets that one 0x8100 tag may. */
static void test_tags_over_the_mtu(void **state)
{
    (void)state;
    static const char tagged[4][11] = {"\x81\0\0\x64\x88\xb6", "\x88\xa8\0\x64\x88\xb6",
                                       "\x88\xa8\0\x64\x81\0\0\x65\x88\xb6",
                                       "\x81\0\0\x64\x81\0\0\x65\x88\xb6"};
    struct world *w = world_new(NULL);
    engine_link(w->engine, w->now, SIDE_UPSTREAM, true, 1500, &w->out);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(bridged(w, tagged[i], 1518).fate, FATE_SENT);
        assert_dropped(bridged(w, tagged[i], 1519), DROP_OVERSIZE);
    }
    assert_int_equal(bridged(w, "\x88\xb6\0\0\0\0\0\0\0", 1514).fate, FATE_SENT);
    assert_dropped(bridged(w, "\x88\xb6\0\0\0\0\0\0\0", 1515), DROP_OVERSIZE);
    world_free(w);
}

/* Denied hosts. */

static void deny_m(struct world *w)
{
    static struct mac denied[1];
    denied[0] = host_m;
    w->config.denied = denied;
    w->config.denied_count = 1;
}

static uint64_t counter(const struct world *w, enum counter which)
{
    return engine_stats(w->engine)->counters[which];
}

static int deny(struct world *w, struct mac mac)
{
    forget();
    return engine_deny(w->engine, w->now, mac, &w->out);
}

/* The configuration denies M, the operator A. What A has ends at once, B's stays; neither learns by any way. */
static void test_denied_host_owns_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(deny_m);
    claim(w, host_a, 2000, 2999);
    claim(w, host_b, 3000, 3999);
    from_host(w, host_a, 4000);
    assert_owner(w, 4500, host_a, BINDING_REACHABLE);
    assert_int_equal(deny(w, host_a), 0);
    assert_int_equal(seen.event_count, 2);
    assert_true(seen.events[0] == EVENT_DELETED && seen.events[1] == EVENT_DELETED);
    assert_unowned(w, 2000);
    assert_unowned(w, 4500);
    assert_owner(w, 3000, host_b, BINDING_REACHABLE);
    assert_int_equal(deny(w, host_a), 0); /* it is already */
    const struct mac both[] = {host_a, host_m};
    pass(w, 2 * S);
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t before = counter(w, COUNTER_DENIED);
        assert_consumed(say(w, both[i], PE_ARP_CLAIM, 5000, 5999), CONSUMED_PE_ARP);
        assert_int_equal(requests(), 0);
        assert_true(told(EVENT_REFUSED));
        assert_consumed(say(w, both[i], PE_ARP_CLAIM, 3000, 3999), CONSUMED_PE_ARP); /* nor is B asked */
        assert_int_equal(requests(), 0);
        assert_int_equal(from_host(w, both[i], 6000).fate, FATE_SENT);
        assert_unowned(w, 6000);
        assert_int_equal(counter(w, COUNTER_DENIED), before + 3);
    }
    /* An answer to a question that all hosts are asked; the question stays open for others. */
    assert_int_equal(to_host(w, 7000).fate, FATE_HELD);
    const struct pe_arp request = last_request(mac_broadcast);
    assert_consumed(answer(w, host_a, &request, 7000, 7999), CONSUMED_PE_ARP);
    assert_int_equal(engine_stats(w->engine)->held, 1);
    assert_consumed(answer(w, host_b, &request, 7000, 7999), CONSUMED_PE_ARP);
    assert_int_equal(engine_stats(w->engine)->held, 0);
    assert_owner(w, 7000, host_b, BINDING_REACHABLE);
    const struct range range = {shared, 8000, 8999};
    assert_int_equal(engine_add(w->engine, w->now, &range, host_a, &w->out), -EACCES);
    world_free(w);
}

/* An answer under way when its host is denied comes too late. */
static void test_denied_while_challenged(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    assert_consumed(say(w, host_a, PE_ARP_CLAIM, 2000, 2999), CONSUMED_PE_ARP);
    const struct pe_arp request = last_request(host_a);
    assert_int_equal(deny(w, host_a), 0);
    assert_consumed(answer(w, host_a, &request, 2000, 2999), CONSUMED_PE_ARP);
    assert_unowned(w, 2000);
    pass(w, 10 * S);
    assert_unowned(w, 2000);
    world_free(w);
}

/* flush brings no denied host back, a reload forgets none, allow does. */
static void test_denied_until_allowed(void **state)
{
    (void)state;
    struct world *w = world_new(deny_m);
    struct denied_entry entry;
    uint32_t cursor = 0;
    assert_int_equal(deny(w, host_a), 0);
    engine_flush(w->engine, w->now, NULL, &w->out);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_consumed(say(w, host_a, PE_ARP_CLAIM, 2000, 2999), CONSUMED_PE_ARP);
    assert_int_equal(requests(), 0);
    assert_true(engine_denied_next(w->engine, &cursor, &entry));
    assert_true(mac_equal(entry.mac, host_m) && entry.origin == ORIGIN_CONFIG);
    assert_true(engine_denied_next(w->engine, &cursor, &entry));
    assert_true(mac_equal(entry.mac, host_a) && entry.origin == ORIGIN_CONTROL);
    assert_false(engine_denied_next(w->engine, &cursor, &entry));
    assert_int_equal(engine_allow(w->engine, host_m), -EPERM);
    assert_int_equal(engine_allow(w->engine, host_b), -ENOENT);
    assert_int_equal(engine_allow(w->engine, host_a), 0);
    claim(w, host_a, 2000, 2999);
    assert_owner(w, 2000, host_a, BINDING_REACHABLE);
    world_free(w);
}

/* A reload with another [deny]: who is in it loses everything, an operator's range included; who left it may own. */
static void test_reload_of_denied(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    const struct range range = {shared, 9000, 9099};
    claim(w, host_m, 2000, 2999);
    claim(w, host_a, 3000, 3999);
    assert_int_equal(engine_add(w->engine, w->now, &range, host_m, &w->out), 0);
    deny_m(w);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(engine_reload_ended(w->engine).bindings, 2);
    assert_unowned(w, 2000);
    assert_unowned(w, 9000);
    assert_owner(w, 3000, host_a, BINDING_REACHABLE);
    w->config.denied_count = 0;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    claim(w, host_m, 2000, 2999);
    world_free(w);
}

static void deny_m_of_two(struct world *w)
{
    deny_m(w);
    w->config.limits.denied_hosts = 2;
}

/* Who has a permanent range, or anything by the configuration, is not denied; nor is more than [limits] denied-hosts. A reload
 * that would end a denial is refused, and changes nothing. */
static void test_who_cannot_be_denied(void **state)
{
    (void)state;
    struct world *w = world_new(deny_m_of_two);
    const struct range range = {shared, 7000, 7999};
    assert_int_equal(deny(w, bridge_mac), -EINVAL);
    assert_int_equal(deny(w, mac_zero), -EINVAL);
    assert_int_equal(deny(w, mac_broadcast), -EINVAL);
    assert_int_equal(engine_add(w->engine, w->now, &range, host_b, &w->out), 0);
    assert_int_equal(deny(w, host_b), -EEXIST);
    assert_int_equal(deny(w, host_a), 0);
    assert_int_equal(deny(w, router), -ENOSPC);
    assert_int_equal(deny(w, host_a), 0);
    w->config.limits.denied_hosts = 1;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), -ENOSPC);
    w->config.limits.denied_hosts = 2;
    w->address.has_default_host = true;
    w->address.default_host = host_a;
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), -EEXIST);
    assert_int_equal(deny(w, host_a), 0);
    assert_int_equal(engine_allow(w->engine, host_a), 0);
    assert_int_equal(engine_reload(w->engine, w->now, &w->config, &w->out), 0);
    assert_int_equal(deny(w, host_a), -EEXIST);
    world_free(w);
}

/* Flows without ports: a denied host's end, and it begins none. */
static void test_denied_host_has_no_flows(void **state)
{
    enum { GRE = 47 };
    (void)state;
    struct world *w = world_new(NULL);
    const struct ipv4 other = {remote.host + 1};
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_b, shared, gateway, GRE, 0).fate,
                     FATE_SENT); /* the oldest */
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_a, shared, other, GRE, 0).fate, FATE_SENT);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_a, shared, remote, GRE, 0).fate, FATE_SENT);
    assert_delivered(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, GRE, 0), host_a);
    assert_int_equal(deny(w, host_a), 0);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_b, shared, other, GRE, 0).fate, FATE_SENT);
    assert_delivered(ipv4_from(w, SIDE_UPSTREAM, router, other, shared, GRE, 0), host_b);
    assert_dropped(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, GRE, 0), DROP_NO_OWNER);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_a, shared, remote, GRE, 0).fate, FATE_SENT);
    assert_dropped(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, GRE, 0), DROP_NO_OWNER);
    assert_int_equal(ipv4_from(w, SIDE_DOWNSTREAM, host_b, shared, remote, GRE, 0).fate, FATE_SENT);
    assert_delivered(ipv4_from(w, SIDE_UPSTREAM, router, remote, shared, GRE, 0), host_b);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_announces),
        cmocka_unit_test(test_arp_of_the_router_is_answered),
        cmocka_unit_test(test_gateway_is_never_guessed),
        cmocka_unit_test(test_configured_gateway_is_announced),
        cmocka_unit_test(test_router_mac_says_whose_the_gateway_is),
        cmocka_unit_test(test_arp_that_would_capture),
        cmocka_unit_test(test_arp_of_sharers_is_relayed),
        cmocka_unit_test(test_unicast_arp_holds_no_broadcast_back),
        cmocka_unit_test(test_arp_of_one_host_is_limited),
        cmocka_unit_test(test_upstream_conflict_is_defended_every_10_s),
        cmocka_unit_test(test_claim_is_challenged_then_bound),
        cmocka_unit_test(test_unanswered_claim_is_asked_three_times),
        cmocka_unit_test(test_stale_probe_gone),
        cmocka_unit_test(test_unknown_port_is_asked_for_and_frames_wait),
        cmocka_unit_test(test_silence_is_remembered_for_20_s),
        cmocka_unit_test(test_scan_asks_5_a_second),
        cmocka_unit_test(test_ports_that_nobody_may_hold),
        cmocka_unit_test(test_live_owner_keeps_its_range),
        cmocka_unit_test(test_silent_owner_loses_all_of_its_range),
        cmocka_unit_test(test_release_is_checked),
        cmocka_unit_test(test_traffic_teaches_the_block),
        cmocka_unit_test(test_traffic_releases_what_waited),
        cmocka_unit_test(test_idle_part_of_a_block_yields_to_a_claim),
        cmocka_unit_test(test_permanent_range_never_moves),
        cmocka_unit_test(test_denied_host_owns_nothing),
        cmocka_unit_test(test_denied_while_challenged),
        cmocka_unit_test(test_denied_until_allowed),
        cmocka_unit_test(test_reload_of_denied),
        cmocka_unit_test(test_who_cannot_be_denied),
        cmocka_unit_test(test_denied_host_has_no_flows),
        cmocka_unit_test(test_default_host_gets_the_rest),
        cmocka_unit_test(test_hairpin),
        cmocka_unit_test(test_no_mac_of_a_host_goes_upstream),
        cmocka_unit_test(test_router_cannot_be_played_downstream),
        cmocka_unit_test(test_port_sets),
        cmocka_unit_test(test_reload_keeps_what_fits),
        cmocka_unit_test(test_reload_tells_what_ends),
        cmocka_unit_test(test_reload_keeps_counters),
        cmocka_unit_test(test_reload_keeps_questions),
        cmocka_unit_test(test_age_of_configured_ranges),
        cmocka_unit_test(test_host_with_two_macs),
        cmocka_unit_test(test_hello_has_a_growing_number),
        cmocka_unit_test(test_reload_keeps_what_is_under_way),
        cmocka_unit_test(test_reload_keeps_nonces_and_budgets),
        cmocka_unit_test(test_add_releases_what_waited),
        cmocka_unit_test(test_operator),
        cmocka_unit_test(test_other_owner),
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_full_table_gives_up_the_oldest_stale),
        cmocka_unit_test(test_too_long_for_the_other_side),
        cmocka_unit_test(test_tags_over_the_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
