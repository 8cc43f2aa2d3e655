/* agent_control.c: see agent_control.h. */
#include "agent_control.h"

#include "pearpd/control_client.h"
#include "pearpd/control_server.h"
#include "pearpd/control_socket.h"

#include "host/run_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_MODE 0600
#define PATH_BYTES  96

struct agent_control {
    struct control_server *server;
    struct agent_control_calls calls;
};

struct agent_client {
    struct control_session *session;
    bool answered;
};

/* By way of the directory's descriptor: its path may be longer than a socket's may be. */
static const char *socket_path(int directory, const char *interface, char path[static PATH_BYTES])
{
    char name[RUN_NAME_BYTES];
    snprintf(path, PATH_BYTES, "/proc/self/fd/%d/%s", directory, run_name(interface, "sock", name));
    return path;
}

static void on_request(struct control_session *session, const char *line, size_t length, void *context)
{
    const struct agent_control *control = context;
    char text[AGENT_CONTROL_LINE_BYTES];
    struct agent_client *client = calloc(1, sizeof(*client));
    if (client == NULL || memchr(line, '\0', length) != NULL) {
        free(client);
        control_session_finish(session);
        return;
    }
    client->session = session;
    control_session_keep(session, client);
    control_session_may_wait(session, true); /* the answer may take its time */
    snprintf(text, sizeof(text), "%.*s", (int)length, line);
    control->calls.asked(client, text, control->calls.context);
}

static void on_ended(struct control_session *session, void *context)
{
    const struct agent_control *control = context;
    struct agent_client *client = control_session_kept(session);
    if (client != NULL && !client->answered)
        control->calls.gone(client, control->calls.context);
    free(client);
}

struct agent_control *agent_control_open(struct loop *loop, int directory, const char *interface,
                                         const struct agent_control_calls *calls)
{
    static const struct control_server_calls server_calls = {.request = on_request, .ended = on_ended};
    struct agent_control *control = calloc(1, sizeof(*control));
    char path[PATH_BYTES];
    if (control == NULL)
        return NULL;
    control->calls = *calls;
    const int fd = control_socket_open(socket_path(directory, interface, path), SOCKET_MODE);
    if (fd >= 0)
        control->server = control_server_new(loop, fd, path, AGENT_CONTROL_CLIENTS,
                                             AGENT_CONTROL_LINE_BYTES - 1, &server_calls, control);
    else
        errno = -fd;
    if (control->server != NULL)
        return control;
    const int error = errno;
    free(control);
    errno = error;
    return NULL;
}

void agent_control_close(struct agent_control *control)
{
    if (control == NULL)
        return;
    control_server_free(control->server);
    free(control);
}

void agent_control_answer(struct agent_client *client, const char *line)
{
    client->answered = true;
    control_session_write(client->session, line, strlen(line));
    control_session_write(client->session, "\n", 1);
    control_session_finish(client->session);
}

int agent_control_ask(int directory, const char *interface, const char *line, unsigned seconds,
                      char answer[static AGENT_CONTROL_LINE_BYTES])
{
    char path[PATH_BYTES];
    FILE *stream = control_client_ask(socket_path(directory, interface, path), line, seconds);
    if (stream == NULL)
        return -errno;
    const int error = control_client_line(stream, answer, AGENT_CONTROL_LINE_BYTES);
    fclose(stream);
    return error;
}
