/* fuzz_hard.c: fragments, ICMP errors, pings and packets without ports through the engine, with headers that are right
 * as far as it goes, so that the bytes of the input reach the rules behind them.
 *
 * The first byte chooses the configuration. Then, for each packet: {flags, protocol, id, offset, quote, length} and the
 * body's bytes. Nothing may be held beyond its limit, nor for ever; a frame that leaves has the length of one that came. */
#include "pearpd/cursor.h"
#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX    120
#define FRAME_BYTES 256

static const struct mac hosts[] = {{{0, 1, 0, 0, 0, 1}}, {{0, 1, 0, 0, 0, 2}}}, router = {{0, 9, 0, 0, 0, 9}};
static const struct ipv4 shared = {0xc0000201};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
    unsigned sent, made;
};

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct sink *sink = context;
    (void)to;
    sink->sent++;
    if (frame->length < 34 || frame->length > FRAME_BYTES)
        abort();
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    struct sink *sink = context;
    (void)to, (void)made;
    sink->made++;
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    if (*event_format(event, text) == '\0')
        abort();
}

static struct engine *engine_of(uint8_t variant)
{
    static const struct engine_seed seed = {.plain_nonces = true};
    static struct config_address address;
    static struct config_protocol protocol = {
        .address = {0xc0000201}, .protocol = 47, .mac = {{0, 1, 0, 0, 0, 2}}};
    static struct config_range range = {.range = {{0xc0000201}, 2000, 2999}, .mac = {{0, 1, 0, 0, 0, 1}}};
    struct config config = {.mac = {{2, 0x50, 0x45, 0, 0, 1}},
                            .encap = ETHERTYPE_PE_ARP,
                            .source_ports = (enum source_ports_mode)(variant % 3),
                            .addresses = &address,
                            .address_count = 1,
                            .ranges = &range,
                            .range_count = 1,
                            .protocols = &protocol,
                            .protocol_count = variant >> 2 & 1};
#define X(key, field, least, most, preset, help) config.limits.field = (least) > 16 ? (least) : 16;
    LIMITS(X)
#undef X
    config.limits.frame_bytes = 0;
    config.limits.datagram_age_s = 5;
    config.limits.datagram_idle_s = 1;
    config.limits.host_share = 50;
    address = (struct config_address){.address = shared,
                                      .ports_first = 1024,
                                      .ports_last = 65535,
                                      .learn = variant & 8 ? LEARN_TRAFFIC : LEARN_PE_ARP,
                                      .block = 100,
                                      .echo = (enum echo_mode)((variant >> 4) % 3),
                                      .has_default_host = variant >> 7,
                                      .default_host = {{0, 0, 0, 0, 0, 9}}};
    return engine_new(&config, &seed);
}

static void put_header(uint8_t *ip, size_t length, uint8_t protocol, uint8_t id, unsigned fragment,
                       struct ipv4 source, struct ipv4 destination)
{
    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)length);
    put16(ip + 4, id);
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = protocol;
    for (unsigned i = 0; i < 4; i++) {
        ip[12 + i] = (uint8_t)(source.host >> (24 - 8 * i));
        ip[16 + i] = (uint8_t)(destination.host >> (24 - 8 * i));
    }
}

static void one_packet(struct engine *engine, struct rd *r, uint64_t *now_ns, const struct engine_out *out)
{
    static const uint8_t protocols[] = {PROTOCOL_UDP,  PROTOCOL_TCP, PROTOCOL_ICMP, 47,
                                        PROTOCOL_SCTP, 50,           PROTOCOL_ICMP, 41};
    uint8_t frame[FRAME_BYTES] = {0};
    uint8_t flags = rd_u8(r), kind = rd_u8(r), id = rd_u8(r) & 3, fragment = rd_u8(r), quote = rd_u8(r);
    size_t length = rd_u8(r) % BODY_MAX;
    uint8_t protocol = protocols[kind & 7];
    bool up = flags & 1;
    struct ipv4 remote = {0xc6336400 + (flags >> 1 & 1U)}, source = up ? remote : shared,
                destination = up ? shared : remote;
    memcpy(frame, (up ? hosts[0] : router).octets, 6);
    memcpy(frame + 6, (up ? router : hosts[flags >> 2 & 1]).octets, 6);
    put16(frame + 12, ETHERTYPE_IPV4);
    uint8_t *body = frame + 34;
    if (protocol == PROTOCOL_ICMP && quote & 1) {
        body[0] = (uint8_t[]){3, 4, 5, 11, 12, 0, 8, 13}[quote >> 1 & 7];
        put_header(body + 8, 100, protocols[quote >> 4 & 7], id, quote & 0x80 ? 2 : 0,
                   quote & 2 ? destination : source, quote & 2 ? source : destination);
        memcpy(body + 28, "\x07\xd1\x0b\xb8\0\1\0\2", 8);
    }
    if (flags & 0x80)
        length = rd_left(r) < length ? rd_left(r) : length;
    const uint8_t *bytes = flags & 0x80 ? rd_bytes(r, length) : NULL;
    size_t at = quote & 1 && protocol == PROTOCOL_ICMP ? 28 : 0;
    if (bytes != NULL && at + length < sizeof(frame) - 34)
        memcpy(body + at, bytes, length);
    if (flags & 8)
        *now_ns += UINT64_C(100000000) << (flags >> 4 & 7);
    put_header(frame + 14, 20 + length, protocol, id, (fragment & 0x1fU) | (fragment & 0x80 ? 0x2000U : 0),
               source, destination);
    uint8_t *exact = malloc(34 + length);
    memcpy(exact, frame, 34 + length);
    struct frame given = {.bytes = exact, .length = 34 + length, .wire_length = 34 + length};
    engine_frame(engine, *now_ns, up ? SIDE_UPSTREAM : SIDE_DOWNSTREAM, &given, out);
    free(exact);
    if (!engine_stats_balance(engine_stats(engine)) || engine_stats(engine)->held > 32)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sink sink = {0};
    const struct engine_out out = {&sink, take_send, take_make, take_event, NULL};
    struct rd r = rd_over(data, size);
    struct engine *engine = engine_of(rd_u8(&r));
    uint64_t now_ns = 1;
    if (engine == NULL)
        abort();
    engine_start(engine, now_ns, &out);
    while (rd_left(&r) > 0)
        one_packet(engine, &r, &now_ns, &out);
    engine_tick(engine, now_ns + UINT64_C(700000000000), &out);
    if (engine_stats(engine)->held != 0 || !engine_stats_balance(engine_stats(engine)))
        abort();
    engine_free(engine);
    return 0;
}
