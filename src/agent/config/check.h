/* check.h: checks of the agent's file as a whole.
 * In: struct agent_options as read. Out: the same, complete; faults. Called by: schema. */
#ifndef PEARPD_AGENT_CHECK_H
#define PEARPD_AGENT_CHECK_H

#include "pearpd/ini_schema.h"

/* As ini_schema.check. */
void agent_check(struct ini_file *file);

#endif
