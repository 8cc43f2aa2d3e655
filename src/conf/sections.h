/* sections.h: what begins and ends with each section of the daemon's file.
 * In: a section's argument. Out: an element more of struct config, faults. Called by: schema. */
#ifndef PEARPD_CONF_SECTIONS_H
#define PEARPD_CONF_SECTIONS_H

#include "pearpd/ini_schema.h"

/* As ini_section.begin: the element that the section's keys are read into. */
void *conf_begin_address(struct ini_file *file, const char *argument);
void *conf_begin_range(struct ini_file *file, const char *argument);
void *conf_begin_protocol(struct ini_file *file, const char *argument);
void *conf_begin_lease(struct ini_file *file, const char *argument);
void *conf_begin_key(struct ini_file *file, const char *argument);

/* As ini_section.end. */
void conf_end_address(struct ini_file *file, void *target);

/* As ini_section.take: a key of [keys], whose secret is in no message. */
void conf_take_secret(struct ini_file *file, const char *name, const char *value);
/* The same: a host of [deny]. */
void conf_take_denied(struct ini_file *file, const char *name, const char *value);

#endif
