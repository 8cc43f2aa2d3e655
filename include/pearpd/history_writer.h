/* history_writer.h: writes the ownership history: what begins and ends, in files that are bounded in bytes and age.
 * In: records, in their order, with their times. Out: FILE and its predecessors (history_files.h). Called by: the process
 * that waits for the disk in place of the daemon (history_process.c), the tests. Never: asks for the time.
 *
 * FILE is only appended to. Once it is large or old enough it gets its number as a suffix, and a new FILE begins with a
 * checkpoint of all that is held. The oldest go where all together exceed `bytes`, or what is in one is older than `days`.
 * What cannot be written is counted; the next file, which has a checkpoint, is begun as soon as there is room again. */
#ifndef PEARPD_HISTORY_WRITER_H
#define PEARPD_HISTORY_WRITER_H

#include "pearpd/history_record.h"
#include "pearpd/log.h"

#include <stdint.h>

struct history_limits {
    uint64_t bytes; /* of all files together */
    uint64_t age_s; /* of what is in them; all of one file go at once, 1/30 of it later at most */
};

struct history_writer;

struct history_writer_calls {
    /* For the log. */
    void (*say)(void *context, enum log_level level, const char *text);
};

/* NULL: out of memory. Borrows `calls`. */
struct history_writer *history_writer_new(const char *path, const struct history_limits *limits,
                                          const struct history_writer_calls *calls, void *context);
/* Writes what is waiting, and closes. NULL is fine. */
void history_writer_free(struct history_writer *writer);

/* Reads what was held and goes on behind it, after a HISTORY_START of `now_ms`. 0; -EWOULDBLOCK: another process writes it;
 * -EEXIST: what has that name is not ours, and stays as it is; -Exxx: it cannot be written now, and
 * history_writer_flush() tries again. */
int history_writer_open(struct history_writer *writer, uint64_t now_ms);

/* One record. Of HISTORY_SYNC: what is not named by a HISTORY_HELD before HISTORY_CHECKED has ended: at `time_ms`, or where it is
 * uncertain (HISTORY_UNCERTAIN) at `other_ms`, 0: when the daemon was last known to run. HISTORY_LIMITS takes other limits.
 * `name` is "" or of the host. */
void history_writer_take(struct history_writer *writer, const struct history_record *record, const char *name);

/* Writes what is waiting; begins a new file and removes old ones where it is time. 0, or what it failed by: logged once. */
int history_writer_flush(struct history_writer *writer);
/* Waits for the disk to have it. */
void history_writer_sync(struct history_writer *writer);

struct history_figures {
    uint64_t bytes, records, lost; /* of all files; written and lost by this writer */
    uint32_t files, held;
};
struct history_figures history_writer_figures(const struct history_writer *writer);

#endif
