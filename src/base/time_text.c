/* time_text.c: see time_text.h. Text is read by a cursor over it; the calendar and the zone are those of mktime(3). */
#include "pearpd/time_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SECONDS_MOST INT64_C(253402300800) /* the year 10000 */
#define DAY_S        86400
#define AGO_MOST     100000

struct reading {
    const char *at;
    time_t now;
    struct tm today;
    char *error;
};

static int fault(const struct reading *r, const char *what)
{
    snprintf(r->error, TIME_TEXT_ERROR_BYTES, "%s", what);
    return -EINVAL;
}

/* Text. */

static void skip_blanks(struct reading *r)
{
    while (*r->at == ' ' || *r->at == ',')
        r->at++;
}

static bool take_char(struct reading *r, char wanted)
{
    if (*r->at != wanted)
        return false;
    r->at++;
    return true;
}

/* A whole word, whatever its case. */
static bool take_word(struct reading *r, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(r);
    if (strncasecmp(r->at, word, length) != 0 || isalnum((unsigned char)r->at[length]))
        return false;
    r->at += length;
    return true;
}

/* A number of `least` to `most` digits. */
static bool take_number(struct reading *r, unsigned least, unsigned most, int *number)
{
    unsigned digits = 0;
    int value = 0;
    for (; digits < most && isdigit((unsigned char)r->at[digits]); digits++)
        value = 10 * value + (r->at[digits] - '0');
    if (digits < least)
        return false;
    r->at += digits;
    *number = value;
    return true;
}

static bool is_at_end(struct reading *r)
{
    skip_blanks(r);
    return *r->at == '\0';
}

/* The calendar. */

static struct tm local(time_t at)
{
    struct tm parts = {0};
    localtime_r(&at, &parts);
    return parts;
}

