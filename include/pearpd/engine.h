/* engine.h: the bridge's rules, frame by frame (docs/forwarding.md).
 * In: a frame, its side, the time. Out: frames, events, counters.
 * Called by: daemon (the bridge and the replay) and the tests. Never: uses a socket, a clock, a log, a random
 * source or libevent; allocates for a frame.
 *
 * Time is in nanoseconds of any clock. A time before the latest one counts as the latest. One engine is used by one
 * thread. */
#ifndef PEARPD_ENGINE_H
#define PEARPD_ENGINE_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/drop.h"
#include "pearpd/event.h"
#include "pearpd/flow_record.h"
#include "pearpd/frame.h"
#include "pearpd/port_range.h"
#include "pearpd/tx_frame.h"

#include <stdbool.h>
#include <stdint.h>

#define ENGINE_NEVER UINT64_MAX

struct engine;
struct fast_path;
struct ownership;

/* The ways out. Their arguments are borrowed until they return. */
struct engine_out {
    void *context;
    /* A frame that passes, to leave by `to`. */
    void (*send)(void *context, enum side to, const struct frame *frame);
    /* A frame that the bridge generates, to leave by `to`. */
    void (*generate)(void *context, enum side to, const struct tx_frame *made);
    void (*event)(void *context, const struct event *event);
    /* A flow's record ([ipfix]); never called where that is off. */
    void (*flow)(void *context, const struct flow_record *record);
};

/* What the caller must supply. */
struct engine_seed {
    uint8_t hash_key[16];  /* of every table; random in the daemon, fixed in a replay */
    uint8_t nonce_key[16]; /* nonces are a keyed function of their number */
    bool plain_nonces;     /* replay: they are 1, 2, 3 ... */
    bool any_nonce;        /* replay --any-nonce: REPLYs count with any nonce */
    uint64_t epoch;        /* of HELLO; new whenever the table was lost; 0 in a replay */
    uint64_t
        hello_seq; /* of the next HELLO: microseconds of the wall clock at the start; 0 in a replay: none has it */
};

/* The one place that a frame ended in. */
enum fate { FATE_SENT, FATE_CONSUMED, FATE_HELD, FATE_DROPPED };
struct verdict {
    enum fate fate;
    union {
        enum consumed_kind consumed; /* FATE_CONSUMED */
        enum drop_reason reason;     /* FATE_DROPPED */
    };
};

struct engine_stats {
    uint64_t in[SIDES], out[SIDES];
    uint64_t made;
    uint64_t held; /* now */
    uint64_t consumed[CONSUMED_COUNT];
    uint64_t drops[DROP_COUNT];
    uint64_t counters[COUNTER_COUNT];
};

/* The states of docs/pe-arp.md#binding-states, as the kernel's neighbour table has them. */
enum binding_state {
    BINDING_INCOMPLETE,
    BINDING_REACHABLE,
    BINDING_STALE,
    BINDING_PROBE,
    BINDING_PERMANENT,
    BINDING_PUBLISHED,
};
enum binding_origin { ORIGIN_CONFIG, ORIGIN_PE_ARP, ORIGIN_TRAFFIC, ORIGIN_DHCP, ORIGIN_CONTROL };

const char *binding_state_name(enum binding_state state);
const char *binding_origin_name(enum binding_origin origin);
/* Reads a name. False, and *origin is unchanged: there is no such origin. */
bool binding_origin_parse(const char *name, enum binding_origin *origin);

/* One change of an owner. A renewed binding is none. */
struct ownership {
    bool begins; /* false: it ends */
    const struct port_range *ports;
    struct mac mac;
    enum binding_origin origin;
    enum event_kind
        why; /* of an end: EVENT_EXPIRED, RELEASED, DELETED or EVICTED; MOVED where others get a part of it */
};

