/* clock.h: the clocks. Called by: daemon, agent. Never by: core, wire, replay. */
#ifndef PEARPD_CLOCK_H
#define PEARPD_CLOCK_H

#include <stdint.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* CLOCK_BOOTTIME: goes on while the machine sleeps, never jumps. */
uint64_t clock_now_ns(void);

/* CLOCK_REALTIME in microseconds: for numbers that must grow over restarts, never for intervals. */
uint64_t clock_wall_us(void);

#endif
