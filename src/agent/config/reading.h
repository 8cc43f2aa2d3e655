/* reading.h: what the agent's file says that struct agent_options does not keep; for the callbacks of config/. */
#ifndef PEARPD_AGENT_READING_H
#define PEARPD_AGENT_READING_H

#include "pearpd/addr.h"
#include "pearpd/dns_name.h"
#include "pearpd/range_list.h"

#include "dns/service.h"

#include <stdint.h>

struct reading {
    struct ipv4 address; /* of [agent]: with `first` and `last` its range, the short form of a [range] */
    uint16_t first, last;
    unsigned ranges_seen;                 /* [range], good or not */
    unsigned range_lines[RANGES_MAX];     /* of each of options->held */
    unsigned service_lines[SERVICES_MAX]; /* of each of options->services */
    struct dns_name default_zone;         /* of [dns]; length 0: none */
};

#endif
