/* event_log.h: events as log lines, ten a second at most; the rest are counted and the count is logged. */
#ifndef PEARPD_DAEMON_EVENT_LOG_H
#define PEARPD_DAEMON_EVENT_LOG_H

#include "pearpd/event.h"
#include "pearpd/rate.h"

#include <stdint.h>

/* Zeroed: nothing was logged yet. */
struct event_log {
    struct rate lines;
    uint64_t skipped;
};

void event_log_write(struct event_log *log, const struct event *event);

/* Says how many were left out, if any were and a line is free. `now_ns`: engine time. */
void event_log_tell_skipped(struct event_log *log, uint64_t now_ns);

#endif
