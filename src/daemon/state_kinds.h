/* state_kinds.h: the kinds of record in a state file: how each is saved and taken back. A kind is a row.
 * In: an engine, to be walked; records, to be put back. Called by: state, state_load. Never: opens a file. */
#ifndef PEARPD_DAEMON_STATE_KINDS_H
#define PEARPD_DAEMON_STATE_KINDS_H

#include "pearpd/engine.h"
#include "pearpd/state_line.h"

#include "usage_month.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a save has got to. It starts zero but for the engine and the time; the table may change meanwhile. */
struct state_walk {
    const struct engine *engine;
    uint64_t now_ns; /* of its start: relative times are relative to it */
    unsigned kind;
    uint64_t count;                    /* records of this kind so far */
    const struct usage_months *months; /* may be NULL, as in a load */
    struct table_cursor bindings;
    uint32_t leases;
    struct seq_cursor seqs;
    uint32_t denied;
    uint32_t accounts;
    struct usage_months_cursor rows;
};

/* The next record, as a line that is not ended yet. False: there are no more. */
bool state_walk_next(struct state_walk *walk, struct state_line *line);

/* What a file's records are put back into, and what became of them. */
struct state_load {
    struct engine *engine;
    struct usage_months *months;
    const struct engine_out *out;
    uint64_t now_ns;
    uint64_t elapsed_ns; /* since the file was saved, as far as it is known */
    bool is_same_boot;   /* by a clock that does not jump */
    bool has_epoch;
    uint64_t epoch;
    uint64_t hello_seq; /* 0: not known */
};

/* Puts one record back. 0; -EBADMSG: it lacks a field, or has one that makes no sense; -ENOMSG: a kind that is not
 * known; else it does not fit the present configuration. */
int state_record_load(struct state_load *load, const struct state_record *record);

#endif
