/* web.h: the web server of [control] metrics: pages that only show (docs/monitoring.md).
 * In: requests. Out: the status page, what pearpctl prints as JSON, /metrics. Called by: bridge. Never: changes anything, touches a frame, makes a long answer at once. */
#ifndef PEARPD_DAEMON_WEB_H
#define PEARPD_DAEMON_WEB_H

#include "pearpd/config.h"
#include "pearpd/loop.h"

#include "bridge_figures.h"
#include "control.h"

#include <stddef.h>

#define WEB_SOCKET_MODE 0660

struct web;

struct web_target {
    const struct control_target *control; /* the engine, the configuration, the time */
    struct control *desk;                 /* answers what pearpctl asks */
    void (*figures)(void *context, struct bridge_figures *figures);
    void *context;
};

/* Serves at `fd`, a socket for [control] metrics, which it takes; -1: there is none. NULL: out of memory. */
struct web *web_new(struct loop *loop, int fd, const struct web_target *target);
void web_free(struct web *web); /* removes the socket file */

/* A reload: opens what `next` listens at, beside what is served now. 0, or -1 and a message: nothing has changed. Then one of
 * the others. */
int web_reload_prepare(struct web *web, const struct config *next, char *message, size_t size);
void web_reload_take(struct web *web); /* the configuration is the new one */
void web_reload_drop(struct web *web);

#endif
