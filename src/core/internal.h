/* internal.h: the engine's inside, shared by the files of src/core and by nobody else.
 * One file, one concept; what each offers to the others stands under its name below. */
#ifndef PEARPD_CORE_INTERNAL_H
#define PEARPD_CORE_INTERNAL_H

#include "pearpd/arp.h"
#include "pearpd/dhcp.h"
#include "pearpd/engine.h"
#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/keyed_table.h"
#include "pearpd/l4.h"
#include "pearpd/rate.h"
#include "pearpd/timer_heap.h"

#include "binding/lease_pool.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/fdb.h"
#include "tables/host.h"
#include "tables/meter.h"
#include "tables/pending.h"
#include "tables/service_table.h"

#include <stddef.h>
#include <sys/queue.h>

#define SECOND_NS UINT64_C(1000000000)
#define TRIES     3

/* What a timer lives in. */
enum timer_kind {
    TIMER_BINDING,
    TIMER_QUESTION,
    TIMER_ANNOUNCE,
    TIMER_HELLO,
    TIMER_ASK,
    TIMER_UNICAST,
    TIMER_FRAGMENTS,
    TIMER_LEASE,
    TIMER_METER
};

/* A shared address while the engine runs. */
struct shared {
    const struct config_address *config;
    bool has_gateway; /* a router that asked for the address, for HELLO */
    struct ipv4 gateway;
    struct mac gateway_mac;
    struct rate defence; /* gratuitous ARP against a conflict: one in 10 s */
};

/* Who is asked for which port. `target` is zero in a broadcast. No padding: it is hashed. */
struct question_key {
    uint32_t address_index;
    uint16_t port;
    struct mac target;
};

/* A claim that waits for the silence of the range's present owner, or for the claimant's own answer. */
struct claim {
    struct port_range ports;
    struct mac claimant;
    struct mac previous; /* the owner that was found silent; zero: there was none */
};

/* One REQUEST, its retries and what hangs on its answer (docs/pe-arp.md#nonces). A broadcast asks who owns a port,
 * for frames held meanwhile; a unicast challenges or probes one host. */
struct question {
    struct question_key key;
    uint8_t protocol;
    uint8_t tries;
    bool is_release;     /* after a RELEASE: one try */
    bool has_claim;      /* `claim` waits for the target's silence */
    struct mac previous; /* of a claimant's own challenge: whose range it was */
    uint64_t opened_ns, asked_ns;
    uint64_t nonces[TRIES];
    struct claim claim;
    struct hold_line line;
    struct timer timer;
    struct question_queue *queue; /* where it waits for the right to ask, or NULL */
    TAILQ_ENTRY(question) waiting;
    TAILQ_ENTRY(question) broadcasts;
};
TAILQ_HEAD(question_queue, question);

struct engine {
    struct config config;
    struct engine_seed seed;
    const struct engine_out *out; /* of the call that runs */
    uint64_t now_ns;
    struct engine_stats stats;

    struct shared *shared;   /* as config.addresses */
    uint16_t *address_slots; /* index + 1 by hash of the address; 0: empty */
    uint32_t address_mask;

    struct binding_table *bindings;
    struct accounts *accounts;
    struct meter *meter; /* NULL: [ipfix] is off */
    struct fdb *fdb;
    struct hold *hold;
    struct keyed_table *hosts;
    struct keyed_table *questions;
    struct keyed_table *negatives;
    struct keyed_table *asked; /* when a port was last asked for */
    struct keyed_table *askers;
    struct echo_flows *echo_flows;
    struct keyed_table *flows;
    struct keyed_table *speakers;
    struct keyed_table *lessees; /* the last lease of each host, for what ends it */
    bool looks_at_dhcp;          /* dhcp_matters() */
    struct leases *leases;       /* of [dhcp] */
    struct fragments *fragments;
    struct service_table *services;

    struct timer_heap *timers;
    struct timer announce_timer, hello_timer, ask_timer, unicast_timer, fragments_timer, meter_timer;

