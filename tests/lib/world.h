/* world.h: an engine in a test's hand: a bridge of one shared address, frames and time from the test.
 * In: a configuration, frames, time. Out: what left and happened, counted, the last of each kept; all of it where the test
 * has functions of its own in `out` (their context is the world). Called by: tests of the engine. */
#ifndef PEARPD_TESTS_WORLD_H
#define PEARPD_TESTS_WORLD_H

#include "pearpd/engine.h"
#include "pearpd/frame_build.h"

#define S           UINT64_C(1000000000)
#define WORLD_BEGIN (1000 * S) /* the time that a world begins at */

static const struct mac bridge_mac = {{0x02, 0x50, 0x45, 0, 0, 1}};
static const struct mac router = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}};
static const struct mac host_a = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}};
static const struct mac host_b = {{0, 0x0c, 0x29, 0x39, 0x44, 0xab}};
static const struct mac host_m = {{0, 0x0c, 0x29, 0x66, 0x66, 0x66}}; /* the one that means harm */
static const struct ipv4 shared = {0xc023a202}, gateway = {0xc023a201}, remote = {0xc633640a};

struct world {
    struct engine *engine;
    struct engine_seed seed; /* plain nonces */
    struct engine_out out;
    struct config config;
    struct config_address address; /* config.addresses, unless the test has its own */
    struct config_range ranges[4]; /* config.ranges; config.range_count is 0 */
    struct frame_builder *builder;
    uint64_t now;
    unsigned sent[SIDE_DOWNSTREAM + 1],
        made[SIDE_DOWNSTREAM + 1]; /* frames that passed, and the bridge's own */
    unsigned event_count, events[EVENT_KIND_COUNT];
    struct tx_frame last_made, last_request; /* of PE-ARP */
    struct event last_event;
};

/* The preset of each key. */
void limits_preset(struct limits *limits);

/* The same with tables of a few entries: an engine of them is made in microseconds, where a test makes thousands. */
void limits_small(struct limits *limits);

/* 192.35.162.2 with ports 1024-65535 in blocks of 1000, learned by PE-ARP. No engine yet: the test may change all. */
void world_prepare(struct world *w);

/* Makes the engine of the configuration, another one where one was freed. world_start() lets it begin, too. */
void world_make(struct world *w);
void world_start(struct world *w);

/* Checks the equation and frees what the world holds; not `w` itself. */
void world_end(struct world *w);

/* Lets time pass, every timer at its own time. */
void world_pass(struct world *w, uint64_t ns);

/* A frame in, from a copy of its bytes. The equation is checked. */
struct verdict world_give(struct world *w, enum side from, const uint8_t *bytes, size_t length);
struct verdict world_give_made(struct world *w, enum side from, const struct tx_frame *frame);
/* PE-ARP of a host about ports first..last of the shared address; a REPLY is to what was asked last. */
void world_say(struct world *w, enum pe_arp_type type, struct mac host, uint16_t first, uint16_t last);

/* Ethernet and IPv4 with `body` zero bytes; where the body begins. */
uint8_t *put_ipv4(uint8_t *bytes, struct mac to, struct mac from, struct ipv4 source, struct ipv4 destination,
                  uint8_t protocol, size_t body);

/* For `out`, where a test does not look. */
void ignore_send(void *context, enum side to, const struct frame *frame);
void ignore_generated(void *context, enum side to, const struct tx_frame *made);
void ignore_event(void *context, const struct event *event);

#endif
