/* usage_alarm.h: when the use of what is held is worth a word: ranges that fill, programs outside them.
 * In: usage, time. Out: events through struct usage_alarm_out, figures. Called by: agent, tests.
 * Never: asks the kernel, logs.
 *
 * A range is told when it goes over `warn` percent, at most once a minute, and when no port is left; again only after
 * it was well below `warn`, or after an hour. A program outside is told once an hour; of USAGE_ALARM_TOLD_MAX it is
 * remembered that they were told, and the number of the rest is told once an hour. */
#ifndef PEARPD_AGENT_USAGE_ALARM_H
#define PEARPD_AGENT_USAGE_ALARM_H

#include "usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_ALARM_TOLD_MAX  256
#define USAGE_ALARM_TELLS_MAX 10 /* programs outside that one look tells of; the rest is counted */

/* What a range is told to be, the worse the higher. */
enum usage_alarm_level {
    USAGE_ALARM_CALM,    /* told when it is so again */
    USAGE_ALARM_FILLING, /* over `warn` */
    USAGE_ALARM_FULL,    /* no port is left */
};

struct usage_alarm_out {
    void (*range)(enum usage_alarm_level level, size_t range, const struct usage *usage, void *context);
    void (*outside)(const struct usage_outside *outside, void *context);
    /* So many programs outside were not told one by one. */
    void (*more)(size_t count, void *context);
    void *context;
};

struct usage_alarm_range {
    enum usage_alarm_level told; /* the worst since it was calm */
    uint64_t told_ns;
    uint32_t ports, used, sockets; /* at the last look */
};

struct usage_alarm_told {
    struct host_socket socket; /* its address, port and protocol */
    uint64_t told_ns;
};

struct usage_alarm {
    uint32_t warn_percent;
    struct usage_alarm_range ranges[RANGES_MAX];
    struct usage_alarm_told told[USAGE_ALARM_TOLD_MAX]; /* a ring */
    size_t told_count, told_next;
    uint64_t rest_told_ns;    /* 0: never */
    uint32_t outside_sockets; /* at the last look */
};

void usage_alarm_init(struct usage_alarm *m, uint32_t warn_percent);

/* What is held is another: nothing is known of the ranges any more. */
void usage_alarm_forget(struct usage_alarm *m);

/* True where a look at `usage` would tell something, for which processes are worth a search. */
bool usage_alarm_has_news(const struct usage_alarm *m, uint64_t now_ns, const struct usage *usage);

/* Takes a look that is complete (usage_merge()). */
void usage_alarm_check(struct usage_alarm *m, uint64_t now_ns, const struct usage *usage,
                       const struct usage_alarm_out *out);

#endif
