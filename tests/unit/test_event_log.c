/* test_event_log.c: events in the log: which level takes them, and that a loud kind hides no other. */
#include "../../src/daemon/event_log.h"

#include "pearpd/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_log events;
static char path[] = "/tmp/pearpd-events.XXXXXX", text[1 << 20];
static int stderr_kept;

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/pearpd-events.XXXXXX");
    const int file = mkstemp(path);
    stderr_kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && stderr_kept >= 0 && dup2(file, STDERR_FILENO) >= 0);
    close(file);
    log_open("p", 0);
    events = (struct event_log){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(stderr_kept, STDERR_FILENO);
    close(stderr_kept);
    return unlink(path);
}

/* How often `line` was logged so far. */
static unsigned logged(const char *line)
{
    unsigned count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        count++;
    return count;
}

static void happens_with(enum event_kind kind, const char *detail, uint64_t time_ns)
{
    const struct event event = {.kind = kind,
                                .detail = detail,
                                .time_ns = time_ns,
                                .range = {{0xc0000201}, 2000, 2999},
                                .mac = {{0, 0x0c, 0x29, 0, 0, 1}}};
    event_log_write(&events, &event);
}

static void happens(enum event_kind kind, uint64_t time_ns)
{
    happens_with(kind, NULL, time_ns);
}

static void test_levels(void **state)
{
    static const enum event_kind kinds[] = {EVENT_LEARNED, EVENT_MOVED, EVENT_EXPIRED, EVENT_RELEASED,
                                            EVENT_DELETED};
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char line[100];
        happens(kinds[i], 1);
        snprintf(line, sizeof(line), "p: %s 192.0.2.1:2000-2999 00:0c:29:00:00:01\n", event_name(kinds[i]));
        assert_int_equal(logged(line), 1);
    }
    happens(EVENT_STALE, 1);
    assert_int_equal(logged("stale"), 0);
}

/* A thousand violations in a second, and ten captures among them. */
static void test_loud_kind_hides_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        happens(EVENT_VIOLATION, 1000000 * i);
        if (i % 100 == 99)
            happens(EVENT_CAPTURE, 1000000 * i);
    }
    assert_int_equal(logged("p: capture "), 10);
    assert_in_range(logged("p: violation "), 10, 20);
    const unsigned shown = logged("p: violation ");
    char line[100];
    event_log_report_skipped(&events);
    event_log_report_skipped(&events);
    snprintf(line, sizeof(line), "p: %u more violation events were not logged\n", 1000 - shown);
    assert_int_equal(logged(line), 1);
    assert_int_equal(logged("more capture"), 0);
}

/* Claims are refused by the thousand when a device upstream takes the shared address: both are conflicts. */
static void test_loud_cause_hides_no_other(void **state)
{
    (void)state;
    for (unsigned second = 0; second < 3; second++) {
        for (unsigned i = 0; i < 1000; i++)
            happens_with(EVENT_CONFLICT, "claimed", 1000000 * (1000 * second + i));
        happens_with(EVENT_CONFLICT, "used upstream", 1000000 * (1000 * second + 999));
        happens_with(EVENT_CONFLICT, "used upstream", 1000000 * (1000 * second + 999));
        event_log_report_skipped(&events);
        assert_int_equal(logged("(used upstream)"), second + 1);
    }
    assert_in_range(logged("(claimed)"), 20, 50);
}

/* As many hosts as start at once. */
static void test_every_change_of_owner_is_logged(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        happens(EVENT_LEARNED, 1000000 * i);
    assert_int_equal(logged("p: learned "), 1000);
}

/* What the level leaves out is no reason to leave out more: neither now nor in the sum. */
static void test_a_level_that_is_off_costs_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        happens(EVENT_STALE, 1);
    log_open("p", 1);
    happens(EVENT_STALE, 1);
    assert_int_equal(logged("p: stale "), 1);
    event_log_report_skipped(&events);
    assert_int_equal(logged("more stale"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_levels),
        TEST(test_loud_kind_hides_no_other),
        TEST(test_loud_cause_hides_no_other),
        TEST(test_every_change_of_owner_is_logged),
        TEST(test_a_level_that_is_off_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
