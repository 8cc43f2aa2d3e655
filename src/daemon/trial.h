/* trial.h: a start of the bridge by an operator who may cut himself off (pearpd(8), --try and --yes).
 * In: options, the configuration. Out: the exit status. Called by: daemon. */
#ifndef PEARPD_DAEMON_TRIAL_H
#define PEARPD_DAEMON_TRIAL_H

#include "pearpd/config.h"

#include "options.h"

/* Runs the bridge, on trial where --try says so. Refused without --yes where the ssh session that starts it runs through
 * one of its two interfaces. */
int trial_run(const struct daemon_options *options, struct config *config);

#endif
