/* resize_command.h: `pearp-agent resize`: asks the agent that runs for another range.
 * In: an interface, a range. Out: what came of it, on standard output or error. Called by: main. Never: sends PE-ARP. */
#ifndef PEARPD_AGENT_RESIZE_COMMAND_H
#define PEARPD_AGENT_RESIZE_COMMAND_H

/* Asks for `range`, ADDRESS:FIRST-LAST, in place of the one that it overlaps, or the only one of that address, and waits
 * for the outcome. The program's exit status. */
int resize_command(const char *interface, const char *range);

#endif
