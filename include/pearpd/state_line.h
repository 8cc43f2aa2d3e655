/* state_line.h: the lines of a state file: `KIND KEY=VALUE ... #CHECKSUM`, one record each.
 * In: fields; bytes of a file, in any pieces. Out: lines; the records that are whole. Called by: daemon.
 * Never: opens a file, knows what a record is about.
 *
 * The checksum is the 16 hexadecimal digits of SipHash-2-4 under a zero key over all text before " #": it finds
 * damage, not forgery. Every line has its own, so that a cut, changed or foreign line costs only itself. */
#ifndef PEARPD_STATE_LINE_H
#define PEARPD_STATE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_LINE_BYTES 1024 /* the longest line, with its newline */
#define STATE_FIELDS     32   /* of one record */

/* A line being written. */
struct state_line {
    char text[STATE_LINE_BYTES];
    size_t length;
    bool bad; /* it grew too long, or a value does not fit into a line */
};

void state_line_begin(struct state_line *line, const char *kind);
/* `value` is not empty: printable ASCII without blanks and '#'. */
void state_line_text(struct state_line *line, const char *key, const char *value);
void state_line_u64(struct state_line *line, const char *key, uint64_t value);
/* Adds checksum and newline. The line's length, or 0: it is no line that could be read again. */
size_t state_line_end(struct state_line *line);

/* One record, as it was read. */
struct state_record {
    char text[STATE_LINE_BYTES];
    const char *kind;
    unsigned count;
    struct {
        const char *key, *value;
    } fields[STATE_FIELDS];
};

/* The value of `key`, or NULL. Borrowed from the record. */
const char *state_record_text(const struct state_record *record, const char *key);
/* A decimal number of at most 64 bits. False, and *value is left alone: it is not there, or no number. */
bool state_record_u64(const struct state_record *record, const char *key, uint64_t *value);

/* What is called for each record that is whole. */
typedef void state_record_fn(void *context, const struct state_record *record);

/* A file that is read; zeroed but for the first two at the start. */
struct state_reader {
    state_record_fn *record;
    void *context;
    uint64_t bad; /* pieces of text that are no record */
    char line[4 * STATE_LINE_BYTES];
    size_t length;
    bool overlong; /* the present line: skipped up to its end */
};

/* Takes the next bytes of the file. */
void state_reader_feed(struct state_reader *reader, const char *bytes, size_t length);
/* Takes what is behind the last newline, if there is something. */
void state_reader_end(struct state_reader *reader);

#endif
