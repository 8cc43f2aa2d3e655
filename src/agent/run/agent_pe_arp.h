/* agent_pe_arp.h: the PE-ARP of a running agent: its claimants at the packet socket.
 * In: frames, time. Out: frames; events go to agent->out.event. Called by: the agent's files. Never: decides what is sent:
 * that is the claimant's. */
#ifndef PEARPD_AGENT_AGENT_PE_ARP_H
#define PEARPD_AGENT_AGENT_PE_ARP_H

#include "agent_state.h"

/* Builds and sends one message; for struct claimant_out: `context` is the struct agent. */
void agent_pe_arp_send(const struct tx_frame *made, void *context);

/* Starts a claimant for each range that is held, but keeps those of `before` that are held still. */
void agent_pe_arp_start(struct agent *agent, const struct link_info *link, const struct range_list *before);

/* Lets the claimants send what is due, and sets the timer for the next. */
void agent_pe_arp_arm(struct agent *agent);
void agent_pe_arp_on_timer(void *context);
void agent_pe_arp_on_readable(void *context);

/* Gives the claimant at this place the services that it announces. */
void agent_pe_arp_services(struct agent *agent, size_t index);

#endif
