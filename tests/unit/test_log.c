/* test_log.c: lines on stderr: their prefix, their level, that a message stays one line, and that one that nobody reads
 * makes nobody wait. */
#include "pearpd/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* What systemd sets for a unit whose stderr is the journal. */
static void journal_is(dev_t device, ino_t inode)
{
    char stream[64];
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)device, (uintmax_t)inode);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void test_prefix(void **state)
{
    struct stat status;
    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    unsetenv("JOURNAL_STREAM");
    log_open("pearp-agent", 0);
    log_error("%s is down", "lan0");
    assert_string_equal(written(), "pearp-agent: lan0 is down\n");
    journal_is(status.st_dev, status.st_ino);
    log_open("pearp-agent", 2);
    log_error("a");
    log_warning("b");
    log_notice("c");
    log_info("d");
    log_debug("e");
    assert_string_equal(written(), "<3>a\n<4>b\n<5>c\n<6>d\n<7>e\n");
    /* A terminal or pipe below the unit: the variable is inherited, stderr is another file. */
    journal_is(status.st_dev, status.st_ino + 1);
    log_open("p", 0);
    log_error("a");
    journal_is(status.st_dev + 1, status.st_ino);
    log_open("p", 0);
    log_error("b");
    setenv("JOURNAL_STREAM", "", 1);
    log_open("p", 0);
    log_error("c");
    assert_string_equal(written(), "p: a\np: b\np: c\n");
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

/* Reads `fd` until nothing is left; counts the lines, and keeps the last ones. */
static unsigned drain(int fd, char *tail, size_t size)
{
    static char text[1 << 20];
    size_t used = 0;
    unsigned lines = 0;
    ssize_t got;
    const int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (used < sizeof(text) - 1 && (got = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)got;
    fcntl(fd, F_SETFL, flags);
    text[used] = '\0';
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    const size_t from = used > size - 1 ? used - (size - 1) : 0;
    memcpy(tail, text + from, used - from + 1);
    return lines;
}

/* More than any pipe or socket holds. A log that waits is ended by the alarm. */
static void check_unread(int reader)
{
    enum { LINES = 20000 };
    char tail[200], expected[100];
    log_open("p", 0);
    log_never_wait();
    alarm(20);
    for (unsigned i = 0; i < LINES; i++)
        log_notice("a line that nobody reads, of less than a hundred bytes .............................");
    log_notice("short"); /* a pipe has room for it, but lines are missing before it */
    alarm(0);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    const unsigned whole = drain(reader, tail, sizeof(tail));
    assert_in_range(whole, 100, LINES - 1);
    assert_null(strstr(tail, "p: short\n"));
    log_notice("read again");
    assert_int_equal(drain(reader, tail, sizeof(tail)), 2);
    snprintf(expected, sizeof(expected), "p: %u lines of this log are missing here: nobody read them\n",
             LINES + 1 - whole);
    assert_memory_equal(tail, expected, strlen(expected));
    assert_string_equal(tail + strlen(expected), "p: read again\n");
    log_report_lost();
    assert_int_equal(drain(reader, tail, sizeof(tail)), 0);
    log_open("p", 0);
}

static void test_unread_pipe(void **state)
{
    (void)state;
    check_unread(ends[0]);
}

static void test_unread_socket(void **state)
{
    int sockets[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    assert_true(dup2(sockets[1], STDERR_FILENO) >= 0);
    check_unread(sockets[0]);
    close(sockets[0]);
    close(sockets[1]);
}

/* A terminal whose user has pressed ^S takes a part of a line, and then none. */
static void test_unread_terminal(void **state)
{
    (void)state;
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const int user = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(user >= 0 && dup2(user, STDERR_FILENO) >= 0);
    log_open("p", 0);
    log_never_wait();
    alarm(20);
    for (unsigned i = 0; i < 20000; i++)
        log_notice("a line that nobody reads, of about a hundred bytes ....................................");
    char tail[200], part[200];
    drain(terminal, part, sizeof(part));
    log_notice("read again");
    alarm(0);
    drain(terminal, tail, sizeof(tail));
    assert_non_null(strstr(tail, " lines of this log are missing here: nobody read them\r\np: read again\r\n"));
    if (part[strlen(part) - 1] != '\n') /* the part of a line is ended first */
        assert_memory_equal(tail, "\r\np: ", 5);
    log_open("p", 0);
    close(user);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prefix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unread_pipe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unread_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unread_terminal, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