/* One line of the table, by value (`name` is borrowed until the next call into the engine). */
struct table_entry {
    struct range range; /* of a published address: 0-65535 */
    struct mac mac;     /* zero while incomplete */
    enum binding_state state;
    enum binding_origin origin;
    enum side side;   /* the bridge port that it is behind */
    const char *name; /* "": none */
    bool has_psid;
    struct port_set_params psid;
    uint16_t psid_id;
    uint64_t age_ns;              /* since it was learned */
    uint64_t expires_ns;          /* from now; ENGINE_NEVER */
    uint64_t seen_ns;             /* since the owner's last frame; ENGINE_NEVER: it was not seen yet */
    uint64_t rx_frames, rx_bytes; /* towards the owner */
    uint64_t tx_frames, tx_bytes; /* from it */
};

/* A port set that [dhcp] leases. */
enum lease_state { LEASE_FREE, LEASE_OFFERED, LEASE_BOUND, LEASE_DECLINED };
#define LEASE_STATES 4

const char *lease_state_name(enum lease_state state);

/* One lease, by value (`name` as above). A client is identified by its MAC and its identifier (option 61) together;
 * a longer identifier is replaced by its digest. */
struct lease_entry {
    struct range range; /* the set's lowest and highest port */
    struct port_set_params psid;
    uint16_t psid_id;
    struct mac mac;
    uint8_t client_id[CLIENT_ID_BYTES];
    uint8_t client_id_length; /* 0: it sent none, or the usual one: 1 and its MAC */
    enum lease_state state;
    uint64_t left_ns; /* until the lease, the offer or decline-age ends */
    const char *name; /* of its [lease]; "": none */
};

/* The number of port sets to lease, and how many are in which state. `reserved` sets also count in their state;
 * `blocked` sets are free, but another host used ports of them when they were last checked. */
struct lease_figures {
    uint32_t pool, leased, offered, declined, reserved, blocked;
};

/* Frames and their bytes, from Ethernet header to the end, towards an owner (rx) and from it (tx). */
struct traffic {
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
};

/* Adds `more` to `to`, modulo 2^64. */
void traffic_add(struct traffic *to, const struct traffic *more);

/* The traffic of one owner since it was first seen, over all its ranges. MAC zero: the others, which have no
 * account of their own. `booked` is what engine_account_book() has given out of the total. */
struct account_entry {
    struct mac mac;
    struct traffic total, booked;
};

/* One downstream host with what was counted for it. */
struct host_entry {
    struct mac mac;
    uint64_t captures, violations, flow_conflicts, bad_sources, bad_pe_arp, arp_limited;
};

/* A new engine for `config` (copied), at rest until engine_start(). All memory is taken here.
 * NULL and errno ENOMEM. `mac` of the configuration must be known. */
struct engine *engine_new(const struct config *config, const struct engine_seed *seed);
void engine_free(struct engine *engine);

/* Starts: announces each shared address upstream and sends HELLO downstream (docs/forwarding.md#announcements). */
void engine_start(struct engine *engine, uint64_t now_ns, const struct engine_out *out);

/* One frame in. Its bytes are borrowed; only its layer-2 addresses may change. Everything that follows from it goes
 * through `out` before the function returns. Returns where the frame ended. */
struct verdict engine_frame(struct engine *engine, uint64_t now_ns, enum side from, struct frame *frame,
                            const struct engine_out *out);

/* Runs what is due; returns when to call again (engine time), ENGINE_NEVER for never. */
uint64_t engine_tick(struct engine *engine, uint64_t now_ns, const struct engine_out *out);

/* When engine_tick() has something to do next. */
uint64_t engine_next(const struct engine *engine);

/* Postpones HELLO to its first turn at or after `until_ns`: for a long gap between two records of a replay
 * (docs/contract.md#replay-gap). */
void engine_postpone_repeats(struct engine *engine, uint64_t until_ns);

/* The wall clock, by which the SEQ of signed PE-ARP is bounded; to be given at the start and again and again, since it may
 * be set. `wall_us` is microseconds since 1970; 0: it is not set. In a replay it is never given: engine time is that. */
void engine_wall_clock(struct engine *engine, uint64_t now_ns, uint64_t wall_us);

