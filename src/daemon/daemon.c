/* daemon.c: pearpd from its command line to its exit status; what each mode does is elsewhere. See daemon.h. */
#include "pearpd/daemon.h"

#include "pearpd/conf.h"
#include "pearpd/log.h"

#include "accel.h"
#include "bridge.h"
#include "config_load.h"
#include "options.h"
#include "replay.h"
#include "trial.h"

#include <stdio.h>

int daemon_main(int argc, char **argv)
{
    struct daemon_options options;
    if (daemon_options_parse(argc, argv, &options) != 0)
        return 2;
    if (options.mode == MODE_VERSION) {
        puts("pearpd " PEARPD_VERSION);
        return 0;
    }
    if (options.mode == MODE_HELP) {
        daemon_options_usage(stdout);
        return 0;
    }
    log_open("pearpd", options.verbosity);
    struct config config = {0};
    if (config_load(options.file, options.mode == MODE_RUN ? config_fault_log : config_fault_print, &config) !=
        0)
        return 1;
    if (options.mode == MODE_RUN || options.mode == MODE_TEST)
        config_warn_of_forgetting(options.file, &config);
    int status = 0;
    if (options.mode == MODE_REPLAY)
        status = replay_run(&config, &options.replay);
    else if (options.mode == MODE_RUN)
        status = trial_run(&options, &config);
    else if (options.mode == MODE_DETACH)
        status = accel_remove(options.file, &config) == 0 ? 0 : 1;
    config_free(&config);
    return status;
}
