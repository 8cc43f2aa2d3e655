/* history_process_child.c: see history_process_child.h. */
#include "history_process_child.h"

#include "pearpd/clock.h"

#include "event_file.h"
#include "writer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES   65536
#define LOCK_TRIES    250 /* a predecessor whose daemon died ends soon */
#define LOCK_PAUSE_NS 20000000
#define SYNC_PAUSE_MS 1000

/* Static in the child: nothing of it is touched in the caller. */
struct served {
    struct history_writer *writer;
    bool is_open, is_dirty, is_stopped;
    int error;
    int event_error; /* as logged */
    struct event_file events;
    char input[INPUT_BYTES];
    size_t used;
};

static void answer(const char *text, size_t length)
{
    if (write(WRITER_CHILD_CHANNEL, text, length) < 0 && errno != EPIPE)
        _exit(1);
}

static void say(void *context, enum log_level level, const char *text)
{
    char line[HISTORY_ANSWER_BYTES];
    (void)context;
    const int length = snprintf(line, sizeof(line) - 1, "say %d %s", (int)level, text);
    const size_t used = length < (int)sizeof(line) - 1 ? (size_t)length : sizeof(line) - 2;
    line[used] = '\n';
    answer(line, used + 1);
}

static void report(const struct served *s, bool is_asked)
{
    char line[HISTORY_ANSWER_BYTES];
    const struct history_figures f = history_writer_figures(s->writer);
    const int length = snprintf(line, sizeof(line),
                                "flushed %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 "\n",
                                is_asked, -s->error, f.bytes, f.records, f.lost, f.files, f.held);
    answer(line, (size_t)length);
}

/* The time of the first record is that of the start. */
static void open_files(struct served *s, uint64_t now_ms)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    int error = history_writer_open(s->writer, now_ms);
    for (unsigned tries = 0; error == -EWOULDBLOCK && tries < LOCK_TRIES; tries++) {
        nanosleep(&pause, NULL);
        error = history_writer_open(s->writer, now_ms);
    }
    if (error == -EWOULDBLOCK)
        say(NULL, LOG_LEVEL_ERROR, "another process writes the history: nothing is recorded by this one");
    else if (error == -EEXIST)
        say(NULL, LOG_LEVEL_ERROR,
            "what has the name of the history is no file of ours: it stays as it is, and nothing is recorded");
    if (error == -EWOULDBLOCK || error == -EEXIST)
        _exit(1);
    s->error = error;
    s->is_open = true;
}

static void note_event_error(struct served *s, int error)
{
    char text[EVENT_FILE_PATH_BYTES + 128];
    if (error == s->event_error)
        return;
    s->event_error = error;
    snprintf(text, sizeof(text), "%s%s%s", s->events.path,
             error == 0 ? " is written again" : " cannot be written: ", error == 0 ? "" : strerror(-error));
    say(NULL, error == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, text);
}

static void flush(struct served *s)
{
    s->error = history_writer_flush(s->writer);
    if (s->events.used > 0)
        note_event_error(s, event_file_flush(&s->events));
}

static void take(struct served *s, const struct history_record *record, const char *name)
{
    if (!s->is_open && record->kind != HISTORY_SYNC)
        return;
    if (!s->is_open)
        open_files(s, record->time_ms);
    if (record->kind != HISTORY_FLUSH)
        history_writer_take(s->writer, record, name);
    s->is_dirty = true;
    s->is_stopped = record->kind == HISTORY_STOP || (s->is_stopped && record->kind == HISTORY_FLUSH);
    if (record->kind != HISTORY_FLUSH && record->kind != HISTORY_ALIVE)
        return;
    flush(s);
    report(s, record->kind == HISTORY_FLUSH);
}

/* The whole messages of the input. False: they make no sense. */
static bool take_input(struct served *s)
{
    size_t at = 0;
    while (s->used - at >= HISTORY_PLACE) {
        struct history_record record;
        char name[HISTORY_NAME_BYTES] = "";
        const uint8_t *place = (const uint8_t *)s->input + at;
        if (!history_place_is_whole(place, 0, 0) || !history_record_read(place, &record))
            return false;
        const size_t length =
            HISTORY_PLACE + (size_t)(record.kind == HISTORY_EVENT          ? record.other_ms
                                     : (record.flags & HISTORY_NAMED) != 0 ? HISTORY_NAME_BYTES
                                                                           : 0);
        if (length > HISTORY_PLACE + HISTORY_EVENT_BYTES)
            return false;
        if (s->used - at < length)
            break;
        if (record.kind == HISTORY_EVENT &&
            event_file_line(&s->events, (const char *)place + HISTORY_PLACE, length - HISTORY_PLACE) != 0)
            note_event_error(s, -EIO);
        else if (length > HISTORY_PLACE && record.kind != HISTORY_EVENT)
            memcpy(name, place + HISTORY_PLACE, HISTORY_NAME_BYTES - 1);
        if (record.kind != HISTORY_EVENT)
            take(s, &record, name);
        at += length;
    }
    s->used -= at;
    memmove(s->input, s->input + at, s->used);
    return true;
}

/* Once nothing more comes for a while, what was written is brought to the disk. */
static void wait_for_input(struct served *s)
{
    struct pollfd input = {.fd = WRITER_CHILD_CHANNEL, .events = POLLIN};
    if (!s->is_dirty || poll(&input, 1, SYNC_PAUSE_MS) != 0)
        return;
    history_writer_sync(s->writer);
    s->is_dirty = false;
}

static void serve(struct served *s)
{
    ssize_t length;
    for (;;) {
        wait_for_input(s);
        length = read(WRITER_CHILD_CHANNEL, s->input + s->used, sizeof(s->input) - s->used);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            break;
        s->used += (size_t)length;
        if (!take_input(s))
            break;
        if (s->is_open)
            flush(s);
    }
    if (!s->is_open)
        return;
    if (!s->is_stopped)
        history_writer_take(s->writer,
                            &(struct history_record){
                                .kind = HISTORY_STOP, .time_ms = clock_wall_us() / 1000, .by = HISTORY_NOBODY},
                            "");
    (void)history_writer_flush(s->writer);
}

_Noreturn void history_process_child(int channel, const struct history_process_options *options)
{
    static const struct history_writer_calls calls = {say};
    static struct served served;
    writer_child_begin("pearpd-history", channel);
    served.writer = history_writer_new(options->path, &options->limits, &calls, NULL);
    snprintf(served.events.path, sizeof(served.events.path), "%s", options->events);
    served.events.bytes = options->event_bytes;
    if (served.writer == NULL)
        _exit(1);
    serve(&served);
    history_writer_free(served.writer);
    _exit(0);
}
