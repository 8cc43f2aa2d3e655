/* month.h: a calendar month, as numbers and text have it.
 * Called by: daemon, ctl. Never: asks for the time. */
#ifndef PEARPD_MONTH_H
#define PEARPD_MONTH_H

#include <stdbool.h>
#include <stdint.h>

#define MONTH_TEXT_BYTES 8 /* "2026-11" and its NUL */

/* A year and a month as one number, which grows: 202611. */
typedef uint32_t month_number;

/* Of 1970 or later. */
bool month_is_valid(month_number month);

/* "2026-11". Returns `text`. */
const char *month_format(month_number month, char text[static MONTH_TEXT_BYTES]);

/* Reads that. 0, or -EINVAL and *month is left alone. */
int month_parse(const char *text, month_number *month);

#endif