/* A bridge port came up or went down; `mtu_bytes` is its longest frame without the Ethernet header and
 * tag (0: no limit). Announcements follow a link that comes up. */
void engine_link(struct engine *engine, uint64_t now_ns, enum side side, bool up, uint32_t mtu_bytes,
                 const struct engine_out *out);

/* `count` frames that the engine sent to `to` could not be sent after all. */
void engine_send_failed(struct engine *engine, enum side to, uint64_t count);
/* The kernel lost `count` frames at the ring of `from`: they count as received and dropped. Call it before the timers
 * run: a host whose answer may be among them was not silent. */
void engine_ring_full(struct engine *engine, enum side from, uint64_t count);
/* The port of `side` could not carry super-frames: `received` count as received and dropped, of those that the engine sent
 * `not_sent` could not be sent after all. */
void engine_unsupported_offload(struct engine *engine, enum side side, uint64_t received, uint64_t not_sent);

/* Takes the new configuration: learned bindings that still fit are kept, the others end with an event; held frames
 * of removed addresses are dropped. 0, or -ENOMEM and nothing has changed. */
int engine_reload(struct engine *engine, uint64_t now_ns, const struct config *config,
                  const struct engine_out *out);

/* What the last reload ended. A lease counts in addition to its binding. */
struct reload_ended {
    uint32_t bindings, leases;
};
struct reload_ended engine_reload_ended(const struct engine *engine);

/* Exports the records of all flows, before the engine ends. A reload does this itself. */
void engine_flows_flush(struct engine *engine, uint64_t now_ns, const struct engine_out *out);
/* The number of REQUESTs to hosts that are open now. */
uint32_t engine_questions(const struct engine *engine);
/* The number of flows that are counted now. */
uint32_t engine_flows(const struct engine *engine);

/* Counters; borrowed, valid as long as the engine. */
const struct engine_stats *engine_stats(const struct engine *engine);
/* True where both ins + made = both outs + consumed + drops + held (docs/forwarding.md#accounting). */
bool engine_stats_balance(const struct engine_stats *stats);

/* Walks the table by address and port. Start with {0}; each call fills the next entry; false at the end. The table
 * may change between calls. */
struct table_cursor {
    uint32_t address_index;
    uint32_t port;
    uint32_t stage;
};
bool engine_table_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                       struct table_entry *entry);

/* The same for bindings only, without open REQUESTs and published addresses. */
bool engine_bindings_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                          struct table_entry *entry);

/* A fast path (fast_path.h) forwards a part of the frames in the engine's place from now on: every binding whose frames
 * need nothing else is put now or when it becomes so, every MAC address with the next frame of it that comes here.
 * `fast` is borrowed until another one is set. NULL, which is how the engine begins: what was counted is taken, all is
 * cleared, and nothing is put any more. To be set after what an earlier run saved was restored. While [ipfix] is on
 * nothing is put. */
void engine_fast_set(struct engine *engine, uint64_t now_ns, const struct fast_path *fast);

/* Takes what the fast path counted since the last time into bindings, accounts and engine_stats(), where each of its
 * frames is one in and one out; to be called once a second, and before these are read. What the engine decides by it
 * takes itself. Puts what had no room before. */
void engine_fast_harvest(struct engine *engine, uint64_t now_ns);

/* The same of the next `most` (1 or more) bindings only, and of those that ended. So nothing waits for a long harvest where
 * there are many: 65,536 take some 10 ms. True: all have had their turn, and the next call begins again. */
bool engine_fast_harvest_some(struct engine *engine, uint64_t now_ns, uint32_t most);

/* From now on `owned` is called with each change of an owner, in their order, and borrows what it is given. NULL: nobody wants to
 * know. What was configured at the start, and what engine_reload() ends and begins, is not reported: engine_bindings_next() has
 * all that is owned. */
void engine_ownership_set(struct engine *engine, void (*owned)(void *context, const struct ownership *change),
                          void *context);

