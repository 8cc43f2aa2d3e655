/* accel.h: the fast path of a running bridge ([bridge] accel): whether there is one, and what it needs to know.
 * In: the configuration, links, the engine's bindings by struct fast_path. Out: forwarded frames' counts, lines in the log.
 * Called by: bridge. Never: decides about a frame: that is the programs' part, and the engine's.
 *
 * It is on where the programs are loaded, attached to both interfaces, and both ports receive what they leave: by punt devices
 * (netlink_punt.h), or from the tap itself.
 * Whatever of this fails switches it off as a whole: every frame then passes through the daemon. */
#ifndef PEARPD_DAEMON_ACCEL_H
#define PEARPD_DAEMON_ACCEL_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"

#include "bridge_figures.h"
#include "sockets.h"

#include <stdbool.h>
#include <stdint.h>

struct accel;

/* What it works on: the daemon's own pointers. */
struct accel_target {
    const char *file; /* of the configuration: its name is that of the pins */
    struct engine *const *engine;
    struct config *const *config;
    const struct sockets *sockets;
};

/* Before the ports are bound. What an earlier daemon left is taken over. NULL: out of memory, or `accel = tc` and there can be
 * none, which is logged. */
struct accel *accel_new(const struct accel_target *target);
/* The programs and all traces of them are removed. `leave`: they go on forwarding for the daemon that follows, which takes
 * them over, or until `accel-linger` has passed. */
void accel_free(struct accel *accel, bool leave);

/* A side is bound to another interface (0: to none), or its link has changed. */
void accel_link(struct accel *accel, enum side side, unsigned ifindex, bool up, uint32_t mtu_bytes);

/* Before the engine takes another configuration, and after it did. */
void accel_pause(struct accel *accel);
void accel_resume(struct accel *accel);

/* True where `accel = tc` requires one, both interfaces are there, and there is none: the log says why. */
bool accel_is_refused(const struct accel *accel);

/* After every turn of the loop, once what it made has been sent. */
void accel_activate_pending(struct accel *accel);
/* The engine's counters, ages and accounts become those of now. */
void accel_harvest(struct accel *accel);
/* Once a second. */
void accel_look(struct accel *accel);

/* The same for the metrics. */
void accel_figures(const struct accel *accel, struct accel_figures *figures);
/* Writes the member "fast_path" of `pearpctl stats` into the open object. */
void accel_report(const struct accel *accel, struct json *j);

/* What a daemon that was killed left for this configuration is removed: 0, or -1, which is logged. */
int accel_remove(const char *file, const struct config *config);

#endif
