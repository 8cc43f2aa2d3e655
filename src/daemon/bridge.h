/* bridge.h: the running bridge on two interfaces. Called by: daemon. */
#ifndef PEARPD_DAEMON_BRIDGE_H
#define PEARPD_DAEMON_BRIDGE_H

#include "pearpd/config.h"
#include "pearpd/try_run.h"

/* Runs in the foreground until SIGTERM or SIGINT; SIGHUP reads `file` again. *config stays the caller's to free.
 * `trial`: the bridge ends with it unless it is confirmed; NULL: there is none. The program's exit status. */
int bridge_run(const char *file, struct config *config, struct try_run *trial);

#endif
