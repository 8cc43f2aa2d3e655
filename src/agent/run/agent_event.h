/* agent_event.h: what the claimants of a running agent report: log lines, the state for `status`, what follows.
 * In: events of claimants. Out: log lines; a gateway, services and a resize go on. Called by: the claimants, via
 * struct claimant_out. Never: sends PE-ARP. */
#ifndef PEARPD_AGENT_AGENT_EVENT_H
#define PEARPD_AGENT_AGENT_EVENT_H

#include "pe_arp/claimant.h"

/* For struct claimant_out: `context` is the struct agent. */
void agent_on_claimant_event(enum claimant_event event, const struct pe_arp *message, void *context);

#endif