/* Increases with each binding that is added, removed or shrunk, and with each extended lease. */
uint64_t engine_changes(const struct engine *engine);

/* Puts back a binding of an earlier run, as engine_bindings_next() gave it; age_ns and expires_ns are from now.
 * PE-ARP: stale, and its owner is asked by unicast REQUESTs, 300 a second and their retries. Traffic: stale, and it
 * ends after its remaining idle time, or a minute. DHCP: until its lease ends. Operator: permanent. A configured
 * one exists already and takes over age and counters. No event is emitted.
 * 0; -ENOENT: not a shared address; -EINVAL: a MAC that cannot own, or no binding; -ERANGE: against the present
 * ports, psid or learn; -EEXIST: overlaps another binding; -ESTALE: no longer configured so; -ETIME: its lease has
 * ended; -ENOSPC: [limits] bindings. */
int engine_restore(struct engine *engine, uint64_t now_ns, const struct table_entry *entry,
                   const struct engine_out *out);

/* The epoch of HELLO: to be saved, and to be restored before engine_start() if the whole table was restored. */
uint64_t engine_epoch(const struct engine *engine);
void engine_epoch_restore(struct engine *engine, uint64_t epoch);
/* How many claims of rivals there are: of hosts that claim the same ports since the table was lost. */
uint32_t engine_rivals(const struct engine *engine);

/* The number of the next HELLO, to be saved where it is signed; 0: it is not. An earlier one is not restored. */
uint64_t engine_hello_seq(const struct engine *engine);
void engine_hello_seq_restore(struct engine *engine, uint64_t hello_seq);

/* The last SEQ that was taken of {key, MAC}. */
struct seq_entry {
    uint32_t key_id;
    struct mac mac;
    uint64_t number;
};
struct seq_cursor {
    uint32_t key, table, place;
};
/* Walks them, from {0} on; they may change between calls. */
bool engine_seqs_next(const struct engine *engine, struct seq_cursor *cursor, struct seq_entry *entry);
/* Puts one of an earlier run back, behind the bindings; a greater one that is known stays. 0; -ENOENT: there is no such
 * key for that MAC any more; -EINVAL: no MAC of a host. */
int engine_seq_restore(struct engine *engine, const struct seq_entry *entry);

/* Walks the hosts; start with 0. Their order is arbitrary, but the same in every replay. */
bool engine_hosts_next(const struct engine *engine, uint32_t *cursor, struct host_entry *entry);

/* One service that a host announces, by value (`name` and `owner` are borrowed until the next call into the
 * engine). */
struct service_entry {
    const char *name; /* _http._tcp.example.net */
    uint8_t protocol;
    struct ipv4 address;
    uint16_t port;
    struct mac mac;
    const char *owner; /* the binding's name; "": none */
    uint64_t age_ns;   /* since it was first announced */
};

/* Walks the services in the order of their bindings, by address and port. Start with {0}, as with the table. */
struct service_cursor {
    uint32_t address_index;
    uint32_t port;
    uint32_t index;
};
bool engine_services_next(const struct engine *engine, uint64_t now_ns, struct service_cursor *cursor,
                          struct service_entry *entry);

/* The bound leases, in the order of the pool: start with 0, false at the end, as above. */
bool engine_leases_next(const struct engine *engine, uint64_t now_ns, uint32_t *cursor,
                        struct lease_entry *entry);
/* The same with offered and declined sets. */
bool engine_pool_next(const struct engine *engine, uint64_t now_ns, uint32_t *cursor,
                      struct lease_entry *entry);
struct lease_figures engine_lease_figures(const struct engine *engine);

/* Restores a lease that engine_leases_next() gave before a restart, with its binding. 0; -ENOENT: the configuration
 * leases no such port set; -EEXIST: another client has it, or the client has another; -EINVAL: not the MAC of a
 * host, or no time left; -ENOSPC: [limits] bindings. */
int engine_lease_restore(struct engine *engine, uint64_t now_ns, const struct lease_entry *entry,
                         const struct engine_out *out);

