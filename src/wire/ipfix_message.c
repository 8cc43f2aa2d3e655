/* ipfix_message.c: see ipfix_message.h. */
#include "pearpd/ipfix_message.h"

#include "pearpd/l4.h"
#include "pearpd/time_units.h"

#define VERSION               10
#define SEQUENCE_AT           8
#define SET_TEMPLATES         2
#define SET_OPTIONS_TEMPLATES 3
#define TEMPLATE_PORTS        256
#define TEMPLATE_ICMP         257
#define TEMPLATE_SAMPLING     258

/* The information elements used, by their number in the registry of IANA: id, bytes. */
#define ELEMENTS(X)                     \
    X(OCTET_DELTA_COUNT, 1, 8)          \
    X(PACKET_DELTA_COUNT, 2, 8)         \
    X(PROTOCOL_IDENTIFIER, 4, 1)        \
    X(TCP_CONTROL_BITS, 6, 2)           \
    X(SOURCE_PORT, 7, 2)                \
    X(SOURCE_IPV4, 8, 4)                \
    X(INGRESS_INTERFACE, 10, 4)         \
    X(DESTINATION_PORT, 11, 2)          \
    X(DESTINATION_IPV4, 12, 4)          \
    X(EGRESS_INTERFACE, 14, 4)          \
    X(ICMP_TYPE_CODE, 32, 2)            \
    X(SAMPLING_INTERVAL, 34, 4)         \
    X(SAMPLING_ALGORITHM, 35, 1)        \
    X(SOURCE_MAC, 56, 6)                \
    X(VLAN_ID, 58, 2)                   \
    X(FLOW_DIRECTION, 61, 1)            \
    X(DESTINATION_MAC, 80, 6)           \
    X(FLOW_END_REASON, 136, 1)          \
    X(OBSERVATION_DOMAIN, 149, 4)       \
    X(FLOW_START_MS, 152, 8)            \
    X(FLOW_END_MS, 153, 8)              \
    X(LAYER2_OCTET_DELTA_COUNT, 352, 8) \
    X(PORT_RANGE_START, 361, 2)         \
    X(PORT_RANGE_END, 362, 2)

enum element {
#define X(name, id, bytes) ELEMENT_##name = (id),
    ELEMENTS(X)
#undef X
};

static uint16_t element_bytes(enum element element)
{
    static const struct {
        uint16_t id, bytes;
    } all[] = {
#define X(name, id, bytes) {id, bytes},
        ELEMENTS(X)
#undef X
    };
    size_t i = 0;
    while (all[i].id != element)
        i++;
    return all[i].bytes;
}

