/* usage_alarm.h: when the use of the ports held is worth an alarm: ranges that fill, programs outside them.
 * In: usage, time. Out: events through struct usage_alarm_out, figures. Called by: agent, tests.
 * Never: asks the kernel, logs.
 *
 * A range is reported when it exceeds `warn` percent, at most once a minute, and when no port is left; again only after
 * it was well below `warn`, or after an hour. A program outside is reported once an hour; up to USAGE_ALARM_REPORTED_MAX
 * reported ones are remembered, and the number of the others is reported once an hour. */
#ifndef PEARPD_AGENT_USAGE_ALARM_H
#define PEARPD_AGENT_USAGE_ALARM_H

#include "usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_ALARM_REPORTED_MAX 256
#define USAGE_ALARM_REPORTS_MAX  10 /* programs outside that one check reports; the rest is counted */

/* What is reported of a range, the worse the higher. */
enum usage_alarm_level {
    USAGE_ALARM_CALM,    /* reported when it is so again */
    USAGE_ALARM_FILLING, /* over `warn` */
    USAGE_ALARM_FULL,    /* no port is left */
};

struct usage_alarm_out {
    void (*range)(enum usage_alarm_level level, size_t range, const struct usage *usage, void *context);
    void (*outside)(const struct usage_outside *outside, void *context);
    /* `count` programs outside were not reported one by one. */
    void (*more)(size_t count, void *context);
    void *context;
};

struct usage_alarm_range {
    enum usage_alarm_level reported; /* the worst since it was calm */
    uint64_t reported_ns;
    uint32_t ports, used, sockets; /* at the last check */
};

struct usage_alarm_reported {
    struct host_socket socket; /* its address, port and protocol */
    uint64_t reported_ns;
};

struct usage_alarm {
    uint32_t warn_percent;
    struct usage_alarm_range ranges[RANGES_MAX];
    struct usage_alarm_reported reported[USAGE_ALARM_REPORTED_MAX]; /* a ring */
    size_t reported_count, reported_next;
    uint64_t rest_reported_ns; /* 0: never */
    uint32_t outside_sockets;  /* at the last check */
};

void usage_alarm_init(struct usage_alarm *m, uint32_t warn_percent);

/* Other ranges are held now: forgets what was reported of the earlier ones. */
void usage_alarm_forget(struct usage_alarm *m);

/* True where a check of `usage` would report something: then a search for the processes is worth it. */
bool usage_alarm_has_news(const struct usage_alarm *m, uint64_t now_ns, const struct usage *usage);

/* Checks a `usage` that is complete (usage_merge()). */
void usage_alarm_check(struct usage_alarm *m, uint64_t now_ns, const struct usage *usage,
                       const struct usage_alarm_out *out);

#endif
