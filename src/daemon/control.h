/* control.h: the control socket: answers pearpctl (docs/contract.md#pearpctl).
 * In: requests, one line of words each; events. Out: "ok", "error MESSAGE" or "usage MESSAGE" and a newline, then for `ok`
 * a body in JSON (monitor: one object a line, without end). Called by: bridge. Never: touches a frame. */
#ifndef PEARPD_DAEMON_CONTROL_H
#define PEARPD_DAEMON_CONTROL_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/json.h"
#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_SOCKET_MODE 0660

struct control;
struct usage_months;

/* What the control socket works on. `engine` and `config` point to the daemon's own pointers. */
struct control_target {
    struct engine *const *engine;
    const struct config *const *config;
    const struct engine_out *out;
    const char *file; /* of the configuration; NULL: there is none */
    uint64_t (*now_ns)(void);
    /* Reloads the configuration. 0, or -1 and a message for the operator. */
    int (*reload)(void *context, char *message, size_t size);
    /* Ends the trial of `--try`: what was done stays. 0; -ENOENT: there is none. NULL: there never is. */
    int (*confirm)(void *context);
    /* Called before counters or ages of owners are answered: they become those of now. NULL: they are. */
    void (*harvest)(void *context);
    /* Called after a command that made the engine do something: frames may wait to be sent. */
    void (*touched)(void *context);
    const struct usage_months *months; /* NULL: none are kept */
    /* Books what `owner` has grown by, before it is reported; NULL: nobody does. */
    void (*book)(void *context, struct mac owner);
    /* Writes what `stats` has beside the engine's counts into the open object; NULL: nothing. */
    void (*more_stats)(void *context, struct json *j);
    /* The commands that follow are those of the user `uid`, UINT32_MAX: of nobody any more. */
    void (*set_operator)(void *context, uint32_t uid);
    /* Brings the ownership history to its file: a ticket for control_history_flushed(), 0: there is nothing to wait for. */
    uint64_t (*flush_history)(void *context);
    void *context;
};

/* Serves at `fd` of control_socket_open(), which it takes. NULL: out of memory. */
struct control *control_new(struct loop *loop, int fd, const char *path, const struct control_target *target);
void control_free(struct control *control); /* removes the socket file */

/* After a reload: takes the new [limits] control-clients. */
void control_reloaded(struct control *control);

/* The same answers by another way than the socket, as JSON alone: of what only looks, `table`, `stats`, `status`. Counters and
 * ages of owners may be some seconds old: the fast path is not asked for them. */
struct control_asker;
struct control_sink {
    void (*write)(void *context, const char *text, size_t length);
    size_t (*waiting)(void *context); /* bytes that its reader has not taken yet */
};
/* True where this version has the command. */
bool control_has(const char *command);
/* Asks; some of the answer may be written already. NULL: out of memory. */
struct control_asker *control_ask(struct control *control, const char *command, const struct control_sink *sink,
                                  void *context);
/* Writes some more. False: that was all. */
bool control_ask_more(struct control_asker *asker);
void control_ask_end(struct control *control, struct control_asker *asker);

/* Sends an event to every `monitor`, and to each `resolve` that waits for it. */
void control_event(struct control *control, const struct event *event);

/* The tickets up to `answered` are done: who waits for one is answered. */
void control_history_flushed(struct control *control, uint64_t answered);

#endif
