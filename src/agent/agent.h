/* agent.h: the three things that pearp-agent does.
 * In: options. Out: an exit status. Called by: main. Never: parses a command line. */
#ifndef PEARPD_AGENT_AGENT_H
#define PEARPD_AGENT_AGENT_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct agent_options {
    const char *interface;
    struct range range;
    struct ipv4 gateway; /* 0.0.0.0: find one */
    uint16_t ethertype;
};

/* Prints what agent_run() would change and changes nothing. */
int agent_print(const struct agent_options *options);

/* Holds the range until SIGTERM, SIGINT or SIGHUP. */
int agent_run(const struct agent_options *options);

/* Puts back what a killed agent left. */
int agent_undo(const char *interface);

/* Prints the ranges held, their ports in use and what lies outside (status.c). */
int agent_status(bool json);

#endif
