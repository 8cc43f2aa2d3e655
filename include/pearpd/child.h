/* child.h: one run of another program: text in, its exit status and what it printed out, without waiting for it.
 * In: a program and its standard input. Out: one call at its end. Called by: agent. Never: knows what the program does.
 *
 * The child has no capability and gains none, an environment without anything but LC_ALL=C, and a process group of its
 * own, so that ^C on the terminal ends the caller alone. It does not outlive the caller. */
#ifndef PEARPD_CHILD_H
#define PEARPD_CHILD_H

#include "pearpd/loop.h"

#include <stddef.h>
#include <stdint.h>

#define CHILD_OUTPUT_BYTES 4096 /* more is cut */

struct child_command {
    const char *program;          /* its path */
    const char *const *arguments; /* its name first, NULL last */
    const char *input;            /* its standard input */
    size_t input_length;
    uint64_t limit_ns; /* after which it is killed */
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
    const char *output; /* what came to its standard output and error; ends with a NUL; borrowed */
};

struct child;

/* Starts a child. `ended` is called once, from the loop; it frees the child. `command` is borrowed until the return.
 * 0, and *child; or -Exxx. */
int child_start(struct loop *loop, const struct child_command *command,
                void (*ended)(void *context, const struct child_end *end), void *context, struct child **child);

/* Kills it where it still runs; `ended` is not called. NULL is fine. */
void child_free(struct child *child);

#endif
