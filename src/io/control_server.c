/* control_server.c: see control_server.h. */
#include "pearpd/control_server.h"

#include "pearpd/time_units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SILENCE_S       5
#define REQUEST_NS      UINT64_C(5000000000)
#define BACKLOG         64
#define ACCEPT_PAUSE_NS NS_PER_S
#define PATH_BYTES      128

struct control_session {
    struct control_server *server;
    struct loop_stream *stream;
    struct loop_source *request_due; /* NULL once it has asked */
    struct control_peer peer;
    void *kept;
    TAILQ_ENTRY(control_session) others;
};

struct control_server {
    struct loop *loop;
    const struct control_server_calls *calls;
    void *context;
    struct loop_source *accepts;
    struct loop_source *accept_later; /* there was no descriptor for a client */
    int fd;
    char path[PATH_BYTES];
    dev_t device;
    ino_t inode;
    uint32_t limit, count;
    size_t line_bytes;
    TAILQ_HEAD(, control_session) sessions;
};

static void session_free(struct control_session *session)
{
    struct control_server *server = session->server;
    server->calls->ended(session, server->context);
    TAILQ_REMOVE(&server->sessions, session, others);
    server->count--;
    loop_source_free(session->request_due);
    loop_stream_free(session->stream);
    free(session);
}

static void stream_line(struct loop_stream *stream, const char *line, size_t length, void *context)
{
    struct control_session *session = context;
    (void)stream;
    if (session->request_due == NULL)
        return; /* one request a connection */
    loop_source_free(session->request_due);
    session->request_due = NULL;
    session->server->calls->request(session, line, length, session->server->context);
}

static void stream_drained(struct loop_stream *stream, void *context)
{
    struct control_session *session = context;
    (void)stream;
    if (session->request_due == NULL && session->server->calls->drained != NULL)
        session->server->calls->drained(session, session->server->context);
}

static void stream_ended(struct loop_stream *stream, void *context)
{
    (void)stream;
    session_free(context);
}

static void request_is_due(void *context)
{
    session_free(context);
}

static void refuse(int fd)
{
    static const char text[] = "error too many clients\n";
    (void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static struct control_peer peer_of(int fd)
{
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t length = sizeof(credentials);
    (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
    return (struct control_peer){credentials.uid, credentials.pid};
}

static bool has_place(const struct control_server *server, struct control_peer peer)
{
    const uint32_t for_root = server->limit > 1 && peer.uid != 0 ? 1 : 0;
    return server->count + for_root < server->limit;
}

static void session_new(struct control_server *server, int fd)
{
    static const struct loop_stream_calls calls = {stream_line, stream_drained, stream_ended};
    const struct control_peer peer = peer_of(fd);
    struct control_session *session = has_place(server, peer) ? calloc(1, sizeof(*session)) : NULL;
    if (session == NULL) {
        refuse(fd);
        return;
    }
    *session = (struct control_session){.server = server, .peer = peer};
    session->request_due = loop_timer(server->loop, request_is_due, session);
    session->stream = loop_stream_new(server->loop, fd, server->line_bytes, &calls, session);
    if (session->request_due == NULL || session->stream == NULL) {
        loop_source_free(session->request_due);
        loop_stream_free(session->stream);
        free(session);
        return;
    }
    loop_timer_set(session->request_due, REQUEST_NS);
    loop_stream_timeout(session->stream, SILENCE_S);
    TAILQ_INSERT_TAIL(&server->sessions, session, others);
    server->count++;
}

/* Who waits keeps the socket readable, and other sources come after it: a client for whom there is no descriptor waits
 * unwatched. */
static void accept_pause(struct control_server *server)
{
    loop_source_free(server->accepts);
    server->accepts = NULL;
    loop_timer_set(server->accept_later, ACCEPT_PAUSE_NS);
}

static void accept_ready(void *context)
{
    struct control_server *server = context;
    const int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        session_new(server, fd);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        accept_pause(server);
}

static void accept_go_on(void *context)
{
    struct control_server *server = context;
    server->accepts = loop_readable(server->loop, LOOP_CONTROL, server->fd, accept_ready, server);
    if (server->accepts == NULL)
        loop_timer_set(server->accept_later, ACCEPT_PAUSE_NS);
}

struct control_server *control_server_new(struct loop *loop, int fd, const char *path, uint32_t clients,
                                          size_t line_bytes, const struct control_server_calls *calls,
                                          void *context)
{
    struct control_server *server = calloc(1, sizeof(*server));
    struct stat status;
    if (server == NULL) {
        close(fd);
        return NULL;
    }
    *server = (struct control_server){
        .loop = loop, .calls = calls, .context = context, .fd = fd, .limit = clients, .line_bytes = line_bytes};
    TAILQ_INIT(&server->sessions);
    snprintf(server->path, sizeof(server->path), "%s", path);
    if (lstat(path, &status) == 0) {
        server->device = status.st_dev;
        server->inode = status.st_ino;
    }
    server->accepts = loop_readable(loop, LOOP_CONTROL, fd, accept_ready, server);
    server->accept_later = loop_timer(loop, accept_go_on, server);
    errno = ENOMEM;
    if (server->accepts != NULL && server->accept_later != NULL && listen(fd, BACKLOG) == 0)
        return server;
    const int error = errno;
    control_server_free(server);
    errno = error;
    return NULL;
}

void control_server_limit(struct control_server *server, uint32_t clients)
{
    server->limit = clients;
}

void control_server_free(struct control_server *server)
{
    struct stat status;
    if (server == NULL)
        return;
    for (struct control_session *session = TAILQ_FIRST(&server->sessions), *next; session != NULL;
         session = next) {
        next = TAILQ_NEXT(session, others);
        session_free(session);
    }
    loop_source_free(server->accepts);
    loop_source_free(server->accept_later);
    close(server->fd);
    if (lstat(server->path, &status) == 0 && status.st_dev == server->device && status.st_ino == server->inode)
        unlink(server->path);
    free(server);
}

void control_session_write(struct control_session *session, const void *bytes, size_t length)
{
    loop_stream_write(session->stream, bytes, length);
}

int control_session_pass(struct control_session *session, const void *bytes, size_t length, const int *fds,
                         unsigned count)
{
    return loop_stream_pass(session->stream, bytes, length, fds, count);
}

size_t control_session_waiting(const struct control_session *session)
{
    return loop_stream_waiting(session->stream);
}

void control_session_finish(struct control_session *session)
{
    loop_stream_timeout(session->stream, SILENCE_S);
    loop_stream_finish(session->stream);
}

void control_session_may_wait(struct control_session *session, bool may_wait)
{
    loop_stream_timeout(session->stream, may_wait ? 0 : SILENCE_S);
}

struct control_peer control_session_peer(const struct control_session *session)
{
    return session->peer;
}

void control_session_keep(struct control_session *session, void *data)
{
    session->kept = data;
}

void *control_session_kept(const struct control_session *session)
{
    return session->kept;
}
