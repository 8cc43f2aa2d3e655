/* confirm_command.h: `pearp-agent confirm`: what an agent on trial did is to stay.
 * In: an interface, or none: all agents of this network namespace. Out: an exit status. Called by: main. */
#ifndef PEARPD_AGENT_CONFIRM_COMMAND_H
#define PEARPD_AGENT_CONFIRM_COMMAND_H

int confirm_command(const char *interface);

#endif
