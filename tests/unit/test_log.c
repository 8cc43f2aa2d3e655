/* test_log.c: lines on stderr: their prefix, their level, and that a message stays one line. */
#include "pearpd/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2], stderr_kept;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(pipe(ends), 0);
    stderr_kept = dup(STDERR_FILENO);
    assert_true(stderr_kept >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(stderr_kept, STDERR_FILENO);
    close(stderr_kept);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What was written since the last time, up to a mark of ours that nothing blocks behind. */
static const char *written(void)
{
    static char text[4096];
    assert_int_equal(write(ends[1], "|", 1), 1);
    ssize_t length = read(ends[0], text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length - 1] = '\0';
    return text;
}

static void test_prefix(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_open("pearp-agent", 0);
    log_error("%s is down", "lan0");
    assert_string_equal(written(), "pearp-agent: lan0 is down\n");
    setenv("JOURNAL_STREAM", "8:1234", 1);
    log_open("pearp-agent", 2);
    log_error("a");
    log_warning("b");
    log_notice("c");
    log_info("d");
    log_debug("e");
    assert_string_equal(written(), "<3>a\n<4>b\n<5>c\n<6>d\n<7>e\n");
    unsetenv("JOURNAL_STREAM");
}

static void test_levels(void **state)
{
    (void)state;
    log_open("p", 0);
    log_info("not seen");
    log_notice("seen");
    assert_string_equal(written(), "p: seen\n");
    log_open("p", -2);
    log_warning("not seen");
    log_error("seen");
    assert_string_equal(written(), "p: seen\n");
}

static void test_one_line(void **state)
{
    (void)state;
    char longer[3000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    log_open("p", 0);
    log_error("%s", "a\n<0>b\x1b[2J\x7f\xc3\xa9");
    assert_string_equal(written(), "p: a?<0>b?[2J?\xc3\xa9\n");
    log_error("%s", longer);
    const char *line = written();
    assert_true(strlen(line) < 1100);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prefix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_line, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
