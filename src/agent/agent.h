/* agent.h: the three things that pearp-agent does.
 * In: options. Out: an exit status. Called by: main. Never: parses a command line. */
#ifndef PEARPD_AGENT_AGENT_H
#define PEARPD_AGENT_AGENT_H

#include "pearpd/addr.h"
#include "pearpd/pe_arp_auth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_BYTES 16 /* IFNAMSIZ, with its NUL */
#define AGENT_KEYS_MAX  16

struct agent_options {
    const char *interface;
    struct range range;
    struct ipv4 gateway; /* 0.0.0.0: find one */
    uint16_t ethertype;
    const struct pe_arp_key *keys; /* ascending by id; the first signs; none: nothing is signed or checked */
    size_t key_count;
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
