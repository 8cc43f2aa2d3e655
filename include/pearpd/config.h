/* config.h: one subnet's configuration as plain data (docs/contract.md#configuration).
 * conf fills it, core, io and daemon read it. Never: text. */
#ifndef PEARPD_CONFIG_H
#define PEARPD_CONFIG_H

#include "pearpd/addr.h"
#include "pearpd/listen_address.h"
#include "pearpd/pe_arp_auth.h"
#include "pearpd/port_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_NAME_BYTES 16 /* IFNAMSIZ, with its NUL */
#define RANGE_NAME_BYTES     64
#define SOCKET_PATH_BYTES    108 /* sun_path, with its NUL */
#define STATE_PATH_BYTES     256
#define CLIENT_ID_BYTES      64 /* of a DHCP client's identifier that is kept; a longer one by its digest */
#define CONFIG_DNS_MOST      4
#define CONFIG_SERVERS_MOST  8

/* Every bound: key in [limits], field, smallest, greatest, default, what it bounds and what happens then. */
#define LIMITS(X)                                                                                          \
    X("addresses", addresses, 1, 4096, 256,                                                                \
      "Maximum number of shared addresses. One more is an error in the configuration.")                    \
    X("bindings", bindings, 1, 1048576, 65536,                                                             \
      "Maximum number of bindings, learned and permanent. When the table is full, the stale "              \
      "binding that is oldest is evicted; if none is stale, that of the host with the most which is "      \
      "unconfirmed for longest. Where no host has two more than the new owner, nothing more is "           \
      "learned (table_full).")                                                                             \
    X("address-bindings", address_bindings, 1, 1048576, 4096,                                              \
      "Maximum number of bindings of one address learned by claims and traffic. The one that has been "    \
      "stale for longest is evicted; if none is stale, more is not learned (table_full).")                 \
    X("host-bindings", host_bindings, 1, 4096, 256,                                                        \
      "Maximum number of bindings of one host learned by claims and traffic, of all addresses. More "      \
      "is not learned (host_ports, event conflict).")                                                      \
    X("macs", macs, 16, 1048576, 4096,                                                                     \
      "Maximum number of MAC addresses learned on each side. The least recently seen is evicted; "         \
      "frames to it are then sent to the other side.")                                                     \
    X("mac-age", mac_age_s, 10, 86400, 300,                                                                \
      "Seconds after which a MAC address that is no longer seen is forgotten.")                            \
    X("hosts", hosts, 16, 1048576, 8192,                                                                   \
      "Maximum number of downstream hosts with counters and rates of their own. The least recently "       \
      "seen is evicted, and its counters with it.")                                                        \
    X("accounts", accounts, 16, 1048576, 8192,                                                             \
      "Maximum number of owners with an account of their traffic. The least recently active owner "        \
      "without a range is evicted, and its totals are added to the account of all others.")                \
    X("ipfix-flows", ipfix_flows, 16, 1048576, 65536,                                                      \
      "Maximum number of flows measured at once for [ipfix]. When it is reached, the least "               \
      "recently active flow is exported early (flows_early).")                                             \
    X("months", months, 1, 120, 13, "Number of months kept in each account. The oldest month is removed.") \
    X("questions", questions, 16, 65536, 4096,                                                             \
      "Maximum number of ports and ranges being resolved at once: at most half of them ports, and a "      \
      "quarter of them ranges that are claimed. What is beyond it is not asked for.")                      \
    X("mac-questions", mac_questions, 1, 4096, 16,                                                         \
      "Maximum number of ranges that one host is being asked for at once. What is beyond it is not "       \
      "asked for.")                                                                                        \
    X("held-frames", held_frames, 1, 65536, 256,                                                           \
      "Maximum number of frames held while their owner is resolved. A new frame is dropped "               \
      "(hold_full).")                                                                                      \
    X("held-port-frames", held_port_frames, 1, 64, 3,                                                      \
      "Maximum number of frames held for one port. The oldest is dropped (hold_full).")                    \
    X("held-bytes", held_bytes, 65536, 67108864, 1048576,                                                  \
      "Maximum number of bytes of held frames. A new frame is dropped (hold_full).")                       \
    X("negatives", negatives, 16, 65536, 1024,                                                             \
      "Maximum number of ports remembered as unanswered. The oldest is removed, and asked for "            \
      "again when a frame comes.")                                                                         \
    X("negative-age", negative_age_s, 1, 3600, 20,                                                         \
      "Seconds for which a port that no host answered for is not asked for again.")                        \
    X("askers", askers, 16, 65536, 1024,                                                                   \
      "Maximum number of hosts waiting for an ARP reply from upstream, and of addresses asked for. The "   \
      "oldest is removed: such a host does not get the reply, such an address is asked for again.")        \
    X("echo-flows", echo_flows, 16, 1048576, 4096,                                                         \
      "Maximum number of echo requests of hosts whose reply is expected. The oldest is removed; "          \
      "its reply goes to the owner of the echo id as a port.")                                             \
    X("host-share", host_share, 1, 100, 25,                                                                \
      "Percentage of flows, datagrams, waiting-fragments and services that one host may use. What "        \
      "is beyond it is not kept. Of datagrams and waiting-fragments also one remote, or all hosts "        \
      "without ports together; their own oldest is removed then.")                                         \
    X("host-ports", host_ports, 1, 100, 25,                                                                \
      "Percentage of an address's ports that one host may own by claims and traffic. More is not "         \
      "learned (event conflict). Raise it where fewer than four hosts share an address.")                  \
    X("claim-ports", claim_ports, 1, 65536, 16,                                                            \
      "Minimum number of ports in a range that a host claims. A smaller one is dropped (pe_arp_bad), "     \
      "so that single ports do not fill the table. Port sets may be of any size.")                         \
    X("claim-rate", claim_rate, 100, 1000000, 10000,                                                       \
      "CLAIMs, RELEASEs and CONFLICTs that are read per second from all hosts that own ports, and "        \
      "as many from all others. A port set whose spans must be walked counts as one more for each "        \
      "64 of them. More is dropped (claim_limit).")                                                        \
    X("flows", flows, 16, 1048576, 4096,                                                                   \
      "Maximum number of flows without ports of hosts that own ports; a flow of a host with more is "      \
      "evicted, or the new flow is not kept (flows_full). All other hosts have a quarter as many "         \
      "together; any of theirs is evicted.")                                                               \
    X("flow-age", flow_age_s, 1, 86400, 300,                                                               \
      "Seconds without a packet from its host after which a flow without ports ends.")                     \
    X("datagrams", datagrams, 16, 65536, 4096,                                                             \
      "Maximum number of fragmented datagrams at once: half of them wait for their first fragment, half "  \
      "follow one. In a full half, the one without a fragment for longest is removed (fragment_orphan).")  \
    X("datagram-age", datagram_age_s, 1, 60, 5,                                                            \
      "Seconds after which the bridge forgets an incomplete datagram.")                                    \
    X("datagram-idle", datagram_idle_s, 1, 60, 1,                                                          \
      "Seconds after its last fragment for which the bridge remembers an incomplete datagram whose "       \
      "first fragment it knows.")                                                                          \
    X("datagram-fragments", datagram_fragments, 1, 8192, 64,                                               \
      "Maximum number of fragments of one datagram that wait for its first fragment. One more is "         \
      "dropped (fragment_orphan).")                                                                        \
    X("waiting-fragments", waiting_fragments, 16, 65536, 4096,                                             \
      "Maximum number of fragments that wait for the first fragment of their datagram. The oldest "        \
      "waiting datagram is removed (fragment_orphan).")                                                    \
    X("fragment-bytes", fragment_bytes, 65536, 268435456, 1572864,                                         \
      "Maximum number of bytes of waiting fragments. The oldest waiting datagram is removed "              \
      "(fragment_orphan).")                                                                                \
    X("denied-hosts", denied_hosts, 1, 16384, 1024,                                                        \
      "Maximum number of denied hosts. One more is refused, and is an error in [deny].")                   \
    X("services", services, 1, 65536, 1024,                                                                \
      "Maximum number of services announced by hosts. A new one is not kept (services_refused).")          \
    X("keys", keys, 1, 4096, 256,                                                                          \
      "Maximum number of keys for PE-ARP. One more is an error in the configuration.")                     \
    X("speakers", speakers, 16, 1048576, 8192,                                                             \
      "Maximum number of hosts whose last sequence number is kept, for all keys without mac together. "    \
      "Each key has an equal share, half of it for hosts that own ports. Of these the least recently "     \
      "seen is evicted, of the others one at random. A key with mac keeps all of its numbers.")            \
    X("seq-ahead", seq_ahead_s, 1, 315360000, 3600,                                                        \
      "Seconds that the sequence number of a signed message may be ahead of the clock of the bridge. "     \
      "Beyond it the message is dropped (pe_arp_forged). Raise it where the clocks of bridge and hosts "   \
      "differ by more.")                                                                                   \
    X("lifetime", lifetime_s, 1, 65535, 120,                                                               \
      "Seconds after which a binding learned by PE-ARP becomes stale. A host may state a shorter "         \
      "lifetime, but not a longer one.")                                                                   \
    X("idle", idle_s, 1, 86400, 300,                                                                       \
      "Seconds without a packet from its owner after which a binding learned from traffic ends. "          \
      "Raise it for hosts that are silent for long.")                                                      \
    X("ask-rate", ask_rate, 1, 15, 5,                                                                      \
      "Broadcast REQUESTs per second. The maximum is what common switches accept of ARP on a port.")       \
    X("ask-burst", ask_burst, 1, 15, 10, "Broadcast REQUESTs at once.")                                    \
    X("unicast-rate", unicast_rate, 1, 100000, 1000, "Unicast REQUESTs per second to all hosts together.") \
    X("unicast-mac-rate", unicast_mac_rate, 1, 1000, 10, "Unicast REQUESTs per second to one host.")       \
    X("leases", leases, 1, 65536, 8192,                                                                    \
      "Maximum number of port sets leased by [dhcp]. The pool begins with the lowest set of the "          \
      "first address; what is beyond the limit is not leased.")                                            \
    X("host-leases", host_leases, 1, 65536, 8,                                                             \
      "Maximum number of port sets that one host may be offered, hold and have declined together. "        \
      "More is refused (dhcp_exhausted). It is also how many sets a host without a lease can "             \
      "keep from others by its answers in each lifetime.")                                                 \
    X("dhcp-clients", dhcp_clients, 16, 1048576, 16384,                                                    \
      "Maximum number of DHCP clients downstream whose requests a server upstream may still answer, "      \
      "half of them owners of ports. Of owners the least recently seen is evicted, of others one at "      \
      "random; the answer to it is dropped (dhcp_unasked).")                                               \
    X("offer-age", offer_age_s, 1, 3600, 30,                                                               \
      "Seconds for which an offered port set is reserved for its client.")                                 \
    X("offer-wait", offer_wait_s, 0, 10, 1,                                                                \
      "Seconds that hosts have to answer a REQUEST for a port set before it is first offered by [dhcp]. "  \
      "0: they are not asked.")                                                                            \
    X("dhcp-waiting", dhcp_waiting, 1, 1024, 64,                                                           \
      "Maximum number of DHCPDISCOVERs that wait for offer-wait. A new one is not kept; its client asks "  \
      "again.")                                                                                            \
    X("decline-age", decline_age_s, 1, 86400, 600,                                                         \
      "Seconds for which a declined port set is not leased again.")                                        \
    X("dhcp-rate", dhcp_rate, 1, 100000, 1000,                                                             \
      "DHCP messages accepted per second: as many from hosts that own ports, from those that take an "     \
      "offer, and from newcomers; a quarter as many from all others. More is dropped (dhcp_limit).")       \
    X("dhcp-host-rate", dhcp_host_rate, 1, 1000, 10,                                                       \
      "DHCP messages accepted per second from one host. More is dropped (dhcp_limit).")                    \
    X("arp-rate", arp_rate, 1, 1000, 15,                                                                   \
      "ARP frames per second that one host may send upstream. More is dropped (arp_limit).")               \
    X("arp-total", arp_total, 1, 100000, 1000,                                                             \
      "ARP frames per second that all hosts without ports may send upstream together. The hosts with "     \
      "ports have as many for themselves. More is dropped (arp_limit).")                                   \
    X("echo-rate", echo_rate, 1, 1000000, 100,                                                             \
      "Echo requests answered per second. More is dropped (echo_limit).")                                  \
    X("echo-burst", echo_burst, 1, 1000000, 100, "Echo requests answered at once.")                        \
    X("hello", hello_s, 1, 3600, 60,                                                                       \
      "Seconds between two HELLO messages, with which the bridge announces itself to agents.")             \
    X("rivals", rivals, 16, 65536, 4096,                                                                   \
      "Maximum number of claims of rivals: hosts that claim the same ports after the bridge lost its "     \
      "table. One more is refused, and the owner keeps the ports (table_full).")                           \
    X("hello-window", hello_window_s, 1, 3600, 5,                                                          \
      "Seconds over which agents spread their claims after the bridge lost its table. Raise it on "        \
      "segments with thousands of hosts.")                                                                 \
    X("frame-bytes", frame_bytes, 0, 1048576, 0,                                                           \
      "Longest frame that may leave; a longer one is dropped (oversize). 0: only the MTU of the "          \
      "interface counts.")                                                                                 \
    X("ring-slots", ring_slots, 64, 65536, 4096,                                                           \
      "Number of slots in each receive ring, of 2 KiB each. Raise it where ring_full counts; a "           \
      "change needs a restart.")                                                                           \
    X("ring-budget", ring_budget, 1, 4096, 256,                                                            \
      "Frames taken from one receive ring before the other has its turn.")                                 \
    X("accel-linger", accel_linger_s, 1, 604800, 3600,                                                     \
      "Seconds for which the fast path keeps forwarding established flows after pearpd has died.")         \
    X("control-clients", control_clients, 1, 1024, 64,                                                     \
      "Maximum number of connections to the control socket. A new one is refused.")                        \
    X("metrics-clients", metrics_clients, 1, 1024, 32,                                                     \
      "Maximum number of connections to [control] metrics. One more closes the one that has been "         \
      "open longest without a request.")                                                                   \
    X("monitor-bytes", monitor_bytes, 4096, 1048576, 65536,                                                \
      "Bytes that may wait for a pearpctl monitor that reads slowly. Events beyond it are skipped, "       \
      "and their number is printed.")

