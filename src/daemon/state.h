/* state.h: what the bridge knows survives it ([state]; pearpd(8), State).
 * In: an engine. Out: its table in a file, and back from it. Called by: bridge. Never: waits for a disk once frames
 * pass; a child process does (file_writer.h). NULL means `file = none` everywhere. */
#ifndef PEARPD_DAEMON_STATE_H
#define PEARPD_DAEMON_STATE_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"
#include "pearpd/loop.h"

#include "bridge_figures.h"

#include <stdbool.h>

struct usage_months;
struct state;

/* What it works on: the daemon's own pointers. */
struct state_target {
    struct engine *const *engine;
    const struct config *const *config;
    const struct engine_out *out;
    struct usage_months *months;
    /* Called before a save begins: what it saves in several kinds is to be of one moment. */
    void (*saving)(void *context);
    /* Called in a child that was forked late: lets go of the daemon's memory. */
    void (*unburden)(void *context);
    void *context;
};

/* Before rings are mapped: the child is forked here. NULL: no file is configured, or out of memory. */
struct state *state_new(const struct config *config);
void state_free(struct state *state);

/* Reads the file into the engine, which has not started yet, and saves from now on. 0 or -ENOMEM. */
int state_start(struct state *state, struct loop *loop, const struct state_target *target);

/* Whenever the engine may have changed: cheap where it has not. */
void state_look(struct state *state);
/* True while a save walks the table. */
bool state_is_saving(const struct state *state);
/* A reload has taken place: the table is saved again. */
void state_reloaded(struct state *state);

/* Saves a last time and calls `finished`, two seconds later at the latest. False: there is nothing to wait for. */
bool state_finish(struct state *state, void (*finished)(void *context), void *context);

/* The same for the metrics. */
void state_figures(const struct state *state, struct state_figures *figures);
/* Writes the member "state" of `pearpctl stats` into the open object; nothing without a file. */
void state_report(const struct state *state, struct json *j);

#endif
