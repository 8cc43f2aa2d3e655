/* meter.c: see meter.h. */
#include "meter.h"

#include "pearpd/ipv4_packet.h"
#include "pearpd/keyed_table.h"
#include "pearpd/l4.h"
#include "pearpd/time_units.h"

#include "binding.h"
#include "engine_state.h"

#include <stdlib.h>
#include <string.h>

#define STEP_NS       (NS_PER_S / 10)   /* records that are due leave together */
#define BATCH         512               /* how many of them at once */
#define BATCH_STEP_NS (NS_PER_S / 1000) /* then frames are processed */

#define TCP_FLAGS_OFFSET 13

/* No padding: it is hashed. */
struct meter_key {
    struct mac owner;
    uint8_t protocol, to_owner;
    uint32_t shared, remote; /* host order */
    uint16_t shared_port, remote_port;
};

struct metered {
    struct meter_key key;
    struct flow_record record;
    TAILQ_ENTRY(metered) begun;
};

struct meter {
    struct keyed_table *flows;   /* longest without a packet first */
    TAILQ_HEAD(, metered) begun; /* as they began */
    uint64_t idle_ns, active_ns;
    uint32_t sample, skipped;
    struct timer timer;
};

struct meter *meter_new(const struct config *config, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct meter *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    TAILQ_INIT(&m->begun);
    m->idle_ns = config->ipfix.idle_s * NS_PER_S;
    m->active_ns = config->ipfix.active_s * NS_PER_S;
    m->sample = config->ipfix.sample;
    m->timer.kind = TIMER_METER;
    m->flows =
        keyed_table_new(config->limits.ipfix_flows, sizeof(struct meter_key), sizeof(struct metered), hash_key);
    if (m->flows == NULL) {
        free(m);
        return NULL;
    }
    return m;
}

void meter_free(struct meter *meter)
{
    if (meter == NULL)
        return;
    keyed_table_free(meter->flows);
    free(meter);
}

uint32_t meter_flows(const struct meter *meter)
{
    return meter == NULL ? 0 : keyed_table_count(meter->flows);
}

/* Records. */

static void leave(struct engine *e, struct metered *flow, enum flow_end end)
{
    struct meter *m = e->meter;
    flow->record.end = end;
    e->stats.counters[COUNTER_FLOW_RECORDS]++;
    if (end == FLOW_END_FULL)
        e->stats.counters[COUNTER_FLOWS_EARLY]++;
    e->out->flow(e->out->context, &flow->record);
    TAILQ_REMOVE(&m->begun, flow, begun);
    keyed_table_remove(m->flows, flow);
}

/* A flow that is due, and why; NULL: none. */
static struct metered *due(const struct engine *e, enum flow_end *end)
{
    const struct meter *m = e->meter;
    struct metered *flow = keyed_table_oldest(m->flows);
    *end = FLOW_END_IDLE;
    if (flow == NULL || e->now_ns - flow->record.last_ns >= m->idle_ns)
        return flow;
    flow = TAILQ_FIRST(&m->begun);
    *end = FLOW_END_ACTIVE;
    return e->now_ns - flow->record.first_ns >= m->active_ns ? flow : NULL;
}

static void arm(struct engine *e, uint64_t not_before_ns)
{
    const struct meter *m = e->meter;
    const struct metered *idle = keyed_table_oldest(m->flows), *active = TAILQ_FIRST(&m->begun);
    if (idle == NULL)
        return;
    uint64_t idle_ns = idle->record.last_ns + m->idle_ns, active_ns = active->record.first_ns + m->active_ns;
    uint64_t next_ns = idle_ns < active_ns ? idle_ns : active_ns;
    timer_set(e->timers, &e->meter->timer, next_ns > not_before_ns ? next_ns : not_before_ns);
}

void meter_due(struct engine *e)
{
    struct metered *flow;
    enum flow_end end;
    for (unsigned n = 0; (flow = due(e, &end)) != NULL; n++) {
        if (n == BATCH) {
            timer_set(e->timers, &e->meter->timer, e->now_ns + BATCH_STEP_NS);
            return;
        }
        leave(e, flow, end);
    }
    arm(e, e->now_ns + STEP_NS);
}

void meter_flush(struct engine *e)
{
    struct metered *flow;
    if (e->meter == NULL)
        return;
    while ((flow = TAILQ_FIRST(&e->meter->begun)) != NULL)
        leave(e, flow, FLOW_END_FORCED);
    timer_stop(e->timers, &e->meter->timer);
}

