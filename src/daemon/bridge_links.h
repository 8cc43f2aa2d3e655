/* bridge_links.h: which interface each side of the bridge is bound to, and whether it is up.
 * In: names of the configuration, the kernel's news of links. Out: bound ports, engine_link(), lines in the log.
 * Called by: bridge. Never: touches a frame.
 *
 * An interface may be missing, go away, and come back under another index: it is waited for by its name. One that is
 * down when it is bound is set up; at the end it is put down again. */
#ifndef PEARPD_DAEMON_BRIDGE_LINKS_H
#define PEARPD_DAEMON_BRIDGE_LINKS_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/loop.h"

#include "sockets.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge_links;

/* What they work on: the daemon's own pointers. */
struct bridge_links_target {
    struct engine *const *engine;
    struct config *const *config; /* a tap's MAC becomes its router-mac, that of a late card `mac = auto` */
    const struct engine_out *out;
    const struct sockets *sockets;
    /* Called after the router's or the bridge's MAC in the configuration has changed. */
    void (*mac_changed)(void *context);
    /* Called with what the engine learns of a side: its interface (0: none), whether it is up, its MTU. */
    void (*link)(void *context, enum side side, unsigned ifindex, bool up, uint32_t mtu_bytes);
    /* Called after links have changed: the engine may have made frames. */
    void (*touched)(void *context);
    void *context;
};

/* Watches from now on; nothing is bound before the first look-up. NULL: out of memory. */
struct bridge_links *bridge_links_new(struct loop *loop, const struct bridge_links_target *target);
/* Puts down what was set up here; `leave`: it stays up for the daemon that follows. */
void bridge_links_free(struct bridge_links *links, bool leave);

/* Looks both interfaces up by name: at the start, after a reload, and where news of links were lost. */
void bridge_links_look_up(struct bridge_links *links);

/* Once a second: tries again to bind what could not be bound. */
void bridge_links_retry(struct bridge_links *links);

/* The interface that `side` is, or was last, bound to; before that, the configured one. Borrowed. */
const char *bridge_links_name(const struct bridge_links *links, enum side side);

/* Whether it is there and has a carrier, and its MTU (0: it is not there), as the engine was told. */
bool bridge_links_is_up(const struct bridge_links *links, enum side side);
uint32_t bridge_links_mtu_bytes(const struct bridge_links *links, enum side side);

/* Its index while it is bound to one, else 0. */
unsigned bridge_links_index(const struct bridge_links *links, enum side side);

#endif
