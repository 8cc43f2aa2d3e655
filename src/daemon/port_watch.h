/* port_watch.h: looks a few times a second at whether frames can still come in by both ports, and counts the super-frames
 * that they cannot carry. Called by: bridge. */
#ifndef PEARPD_PORT_WATCH_H
#define PEARPD_PORT_WATCH_H

#include "pearpd/engine.h"
#include "pearpd/frame_port.h"
#include "pearpd/loop.h"

#include "bridge_links.h"

struct port_watch;

/* Borrows everything. Begins at once. NULL: out of memory. */
struct port_watch *port_watch_new(struct loop *loop, struct frame_port *const *ports,
                                  struct engine *const *engine, const struct bridge_links *links);
/* NULL is fine. */
void port_watch_free(struct port_watch *watch);

#endif
