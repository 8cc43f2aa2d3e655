/* test_time_text.c: times as people write them, at the edges: clocks put forward and back, leap days, ends of months. */
#include "pearpd/time_text.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct example {
    const char *text;
    const char *first, *last; /* RFC 3339 with milliseconds; first NULL: a fault, and `last` is in its text */
};

static uint64_t now_of(const char *text)
{
    struct time_span span;
    char error[TIME_TEXT_ERROR_BYTES];
    assert_int_equal(time_text_parse(text, 0, &span, error), 0);
    return span.first_ms;
}

static void check(const char *zone, const char *now, const struct example *examples, size_t count)
{
    setenv("TZ", zone, 1);
    tzset();
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        struct time_span span = {0};
        char error[TIME_TEXT_ERROR_BYTES] = "", first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];
        const int result = time_text_parse(e->text, now_of(now), &span, error);
        if (e->first == NULL) {
            if (result != -EINVAL || strstr(error, e->last) == NULL)
                fail_msg("\"%s\": %d, \"%s\" instead of a fault with \"%s\"", e->text, result, error, e->last);
            continue;
        }
        if (result != 0)
            fail_msg("\"%s\": %s", e->text, error);
        time_text_format(span.first_ms, 1, first);
        time_text_format(span.last_ms, 1, last);
        if (strcmp(first, e->first) != 0 || strcmp(last, e->last) != 0)
            fail_msg("\"%s\": %s to %s instead of %s to %s", e->text, first, last, e->first, e->last);
    }
}
#define CHECK(zone, now, ...)                                               \
    do {                                                                    \
        const struct example examples[] = {__VA_ARGS__};                    \
        check(zone, now, examples, sizeof(examples) / sizeof(examples[0])); \
    } while (0)

#define BERLIN   "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define INDIA    "IST-5:30"

