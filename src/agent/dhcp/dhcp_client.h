/* dhcp_client.h: a stock DHCP client as the agent's child: found, run with the hook, started again, ended.
 * In: an interface. Out: a process whose hook hands leases over (lease_command.h). Called by: lease_follower.
 * Never: reads what the client got. */
#ifndef PEARPD_AGENT_DHCP_CLIENT_H
#define PEARPD_AGENT_DHCP_CLIENT_H

#include "pearpd/loop.h"

/* In the order of the words of [agent] dhcp: "none", "auto" (which one is installed), "udhcpc", "dhclient". */
enum dhcp_client_kind { DHCP_CLIENT_NONE, DHCP_CLIENT_AUTO, DHCP_CLIENT_UDHCPC, DHCP_CLIENT_DHCLIENT };

struct dhcp_client;

/* Finds the client's program and the hook. NULL after one line in the log. `directory`: run_directory(); `interface` is
 * borrowed. */
struct dhcp_client *dhcp_client_new(struct loop *loop, int directory, const char *interface,
                                    enum dhcp_client_kind kind);

/* Puts the link up and starts it; when it ends, it is started again after 1, 2, 4 .. 60 s. */
void dhcp_client_start(struct dhcp_client *client);

/* It got a lease: the next start after its end comes soon again. */
void dhcp_client_succeeded(struct dhcp_client *client);

/* Lets it give its lease back and ends it: some seconds at most. NULL is fine. */
void dhcp_client_free(struct dhcp_client *client);

#endif
