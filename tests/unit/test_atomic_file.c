/* test_atomic_file.c: a file is replaced as a whole, or stays as it was; nothing is left beside it. */
#include "pearpd/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pearp-atomic-XXXXXX";
static int directory;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(directory);
    return rmdir(folder); /* nothing is left in it */
}

static void check_text(const char *name, const char *text, mode_t mode)
{
    char is[64] = "";
    struct stat status;
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, is, sizeof(is)), (ssize_t)strlen(text));
    assert_string_equal(is, text);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    close(fd);
}

static void a_file_is_written_and_replaced(void **state)
{
    (void)state;
    const mode_t old = umask(077);
    assert_int_equal(atomic_file_write(directory, "a", "one", 3, 0644, true), 0);
    check_text("a", "one", 0644);
    assert_int_equal(atomic_file_write(directory, "a", "second", 6, 0600, false), 0);
    check_text("a", "second", 0600);
    umask(old);
    assert_int_equal(atomic_file_remove(directory, "a"), 0);
    assert_int_equal(atomic_file_remove(directory, "a"), 0);
}

static void a_link_beside_it_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(atomic_file_write(directory, "victim", "v", 1, 0600, false), 0);
    assert_int_equal(symlinkat("victim", directory, "a.new"), 0);
    assert_int_equal(atomic_file_write(directory, "a", "text", 4, 0600, false), 0);
    check_text("victim", "v", 0600);
    check_text("a", "text", 0600);
    assert_int_equal(atomic_file_remove(directory, "a"), 0);
    assert_int_equal(atomic_file_remove(directory, "victim"), 0);
}

static void what_cannot_be_written_changes_nothing(void **state)
{
    struct rlimit before, small;
    char path[64], name[400];
    (void)state;
    assert_int_equal(atomic_file_write(directory, "a", "kept", 4, 0600, false), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int error = atomic_file_write(directory, "a", "too much", 8, 0600, false);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, -EFBIG);
    check_text("a", "kept", 0600);
    assert_int_equal(atomic_file_remove(directory, "a"), 0);
    assert_int_equal(mkdirat(directory, "d", 0700), 0);
    snprintf(path, sizeof(path), "%s/d", folder);
    assert_int_equal(atomic_file_write(AT_FDCWD, path, "x", 1, 0600, false), -EISDIR);
    assert_int_equal(unlinkat(directory, "d", AT_REMOVEDIR), 0);
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(atomic_file_write(directory, name, "x", 1, 0600, false), -ENAMETOOLONG);
    assert_int_equal(atomic_file_write(AT_FDCWD, "/nowhere/x", "x", 1, 0600, false), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_and_replaced),
        cmocka_unit_test(a_link_beside_it_is_not_followed),
        cmocka_unit_test(what_cannot_be_written_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
