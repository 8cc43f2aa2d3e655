/* agent.h: the things that pearp-agent does.
 * In: options. Out: an exit status. Called by: main. Never: parses a command line. */
#ifndef PEARPD_AGENT_AGENT_H
#define PEARPD_AGENT_AGENT_H

#include "pearpd/try_run.h"

#include "config/options.h"

/* Prints what agent_run() would change and changes nothing. */
int agent_print(const struct agent_options *options);

/* Holds the ranges until SIGTERM, SIGINT or SIGHUP, or the end of a trial that is not confirmed; NULL: it is none. */
int agent_run(const struct agent_options *options, struct try_run *trial);

/* Puts back what a killed agent left. */
int agent_undo(const char *interface);

#endif
