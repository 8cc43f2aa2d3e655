/* history.h: `pearpctl whois` and `pearpctl history`: the ownership history, searched by this program in files that the daemon
 * hands to it, or that it opens itself where no daemon runs. Called by: main. */
#ifndef PEARPD_CTL_HISTORY_H
#define PEARPD_CTL_HISTORY_H

#include <stdbool.h>

struct history_request {
    bool is_whois;
    char **words;                          /* its arguments, as given; NULL at the end */
    const char *socket_path, *name, *file; /* NULL: not given */
    const char *since, *until;
    bool as_json;
};

/* Prints who held what. The exit status: 0, also where nobody did; 1 or 2 after one line on stderr. */
int history_command(const struct history_request *request);

#endif
