/* fuzz_dhcp.c: DHCP through its parser and through the whole engine, which serves one address and learns from a server
 * upstream of another: nothing is read past an end, what is answered can be read again, the pool and the table agree.
 * Input: a variant (from 128 on the parser is asked alone about the rest), then records of {flags, time step, length, bytes behind the UDP header}. */
#include "pearpd/cursor.h"
#include "pearpd/dhcp.h"
#include "pearpd/engine.h"
#include "pearpd/frame_build.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES  1024
#define HEAD_BYTES  42
#define FIXED_BYTES 240
#define STEP_NS     UINT64_C(500000000)

/* Of a record's flags. */
enum { FROM_HOST = 1, TO_SERVER = 8, WHOLE_FIELDS = 16, RELAYED = 32, AS_SERVER = 64, OTHERS_NAME = 128 };

static const struct ipv4 served = {0xc0000201}, learned = {0xc0000202}, server = {0xc00002fe};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void take_send(void *context, enum side to, const struct frame *frame)
{
    (void)context;
    must(to <= SIDE_DOWNSTREAM && frame->length >= ETH_HEADER_BYTES);
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    static uint8_t bytes[FRAME_BUILD_MAX_BYTES];
    struct dhcp m;
    (void)to;
    int length = frame_build(context, made, bytes, sizeof(bytes));
    must(length >= ETH_MIN_BYTES);
    if (made->kind != TX_DHCP)
        return;
    must(length > HEAD_BYTES && dhcp_parse(bytes + HEAD_BYTES, (size_t)length - HEAD_BYTES, &m) == 0);
    must(m.op == DHCP_OP_REPLY && (m.kind == DHCP_OFFER || m.kind == DHCP_ACK || m.kind == DHCP_NAK));
    must(m.has_server_id && m.server_id.host == server.host);
    must(m.kind != DHCP_OFFER || (m.yiaddr.host == served.host && m.has_lease));
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    event_format(event, text);
}

static struct engine *engine_of(uint8_t variant)
{
    static const struct engine_seed seed = {.plain_nonces = true, .any_nonce = true};
    static struct config_address addresses[2];
    static struct config_lease kept = {
        .range = {{0xc0000201}, 32768, 49151}, .has_mac = true, .mac = {{0, 0, 0, 0, 1, 1}}};
    struct config config = {.mac = {{2, 0x50, 0x45, 0, 0, 1}},
                            .encap = 0x88b5,
                            .addresses = addresses,
                            .address_count = 2,
                            .leases = &kept,
                            .lease_count = variant & 1};
#define X(key, field, least, most, preset, help) config.limits.field = (least) > 16 ? (least) : 16;
    LIMITS(X)
#undef X
    config.limits.held_bytes = config.limits.fragment_bytes = 65536;
    config.limits.frame_bytes = 0;
    config.limits.host_share = 50;
    config.limits.ask_rate = config.limits.ask_burst = 15;
    config.limits.hello_window_s = 0;
    config.limits.offer_wait_s = variant & 1;
    config.limits.host_leases = variant & 2 ? 1 : 4;
    config.limits.dhcp_rate = config.limits.dhcp_host_rate = 1000;
    config.dhcp = (struct config_dhcp){.lease_s = 60,
                                       .router = server,
                                       .server_id = server,
                                       .netmask = {0xffffff00},
                                       .dns_count = variant >> 2 & 3};
    addresses[0] = (struct config_address){.address = served,
                                           .ports_first = variant & 16 ? 0 : 1024,
                                           .ports_last = 65535,
                                           .learn = LEARN_PE_ARP,
                                           .block = 100,
                                           .is_served = true,
                                           .lease_psid = {variant & 32 ? 1 : 0, 2}};
    addresses[1] = (struct config_address){.address = learned,
                                           .ports_first = 1024,
                                           .ports_last = 65535,
                                           .learn = LEARN_DHCP,
                                           .block = 100,
                                           .has_psid = variant & 64,
                                           .psid = {6, 8}};
    return engine_new(&config, &seed);
}

/* Each number is that of its leases. Their count. */
static uint32_t pool_agrees(struct engine *engine, uint64_t now_ns)
{
    struct lease_figures figures = engine_lease_figures(engine);
    struct lease_entry lease;
    uint32_t states[LEASE_STATES] = {0};
    for (uint32_t at = 0; engine_pool_next(engine, now_ns, &at, &lease);)
        states[lease.state]++;
    must(figures.leased == states[LEASE_BOUND] && figures.offered == states[LEASE_OFFERED] &&
         figures.declined == states[LEASE_DECLINED]);
    return figures.leased;
}

