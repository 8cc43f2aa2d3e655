/* schema.h: the rows of the agent's file: pearp-agent.conf(5) has its list of keys from them. Called by: config. */
#ifndef PEARPD_AGENT_SCHEMA_H
#define PEARPD_AGENT_SCHEMA_H

#include "pearpd/ini_schema.h"

/* Its target is a struct agent_options, its context a struct reading. */
extern const struct ini_schema agent_schema;

#endif
