/* event_file.h: a file of lines that is bounded: once it is half as large as it may be it becomes FILE.1, in place of the one before.
 * In: lines. Out: FILE, appended to. Called by: the process that writes the history. Never: keeps it open. */
#ifndef PEARPD_IO_EVENT_FILE_H
#define PEARPD_IO_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_FILE_PATH_BYTES 256

struct event_file {
    char path[EVENT_FILE_PATH_BYTES]; /* empty: none is written */
    uint64_t bytes;                   /* of both together */
    size_t used;
    char buffer[32768];
};

/* One line with its newline, shorter than the buffer; flushes where there is no room. 0 or as below: lines are lost then. */
int event_file_line(struct event_file *file, const char *line, size_t length);

/* Appends what is waiting. 0; -EEXIST: what has the name is no file of this user's; -Exxx. */
int event_file_flush(struct event_file *file);

#endif
