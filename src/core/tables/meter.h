/* meter.h: the flows of each owner, counted for IPFIX (RFC 7011; RFC 5470 calls it a metering process).
 * In: each frame that is counted for an owner (account.h says which), once. Out: records, through engine_out.flow.
 * Called by: police, ipv4_rules, engine. Never: sends, knows a collector. There is none where [ipfix] is off.
 *
 * A flow is {owner, shared address and port, remote address and port, protocol, to or from the owner}. A packet without
 * ports counts with port 0: later fragments, and protocols that have none; ICMP goes by type and code.
 * The life of a record: it begins with a packet; it leaves [ipfix] idle seconds behind its last one, or active
 * seconds behind its first; at a reload or stop; or where another needs its place. Times are met to 0.1 s.
 *
 * [limits] ipfix-flows. In a full table the record longest without a packet leaves early: nothing is lost.
 * [ipfix] sample. One packet in so many is taken, by count (RFC 5475 5.1), and stands for itself alone in the record. */
#ifndef PEARPD_CORE_METER_H
#define PEARPD_CORE_METER_H

#include "pearpd/engine.h"
#include "pearpd/flow_record.h"
#include "pearpd/hash.h"

#include "binding.h"

#include <stddef.h>

struct meter;

/* `limit` flows. NULL: out of memory. */
struct meter *meter_new(const struct config *config, const uint8_t hash_key[static HASH_KEY_BYTES]);
void meter_free(struct meter *meter);

/* A frame that is counted for `owner`; `binding` is the owner's, or NULL. `other` is its other MAC address as it came or
 * leaves, `payload` the offset of its IPv4 header. */
void meter_take(struct engine *e, const struct frame *frame, size_t payload, struct mac owner, struct mac other,
                bool to_owner, const struct binding *binding);

void meter_due(struct engine *e);
/* Lets every record leave. */
void meter_flush(struct engine *e);
uint32_t meter_flows(const struct meter *meter);

#endif
