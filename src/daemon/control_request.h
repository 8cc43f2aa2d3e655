/* control_request.h: the lines that pearpctl sends, taken apart.
 * In: one line, the rows of control_rows.h. Out: a command's row and its arguments, or which word is wrong and why.
 * Called by: control, fuzzing. Never: asks the engine. */
#ifndef PEARPD_DAEMON_CONTROL_REQUEST_H
#define PEARPD_DAEMON_CONTROL_REQUEST_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_LINE_BYTES  4096
#define CONTROL_ERROR_BYTES 256
#define CONTROL_NAME_BYTES  64

struct control_row;

struct control_request {
    const struct control_row *row;
    struct range range; /* a range; a port: of one; an address: all of its ports */
    bool has_address;   /* `range` is given */
    bool has_port;      /* ... with ports */
    struct mac mac;     /* zero: not given */
    uint32_t month;     /* 202611; 0: not given */
    uint32_t count;     /* of ports; 0: not given */
    char name[CONTROL_NAME_BYTES];
    bool force, ask;
};

/* Reads a line of `length` bytes, no newline. 0; -EINVAL and `error` says what is wrong with which word. */
int control_request_parse(const char *line, size_t length, struct control_request *request,
                          char error[static CONTROL_ERROR_BYTES]);

#endif
