/* agent_control.c: see agent_control.h. */
#include "agent_control.h"

#include "host/run_files.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SILENCE_S 5

struct agent_client {
    struct agent_control *control;
    struct loop_stream *stream; /* NULL: the place is free */
    bool asked, answered;
};

struct agent_control {
    struct loop *loop;
    struct loop_source *source;
    struct agent_control_calls calls;
    int fd, directory;
    char name[RUN_NAME_BYTES];
    struct agent_client clients[AGENT_CONTROL_CLIENTS];
};

/* By way of the directory's descriptor: its path may be longer than a socket's may be. */
static struct sockaddr_un socket_address(int directory, const char *interface)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[RUN_NAME_BYTES];
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
             run_name(interface, "sock", name));
    return address;
}

static void drop(struct agent_client *client)
{
    loop_stream_free(client->stream);
    client->stream = NULL;
}

static void on_line(struct loop_stream *stream, const char *line, size_t length, void *context)
{
    struct agent_client *client = context;
    char text[AGENT_CONTROL_LINE_BYTES];
    (void)stream;
    if (client->asked || length >= sizeof(text) || memchr(line, '\0', length) != NULL)
        return;
    client->asked = true;
    memcpy(text, line, length);
    text[length] = '\0';
    loop_stream_timeout(client->stream, 0); /* the answer may take its time */
    client->control->calls.asked(client, text, client->control->calls.context);
}

static void on_ended(struct loop_stream *stream, void *context)
{
    struct agent_client *client = context;
    (void)stream;
    if (client->asked && !client->answered)
        client->control->calls.gone(client, client->control->calls.context);
    drop(client);
}

static void on_client(void *context)
{
    static const struct loop_stream_calls calls = {.line = on_line, .ended = on_ended};
    struct agent_control *control = context;
    const int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    size_t i = 0;
    while (i < AGENT_CONTROL_CLIENTS && control->clients[i].stream != NULL)
        i++;
    if (i == AGENT_CONTROL_CLIENTS) {
        close(fd);
        return;
    }
    struct agent_client *client = &control->clients[i];
    *client = (struct agent_client){.control = control};
    client->stream = loop_stream_new(control->loop, fd, AGENT_CONTROL_LINE_BYTES - 1, &calls, client);
    if (client->stream != NULL)
        loop_stream_timeout(client->stream, SILENCE_S);
}

static int listen_at(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const mode_t before = umask(0177);
    const int bound = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = bound == 0 ? 0 : -errno;
    umask(before);
    if (error == 0 && listen(fd, AGENT_CONTROL_CLIENTS) != 0)
        error = -errno;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

struct agent_control *agent_control_open(struct loop *loop, int directory, const char *interface,
                                         const struct agent_control_calls *calls)
{
    struct agent_control *control = calloc(1, sizeof(*control));
    if (control == NULL)
        return NULL;
    *control = (struct agent_control){.loop = loop, .calls = *calls, .directory = directory, .fd = -1};
    run_name(interface, "sock", control->name);
    (void)run_remove(directory, control->name); /* a killed agent's: the lock on the interface is ours */
    const struct sockaddr_un address = socket_address(directory, interface);
    control->fd = listen_at(&address);
    int error = control->fd < 0 ? -control->fd : 0;
    if (error == 0) {
        control->source = loop_readable(loop, LOOP_CONTROL, control->fd, on_client, control);
        error = control->source == NULL ? ENOMEM : 0;
    }
    if (error == 0)
        return control;
    agent_control_close(control);
    errno = error;
    return NULL;
}

void agent_control_close(struct agent_control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < AGENT_CONTROL_CLIENTS; i++)
        if (control->clients[i].stream != NULL)
            drop(&control->clients[i]);
    loop_source_free(control->source);
    if (control->fd >= 0) {
        close(control->fd);
        (void)run_remove(control->directory, control->name);
    }
    free(control);
}

void agent_control_answer(struct agent_client *client, const char *line)
{
    client->answered = true;
    loop_stream_write(client->stream, line, strlen(line));
    loop_stream_write(client->stream, "\n", 1);
    loop_stream_finish(client->stream);
}

/* Reads a line of the answer. 0 or -Exxx. */
static int read_answer(int fd, unsigned seconds, char answer[static AGENT_CONTROL_LINE_BYTES])
{
    size_t length = 0;
    while (length < AGENT_CONTROL_LINE_BYTES) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        const int ready = poll(&readable, 1, (int)seconds * 1000);
        if (ready <= 0)
            return ready == 0 ? -ETIMEDOUT : -errno;
        const ssize_t got = read(fd, answer + length, AGENT_CONTROL_LINE_BYTES - length);
        if (got <= 0)
            return got == 0 ? -EPIPE : -errno;
        length += (size_t)got;
        char *end = memchr(answer, '\n', length);
        if (end != NULL) {
            *end = '\0';
            return 0;
        }
    }
    return -EMSGSIZE;
}

int agent_control_ask(int directory, const char *interface, const char *line, unsigned seconds,
                      char answer[static AGENT_CONTROL_LINE_BYTES])
{
    const struct sockaddr_un address = socket_address(directory, interface);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    char text[AGENT_CONTROL_LINE_BYTES];
    const int length = snprintf(text, sizeof(text), "%s\n", line);
    int error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
    if (error == 0 && send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
        error = -errno;
    if (error == 0)
        error = read_answer(fd, seconds, answer);
    close(fd);
    return error;
}
