/* agent.h: the things that pearp-agent does.
 * In: options. Out: an exit status. Called by: main. Never: parses a command line. */
#ifndef PEARPD_AGENT_AGENT_H
#define PEARPD_AGENT_AGENT_H

#include "pearpd/addr.h"
#include "pearpd/pe_arp_auth.h"

#include "config/held.h"
#include "dhcp/dhcp_client.h"
#include "dns/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_BYTES  16 /* IFNAMSIZ, with its NUL */
#define AGENT_KEYS_MAX   16
#define AGENT_PATH_BYTES 128

/* What holds local programs to the ranges. */
enum agent_enforce { ENFORCE_NFT, ENFORCE_NONE };

/* Plain data; the names of keys are those of the agent's file (schema.c). */
struct agent_options {
    char interface[INTERFACE_BYTES];
    struct held_list held;
    struct ipv4 gateway; /* 0.0.0.0: find one */
    uint16_t ethertype;
    char metrics[AGENT_PATH_BYTES]; /* "": none is written */
    uint32_t watch_s;               /* from one look at the sockets to the next */
    uint32_t warn_percent;
    enum agent_enforce enforce;
    char cgroup[AGENT_PATH_BYTES]; /* "": no hook at bind() */
    enum dhcp_client_kind dhcp;    /* the client that is run, to hold what it brings */
    bool lease;                    /* ends with the interface's lease */
    struct pe_arp_key
        keys[AGENT_KEYS_MAX]; /* ascending by id; the first signs; none: nothing is signed or checked */
    size_t key_count;
    struct services_config services;
};

/* Prints what agent_run() would change and changes nothing. */
int agent_print(const struct agent_options *options);

/* Holds the ranges until SIGTERM, SIGINT or SIGHUP. */
int agent_run(const struct agent_options *options);

/* Puts back what a killed agent left. */
int agent_undo(const char *interface);

/* Asks the agent that runs on `interface` for another range, ADDRESS:FIRST-LAST, in place of the one that it overlaps
 * (or the only one of that address), and waits for what comes of it (resize.c). */
int agent_resize(const char *interface, const char *range);

/* Prints the ranges held, their ports in use and what lies outside (status.c). */
int agent_status(bool json);

#endif
