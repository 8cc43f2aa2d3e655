/* accel_calls.h: what the engine calls of the fast path, and the table of the programs behind it.
 * In: bindings, MAC addresses. Out: they are in the table; frames that were forwarded, by binding and in total.
 * Called by: accel, and the engine by struct fast_path. Never: attaches a program, or asks for the configuration. */
#ifndef PEARPD_DAEMON_ACCEL_CALLS_H
#define PEARPD_DAEMON_ACCEL_CALLS_H

#include "pearpd/addr.h"
#include "pearpd/fast_path.h"
#include "pearpd/fast_table.h"

#include <stdbool.h>
#include <stdint.h>

struct accel_calls {
    struct fast_table *table;
    uint64_t frames[SIDES]; /* forwarded, by the side that they came in by */
    bool is_ending;         /* nothing is forwarded any more: all that was counted is taken */
};

/* The functions for engine_fast_set; their context is `calls`, borrowed. */
struct fast_path accel_calls_of(struct accel_calls *calls);

#endif