/* Each lease that is bound has its binding. Once an input: it walks the table. */
static void table_agrees(struct engine *engine, uint64_t now_ns)
{
    struct table_cursor cursor = {0};
    struct table_entry row;
    uint32_t rows = 0;
    while (engine_table_next(engine, now_ns, &cursor, &row))
        rows += row.origin == ORIGIN_DHCP && row.range.address.host == served.host;
    must(rows == pool_agrees(engine, now_ns));
}

/* The fields that decide whose it is, so that options are what is tried. */
static void whole_fields(uint8_t *body, size_t length, uint8_t flags, uint8_t host)
{
    const uint8_t start[] = {flags & AS_SERVER ? DHCP_OP_REPLY : DHCP_OP_REQUEST, 1, 6, 0};
    if (length < FIXED_BYTES)
        return;
    memcpy(body, start, sizeof(start));
    memset(body + 24, 0, 4);
    memset(body + 28, 0, 6);
    body[32] = 1;
    body[33] = flags & OTHERS_NAME ? (uint8_t)(host ^ 1) : host;
    put32(body + 236, 0x63825363);
}

static void one_frame(struct engine *engine, struct rd *r, uint64_t *now_ns, const struct engine_out *out)
{
    uint8_t flags = rd_u8(r), host = (uint8_t)(flags >> 1 & 3);
    *now_ns += rd_u8(r) * STEP_NS;
    size_t length = rd_u16(r) % BODY_BYTES;
    if (length > rd_left(r))
        length = rd_left(r);
    const uint8_t *body = rd_bytes(r, length);
    if (body == NULL)
        return;
    /* A block of just its size, so that a read past its end is seen. */
    uint8_t *bytes = calloc(1, HEAD_BYTES + length), *ip = bytes + 14;
    must(bytes != NULL);
    memset(bytes, 0xff, 6);
    bytes[10] = flags & FROM_HOST ? 1 : 9;
    bytes[11] = host;
    put16(bytes + 12, ETHERTYPE_IPV4);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(28 + length));
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    put32(ip + 16, flags & TO_SERVER ? server.host : UINT32_MAX);
    put16(ip + 10, ip_checksum(ip));
    put16(ip + 20, flags & AS_SERVER ? DHCP_PORT_SERVER : DHCP_PORT_CLIENT);
    put16(ip + 22, (flags & AS_SERVER) && !(flags & RELAYED) ? DHCP_PORT_CLIENT : DHCP_PORT_SERVER);
    put16(ip + 24, (unsigned)(8 + length));
    memcpy(bytes + HEAD_BYTES, body, length);
    if (flags & WHOLE_FIELDS)
        whole_fields(bytes + HEAD_BYTES, length, flags, host);
    struct dhcp m;
    if (dhcp_parse(bytes + HEAD_BYTES, length, &m) == 0)
        must(m.kind >= DHCP_DISCOVER && m.kind <= DHCP_INFORM && m.client_id_length <= sizeof(m.client_id) &&
             m.ports.offset + m.ports.length <= 16);
    struct frame frame = {.bytes = bytes, .length = HEAD_BYTES + length, .wire_length = HEAD_BYTES + length};
    engine_frame(engine, *now_ns, flags & FROM_HOST ? SIDE_DOWNSTREAM : SIDE_UPSTREAM, &frame, out);
    free(bytes);
    must(engine_stats_balance(engine_stats(engine)));
    pool_agrees(engine, *now_ns);
}

/* The parser alone, which is much quicker. */
static void parse_alone(const uint8_t *body, size_t length)
{
    struct dhcp m;
    struct mac mac;
    uint32_t xid;
    int result = dhcp_parse(body, length, &m);
    must(result == 0 || result == -ENOMSG || result == -EBADMSG);
    must(result != 0 || length > FIXED_BYTES);
    dhcp_client_mac(body, length, &mac, &xid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_over(data, size);
    uint8_t variant = rd_u8(&r);
    if (variant & 128) {
        parse_alone(r.at, rd_left(&r));
        return 0;
    }
    struct engine *engine = engine_of(variant);
    struct frame_builder *builder = frame_builder_new();
    const struct engine_out out = {builder, take_send, take_make, take_event, NULL};
    uint64_t now_ns = 1;
    must(engine != NULL && builder != NULL);
    engine_start(engine, now_ns, &out);
    while (rd_left(&r) > 0)
        one_frame(engine, &r, &now_ns, &out);
    table_agrees(engine, now_ns);
    /* What waited for hosts is offered in the first leap, and ends in the second. */
    engine_tick(engine, now_ns + UINT64_C(700000000000), &out);
    engine_tick(engine, now_ns + UINT64_C(1400000000000), &out);
    must(engine_lease_figures(engine).leased == 0 && engine_lease_figures(engine).offered == 0);
    engine_free(engine);
    frame_builder_free(builder);
    return 0;
}
