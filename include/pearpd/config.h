/* config.h: one subnet's configuration as plain data (CONTRACT 4).
 * conf fills it, core, io and daemon read it. Never: text. */
#ifndef PEARPD_CONFIG_H
#define PEARPD_CONFIG_H

#include "pearpd/addr.h"
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

/* Every bound: key in [limits], field, smallest, greatest, default, what it bounds and what goes when it is reached. */
#define LIMITS(X)                                                                                              \
    X("addresses", addresses, 1, 4096, 256, "shared addresses; one more is a fault of the configuration")      \
    X("bindings", bindings, 1, 1048576, 65536,                                                                 \
      "learned and permanent bindings; the oldest stale one goes, else nothing is learned")                    \
    X("macs", macs, 16, 1048576, 4096, "MAC addresses learned on each side; the one longest unheard goes")     \
    X("mac-age", mac_age_s, 10, 86400, 300, "seconds until an unheard MAC address is forgotten")               \
    X("hosts", hosts, 16, 1048576, 8192,                                                                       \
      "downstream hosts counted and rate-limited one by one; the one longest idle goes")                       \
    X("accounts", accounts, 16, 1048576, 8192,                                                                 \
      "owners whose traffic is counted; the one longest untouched that holds no range goes, its totals to "    \
      "the "                                                                                                   \
      "others")                                                                                                \
    X("ipfix-flows", ipfix_flows, 16, 1048576, 65536,                                                          \
      "flows counted at once for [ipfix]; the one longest without a packet is told early")                     \
    X("months", months, 1, 120, 13, "months of traffic kept for each owner; the oldest goes")                  \
    X("questions", questions, 16, 65536, 4096,                                                                 \
      "questions open at once, half of them about ports; a new one is not asked")                              \
    X("mac-questions", mac_questions, 1, 4096, 16,                                                             \
      "questions open at once to one host; a new one is not asked")                                            \
    X("held-frames", held_frames, 1, 65536, 256,                                                               \
      "frames held while their owner is asked for; a new one is dropped (hold_full)")                          \
    X("held-port-frames", held_port_frames, 1, 64, 3, "frames held for one port; the oldest goes (hold_full)") \
    X("held-bytes", held_bytes, 65536, 67108864, 1048576,                                                      \
      "bytes of frames held while their owner is asked for; a new one is dropped (hold_full)")                 \
    X("negatives", negatives, 16, 65536, 1024, "ports remembered as unanswered; the oldest goes")              \
    X("negative-age", negative_age_s, 1, 3600, 20,                                                             \
      "seconds for which an unanswered port is not asked for again")                                           \
    X("askers", askers, 16, 65536, 1024, "hosts that wait for an ARP answer from upstream; the oldest goes")   \
    X("echo-flows", echo_flows, 16, 1048576, 4096,                                                             \
      "echo requests of hosts whose reply is awaited; the oldest goes")                                        \
    X("host-share", host_share, 1, 100, 25,                                                                    \
      "percent of flows, datagrams, waiting-fragments and services that one host may take; a new one of its "  \
      "is not "                                                                                                \
      "kept")                                                                                                  \
    X("host-ports", host_ports, 1, 100, 100,                                                                   \
      "percent of an address's ports that one host may own by claims and traffic; more is not learned "        \
      "(conflict)")                                                                                            \
    X("flows", flows, 16, 1048576, 4096,                                                                       \
      "portless flows of hosts; the one longest unheard goes if it is over flow-age, else a new one is not "   \
      "kept")                                                                                                  \
    X("flow-age", flow_age_s, 1, 86400, 300,                                                                   \
      "seconds without a frame from its host until a portless flow ends")                                      \
    X("datagrams", datagrams, 16, 65536, 4096,                                                                 \
      "fragmented datagrams at once; the oldest that waits for its first fragment goes, else the oldest "      \
      "(fragment_orphan)")                                                                                     \
    X("datagram-age", datagram_age_s, 1, 60, 5, "seconds until an incomplete datagram is given up")            \
    X("datagram-fragments", datagram_fragments, 1, 8192, 64,                                                   \
      "fragments of one datagram that wait for its first; one more is dropped (fragment_orphan)")              \
    X("waiting-fragments", waiting_fragments, 16, 65536, 4096,                                                 \
      "fragments that wait for the first of their datagram; the oldest datagram that waits goes "              \
      "(fragment_orphan)")                                                                                     \
    X("fragment-bytes", fragment_bytes, 65536, 268435456, 3145728,                                             \
      "bytes of waiting fragments; the oldest datagram that waits goes (fragment_orphan)")                     \
    X("services", services, 1, 65536, 1024, "services that hosts tell of; a new one is not kept")              \
    X("keys", keys, 1, 256, 16, "keys of PE-ARP; one more is a fault of the configuration")                    \
    X("speakers", speakers, 16, 1048576, 8192,                                                                 \
      "hosts whose last SEQ is kept, with keys; the one longest unheard goes")                                 \
    X("lifetime", lifetime_s, 1, 65535, 120,                                                                   \
      "seconds until a binding learned by PE-ARP goes stale, where its owner names none")                      \
    X("idle", idle_s, 1, 86400, 300,                                                                           \
      "seconds without a frame from its owner until a binding learned from traffic goes")                      \
    X("ask-rate", ask_rate, 1, 15, 5, "broadcast REQUESTs a second")                                           \
    X("ask-burst", ask_burst, 1, 15, 10, "broadcast REQUESTs at once")                                         \
    X("unicast-rate", unicast_rate, 1, 100000, 1000, "unicast REQUESTs a second, all hosts together")          \
    X("unicast-mac-rate", unicast_mac_rate, 1, 1000, 10, "unicast REQUESTs a second to one host")              \
    X("leases", leases, 1, 65536, 8192,                                                                        \
      "port sets that [dhcp] leases, from the lowest of the first address on; the rest is not leased")         \
    X("host-leases", host_leases, 1, 65536, 8,                                                                 \
      "port sets that one host may be offered, hold and have declined, all together; one more is refused "     \
      "(dhcp_exhausted)")                                                                                      \
    X("offer-age", offer_age_s, 1, 3600, 30, "seconds for which an offered port set is kept for its client")   \
    X("decline-age", decline_age_s, 1, 86400, 600, "seconds for which a declined port set is set aside")       \
    X("dhcp-rate", dhcp_rate, 1, 100000, 1000,                                                                 \
      "DHCP messages taken a second, all hosts together (dhcp_limit)")                                         \
    X("dhcp-host-rate", dhcp_host_rate, 1, 1000, 10, "DHCP messages of one host taken a second (dhcp_limit)")  \
    X("arp-rate", arp_rate, 1, 1000, 15, "ARP frames a second of one host that go upstream (arp_limit)")       \
    X("echo-rate", echo_rate, 1, 1000000, 100, "echo requests answered a second (echo_limit)")                 \
    X("echo-burst", echo_burst, 1, 1000000, 100, "echo requests answered at once")                             \
    X("hello", hello_s, 1, 3600, 60, "seconds between HELLOs")                                                 \
    X("hello-window", hello_window_s, 1, 3600, 5,                                                              \
      "seconds over which agents spread their CLAIMs after a HELLO")                                           \
    X("frame-bytes", frame_bytes, 0, 1048576, 0,                                                               \
      "longest frame that may leave (oversize), 0: the interfaces' MTU alone")                                 \
    X("ring-slots", ring_slots, 64, 65536, 4096, "slots of 2 KiB in each receive ring (ring_full)")            \
    X("ring-budget", ring_budget, 1, 4096, 256, "frames taken from a ring before the other one has its turn")  \
    X("control-clients", control_clients, 1, 1024, 64, "control connections at once; a new one is refused")    \
    X("monitor-bytes", monitor_bytes, 4096, 1048576, 65536,                                                    \
      "bytes waiting for one control client; beyond it monitor skips events")

