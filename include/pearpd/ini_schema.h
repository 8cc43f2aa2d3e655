/* ini_schema.h: the schema of a configuration file: one row for each section and each key.
 * In: the rows, a stream. Out: values in the caller's struct; every fault with its line; the manual's list of keys.
 * Called by: conf, agent. Never: knows what a section or a key means.
 *
 * A key's type, bounds, default and help are in its row and nowhere else. The default is text: it is read into the
 * struct as if the file said so. */
#ifndef PEARPD_INI_SCHEMA_H
#define PEARPD_INI_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ini_file; /* a file being read */
struct ini_key;

/* A type of values. */
struct ini_type {
    const char *name; /* one word for the manual: `key = NAME` */
    const char *text; /* what a value must be, in a fault: "must be TEXT" */
    const char *help; /* a sentence for the manual's list of types; NULL: `text` says it */
    bool is_sized;    /* text of at most ini_key.size - 1 bytes */
    /* Reads `value` into `field`, which the row names. False: the value is not as the row says, which the caller
     * notes. A type that notes its own fault with ini_fault() returns true. */
    bool (*read)(struct ini_file *file, const struct ini_key *key, const char *value, void *field);
};

extern const struct ini_type ini_number;  /* least to most, into uint8_t, uint16_t or uint32_t */
extern const struct ini_type ini_seconds; /* the same */
extern const struct ini_type
    ini_choice; /* one of `choices`: its place among them, into bool, uint8_t or an enum */
extern const struct ini_type ini_text;    /* char[] */
extern const struct ini_type ini_path;    /* char[]: absolute, not a folder */
extern const struct ini_type ini_mac;     /* struct mac: one that a host can have */
extern const struct ini_type ini_address; /* struct ipv4: one that a host can have */

struct ini_key {
    const char *name;
    const struct ini_type *type;
    const char *preset; /* the default, as a file would say it; NULL: the key must be given */
    const char *none; /* a word, or "", for "not set", beside the type's values: the field is then all zeros */
    const char *choices; /* "a | b | c", of ini_choice, or of a type that reads words */
    uint32_t least, most;
    size_t field, size; /* INI_FIELD(), in the section's target; size 0: the value is kept nowhere */
    size_t given;       /* of a bool there: true where there is a value, not `none`, without a fault; 0: none */
    size_t line;        /* of an unsigned there: the line of a value that is not `none`; 0: as with `given` */
    bool is_secret;     /* no message repeats its value */
    const char *help;   /* sentences */
};
#define INI_FIELD(type, member) .field = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

struct ini_section {
    const char *name;     /* the first word between the brackets */
    const char *argument; /* what follows it, for people; NULL: nothing, and the section may be there once */
    const char *help;     /* sentences */
    /* A section with an argument begins. Returns the target that `field` of its keys is in; NULL: its keys are
     * skipped. A section without an argument has the file's target. */
    void *(*begin)(struct ini_file *file, const char *argument);
    void (*end)(struct ini_file *file, void *target); /* its last key was read; may be NULL */
    /* Takes a key where keys are no rows, as in [keys]; NULL: they are rows. */
    void (*take)(struct ini_file *file, const char *name, const char *value);
    const struct ini_key *keys;
    size_t key_count;
};

#define INI_KEYS(array) .keys = (array), .key_count = sizeof(array) / sizeof((array)[0])

/* A key or a section that a later version brings: it has no other row. */
struct ini_later {
    const char *section;
    const char *key;  /* NULL: every key of the section, which itself is no fault */
    const char *only; /* of a key: the value that is no fault */
};

struct ini_schema {
    const struct ini_section *sections;
    size_t section_count;
    const struct ini_later *later;
    size_t later_count;
    size_t bytes;                         /* the longest file that is read */
    void (*check)(struct ini_file *file); /* what only the whole file shows; all sections ended; may be NULL */
};

/* Called once for each fault, in the order of their lines; `message` names the value. */
typedef void ini_fault_fn(void *context, const char *file, unsigned line, const char *message);

/* Reads a file into `target`, all defaults first. `context` is for the callbacks. Returns the number of faults, or
 * -Exxx where the file cannot be read at all, which is a fault of line 0. */
int ini_schema_read(const struct ini_schema *schema, const char *name, void *target, void *context,
                    ini_fault_fn *fault, void *fault_context);
/* A file, and those that are read after it as if they were its end: each names itself in its faults. */
struct ini_names {
    const char *file;
    const char *const *drop_ins;
    size_t drop_in_count;
};
int ini_schema_read_parts(const struct ini_schema *schema, const struct ini_names *names, void *target,
                          void *context, ini_fault_fn *fault, void *fault_context);
/* The same of one file from an open stream; `name` is FILE in messages. */
int ini_schema_read_stream(const struct ini_schema *schema, FILE *stream, const char *name, void *target,
                           void *context, ini_fault_fn *fault, void *fault_context);

/* Every default of sections without an argument, as for an empty file. */
void ini_schema_presets(const struct ini_schema *schema, void *target, void *context);

/* For callbacks. */

const char *ini_name(const struct ini_file *file);
void *ini_target(const struct ini_file *file);
/* What `field` of a key is in: of the section that is being read, or that gets its defaults. */
void *ini_section_target(const struct ini_file *file);
void *ini_context(const struct ini_file *file);
/* The line that is being read. Where there are drop-ins, lines count on from one file to the next. */
unsigned ini_line(const struct ini_file *file);
/* The line of a key in the section of that name (of the one that is being read, or that was read last, where there may
 * be several), or with key NULL of the section; 0: it is not there, or its value is `none`. */
unsigned ini_line_of(const struct ini_file *file, const char *section, const char *key);

/* "line 12"; with drop-ins "line 12 of rack1.conf". Returns `text`. */
#define INI_LINE_TEXT_BYTES 128
const char *ini_line_format(const struct ini_file *file, unsigned line, char text[static INI_LINE_TEXT_BYTES]);

/* Notes a fault at `line`. */
void ini_fault(struct ini_file *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `array` of `count` elements with room for one more. NULL: no memory, which is noted; `array` stays. */
void *ini_grow(struct ini_file *file, void *array, size_t count, size_t size);

/* The place of the word `value` in "a | b | c"; -1: it is none of them. */
int ini_choice_index(const char *choices, const char *value);
/* Cuts the next word off *rest, text between commas, without blanks around it. */
char *ini_next_word(char **rest);

/* What a key's value must be, for people. Returns `text`. */
#define INI_DESCRIPTION_BYTES 256
const char *ini_describe(const struct ini_key *key, char text[static INI_DESCRIPTION_BYTES]);

/* The list of types, sections and keys for the manual, as mdoc(7). */
void ini_print_mdoc(const struct ini_schema *schema, FILE *out);

#endif
