/* ipfix_message.h: flows as IPFIX messages (RFC 7011).
 * In: flow records, the wall time of engine time 0. Out: the bytes of a message, with templates on request.
 * Called by: daemon (ipfix), fuzzing, the tests. Never: sends, reads a clock.
 *
 * Template 256 is of protocols with ports and without, 257 of ICMP; both end in vlanId where a VLAN is configured.
 * Options template 258 reports samplingInterval, 1 too, and samplingAlgorithm, which are deprecated in the registry, but
 * which collectors read: some reject every record before they know the rate. The elements and their meaning are listed in docs/accounting-and-abuse.md. */
#ifndef PEARPD_IPFIX_MESSAGE_H
#define PEARPD_IPFIX_MESSAGE_H

#include "pearpd/cursor.h"
#include "pearpd/flow_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPFIX_MESSAGE_BYTES 1400 /* fits a path of 1,500 bytes with a tunnel */

/* What is the same for all messages of a stream. */
struct ipfix_shape {
    uint32_t domain;                           /* observation domain id */
    uint16_t vlan;                             /* 0: none */
    uint32_t sample;                           /* one packet in N */
    uint32_t upstream_index, downstream_index; /* of the interfaces; 0: not known yet */
};

struct ipfix_message {
    const struct ipfix_shape *shape;
    uint8_t bytes[IPFIX_MESSAGE_BYTES];
    struct wr w;
    size_t set;            /* where the open set starts; 0: none is open */
    uint16_t set_id;       /* its template */
    uint32_t records;      /* flow records in it */
    uint32_t sequenced;    /* data records in it, those of options too: what the sequence number grows by */
    uint64_t wall_at_0_ns; /* wall time at engine time 0, modulo 2^64 */
};

/* Begins a message. `wall_ns`: since 1970, at engine time `now_ns`. */
void ipfix_message_begin(struct ipfix_message *m, const struct ipfix_shape *shape, uint64_t wall_ns,
                         uint64_t now_ns);
/* Adds the templates, and what the sampling is; first in a message. */
void ipfix_message_templates(struct ipfix_message *m);
/* Adds a record. False: there is no room for it. */
bool ipfix_message_record(struct ipfix_message *m, const struct flow_record *record);
/* Ends it; again with another number. `sequence`: data records sent before it in this stream (RFC 7011 3.1). Its length
 * in bytes. */
size_t ipfix_message_end(struct ipfix_message *m, uint32_t sequence);

#endif