/* Packets. */

/* Reads the ports of the transport header, or type and code of ICMP. */
static void read_transport(const struct ipv4_packet *ip, const uint8_t *body, bool to_owner,
                           struct meter_key *key)
{
    struct l4_ports ports = {0, 0};
    if (ip->fragment_offset > 0)
        return;
    if (ip->protocol == PROTOCOL_ICMP && ip->body_length >= 2)
        key->remote_port = (uint16_t)(body[0] << 8 | body[1]);
    else if (l4_has_ports(ip->protocol))
        (void)l4_parse_first_ports(ip->protocol, body, ip->body_length, &ports);
    else
        return;
    if (ip->protocol == PROTOCOL_ICMP)
        return;
    key->shared_port = to_owner ? ports.destination : ports.source;
    key->remote_port = to_owner ? ports.source : ports.destination;
}

static uint8_t tcp_flags_of(const struct ipv4_packet *ip, const uint8_t *body)
{
    bool has_flags =
        ip->protocol == PROTOCOL_TCP && ip->fragment_offset == 0 && ip->body_length > TCP_FLAGS_OFFSET;
    return has_flags ? body[TCP_FLAGS_OFFSET] : 0;
}

/* The owner's range; of a port set the run of ports that `port` lies in, else its bounds. */
static struct range range_of(const struct binding *b, uint16_t port)
{
    struct range range = b->ports.range;
    if (!b->ports.is_port_set || !port_range_has(&b->ports, port))
        return range;
    struct port_span span = port_set_span_of(b->ports.params, port);
    return (struct range){range.address, span.first, span.last};
}

static void begin(struct engine *e, struct metered *flow, struct mac other, const struct binding *binding)
{
    const struct meter_key *key = &flow->key;
    bool is_icmp = key->protocol == PROTOCOL_ICMP;
    flow->record = (struct flow_record){
        .owner = key->owner,
        .other = other,
        .to_owner = key->to_owner,
        .shared = {key->shared},
        .remote = {key->remote},
        .shared_port = key->shared_port,
        .remote_port = is_icmp ? 0 : key->remote_port,
        .icmp_type_code = is_icmp ? key->remote_port : 0,
        .protocol = key->protocol,
        .first_ns = e->now_ns,
        .has_range = binding != NULL,
    };
    if (binding != NULL)
        flow->record.range = range_of(binding, key->shared_port);
    TAILQ_INSERT_TAIL(&e->meter->begun, flow, begun);
    if (!timer_armed(&e->meter->timer))
        arm(e, e->now_ns + STEP_NS);
}

static struct metered *flow_of(struct engine *e, const struct meter_key *key, struct mac other,
                               const struct binding *binding)
{
    struct keyed_table *flows = e->meter->flows;
    struct metered *flow = keyed_table_find(flows, key);
    bool fresh;
    if (flow != NULL) {
        keyed_table_touch(flows, flow);
        return flow;
    }
    if (keyed_table_full(flows))
        leave(e, keyed_table_oldest(flows), FLOW_END_FULL);
    flow = keyed_table_put(flows, key, &fresh);
    flow->record.last_ns = e->now_ns;
    begin(e, flow, other, binding);
    return flow;
}

void meter_take(struct engine *e, const struct frame *frame, size_t payload, struct mac owner, struct mac other,
                bool to_owner, const struct binding *binding)
{
    struct meter *m = e->meter;
    struct ipv4_packet ip;
    if (++m->skipped < m->sample)
        return;
    m->skipped = 0;
    if (ipv4_packet_parse(frame->bytes + payload, frame->length - payload, &ip) != 0)
        return;
    const uint8_t *body = frame->bytes + payload + ip.body;
    struct meter_key key = {
        .owner = owner,
        .protocol = ip.protocol,
        .to_owner = to_owner,
        .shared = to_owner ? ip.destination.host : ip.source.host,
        .remote = to_owner ? ip.source.host : ip.destination.host,
    };
    read_transport(&ip, body, to_owner, &key);
    struct flow_record *record = &flow_of(e, &key, other, binding)->record;
    record->packets++;
    record->ip_bytes += ip.body + ip.body_length;
    record->frame_bytes += frame->length;
    record->last_ns = e->now_ns;
    record->tcp_flags |= tcp_flags_of(&ip, body);
}
