/* conf.h: reads one subnet's configuration file.
 * In: an INI file (inih). Out: struct config, or every fault of the file as FILE:LINE: message.
 * Called by: daemon. Never: touches an interface or a socket. */
#ifndef PEARPD_CONF_H
#define PEARPD_CONF_H

#include "pearpd/config.h"
#include "pearpd/ini_schema.h"

#include <stdio.h>

/* The folder of drop-ins of a configuration file: NAME.d for NAME.conf. NULL: its path is too long. */
#define CONFIG_FOLDER_BYTES 4096
char *config_folder(const char *file, char path[static CONFIG_FOLDER_BYTES]);

/* Reads `file`, and behind it the files *.conf of its folder of drop-ins in the order of their names. Returns the number of faults found (0: *config is filled and the caller frees it with
 * config_free()), or -Exxx where the file cannot be read at all, which is reported as a fault of line 0. */
int config_read(const char *file, struct config *config, ini_fault_fn *fault, void *context);

/* The same from an open stream; `name` is FILE in messages and gives NAME for the socket's default. */
int config_read_stream(FILE *stream, const char *name, struct config *config, ini_fault_fn *fault,
                       void *context);

/* Frees what config_read() took. A zeroed struct is fine. */
void config_free(struct config *config);

/* Writes the list of sections, keys, types and defaults as mdoc, for pearpd.conf(5). */
void config_print_mdoc(FILE *out);

#endif
