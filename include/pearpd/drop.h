/* drop.h: every reason a frame is dropped for, every way it is consumed, every other counter.
 * One row is the enum, the counter's name in reports, and its line in the manual.
 * Called by: core, daemon. A frame has one reason: the first that applies (PROTOCOL 3). */
#ifndef PEARPD_DROP_H
#define PEARPD_DROP_H

#define DROP_REASONS(X)                                                                                        \
    X(NO_OWNER, "no_owner", "nobody owns the port or flow, nobody may be asked, and there is no default-host") \
    X(UNRESOLVED, "unresolved", "hosts were asked who owns the port and nobody answered")                      \
    X(ARP_CAPTURE, "arp_capture", "a host's ARP with the shared address as sender, which would capture it")    \
    X(ARP_PROBE, "arp_probe", "a host probed for the shared address before it uses it")                        \
    X(ARP_CONFLICT, "arp_conflict", "ARP from upstream with the shared address as sender")                     \
    X(ARP_LIMIT, "arp_limit", "more ARP from one host than arp-rate lets upstream")                            \
    X(ARP_UNASKED, "arp_unasked", "an ARP reply for the shared address that no host asked for")                \
    X(SOURCE_PORT_VIOLATION, "source_port_violation", "a host sent from a port that another one owns")         \
    X(FLOW_CONFLICT, "flow_conflict", "a portless flow that another host holds")                               \
    X(PE_ARP_BAD, "pe_arp_bad", "PE-ARP malformed, not configured, outside ports, or from upstream")           \
    X(PE_ARP_FORGED, "pe_arp_forged",                                                                          \
      "PE-ARP unasked, not authentic, from the wrong MAC, or over another's range")                            \
    X(FRAGMENT_BAD, "fragment_bad", "a fragment that overlaps, changes or hides the ports")                    \
    X(FRAGMENT_ORPHAN, "fragment_orphan",                                                                      \
      "a fragment whose first one never came, or that a limit had no room for")                                \
    X(ICMP_BAD_QUOTE, "icmp_bad_quote", "an ICMP error that quotes nothing of the shared address")             \
    X(ICMP_BAD_CHECKSUM, "icmp_bad_checksum",                                                                  \
      "an echo request that would be answered, but a checksum of it is wrong")                                 \
    X(ECHO_LIMIT, "echo_limit", "more echo requests than echo-rate answers")                                   \
    X(ECHO_FRAGMENT, "echo_fragment", "a fragmented echo request, which the bridge cannot answer")             \
    X(ECHO_DROP, "echo_drop", "an echo request to an address with echo = drop")                                \
    X(DHCP_BAD, "dhcp_bad",                                                                                    \
      "DHCP for [dhcp] that is malformed, breaks its rules, or is in another host's name")                     \
    X(DHCP_EXHAUSTED, "dhcp_exhausted",                                                                        \
      "DHCP for [dhcp] with no port set left for the client (limits: leases, host-leases, bindings)")          \
    X(DHCP_LIMIT, "dhcp_limit", "more DHCP for [dhcp] than dhcp-rate or dhcp-host-rate takes")                 \
    X(HOLD_FULL, "hold_full", "no room left to hold the frame while its owner is asked for")                   \
    X(SAME_PORT, "same_port", "the destination lives on the side that the frame came from")                    \
    X(RUNT, "runt", "under 14 bytes, or a packet of a shared address too short for its headers")               \
    X(TRUNCATED, "truncated", "the capture or the ring kept less than the frame")                              \
    X(OVERSIZE, "oversize", "too long for the other side")                                                     \
    X(BAD_SOURCE, "bad_source", "a source MAC that is a group, zero, the bridge's own, or heard upstream")     \
    X(LINK_LOCAL, "link_local", "pause frames; all of 01-80-C2-00-00-xx with link-local = drop")               \
    X(RING_FULL, "ring_full", "lost by the kernel at the receive ring")                                        \
    X(SEND_FAILED, "send_failed", "the kernel refused to send it")

