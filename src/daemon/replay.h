/* replay.h: captures through the engine: no interface, no root, no real time (docs/contract.md#replay).
 * Called by: main. The same input gives the same output to the byte. */
#ifndef PEARPD_DAEMON_REPLAY_H
#define PEARPD_DAEMON_REPLAY_H

#include "pearpd/addr.h"
#include "pearpd/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_INPUTS_MAX 64

struct replay_input {
    bool both; /* -r both=: the side of each frame by router-mac */
    enum side side;
    const char *path;
};

struct replay_options {
    struct replay_input inputs[REPLAY_INPUTS_MAX];
    size_t input_count;
    const char *outputs[SIDES]; /* -w; NULL: none */
    const char *report;         /* -j; NULL: none; "-": standard output */
    uint64_t linger_ns;
    bool any_nonce;
};

/* Runs. The program's exit status: 0, or 1 after messages in the log. */
int replay_run(const struct config *config, const struct replay_options *options);

#endif
