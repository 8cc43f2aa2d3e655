/* state_file.h: a whole state file: its first and last line, and what is logged of one with faults.
 * In: a path or bytes. Out: the engine's table, as far as it can be read; one line for people.
 * Called by: state; the tests and a fuzz target read bytes by it. Never: writes a file; a faulty one is renamed. */
#ifndef PEARPD_DAEMON_STATE_FILE_H
#define PEARPD_DAEMON_STATE_FILE_H

#include "state_kinds.h"

#define STATE_MAGIC   "pearpd-state"
#define STATE_VERSION 1

/* The times at which a file is saved or read. */
struct state_times {
    char boot_id[64]; /* empty: not known */
    uint64_t boottime_ns, wall_us;
};

struct state_reading {
    struct state_load load;
    struct state_times now;
    struct state_reader reader;
    bool has_header, has_end, is_ours; /* begins as our files do, or has a record that is whole */
    uint64_t version;                  /* of its header */
    uint64_t bytes, records;           /* of every kind that were whole */
    uint64_t promised;                 /* by its last line */
    uint64_t restored, refused, unknown, senseless;
    unsigned magic; /* bytes that began as ours */
};

/* The first line and the last, ended. */
void state_header(struct state_line *line, const struct state_times *times);
void state_trailer(struct state_line *line, uint64_t records);

/* Reads a file in pieces: `load` but for its times, and `now`. */
void state_reading_begin(struct state_reading *reading, const struct state_load *load,
                         const struct state_times *now);
void state_reading_feed(struct state_reading *reading, const char *bytes, size_t length);
void state_reading_end(struct state_reading *reading);
/* True where something of the file was damaged or is missing. */
bool state_reading_is_damaged(const struct state_reading *reading);

/* Reads `path` into load->engine, says in the log what came of it, and sets a file with faults aside, as
 * PATH.damaged. 0: the path is ours to write. -Exxx: what is there is not, and is not changed. */
int state_file_read(const char *path, const struct state_load *load, const struct state_times *now,
                    struct state_reading *reading);

#endif