    struct question_queue fresh, retries; /* broadcasts that wait: new ports first */
    struct question_queue unicasts;       /* unicasts that wait for the budget of all hosts */
    struct question_queue broadcasts;     /* every open one, as opened */
    uint32_t broadcast_count;
    uint64_t nonce_count;
    uint64_t confirm_ns; /* when the last restored binding is asked for */
    uint64_t changes;    /* of tables before the present one; leases that were extended */
    struct reload_ended reload_ended;

    struct rate_limit ask_limit, unicast_limit, unicast_mac_limit, arp_limit, echo_limit, dhcp_limit,
        dhcp_host_limit;
    struct rate ask_rate, unicast_rate, echo_rate, bad_source_events, mac_move_events, loop_events;
    struct rate dhcp_events, exhausted_events, dhcp_rate;
    uint32_t share_flows, share_datagrams, share_waiting, share_services; /* of one host */

    uint32_t mtu_bytes[SIDES];
    bool link_up[SIDES];
};

/* One frame's way through the rules. */
struct passage {
    enum side from;
    struct frame *frame;
    struct eth eth;
    const uint8_t *payload; /* behind the EtherType */
    size_t payload_length;
    struct eth_tag tag; /* that answers carry: the frame's own */
};

/* What a host must have the right to, to send a packet. */
enum right_kind {
    RIGHT_FREE,      /* nothing: echo, UDP source port 68 */
    RIGHT_PORT,      /* the source port */
    RIGHT_QUOTE,     /* what its ICMP error quotes was sent to `host`, at `port` */
    RIGHT_NO_QUOTE,  /* ... was not sent to the shared address */
    RIGHT_BAD_QUOTE, /* ... cannot be read */
    RIGHT_FLOW,      /* {remote, protocol} */
};
struct right {
    enum right_kind kind;
    uint16_t port;
    uint8_t protocol;
    struct ipv4 remote;
    struct mac host; /* zero: nobody in particular */
};

/* Where a packet to a shared address goes. */
enum route_kind {
    ROUTE_PORT,         /* the owner of `port`; hosts are asked for it by `protocol` */
    ROUTE_HOST,         /* `host` */
    ROUTE_DEFAULT_HOST, /* default-host, or dropped for `reason` */
    ROUTE_ECHO,         /* the bridge answers */
    ROUTE_DROP,         /* dropped for `reason` */
};
struct route {
    enum route_kind kind;
    uint16_t port;
    uint8_t protocol;
    struct mac host;
    enum drop_reason reason;
};

/* What an ICMP error quotes: the packet that it is about, as far as it can be read. */
struct quote {
    bool is_readable; /* a whole header, and enough behind it for what the packet is known by */
    struct ipv4 source, destination;
    uint8_t protocol;
    uint16_t id;
    uint32_t fragment_offset;
    bool has_ports, has_echo;
    struct l4_ports ports;
    uint8_t icmp_type;
    struct icmp_echo echo;
};

/* A packet of a shared address, and what is found out about it: once, from a whole packet or a first
 * fragment; the fragments behind it share it. */
struct shared_packet {
    struct ipv4_packet ip;
    int source, destination; /* indices of shared addresses, or -1 */
    bool by_host;            /* from downstream, source shared */
    bool is_disguised;       /* in tags that are bridged untouched: looked at, never learned from */
    struct l4_ports ports;   /* of protocols that have them */
    uint8_t icmp_type;       /* of ICMP */
    struct icmp_echo echo;
    struct right right;
    struct route route;
    struct quote quote; /* of ICMP errors; of others not even zero */
};

