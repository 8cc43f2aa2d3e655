/* schema.h: the table of everything that a configuration file may say: parser and manual use it. */
#ifndef PEARPD_CONF_SCHEMA_H
#define PEARPD_CONF_SCHEMA_H

#include "reader.h"

#include <stddef.h>
#include <stdint.h>

struct section_row {
    enum conf_section section;
    const char *name;     /* the first word between the brackets */
    const char *argument; /* what follows it, for people; NULL: nothing */
    unsigned later;       /* the part of the work that brings it; 0: it is here */
    const char *help;
};

struct key_row {
    enum conf_section section;
    const char *key;
    const char *values; /* what it takes, for people */
    const char *preset; /* its default as it would be written; NULL: it must be given */
    const char *help;
    unsigned later; /* any value but the default belongs to that part of the work; 0: it is here */
    /* Takes the value. False: it does not fit, and the fault is noted. */
    bool (*take)(struct conf_reader *r, const struct key_row *row, const char *value);
    size_t offset; /* of a number in struct config */
    uint32_t least, most;
};

/* Faults about the value of the key on the line being read. */
#define bad_value(r, row, value) \
    (conf_fault_at((r), (r)->line, "%s = %s: must be %s", (row)->key, (value), (row)->values), false)

/* What rows of several sections share. A MAC that a host can have; a port set's OFFSET/LENGTH; a number into
 * struct config; text for people; false, and the fault is noted, where it is none. */
bool take_unicast_mac(struct conf_reader *r, const struct key_row *row, const char *value, struct mac *mac);
bool take_port_set(struct conf_reader *r, const struct key_row *row, const char *value,
                   struct port_set_params *params);
bool take_number(struct conf_reader *r, const struct key_row *row, const char *value);
bool take_name(struct conf_reader *r, const struct key_row *row, const char *value,
               char name[static RANGE_NAME_BYTES]);

/* Cuts the next word off *rest: what stands before a comma, without blanks. */
char *next_word(char **rest);

extern const struct section_row section_rows[];
extern const size_t section_row_count;
extern const struct key_row key_rows[];
extern const size_t key_row_count;

const struct section_row *section_row_of(enum conf_section section);

#endif
