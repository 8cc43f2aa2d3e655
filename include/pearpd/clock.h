/* clock.h: the clocks. Called by: daemon, agent. Never by: core, wire, replay. */
#ifndef PEARPD_CLOCK_H
#define PEARPD_CLOCK_H

#include "pearpd/time_units.h"

#include <stdint.h>

/* CLOCK_BOOTTIME: goes on while the machine sleeps, never jumps. */
uint64_t clock_now_ns(void);

/* What clock_now_ns() is ahead of CLOCK_MONOTONIC outside of any time namespace (time_namespaces(7)), which is what the
 * kernel's own programs read. Grows while the machine sleeps. */
uint64_t clock_ahead_ns(void);

/* What distinguishes one boot of the machine from another: $PEARPD_BOOT_ID, which the unit sets where /proc/sys is
 * hidden, else the kernel's boot id; hexadecimal digits and dashes. Empty: not known. Returns `text`. */
#define BOOT_ID_BYTES 64
const char *clock_boot_id(char text[static BOOT_ID_BYTES]);

/* CLOCK_REALTIME in microseconds: for numbers that must grow over restarts, never for intervals. */
uint64_t clock_wall_us(void);

/* 2020-01-01, by it: earlier than any clock that is set. */
#define CLOCK_SET_US (UINT64_C(1577836800) * US_PER_S)

/* A time of that clock as RFC 3339, UTC, to the millisecond: "2026-11-30T08:15:00.123Z". Returns `text`. */
#define CLOCK_TEXT_BYTES 40
const char *clock_wall_format(uint64_t wall_us, char text[static CLOCK_TEXT_BYTES]);

#endif