/* verdict.c, frame_send.c, event_emit.c, shared_address.c */
struct verdict verdict_dropped(enum drop_reason reason);
struct verdict verdict_consumed(enum consumed_kind kind);
/* Lets a frame out, or drops it as oversize. */
struct verdict emit(struct engine *e, enum side to, const struct frame *frame);
void make(struct engine *e, enum side to, const struct made *made);
/* Tells an event; time is filled in. */
void tell(struct engine *e, struct event event);
/* Counts where a frame ended; one that was held ends by the second. */
void verdict_count(struct engine *e, struct verdict verdict);
void settle_held(struct engine *e, struct verdict verdict);
/* A frame of the bridge's own: addresses, the subnet's tag, EtherType. */
struct made made_of(const struct engine *e, enum made_kind kind, struct mac destination, uint16_t ethertype);
/* The shared address's index, or -1. */
int shared_index(const struct engine *e, struct ipv4 address);
/* The same for ports whose address is shared. */
static inline uint32_t index_of(const struct engine *e, const struct port_range *ports)
{
    return (uint32_t)shared_index(e, ports->range.address);
}
void address_insert(struct engine *e, uint32_t index);

/* Reads a frame's Ethernet header. False: it has none. */
bool passage_of(enum side from, struct frame *frame, struct passage *p);

/* engine_memory.c: tables taken at start and on reload */
int engine_tables_new(struct engine *e);
/* What is configured anew is in force from now on. */
void ranges_begin(struct engine *e);
void engine_tables_free(struct engine *e);
int engine_config_copy(struct config *to, const struct config *from);

/* bridge_rules.c: layer 2 */
/* False: the frame goes no further, *verdict says why. Else its source is learned. */
bool source_check(struct engine *e, struct passage *p, struct verdict *verdict);
struct verdict bridge(struct engine *e, struct passage *p);
bool destination_lives_here(struct engine *e, const struct passage *p);

/* arp_rules.c */
struct keyed_table *asker_table_new(const struct engine *e);
struct verdict arp_rule(struct engine *e, struct passage *p);

/* pe_arp_rules.c: false: the frame is somebody else's */
bool pe_arp_rule(struct engine *e, struct passage *p, struct verdict *verdict);

/* arp_rules.c: a host's ARP with a shared address as sender */
struct verdict arp_capture(struct engine *e, const struct passage *p, uint32_t address_index);

/* disguise.c: False: the frame goes no further, *verdict says why */
bool disguise_check(struct engine *e, const struct passage *p, struct verdict *verdict);

/* speaker.c */
struct keyed_table *speaker_table_new(const struct engine *e);
/* True where the message is from the frame's source and, with keys, authentic and no replay. */
bool speaker_is_believed(struct engine *e, const struct passage *p, const struct pe_arp *m);

/* ipv4_rules.c: false: neither source nor destination is shared */
bool ipv4_rule(struct engine *e, struct passage *p, struct verdict *verdict);
/* Reads the transport header of a packet that is whole or begins one, and finds its right and its route.
 * False: too short to hold what they are found by. */
bool packet_judge(struct engine *e, const struct passage *p, struct shared_packet *s);
/* Lets a judged packet, or a fragment of its datagram, go its way. */
struct verdict packet_pass(struct engine *e, struct passage *p, const struct shared_packet *s);
/* True where somebody could own the port by PE-ARP. */
bool may_be_asked_for(const struct config_address *a, uint16_t port);
/* default-host, or dropped for `reason`. */
struct verdict to_default_host(struct engine *e, enum side from, struct frame *frame, uint32_t address_index,
                               enum drop_reason reason);
struct verdict deliver(struct engine *e, enum side from, struct frame *frame, struct mac owner,
                       struct binding *binding);

/* dhcp_rules.c: leases that pass by. True: the frame goes no further, *verdict says why. */
bool dhcp_rule(struct engine *e, const struct passage *p, const struct ipv4_packet *ip,
               struct verdict *verdict);
/* True where the MAC can be the owner of ports: a host's, downstream as far as is known. */
bool host_can_own(struct engine *e, struct mac mac);
/* True where some address is learned from DHCP, or served. */
bool dhcp_matters(const struct config *config);
struct keyed_table *lessee_table_new(const struct engine *e);
/* Notes that `lease` is the last that its owner got. */
void lessee_note(struct engine *e, const struct binding *lease);
/* True where the configuration of the address lets a server lease `ports`. */
bool lease_fits(const struct config_address *a, const struct port_range *ports);

