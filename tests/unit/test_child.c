/* test_child.c: a run of another program under the event loop: what goes in, what comes out, and how it may end. */
#include "pearpd/child.h"
#include "pearpd/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
    struct loop *loop;
    struct child *child;
    unsigned ends;
    struct child_end end;
};

static void take_end(void *context, const struct child_end *end)
{
    struct run *run = context;
    run->ends++;
    run->end = *end;
    child_free(run->child);
    loop_stop(run->loop);
}

static int start(struct run *run, const char *program, const char *script, const char *input, uint64_t limit_ns)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    const struct child_command command = {program, arguments, input, strlen(input), limit_ns, false};
    *run = (struct run){.loop = loop_new()};
    assert_non_null(run->loop);
    return child_start(run->loop, &command, take_end, run, &run->child);
}

/* Runs a script to its end. */
static void run_script(struct run *run, const char *script, const char *input, uint64_t limit_ns)
{
    assert_int_equal(start(run, "/bin/sh", script, input, limit_ns), 0);
    assert_int_equal(loop_run(run->loop), 0);
    loop_free(run->loop);
    assert_int_equal(run->ends, 1);
}

static void test_input_and_output(void **state)
{
    struct run run;
    (void)state;
    run_script(&run, "cat; echo fault >&2; exit 3", "one\ntwo\n", 60 * NS_PER_S);
    assert_int_equal(run.end.fate, CHILD_EXITED);
    assert_int_equal(run.end.status, 3);
    assert_string_equal(run.end.output, "one\ntwo\nfault\n");
    run_script(&run, "wc -c", "", 60 * NS_PER_S);
    assert_int_equal(run.end.status, 0);
    assert_int_equal(atoi(run.end.output), 0);
}

/* Nothing of our environment, none of our descriptors, and no capability. */
static void test_what_it_inherits(void **state)
{
    struct run run;
    (void)state;
    setenv("PEARPD_SECRET", "secret", 1);
    assert_int_equal(dup2(STDERR_FILENO, 77), 77);
    run_script(&run,
               "tr '\\0' '\\n' </proc/self/environ; grep -E 'CapEff|NoNewPrivs' /proc/self/status; ls "
               "/proc/self/fd | xargs",
               "", 60 * NS_PER_S);
    assert_null(strstr(run.end.output, "PEARPD_SECRET"));
    assert_non_null(strstr(run.end.output, "LC_ALL=C\n"));
    assert_non_null(
        strstr(run.end.output, "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n0 1 2 3\n")); /* 3: ls itself */
    close(77);
}

static void test_too_much_output(void **state)
{
    struct run run;
    (void)state;
    run_script(&run, "while :; do echo 0123456789012345678901234567890123456789; done", "", 60 * NS_PER_S);
    assert_true(run.end.fate != CHILD_LATE);
    assert_int_equal(strlen(run.end.output), CHILD_OUTPUT_BYTES - 1);
}

/* True once no process has that number, but for one that its parent has not taken yet. */
static bool is_gone(pid_t pid)
{
    char path[64], line[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return true;
    const bool gone = fgets(line, sizeof(line), file) == NULL || strstr(line, ") Z") != NULL;
    fclose(file);
    return gone;
}

/* At its time limit it is killed, and so is what it started. */
static void test_time_limit(void **state)
{
    struct run run;
    (void)state;
    run_script(&run, "sleep 1000 & echo $!; wait", "", NS_PER_S / 2);
    assert_int_equal(run.end.fate, CHILD_LATE);
    const pid_t sleeper = atoi(run.end.output);
    assert_true(sleeper > 0);
    for (unsigned i = 0; i < 1000 && !is_gone(sleeper); i++)
        usleep(10000);
    assert_true(is_gone(sleeper));
}

static void test_other_ends(void **state)
{
    struct run run;
    (void)state;
    run_script(&run, "kill -TERM $$", "", 60 * NS_PER_S);
    assert_int_equal(run.end.fate, CHILD_KILLED);
    assert_int_equal(run.end.status, SIGTERM);
    assert_int_equal(start(&run, "/nonexistent", "", "", 60 * NS_PER_S), 0);
    assert_int_equal(loop_run(run.loop), 0);
    loop_free(run.loop);
    assert_int_equal(run.end.fate, CHILD_NOT_RUN);
}

/* The same, waited for. */
static void test_child_run(void **state)
{
    const char *const arguments[] = {"sh", "-c", "cat; grep CapEff /proc/self/status; exit 3", NULL};
    struct child_command command = {
        .program = "/bin/sh", .arguments = arguments, .input = "one\n", .input_length = 4};
    struct child_end end;
    (void)state;
    assert_int_equal(child_run(&command, &end), 0);
    assert_int_equal(end.fate, CHILD_EXITED);
    assert_int_equal(end.status, 3);
    assert_string_equal(end.output, "one\nCapEff:\t0000000000000000\n");
    command.keeps_capabilities = true;
    assert_int_equal(child_run(&command, &end), 0);
    assert_true(geteuid() != 0 || strstr(end.output, "\t0000000000000000\n") == NULL);
    command.program = "/nonexistent";
    assert_int_equal(child_run(&command, &end), 0);
    assert_int_equal(end.fate, CHILD_NOT_RUN);
}

/* Several at once, and one that nobody waits for any more. */
static void test_freed(void **state)
{
    const char *const sleeping[] = {"sh", "-c", "sleep 1000", NULL};
    const struct child_command command = {"/bin/sh", sleeping, "", 0, 60 * NS_PER_S, false};
    struct run run, other = {.ends = 0};
    (void)state;
    assert_int_equal(start(&run, "/bin/sh", "echo done", "", 60 * NS_PER_S), 0);
    other.loop = run.loop;
    assert_int_equal(child_start(run.loop, &command, take_end, &other, &other.child), 0);
    assert_int_equal(loop_run(run.loop), 0);
    assert_int_equal(run.ends, 1);
    assert_string_equal(run.end.output, "done\n");
    child_free(other.child);
    child_free(NULL);
    assert_int_equal(other.ends, 0);
    loop_free(run.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input_and_output),
        cmocka_unit_test(test_what_it_inherits),
        cmocka_unit_test(test_too_much_output),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_other_ends),
        cmocka_unit_test(test_child_run),
        cmocka_unit_test(test_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
