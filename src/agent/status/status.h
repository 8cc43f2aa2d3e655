/* status.h: the ranges held on this host, as `pearp-agent status` shows them.
 * In: what was collected. Out: text or JSON on standard output. Called by: status_command. Never: asks the kernel, reads a file. */
#ifndef PEARPD_AGENT_STATUS_H
#define PEARPD_AGENT_STATUS_H

#include "agent_info.h"

#define STATUS_INTERFACES_MAX 16

struct status {
    int directory;
    uint64_t namespace_cookie, now_s; /* now_s: since boot */
    struct agent_info *agents[STATUS_INTERFACES_MAX];
    size_t count;
    char waiting[STATUS_INTERFACES_MAX][UNDO_INTERFACE_BYTES]; /* whose DHCP client has no lease */
    size_t waiting_count;
    bool failed; /* not everything could be read */
};

/* For people (status_text.c), and one object (status_json.c). */
void status_print_text(const struct status *status);
void status_print_json(const struct status *status);

#endif
