/* schema.h: the table of everything that the agent's file may say: reader and manual use it.
 * In: a section's argument, a key's value. Out: options, faults. Called by: config. Never: reads a file. */
#ifndef PEARPD_AGENT_SCHEMA_H
#define PEARPD_AGENT_SCHEMA_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTIONS_MAX     16
#define SECTION_KEYS_MAX 32

struct section_row;
struct agent_fault;

/* The state of reading one file. */
struct reading {
    const char *file;
    struct agent_options *options;
    unsigned line; /* being read */

    const struct section_row *section; /* NULL: before the first, or unknown: its keys are passed over */
    unsigned section_line;
    unsigned key_lines[SECTION_KEYS_MAX]; /* of the present section, by row; 0: not there */
    unsigned section_lines[SECTIONS_MAX]; /* of the last of its kind, by row; 0: not there */

    unsigned agent_line, address_line, ports_line, gateway_line;
    struct ipv4 address; /* the short form: one range, in [agent] itself */
    uint16_t first, last;
    unsigned ranges_seen;           /* [range], good or not */
    unsigned range_lines[HELD_MAX]; /* where each of options->held stands */
    unsigned service_lines[SERVICES_MAX];
    struct dns_name default_zone; /* of [dns]; length 0: none */

    struct agent_fault *faults;
    size_t fault_count;
    bool faults_left_out, out_of_memory;
};

struct key_row {
    const char *key;
    const char *values; /* what it takes, for people */
    const char *preset; /* its default as it would be written; NULL: it must be given */
    const char *help;
    /* Takes the value. False: it is not as `values` says, and the caller notes so. One that notes a fault of
     * its own returns true. */
    bool (*take)(struct reading *r, const struct key_row *row, const char *value);
    size_t offset; /* of a number or text in struct agent_options */
    uint32_t least, most;
};

struct section_row {
    const char *name;     /* the first word between the brackets */
    const char *argument; /* what follows it, for people; NULL: nothing, and the section stands once */
    const char *help;
    /* A section begins; `argument` is "" without one. False: its keys are to be passed over. May be NULL. */
    bool (*begin)(struct reading *r, const char *argument);
    /* Takes a key where keys are no rows, as in [keys]. NULL: they are rows. */
    void (*take)(struct reading *r, const char *name, const char *value);
    const struct key_row *keys;
    size_t key_count; /* SECTION_KEYS_MAX at most */
};

/* A section is a row here; its keys may stand in a file of their own. */
extern const struct section_row section_rows[];
extern const size_t section_row_count;

/* Notes a fault at `line`. */
void reading_fault(struct reading *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Values of usual kinds, as key_row.take. */
bool take_number(struct reading *r, const struct key_row *row, const char *value);
bool take_path(struct reading *r, const struct key_row *row, const char *value); /* absolute, or "none" */

/* The place of the word `value` in row->values, "a | b | c"; -1: it is none of them. */
int choice(const struct key_row *row, const char *value);

#endif
