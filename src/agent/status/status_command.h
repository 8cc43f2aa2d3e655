/* status_command.h: `pearp-agent status`: the ranges held on this host, their ports in use, by whom, and what is outside.
 * In: the agents' files, sock_diag(7), /proc. Out: text or JSON on standard output. Called by: main.
 * Never: changes anything. Needs root: the files are for root alone. */
#ifndef PEARPD_AGENT_STATUS_COMMAND_H
#define PEARPD_AGENT_STATUS_COMMAND_H

#include <stdbool.h>

/* The program's exit status; each fault is one line in the log. */
int status_command(bool json);

#endif
