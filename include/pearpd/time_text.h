/* time_text.h: times as people write them, for questions about the past; times as RFC 3339 has them.
 * In: text, the present time, the time zone of the process (TZ). Out: the time that is meant, as long as it was written
 * exactly. Called by: ctl. Never: asks for the time. */
#ifndef PEARPD_TIME_TEXT_H
#define PEARPD_TIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* From its first to its last millisecond since 1970: "14:03" is a minute, "2026-11-24" a day, "2 days ago" a moment. */
struct time_span {
    uint64_t first_ms, last_ms;
};

#define TIME_TEXT_ERROR_BYTES 160

/* Reads
 *   now, N UNIT ago (second, minute, hour, day, week, month, year; several of them, as "1 day 2 hours ago"),
 *   today, yesterday or a weekday, [at] HH:MM[:SS] behind it or not: the last such day,
 *   HH:MM[:SS]: the last time that it was so late,
 *   YYYY-MM-DD, with [T or space]HH:MM[:SS[.FRACTION]] and, behind it, Z, +HH:MM, +HHMM, +HH (RFC 3339) or none: local time,
 *   @SECONDS since 1970.
 * 0; -EINVAL and `error` says why: what it is not, that there is no such day, or that the clock showed this time never or twice as
 * it was put forward or back. */
int time_text_parse(const char *text, uint64_t now_ms, struct time_span *span,
                    char error[static TIME_TEXT_ERROR_BYTES]);

/* "2026-11-24T14:03:05+01:00", with .123 behind the seconds where `has_ms`: local time. Returns `text`. */
#define TIME_TEXT_BYTES 40
const char *time_text_format(uint64_t time_ms, int has_ms, char text[static TIME_TEXT_BYTES]);

#endif
