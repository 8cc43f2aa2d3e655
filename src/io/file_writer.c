/* file_writer.c: see file_writer.h. The caller's side of the child that writes. */
#include "pearpd/file_writer.h"

#include "file_writer_child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct file_writer {
    pid_t pid;
    int fd; /* -1: the stream has it */
    bool reaped;
    struct loop_stream *stream;
    const struct file_writer_calls *calls;
    void *context;
};

struct file_writer *file_writer_new(const char *path, void (*unburden)(void *context), void *context)
{
    int ends[2];
    const pid_t caller = getpid();
    struct file_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(writer);
        return NULL;
    }
    writer->fd = ends[0];
    writer->pid = fork();
    if (writer->pid == 0) {
        if (unburden != NULL)
            unburden(context);
        file_writer_child(ends[1], path, caller);
    }
    int error = errno;
    close(ends[1]);
    if (writer->pid < 0) {
        close(ends[0]);
        free(writer);
        errno = error;
        return NULL;
    }
    return writer;
}

static void answered(struct loop_stream *stream, const char *text, size_t length, void *context)
{
    struct file_writer *writer = context;
    char line_text[FILE_WRITER_ANSWER_BYTES];
    int error;
    unsigned step;
    (void)stream;
    snprintf(line_text, sizeof(line_text), "%.*s", (int)length, text);
    if (sscanf(line_text, "done %d %u", &error, &step) == 2)
        writer->calls->done(writer->context, error, file_writer_step(step));
}

static void drained(struct loop_stream *stream, void *context)
{
    struct file_writer *writer = context;
    (void)stream;
    writer->calls->room(writer->context);
}

static void ended(struct loop_stream *stream, void *context)
{
    struct file_writer *writer = context;
    (void)stream;
    writer->calls->gone(writer->context);
}

int file_writer_attach(struct file_writer *writer, struct loop *loop, const struct file_writer_calls *calls,
                       void *context)
{
    static const struct loop_stream_calls stream_calls = {answered, drained, ended};
    writer->calls = calls;
    writer->context = context;
    writer->stream = loop_stream_new(loop, writer->fd, FILE_WRITER_ANSWER_BYTES, &stream_calls, writer);
    writer->fd = -1;
    return writer->stream == NULL ? -ENOMEM : 0;
}

void file_writer_begin(struct file_writer *writer)
{
    static const char text[] = "begin\n";
    loop_stream_write(writer->stream, text, sizeof(text) - 1);
}

void file_writer_line(struct file_writer *writer, const char *text, size_t length)
{
    loop_stream_write(writer->stream, ".", 1);
    loop_stream_write(writer->stream, text, length);
}

void file_writer_commit(struct file_writer *writer, uint64_t lines)
{
    char text[40];
    int length = snprintf(text, sizeof(text), "commit %" PRIu64 "\n", lines);
    loop_stream_write(writer->stream, text, (size_t)length);
}

size_t file_writer_waiting(const struct file_writer *writer)
{
    return loop_stream_waiting(writer->stream);
}

bool file_writer_has_ended(struct file_writer *writer)
{
    if (!writer->reaped)
        writer->reaped = waitpid(writer->pid, NULL, WNOHANG) != 0;
    return writer->reaped;
}

void file_writer_free(struct file_writer *writer)
{
    if (writer == NULL)
        return;
    loop_stream_free(writer->stream);
    if (writer->fd >= 0)
        close(writer->fd);
    (void)file_writer_has_ended(writer); /* one that waits for its disk is left to init */
    free(writer);
}
