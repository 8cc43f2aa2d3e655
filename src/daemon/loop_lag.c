/* loop_lag.c: see loop_lag.h. */
#include "loop_lag.h"

uint64_t loop_lag_bound_ns(unsigned bucket)
{
    static const uint64_t bounds_ms[LOOP_LAG_BUCKETS] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    return bounds_ms[bucket] * UINT64_C(1000000);
}

void loop_lag_note(struct loop_lag *lag, uint64_t late_ns)
{
    lag->count++;
    lag->sum_ns += late_ns;
    for (unsigned i = 0; i < LOOP_LAG_BUCKETS; i++) {
        if (late_ns > loop_lag_bound_ns(i))
            continue;
        lag->buckets[i]++;
        return;
    }
}
