/* option_table.h: a program's options, a row each: reading, long names and usage come from it (getopt_long(3)).
 * Called by: daemon, ctl, agent. Never: knows what an option is for. */
#ifndef PEARPD_OPTION_TABLE_H
#define PEARPD_OPTION_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define OPTION_LONG 256 /* values from here on have no short form */

struct option_row {
    const char *name;     /* long form; NULL: none */
    int value;            /* short form's character, or OPTION_LONG and up */
    const char *argument; /* what it is, for the usage; NULL: none */
    const char *help;     /* NULL: not in the usage */
};

/* The next option's value, its argument in *argument (NULL: none); -1: there are no more, and *words are the arguments
 * that are no options, after them if need be; '?': wrong, and getopt has described it on stderr. */
int option_table_next(const struct option_row *rows, size_t count, int argc, char **argv, const char **argument,
                      char ***words);

/* A line for each row: "  -c, --config FILE     help". */
void option_table_usage(const struct option_row *rows, size_t count, FILE *out);

#endif
