/* lease_command.h: `pearp-agent lease IFACE WORD ...`: what a DHCP client's hook says, to the interface's agent.
 * In: a command line. Out: the lease on disk, an agent where none runs. Called by: main.
 * Never: changes a setting of the host. */
#ifndef PEARPD_AGENT_LEASE_COMMAND_H
#define PEARPD_AGENT_LEASE_COMMAND_H

/* `words` are those behind "lease". The program's exit status; each fault is one line in the log. */
int lease_command(int count, char **words);

#endif
