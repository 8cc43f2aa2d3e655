/* history_reader.h: searches the ownership history: who held which ports of which address from when to when.
 * In: the files, what is asked for. Out: what was held, through a function of the caller's, as its end is found; what is
 * held still comes last. Called by: ctl, daemon, the writer. Never: waits, prints, changes a file.
 *
 * A search is a number of steps, each of which reads as many places as it is allowed, so that a program with other work
 * can do it in its turns. It begins at the last file before the time that is asked for, and leaves out later files that
 * have nothing to say. */
#ifndef PEARPD_HISTORY_READER_H
#define PEARPD_HISTORY_READER_H

#include "pearpd/history_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_LASTS UINT64_MAX

/* What is asked for: all that is given must fit. Zero asks for everything. */
struct history_query {
    bool has_address;
    struct ipv4 address;
    bool has_ports;
    uint16_t first, last; /* one port of them is enough */
    bool has_mac;
    struct mac mac;
    const char *name;            /* NULL: any; borrowed until the end */
    uint64_t since_ms, until_ms; /* held at some moment of this time, both included; 0 and HISTORY_LASTS: any */
};

/* One holding, borrowed until the call returns. */
struct history_entry {
    struct port_range ports;
    struct mac mac;
    uint8_t origin; /* enum binding_origin */
    const char *name;
    uint32_t by, ended_by;      /* uids of operators, or HISTORY_NOBODY */
    uint64_t from_ms, until_ms; /* until_ms: HISTORY_LASTS while it lasts */
    bool is_from_uncertain, is_until_uncertain;
};

enum history_gap {
    HISTORY_GAP_DOWN,  /* the daemon did not run */
    HISTORY_GAP_LOST,  /* changes could not be written */
    HISTORY_GAP_CLOCK, /* the wall clock was set from `from_ms` to `until_ms` */
};

struct history_calls {
    void (*entry)(void *context, const struct history_entry *entry);
    /* A time for which the history is not certain. Of a clock that was set, `run_ms` is when it had been set before: what
     * was given out with a time from there to from_ms had that time by a clock that was wrong then. May be NULL. */
    void (*gap)(void *context, enum history_gap kind, uint64_t run_ms, uint64_t from_ms, uint64_t until_ms);
};

struct history_found {
    uint64_t places, bad; /* read so far; of them damaged */
    uint64_t begins_ms;   /* of the oldest file: there is nothing before it; HISTORY_LASTS: there is no file */
    uint64_t latest_ms;   /* the last time that was read */
    uint64_t run_ms;      /* when the clock was set or the daemon started last */
    uint32_t disorder;    /* as in the head */
    uint64_t seen_ms;     /* the greatest time read */
    unsigned other_version; /* files of another version, which were not read */
    bool is_stopped;        /* the daemon stopped, and has not started since */
};

struct history_reader;
struct history_set;

/* A search of `count` files, the newest first, as history_files_open() gave them: borrowed until the end. `calls` too.
 * NULL: out of memory. */
struct history_reader *history_reader_new(const int *fds, unsigned count, const struct history_query *query,
                                          const struct history_calls *calls, void *context);
void history_reader_free(struct history_reader *reader);

/* Reads up to `most` places and some. True: there is more to do. */
bool history_reader_step(struct history_reader *reader, uint32_t most);

const struct history_found *history_reader_found(const struct history_reader *reader);

/* For the writer: what is held at the end of the last file, instead of giving it out; the caller's. */
struct history_set *history_reader_take_set(struct history_reader *reader);

#endif
