/* agent.h: the things that pearp-agent does.
 * In: options. Out: an exit status. Called by: main. Never: parses a command line. */
#ifndef PEARPD_AGENT_AGENT_H
#define PEARPD_AGENT_AGENT_H

#include "config/options.h"

#include <stdbool.h>

/* Prints what agent_run() would change and changes nothing. */
int agent_print(const struct agent_options *options);

/* Holds the ranges until SIGTERM, SIGINT or SIGHUP. */
int agent_run(const struct agent_options *options);

/* Puts back what a killed agent left. */
int agent_undo(const char *interface);

/* Asks the agent that runs on `interface` for another range, ADDRESS:FIRST-LAST, in place of the one that it overlaps
 * (or the only one of that address), and waits for what comes of it (resize_command.c). */
int agent_resize(const char *interface, const char *range);

/* Prints the ranges held, their ports in use and what lies outside (status.c). */
int agent_status(bool json);

#endif
