/* look.h: one look at the sockets of this host, and what is to be said of it in the log.
 * In: what is held, sock_diag(7), /proc. Out: the monitor's figures, log lines. Called by: agent. Never: changes a setting. */
#ifndef PEARPD_AGENT_LOOK_H
#define PEARPD_AGENT_LOOK_H

#include "monitor.h"

/* 0, or -Exxx: the sockets could not be listed. */
int look_at_sockets(struct monitor *monitor, const char *interface, const struct held_list *held);

#endif
