/* config.h: the agent's file (pearp-agent -c FILE), pearp-agent.conf(5).
 * In: an INI file. Out: options, or every fault of the file as FILE:LINE: message. Called by: main, tests.
 * Never: touches an interface. */
#ifndef PEARPD_AGENT_CONFIG_H
#define PEARPD_AGENT_CONFIG_H

#include "pearpd/ini_schema.h"

#include "config/options.h"

#include <stdio.h>

/* Every option at its default. */
void agent_config_preset(struct agent_options *options);

/* Reads `file`. The number of faults reported (0: *options is filled), or -Exxx where it cannot be read, which is
 * reported as a fault of line 0. */
int agent_config_read(const char *file, struct agent_options *options, ini_fault_fn *fault, void *context);

/* The same from an open stream. */
int agent_config_read_stream(FILE *stream, const char *name, struct agent_options *options, ini_fault_fn *fault,
                             void *context);

/* Writes the list of sections and keys for pearp-agent.conf(5), from the schema. */
void agent_config_print_mdoc(FILE *out);

#endif
