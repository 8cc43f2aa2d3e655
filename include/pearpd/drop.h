/* drop.h: every reason a frame is dropped for, every way it is consumed, every other counter.
 * One row is the enum, the counter's name in reports, and its line in the manual.
 * Called by: core, daemon. A frame has one reason: the first that applies (docs/forwarding.md#order). */
#ifndef PEARPD_DROP_H
#define PEARPD_DROP_H

#define DROP_REASONS(X)                                                                                        \
    X(NO_OWNER, "no_owner",                                                                                    \
      "no host owns the destination port or flow, none can be asked, and there is no default-host")            \
    X(UNRESOLVED, "unresolved",                                                                                \
      "the hosts were asked who owns the destination port and none answered, or rivals claim it")              \
    X(ARP_CAPTURE, "arp_capture",                                                                              \
      "ARP from a host with the shared address as sender: it would redirect the traffic of all "               \
      "hosts that share it")                                                                                   \
    X(ARP_PROBE, "arp_probe",                                                                                  \
      "ARP probe from a host for the shared address: an answer would make the host give the "                  \
      "address up")                                                                                            \
    X(ARP_CONFLICT, "arp_conflict",                                                                            \
      "ARP from upstream with the shared address as sender: another machine there uses the address")           \
    X(ARP_LIMIT, "arp_limit", "ARP from hosts to upstream beyond their rate (limits: arp-rate, arp-total)")    \
    X(ARP_UNASKED, "arp_unasked",                                                                              \
      "ARP reply from upstream to the shared address that answers no request of a host")                       \
    X(SOURCE_PORT_VIOLATION, "source_port_violation",                                                          \
      "packet from a host with a source port that another host owns (source-ports = enforce)")                 \
    X(FLOW_CONFLICT, "flow_conflict",                                                                          \
      "packet from a host in a flow without ports that another host holds (source-ports = enforce)")           \
    X(PE_ARP_BAD, "pe_arp_bad",                                                                                \
      "PE-ARP that is malformed, is for an unknown address or port set, lies outside ports, or "               \
      "came from upstream")                                                                                    \
    X(CLAIM_LIMIT, "claim_limit",                                                                              \
      "CLAIM, RELEASE or CONFLICT beyond what is read in a second (limit: claim-rate)")                        \
    X(PE_ARP_FORGED, "pe_arp_forged",                                                                          \
      "PE-ARP that answers no open request, has no valid AUTH, comes from the wrong MAC address, "             \
      "or is for ports of another owner; where requests for several ports of one host are open, as after "     \
      "a restart, its first answer closes them all, and its other answers are counted here")                   \
    X(FRAGMENT_BAD, "fragment_bad",                                                                            \
      "fragment that overlaps the ports, first fragment too short to hold them, or fragment of a datagram "    \
      "of which two first fragments differ")                                                                   \
    X(FRAGMENT_ORPHAN, "fragment_orphan",                                                                      \
      "fragment whose first fragment did not arrive in time or did not fit (limits: datagrams, "               \
      "datagram-fragments, waiting-fragments, fragment-bytes, host-share), or a host's later fragment in "     \
      "nested tags")                                                                                           \
    X(ICMP_BAD_QUOTE, "icmp_bad_quote", "ICMP error about a packet that the shared address did not send")      \
    X(ICMP_BAD_CHECKSUM, "icmp_bad_checksum", "echo request for the bridge to answer, with a wrong checksum")  \
    X(ECHO_LIMIT, "echo_limit",                                                                                \
      "echo request to the shared address beyond the rate that the bridge answers (limits: "                   \
      "echo-rate, echo-burst)")                                                                                \
    X(ECHO_FRAGMENT, "echo_fragment",                                                                          \
      "fragmented echo request to the shared address, which the bridge cannot answer")                         \
    X(ECHO_DROP, "echo_drop", "echo request to a shared address with echo = drop")                             \
    X(DHCP_BAD, "dhcp_bad",                                                                                    \
      "DHCP message to the server of [dhcp] without the address that it is about, of a server's "              \
      "kind, or that names another host's hardware address")                                                   \
    X(DHCP_EXHAUSTED, "dhcp_exhausted",                                                                        \
      "DHCP message to the server of [dhcp], which has no port set left for the client (limits: "              \
      "leases, host-leases, bindings)")                                                                        \
    X(DHCP_LIMIT, "dhcp_limit",                                                                                \
      "DHCP message to the server of [dhcp] beyond its rate (limits: dhcp-rate, dhcp-host-rate)")              \
    X(DHCP_UNASKED, "dhcp_unasked",                                                                            \
      "UDP from upstream to port 68 that is for a shared address and answers no request of a host "            \
      "(limit: dhcp-clients)")                                                                                 \
    X(HOLD_FULL, "hold_full",                                                                                  \
      "frame for a port whose owner is being resolved, with no room to hold it (limits: "                      \
      "held-frames, held-port-frames, held-bytes)")                                                            \
    X(SAME_PORT, "same_port", "frame whose destination is on the side that the frame came from")               \
    X(RUNT, "runt",                                                                                            \
      "frame of less than 14 bytes, or packet of a shared address that is too short for its headers")          \
    X(TRUNCATED, "truncated", "frame of which the capture or the receive ring holds only a part")              \
    X(OVERSIZE, "oversize", "frame that is too long for the interface on the other side (limit: frame-bytes)") \
    X(BAD_SOURCE, "bad_source",                                                                                \
      "frame with an impossible source MAC address (a group, zero, the bridge's own), from downstream with "   \
      "that of the router or another machine upstream, or from upstream with that of a host that owns ports")  \
    X(REFLECTED, "reflected",                                                                                  \
      "frame from upstream to a group, with the source MAC address of a host: its own, given back")            \
    X(UPSTREAM_MAC, "upstream_mac",                                                                            \
      "frame from downstream with the MAC address of a host, which may not leave upstream "                    \
      "(upstream-macs = bridge)")                                                                              \
    X(LINK_LOCAL, "link_local", "pause frame; with link-local = drop any frame to 01-80-C2-00-00-xx")          \
    X(RING_FULL, "ring_full",                                                                                  \
      "frame that the kernel lost because the receive ring was full (limit: ring-slots)")                      \
    X(UNSUPPORTED_OFFLOAD, "unsupported_offload",                                                              \
      "super-frame of an offload that a packet socket cannot carry: UDP before Linux 6.2, SCTP, ESP, "         \
      "a tunnel in a tunnel")                                                                                  \
    X(SEND_FAILED, "send_failed", "frame that the kernel did not accept for sending")

