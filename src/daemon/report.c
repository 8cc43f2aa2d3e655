/* report.c: see report.h. */
#include "report.h"

#include "pearpd/clock.h"
#include "pearpd/hex.h"
#include "pearpd/l4.h"

#include <stdio.h>

static const char *interface_of(const struct config *config, enum side side)
{
    return side == SIDE_UPSTREAM ? config->upstream : config->downstream;
}

static void report_port_set(struct json *j, struct port_set_params psid, uint16_t psid_id)
{
    char text[24];
    snprintf(text, sizeof(text), "%u/%u/%u", psid.offset, psid.length, psid_id);
    json_key_string(j, "psid", text);
}

static void report_seconds(struct json *j, const char *key, uint64_t ns)
{
    json_key(j, key);
    if (ns == ENGINE_NEVER)
        json_null(j);
    else
        json_u64(j, ns / NS_PER_S);
}

static void report_members(struct json *j, const struct config *config, const struct table_entry *entry)
{
    char address[IPV4_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    json_key_string(j, "address", ipv4_format(entry->range.address, address));
    json_key_u64(j, "first_port", entry->range.first);
    json_key_u64(j, "last_port", entry->range.last);
    if (entry->has_psid)
        report_port_set(j, entry->psid, entry->psid_id);
    json_key(j, "mac");
    if (mac_is_zero(entry->mac))
        json_null(j);
    else
        json_string(j, mac_format(entry->mac, mac));
    json_key_string(j, "state", binding_state_name(entry->state));
    json_key_string(j, "origin", binding_origin_name(entry->origin));
    json_key_string(j, "interface", interface_of(config, entry->side));
    json_key_string(j, "name", entry->name);
    json_key_u64(j, "age_s", entry->age_ns / NS_PER_S);
    report_seconds(j, "expires_s", entry->expires_ns);
    json_key_u64(j, "rx_frames", entry->rx_frames);
    json_key_u64(j, "rx_bytes", entry->rx_bytes);
    json_key_u64(j, "tx_frames", entry->tx_frames);
    json_key_u64(j, "tx_bytes", entry->tx_bytes);
}

static void report_entry(struct json *j, const struct config *config, const struct table_entry *entry)
{
    json_object_begin(j);
    report_members(j, config, entry);
    json_object_end(j);
}

void report_live_entry(struct json *j, const struct config *config, const struct table_entry *entry)
{
    json_object_begin(j);
    report_members(j, config, entry);
    report_seconds(j, "seen_s", entry->seen_ns);
    json_object_end(j);
}

static void report_frames(struct json *j, const struct engine_stats *stats)
{
    json_key(j, "frames");
    json_object_begin(j);
    for (unsigned side = 0; side < SIDES; side++) {
        json_key(j, side_name((enum side)side));
        json_object_begin(j);
        json_key_u64(j, "in", stats->in[side]);
        json_key_u64(j, "out", stats->out[side]);
        json_object_end(j);
    }
    json_key_u64(j, "made", stats->made);
    json_key_u64(j, "held", stats->held);
    json_object_end(j);
}

void report_host(struct json *j, const struct host_entry *host)
{
    char mac[MAC_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "mac", mac_format(host->mac, mac));
    json_key_u64(j, "captures", host->captures);
    json_key_u64(j, "violations", host->violations);
    json_key_u64(j, "flow_conflicts", host->flow_conflicts);
    json_key_u64(j, "bad_sources", host->bad_sources);
    json_key_u64(j, "bad_pe_arp", host->bad_pe_arp);
    json_key_u64(j, "arp_limited", host->arp_limited);
    json_object_end(j);
}

void report_service(struct json *j, const struct service_entry *entry)
{
    char address[IPV4_TEXT_BYTES], mac[MAC_TEXT_BYTES], number[8];
    const char *protocol = l4_protocol_name(entry->protocol);
    snprintf(number, sizeof(number), "%u", entry->protocol);
    json_object_begin(j);
    json_key_string(j, "name", entry->name);
    json_key_string(j, "protocol", protocol != NULL ? protocol : number);
    json_key_string(j, "address", ipv4_format(entry->address, address));
    json_key_u64(j, "port", entry->port);
    json_key_string(j, "mac", mac_format(entry->mac, mac));
    json_key_string(j, "owner", entry->owner);
    json_key_u64(j, "age_s", entry->age_ns / NS_PER_S);
    json_object_end(j);
}

void report_lease(struct json *j, const struct lease_entry *lease)
{
    char address[IPV4_TEXT_BYTES], mac[MAC_TEXT_BYTES], id[2 * CLIENT_ID_BYTES + 1];
    json_object_begin(j);
    json_key_string(j, "address", ipv4_format(lease->range.address, address));
    json_key_u64(j, "first_port", lease->range.first);
    json_key_u64(j, "last_port", lease->range.last);
    report_port_set(j, lease->psid, lease->psid_id);
    json_key_string(j, "mac", mac_format(lease->mac, mac));
    json_key(j, "client_id");
    if (lease->client_id_length > 0)
        json_string(j, hex_format(lease->client_id, lease->client_id_length, id));
    else
        json_null(j);
    json_key_string(j, "state", lease_state_name(lease->state));
    report_seconds(j, "expires_s", lease->left_ns);
    json_key_string(j, "name", lease->name);
    json_object_end(j);
}

void report_denied(struct json *j, const struct denied_entry *entry)
{
    char mac[MAC_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "mac", mac_format(entry->mac, mac));
    json_key_string(j, "origin", binding_origin_name(entry->origin));
    json_object_end(j);
}

static void report_pool(struct json *j, const struct engine *engine)
{
    struct lease_figures figures = engine_lease_figures(engine);
    json_key(j, "dhcp");
    json_object_begin(j);
    json_key_u64(j, "pool", figures.pool);
    json_key_u64(j, "leased", figures.leased);
    json_key_u64(j, "offered", figures.offered);
    json_key_u64(j, "declined", figures.declined);
    json_key_u64(j, "reserved", figures.reserved);
    json_key_u64(j, "blocked", figures.blocked);
    json_object_end(j);
}

void report_counts(struct json *j, const struct engine *engine)
{
    const struct engine_stats *stats = engine_stats(engine);
    report_frames(j, stats);
    json_key(j, "consumed");
    json_object_begin(j);
    for (unsigned i = 0; i < CONSUMED_COUNT; i++)
        json_key_u64(j, consumed_name((enum consumed_kind)i), stats->consumed[i]);
    json_object_end(j);
    json_key(j, "drops");
    json_object_begin(j);
    for (unsigned i = 0; i < DROP_COUNT; i++)
        json_key_u64(j, drop_name((enum drop_reason)i), stats->drops[i]);
    json_object_end(j);
    json_key(j, "counters");
    json_object_begin(j);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        json_key_u64(j, counter_name((enum counter)i), stats->counters[i]);
    json_object_end(j);
    report_pool(j, engine);
}

void report_write(struct json *j, const struct config *config, const struct engine *engine, uint64_t now_ns)
{
    struct table_cursor cursor = {0};
    struct table_entry entry;
    struct host_entry host;
    uint32_t place = 0;
    json_object_begin(j);
    report_counts(j, engine);
    json_key(j, "hosts");
    json_array_begin(j);
    while (engine_hosts_next(engine, &place, &host))
        report_host(j, &host);
    json_array_end(j);
    json_key(j, "table");
    json_array_begin(j);
    while (engine_table_next(engine, now_ns, &cursor, &entry))
        report_entry(j, config, &entry);
    json_array_end(j);
    json_object_end(j);
    j->write(j->context, "\n", 1);
}