/* Templates, in the order of their fields; vlanId may follow. */
static const enum element ports_template[] = {
    ELEMENT_SOURCE_MAC,         ELEMENT_DESTINATION_MAC,     ELEMENT_SOURCE_IPV4,
    ELEMENT_DESTINATION_IPV4,   ELEMENT_SOURCE_PORT,         ELEMENT_DESTINATION_PORT,
    ELEMENT_TCP_CONTROL_BITS,   ELEMENT_PROTOCOL_IDENTIFIER, ELEMENT_FLOW_DIRECTION,
    ELEMENT_FLOW_END_REASON,    ELEMENT_FLOW_START_MS,       ELEMENT_FLOW_END_MS,
    ELEMENT_PACKET_DELTA_COUNT, ELEMENT_OCTET_DELTA_COUNT,   ELEMENT_LAYER2_OCTET_DELTA_COUNT,
    ELEMENT_PORT_RANGE_START,   ELEMENT_PORT_RANGE_END,      ELEMENT_INGRESS_INTERFACE,
    ELEMENT_EGRESS_INTERFACE,
};
static const enum element icmp_template[] = {
    ELEMENT_SOURCE_MAC,
    ELEMENT_DESTINATION_MAC,
    ELEMENT_SOURCE_IPV4,
    ELEMENT_DESTINATION_IPV4,
    ELEMENT_ICMP_TYPE_CODE,
    ELEMENT_PROTOCOL_IDENTIFIER,
    ELEMENT_FLOW_DIRECTION,
    ELEMENT_FLOW_END_REASON,
    ELEMENT_FLOW_START_MS,
    ELEMENT_FLOW_END_MS,
    ELEMENT_PACKET_DELTA_COUNT,
    ELEMENT_OCTET_DELTA_COUNT,
    ELEMENT_LAYER2_OCTET_DELTA_COUNT,
    ELEMENT_PORT_RANGE_START,
    ELEMENT_PORT_RANGE_END,
    ELEMENT_INGRESS_INTERFACE,
    ELEMENT_EGRESS_INTERFACE,
};
static const enum element sampling_template[] = {
    ELEMENT_OBSERVATION_DOMAIN, /* the scope */
    ELEMENT_SAMPLING_INTERVAL,
    ELEMENT_SAMPLING_ALGORITHM,
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define ALGORITHM_DETERMINISTIC 1 /* samplingAlgorithm */

/* Sets. */

static void put_u16_at(struct ipfix_message *m, size_t at, size_t value)
{
    struct wr w = wr_into(m->bytes + at, 2);
    wr_u16(&w, (uint16_t)value);
}

static void set_close(struct ipfix_message *m)
{
    if (m->set != 0)
        put_u16_at(m, m->set + 2, wr_length(&m->w) - m->set);
    m->set = 0;
}

static void set_open(struct ipfix_message *m, uint16_t id)
{
    set_close(m);
    m->set = wr_length(&m->w);
    m->set_id = id;
    wr_u16(&m->w, id);
    wr_u16(&m->w, 0);
}

static void put_elements(struct wr *w, const enum element *elements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wr_u16(w, (uint16_t)elements[i]);
        wr_u16(w, element_bytes(elements[i]));
    }
}

static void put_template(struct ipfix_message *m, uint16_t id, const enum element *elements, size_t count)
{
    static const enum element vlan[] = {ELEMENT_VLAN_ID};
    size_t more = m->shape->vlan != 0 ? 1 : 0;
    wr_u16(&m->w, id);
    wr_u16(&m->w, (uint16_t)(count + more));
    put_elements(&m->w, elements, count);
    put_elements(&m->w, vlan, more);
}

static void put_sampling(struct ipfix_message *m)
{
    set_open(m, SET_OPTIONS_TEMPLATES);
    wr_u16(&m->w, TEMPLATE_SAMPLING);
    wr_u16(&m->w, COUNT(sampling_template));
    wr_u16(&m->w, 1); /* fields of the scope */
    put_elements(&m->w, sampling_template, COUNT(sampling_template));
    set_open(m, TEMPLATE_SAMPLING);
    wr_u32(&m->w, m->shape->domain);
    wr_u32(&m->w, m->shape->sample);
    wr_u8(&m->w, ALGORITHM_DETERMINISTIC);
    m->sequenced++;
}

/* Records. */

static uint64_t wall_ms(const struct ipfix_message *m, uint64_t time_ns)
{
    return (m->wall_at_0_ns + time_ns) / NS_PER_MS;
}

