/* test_file_writer.c: a child that writes a file: whole or not at all, whoever dies when; what it never replaces. */
#include "pearpd/file_writer.h"

#include "pearpd/clock.h"

#include "../lib/seeded.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES 300

#define KILLS 1000

static char folder[64], path[96], beside[104];

struct writer {
    struct loop *loop;
    struct loop_source *limit;
    struct file_writer *writer;
    bool has_answer, is_gone;
    int error;
    char step[32];
    unsigned room;
};

static void stop(struct writer *w)
{
    loop_stop(w->loop);
}

static void take_done(void *context, int error, const char *step)
{
    struct writer *w = context;
    w->has_answer = true;
    w->error = error;
    snprintf(w->step, sizeof(w->step), "%s", step);
    stop(w);
}

static void take_room(void *context)
{
    struct writer *w = context;
    w->room++;
}

static void take_gone(void *context)
{
    struct writer *w = context;
    w->is_gone = true;
    stop(w);
}

static void too_long(void *context)
{
    stop(context);
}

static const struct file_writer_calls calls = {take_done, take_room, take_gone};

static struct writer writer_new(void)
{
    struct writer w = {.loop = loop_new(), .writer = file_writer_new(path, NULL, NULL)};
    assert_non_null(w.loop);
    assert_non_null(w.writer);
    return w;
}

/* Where it stays from now on. */
static void writer_attach(struct writer *w)
{
    assert_int_equal(file_writer_attach(w->writer, w->loop, &calls, w), 0);
    w->limit = loop_timer(w->loop, too_long, w);
    assert_non_null(w->limit);
}

static void writer_end(struct writer *w)
{
    file_writer_free(w->writer);
    loop_source_free(w->limit);
    loop_free(w->loop);
    while (waitpid(-1, NULL, 0) > 0) /* unless it was reaped already */
        continue;
    assert_int_equal(errno, ECHILD);
}

/* Until an answer, or the child's end. */
static void wait_for_it(struct writer *w)
{
    w->has_answer = false;
    loop_timer_set(w->limit, 20 * NS_PER_S);
    assert_int_equal(loop_run(w->loop), 0);
    assert_true(w->has_answer || w->is_gone);
}

static void send_file(struct writer *w, uint64_t number)
{
    char line[64];
    file_writer_begin(w->writer);
    for (unsigned i = 0; i < LINES; i++) {
        int length = snprintf(line, sizeof(line), "file %" PRIu64 " line %u\n", number, i);
        file_writer_line(w->writer, line, (size_t)length);
    }
    file_writer_commit(w->writer, LINES);
}

/* The number of the file that stands there, whole; -1: none. */
static int64_t number_there(void)
{
    FILE *in = fopen(path, "r");
    uint64_t number = 0, first = 0;
    unsigned line = 0, count = 0;
    if (in == NULL)
        return -1;
    while (fscanf(in, "file %" SCNu64 " line %u\n", &number, &line) == 2) {
        first = count == 0 ? number : first;
        assert_int_equal(number, first);
        assert_int_equal(line, count);
        count++;
    }
    assert_true(feof(in));
    fclose(in);
    assert_int_equal(count, LINES);
    return (int64_t)first;
}

