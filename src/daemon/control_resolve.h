/* control_resolve.h: `pearpctl resolve`: a question to hosts, answered when a host has answered or none did.
 * In: a port; events. Out: the owner, or that nobody answered. Called by: control. */
#ifndef PEARPD_DAEMON_CONTROL_RESOLVE_H
#define PEARPD_DAEMON_CONTROL_RESOLVE_H

#include "pearpd/event.h"

struct control_asker;

void resolve_begin(struct control_asker *asker);

/* Something happened: looks again if it concerns the port, once the engine is done. */
void resolve_event(struct control_asker *asker, const struct event *event);

#endif