static void put_value(struct ipfix_message *m, enum element element, const struct flow_record *r)
{
    struct wr *w = &m->w;
    switch (element) {
    case ELEMENT_OCTET_DELTA_COUNT:
        wr_u64(w, r->ip_bytes);
        break;
    case ELEMENT_PACKET_DELTA_COUNT:
        wr_u64(w, r->packets);
        break;
    case ELEMENT_PROTOCOL_IDENTIFIER:
        wr_u8(w, r->protocol);
        break;
    case ELEMENT_TCP_CONTROL_BITS:
        wr_u16(w, r->tcp_flags);
        break;
    case ELEMENT_SOURCE_PORT:
        wr_u16(w, r->to_owner ? r->remote_port : r->shared_port);
        break;
    case ELEMENT_SOURCE_IPV4:
        wr_ipv4(w, r->to_owner ? r->remote : r->shared);
        break;
    case ELEMENT_INGRESS_INTERFACE:
        wr_u32(w, r->to_owner ? m->shape->upstream_index : m->shape->downstream_index);
        break;
    case ELEMENT_EGRESS_INTERFACE:
        wr_u32(w, r->to_owner ? m->shape->downstream_index : m->shape->upstream_index);
        break;
    case ELEMENT_DESTINATION_PORT:
        wr_u16(w, r->to_owner ? r->shared_port : r->remote_port);
        break;
    case ELEMENT_DESTINATION_IPV4:
        wr_ipv4(w, r->to_owner ? r->shared : r->remote);
        break;
    case ELEMENT_ICMP_TYPE_CODE:
        wr_u16(w, r->icmp_type_code);
        break;
    case ELEMENT_SOURCE_MAC:
        wr_mac(w, r->to_owner ? r->other : r->owner);
        break;
    case ELEMENT_DESTINATION_MAC:
        wr_mac(w, r->to_owner ? r->owner : r->other);
        break;
    case ELEMENT_VLAN_ID:
        wr_u16(w, m->shape->vlan);
        break;
    case ELEMENT_FLOW_DIRECTION: /* at the downstream port: 0 ingress, 1 egress */
        wr_u8(w, r->to_owner);
        break;
    case ELEMENT_FLOW_END_REASON:
        wr_u8(w, (uint8_t)r->end);
        break;
    case ELEMENT_FLOW_START_MS:
        wr_u64(w, wall_ms(m, r->first_ns));
        break;
    case ELEMENT_FLOW_END_MS:
        wr_u64(w, wall_ms(m, r->last_ns));
        break;
    case ELEMENT_LAYER2_OCTET_DELTA_COUNT:
        wr_u64(w, r->frame_bytes);
        break;
    case ELEMENT_PORT_RANGE_START:
        wr_u16(w, r->has_range ? r->range.first : 0);
        break;
    case ELEMENT_PORT_RANGE_END:
        wr_u16(w, r->has_range ? r->range.last : 0);
        break;
    case ELEMENT_OBSERVATION_DOMAIN:
    case ELEMENT_SAMPLING_INTERVAL:
    case ELEMENT_SAMPLING_ALGORITHM:
        break;
    }
}

bool ipfix_message_record(struct ipfix_message *m, const struct flow_record *record)
{
    bool is_icmp = record->protocol == PROTOCOL_ICMP;
    const enum element *elements = is_icmp ? icmp_template : ports_template;
    size_t count = is_icmp ? COUNT(icmp_template) : COUNT(ports_template);
    uint16_t id = is_icmp ? TEMPLATE_ICMP : TEMPLATE_PORTS;
    const struct ipfix_message before = {.w = m->w, .set = m->set, .set_id = m->set_id};
    if (m->set == 0 || m->set_id != id)
        set_open(m, id);
    for (size_t i = 0; i < count; i++)
        put_value(m, elements[i], record);
    if (m->shape->vlan != 0)
        put_value(m, ELEMENT_VLAN_ID, record);
    if (m->w.failed) {
        m->w = before.w;
        m->set = before.set;
        m->set_id = before.set_id;
        return false;
    }
    m->records++;
    m->sequenced++;
    return true;
}

/* Messages. */

void ipfix_message_begin(struct ipfix_message *m, const struct ipfix_shape *shape, uint64_t wall_ns,
                         uint64_t now_ns)
{
    m->shape = shape;
    m->w = wr_into(m->bytes, sizeof(m->bytes));
    m->set = 0;
    m->records = m->sequenced = 0;
    m->wall_at_0_ns = wall_ns - now_ns;
    wr_u16(&m->w, VERSION);
    wr_u16(&m->w, 0); /* length */
    wr_u32(&m->w, (uint32_t)(wall_ns / NS_PER_S));
    wr_u32(&m->w, 0); /* sequence number */
    wr_u32(&m->w, shape->domain);
}

void ipfix_message_templates(struct ipfix_message *m)
{
    set_open(m, SET_TEMPLATES);
    put_template(m, TEMPLATE_PORTS, ports_template, COUNT(ports_template));
    put_template(m, TEMPLATE_ICMP, icmp_template, COUNT(icmp_template));
    put_sampling(m);
    set_close(m);
}

size_t ipfix_message_end(struct ipfix_message *m, uint32_t sequence)
{
    struct wr number = wr_into(m->bytes + SEQUENCE_AT, sizeof(sequence));
    set_close(m);
    wr_u32(&number, sequence);
    put_u16_at(m, 2, wr_length(&m->w));
    return wr_length(&m->w);
}