struct limits {
#define X(key, field, least, most, preset, help) uint32_t field;
    LIMITS(X)
#undef X
};

enum { LEARN_PE_ARP = 1, LEARN_TRAFFIC = 2, LEARN_DHCP = 4 };

enum echo_mode { ECHO_REPLY, ECHO_DEFAULT_HOST, ECHO_DROP };
enum accel_mode { ACCEL_AUTO, ACCEL_TC, ACCEL_NONE };
enum source_ports_mode { SOURCE_PORTS_ENFORCE, SOURCE_PORTS_LOG, SOURCE_PORTS_OFF };

/* One [address]. */
struct config_address {
    struct ipv4 address;
    uint16_t ports_first, ports_last; /* what may be claimed */
    unsigned learn;                   /* LEARN_ bits; 0: none */
    uint32_t block;                   /* ports in a block, 1-65536 */
    bool has_psid;
    struct port_set_params psid;
    bool is_served;                    /* [dhcp] leases its port sets */
    struct port_set_params lease_psid; /* of those */
    bool has_default_host;
    struct mac default_host;
    struct ipv4 gateway; /* that HELLO announces; zero: that of [dhcp], if any */
    enum echo_mode echo;
    unsigned line;                                        /* of its section in the file */
    unsigned default_host_line, gateway_line, learn_line; /* of those keys; 0: not given */
};

