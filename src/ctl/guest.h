/* guest.h: pearpctl guest: ports of the operator's own guests, in drop-ins of the configuration.
 * In: what the operator wants. Out: a file of NAME.d/, a reload, and what the guest's admin needs. Called by: main. */
#ifndef PEARPD_CTL_GUEST_H
#define PEARPD_CTL_GUEST_H

#include <stdbool.h>

struct guest_options {
    const char *ports, *mac, *address; /* of `add`; NULL: not given */
    const char *socket_path, *name;    /* of the daemon */
    bool as_json;
};

/* `words`: "add NAME", "list" or "delete NAME". The exit status; 2: wrong usage, after one line on stderr. */
int guest_command(char *const *words, const struct guest_options *options);

#endif
