/* control_rows.h: the commands of the control socket, a row each: a new command or listing is one row here and one in
 * src/ctl/main.c. Read by: control, control_request. */
#ifndef PEARPD_DAEMON_CONTROL_ROWS_H
#define PEARPD_DAEMON_CONTROL_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_ARGUMENTS_MAX 3

struct control_argument;
struct control_asker;

struct control_row {
    const char *name;
    const char *usage; /* its arguments, as people read them */
    unsigned least;    /* arguments that must be there; options may come anywhere */
    const struct control_argument *arguments[CONTROL_ARGUMENTS_MAX]; /* in their order; NULL: no more */
    bool has_counts; /* its answer has counters or ages of owners: the fast path is asked for them first */
    /* A command: answers now, or lets the asker wait. */
    void (*run)(struct control_asker *asker);
    /* A listing: begins (NULL: a list), reports one entry, ends (NULL: a list). open: 0, or -1: it has answered with an
     * error. next: false, and nothing is reported: there are no more. It may report nothing and return true. */
    int (*open)(struct control_asker *asker);
    bool (*next)(struct control_asker *asker);
    void (*close)(struct control_asker *asker);
};

extern const struct control_row control_rows[];
extern const size_t control_row_count;

#endif
