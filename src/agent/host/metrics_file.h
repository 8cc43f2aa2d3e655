/* metrics_file.h: the file of figures for node_exporter's textfile collector: whole or not there.
 * In: text. Out: the file at PATH, by way of PATH.new: the collector reads names that end in .prom alone.
 * Called by: metrics, undo_file. Never: knows the figures. */
#ifndef PEARPD_AGENT_METRICS_FILE_H
#define PEARPD_AGENT_METRICS_FILE_H

#include <stdio.h>

/* Opens a new file to be written. What stands there under its name is not followed: the directory may be another
 * user's. 0 and *out, or -Exxx. */
int metrics_file_open(const char *path, FILE **out);

/* Closes it and gives it its name, in place of an earlier one. 0, or -Exxx: the earlier one stays. */
int metrics_file_close(const char *path, FILE *out);

/* Removes it, and what a kill in the middle left. 0, also when it was not there; -Exxx. */
int metrics_file_remove(const char *path);

#endif
