/* event_log.h: events as log lines. Each kind of event has a budget of its own, and each detail of a kind gets a line a
 * second in any case, so that no alarm is hidden behind a loud one; what is over it is counted, and the count is logged.
 * Called by: bridge. Never: asks for the time. */
#ifndef PEARPD_DAEMON_EVENT_LOG_H
#define PEARPD_DAEMON_EVENT_LOG_H

#include "pearpd/event.h"
#include "pearpd/rate.h"

#include <stdint.h>

#define EVENT_LOG_DETAILS 16 /* more than a kind of alarm has */

struct event_log_kind {
    struct rate lines;
    const char *details[EVENT_LOG_DETAILS]; /* logged since the last report; compared as pointers */
    unsigned detail_count;
    uint64_t skipped; /* since the last report */
};

/* Zeroed: nothing was logged yet. */
struct event_log {
    struct event_log_kind kinds[EVENT_KIND_COUNT];
};

/* One line, at the level of the event's kind. A level that the log does not take costs no budget. */
void event_log_write(struct event_log *log, const struct event *event);

/* Once a second: logs how many of each kind were left out since the last time. */
void event_log_report_skipped(struct event_log *log);

#endif
