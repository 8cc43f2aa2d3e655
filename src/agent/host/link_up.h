/* link_up.h: a link that was administratively down is up for a DHCP client, until the agent's end.
 * In: an interface. Out: its state; INTERFACE.raised, on disk while the link has to be set down again. Called by: agent,
 * dhcp_client. Never: looks at carrier. */
#ifndef PEARPD_AGENT_LINK_UP_H
#define PEARPD_AGENT_LINK_UP_H

#include <stdbool.h>

/* Sets the link up where it is down, after recording that. 0, or -Exxx after one line in the log, as the next. */
int link_up_set(int directory, const char *interface);

/* Sets a recorded link down, and removes the record. 0, also where there is none: then *found is false. */
int link_up_undo(int directory, const char *interface, bool *found);

#endif
