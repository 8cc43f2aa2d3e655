/* event_log.c: see event_log.h. */
#include "event_log.h"

#include "pearpd/log.h"

#include <inttypes.h>

#define LINES_PER_SECOND 10

static bool may_write(struct event_log *log, uint64_t now_ns)
{
    return rate_take(&log->lines, rate_limit_of(LINES_PER_SECOND, LINES_PER_SECOND), now_ns);
}

static enum log_level level_of(enum event_kind kind)
{
    switch (kind) {
    case EVENT_CONFLICT:
    case EVENT_CAPTURE:
    case EVENT_VIOLATION:
    case EVENT_FLOW_CONFLICT:
    case EVENT_REFUSED:
    case EVENT_LOOP:
    case EVENT_BAD_SOURCE:
    case EVENT_EXHAUSTED:
        return LOG_LEVEL_WARNING;
    case EVENT_PORT_UP:
    case EVENT_PORT_DOWN:
        return LOG_LEVEL_NOTICE;
    case EVENT_LEARNED:
    case EVENT_MOVED:
    case EVENT_STALE:
    case EVENT_EXPIRED:
    case EVENT_RELEASED:
    case EVENT_DELETED:
    case EVENT_EVICTED:
    case EVENT_DECLINED:
    case EVENT_UNRESOLVED:
    case EVENT_MAC_MOVED:
        break;
    }
    return LOG_LEVEL_INFO;
}

void event_log_write(struct event_log *log, const struct event *event)
{
    if (!may_write(log, event->time_ns)) {
        log->skipped++;
        return;
    }
    char text[EVENT_TEXT_BYTES];
    log_write(level_of(event->kind), "%s", event_format(event, text));
}

void event_log_tell_skipped(struct event_log *log, uint64_t now_ns)
{
    if (log->skipped == 0 || !may_write(log, now_ns))
        return;
    log_notice("%" PRIu64 " events were not logged", log->skipped);
    log->skipped = 0;
}
