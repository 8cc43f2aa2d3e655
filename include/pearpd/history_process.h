/* history_process.h: a child process that writes the ownership history for a program that must never wait for a disk.
 * In: records. Out: the files of history_writer.h; what is to be logged. Called by: daemon. Never: blocks its caller.
 *
 * The first record is a HISTORY_SYNC: the files are opened then. Where the caller dies the child writes what it was given, and
 * HISTORY_STOP with the time of that. Records reach the disk within a second or so. */
#ifndef PEARPD_HISTORY_PROCESS_H
#define PEARPD_HISTORY_PROCESS_H

#include "pearpd/history_writer.h"
#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct history_process;

/* What it writes; read before the return. */
struct history_process_options {
    const char *path;
    struct history_limits limits;
    const char *events;   /* the event log; "": none */
    uint64_t event_bytes; /* of it and the one before it together */
};

struct history_process_calls {
    /* A line for the log. */
    void (*said)(void *context, enum log_level level, const char *text);
    /* All that was sent before a HISTORY_FLUSH, or a HISTORY_ALIVE, has been written, or could not be: `error` is 0 or an errno. */
    void (*flushed)(void *context, bool is_asked, const struct history_figures *figures, int error);
    /* There is room for more records. */
    void (*room)(void *context);
    /* The child takes nothing any more: it died, or the files are not its own to write. */
    void (*gone)(void *context);
};

/* Forks the child. It keeps none of the caller's descriptors; `unburden` (may be NULL) is called in it, to let go of
 * memory. NULL: errno says why. */
struct history_process *history_process_new(const struct history_process_options *options,
                                            void (*unburden)(void *context), void *context);
/* Serves it by `loop` from now on. 0 or -ENOMEM. Borrows `calls`. */
int history_process_attach(struct history_process *process, struct loop *loop,
                           const struct history_process_calls *calls, void *context);

/* One record, as history_writer_take() has it; `name` is "" or of the host. */
void history_process_send(struct history_process *process, const struct history_record *record,
                          const char *name);

/* A line of the event log, with its newline. */
#define HISTORY_EVENT_BYTES 1024
void history_process_event(struct history_process *process, const char *line, size_t length);

/* Bytes that the child has not taken yet. */
size_t history_process_waiting(const struct history_process *process);

/* True where the child has ended, which is reaped then. */
bool history_process_has_ended(struct history_process *process);

/* Lets go of the child: it writes what it has, and ends. NULL is fine. */
void history_process_free(struct history_process *process);

#endif
