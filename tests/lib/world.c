/* world.c: see world.h. */
#include "world.h"

#include "frame_tools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SMALL       64
#define FRAME_BYTES 2048

void ignore_send(void *context, enum side to, const struct frame *frame)
{
    (void)context, (void)to, (void)frame;
}

void ignore_generated(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to, (void)made;
}

void ignore_event(void *context, const struct event *event)
{
    (void)context, (void)event;
}

static void count_send(void *context, enum side to, const struct frame *frame)
{
    struct world *w = context;
    (void)frame;
    w->sent[to]++;
}

static void count_generated(void *context, enum side to, const struct tx_frame *made)
{
    struct world *w = context;
    w->made[to]++;
    w->last_made = *made;
    if (made->kind == TX_PE_ARP && made->pe_arp.type == PE_ARP_REQUEST)
        w->last_request = *made;
}

static void count_event(void *context, const struct event *event)
{
    struct world *w = context;
    w->event_count++;
    w->events[event->kind]++;
    w->last_event = *event;
}

void limits_preset(struct limits *limits)
{
#define X(key, field, least, most, preset, help) limits->field = (preset);
    LIMITS(X)
#undef X
}

void limits_small(struct limits *limits)
{
#define X(key, field, least, most, preset, help) \
    limits->field = (preset) <= SMALL || (most) <= 4096 ? (preset) : (least) > SMALL ? (least) : SMALL;
    LIMITS(X)
#undef X
}

void world_prepare(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->seed.plain_nonces = true;
    w->address = (struct config_address){
        .address = shared, .ports_first = 1024, .ports_last = 65535, .learn = LEARN_PE_ARP, .block = 1000};
    w->config = (struct config){.mac = bridge_mac,
                                .encap = ETHERTYPE_PE_ARP,
                                .addresses = &w->address,
                                .address_count = 1,
                                .ranges = w->ranges};
    limits_preset(&w->config.limits);
    w->out = (struct engine_out){w, count_send, count_generated, count_event, NULL};
    w->now = WORLD_BEGIN;
}

void world_make(struct world *w)
{
    if (w->builder == NULL)
        w->builder = frame_builder_new();
    w->engine = engine_new(&w->config, &w->seed);
    assert_non_null(w->builder);
    assert_non_null(w->engine);
}

void world_start(struct world *w)
{
    world_make(w);
    engine_start(w->engine, w->now, &w->out);
}

void world_end(struct world *w)
{
    assert_true(engine_stats_balance(engine_stats(w->engine)));
    engine_free(w->engine);
    frame_builder_free(w->builder);
}

void world_pass(struct world *w, uint64_t ns)
{
    const uint64_t until = w->now + ns;
    while (engine_next(w->engine) <= until) {
        w->now = engine_next(w->engine) > w->now ? engine_next(w->engine) : w->now;
        engine_tick(w->engine, w->now, &w->out);
    }
    w->now = until;
}

struct verdict world_give(struct world *w, enum side from, const uint8_t *bytes, size_t length)
{
    uint8_t copy[FRAME_BYTES];
    assert_true(length <= sizeof(copy));
    memcpy(copy, bytes, length);
    struct frame frame = {.bytes = copy, .length = length, .wire_length = length};
    const struct verdict verdict = engine_frame(w->engine, w->now, from, &frame, &w->out);
    assert_true(engine_stats_balance(engine_stats(w->engine)));
    return verdict;
}

struct verdict world_give_made(struct world *w, enum side from, const struct tx_frame *frame)
{
    uint8_t bytes[FRAME_BYTES];
    const int length = frame_build(w->builder, frame, bytes, sizeof(bytes));
    assert_true(length > 0);
    return world_give(w, from, bytes, (size_t)length);
}

uint8_t *put_ipv4(uint8_t *bytes, struct mac to, struct mac from, struct ipv4 source, struct ipv4 destination,
                  uint8_t protocol, size_t body)
{
    memset(bytes, 0, 34 + body);
    memcpy(bytes, to.octets, 6);
    memcpy(bytes + 6, from.octets, 6);
    put16(bytes + 12, ETHERTYPE_IPV4);
    bytes[14] = 0x45;
    put16(bytes + 16, (unsigned)(20 + body));
    bytes[22] = 64;
    bytes[23] = protocol;
    put32(bytes + 26, source.host);
    put32(bytes + 30, destination.host);
    put16(bytes + 24, ip_checksum(bytes + 14));
    return bytes + 34;
}

void world_say(struct world *w, enum pe_arp_type type, struct mac host, uint16_t first, uint16_t last)
{
    struct tx_frame frame = {
        .destination = mac_broadcast, .source = host, .ethertype = ETHERTYPE_PE_ARP, .kind = TX_PE_ARP};
    struct pe_arp *m = &frame.pe_arp;
    m->type = type;
    m->sha = host;
    m->spa = m->tpa = (struct port_address){shared, 0, first, last};
    if (type == PE_ARP_REPLY) { /* to what was asked last */
        m->tpa = w->last_request.pe_arp.tpa;
        m->nonce = w->last_request.pe_arp.nonce;
    }
    world_give_made(w, SIDE_DOWNSTREAM, &frame);
}
