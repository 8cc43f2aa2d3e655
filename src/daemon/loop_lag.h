/* loop_lag.h: how late the loop is with what is due, as a histogram: the time for which nothing else could be served.
 * In: how late the timer of every second was. Out: counts. Called by: bridge, web. */
#ifndef PEARPD_DAEMON_LOOP_LAG_H
#define PEARPD_DAEMON_LOOP_LAG_H

#include <stdint.h>

#define LOOP_LAG_BUCKETS 10

/* Zeroed: nothing was noted yet. */
struct loop_lag {
    uint64_t buckets[LOOP_LAG_BUCKETS]; /* not above loop_lag_bound_ns(), and above the bucket before */
    uint64_t count, sum_ns;
};

uint64_t loop_lag_bound_ns(unsigned bucket);
void loop_lag_note(struct loop_lag *lag, uint64_t late_ns);

#endif
