/* options.h: pearpd's command line (docs/contract.md#pearpd). One row is an option, its help and its place in usage.
 * In: argv. Out: struct daemon_options. Called by: daemon. Never: opens a file. */
#ifndef PEARPD_DAEMON_OPTIONS_H
#define PEARPD_DAEMON_OPTIONS_H

#include "replay.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum daemon_mode { MODE_RUN, MODE_TEST, MODE_REPLAY, MODE_DETACH, MODE_VERSION, MODE_HELP };

struct daemon_options {
    enum daemon_mode mode;
    const char *file; /* -c */
    uint32_t try_s;   /* --try; 0: it is no trial */
    bool yes;         /* --yes */
    int verbosity;
    struct replay_options replay;
};

/* 0; -EINVAL: wrong usage, described on stderr. */
int daemon_options_parse(int argc, char **argv, struct daemon_options *options);

/* The usage, generated from the rows. */
void daemon_options_usage(FILE *out);

#endif
