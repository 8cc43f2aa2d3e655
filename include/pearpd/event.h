/* event.h: what happened, for `pearpctl monitor` and the log.
 * Out of: core. Called by: daemon. One row is the enum and the word in the line. */
#ifndef PEARPD_EVENT_H
#define PEARPD_EVENT_H

#include "pearpd/addr.h"

#include <stdint.h>

#define EVENT_KINDS(X)                                                                           \
    X(LEARNED, "learned", "a range has an owner now")                                            \
    X(MOVED, "moved", "a range went to another owner")                                           \
    X(STALE, "stale", "a binding's lifetime is over; it still forwards")                         \
    X(EXPIRED, "expired", "a binding ended: its owner fell silent")                              \
    X(RELEASED, "released", "a binding ended: its owner gave it back")                           \
    X(DELETED, "deleted", "a binding ended: an operator, a reload or a DHCPNAK removed it")      \
    X(EVICTED, "evicted", "a stale binding made room for a new one")                             \
    X(CONFLICT, "conflict", "a range or the shared address is claimed by two")                   \
    X(CAPTURE, "capture", "a host's ARP would have captured the shared address")                 \
    X(VIOLATION, "violation", "a host sent from a port that another one owns")                   \
    X(FLOW_CONFLICT, "flow-conflict", "a host sent into a portless flow that another one holds") \
    X(REFUSED, "refused", "PE-ARP, ARP or DHCP that was not taken")                              \
    X(MAC_MOVED, "mac-moved", "a MAC address changed sides")                                     \
    X(LOOP, "loop", "a frame of the bridge's own came back: the segments are joined outside")    \
    X(BAD_SOURCE, "bad-source", "a source MAC that was not believed")                            \
    X(EXHAUSTED, "exhausted", "a host asked for a lease, and no port set is left")               \
    X(DECLINED, "declined", "a host declined a leased port set: it is set aside")                \
    X(UNRESOLVED, "unresolved", "nobody answered for a port")                                    \
    X(PORT_UP, "port-up", "a bridge port came up")                                               \
    X(PORT_DOWN, "port-down", "a bridge port went down")

enum event_kind {
#define X(id, name, help) EVENT_##id,
    EVENT_KINDS(X)
#undef X
};

/* Fields that a kind has no use for are zero. */
struct event {
    enum event_kind kind;
    uint64_t time_ns;   /* engine time */
    enum side side;     /* PORT_UP, PORT_DOWN, BAD_SOURCE, CONFLICT */
    struct range range; /* the range or port that it is about */
    struct mac mac;     /* who did it; the new owner */
    struct mac other;   /* the old or the rightful owner */
    struct ipv4 remote; /* FLOW_CONFLICT: the flow's other end */
    uint8_t protocol;   /* FLOW_CONFLICT: IP protocol */
    const char *detail; /* a constant string that says more, or NULL */
};

const char *event_name(enum event_kind kind);

/* Writes one line, no newline: "learned 192.0.2.1:2000-2999 00:0c:.. (pe-arp)". Returns `text`. */
#define EVENT_TEXT_BYTES 256
const char *event_format(const struct event *event, char text[static EVENT_TEXT_BYTES]);

#endif
