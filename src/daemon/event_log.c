/* event_log.c: see event_log.h. */
#include "event_log.h"

#include "pearpd/log.h"

#include <inttypes.h>

/* What became of a range is the record of who had which ports: it has room for many hosts that start at once. */
#define ALARMS_PER_SECOND  10
#define ALARMS_AT_ONCE     10
#define CHANGES_PER_SECOND 50
#define CHANGES_AT_ONCE    2000

static enum log_level level_of(enum event_kind kind)
{
#define X(id, name, level, help) LOG_LEVEL_##level,
    static const enum log_level levels[] = {EVENT_KINDS(X)};
#undef X
    return levels[kind];
}

static bool is_change(enum event_kind kind)
{
    return level_of(kind) == LOG_LEVEL_NOTICE;
}

static struct rate_limit limit_of(enum event_kind kind)
{
    return is_change(kind) ? rate_limit_of(CHANGES_PER_SECOND, CHANGES_AT_ONCE)
                           : rate_limit_of(ALARMS_PER_SECOND, ALARMS_AT_ONCE);
}

/* The first event with its detail since the last report: another cause than those before. */
static bool is_new_detail(struct event_log_kind *kind, const char *detail)
{
    for (unsigned i = 0; i < kind->detail_count; i++)
        if (kind->details[i] == detail)
            return false;
    if (kind->detail_count == EVENT_LOG_DETAILS)
        return false;
    kind->details[kind->detail_count++] = detail;
    return true;
}

void event_log_write(struct event_log *log, const struct event *event)
{
    const enum log_level level = level_of(event->kind);
    struct event_log_kind *kind = &log->kinds[event->kind];
    if (!log_takes(level))
        return;
    const bool is_new = is_new_detail(kind, event->detail);
    if (!rate_take(&kind->lines, limit_of(event->kind), event->time_ns) && !is_new) {
        kind->skipped++;
        return;
    }
    char text[EVENT_TEXT_BYTES];
    log_write(level, "%s", event_format(event, text));
}

void event_log_report_skipped(struct event_log *log)
{
    for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
        struct event_log_kind *kind = &log->kinds[i];
        if (kind->skipped > 0)
            log_write(level_of((enum event_kind)i), "%" PRIu64 " more %s event%s not logged", kind->skipped,
                      event_name((enum event_kind)i), kind->skipped == 1 ? " was" : "s were");
        kind->skipped = 0;
        kind->detail_count = 0;
    }
}
