/* agent_settings.h: the host's settings of a running agent: set, kept, and put back.
 * In: what is held, what others change. Out: settings, their undo file. Called by: the agent's files. Never: sends PE-ARP. */
#ifndef PEARPD_AGENT_AGENT_SETTINGS_H
#define PEARPD_AGENT_AGENT_SETTINGS_H

#include "agent_state.h"

/* Reads the present settings, writes what is to be changed into the undo file, changes it. 0, or -Exxx after one line in
 * the log, as the next. Of a running agent, 0 too where the interface went meanwhile: agent_link sets all again when there
 * is one of its name. */
int agent_settings_apply(struct agent *agent);

/* Puts back what was changed so far. */
int agent_settings_undo(struct agent *agent);

/* A HELLO, which anybody on the segment may have sent, names a gateway where none is known. One that is impossible is
 * ignored. */
void agent_settings_use_gateway(struct agent *agent, struct ipv4 gateway);

/* For settings_watch: sets again what somebody removed or changed. True: something was. `context`: the struct agent. */
bool agent_settings_check(void *context);

/* nftables tables were made or removed. */
void agent_settings_on_tables(void *context);

#endif
