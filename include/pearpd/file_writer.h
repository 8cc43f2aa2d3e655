/* file_writer.h: a child process that writes a file for a program that must never wait for a disk.
 * In: lines. Out: FILE, replaced as a whole or not at all; an answer for each try. Called by: daemon.
 * Never: blocks its caller, knows what the lines say.
 *
 * The lines go to FILE.new beside it, which is synced, renamed over FILE, and the directory is synced. Where the caller
 * dies before it has committed, nothing is replaced. Only a regular file of this user's is replaced: never what a
 * symbolic link names, nor a directory. FILE has one writer at a time: a second one's tries fail by EWOULDBLOCK. */
#ifndef PEARPD_FILE_WRITER_H
#define PEARPD_FILE_WRITER_H

#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_WRITER_PATH_BYTES 256

struct file_writer;

struct file_writer_calls {
    /* What was committed is in the file (0), or does not (errno, and the step at which it failed: a constant
     * string). */
    void (*done)(void *context, int error, const char *step);
    /* There is room for more lines. */
    void (*room)(void *context);
    /* The child takes nothing any more: it died. */
    void (*gone)(void *context);
};

/* Forks the child that will write `path`. It keeps none of the caller's descriptors; `unburden` (may be NULL) is
 * called in it, to let go of memory that it would hold on to. NULL: errno says why. */
struct file_writer *file_writer_new(const char *path, void (*unburden)(void *context), void *context);

/* Serves it by `loop` from now on. 0 or -ENOMEM. Borrows `calls`. */
int file_writer_attach(struct file_writer *writer, struct loop *loop, const struct file_writer_calls *calls,
                       void *context);

/* A file begins; one that was begun and not committed is forgotten. */
void file_writer_begin(struct file_writer *writer);
/* One line with its newline; not over 4,096 bytes. */
void file_writer_line(struct file_writer *writer, const char *line, size_t length);
/* These were all the lines: the file is to be replaced. */
void file_writer_commit(struct file_writer *writer, uint64_t lines);

/* Bytes that the child has not taken yet. */
size_t file_writer_waiting(const struct file_writer *writer);

/* True where the child has ended, which is reaped then. */
bool file_writer_has_ended(struct file_writer *writer);

/* Lets go of the child: it ends what was committed, and itself. NULL is fine. */
void file_writer_free(struct file_writer *writer);

#endif