static bool is_same_clock(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
           a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The time at which the clock shows `parts`. -ENOENT: it never did; -ENOTUNIQ: twice. */
static int time_of(const struct tm *parts, time_t *at)
{
    struct tm standard = *parts, summer = *parts;
    standard.tm_isdst = 0;
    summer.tm_isdst = 1;
    const time_t a = mktime(&standard), b = mktime(&summer);
    const bool is_a = is_same_clock(&standard, parts), is_b = is_same_clock(&summer, parts);
    if (!is_a && !is_b)
        return -ENOENT;
    *at = is_a ? a : b;
    return is_a && is_b && a != b ? -ENOTUNIQ : 0;
}

/* The same where the clock is read as "so long ago": next to what it never showed, the first where it showed it twice. */
static time_t about(struct tm parts)
{
    parts.tm_isdst = -1;
    return mktime(&parts);
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 1 && is_leap ? 29 : days[month];
}

/* Whole days before `parts`, at the same time of the day. */
static struct tm days_before(struct tm parts, int days)
{
    parts.tm_mday -= days;
    const int hour = parts.tm_hour, minute = parts.tm_min, second = parts.tm_sec;
    parts.tm_hour = 12; /* of every day there is a noon */
    parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    mktime(&parts);
    parts.tm_hour = hour;
    parts.tm_min = minute;
    parts.tm_sec = second;
    return parts;
}

/* Clock times. */

struct clock_time {
    int hour, minute, second, ms;
    uint64_t length_ms; /* as exactly as it is written */
};

static int take_fraction(struct reading *r, struct clock_time *c)
{
    int digit, digits = 0;
    if (!take_char(r, '.') && !take_char(r, ','))
        return 0;
    for (int unit = 100; take_number(r, 1, 1, &digit); unit /= 10, digits++)
        c->ms += digit * unit;
    if (digits == 0)
        return fault(r, "digits are missing behind the point");
    c->length_ms = 1;
    return 0;
}

/* HH:MM[:SS[.FRACTION]] */
static int take_clock(struct reading *r, struct clock_time *c)
{
    *c = (struct clock_time){.length_ms = 60000};
    if (!take_number(r, 1, 2, &c->hour) || !take_char(r, ':') || !take_number(r, 2, 2, &c->minute))
        return fault(r, "a time of the day is HH:MM or HH:MM:SS");
    if (take_char(r, ':')) {
        if (!take_number(r, 2, 2, &c->second))
            return fault(r, "a time of the day is HH:MM or HH:MM:SS");
        c->length_ms = 1000;
        const int error = take_fraction(r, c);
        if (error != 0)
            return error;
    }
    if (isdigit((unsigned char)*r->at))
        return fault(r, "a time of the day is HH:MM or HH:MM:SS");
    if (c->hour > 23 || c->minute > 59 || c->second > 60)
        return fault(r, "there is no such time of the day");
    if (c->second == 60) /* a leap second: no clock here shows it */
        c->second = 59;
    return 0;
}

/* The span of `parts` at a clock time, by the clock of this zone. */
static int span_of(const struct reading *r, struct tm parts, const struct clock_time *c, struct time_span *span)
{
    time_t at;
    parts.tm_hour = c->hour;
    parts.tm_min = c->minute;
    parts.tm_sec = c->second;
    const int error = time_of(&parts, &at);
    if (error == -ENOENT)
        return fault(r, "the clock never showed that time: it was put forward");
    if (error == -ENOTUNIQ)
        return fault(r,
                     "the clock showed that time twice, as it was put back: give it with its zone, as +02:00");
    if (at < 0)
        return fault(r, "that is before 1970");
    span->first_ms = (uint64_t)at * 1000 + (uint64_t)c->ms;
    span->last_ms = span->first_ms + c->length_ms - 1;
    return 0;
}

/* A day from its first moment to its last, with 23 hours or 25 too. */
static int whole_day(const struct reading *r, struct tm day, struct time_span *span)
{
    struct tm next = days_before(day, -1);
    day.tm_hour = day.tm_min = day.tm_sec = next.tm_hour = next.tm_min = next.tm_sec = 0;
    const time_t first = about(day), end = about(next);
    if (first < 0 || end <= first)
        return fault(r, "that is before 1970");
    *span = (struct time_span){(uint64_t)first * 1000, (uint64_t)end * 1000 - 1};
    return 0;
}

/* A clock time behind a day, or the whole day. */
static int take_rest_of_day(struct reading *r, struct tm day, struct time_span *span)
{
    struct clock_time c;
    (void)take_word(r, "at");
    if (is_at_end(r))
        return whole_day(r, day, span);
    const int error = take_clock(r, &c);
    if (error != 0)
        return error;
    return is_at_end(r) ? span_of(r, day, &c, span) : fault(r, "there is something behind the time of the day");
}

/* Dates. */

/* Z, +HH:MM, +HHMM or +HH. 1: there is none. */
static int take_zone(struct reading *r, long *offset_s)
{
    int hours = 0, minutes = 0;
    const bool is_west = *r->at == '-';
    skip_blanks(r);
    *offset_s = 0;
    if (take_char(r, 'Z') || take_char(r, 'z') || take_word(r, "UTC"))
        return 0;
    if (!take_char(r, '+') && !take_char(r, '-'))
        return 1;
    if (!take_number(r, 2, 2, &hours) || hours > 23)
        return fault(r, "a zone is Z or +HH:MM");
    if ((take_char(r, ':') || isdigit((unsigned char)*r->at)) &&
        (!take_number(r, 2, 2, &minutes) || minutes > 59))
        return fault(r, "a zone is Z or +HH:MM");
    *offset_s = (hours * 60L + minutes) * 60 * (is_west ? -1 : 1);
    return 0;
}

static int span_with_zone(const struct reading *r, struct tm day, const struct clock_time *c, long offset_s,
                          struct time_span *span)
{
    day.tm_hour = c->hour;
    day.tm_min = c->minute;
    day.tm_sec = c->second;
    const time_t at = timegm(&day) - offset_s;
    if (at < 0)
        return fault(r, "that is before 1970");
    span->first_ms = (uint64_t)at * 1000 + (uint64_t)c->ms;
    span->last_ms = span->first_ms + c->length_ms - 1;
    return 0;
}

/* YYYY-MM-DD and what follows it. */
static int take_date(struct reading *r, struct time_span *span)
{
    int year, month, day;
    long offset_s;
    struct clock_time c;
    if (!take_number(r, 4, 4, &year) || !take_char(r, '-') || !take_number(r, 2, 2, &month) ||
        !take_char(r, '-') || !take_number(r, 2, 2, &day) || isdigit((unsigned char)*r->at))
        return fault(r, "a date is YYYY-MM-DD");
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of(year, month - 1))
        return fault(r, "there is no such day");
    const struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    if (take_char(r, 'T') || take_char(r, 't'))
        r->at -= *r->at == '\0'; /* nothing follows: it is named below */
    if (is_at_end(r))
        return whole_day(r, parts, span);
    (void)take_word(r, "at");
    skip_blanks(r);
    int error = take_clock(r, &c);
    if (error != 0)
        return error;
    error = take_zone(r, &offset_s);
    if (error < 0)
        return error;
    if (!is_at_end(r))
        return fault(r, "there is something behind the time of the day");
    return error == 0 ? span_with_zone(r, parts, &c, offset_s, span) : span_of(r, parts, &c, span);
}