#define CONSUMED_KINDS(X)                                                                          \
    X(ARP_ANSWERED, "arp_answered", "ARP requests for the shared address, answered by the bridge") \
    X(ARP_RELAYED, "arp_relayed", "ARP replies passed on as copies to the hosts that asked")       \
    X(PE_ARP, "pe_arp", "PE-ARP messages taken in")                                                \
    X(ECHO_ANSWERED, "echo_answered", "echo requests answered by the bridge")                      \
    X(DHCP, "dhcp", "DHCP messages taken in by [dhcp]")

#define COUNTERS(X)                                                                                         \
    X(CAPTURES, "captures", "ARP frames by which a host would have captured a shared address")              \
    X(CONFLICTS, "conflicts", "claims refused because the range has a live or permanent owner")             \
    X(VIOLATIONS, "violations", "frames from a port that another host owns")                                \
    X(MOVES, "moves", "ranges that went from one owner to another")                                         \
    X(LEARNED, "learned", "bindings learned")                                                               \
    X(EXPIRED, "expired", "bindings that ended because their owner fell silent")                            \
    X(RELEASED, "released", "bindings that ended because their owner released them")                        \
    X(EVICTED, "evicted", "stale bindings removed to make room (limit: bindings)")                          \
    X(ACCOUNTS_FOLDED, "accounts_folded",                                                                   \
      "accounts of owners without a range that went to the others (limit: accounts)")                       \
    X(ACCOUNTS_FULL, "accounts_full",                                                                       \
      "ranges and frames counted for the others, for want of an account (limit: accounts)")                 \
    X(FLOW_RECORDS, "flow_records", "records of flows that were told ([ipfix])")                            \
    X(FLOWS_EARLY, "flows_early", "of them told early, to make room for another flow (limit: ipfix-flows)") \
    X(TABLE_FULL, "table_full", "bindings not learned because the table was full (limit: bindings)")        \
    X(HOST_PORTS, "host_ports", "ranges not learned because their host had enough (limit: host-ports)")     \
    X(REQUESTS, "requests", "PE-ARP REQUESTs sent")                                                         \
    X(BAD_SOURCES, "bad_sources", "frames with a source MAC that was not believed")                         \
    X(MAC_MOVES, "mac_moves", "MAC addresses that changed sides")                                           \
    X(FLOW_CONFLICTS, "flow_conflicts", "frames of a portless flow that another host holds")                \
    X(FLOWS_FULL, "flows_full", "portless flows not kept (limits: flows, host-share)")                      \
    X(FRAGMENT_ID_CLASHES, "fragment_id_clashes",                                                           \
      "datagrams of two hosts with one id to one remote at once (RFC 6346)")                                \
    X(SERVICES_REFUSED, "services_refused", "services not kept (limits: services, host-share)")             \
    X(DHCP_FORGED, "dhcp_forged", "DHCPACKs that came from a host: they teach nothing")                     \
    X(DHCP_MALFORMED, "dhcp_malformed", "DHCP messages that could not be read: they teach nothing")         \
    X(DHCP_UNFIT, "dhcp_unfit", "leases of a server that do not fit ports or psid of their address")        \
    X(DHCP_OFFERS, "dhcp_offers", "DHCPOFFERs of [dhcp]")                                                   \
    X(DHCP_ACKS, "dhcp_acks", "DHCPACKs of [dhcp]")                                                         \
    X(DHCP_NAKS, "dhcp_naks", "DHCPNAKs of [dhcp]")                                                         \
    X(DHCP_RELEASES, "dhcp_releases", "leases of [dhcp] that their clients gave back")                      \
    X(DHCP_DECLINES, "dhcp_declines", "port sets of [dhcp] that clients declined: set aside for a while")

enum drop_reason {
#define X(id, name, help) DROP_##id,
    DROP_REASONS(X)
#undef X
};
enum consumed_kind {
#define X(id, name, help) CONSUMED_##id,
    CONSUMED_KINDS(X)
#undef X
};
enum counter {
#define X(id, name, help) COUNTER_##id,
    COUNTERS(X)
#undef X
};

#define X(id, name, help) +1
enum { DROP_COUNT = 0 DROP_REASONS(X), CONSUMED_COUNT = 0 CONSUMED_KINDS(X), COUNTER_COUNT = 0 COUNTERS(X) };
#undef X

/* The name in reports: a constant string. */
const char *drop_name(enum drop_reason reason);
const char *consumed_name(enum consumed_kind kind);
const char *counter_name(enum counter counter);

#endif
