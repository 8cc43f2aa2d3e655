/* process_figures.h: what this process takes of the machine. Called by: daemon. */
#ifndef PEARPD_PROCESS_FIGURES_H
#define PEARPD_PROCESS_FIGURES_H

#include <stdint.h>

struct process_figures {
    uint64_t resident_bytes, virtual_bytes; /* 0: not known */
    uint64_t cpu_ns;                        /* user and system time since its start */
    uint64_t open_fds;                      /* 0: not known */
};

void process_figures_read(struct process_figures *figures);

#endif
