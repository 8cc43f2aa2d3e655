/* schema.h: the rows of the daemon's configuration file: pearpd.conf(5) has its list of keys from them.
 * Called by: conf. */
#ifndef PEARPD_CONF_SCHEMA_H
#define PEARPD_CONF_SCHEMA_H

#include "pearpd/ini_schema.h"

/* Its target is a struct config, its context a struct conf_reading. */
extern const struct ini_schema conf_schema;

#endif