/* dhcp_server.c: a message for the bridge's own server. False: it is not. `is_readable`: not malformed. */
bool dhcp_serve(struct engine *e, const struct passage *p, const struct ipv4_packet *ip,
                const struct l4_ports *ports, const struct dhcp *m, bool is_readable, struct verdict *verdict);

/* police.c: what hosts may send. False: dropped, *verdict says why. Learns from traffic where it may. */
bool police(struct engine *e, const struct passage *p, uint32_t address_index, const struct right *right,
            struct verdict *verdict);
/* The same, and nothing is learned or counted for an owner. */
bool police_look(struct engine *e, const struct passage *p, uint32_t address_index, const struct right *right,
                 struct verdict *verdict);

/* quote.c: ICMP errors, by the packet that they quote */
void quote_read(const struct passage *p, struct shared_packet *s);
struct route quote_route(struct engine *e, const struct shared_packet *s);
struct right quote_right(struct engine *e, const struct shared_packet *s);
bool quote_equal(const struct quote *a, const struct quote *b);

/* flow.c: protocols without ports */
struct keyed_table *flow_table_new(const struct engine *e);
/* The host that gets {remote, protocol} of a shared address. False: none. */
bool flow_host(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol,
               struct mac *host);
/* Notes a host's frame of a flow. False: another host's, in *owner. */
bool flow_take(struct engine *e, uint32_t address_index, struct ipv4 remote, uint8_t protocol,
               struct mac sender, struct mac *owner);

/* fragment.c: fragmented datagrams */
struct fragments *fragments_new(const struct engine *e);
void fragments_free(struct fragments *fragments);
struct verdict fragment_rule(struct engine *e, struct passage *p, struct shared_packet *s);
/* The host that a later fragment of an open datagram is of: its sender, or who it is delivered to. False: not known. */
bool fragment_sender(struct engine *e, const struct quote *later, struct mac *host);
bool fragment_receiver(struct engine *e, const struct quote *later, struct mac *host);
void fragments_due(struct engine *e);
/* Ends every datagram and drops what waits (a reload). */
void fragments_drop(struct engine *e);

/* table.c: the binding with the lowest first port from `port` on, or NULL */
const struct binding *binding_from(const struct engine *e, uint32_t address_index, uint32_t port);

/* echo.c */
struct verdict echo_answer(struct engine *e, const struct passage *p, const struct ipv4_packet *packet);
struct route echo_request_route(const struct engine *e, uint32_t address_index, bool is_fragment);
/* The route of what comes back for {remote, echo}: the host that sent the request last, else `id` as a port. */
struct route echo_route(struct engine *e, struct ipv4 shared, struct ipv4 remote, struct icmp_echo echo);
/* Notes that a host sent an echo request. */
void echo_note(struct engine *e, const struct passage *p, const struct ipv4_packet *packet,
               struct icmp_echo echo);
struct echo_flows *echo_flows_new(const struct engine *e);
void echo_flows_free(struct echo_flows *flows);
void echo_flows_pour(struct echo_flows *to, const struct echo_flows *from);

/* ownership.c: bindings come, change state and go; each with its event */
void binding_enter(struct engine *e, struct binding *b, enum binding_state state);
void binding_end(struct engine *e, struct binding *b, enum event_kind why);
/* A new binding; in a full table the oldest stale one makes room. NULL: none is stale. */
struct binding *binding_make(struct engine *e, const struct port_range *ports, struct mac owner,
                             enum binding_origin origin);
/* Makes a permanent binding over ports that nobody holds. 0 or -ENOSPC. */
int binding_make_permanent(struct engine *e, const struct port_range *ports, struct mac mac,
                           enum binding_origin origin, const char *name);
