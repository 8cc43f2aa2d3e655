/* agent_resize.h: a running agent is asked for another range (`pearp-agent resize`), and what comes of it.
 * In: lines of clients, events of the claimant. Out: answers, settings that follow. Called by: the agent's files.
 * Never: changes anything before the bridge has asked. */
#ifndef PEARPD_AGENT_AGENT_RESIZE_H
#define PEARPD_AGENT_AGENT_RESIZE_H

#include "agent_state.h"

/* An event of a claimant. True: it was about a range that is asked for. */
bool agent_resize_event(struct agent *agent, enum claimant_event event, const struct pe_arp *message);

/* For struct agent_control_calls: `context` is the struct agent. */
void agent_resize_on_request(struct agent_client *client, const char *line, void *context);
void agent_resize_on_client_gone(const struct agent_client *client, void *context);

#endif
