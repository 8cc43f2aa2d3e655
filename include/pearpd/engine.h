/* engine.h: the bridge's rules, frame by frame (docs/forwarding.md).
 * In: a frame, its side, the time. Out: frames, events, counters.
 * Called by: daemon, live and replay alike, and the tests. Never: sees a socket, a clock, a log,
 * a random source or libevent; allocates for a frame.
 *
 * Time is in nanoseconds of any clock that does not go back; the engine takes an earlier time for the
 * latest it saw. One engine is used by one thread. */
#ifndef PEARPD_ENGINE_H
#define PEARPD_ENGINE_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/drop.h"
#include "pearpd/event.h"
#include "pearpd/flow_record.h"
#include "pearpd/frame.h"
#include "pearpd/tx_frame.h"

#include <stdbool.h>
#include <stdint.h>

#define ENGINE_NEVER UINT64_MAX

struct engine;

/* The ways out. What they are given is borrowed until they return. */
struct engine_out {
    void *context;
    /* A frame that passes, to leave by `to`. */
    void (*send)(void *context, enum side to, const struct frame *frame);
    /* A frame that the bridge makes, to leave by `to`. */
    void (*generate)(void *context, enum side to, const struct tx_frame *made);
    void (*event)(void *context, const struct event *event);
    /* A flow's record ([ipfix]); never called where that is off. */
    void (*flow)(void *context, const struct flow_record *record);
};

