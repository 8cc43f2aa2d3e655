/* check.h: what only a whole configuration shows: what is missing, twice, or overlaps.
 * In: struct config as read. Out: the same, sorted; faults. Called by: schema. */
#ifndef PEARPD_CONF_CHECK_H
#define PEARPD_CONF_CHECK_H

#include "pearpd/ini_schema.h"

/* As ini_schema.check. */
void conf_check(struct ini_file *file);

#endif