struct limits {
#define X(key, field, least, most, preset, help) uint32_t field;
    LIMITS(X)
#undef X
};

enum { LEARN_PE_ARP = 1, LEARN_TRAFFIC = 2, LEARN_DHCP = 4 };

enum echo_mode { ECHO_REPLY, ECHO_DEFAULT_HOST, ECHO_DROP };
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
    enum echo_mode echo;
    unsigned line; /* of its section in the file */
};

/* One [range]: a permanent binding. */
struct config_range {
    struct range range;
    struct mac mac;
    char name[RANGE_NAME_BYTES]; /* empty: none */
    unsigned line, mac_line;     /* of the section and of its mac in the file */
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
    uint16_t mtu; /* 0: not told */
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

/* [ipfix]: flows told to a collector (RFC 7011). */
struct config_ipfix {
    bool is_on;
    struct ipv4 collector;
    uint16_t port;
    uint32_t sample; /* one packet in so many */
    uint32_t active_s, idle_s, template_s;
    uint32_t domain; /* observation domain id */
};

/* Made by config_read() (conf.h), ended by config_free(). */
struct config {
    char upstream[INTERFACE_NAME_BYTES]; /* without `tap:` */
    bool upstream_tap;                   /* this machine is the router: upstream is a tap */
    char downstream[INTERFACE_NAME_BYTES];
    bool mac_auto;        /* daemon fills `mac` from an interface's before the engine starts */
    struct mac mac;       /* the bridge MAC */
    uint16_t vlan;        /* 0: none */
    uint16_t encap;       /* EtherType of PE-ARP, host order: 0x88b5 or 0x0806 */
    bool source_mac_host; /* source-mac = host */
    bool link_local_drop; /* link-local = drop */
    bool has_router_mac;
    bool router_mac_found; /* not given: daemon fills it from the tap's own */
    struct mac router_mac;
    enum source_ports_mode source_ports;
    char socket[SOCKET_PATH_BYTES];    /* control socket */
    char state_file[STATE_PATH_BYTES]; /* empty: none */
    uint32_t state_period_s;           /* a change of the table is in it within so many */
    uint32_t state_counters_s;         /* counters that changed alone are */
    struct config_address *addresses;  /* ascending, owned */
    size_t address_count;
    struct config_range *ranges; /* ascending by address and port, owned */
    size_t range_count;
    struct config_protocol *protocols; /* ascending by address and number, owned */
    size_t protocol_count;
    struct config_dhcp dhcp;
    struct config_lease *leases; /* ascending by address and port, owned */
    size_t lease_count;
    struct config_ipfix ipfix;
    struct pe_arp_key *keys; /* ascending by id, owned; none: PE-ARP is believed without AUTH */
    size_t key_count;
    struct limits limits;
};

#endif
