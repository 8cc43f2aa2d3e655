/* lease_pool.h: the port sets that [dhcp] leases, and who has them.
 * In: what clients ask for. Out: a set, or none; a binding for each that is bound. Called by: dhcp_server,
 * ownership (a binding's end is its lease's), table. Never: reads or writes messages.
 *
 * One entry for each port set within `ports` of a served address, by address and PSID, as many as [limits] leases
 * has room for. The life of a set: free; offered, for offer-age; bound, as long as its binding; declined, set aside
 * for decline-age; free again.
 *
 * A client gets the set that is kept for it ([lease]), else the one that it has or had last, else the one that it asks
 * for, else the free one that was longest not used: so addresses fill up in order at first. A set that meets
 * a permanent range, or what another host owns and answers for, is passed over and looked at again a second later.
 * None of it walks the pool for a frame. */
#ifndef PEARPD_CORE_LEASE_POOL_H
#define PEARPD_CORE_LEASE_POOL_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/timer_heap.h"

#include <sys/queue.h>

/* Who a lease is for. No padding: it is hashed. */
struct lease_client {
    struct mac mac;
    uint8_t id_length;
    uint8_t id[CLIENT_ID_BYTES];
};

struct lease {
    struct timer timer;         /* offered, declined: it ends */
    struct lease_client client; /* who has it, or had it last; zero: nobody */
    uint32_t address_index;
    uint16_t psid;
    enum lease_state state;
    const struct config_lease *reservation; /* NULL: for anybody */
    struct lease_queue *queue;              /* that it waits in, or NULL */
    TAILQ_ENTRY(lease) others;
};
TAILQ_HEAD(lease_queue, lease);

/* The port sets of one address: a run of PSIDs. */
struct lease_run {
    uint32_t first, count; /* in the pool */
    uint16_t lowest;       /* PSID */
};

struct leases {
    uint32_t count;
    struct lease *at;
    struct lease_run *runs;           /* as config.addresses */
    struct lease_queue free, blocked; /* for anybody; blocked: met another's ports when it was looked at */
    uint64_t blocked_seen_ns;
    uint32_t in_state[LEASE_STATES], reserved_count;
    struct keyed_table *clients;  /* whose set is which */
    struct keyed_table *hosts;    /* how many sets a MAC has */
    struct keyed_table *reserved; /* by MAC, or by identifier */
};

struct engine;
struct binding;

struct port_range;

/* True where the address is served and `ports` is one of its sets. */
bool binding_fits_pool(const struct config_address *a, const struct port_range *ports);

/* The client of a MAC and an identifier of `length` bytes, in the form that it is kept in. */
struct lease_client lease_client_of(struct mac mac, const uint8_t *id, size_t length);

/* The pool of the engine's configuration: empty where nothing is served. NULL: out of memory. */
struct leases *leases_new(const struct engine *e);
void leases_free(struct leases *leases);
/* Takes over what `old` had leased, as far as it still is in the pool and its binding in the table; counts the leases
 * that end. */
void leases_carry(struct engine *e, const struct engine *old);

/* The set that the client has, or had last and nobody since; NULL: none. */
struct lease *lease_find(const struct engine *e, const struct lease_client *client);
/* How many sets a host of this MAC has. */
uint32_t lease_host_count(const struct engine *e, struct mac mac);
/* The set of `port` of an address, or NULL. */
struct lease *lease_at(const struct engine *e, uint32_t address_index, uint16_t port);

/* The set for a client that asks for one: held by it already, or free and its from now on. `wish` may be NULL. NULL:
 * none is left, or it has as many as it may. */
struct lease *lease_choose(struct engine *e, const struct lease_client *client, struct lease *wish);
/* Keeps it for offer-age. A bound one stays bound. */
void lease_offer(struct engine *e, struct lease *lease);
/* Binds it, or for longer, to its client. 0; -EEXIST: it meets what another host owns, or is reserved for another by
 * now; -ENOSPC: the binding table or the client's share is full. */
int lease_bind(struct engine *e, struct lease *lease, uint64_t left_ns);
/* Sets it aside. */
void lease_decline(struct engine *e, struct lease *lease);
/* Ends the offer, or the lease and its binding. */
void lease_end(struct engine *e, struct lease *lease, enum event_kind why);

/* A leased binding is about to go: so is its lease, where it is one of these. */
void lease_binding_ended(struct engine *e, const struct binding *binding);
/* True where the binding is one of these leases, not one of the network's own server. */
bool lease_is_ours(const struct engine *e, const struct binding *binding);
void lease_due(struct engine *e, struct lease *lease);

/* Puts back a lease of an earlier run. Errors as lease_bind(). */
int lease_restore(struct engine *e, struct lease *lease, const struct lease_client *client, uint64_t left_ns);

/* Between lease_pool.c and lease.c. */
void lease_queue_join(struct lease_queue *queue, struct lease *lease);
void lease_queue_leave(struct lease *lease);
/* The one place where a set's state changes. */
void lease_enter(struct engine *e, struct lease *lease, enum lease_state state);
/* A free set becomes the client's, who gives up the one that it had before. */
void lease_assign(struct engine *e, struct lease *lease, const struct lease_client *client);
/* Nobody's any more, nor anybody's to come back to. */
void lease_forget(struct engine *e, struct lease *lease);
struct lease *lease_reserved_for(const struct engine *e, const struct lease_client *client);
/* The binding of a bound set, or NULL. */
struct binding *lease_binding(const struct engine *e, const struct lease *lease);
struct port_range lease_ports(const struct engine *e, const struct lease *lease);

/* The ports of the set. */
struct range lease_range(const struct engine *e, const struct lease *lease);

#endif
