/* meter.h: the flows of each owner, counted for IPFIX (RFC 7011; RFC 5470 calls it a metering process).
 * In: each frame that is counted for an owner (see account.h), once. Out: records, through engine_out.flow.
 * Called by: source_guard, delivery, engine. Never: sends, knows a collector. Not created where [ipfix] is off.
 *
 * A flow is {owner, shared address and port, remote address and port, protocol, to or from the owner}. A packet
 * without ports has port 0: later fragments and protocols without ports; ICMP has type and code.
 * A record begins with a packet. It is exported [ipfix] idle seconds after its last packet or active seconds after
 * its first; at a reload or stop; or where another flow needs its place. Times are exact to 0.1 s.
 *
 * [limits] ipfix-flows. In a full table the record that is idle for longest is exported early: nothing is lost.
 * [ipfix] sample. One packet in N is counted (RFC 5475 5.1); the record has the sampled packets only. */
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

/* A frame that is counted for `owner`; `binding` is the owner's, or NULL. `other` is the other MAC address of the
 * frame, `payload` the offset of its IPv4 header. */
void meter_take(struct engine *e, const struct frame *frame, size_t payload, struct mac owner, struct mac other,
                bool to_owner, const struct binding *binding);

void meter_due(struct engine *e);
/* Exports every record. */
void meter_flush(struct engine *e);
uint32_t meter_flows(const struct meter *meter);

#endif
