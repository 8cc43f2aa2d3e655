/* flow_record.h: the counts of a flow of one owner, as the engine exports them and IPFIX reports them.
 * Out of: core. Called by: daemon. Plain data. */
#ifndef PEARPD_FLOW_RECORD_H
#define PEARPD_FLOW_RECORD_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stdint.h>

/* Why it ended: the values of flowEndReason (RFC 5102 5.11.3, IE 136). */
enum flow_end {
    FLOW_END_IDLE = 1,
    FLOW_END_ACTIVE = 2, /* the flow continues in another record */
    FLOW_END_FORCED = 4, /* a reload, a stop */
    FLOW_END_FULL = 5,   /* it made room for another */
};

struct flow_record {
    struct mac owner;
    struct mac other; /* the frame's other MAC address, of the first packet */
    bool to_owner;    /* else from it */
    bool has_range;
    struct range range; /* of the owner at the first packet, of a port set the run that the port lies in */
    struct ipv4 shared, remote;
    uint16_t shared_port, remote_port; /* 0: the protocol has none, or a later fragment */
    uint16_t icmp_type_code;           /* type * 256 + code, of ICMP */
    uint8_t protocol;
    uint8_t tcp_flags;          /* all that were seen, RFC 9293 order */
    uint64_t packets;           /* a super-frame is one */
    uint64_t ip_bytes;          /* IP header and what follows, by its total length */
    uint64_t frame_bytes;       /* Ethernet header and what follows, with padding */
    uint64_t first_ns, last_ns; /* engine time */
    enum flow_end end;
};

#endif
