/* echo.c: see echo.h.
 *
 * The flows are {shared, remote, id, sequence} of the echo requests of hosts, with the host that sent it last, for
 * 60 s ([limits] echo-flows). They are kept in parts by the sender's MAC, 12 for hosts that own ports and 4 for all
 * others. A full part evicts its oldest flow, so a host that floods evicts few flows of others, and many MACs that own
 * nothing none of an owner. */
#include "echo.h"

#include "pearpd/keyed_table.h"
#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/account.h"

#include <stdlib.h>

#define FLOW_NS (60 * NS_PER_S)
#define PARTS   16
#define OWNERS  12 /* parts of hosts that own ports */

struct echo_key {
    uint32_t shared, remote; /* host order */
    uint16_t id, sequence;
};

struct echo_flow {
    struct echo_key key;
    struct mac host;
    uint64_t sent_ns;
    uint64_t order; /* among those of one time */
};

struct echo {
    struct rate_limit answer_limit;
    struct rate answers;
    uint64_t sent;
    struct keyed_table *parts[PARTS];
};

struct echo *echo_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct echo *echo = calloc(1, sizeof(*echo));
    if (echo == NULL)
        return NULL;
    echo->answer_limit = rate_limit_of(l->echo_rate, l->echo_burst);
    for (unsigned i = 0; i < PARTS; i++) {
        echo->parts[i] = keyed_table_new(l->echo_flows / PARTS, sizeof(struct echo_key),
                                         sizeof(struct echo_flow), e->seed.hash_key);
        if (echo->parts[i] == NULL) {
            echo_free(echo);
            return NULL;
        }
    }
    return echo;
}

void echo_free(struct echo *echo)
{
    if (echo == NULL)
        return;
    for (unsigned i = 0; i < PARTS; i++)
        keyed_table_free(echo->parts[i]);
    free(echo);
}

void echo_carry(struct engine *e, const struct engine *old)
{
    for (unsigned i = 0; i < PARTS; i++)
        keyed_table_copy(e->echo->parts[i], old->echo->parts[i]);
    e->echo->sent = old->echo->sent;
    e->echo->answers = old->echo->answers;
}

static uint64_t part_of(const struct engine *e, struct mac host)
{
    uint64_t hash = hash_bytes(e->seed.hash_key, host.octets, MAC_BYTES);
    return account_has_binding(e, host) ? hash % OWNERS : OWNERS + hash % (PARTS - OWNERS);
}

void echo_note(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet,
               struct icmp_echo echo)
{
    struct echo *echoes = e->echo;
    struct echo_key key = {packet->source.host, packet->destination.host, echo.id, echo.sequence};
    bool fresh;
    struct echo_flow *flow = keyed_table_put(echoes->parts[part_of(e, rx->eth.source)], &key, &fresh);
    flow->host = rx->eth.source;
    flow->sent_ns = e->now_ns;
    flow->order = ++echoes->sent;
}

struct route echo_route(struct engine *e, struct ipv4 shared, struct ipv4 remote, struct icmp_echo echo)
{
    struct echo_key key = {shared.host, remote.host, echo.id, echo.sequence};
    const struct echo_flow *last = NULL;
    for (unsigned i = 0; i < PARTS; i++) {
        const struct echo_flow *flow = keyed_table_find(e->echo->parts[i], &key);
        if (flow != NULL && e->now_ns - flow->sent_ns < FLOW_NS && (last == NULL || flow->order > last->order))
            last = flow;
    }
    if (last == NULL)
        return (struct route){.kind = ROUTE_PORT, .port = echo.id};
    return (struct route){.kind = ROUTE_HOST, .host = last->host};
}

/* The reply carries the request's data, id and sequence (RFC 792) and type of service (RFC 1122 3.2.2.6). */
struct verdict echo_answer(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet)
{
    const uint8_t *icmp = rx->payload + packet->body;
    uint8_t type;
    struct icmp_echo echo;
    if (icmp_parse(icmp, packet->body_length, &type, &echo) != 0)
        return verdict_dropped(DROP_RUNT);
    if (!ipv4_packet_header_sum_good(packet, rx->payload) || internet_sum(icmp, packet->body_length) != 0xffff)
        return verdict_dropped(DROP_ICMP_BAD_CHECKSUM);
    if (!rate_take(&e->echo->answers, e->echo->answer_limit, e->now_ns))
        return verdict_dropped(DROP_ECHO_LIMIT);
    struct tx_frame tx = tx_frame_of(e, TX_ECHO_REPLY, rx->eth.source, ETHERTYPE_IPV4);
    tx.tag = rx->tag;
    tx.echo_reply = (struct tx_echo_reply){
        .source = packet->destination,
        .destination = packet->source,
        .tos = packet->tos,
        .id = echo.id,
        .sequence = echo.sequence,
        .payload = icmp + ICMP_HEADER_BYTES,
        .payload_length = packet->body_length - ICMP_HEADER_BYTES,
    };
    tx_frame_send(e, rx->from, &tx);
    return verdict_consumed(CONSUMED_ECHO_ANSWERED);
}

struct route echo_request_route(const struct engine *e, uint32_t address_index, bool is_fragment)
{
    switch (e->config.addresses[address_index].echo) {
    case ECHO_DEFAULT_HOST:
        return (struct route){.kind = ROUTE_DEFAULT_HOST, .reason = DROP_NO_OWNER};
    case ECHO_DROP:
        return (struct route){.kind = ROUTE_DROP, .reason = DROP_ECHO_DROP};
    case ECHO_REPLY:
        break;
    }
    if (is_fragment)
        return (struct route){.kind = ROUTE_DROP, .reason = DROP_ECHO_FRAGMENT};
    return (struct route){.kind = ROUTE_ECHO};
}