static int take_epoch(struct reading *r, struct time_span *span)
{
    int64_t seconds = 0;
    int digit, digits = 0;
    for (; take_number(r, 1, 1, &digit) && seconds < SECONDS_MOST; digits++)
        seconds = 10 * seconds + digit;
    if (digits == 0 || seconds >= SECONDS_MOST || !is_at_end(r))
        return fault(r, "behind @ is a number of seconds since 1970");
    *span = (struct time_span){(uint64_t)seconds * 1000, (uint64_t)seconds * 1000 + 999};
    return 0;
}

/* Words. */

static const char *const weekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                       "thursday", "friday", "saturday"};

static bool take_weekday(struct reading *r, int *weekday)
{
    (void)take_word(r, "last");
    (void)take_word(r, "on");
    for (int i = 0; i < 7; i++) {
        const char abbreviated[] = {weekdays[i][0], weekdays[i][1], weekdays[i][2], '\0'};
        if (!take_word(r, weekdays[i]) && !take_word(r, abbreviated))
            continue;
        *weekday = i;
        return true;
    }
    return false;
}

static bool is_later(const struct reading *r, const struct time_span *span)
{
    return span->first_ms / 1000 > (uint64_t)r->now;
}

/* The last day of that name, today too if its time is over. */
static int take_day_of_week(struct reading *r, int weekday, struct time_span *span)
{
    const char *rest = r->at;
    const int back = (r->today.tm_wday - weekday + 7) % 7;
    int error = take_rest_of_day(r, days_before(r->today, back), span);
    if (error != 0 || back > 0 || !is_later(r, span))
        return error;
    r->at = rest;
    return take_rest_of_day(r, days_before(r->today, 7), span);
}

static int take_clock_alone(struct reading *r, struct time_span *span)
{
    const char *start = r->at;
    int error = take_rest_of_day(r, r->today, span);
    if (error != 0 || !is_later(r, span))
        return error;
    r->at = start;
    return take_rest_of_day(r, days_before(r->today, 1), span);
}

enum unit { SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, YEAR, NO_UNIT };

