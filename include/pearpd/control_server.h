/* control_server.h: a control socket served: one request a connection, one line; the answer, then the end.
 * In: a listening descriptor. Out: requests; bytes of answers, as the client reads them.
 * Called by: daemon, agent. Never: knows what is asked; waits for a client.
 *
 * Limits: a client that has not sent a whole line within five seconds is closed, and so is one that reads nothing of its
 * answer for five seconds. Where every place is taken but one, that one is for root. */
#ifndef PEARPD_CONTROL_SERVER_H
#define PEARPD_CONTROL_SERVER_H

#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct control_server;
struct control_session; /* one client's connection */

struct control_server_calls {
    /* The client's request, without its newline; `line` is borrowed and not terminated. Called once. */
    void (*request)(struct control_session *session, const char *line, size_t length, void *context);
    /* What was written has left, all but a little: more may be written. May be NULL. */
    void (*drained)(struct control_session *session, void *context);
    /* The session is over, with or without a request. The last call for it. */
    void (*ended)(struct control_session *session, void *context);
};

/* Who connected, as the kernel says (SO_PEERCRED). */
struct control_peer {
    uid_t uid;
    pid_t pid; /* 0: unknown, of another PID namespace */
};

/* Listens and serves up to `clients` at once, lines of up to `line_bytes`: whoever can connect finds a program that
 * works. Takes `fd` of control_socket_open(); `path` is removed at the end. NULL: out of memory, errno. */
struct control_server *control_server_new(struct loop *loop, int fd, const char *path, uint32_t clients,
                                          size_t line_bytes, const struct control_server_calls *calls,
                                          void *context);
/* Takes another limit; who is there already stays. */
void control_server_limit(struct control_server *server, uint32_t clients);
/* Ends all sessions and removes the socket file, unless it is another program's by now. NULL is fine. */
void control_server_free(struct control_server *server);

void control_session_write(struct control_session *session, const void *bytes, size_t length);
/* Bytes with descriptors, which stay the caller's, before anything was written. 0 or -Exxx. */
int control_session_pass(struct control_session *session, const void *bytes, size_t length, const int *fds,
                         unsigned count);
/* Bytes written that have not left yet. */
size_t control_session_waiting(const struct control_session *session);
/* The answer is whole: closes once it has left. */
void control_session_finish(struct control_session *session);
/* True: the session may be silent without end, as it waits for events. False: five seconds, again. */
void control_session_may_wait(struct control_session *session, bool may_wait);
struct control_peer control_session_peer(const struct control_session *session);

/* What the caller keeps with a session; NULL at first. */
void control_session_keep(struct control_session *session, void *data);
void *control_session_kept(const struct control_session *session);

#endif
