/* metrics.h: the agent's figures in the Prometheus text format (version 0.0.4), for the textfile collector of
 * node_exporter.
 * In: figures. Out: text, a file that is whole at any moment. Called by: agent, tests. Never: opens a socket. */
#ifndef PEARPD_AGENT_METRICS_H
#define PEARPD_AGENT_METRICS_H

#include "pearpd/range_list.h"

#include "dns/service.h"
#include "pe_arp/claimant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct metrics_range {
    struct port_range held;
    bool heard;
    uint32_t used, sockets;
    struct claimant_counts counts;
    bool leased;
    uint64_t lease_s; /* that are left; LEASE_FOREVER_S */
};

struct metrics_service {
    const struct service_config *service;
    bool published; /* at each of its ports, where it has several */
};

struct metrics {
    const char *interface;
    bool link_up;
    struct metrics_range ranges[RANGES_MAX];
    size_t range_count;
    struct metrics_service services[SERVICES_MAX]; /* no two of one name, protocol and host */
    size_t service_count;
    uint32_t outside_sockets;
    uint64_t restored; /* settings of ours that somebody took away, put back */
    uint64_t forged;
    double look_s; /* what the last look at the sockets took */
};

/* Adds a service, or joins it with those of its name, protocol and host. `service` is borrowed. */
void metrics_add_service(struct metrics *metrics, const struct service_config *service, bool published);

/* Writes the text. */
void metrics_print(const struct metrics *metrics, FILE *out);

/* Puts it at `path`, in the place of an earlier one at once. 0 or -Exxx. */
int metrics_write(const struct metrics *metrics, const char *path);

#endif