/* What the engine cannot find out for itself. */
struct engine_seed {
    uint8_t hash_key[16];  /* of every table; random in the daemon, fixed in a replay */
    uint8_t nonce_key[16]; /* nonces are a keyed function of their number */
    bool plain_nonces;     /* replay: they are 1, 2, 3 ... */
    bool any_nonce;        /* replay --any-nonce: replies count whatever their nonce */
    uint64_t epoch;        /* of HELLO; new whenever the table was lost; 0 in a replay */
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
/* By its name; false, and *origin is left alone: there is none of it. */
bool binding_origin_parse(const char *name, enum binding_origin *origin);

/* One line of the table, by value (`name` is borrowed until the next call into the engine). */
struct table_entry {
    struct range range; /* of a published address: 0-65535 */
    struct mac mac;     /* zero while incomplete */
    enum binding_state state;
    enum binding_origin origin;
    enum side side;   /* the bridge port it is reached by */
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

/* One lease, by value (`name` as above). A client is known by its MAC and its identifier (option 61) together; one
 * that is longer than there is room for, by its digest. */
struct lease_entry {
    struct range range; /* the set's lowest and highest port */
    struct port_set_params psid;
    uint16_t psid_id;
    struct mac mac;
    uint8_t client_id[CLIENT_ID_BYTES];
    uint8_t client_id_length; /* 0: it sent none, or the usual one: 1 and its MAC */
    enum lease_state state;
    uint64_t left_ns; /* until the lease, the offer, or the time set aside ends */
    const char *name; /* of its [lease]; "": none */
};

/* How many port sets there are to lease, and what has become of them. `reserved` ones count for the rest too; `blocked`
 * ones are free, but another host lived on ports of them when they were last looked at. */
struct lease_figures {
    uint32_t pool, leased, offered, declined, reserved, blocked;
};

/* Frames and their bytes, from Ethernet header to the end, towards an owner (rx) and from it (tx). */
struct traffic {
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
};

/* What was counted for one owner since it was first seen, over all ranges that it held; the mac zero: for the others,
 * which had no account of their own. `booked` is what engine_account_book() has given out of the total. */
struct account_entry {
    struct mac mac;
    struct traffic total, booked;
};

/* One downstream host that did something that is counted for it. */
struct host_entry {
    struct mac mac;
    uint64_t captures, violations, flow_conflicts, bad_sources, bad_pe_arp, arp_limited;
};

/* A new engine for `config` (copied), at rest until engine_start(). All memory is taken here.
 * NULL and errno ENOMEM. `mac` of the configuration must be known. */
struct engine *engine_new(const struct config *config, const struct engine_seed *seed);
void engine_free(struct engine *engine);

/* Starts: announces each shared address upstream, says HELLO downstream (docs/forwarding.md#announcements). */
void engine_start(struct engine *engine, uint64_t now_ns, const struct engine_out *out);

/* One frame in. Its bytes are borrowed; only its layer-2 addresses may change. What follows from it
 * leaves through `out` before the return, which tells the one place it ended in. */
struct verdict engine_frame(struct engine *engine, uint64_t now_ns, enum side from, struct frame *frame,
                            const struct engine_out *out);

/* Runs what is due; returns when to call again (engine time), ENGINE_NEVER for never. */
uint64_t engine_tick(struct engine *engine, uint64_t now_ns, const struct engine_out *out);

/* When engine_tick() has something to do next. */
uint64_t engine_next(const struct engine *engine);

/* Puts what repeats (HELLO) off to its first turn at or after `until_ns`: a replay's long gap between two
 * records (docs/contract.md#replay-gap). */
void engine_postpone_repeats(struct engine *engine, uint64_t until_ns);

/* A bridge port came up or went down; `mtu_bytes` is its longest frame without the Ethernet header and
 * tag (0: no limit). Announcements follow a link that comes up. */
void engine_link(struct engine *engine, uint64_t now_ns, enum side side, bool up, uint32_t mtu_bytes,
                 const struct engine_out *out);

/* What io found out later: `count` frames that the engine sent to `to` did not leave. */
void engine_send_failed(struct engine *engine, enum side to, uint64_t count);
/* What the kernel lost at the ring of `from`: counted as come in and dropped. */
void engine_ring_full(struct engine *engine, enum side from, uint64_t count);

/* Takes the new configuration: learned bindings that still fit are kept, the others are told as deleted; held frames of
 * addresses that went are dropped. 0, or -ENOMEM and nothing has changed. */
int engine_reload(struct engine *engine, uint64_t now_ns, const struct config *config,
                  const struct engine_out *out);

/* What the last reload ended. A lease counts beside its binding. */
struct reload_ended {
    uint32_t bindings, leases;
};
struct reload_ended engine_reload_ended(const struct engine *engine);

/* Lets the records of all flows leave: before the engine ends. A reload does it by itself. */
void engine_flows_flush(struct engine *engine, uint64_t now_ns, const struct engine_out *out);
/* Flows that are being counted now. */
uint32_t engine_flows(const struct engine *engine);

/* Counters; borrowed, valid as long as the engine. */
const struct engine_stats *engine_stats(const struct engine *engine);
/* True where both ins + made = both outs + consumed + drops + held (docs/forwarding.md#accounting). */
bool engine_stats_balance(const struct engine_stats *stats);

/* Walks the table by address and port. Start with {0}; each call fills the next entry and moves on; false
 * at the end. The table may change between calls. */
struct table_cursor {
    uint32_t address_index;
    uint32_t port;
    uint32_t stage;
};
bool engine_table_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                       struct table_entry *entry);

/* The same for the bindings alone: no open questions, no published addresses. */
bool engine_bindings_next(const struct engine *engine, uint64_t now_ns, struct table_cursor *cursor,
                          struct table_entry *entry);

/* Grows with each binding that comes, goes or shrinks; not with those that merely age. */
uint64_t engine_changes(const struct engine *engine);

/* Puts back a binding of an earlier run, as engine_bindings_next() gave it; age_ns and expires_ns are from now.
 * By PE-ARP: stale, and asked for by unicast REQUESTs, 300 a second and their retries. From traffic: stale, and it goes
 * after the idle time it had left, or a minute. From DHCP: until its lease ends. An operator's: permanent. A
 * configured one is there already: it takes age and counters. No event is told.
 * 0; -ENOENT: not a shared address; -EINVAL: a MAC that cannot own, or no binding; -ERANGE: not by the present
 * ports, psid or learn; -EEXIST: overlaps one that is there; -ESTALE: configured otherwise now; -ETIME: its lease
 * is over; -ENOSPC: [limits] bindings. */
int engine_restore(struct engine *engine, uint64_t now_ns, const struct table_entry *entry,
                   const struct engine_out *out);

/* HELLO's epoch: to be saved, and to be put back before engine_start() where the whole table came back. */
uint64_t engine_epoch(const struct engine *engine);
void engine_epoch_restore(struct engine *engine, uint64_t epoch);

/* The same for the hosts, in no order that means anything but the same in every replay. */
bool engine_hosts_next(const struct engine *engine, uint32_t *cursor, struct host_entry *entry);

/* One service that a host told of, by value (`name` and `owner` are borrowed until the next call into the engine). */
struct service_entry {
    const char *name; /* _http._tcp.example.net */
    uint8_t protocol;
    struct ipv4 address;
    uint16_t port;
    struct mac mac;
    const char *owner; /* the binding's name; "": none */
    uint64_t age_ns;   /* since it was first told of */
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
/* The same with those that are offered or set aside. */
bool engine_pool_next(const struct engine *engine, uint64_t now_ns, uint32_t *cursor,
                      struct lease_entry *entry);
struct lease_figures engine_lease_figures(const struct engine *engine);

/* Gives a lease back that engine_leases_next() gave before a restart, its binding with it. 0; -ENOENT: the
 * configuration leases no such port set; -EEXIST: it is another's by now, or the client has another; -EINVAL: no
 * host's MAC, or no time left; -ENOSPC: [limits] bindings. */
int engine_lease_restore(struct engine *engine, uint64_t now_ns, const struct lease_entry *entry,
                         const struct engine_out *out);

/* Walks the accounts; start with 0. The others come first. They may change between calls. */
bool engine_accounts_next(const struct engine *engine, uint32_t *cursor, struct account_entry *entry);
/* 0; -ENOENT: nothing was counted for `mac`. */
int engine_account_find(const struct engine *engine, struct mac mac, struct account_entry *entry);
/* What an account has grown by since it was last asked so, which is booked then. False: by nothing. */
bool engine_account_book(struct engine *engine, struct mac mac, struct traffic *growth);
/* Puts back an account of an earlier run, in place of what was counted so far; before or after the bindings.
 * 0; -EINVAL: a MAC that cannot own; -ENOSPC: [limits] accounts, it was added to the others. */
int engine_account_restore(struct engine *engine, const struct account_entry *entry);
/* Fills up to `most` ranges that `mac` holds; of a port set the lowest and highest port. Their number, which may be more;
 * *name is that of one of them, or "": borrowed until the next call into the engine. */
uint32_t engine_account_ranges(const struct engine *engine, struct mac mac, struct range *ranges, uint32_t most,
                               const char **name);
/* Who holds a port now; nobody is asked. 0; -ENOENT: nobody, or no shared address. */
int engine_owner(const struct engine *engine, struct ipv4 address, uint16_t port, struct mac *owner);

/* An operator's permanent binding (origin control). 0; -ENOENT: not a shared address; -EEXIST: overlaps
 * a permanent one; -EINVAL: a MAC that cannot own; -ENOSPC: [limits] bindings. Learned bindings that it
 * overlaps go. */
int engine_add(struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
               const struct engine_out *out);
/* True where another host than `mac` holds ports of `range`, however it came to them; *entry is the first such binding. */
bool engine_other_owner(const struct engine *engine, uint64_t now_ns, const struct range *range, struct mac mac,
                        struct table_entry *entry);
/* Removes the bindings that are exactly `range`. 0; -ENOENT: there is none; -EPERM: it is configured. */
int engine_delete(struct engine *engine, uint64_t now_ns, const struct range *range,
                  const struct engine_out *out);
/* Removes every learned binding (of *address, or of all where NULL). The number removed, or -ENOENT:
 * not a shared address. */
int engine_flush(struct engine *engine, uint64_t now_ns, const struct ipv4 *address,
                 const struct engine_out *out);

/* Asks for the owner of a port as a frame would. */
enum resolve_state { RESOLVE_OWNED, RESOLVE_ASKING, RESOLVE_UNOWNED, RESOLVE_NOT_SHARED };
enum resolve_state engine_resolve(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                                  struct table_entry *entry, const struct engine_out *out);
/* Asks whatever is known: the owner, by unicast, or all hosts where the port has none. An owner by PE-ARP that does not
 * answer loses the binding. RESOLVE_ASKING; RESOLVE_UNOWNED: nobody can be asked now; RESOLVE_NOT_SHARED. */
enum resolve_state engine_ask(struct engine *engine, uint64_t now_ns, struct ipv4 address, uint16_t port,
                              const struct engine_out *out);
/* True while such a question is open. */
bool engine_is_asking(struct engine *engine, struct ipv4 address, uint16_t port);

#endif
