/* history_process.c: see history_process.h. The caller's side of the child that writes. */
#include "pearpd/history_process.h"

#include "history_process_child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct history_process {
    pid_t pid;
    int fd; /* -1: the stream has it */
    bool reaped;
    struct loop_stream *stream;
    const struct history_process_calls *calls;
    void *context;
};

struct history_process *history_process_new(const struct history_process_options *options,
                                            void (*unburden)(void *context), void *context)
{
    int ends[2];
    struct history_process *process = calloc(1, sizeof(*process));
    if (process == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(process);
        return NULL;
    }
    process->fd = ends[0];
    process->pid = fork();
    if (process->pid == 0) {
        if (unburden != NULL)
            unburden(context);
        history_process_child(ends[1], options);
    }
    const int error = errno;
    close(ends[1]);
    if (process->pid < 0) {
        close(ends[0]);
        free(process);
        errno = error;
        return NULL;
    }
    return process;
}

static void answered(struct loop_stream *stream, const char *text, size_t length, void *context)
{
    const struct history_process *process = context;
    char line[HISTORY_ANSWER_BYTES];
    struct history_figures f;
    int level, used = -1, is_asked, error;
    (void)stream;
    snprintf(line, sizeof(line), "%.*s", (int)length, text);
    if (sscanf(line, "say %d %n", &level, &used) == 1 && used > 0)
        process->calls->said(process->context, (enum log_level)level, line + used);
    else if (sscanf(line, "flushed %d %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32, &is_asked,
                    &error, &f.bytes, &f.records, &f.lost, &f.files, &f.held) == 7)
        process->calls->flushed(process->context, is_asked != 0, &f, error);
}

static void drained(struct loop_stream *stream, void *context)
{
    const struct history_process *process = context;
    (void)stream;
    process->calls->room(process->context);
}

static void ended(struct loop_stream *stream, void *context)
{
    const struct history_process *process = context;
    (void)stream;
    process->calls->gone(process->context);
}

int history_process_attach(struct history_process *process, struct loop *loop,
                           const struct history_process_calls *calls, void *context)
{
    static const struct loop_stream_calls stream_calls = {answered, drained, ended};
    process->calls = calls;
    process->context = context;
    process->stream = loop_stream_new(loop, process->fd, HISTORY_ANSWER_BYTES, &stream_calls, process);
    process->fd = -1;
    return process->stream == NULL ? -ENOMEM : 0;
}

void history_process_send(struct history_process *process, const struct history_record *record,
                          const char *name)
{
    uint8_t bytes[HISTORY_PLACE + HISTORY_NAME_BYTES] = {0};
    struct history_record copy = *record;
    const bool has_name = name != NULL && *name != '\0';
    copy.flags = (uint8_t)((copy.flags & HISTORY_UNCERTAIN) | (has_name ? HISTORY_NAMED : 0));
    history_record_write(&copy, 0, 0, bytes);
    if (has_name)
        memcpy(bytes + HISTORY_PLACE, name, strnlen(name, HISTORY_NAME_BYTES - 1));
    loop_stream_write(process->stream, bytes, HISTORY_PLACE + (has_name ? HISTORY_NAME_BYTES : 0));
}

void history_process_event(struct history_process *process, const char *line, size_t length)
{
    const struct history_record record = {
        .kind = HISTORY_EVENT, .time_ms = 0, .other_ms = length, .by = HISTORY_NOBODY};
    uint8_t bytes[HISTORY_PLACE];
    history_record_write(&record, 0, 0, bytes);
    loop_stream_write(process->stream, bytes, sizeof(bytes));
    loop_stream_write(process->stream, line, length);
}

size_t history_process_waiting(const struct history_process *process)
{
    return loop_stream_waiting(process->stream);
}

bool history_process_has_ended(struct history_process *process)
{
    if (!process->reaped)
        process->reaped = waitpid(process->pid, NULL, WNOHANG) != 0;
    return process->reaped;
}

void history_process_free(struct history_process *process)
{
    if (process == NULL)
        return;
    loop_stream_free(process->stream);
    if (process->fd >= 0)
        close(process->fd);
    (void)history_process_has_ended(process); /* one that waits for its disk is left to init */
    free(process);
}
