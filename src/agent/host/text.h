/* text.h: text put together in a buffer of a fixed size.
 * In: formats as printf(3)'s. Out: the buffer, NUL at its end. Called by: the agent's files that write text. */
#ifndef PEARPD_AGENT_TEXT_H
#define PEARPD_AGENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at; /* where the next goes */
    size_t left;
    bool failed; /* something did not fit: it and what came behind it are left out */
};

void text_put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
