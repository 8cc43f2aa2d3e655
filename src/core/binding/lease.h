/* lease.h: which port set of the pool a client gets, and the life of the lease.
 * In: what clients ask for, time. Out: offers; leases with their bindings. Called by: dhcp_server, engine.
 *
 * A client gets the set that is reserved for it ([lease]), else the one that it has or had last, else the one that it
 * asks for, else the free one that was unused for longest: so addresses fill up in order at first. A set that
 * overlaps a permanent range, or ports that another host owns or answered for, is skipped and checked again a second
 * later. Hosts are asked for a set before its first offer (docs/forwarding.md#dhcp). */
#ifndef PEARPD_CORE_LEASE_H
#define PEARPD_CORE_LEASE_H

#include "pearpd/engine.h"

#include "lease_pool.h"

#include <stdbool.h>
#include <stdint.h>

/* The set for a client that asks for one: the one it has, or a free one, which is the client's from now on. `wish`
 * may be NULL. `may_displace`: where none is free, the oldest offer that its client did not take yields. NULL: none is
 * left, or it has as many as it may. */
struct lease *lease_choose(struct engine *e, const struct lease_client *client, struct lease *wish,
                           bool may_displace);

/* True where the set can be offered to its client now: it has it, or hosts were asked for it and none answered within
 * offer-wait. Else they are asked, again where frames of hosts were lost meanwhile (three times at most), and the caller tries again after that time. */
bool lease_is_certain(struct engine *e, struct lease *lease);

/* Keeps the set for the client for offer-age. A bound one stays bound. */
void lease_offer(struct engine *e, struct lease *lease);

/* Binds the set to its client for left_ns, or extends its lease. 0; -EEXIST: another host owns ports of it, or it is
 * reserved for another client by now; -ENOSPC: the binding table or the client's share is full. */
int lease_bind(struct engine *e, struct lease *lease, uint64_t left_ns);

/* Puts back a lease of an earlier run. Errors as lease_bind(). */
int lease_restore(struct engine *e, struct lease *lease, const struct lease_client *client, uint64_t left_ns);

/* After a reload: the leases whose address came back go on. */
void leases_unpark(struct engine *e);

/* Sets it aside for decline-age. */
void lease_decline(struct engine *e, struct lease *lease);

/* Ends the offer, or the lease and its binding. */
void lease_end(struct engine *e, struct lease *lease, enum event_kind why);

/* The time of an offered or declined set is over. */
void lease_due(struct engine *e, struct lease *lease);

#endif
