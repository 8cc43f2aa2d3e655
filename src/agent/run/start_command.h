/* start_command.h: a start of the agent by an operator who may cut himself off (pearp-agent(8), --try and --yes).
 * In: options. Out: the exit status. Called by: main. */
#ifndef PEARPD_AGENT_START_COMMAND_H
#define PEARPD_AGENT_START_COMMAND_H

#include "config/options.h"

#include <stdbool.h>
#include <stdint.h>

/* Runs the agent, on trial where `seconds` is not 0. Without `yes` it is refused where the ssh session that starts it
 * would lose its address. */
int start_command(const struct agent_options *options, uint32_t seconds, bool yes);

#endif