#define RANGE_OTHER_MACS_MAX 3

/* One [range]: a permanent binding. */
struct config_range {
    struct range range;
    struct mac mac;
    char name[RANGE_NAME_BYTES];             /* empty: none */
    unsigned line, mac_line;                 /* of the section and of its mac in the file */
    struct mac others[RANGE_OTHER_MACS_MAX]; /* that the owner also sends from: its other cards */
    unsigned other_count;
};

/* One [protocol]: who gets a protocol without ports. */
struct config_protocol {
    struct ipv4 address;
    uint8_t protocol;
    struct mac mac;
    unsigned line, mac_line;
};

/* [dhcp]: what is leased to hosts that ask for ports. */
struct config_dhcp {
    bool has_psid;
    struct port_set_params psid; /* of addresses without their own */
    uint32_t lease_s;
    struct ipv4 router, netmask, server_id; /* zero: none */
    struct ipv4 dns[CONFIG_DNS_MOST];
    unsigned dns_count;
    uint16_t mtu;                             /* 0: not sent */
    struct ipv4 servers[CONFIG_SERVERS_MOST]; /* whose leases are learned; none: all servers' */
    unsigned server_count;
};

/* One [lease]: a port set kept for one client, known by its MAC or by its identifier. */
struct config_lease {
    struct range range; /* the set's lowest and highest port */
    bool has_mac;
    struct mac mac;
    uint8_t client_id[CLIENT_ID_BYTES];
    uint8_t client_id_length; /* 0: known by its MAC */
    char name[RANGE_NAME_BYTES];
    unsigned line, mac_line, client_id_line;
};

