/* bridge_figures.h: what the metrics have of the running bridge beside the engine's own counts. Plain data.
 * Filled by: bridge, accel, state, ipfix, each with its own. Read by: web. */
#ifndef PEARPD_DAEMON_BRIDGE_FIGURES_H
#define PEARPD_DAEMON_BRIDGE_FIGURES_H

#include "pearpd/addr.h"
#include "pearpd/event.h"

#include "loop_lag.h"

#include <stdbool.h>
#include <stdint.h>

struct link_figures {
    const char *name;
    bool is_up;
    uint32_t mtu_bytes; /* 0: not known */
};

struct accel_figures {
    bool is_active;
    uint64_t frames[SIDES]; /* forwarded, by the side that they came in by */
    uint64_t bindings, macs, pending, no_room, forced, memory_bytes;
};

struct state_figures {
    bool is_kept;
    bool is_faulty; /* the last save failed */
    bool has_saved; /* `age_ns` is set: since the last save that succeeded */
    uint64_t age_ns;
    uint64_t saved_records, failures; /* of the last save; of all */
};

struct ipfix_figures {
    bool is_on;
    uint64_t flows, exported, lost, messages;
};

/* Names and arrays are borrowed until the next turn of the loop. */
struct bridge_figures {
    uint64_t start_wall_us;
    const uint64_t *events; /* by enum event_kind */
    const struct loop_lag *lag;
    struct link_figures links[SIDES];
    struct accel_figures accel;
    struct state_figures state;
    struct ipfix_figures ipfix;
};

#endif
