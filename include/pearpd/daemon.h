/* daemon.h: pearpd's command line and its life on two interfaces. Called by: main. */
#ifndef PEARPD_DAEMON_H
#define PEARPD_DAEMON_H

#include "pearpd/config.h"
#include "pearpd/replay.h"

#include <stdbool.h>
#include <stdio.h>

enum daemon_mode { MODE_RUN, MODE_TEST, MODE_REPLAY, MODE_VERSION, MODE_HELP };

struct daemon_options {
    enum daemon_mode mode;
    const char *file; /* -c */
    int verbosity;
    struct replay_options replay;
};

/* Reads the command line (CONTRACT 3). 0; -EINVAL: wrong usage, told on stderr. */
int daemon_options_parse(int argc, char **argv, struct daemon_options *options);

/* The usage, generated from the table of options. */
void daemon_options_usage(FILE *out);

/* Reads the configuration, every fault to the log (-t: to stdout) as FILE:LINE: message. 0 or -1. */
int daemon_config_read(const char *file, struct config *config);

/* Runs the bridge in the foreground until SIGTERM or SIGINT. The program's exit status. */
int daemon_run(const char *file, struct config *config);

/* All of pearpd: the program's exit status. */
int daemon_main(int argc, char **argv);

#endif
