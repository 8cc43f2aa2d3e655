/* agent_usage.h: checks of a running agent which ports of its host are in use, every few seconds, and its figures.
 * In: time. Out: log lines, the metrics file. Called by: the loop. Never: changes a setting. */
#ifndef PEARPD_AGENT_AGENT_USAGE_H
#define PEARPD_AGENT_AGENT_USAGE_H

#include "agent_state.h"

/* It is time for a check. */
void agent_usage_on_timer(void *context);

#endif
