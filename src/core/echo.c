/* echo.c: ping to and from shared addresses (PROTOCOL 3, rules 3 and 4).
 * In: echo requests and replies. Out: the bridge's own replies; replies to the host that asked.
 *
 * The flows: {shared, remote, id, sequence} of the requests that hosts sent, with the host that sent it
 * last, for 60 s ([limits] echo-flows; in a full table the oldest goes, and its reply is decided by id). */
#include "internal.h"

#define FLOW_NS (60 * SECOND_NS)

struct echo_flow {
    struct {
        uint32_t shared, remote; /* host order */
        uint16_t id, sequence;
    } key;
    struct mac host;
    uint64_t sent_ns;
};

struct keyed_table *echo_table_new(const struct engine *e)
{
    return keyed_table_new(e->config.limits.echo_flows, sizeof(((struct echo_flow *)0)->key),
                           sizeof(struct echo_flow), e->seed.hash_key);
}

void echo_note(struct engine *e, const struct passage *p, const struct ipv4_packet *packet,
               struct icmp_echo echo)
{
    struct echo_flow wanted = {.key = {packet->source.host, packet->destination.host, echo.id, echo.sequence}};
    bool fresh;
    struct echo_flow *flow = keyed_table_put(e->echo_flows, &wanted.key, &fresh);
    flow->host = p->eth.source;
    flow->sent_ns = e->now_ns;
}

struct verdict echo_reply_rule(struct engine *e, struct passage *p, uint32_t address_index,
                               const struct ipv4_packet *packet, struct icmp_echo echo)
{
    if (ipv4_packet_is_fragment(packet))
        return to_default_host(e, p->from, p->frame, address_index, DROP_NO_OWNER);
    struct echo_flow wanted = {.key = {packet->destination.host, packet->source.host, echo.id, echo.sequence}};
    const struct echo_flow *flow = keyed_table_find(e->echo_flows, &wanted.key);
    if (flow != NULL && e->now_ns - flow->sent_ns < FLOW_NS)
        return deliver(e, p->from, p->frame, flow->host, NULL);
    return to_port(e, p->from, p->frame, address_index, echo.id, 0);
}

/* The reply carries the request's data, id and sequence (RFC 792) and type of service (RFC 1122 3.2.2.6). */
static struct verdict answer(struct engine *e, const struct passage *p, const struct ipv4_packet *packet)
{
    const uint8_t *icmp = p->payload + packet->body;
    uint8_t type;
    struct icmp_echo echo;
    if (icmp_parse(icmp, packet->body_length, &type, &echo) != 0)
        return verdict_dropped(DROP_RUNT);
    if (!packet->header_sum_good || internet_sum(icmp, packet->body_length) != 0xffff)
        return verdict_dropped(DROP_ICMP_BAD_CHECKSUM);
    if (!rate_take(&e->echo_rate, e->echo_limit, e->now_ns))
        return verdict_dropped(DROP_ECHO_LIMIT);
    struct made made = made_of(e, MADE_ECHO_REPLY, p->eth.source, ETHERTYPE_IPV4);
    made.tag = p->tag;
    made.echo_reply = (struct made_echo_reply){
        .source = packet->destination,
        .destination = packet->source,
        .tos = packet->tos,
        .id = echo.id,
        .sequence = echo.sequence,
        .payload = icmp + ICMP_HEADER_BYTES,
        .payload_length = packet->body_length - ICMP_HEADER_BYTES,
    };
    make(e, p->from, &made);
    return verdict_consumed(CONSUMED_ECHO_ANSWERED);
}

struct verdict echo_request_rule(struct engine *e, struct passage *p, uint32_t address_index,
                                 const struct ipv4_packet *packet)
{
    switch (e->config.addresses[address_index].echo) {
    case ECHO_DEFAULT_HOST:
        return to_default_host(e, p->from, p->frame, address_index, DROP_NO_OWNER);
    case ECHO_DROP:
        return verdict_dropped(DROP_ECHO_DROP);
    case ECHO_REPLY:
        break;
    }
    if (ipv4_packet_is_fragment(packet))
        return verdict_dropped(DROP_ECHO_FRAGMENT);
    return answer(e, p, packet);
}