static void test_every_form(void **state)
{
    (void)state;
    /* A Tuesday. */
    CHECK(BERLIN, "2026-11-24T15:00:30.500+01:00",
          {"now", "2026-11-24T15:00:30.500+01:00", "2026-11-24T15:00:30.500+01:00"},
          {"2026-11-24T14:03", "2026-11-24T14:03:00.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"2026-11-24 14:03", "2026-11-24T14:03:00.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"2026-11-24 14:03:05", "2026-11-24T14:03:05.000+01:00", "2026-11-24T14:03:05.999+01:00"},
          {"2026-11-24T14:03:05.25", "2026-11-24T14:03:05.250+01:00", "2026-11-24T14:03:05.250+01:00"},
          {"2026-11-24", "2026-11-24T00:00:00.000+01:00", "2026-11-24T23:59:59.999+01:00"},
          {"2026-11-24T14:03:05Z", "2026-11-24T15:03:05.000+01:00", "2026-11-24T15:03:05.999+01:00"},
          {"2026-11-24T14:03:05z", "2026-11-24T15:03:05.000+01:00", "2026-11-24T15:03:05.999+01:00"},
          {"2026-11-24t14:03:05-05:30", "2026-11-24T20:33:05.000+01:00", "2026-11-24T20:33:05.999+01:00"},
          {"2026-11-24T14:03:05 +0100", "2026-11-24T14:03:05.000+01:00", "2026-11-24T14:03:05.999+01:00"},
          {"2026-11-24 14:03 UTC", "2026-11-24T15:03:00.000+01:00", "2026-11-24T15:03:59.999+01:00"},
          {"2026-11-24T14:03:60", "2026-11-24T14:03:59.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"@1795525200", "2026-11-24T14:00:00.000+01:00", "2026-11-24T14:00:00.999+01:00"},
          {"14:03", "2026-11-24T14:03:00.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"15:03", "2026-11-23T15:03:00.000+01:00", "2026-11-23T15:03:59.999+01:00"},
          {"9:05", "2026-11-24T09:05:00.000+01:00", "2026-11-24T09:05:59.999+01:00"},
          {"today", "2026-11-24T00:00:00.000+01:00", "2026-11-24T23:59:59.999+01:00"},
          {"today 14:03", "2026-11-24T14:03:00.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"yesterday", "2026-11-23T00:00:00.000+01:00", "2026-11-23T23:59:59.999+01:00"},
          {"yesterday 14:03", "2026-11-23T14:03:00.000+01:00", "2026-11-23T14:03:59.999+01:00"},
          {"Yesterday at 14:03:05", "2026-11-23T14:03:05.000+01:00", "2026-11-23T14:03:05.999+01:00"},
          {"tuesday 14:03", "2026-11-24T14:03:00.000+01:00", "2026-11-24T14:03:59.999+01:00"},
          {"tuesday 15:03", "2026-11-17T15:03:00.000+01:00", "2026-11-17T15:03:59.999+01:00"},
          {"Tuesday", "2026-11-24T00:00:00.000+01:00", "2026-11-24T23:59:59.999+01:00"},
          {"wed 14:03", "2026-11-18T14:03:00.000+01:00", "2026-11-18T14:03:59.999+01:00"},
          {"last monday, 8:00", "2026-11-23T08:00:00.000+01:00", "2026-11-23T08:00:59.999+01:00"},
          {"2 days ago", "2026-11-22T15:00:30.000+01:00", "2026-11-22T15:00:30.000+01:00"},
          {"an hour ago", "2026-11-24T14:00:30.000+01:00", "2026-11-24T14:00:30.000+01:00"},
          {"1 day 2 hours ago", "2026-11-23T13:00:30.000+01:00", "2026-11-23T13:00:30.000+01:00"},
          {"1 day and 90 min ago", "2026-11-23T13:30:30.000+01:00", "2026-11-23T13:30:30.000+01:00"},
          {"3 weeks ago", "2026-11-03T15:00:30.000+01:00", "2026-11-03T15:00:30.000+01:00"},
          {"90s ago", "2026-11-24T14:59:00.000+01:00", "2026-11-24T14:59:00.000+01:00"});
}

static void test_faults(void **state)
{
    (void)state;
    CHECK(BERLIN, "2026-11-24T15:00:30+01:00", {"", NULL, "a time is"}, {"soon", NULL, "a time is"},
          {"2026-02-29", NULL, "no such day"}, {"2026-13-01", NULL, "no such day"},
          {"2026-00-10", NULL, "no such day"}, {"2026-11-31 10:00", NULL, "no such day"},
          {"1969-12-31", NULL, "no such day"}, {"2026-11-24T", NULL, "HH:MM"}, {"2026-11-24T14", NULL, "HH:MM"},
          {"2026-11-24T1403", NULL, "HH:MM"}, {"2026-11-24T24:00", NULL, "no such time"},
          {"14:60", NULL, "no such time"}, {"14:03:61", NULL, "no such time"}, {"14:03:5", NULL, "HH:MM"},
          {"14:03 tomorrow", NULL, "behind"}, {"2026-11-24 14:03 CET", NULL, "behind"},
          {"2026-11-24T14:03+1", NULL, "zone"}, {"2026-11-24T14:03:05.", NULL, "digits"},
          {"2 days", NULL, "ago"}, {"2 ago", NULL, "ago"}, {"ago", NULL, "a time is"},
          {"2 fortnights ago", NULL, "ago"}, {"99999999 days ago", NULL, "ago"},
          {"3000 months ago", NULL, "1970"}, {"@", NULL, "seconds"},
          {"@999999999999999999999", NULL, "seconds"}, {"yesterday noon", NULL, "HH:MM"},
          {"nowhere", NULL, "a time is"}, {"26-11-24", NULL, "ago"}, {"2026-11-24x", NULL, "HH:MM"});
}

/* Berlin: on 2026-03-29 there was no 02:30, on 2026-10-25 there were two. */
static void test_clocks_put_forward_and_back(void **state)
{
    (void)state;
    CHECK(BERLIN, "2026-10-25T12:00:00+01:00", {"2026-03-29 02:30", NULL, "put forward"},
          {"2026-03-29 01:59", "2026-03-29T01:59:00.000+01:00", "2026-03-29T01:59:59.999+01:00"},
          {"2026-03-29 03:00", "2026-03-29T03:00:00.000+02:00", "2026-03-29T03:00:59.999+02:00"},
          {"2026-03-29", "2026-03-29T00:00:00.000+01:00", "2026-03-29T23:59:59.999+02:00"},
          {"2026-03-29T02:30+01:00", "2026-03-29T03:30:00.000+02:00", "2026-03-29T03:30:59.999+02:00"},
          {"02:30", NULL, "twice"}, {"2026-10-25 02:30", NULL, "twice"},
          {"2026-10-25 02:30+02:00", "2026-10-25T02:30:00.000+02:00", "2026-10-25T02:30:59.999+02:00"},
          {"2026-10-25 02:30+01:00", "2026-10-25T02:30:00.000+01:00", "2026-10-25T02:30:59.999+01:00"},
          {"2026-10-25 03:00", "2026-10-25T03:00:00.000+01:00", "2026-10-25T03:00:59.999+01:00"},
          {"today", "2026-10-25T00:00:00.000+02:00", "2026-10-25T23:59:59.999+01:00"},
          {"yesterday", "2026-10-24T00:00:00.000+02:00", "2026-10-24T23:59:59.999+02:00"},
          {"1 day ago", "2026-10-24T12:00:00.000+02:00", "2026-10-24T12:00:00.000+02:00"},
          {"24 hours ago", "2026-10-24T13:00:00.000+02:00", "2026-10-24T13:00:00.000+02:00"});
    /* The same time of the day a day before, where the clock did not show it: next to it. */
    CHECK(BERLIN, "2026-03-30T02:30:00+02:00",
          {"1 day ago", "2026-03-29T03:30:00.000+02:00", "2026-03-29T03:30:00.000+02:00"});
    CHECK(NEW_YORK, "2026-03-08T12:00:00-04:00", {"02:30", NULL, "put forward"},
          {"yesterday 02:30", "2026-03-07T02:30:00.000-05:00", "2026-03-07T02:30:59.999-05:00"});
    CHECK(INDIA, "2026-11-24T12:00:00Z",
          {"17:00", "2026-11-24T17:00:00.000+05:30", "2026-11-24T17:00:59.999+05:30"},
          {"2026-11-24T12:00Z", "2026-11-24T17:30:00.000+05:30", "2026-11-24T17:30:59.999+05:30"});
    CHECK("UTC0", "2026-11-24T00:00:10Z",
          {"00:00", "2026-11-24T00:00:00.000+00:00", "2026-11-24T00:00:59.999+00:00"},
          {"23:59", "2026-11-23T23:59:00.000+00:00", "2026-11-23T23:59:59.999+00:00"});
}

static void test_leap_days_and_ends_of_months(void **state)
{
    (void)state;
    CHECK("UTC0", "2028-02-29T12:00:00Z",
          {"2028-02-29", "2028-02-29T00:00:00.000+00:00", "2028-02-29T23:59:59.999+00:00"},
          {"2000-02-29", "2000-02-29T00:00:00.000+00:00", "2000-02-29T23:59:59.999+00:00"},
          {"2100-02-29", NULL, "no such day"}, {"2027-02-29 10:00", NULL, "no such day"},
          {"1 year ago", "2027-02-28T12:00:00.000+00:00", "2027-02-28T12:00:00.000+00:00"},
          {"4 years ago", "2024-02-29T12:00:00.000+00:00", "2024-02-29T12:00:00.000+00:00"},
          {"yesterday", "2028-02-28T00:00:00.000+00:00", "2028-02-28T23:59:59.999+00:00"});
    CHECK("UTC0", "2028-03-31T12:00:00Z",
          {"1 month ago", "2028-02-29T12:00:00.000+00:00", "2028-02-29T12:00:00.000+00:00"},
          {"13 months ago", "2027-02-28T12:00:00.000+00:00", "2027-02-28T12:00:00.000+00:00"},
          {"31 days ago", "2028-02-29T12:00:00.000+00:00", "2028-02-29T12:00:00.000+00:00"});
    CHECK("UTC0", "2028-03-01T00:00:00Z",
          {"yesterday 23:59", "2028-02-29T23:59:00.000+00:00", "2028-02-29T23:59:59.999+00:00"});
    CHECK("UTC0", "2027-01-01T00:30:00Z",
          {"23:00", "2026-12-31T23:00:00.000+00:00", "2026-12-31T23:00:59.999+00:00"},
          {"2 months ago", "2026-11-01T00:30:00.000+00:00", "2026-11-01T00:30:00.000+00:00"});
}

/* Whatever is cut off or put in, it is a time or a fault. */
static void test_every_cut(void **state)
{
    static const char *const texts[] = {"2026-11-24T14:03:05.25+01:00", "last tuesday at 14:03:05",
                                        "1 day and 2 hours ago", "@1795525200", "yesterday 14:03"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t length = 0; length <= strlen(texts[i]); length++) {
            struct time_span span = {1, 0};
            char text[64], error[TIME_TEXT_ERROR_BYTES] = "";
            snprintf(text, sizeof(text), "%.*s", (int)length, texts[i]);
            const int result = time_text_parse(text, UINT64_C(1795525200000), &span, error);
            assert_true(result == 0 ? span.first_ms <= span.last_ms : *error != '\0');
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_clocks_put_forward_and_back),
        cmocka_unit_test(test_leap_days_and_ends_of_months),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
