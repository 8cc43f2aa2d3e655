/* history.h: the ownership history of the bridge ([history]; docs/accounting-and-abuse.md).
 * In: an engine's changes of owners, who asked for them. Out: records to the process that writes them. Called by: bridge.
 * Never: waits for a disk. NULL means `file = none` everywhere.
 *
 * At the start, after a reload, and where changes were dropped since the writer did not keep up, all that is owned is sent, as
 * fast as the writer takes it: it finds out what began and ended. */
#ifndef PEARPD_DAEMON_HISTORY_H
#define PEARPD_DAEMON_HISTORY_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"
#include "pearpd/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct history;

#define HISTORY_NO_OPERATOR UINT32_MAX

/* What it works on: the daemon's own pointers. */
struct history_target {
    struct engine *const *engine;
    const struct config *const *config;
    /* All records up to ticket `answered` of history_flush() are in the file, or cannot be. */
    void (*flushed)(void *context, uint64_t answered);
    /* Called in a child that was forked late: lets go of the daemon's memory. */
    void (*unburden)(void *context);
    void *context;
};

/* Before rings are mapped: the child is forked here. NULL: no file is configured, or out of memory. */
struct history *history_new(const struct config *config);
void history_free(struct history *history);

/* Records from now on; the engine has started. 0 or -ENOMEM. */
int history_start(struct history *history, struct loop *loop, const struct history_target *target);

/* Until the next call, changes that an operator can ask for are recorded as those of the user `uid`; HISTORY_NO_OPERATOR: nobody's. */
void history_operator(struct history *history, uint32_t uid);
/* A reload has taken place: of the present operator. */
void history_reloaded(struct history *history);
/* Once a second: looks at the clock, and says now and then that the daemon runs. */
void history_look(struct history *history);

/* A line of the event log, where one is configured. */
void history_event(struct history *history, const struct event *event);

/* A ticket for `flushed`; 0: there is nothing to wait for. */
uint64_t history_flush(struct history *history);

/* Records the end and calls `finished`, two seconds later at the latest. False: there is nothing to wait for. */
bool history_finish(struct history *history, void (*finished)(void *context), void *context);

/* Writes the member "history" of `pearpctl stats` into the open object; nothing without a file. */
void history_report(const struct history *history, struct json *j);

#endif