#define CONSUMED_KINDS(X)                                                                                     \
    X(ARP_ANSWERED, "arp_answered", "ARP requests for the shared address, answered by the bridge")            \
    X(ARP_RELAYED, "arp_relayed", "ARP replies from upstream, of which each host that asked got a copy")      \
    X(ARP_COALESCED, "arp_coalesced",                                                                         \
      "ARP requests of hosts that were not sent upstream, as the same was asked within the second; the host " \
      "gets the answer")                                                                                      \
    X(PE_ARP, "pe_arp", "PE-ARP messages processed by the bridge")                                            \
    X(ECHO_ANSWERED, "echo_answered", "echo requests to the shared address, answered by the bridge")          \
    X(DHCP, "dhcp", "DHCP messages processed by the server of [dhcp]")

#define COUNTERS(X)                                                                                           \
    X(CAPTURES, "captures", "ARP frames from hosts that would have redirected a shared address")              \
    X(CONFLICTS, "conflicts",                                                                                 \
      "claims refused because another host owns the ports, and uses of a shared address upstream")            \
    X(VIOLATIONS, "violations", "packets from hosts with a source port that another host owns")               \
    X(MOVES, "moves", "ranges that moved from one owner to another")                                          \
    X(LEARNED, "learned", "bindings learned")                                                                 \
    X(EXPIRED, "expired", "bindings that ended because their owner was idle or did not answer")               \
    X(RELEASED, "released", "bindings that ended because their owner released them")                          \
    X(EVICTED, "evicted", "bindings evicted to make room for new ones (limit: bindings)")                     \
    X(ACCOUNTS_FOLDED, "accounts_folded",                                                                     \
      "accounts of owners without a range, added to the account of all others to make room (limit: "          \
      "accounts)")                                                                                            \
    X(ACCOUNTS_FULL, "accounts_full",                                                                         \
      "ranges and frames counted in the account of all others, as their owner got none (limit: "              \
      "accounts)")                                                                                            \
    X(FLOW_RECORDS, "flow_records", "flow records made for the collector ([ipfix])")                          \
    X(FLOWS_EARLY, "flows_early",                                                                             \
      "flow records exported early to make room for another flow (limit: ipfix-flows)")                       \
    X(TABLE_FULL, "table_full",                                                                               \
      "bindings not learned because the table was full (limits: bindings, address-bindings, rivals)")         \
    X(HOST_PORTS, "host_ports",                                                                               \
      "ranges not learned, and answers for sets of [dhcp] that did not count, because their host had too "    \
      "much (limits: host-ports, host-bindings, host-leases)")                                                \
    X(DENIED, "denied",                                                                                       \
      "ranges not learned and leases not given because their host is denied ([deny], pearpctl deny)")         \
    X(CLAIMS_LIMITED, "claims_limited",                                                                       \
      "CLAIMs without a challenge, since those of other hosts took the room or the budget (limits: "          \
      "questions, mac-questions, unicast-rate, unicast-mac-rate)")                                            \
    X(PE_ARP_KEY_ROLE, "pe_arp_key_role",                                                                     \
      "signed PE-ARP messages whose key has the wrong role, such as a HELLO with the key of "                 \
      "a host (pe_arp_forged)")                                                                               \
    X(PE_ARP_KEY_MAC, "pe_arp_key_mac",                                                                       \
      "signed PE-ARP messages from a MAC address that may not use their key (pe_arp_forged)")                 \
    X(PE_ARP_KEY_RANGE, "pe_arp_key_range",                                                                   \
      "signed PE-ARP messages about ports that may not be claimed with their key (pe_arp_forged)")            \
    X(PE_ARP_SEQ_OLD, "pe_arp_seq_old",                                                                       \
      "signed PE-ARP messages whose sequence number is missing or did not grow (pe_arp_forged)")              \
    X(PE_ARP_SEQ_AHEAD, "pe_arp_seq_ahead",                                                                   \
      "signed PE-ARP messages whose sequence number is too far ahead of the clock (pe_arp_forged; "           \
      "limit: seq-ahead)")                                                                                    \
    X(REQUESTS, "requests", "PE-ARP REQUESTs sent")                                                           \
    X(BAD_SOURCES, "bad_sources", "frames dropped as bad_source")                                             \
    X(MAC_MOVES, "mac_moves", "MAC addresses that moved from one side of the bridge to the other")            \
    X(FLOW_CONFLICTS, "flow_conflicts", "packets from hosts in a flow without ports that another host holds") \
    X(FLOWS_FULL, "flows_full", "flows without ports not kept (limits: flows, host-share)")                   \
    X(FRAGMENT_ID_CLASHES, "fragment_id_clashes",                                                             \
      "fragmented datagrams of two hosts with the same IP ID to one remote at the same time (RFC "            \
      "6346)")                                                                                                \
    X(FRAGMENT_CONFLICTS, "fragment_conflicts",                                                               \
      "fragmented datagrams of which two first fragments differ: the rest is dropped (fragment_bad)")         \
    X(SERVICES_REFUSED, "services_refused",                                                                   \
      "services announced by hosts and not kept (limits: services, host-share)")                              \
    X(DHCP_FORGED, "dhcp_forged", "DHCPACKs sent by a host: nothing is learned from them")                    \
    X(DHCP_MALFORMED, "dhcp_malformed",                                                                       \
      "DHCP messages that could not be parsed: nothing is learned from them")                                 \
    X(DHCP_UNFIT, "dhcp_unfit",                                                                               \
      "leases of the network's server that do not fit ports or psid of their address: nothing is "            \
      "learned from them")                                                                                    \
    X(DHCP_REFUSED, "dhcp_refused",                                                                           \
      "leases and DHCPNAKs from upstream that no host asked for, of a server that is not in servers of "      \
      "[dhcp], or routed and more than a routed one may change: nothing is learned from them")                \
    X(DHCP_OFFERS, "dhcp_offers", "DHCPOFFERs sent by the server of [dhcp]")                                  \
    X(DHCP_ACKS, "dhcp_acks", "DHCPACKs sent by the server of [dhcp]")                                        \
    X(DHCP_NAKS, "dhcp_naks", "DHCPNAKs sent by the server of [dhcp]")                                        \
    X(DHCP_RELEASES, "dhcp_releases", "leases of [dhcp] that clients gave back")                              \
    X(DHCP_DECLINES, "dhcp_declines",                                                                         \
      "port sets of [dhcp] that clients declined: set aside for decline-age seconds")

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