/* The order in which they are kept, for qsort(3) and bsearch(3): by address and number. */
static inline int config_protocol_order(const void *a, const void *b)
{
    const struct config_protocol *x = (const struct config_protocol *)a, *y = (const struct config_protocol *)b;
    if (x->address.host != y->address.host)
        return x->address.host < y->address.host ? -1 : 1;
    return (int)x->protocol - (int)y->protocol;
}

/* [ipfix]: flows exported to a collector (RFC 7011). */
struct config_ipfix {
    bool is_on;
    struct ipv4 collector;
    uint16_t port;
    uint32_t sample; /* one packet of this many */
    uint32_t active_s, idle_s, template_s;
    uint32_t domain; /* observation domain id */
};

/* [history]: who owned which ports when. */
struct config_history {
    char file[STATE_PATH_BYTES]; /* empty: none */
    uint32_t days;
    uint32_t bytes;                /* of all its files together */
    char events[STATE_PATH_BYTES]; /* the event log; empty: none */
    uint32_t event_bytes;          /* of it and the one before it together */
};

/* Made by config_read() (conf.h), ended by config_free(). */
struct config {
    char upstream[INTERFACE_NAME_BYTES]; /* without `tap:` */
    bool upstream_tap;                   /* this machine is the router: upstream is a tap */
    char downstream[INTERFACE_NAME_BYTES];
    bool mac_auto;        /* daemon fills `mac` from an interface's before the engine starts */
    bool mac_awaited;     /* ... once that is there: until then `mac` stands for none, and nothing is bridged */
    struct mac mac;       /* the bridge MAC */
    uint16_t vlan;        /* 0: none */
    uint16_t encap;       /* EtherType of PE-ARP, host order: 0x88b5 or 0x0806 */
    bool source_mac_host; /* source-mac = host */
    bool upstream_macs_bridge; /* upstream-macs = bridge */
    bool link_local_drop;      /* link-local = drop */
    bool has_router_mac;
    bool router_mac_found; /* not given: daemon fills it from the tap's own */
    struct mac router_mac;
    enum accel_mode accel;
    enum source_ports_mode source_ports;
    char socket[SOCKET_PATH_BYTES];    /* control socket */
    struct listen_address metrics;     /* of the web server */
    char state_file[STATE_PATH_BYTES]; /* empty: none */
    uint32_t state_period_s;           /* seconds within which a change of the table is saved */
    uint32_t state_counters_s;         /* the same where only counters changed */
    struct config_history history;
    struct config_address *addresses; /* ascending, owned */
    size_t address_count;
    struct config_range *ranges; /* ascending by address and port, owned */
    size_t range_count;
    struct config_protocol *protocols; /* ascending by address and number, owned */
    size_t protocol_count;
    struct config_dhcp dhcp;
    struct config_lease *leases; /* ascending by address and port, owned */
    size_t lease_count;
    struct config_ipfix ipfix;
    struct mac *denied; /* [deny], ascending, owned */
    size_t denied_count;
    struct pe_arp_key *keys; /* ascending by id, owned; none: PE-ARP needs no AUTH */
    size_t key_count;
    size_t signing_key; /* of these: what the bridge signs with */
    struct limits limits;
};

#endif
