/* fuzz_engine.c: frames and time through the whole engine: nothing is read past an end, every frame ends in
 * one place. Input: records of {side and flags, time step, length, bytes}. */
#include "pearpd/cursor.h"
#include "pearpd/engine.h"
#include "pearpd/frame_build.h"
#include "pearpd/ipfix_message.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES 2048
#define STEP_NS     UINT64_C(10000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
    struct frame_builder *builder;
};

static void take_send(void *context, enum side to, const struct frame *frame)
{
    (void)context;
    if (to > SIDE_DOWNSTREAM || frame->length < ETH_HEADER_BYTES)
        abort();
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    static uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    struct sink *sink = context;
    (void)to;
    if (frame_build(sink->builder, made, bytes, sizeof(bytes)) < ETH_MIN_BYTES)
        abort();
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    event_format(event, text);
}

static void take_flow(void *context, const struct flow_record *record)
{
    static const struct ipfix_shape shape = {.domain = 1, .sample = 2};
    struct ipfix_message message;
    (void)context;
    ipfix_message_begin(&message, &shape, 0, 0);
    ipfix_message_templates(&message);
    if (!ipfix_message_record(&message, record) || ipfix_message_end(&message, 0) > IPFIX_MESSAGE_BYTES ||
        record->packets == 0)
        abort();
}

static struct engine *engine_of(uint8_t variant)
{
    /* With nonces that are not plain a claimant beyond its part of the questions is challenged without a place. */
    const struct engine_seed seed = {.plain_nonces = !(variant & 4), .any_nonce = true};
    static struct config_address address;
    static struct config_range range = {.range = {{0xc0000201}, 2000, 2010}, .mac = {{0, 0, 0, 0, 0, 7}}};
    static struct pe_arp_key key = {.id = 1};
    struct config config = {.mac = {{2, 0x50, 0x45, 0, 0, 1}},
                            .encap = variant & 1 ? 0x0806 : 0x88b5,
                            .vlan = variant & 2 ? 5 : 0,
                            .source_mac_host = variant & 4,
                            .addresses = &address,
                            .address_count = 1,
                            .ranges = &range,
                            .range_count = 1,
                            .keys = &key,
                            .key_count = variant >> 6 & 1};
#define X(key, field, least, most, preset, help) config.limits.field = (least) > 16 ? (least) : 16;
    LIMITS(X)
#undef X
    config.limits.held_bytes = config.limits.fragment_bytes = 65536;
    config.limits.host_share = 50;
    config.limits.held_port_frames = 3;
    config.limits.ask_rate = config.limits.ask_burst = 15;
    config.limits.frame_bytes = 0;
    address = (struct config_address){.address = {0xc0000201},
                                      .ports_first = 1024,
                                      .ports_last = 65535,
                                      .learn = variant & 8 ? LEARN_PE_ARP : LEARN_PE_ARP | LEARN_TRAFFIC,
                                      .block = 100,
                                      .has_psid = variant & 16,
                                      .psid = {6, 8},
                                      .has_default_host = variant & 32,
                                      .default_host = {{0, 0, 0, 0, 0, 9}}};
    config.ipfix = (struct config_ipfix){
        .is_on = variant & 64, .sample = variant & 128 ? 2 : 1, .active_s = 60, .idle_s = 15};
    return engine_new(&config, &seed);
}

static void one_frame(struct engine *engine, struct rd *r, uint64_t *now_ns, const struct engine_out *out)
{
    uint8_t copy[FRAME_BYTES];
    uint8_t flags = rd_u8(r);
    *now_ns += rd_u8(r) * STEP_NS;
    size_t length = rd_u16(r) % FRAME_BYTES;
    if (length > rd_left(r))
        length = rd_left(r);
    const uint8_t *bytes = rd_bytes(r, length);
    if (bytes == NULL)
        return;
    /* A block of just its size, so that a read past its end is seen. */
    uint8_t *exact = malloc(length > 0 ? length : 1);
    memcpy(copy, bytes, length);
    memcpy(exact, copy, length);
    struct frame frame = {.bytes = exact, .length = length, .wire_length = length + (flags >> 1 == 1)};
    engine_frame(engine, *now_ns, flags & 1 ? SIDE_DOWNSTREAM : SIDE_UPSTREAM, &frame, out);
    free(exact);
    if (!engine_stats_balance(engine_stats(engine)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sink sink = {.builder = frame_builder_new()};
    const struct engine_out out = {&sink, take_send, take_make, take_event, take_flow};
    struct rd r = rd_over(data, size);
    struct engine *engine = engine_of(rd_u8(&r));
    uint64_t now_ns = 1;
    if (engine == NULL || sink.builder == NULL)
        abort();
    engine_start(engine, now_ns, &out);
    while (rd_left(&r) > 0)
        one_frame(engine, &r, &now_ns, &out);
    engine_tick(engine, now_ns + UINT64_C(700000000000), &out);
    engine_flows_flush(engine, now_ns, &out);
    if (engine_stats(engine)->held != 0 || engine_flows(engine) != 0 ||
        !engine_stats_balance(engine_stats(engine)))
        abort();
    engine_free(engine);
    frame_builder_free(sink.builder);
    return 0;
}
