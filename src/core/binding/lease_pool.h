/* lease_pool.h: the port sets that [dhcp] pool, and their clients.
 * In: clients, states. Out: the set of a client; listings. Called by: lease, dhcp_server, binding_state (the end of
 * a binding ends its lease), the entry. Never: reads or writes messages, decides who gets a set.
 *
 * One entry for each port set within `ports` of a served address, by address and PSID, as many as [limits] leases
 * has room for. States of a set: free; offered, for offer-age; bound, as long as its binding; declined, for
 * decline-age; free again.
 * No frame makes it walk the pool. */
#ifndef PEARPD_CORE_LEASE_POOL_H
#define PEARPD_CORE_LEASE_POOL_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"
#include "pearpd/timer_heap.h"

#include <sys/queue.h>

/* The client of a lease. No padding: it is hashed. */
struct lease_client {
    struct mac mac;
    uint8_t id_length;
    uint8_t id[CLIENT_ID_BYTES];
};

struct lease {
    struct timer timer;         /* offered, declined: it ends */
    uint64_t offered_ns;        /* when it was offered to its client */
    struct lease_client client; /* has it, or had it last; zero: nobody */
    uint32_t address_index;
    uint16_t psid;
    enum lease_state state;
    bool is_known_free;       /* no host has its ports: it was leased before, or none answered for it */
    uint8_t lost_answers;     /* times that hosts were asked and frames of theirs were lost then */
    uint64_t asked_ns;        /* hosts were asked for it, or a question waits for its budget; 0: not yet */
    bool is_sent;             /* the REQUEST left */
    uint64_t claimed_ns;      /* when a host without a lease claimed it last; 0: never */
    struct mac holder;        /* a host without a lease that answered for it */
    uint64_t holder_until_ns; /* that counts so long */
    const struct config_lease *reservation; /* NULL: for anybody */
    struct lease_queue *queue;              /* that it waits in, or NULL */
    TAILQ_ENTRY(lease) others;
};
TAILQ_HEAD(lease_queue, lease);

/* A lease of an address that the configuration lost: it goes on if a later one has the address again. */
struct lease_parked {
    struct ipv4 address;
    struct port_set_params params;
    uint16_t psid;
    struct lease_client client;
    uint64_t until_ns; /* TIMER_NEVER: for ever */
};

/* The port sets of one address: a run of PSIDs. */
struct lease_run {
    uint32_t first, count; /* in the pool */
    uint16_t lowest;       /* PSID */
};

struct lease_pool {
    uint32_t count;
    struct lease *at;
    struct lease_run *runs;     /* as config.addresses */
    struct lease_queue free;    /* not reserved */
    struct lease_queue blocked; /* overlapped another host's ports when last checked */
    struct lease_queue offered; /* not reserved, the oldest offer first */
    uint64_t blocked_seen_ns;
    bool is_restored;        /* something was put back from an earlier run */
    uint64_t offers_from_ns; /* after an empty start agents claim first */
    struct lease_parked *parked;
    uint32_t parked_count;
    uint32_t in_state[LEASE_STATES], reserved_count;
    struct keyed_table *clients;  /* the set of each client */
    struct keyed_table *hosts;    /* how many sets a MAC has */
    struct keyed_table *reserved; /* by MAC, or by identifier */
};

struct engine;
struct binding;

/* The client of a MAC and an identifier of `length` bytes, as it is stored. */
struct lease_client lease_client_of(struct mac mac, const uint8_t *id, size_t length);

/* The pool of the engine's configuration: empty where nothing is served. NULL: out of memory. */
struct lease_pool *lease_pool_new(const struct engine *e);
void lease_pool_free(struct lease_pool *pool);
/* Copies the leases of `old` whose set is still in the pool and whose binding was kept; counts the others as ended. */
void lease_pool_carry(struct engine *e, const struct engine *old);

/* The engine starts: where nothing was restored, nothing is offered in the HELLO window, while agents claim what they
 * have. */
void lease_pool_begin(struct engine *e);

/* What hosts said of the sets of an address no longer counts: they are asked again. */
void lease_pool_doubt(struct engine *e, uint32_t address_index);
/* A host without a lease claims the set of `port`: hosts are asked for it again. While they are being asked, nothing changes:
 * who has it answers. */
void lease_claimed(struct engine *e, uint32_t address_index, uint16_t port, struct mac claimant);
/* All hosts are asked for `port` now. */
void lease_asked(struct engine *e, uint32_t address_index, uint16_t port);
/* True where the set must not be offered before hosts were asked for it, however long that takes. */
bool lease_must_be_asked(const struct engine *e, const struct lease *lease);

/* A host answered that it has `port`: the set that begins there is offered to no other for a lifetime. False: it answers
 * for too many ([limits] host-leases), which is emitted, and this answer does not count. */
bool lease_note_holder(struct engine *e, uint32_t address_index, uint16_t port, struct mac holder);

/* The set that the client has, or had last and nobody since; NULL: none. */
struct lease *lease_find(const struct engine *e, const struct lease_client *client);
/* How many sets a host of this MAC has. */
uint32_t lease_host_count(const struct engine *e, struct mac mac);
/* The set of `port` of an address, or NULL. */
struct lease *lease_at(const struct engine *e, uint32_t address_index, uint16_t port);

/* A leased binding ends; its lease ends too, if it is one of this pool. */
void lease_binding_ended(struct engine *e, const struct binding *binding);
/* True where the binding is a lease of this pool, not one of the network's own server. */
bool lease_is_ours(const struct engine *e, const struct binding *binding);

void lease_queue_join(struct lease_queue *queue, struct lease *lease);
void lease_queue_leave(struct lease *lease);
/* The one place where a set's state changes. */
void lease_enter(struct engine *e, struct lease *lease, enum lease_state state);
/* Assigns a free set to the client, which loses the one that it had before. */
void lease_assign(struct engine *e, struct lease *lease, const struct lease_client *client);
/* The set no longer has a client, nor a former one. */
void lease_forget(struct engine *e, struct lease *lease);
/* The set that is reserved for the client, or NULL. */
struct lease *lease_reserved_for(const struct engine *e, const struct lease_client *client);
/* The binding of a bound set, or NULL. */
struct binding *lease_binding(const struct engine *e, const struct lease *lease);
/* The ports of the set, as a binding has them; and their lowest and highest. */
struct port_range lease_ports(const struct engine *e, const struct lease *lease);
struct range lease_range(const struct engine *e, const struct lease *lease);

#endif