static enum unit take_unit(struct reading *r)
{
    static const struct {
        const char *name;
        enum unit unit;
    } units[] = {{"seconds", SECOND}, {"second", SECOND}, {"secs", SECOND}, {"sec", SECOND}, {"s", SECOND},
                 {"minutes", MINUTE}, {"minute", MINUTE}, {"mins", MINUTE}, {"min", MINUTE}, {"m", MINUTE},
                 {"hours", HOUR},     {"hour", HOUR},     {"h", HOUR},      {"days", DAY},   {"day", DAY},
                 {"d", DAY},          {"weeks", WEEK},    {"week", WEEK},   {"w", WEEK},     {"months", MONTH},
                 {"month", MONTH},    {"years", YEAR},    {"year", YEAR}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (take_word(r, units[i].name))
            return units[i].unit;
    return NO_UNIT;
}

/* Where the month has no such day, its last one. */
static struct tm months_before(struct tm parts, int months)
{
    const int all = parts.tm_year * 12 + parts.tm_mon - months;
    parts.tm_year = all / 12;
    parts.tm_mon = all % 12;
    if (all < 0 || parts.tm_year < 70)
        parts = (struct tm){.tm_year = 69, .tm_mday = 1};
    const int most = days_of(parts.tm_year + 1900, parts.tm_mon);
    if (parts.tm_mday > most)
        parts.tm_mday = most;
    return parts;
}

static time_t before(time_t at, int number, enum unit unit)
{
    static const int seconds[] = {1, 60, 3600};
    if (unit <= HOUR)
        return at - (time_t)number * seconds[unit];
    if (unit <= WEEK)
        return about(days_before(local(at), unit == WEEK ? 7 * number : number));
    return about(months_before(local(at), unit == YEAR ? 12 * number : number));
}

/* Numbers and units, and "ago". */
static int take_ago(struct reading *r, struct time_span *span)
{
    static const char usage[] = "how long ago it was is a number and a unit, as 2 days ago";
    time_t at = r->now;
    do {
        int number = 1;
        skip_blanks(r);
        if (!take_word(r, "a") && !take_word(r, "an") && !take_number(r, 1, 6, &number))
            return fault(r, usage);
        const enum unit unit = take_unit(r);
        if (unit == NO_UNIT || number > AGO_MOST)
            return fault(r, usage);
        at = before(at, number, unit);
        (void)take_word(r, "and");
    } while (!take_word(r, "ago"));
    if (!is_at_end(r))
        return fault(r, usage);
    if (at < 0)
        return fault(r, "that is before 1970");
    *span = (struct time_span){(uint64_t)at * 1000, (uint64_t)at * 1000};
    return 0;
}

static bool is_date(const char *text)
{
    return strspn(text, "0123456789") == 4 && text[4] == '-';
}

static bool is_clock(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == ':';
}

static int take_any(struct reading *r, uint64_t now_ms, struct time_span *span)
{
    int weekday;
    skip_blanks(r);
    if (is_date(r->at))
        return take_date(r, span);
    if (is_clock(r->at))
        return take_clock_alone(r, span);
    if (take_char(r, '@'))
        return take_epoch(r, span);
    if (take_word(r, "today"))
        return take_rest_of_day(r, r->today, span);
    if (take_word(r, "yesterday"))
        return take_rest_of_day(r, days_before(r->today, 1), span);
    if (isdigit((unsigned char)*r->at) || strncasecmp(r->at, "a ", 2) == 0 || strncasecmp(r->at, "an ", 3) == 0)
        return take_ago(r, span);
    if (take_word(r, "now") && is_at_end(r)) {
        *span = (struct time_span){now_ms, now_ms};
        return 0;
    }
    if (take_weekday(r, &weekday))
        return take_day_of_week(r, weekday, span);
    return fault(
        r,
        "a time is as 2026-11-24T14:03, \"2026-11-24 14:03\", 14:03, \"yesterday 14:03\", \"tuesday 14:03\", "
        "\"2 days ago\" or now");
}

int time_text_parse(const char *text, uint64_t now_ms, struct time_span *span,
                    char error[static TIME_TEXT_ERROR_BYTES])
{
    const time_t now = (time_t)(now_ms / 1000);
    struct reading r = {.at = text, .now = now, .today = local(now), .error = error};
    struct time_span found;
    const int result = take_any(&r, now_ms, &found);
    if (result == 0)
        *span = found;
    return result;
}

const char *time_text_format(uint64_t time_ms, int has_ms, char text[static TIME_TEXT_BYTES])
{
    const struct tm parts = local((time_t)(time_ms / 1000));
    const long minutes = parts.tm_gmtoff / 60, size = minutes < 0 ? -minutes : minutes;
    size_t used = strftime(text, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    if (has_ms)
        used += (size_t)snprintf(text + used, TIME_TEXT_BYTES - used, ".%03u", (unsigned)(time_ms % 1000));
    snprintf(text + used, TIME_TEXT_BYTES - used, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60 % 24,
             size % 60);
    return text;
}
