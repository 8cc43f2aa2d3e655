/* lease_follower.h: the lease of an interface while an agent runs: found, renewed, changed, over.
 * In: INTERFACE.lease, the time, a DHCP client of its own where it is asked for. Out: a call for each change.
 * Called by: agent. Never: changes a setting of the host. */
#ifndef PEARPD_AGENT_LEASE_FOLLOWER_H
#define PEARPD_AGENT_LEASE_FOLLOWER_H

#include "pearpd/loop.h"

#include "dhcp_client.h"
#include "lease.h"

struct lease_follower;

/* What it follows and calls; `interface` and `context` are borrowed. */
struct lease_following {
    struct loop *loop;
    int directory; /* run_directory() */
    const char *interface;
    enum dhcp_client_kind client; /* DHCP_CLIENT_NONE: another program runs one */
    /* Another lease than before, or none. Not called where the lease only lasts longer. */
    void (*changed)(const struct lease *lease, void *context);
    void *context;
};

/* NULL after one line in the log. */
struct lease_follower *lease_follower_new(const struct lease_following *following);

/* Calls changed() with the lease that is there, if any, and starts the client. */
void lease_follower_start(struct lease_follower *f);

/* The lease of the last changed(). */
const struct lease *lease_follower_lease(const struct lease_follower *f);

/* Ends the client, which gives its lease back; changed() is not called any more. NULL is fine. */
void lease_follower_free(struct lease_follower *f);

#endif
