/* rate.h: up to N a second, up to M at once (the generic cell rate algorithm, ITU-T I.371).
 * Called by: core, agent. Never: asks for the time. */
#ifndef PEARPD_RATE_H
#define PEARPD_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    uint64_t interval_ns;  /* between two at the sustained rate */
    uint64_t tolerance_ns; /* how far ahead of it a burst may run */
};

/* Zeroed: nothing was taken yet. */
struct rate {
    uint64_t due_ns;
};

/* `per_second` and `burst` from 1 up. */
struct rate_limit rate_limit_of(uint32_t per_second, uint32_t burst);

/* When the next one is allowed: `now_ns` or later. */
uint64_t rate_next(const struct rate *rate, struct rate_limit limit, uint64_t now_ns);

/* Takes one. False: not allowed now, and nothing is taken. */
bool rate_take(struct rate *rate, struct rate_limit limit, uint64_t now_ns);

#endif
