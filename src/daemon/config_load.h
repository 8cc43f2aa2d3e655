/* config_load.h: the configuration file, read with a word about who else may read it, and where its faults are reported.
 * In: a file. Out: struct config; faults and warnings for people. Called by: daemon (start), bridge (reload). */
#ifndef PEARPD_DAEMON_CONFIG_LOAD_H
#define PEARPD_DAEMON_CONFIG_LOAD_H

#include "pearpd/config.h"

/* Reports one fault as FILE:LINE: MESSAGE, or FILE: MESSAGE where `line` is 0: to the log (a daemon's start, a reload), or
 * as it is to stderr (-t, -r). */
void config_fault_log(void *context, const char *file, unsigned line, const char *message);
void config_fault_print(void *context, const char *file, unsigned line, const char *message);

/* Reads `file`, all its faults to `fault`, one of the two above. 0; -1: it has faults, and *config is empty. */
int config_load(const char *file,
                void (*fault)(void *context, const char *file, unsigned line, const char *message),
                struct config *config);

/* Warns of leases that a restart would forget. Not for a replay, which keeps nothing. */
void config_warn_of_forgetting(const char *file, const struct config *config);

#endif