/* Walks the accounts; start with 0. The account of the others is the first. They may change between calls. */
bool engine_accounts_next(const struct engine *engine, uint32_t *cursor, struct account_entry *entry);
/* 0; -ENOENT: nothing was counted for `mac`. */
int engine_account_find(const struct engine *engine, struct mac mac, struct account_entry *entry);
/* The growth of an account since the last call, which is booked now. False: there was none. */
bool engine_account_book(struct engine *engine, struct mac mac, struct traffic *growth);
/* Restores an account of an earlier run in place of what was counted so far, before or after the bindings.
 * 0; -EINVAL: a MAC that cannot own; -ENOSPC: [limits] accounts, it was added to the others. */
int engine_account_restore(struct engine *engine, const struct account_entry *entry);
/* Fills up to `most` ranges of `mac`; of a port set the lowest and highest port. Returns their number, which may be
 * larger. *name is the name of one of them, or "": borrowed until the next call into the engine. */
uint32_t engine_account_ranges(const struct engine *engine, struct mac mac, struct range *ranges, uint32_t most,
                               const char **name);
/* The owner of a port now; no host is asked. 0; -ENOENT: there is none, or the address is not shared. */
int engine_owner(const struct engine *engine, struct ipv4 address, uint16_t port, struct mac *owner);

/* Adds a permanent binding of an operator (origin control). 0; -ENOENT: not a shared address; -EEXIST: overlaps
 * a permanent one; -EINVAL: a MAC that cannot own; -EACCES: it is denied; -ENOSPC: [limits] bindings. It ends the
 * learned bindings that it overlaps. */
int engine_add(struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
               const struct engine_out *out);
/* True where another host than `mac` owns ports of `range`, of any origin; *entry is the first such binding. */
bool engine_other_owner(const struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
                        struct table_entry *entry);
/* Removes the bindings that are exactly `range`. 0; -ENOENT: there is none; -EPERM: it is configured. */
int engine_delete(struct engine *engine, uint64_t now_ns, const struct range *range,
                  const struct engine_out *out);
/* Removes every learned binding of *address; of all addresses where NULL. Returns their number, or -ENOENT:
 * not a shared address. */
int engine_flush(struct engine *engine, uint64_t now_ns, const struct ipv4 *address,
                 const struct engine_out *out);

/* The host may own nothing from now on; its learned bindings and leases end. 0, also where it is denied already;
 * -EINVAL: a MAC that cannot own; -EEXIST: it has a permanent range, or the configuration gives it ports; -ENOSPC:
 * [limits] denied-hosts. */
int engine_deny(struct engine *engine, uint64_t now_ns, struct mac mac, const struct engine_out *out);
/* It may own ports again. 0; -ENOENT: it is not denied; -EPERM: it is configured. */
int engine_allow(struct engine *engine, struct mac mac);
/* A denied host, by the configuration (ORIGIN_CONFIG) or by an operator (ORIGIN_CONTROL). */
struct denied_entry {
    struct mac mac;
    enum binding_origin origin;
};
/* Walks the denied hosts, each once even if the table changes meanwhile. False: there are no more. Start with 0. */
bool engine_denied_next(const struct engine *engine, uint32_t *cursor, struct denied_entry *entry);

/* Asks for the owner of a port as a frame would. */
enum resolve_state { RESOLVE_OWNED, RESOLVE_ASKING, RESOLVE_UNOWNED, RESOLVE_NOT_SHARED };
enum resolve_state engine_resolve(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                                  struct table_entry *entry, const struct engine_out *out);
/* Asks even where the owner is known: the owner by unicast, or all hosts where there is none. An owner learned via
 * PE-ARP that does not answer loses its binding. RESOLVE_ASKING; RESOLVE_UNOWNED: nobody can be asked now;
 * RESOLVE_NOT_SHARED. */
enum resolve_state engine_ask(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                              const struct engine_out *out);
/* True while such a REQUEST is open. */
bool engine_is_asking(struct engine *engine, struct ipv4 address, uint16_t port);

#endif
