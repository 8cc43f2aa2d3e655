/* sections.h: what begins with each section of the agent's file.
 * In: a section's argument. Out: an element more of struct agent_options, faults. Called by: schema. */
#ifndef PEARPD_AGENT_SECTIONS_H
#define PEARPD_AGENT_SECTIONS_H

#include "pearpd/ini_schema.h"

/* As ini_section.begin. */
void *agent_begin_range(struct ini_file *file, const char *argument);
void *agent_begin_service(struct ini_file *file, const char *argument);
void *agent_begin_key(struct ini_file *file, const char *argument);

/* As ini_section.take: a key of [keys], whose secret is in no message. */
void agent_take_secret(struct ini_file *file, const char *name, const char *value);

#endif
