/* control.h: the control socket (docs/contract.md#control-socket): answers pearpctl.
 * One request a connection: one line of words. The answer is "ok" or "error MESSAGE" and a newline,
 * then for `ok` a body in JSON (monitor: one object a line, without end), then the daemon closes.
 * Called by: daemon. */
#ifndef PEARPD_CONTROL_H
#define PEARPD_CONTROL_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"
#include "pearpd/loop.h"

#include <stdint.h>

struct control;
struct usage_months;

/* What the control socket works on. `engine` and `config` point to the daemon's own pointers. */
struct control_target {
    struct engine *const *engine;
    const struct config *const *config;
    const struct engine_out *out;
    uint64_t (*now_ns)(void);
    /* Reloads the configuration. 0, or -1 and a message for the operator. */
    int (*reload)(void *context, char *message, size_t size);
    /* Called after a command that made the engine do something: frames may wait to be sent. */
    void (*touched)(void *context);
    const struct usage_months *months; /* NULL: none are kept */
    /* Books what `owner` has grown by, before it is told; NULL: nobody does. */
    void (*book)(void *context, struct mac owner);
    /* Writes what `stats` has beside the engine's counts into the open object; NULL: nothing. */
    void (*more_stats)(void *context, struct json *j);
    void *context;
};

/* Makes the socket file `path`, mode 0660, its directory with it: a live one is never taken, a dead one is
 * replaced. The descriptor, bound and not blocking, or -Exxx: -EADDRINUSE: another daemon answers there;
 * -EEXIST: something else stands there. Nobody is accepted before control_new(). */
int control_open(const char *path);

/* Listens and serves: whoever can connect finds a bridge that forwards. Takes `fd`. NULL: out of memory. */
struct control *control_new(struct loop *loop, int fd, const char *path, const struct control_target *target);
void control_free(struct control *control); /* removes the socket file */

/* Tells every `monitor` of an event. */
void control_event(struct control *control, const struct event *event);

#endif
