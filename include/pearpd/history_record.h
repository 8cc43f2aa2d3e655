/* history_record.h: the records of the ownership history, and the head of each of its files (docs/history-file.md).
 * In and out: bytes of a file, structs. Called by: io, daemon, the tests. Never: opens a file, asks for the time.
 *
 * A file is a head of two places and then records, one place of 32 bytes each. Every place has a check that depends on the
 * file's number and on the place, so that a torn or damaged file loses only the places that are damaged. Times are
 * milliseconds of the wall clock since 1970; numbers are in network order. */
#ifndef PEARPD_HISTORY_RECORD_H
#define PEARPD_HISTORY_RECORD_H

#include "pearpd/addr.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_VERSION    1
#define HISTORY_PLACE      32 /* bytes of one record */
#define HISTORY_HEAD       (2 * HISTORY_PLACE)
#define HISTORY_NAME_BYTES 64 /* with its NUL, as RANGE_NAME_BYTES of config.h */
#define HISTORY_NAME_PLACE 26 /* bytes of a name in one place */
#define HISTORY_NOBODY     UINT32_MAX
#define HISTORY_MOMENT_MS  2000
#define HISTORY_TIME_MOST  ((UINT64_C(1) << 48) - 1)

enum history_kind {
    HISTORY_BEGIN = 1, /* a host became the owner of `ports` at `time_ms` */
    HISTORY_END,       /* ... and was it until `time_ms` */
    HISTORY_HELD,      /* checkpoint: it has been since `time_ms`; in a message: the table has it */
    HISTORY_CHECKED,   /* the checkpoint is whole: nothing else was held */
    HISTORY_NAME,      /* a part of the name of the record before it */
    HISTORY_START,     /* the daemon started; nothing is known between `other_ms` and `time_ms` */
    HISTORY_STOP,      /* the daemon stopped, or died */
    HISTORY_ALIVE,     /* nothing changed until then */
    HISTORY_CLOCK,     /* the wall clock was set from `other_ms` to `time_ms` */
    HISTORY_LOST,      /* changes between `other_ms` and `time_ms` are missing */
    /* Of messages alone; never in a file. */
    HISTORY_SYNC = 64, /* all that is held follows as HISTORY_HELD, and then HISTORY_CHECKED */
    HISTORY_FLUSH,     /* an answer is wanted once all before it is in the file */
    HISTORY_EVENT,     /* `other_ms` bytes of a line for the event log follow */
    HISTORY_LIMITS,    /* `time_ms` bytes, `other_ms` seconds */
};

/* Bits of `flags`. */
#define HISTORY_PORT_SET  1 /* in the file only */
#define HISTORY_UNCERTAIN 2 /* `time_ms` is the best that is known */
#define HISTORY_NAMED     4 /* HISTORY_NAME follows; in a message HISTORY_NAME_BYTES */

struct history_record {
    enum history_kind kind;
    uint8_t flags;
    uint8_t origin; /* enum binding_origin */
    struct port_range ports;
    struct mac mac;
    uint64_t time_ms;
    uint64_t other_ms; /* of kinds without ports */
    uint32_t by;       /* uid of the operator who changed it; HISTORY_NOBODY: none did */
};

/* The word for an origin, which has the number of enum binding_origin of engine.h. */
const char *history_origin_name(uint8_t origin);

/* True where the record is about ports of a host. */
bool history_kind_has_ports(enum history_kind kind);

/* Writes `record` as place number `place` of file `number`. */
void history_record_write(const struct history_record *record, uint32_t number, uint32_t place,
                          uint8_t bytes[static HISTORY_PLACE]);
/* Writes up to HISTORY_NAME_PLACE bytes of a name as a place. Returns how many it took. */
size_t history_name_write(const char *name, uint32_t number, uint32_t place,
                          uint8_t bytes[static HISTORY_PLACE]);

/* True where the check is that of the place. */
bool history_place_is_whole(const uint8_t bytes[static HISTORY_PLACE], uint32_t number, uint32_t place);

/* Reads a place that is whole. False: it makes no sense. */
bool history_record_read(const uint8_t bytes[static HISTORY_PLACE], struct history_record *record);
/* Appends the part of a name to `name`, cut to HISTORY_NAME_BYTES. */
void history_name_read(const uint8_t bytes[static HISTORY_PLACE], char name[static HISTORY_NAME_BYTES]);

/* True where a record is out of the order of time by more than a moment: what it begins can be missed by a search that goes
 * no further than the time that it asks for. `last_ms` is the time of the one before it. */
static inline bool history_is_disorder(uint8_t kind, uint64_t time_ms, uint64_t last_ms)
{
    return kind != HISTORY_END && kind != HISTORY_HELD && time_ms + HISTORY_MOMENT_MS < last_ms;
}

/* The kind of a place, and what it is about, without reading all of it. */
static inline uint8_t history_place_kind(const uint8_t bytes[static HISTORY_PLACE])
{
    return bytes[0];
}

/* The head of a file. */
struct history_head {
    uint32_t version;
    uint32_t number;    /* of the file: each has one more than the one before it */
    uint64_t start_ms;  /* its first time */
    uint64_t latest_ms; /* the latest time of all files before it */
    uint64_t run_ms;    /* when the clock was set last, or the daemon started last, before it */
    uint32_t disorder;  /* how many records before it have a time before that of the one before them */
    uint32_t held;      /* records of its checkpoint */
};

void history_head_write(const struct history_head *head, uint8_t bytes[static HISTORY_HEAD]);
/* 0; -EINVAL: it is no file of ours; -EBADMSG: damaged; -EPROTONOSUPPORT: of another version, which is in *head. */
int history_head_read(const uint8_t bytes[static HISTORY_HEAD], struct history_head *head);

#endif
