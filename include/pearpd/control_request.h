/* control_request.h: the lines that pearpctl sends (docs/contract.md#control-socket).
 * In: one line. Out: a command and its arguments, or what is wrong with it. Called by: control, fuzzing. */
#ifndef PEARPD_CONTROL_REQUEST_H
#define PEARPD_CONTROL_REQUEST_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE_BYTES  4096
#define CONTROL_ERROR_BYTES 128

enum control_command {
    CONTROL_TABLE,
    CONTROL_SERVICES,
    CONTROL_STATS,
    CONTROL_LEASES,
    CONTROL_ADD,
    CONTROL_DELETE,
    CONTROL_FLUSH,
    CONTROL_RESOLVE,
    CONTROL_MONITOR,
    CONTROL_RELOAD,
    CONTROL_VERSION,
    CONTROL_ACCOUNT,
};

struct control_request {
    enum control_command command;
    struct range range; /* add, delete; resolve: one port; flush: the address alone */
    bool has_address;   /* flush */
    struct mac mac;     /* add; account: of the owner, zero: all */
    bool has_port;      /* account: of the owner of `range`'s port */
    uint32_t month;     /* account: 202611; 0: all */
};

/* Reads a line of `length` bytes, no newline. 0; -EINVAL and `error` says what is wrong. */
int control_request_parse(const char *line, size_t length, struct control_request *request,
                          char error[static CONTROL_ERROR_BYTES]);

#endif