void binding_due(struct engine *e, struct binding *b);
/* The first frame from a port that nobody owns (docs/forwarding.md#traffic-learning). */
struct binding *learn_from_traffic(struct engine *e, uint32_t address_index, uint16_t port, struct mac owner);
/* A reply that counts gives `ports` to `owner`, around `asked`, for lifetime_s (0: the default).
 * 0; -EEXIST: it overlaps another live owner. */
int bind_answer(struct engine *e, const struct port_range *ports, uint16_t asked, struct mac owner,
                uint16_t lifetime_s, struct mac previous);
/* True where `owner` may learn `ports` beside what it owns of the address already ([limits] host-ports). */
bool may_own_more(struct engine *e, const struct port_range *ports, struct mac owner);
/* True where the owner learned from traffic lives on a port of `ports`. */
bool traffic_lives_in(const struct engine *e, const struct binding *b, const struct port_range *ports);
/* The next binding over `ports` at or behind *at (span << 16 | port), which moves on; NULL: no more. */
struct binding *overlap_next(const struct engine *e, const struct port_range *ports, uint32_t *at);
bool origin_is_permanent(enum binding_origin origin);
/* Permanent, or leased: no statement of a host moves it. */
bool origin_is_fixed(enum binding_origin origin);
/* A lease of the address's server gives `ports` to `owner` for left_ns (ENGINE_NEVER: for ever), or for longer.
 * 0; -EPERM: a permanent range is there; -ENOSPC: the table is full. */
int bind_lease(struct engine *e, const struct port_range *ports, struct mac owner, uint64_t left_ns);

/* restore.c: what an earlier run knew */
/* True where the configuration lets `owner` hold `ports` by `origin`. */
bool binding_fits(const struct engine *e, const struct port_range *ports, struct mac owner,
                  enum binding_origin origin);
/* The configured binding of `owner` that is exactly `ports`, or NULL. */
struct binding *configured_find(const struct engine *e, const struct port_range *ports, struct mac owner);

/* service_rules.c: what hosts tell of */
/* A reply of m->sha for `ports` counted: what it tells of takes the place of what was told before. */
void services_heard(struct engine *e, const struct port_range *ports, const struct pe_arp *m);
/* The binding ends. */
void services_end(struct engine *e, struct binding *b);
/* Copies the services of `was`, a binding of `old`, to what became of it in a new configuration: NULL, nothing. */
void services_carry(struct engine *e, struct binding *kept, struct engine *old, const struct binding *was);

/* question.c: asking */
struct question *question_broadcast(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol);
struct question *question_unicast(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
struct question *question_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
bool question_has_nonce(const struct engine *e, const struct question *q, uint64_t nonce);
struct verdict question_hold(struct engine *e, struct question *q, enum side from, const struct frame *frame);
void question_close(struct engine *e, struct question *q);
/* Asks the owner of a stale binding whether it is still there. False: no question could be opened. */
bool binding_probe(struct engine *e, struct binding *b);
/* Ends every broadcast whose port has an owner now; what it held goes there. */
void questions_settle(struct engine *e, uint32_t address_index);
void question_due(struct engine *e, struct question *q);
void questions_budget_due(struct engine *e, enum timer_kind kind);
int question_tables_new(struct engine *e);
bool question_is_negative(struct engine *e, uint32_t address_index, uint16_t port);
/* What comes of a claim: refused, its range's owner asked, or the claimant challenged. */
void claim_start(struct engine *e, const struct claim *claim);
/* Counts a claim that does not get what `owner` has, and tells of it. */
void claim_refused(struct engine *e, const struct claim *claim, struct mac owner, const char *why);
/* A reload. Unicasts go over as they are, with what hangs on them; every question of the old engine ends, and what it
 * holds is dropped; once the tables have changed places, those that went over go on. */
void questions_carry(struct engine *e, const struct engine *old);
void questions_drop(struct engine *e);
void questions_go_on(struct engine *e);

/* announce.c: what the bridge says unasked */
void announce_upstream(struct engine *e);
void announce_address(struct engine *e, uint32_t address_index);
void announce_downstream(struct engine *e);
void announce_due(struct engine *e, enum timer_kind kind);

#endif
