/* child.h: one run of another program: text in, its exit status and what it printed out.
 * In: a program and its standard input. Out: how it ended. Called by: agent. Never: knows what the program does.
 *
 * The child has nothing but its standard descriptors, an environment of LC_ALL=C alone, no new privileges, and a process
 * group of its own, so that ^C on the terminal ends the caller alone. It does not outlive the caller. */
#ifndef PEARPD_CHILD_H
#define PEARPD_CHILD_H

#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_OUTPUT_BYTES 4096 /* more is cut */

struct child_command {
    const char *program;          /* its path */
    const char *const *arguments; /* its name first, NULL last */
    const char *input;            /* its standard input */
    size_t input_length;
    uint64_t limit_ns;       /* after which it is killed; of child_start() alone */
    bool keeps_capabilities; /* false: it has none */
};

enum child_fate {
    CHILD_EXITED, /* `status`: its exit status */
    CHILD_KILLED, /* `status`: the signal */
    CHILD_LATE,   /* killed at its time limit */
    CHILD_NOT_RUN /* the program could not be executed */
};

struct child_end {
    enum child_fate fate;
    int status;
    char output[CHILD_OUTPUT_BYTES]; /* what came to its standard output and error; ends with a NUL */
};

struct child;

/* Starts a child. `ended` is called once, from the loop; it frees the child. `command` is borrowed until the return.
 * 0, and *child; or -Exxx. */
int child_start(struct loop *loop, const struct child_command *command,
                void (*ended)(void *context, const struct child_end *end), void *context, struct child **child);

/* Runs a child and waits for its end. 0, and *end; or -Exxx. */
int child_run(const struct child_command *command, struct child_end *end);

/* Kills it where it still runs; `ended` is not called. NULL is fine. */
void child_free(struct child *child);

#endif
