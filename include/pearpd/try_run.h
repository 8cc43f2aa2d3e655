/* try_run.h: a start on trial: everything is undone again unless the operator confirms it in time (docs/contract.md#try).
 * In: a time, what undoes. Out: a call when the time is over. Called by: daemon, agent. Never: knows what is undone.
 *
 * The program itself ends when the time is over, and undoes what it did as at any end. For a program that was killed, or
 * that hangs, a second process does: the guard. It has its own session, so that it outlives a terminal, and ends with the
 * trial. Enter confirms too, where the program was started in the foreground of a terminal. */
#ifndef PEARPD_TRY_RUN_H
#define PEARPD_TRY_RUN_H

#include "pearpd/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define TRY_RUN_MOST_S 86400

struct try_run;

/* Begins a trial of `seconds` and starts its guard, which calls `undo` where this process ends before try_run_end(), or
 * is there TRY_RUN_GRACE_S after the time: then it is killed before. To be called before anything is opened or changed;
 * `context` is the guard's copy of that moment. NULL: errno. */
#define TRY_RUN_GRACE_S 10
struct try_run *try_run_begin(uint32_t seconds, void (*undo)(void *context), void *context);

struct try_run_calls {
    void (*expired)(void *context); /* once, when the time is over */
    void *context;
};

/* Starts the clock. `command`: what confirms, for the log. 0, or -ENOMEM. */
int try_run_start(struct try_run *trial, struct loop *loop, const char *command,
                  const struct try_run_calls *calls);

/* True until it is confirmed or over. NULL, as in all of these: there is no trial. */
bool try_run_is_open(const struct try_run *trial);

/* What was done stays, and the guard ends. 0; -ENOENT: there is no trial, or it is over. */
int try_run_confirm(struct try_run *trial);

/* The trial ended without a confirmation. */
bool try_run_has_expired(const struct try_run *trial);

/* Stops the clock; before the loop is freed. */
void try_run_stop(struct try_run *trial);

/* Everything is undone, or is to stay: the guard ends. Frees `trial`. */
void try_run_end(struct try_run *trial);

/* Reads "SECONDS": 1 to TRY_RUN_MOST_S. 0 or -EINVAL. */
int try_run_parse(const char *text, uint32_t *seconds);

#endif
