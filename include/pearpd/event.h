/* event.h: what happened, for `pearpctl monitor` and the log.
 * Out of: core. Called by: daemon. One row is the enum, the word in the line, the level in the log (LOG_LEVEL_ of
 * log.h, which only the daemon reads) and the help in pearpd-stats(7). */
#ifndef PEARPD_EVENT_H
#define PEARPD_EVENT_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENT_KINDS(X)                                                                                        \
    X(LEARNED, "learned", NOTICE, "a host became the owner of a range")                                       \
    X(MOVED, "moved", NOTICE, "a range moved to another owner")                                               \
    X(STALE, "stale", INFO,                                                                                   \
      "the lifetime of a binding is over; it still forwards, and the next frame starts a probe")              \
    X(EXPIRED, "expired", NOTICE, "a binding ended: its owner was idle or did not answer")                    \
    X(RELEASED, "released", NOTICE, "a binding ended: its owner released it")                                 \
    X(DELETED, "deleted", NOTICE, "a binding ended: an operator, a reload or a DHCPNAK removed it")           \
    X(EVICTED, "evicted", NOTICE, "a stale binding was removed to make room for a new one")                   \
    X(CONFLICT, "conflict", WARNING,                                                                          \
      "two hosts claim one range, a host claims too much, or the shared address is in use upstream")          \
    X(CAPTURE, "capture", WARNING,                                                                            \
      "ARP from a host would have redirected the shared address, and was dropped")                            \
    X(VIOLATION, "violation", WARNING, "a host sent from a port that another host owns")                      \
    X(FLOW_CONFLICT, "flow-conflict", WARNING, "a host sent in a flow without ports that another host holds") \
    X(FRAGMENT_CONFLICT, "fragment-conflict", WARNING,                                                        \
      "two first fragments of one datagram differ, so one is forged: the rest of it is dropped")              \
    X(REFUSED, "refused", WARNING, "PE-ARP, ARP or DHCP from a host was dropped")                             \
    X(MAC_MOVED, "mac-moved", INFO, "a MAC address moved from one side of the bridge to the other")           \
    X(LOOP, "loop", WARNING,                                                                                  \
      "a frame of the bridge came back to it: both sides are connected outside the bridge")                   \
    X(BAD_SOURCE, "bad-source", WARNING,                                                                      \
      "a frame had a source MAC address that cannot be right, and was dropped")                               \
    X(REFLECTED, "reflected", WARNING, "upstream gave a host's own frame back, and it was dropped")           \
    X(EXHAUSTED, "exhausted", WARNING, "a host asked for a lease, and no port set is left for it")            \
    X(DECLINED, "declined", INFO,                                                                             \
      "a host declined the port set that it was leased; the set is not leased for a while")                   \
    X(UNRESOLVED, "unresolved", INFO, "no host answered for a port")                                          \
    X(PORT_UP, "port-up", NOTICE, "a port of the bridge came up")                                             \
    X(PORT_DOWN, "port-down", NOTICE, "a port of the bridge went down")

enum event_kind {
#define X(id, name, level, help) EVENT_##id,
    EVENT_KINDS(X)
#undef X
};
#define X(id, name, level, help) +1
enum { EVENT_KIND_COUNT = 0 EVENT_KINDS(X) };
#undef X

/* Fields that a kind has no use for are zero. */
struct event {
    enum event_kind kind;
    uint64_t time_ns;   /* engine time */
    enum side side;     /* PORT_UP, PORT_DOWN, BAD_SOURCE, REFLECTED, CONFLICT */
    struct range range; /* the range or port that it is about */
    struct mac mac;     /* who did it; the new owner */
    struct mac other;   /* the old or the rightful owner */
    struct ipv4 remote; /* FLOW_CONFLICT, FRAGMENT_CONFLICT: the other end */
    uint8_t protocol;   /* the same: IP protocol */
    const char *detail; /* a constant string that says more, or NULL */
};

/* True where `remote` and `protocol` are set. */
static inline bool event_has_remote(const struct event *event)
{
    return event->kind == EVENT_FLOW_CONFLICT || event->kind == EVENT_FRAGMENT_CONFLICT;
}

const char *event_name(enum event_kind kind);

/* Writes one line, no newline: "learned 192.0.2.1:2000-2999 00:0c:.. (pe-arp)". Returns `text`. */
#define EVENT_TEXT_BYTES 256
const char *event_format(const struct event *event, char text[static EVENT_TEXT_BYTES]);

#endif
