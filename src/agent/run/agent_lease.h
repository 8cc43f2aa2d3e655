/* agent_lease.h: what a running agent holds follows the lease of its interface.
 * In: leases. Out: claimants, settings. Called by: lease_follower. Never: asks a DHCP server. */
#ifndef PEARPD_AGENT_AGENT_LEASE_H
#define PEARPD_AGENT_AGENT_LEASE_H

#include "dhcp/lease.h"

/* For struct lease_following: `context` is the struct agent. */
void agent_lease_changed(const struct lease *lease, void *context);

#endif
