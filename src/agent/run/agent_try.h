/* agent_try.h: the trial of a running agent (pearp-agent(8), --try).
 * In: time, requests. Out: the agent's end; the answer to `pearp-agent confirm`. Called by: agent. */
#ifndef PEARPD_AGENT_AGENT_TRY_H
#define PEARPD_AGENT_AGENT_TRY_H

#include "agent_control.h"

struct agent;

/* Starts the clock of the trial, if it is one. 0, or -ENOMEM after one line in the log. */
int agent_try_start(struct agent *agent);

/* Confirms; any other request is that of a resize. */
void agent_try_on_request(struct agent_client *client, const char *line, void *context);

#endif