static void put_file(const char *name, const char *text)
{
    FILE *out = fopen(name, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

/* Saves `number`: what the answer is. */
static int try_save(uint64_t number, char *step)
{
    struct writer w = writer_new();
    writer_attach(&w);
    send_file(&w, number);
    wait_for_it(&w);
    assert_true(w.has_answer);
    strcpy(step, w.step);
    int error = w.error;
    writer_end(&w);
    return error;
}

static void test_a_file_is_replaced(void **state)
{
    (void)state;
    struct stat status;
    char step[32];
    assert_int_equal(try_save(1, step), 0);
    assert_int_equal(number_there(), 1);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(try_save(2, step), 0);
    assert_int_equal(number_there(), 2);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void test_one_child_writes_many(void **state)
{
    (void)state;
    struct writer w = writer_new();
    writer_attach(&w);
    for (uint64_t number = 3; number < 20; number++) {
        file_writer_begin(w.writer); /* begun, and begun anew */
        file_writer_line(w.writer, "nonsense\n", 9);
        send_file(&w, number);
        wait_for_it(&w);
        assert_int_equal(w.error, 0);
        assert_int_equal(number_there(), number);
    }
    assert_int_equal(file_writer_waiting(w.writer), 0);
    assert_true(w.room > 0);
    writer_end(&w);
}

static void test_a_wrong_count_replaces_nothing(void **state)
{
    (void)state;
    struct writer w = writer_new();
    writer_attach(&w);
    file_writer_begin(w.writer);
    file_writer_line(w.writer, "one\n", 4);
    file_writer_commit(w.writer, 2);
    wait_for_it(&w);
    assert_int_equal(w.error, EPROTO);
    file_writer_commit(w.writer, 0); /* nothing was begun */
    wait_for_it(&w);
    assert_int_equal(w.error, EPROTO);
    writer_end(&w);
    assert_int_equal(number_there(), 19);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void test_what_is_not_ours_is_never_replaced(void **state)
{
    (void)state;
    char step[32], elsewhere[104];
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
    put_file(elsewhere, "precious");
    const struct {
        const char *name;
        const char *step;
    } places[] = {{path, "replace"}, {beside, "create"}};
    for (size_t i = 0; i < 2; i++) {
        unlink(path);
        assert_int_equal(symlink("elsewhere", places[i].name), 0);
        assert_int_equal(try_save(1, step), ELOOP);
        assert_string_equal(step, places[i].step);
        unlink(places[i].name);
        assert_int_equal(mkdir(places[i].name, 0700), 0);
        assert_int_equal(try_save(1, step), EISDIR);
        rmdir(places[i].name);
        assert_int_equal(mkfifo(places[i].name, 0600), 0);
        assert_int_equal(try_save(1, step), EEXIST);
        unlink(places[i].name);
    }
    struct stat status;
    assert_int_equal(stat(elsewhere, &status), 0);
    assert_int_equal(status.st_size, 8);
    unlink(elsewhere);
    if (geteuid() == 0) {
        put_file(path, "another's");
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_int_equal(try_save(1, step), EPERM);
    }
    unlink(path);
}

static void test_faults_are_named_and_cost_nothing(void **state)
{
    (void)state;
    char step[32], kept[96];
    assert_int_equal(try_save(20, step), 0);
    int locked = open(beside, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(flock(locked, LOCK_EX), 0);
    assert_int_equal(try_save(21, step), EWOULDBLOCK);
    assert_string_equal(step, "lock");
    assert_int_equal(access(beside, F_OK), 0); /* the other writer's */
    close(locked);
    /* The child inherits the limit; SIGXFSZ would end it, as it would any program. */
    struct rlimit before, small = {4096, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int error = try_save(22, step);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(error, EFBIG);
    assert_string_equal(step, "write");
    assert_int_not_equal(access(beside, F_OK), 0);
    assert_int_equal(number_there(), 20);
    strcpy(kept, path);
    snprintf(path, sizeof(path), "%s/missing/file", folder);
    assert_int_equal(try_save(23, step), ENOENT);
    strcpy(path, kept);
    assert_int_equal(number_there(), 20);
}

static void test_the_child_ends_with_its_channel(void **state)
{
    (void)state;
    struct writer w = writer_new();
    writer_attach(&w);
    file_writer_begin(w.writer);
    file_writer_line(w.writer, "half\n", 5);
    loop_timer_set(w.limit, NS_PER_MS);
    assert_int_equal(loop_run(w.loop), 0);
    writer_end(&w); /* not committed */
    assert_int_equal(number_there(), 20);
    assert_int_not_equal(access(beside, F_OK), 0);
}

/* One that saves for ever, as fast as it can. Its writer's process is the only child of it. */
_Noreturn static void save_for_ever(uint64_t number)
{
    struct writer w = {.loop = loop_new(), .writer = file_writer_new(path, NULL, NULL)};
    if (w.loop == NULL || w.writer == NULL || file_writer_attach(w.writer, w.loop, &calls, &w) != 0)
        _exit(1);
    do {
        send_file(&w, number++);
    } while (loop_run(w.loop) == 0 && !w.is_gone);
    _exit(0);
}

static pid_t child_of(pid_t parent)
{
    char name[64];
    int child = 0;
    snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *in = fopen(name, "r");
    if (in != NULL && fscanf(in, "%d", &child) != 1)
        child = 0;
    if (in != NULL)
        fclose(in);
    return child;
}

/* The writer of a killed saver, which becomes this process's child: on a loaded machine it may begin when all looks quiet. */
static void wait_for_orphan(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(errno, ECHILD);
}

static void test_killed_in_a_save(void **state)
{
    (void)state;
    const unsigned kills = (unsigned)rounds("STATE_KILLS", KILLS);
    uint64_t chance = 12;
    int64_t number = number_there();
    unsigned replaced = 0, left_beside = 0;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (unsigned n = 0; n < kills; n++) {
        pid_t saver = fork();
        if (saver == 0)
            save_for_ever((uint64_t)number + 1);
        pid_t victim = n % 2 == 0 ? saver : 0;
        while (victim == 0) /* its writer, which is there at once or soon */
            victim = child_of(saver);
        struct timespec pause = {0, (long)(seeded_next(&chance) % 3000000)};
        nanosleep(&pause, NULL);
        assert_int_equal(kill(victim, SIGKILL), 0);
        assert_int_equal(waitpid(saver, NULL, 0), saver);
        wait_for_orphan();
        int64_t there = number_there();
        assert_true(there >= number);
        replaced += there > number;
        left_beside += access(beside, F_OK) == 0;
        number = there;
    }
    printf("# F12: %u kills in a save: the old file %u times, a newer one %u times, whole each time; %u left "
           "unfinished beside it\n",
           kills, kills - replaced, replaced, left_beside);
    char step[32];
    assert_int_equal(try_save((uint64_t)number + 1, step), 0);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static int folder_make(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/pearpd-test-writer.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    snprintf(beside, sizeof(beside), "%s.new", path);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(path);
    unlink(beside);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_is_replaced),
        cmocka_unit_test(test_one_child_writes_many),
        cmocka_unit_test(test_a_wrong_count_replaces_nothing),
        cmocka_unit_test(test_what_is_not_ours_is_never_replaced),
        cmocka_unit_test(test_faults_are_named_and_cost_nothing),
        cmocka_unit_test(test_the_child_ends_with_its_channel),
        cmocka_unit_test(test_killed_in_a_save),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
