/* rate.c: see rate.h. */
#include "pearpd/rate.h"
#include "pearpd/time_units.h"

struct rate_limit rate_limit_of(uint32_t per_second, uint32_t burst)
{
    uint64_t interval_ns = NS_PER_S / per_second;
    return (struct rate_limit){interval_ns, interval_ns * (burst - 1)};
}

uint64_t rate_next(const struct rate *rate, struct rate_limit limit, uint64_t now_ns)
{
    if (rate->due_ns <= now_ns || rate->due_ns - now_ns <= limit.tolerance_ns)
        return now_ns;
    return rate->due_ns - limit.tolerance_ns;
}

bool rate_take(struct rate *rate, struct rate_limit limit, uint64_t now_ns)
{
    if (rate_next(rate, limit, now_ns) > now_ns)
        return false;
    rate->due_ns = (rate->due_ns > now_ns ? rate->due_ns : now_ns) + limit.interval_ns;
    return true;
}
