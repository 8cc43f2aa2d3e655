/* try_run.c: see try_run.h.
 *
 * The guard waits at a pipe and for the program's end. A byte: the trial is over by the program's own doing, and the guard
 * ends. The end without one: the program was killed. Nothing in time: the program hangs, and is killed. */
#include "pearpd/try_run.h"

#include "pearpd/log.h"
#include "pearpd/time_units.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED_WAIT_MS 10000

struct try_run {
    uint32_t seconds;
    int guard; /* the pipe to it; -1: it has ended */
    pid_t guard_pid;
    bool is_open, has_expired;
    struct loop_source *timer, *terminal;
    struct try_run_calls calls;
};

/* The guard. */

static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGTTOU, SIGTTIN, SIGPIPE};

/* Nothing of the program's stays open but what its log goes to. */
static void detach(int pipe_end, int program)
{
    (void)setsid();
    (void)prctl(PR_SET_NAME, "pearp-try", 0, 0, 0);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)signal(ignored[i], SIG_IGN);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
    }
    const int low = pipe_end < program ? pipe_end : program, high = pipe_end < program ? program : pipe_end;
    if (low > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
    if (high > low + 1)
        (void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    (void)close_range((unsigned)high + 1, UINT_MAX, 0);
}

/* Waits for a byte, or for the end of the program, `ms` at most. False: nothing came. */
static bool wait_for_end(int pipe_end, int program, int ms)
{
    struct pollfd waits[] = {{.fd = program, .events = POLLIN}, {.fd = pipe_end, .events = POLLIN}};
    int got;
    do
        got = poll(waits, 2, ms);
    while (got < 0 && errno == EINTR);
    return got != 0;
}

static void guard_run(int pipe_end, int program, uint32_t seconds, void (*undo)(void *context), void *context)
{
    char byte;
    detach(pipe_end, program);
    const bool has_ended = wait_for_end(pipe_end, program, (int)(seconds + TRY_RUN_GRACE_S) * 1000);
    if (read(pipe_end, &byte, 1) == 1)
        return;
    if (has_ended) {
        log_error("the program was killed before it was confirmed: what it did is undone");
    } else {
        log_error("not confirmed, and the program hangs: it is killed, and what it did is undone");
        (void)syscall(SYS_pidfd_send_signal, program, SIGKILL, NULL, 0);
        (void)wait_for_end(-1, program, KILLED_WAIT_MS);
    }
    undo(context);
    log_notice("undone");
}

/* The program. */

static int guard_start(struct try_run *trial, void (*undo)(void *context), void *context)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    (void)signal(SIGPIPE, SIG_IGN);
    const int program = (int)syscall(SYS_pidfd_open, getpid(), 0);
    trial->guard_pid = program < 0 ? -1 : fork();
    if (trial->guard_pid == 0) {
        close(ends[1]);
        guard_run(ends[0], program, trial->seconds, undo, context);
        _exit(0);
    }
    const int error = trial->guard_pid < 0 ? -errno : 0;
    if (program >= 0)
        close(program);
    close(ends[0]);
    if (error != 0)
        close(ends[1]);
    else
        trial->guard = ends[1];
    return error;
}

struct try_run *try_run_begin(uint32_t seconds, void (*undo)(void *context), void *context)
{
    struct try_run *trial = calloc(1, sizeof(*trial));
    if (trial == NULL)
        return NULL;
    trial->seconds = seconds;
    trial->guard = -1;
    trial->is_open = true;
    const int error = guard_start(trial, undo, context);
    if (error == 0)
        return trial;
    free(trial);
    errno = -error;
    return NULL;
}

static void guard_end(struct try_run *trial)
{
    if (trial->guard < 0)
        return;
    (void)!write(trial->guard, "",
                 1); /* a guard that was killed has nothing to do either: SIGPIPE is ignored */
    close(trial->guard);
    trial->guard = -1;
    (void)waitpid(trial->guard_pid, NULL, 0);
}

static void expired(void *context)
{
    struct try_run *trial = context;
    log_warning("not confirmed within %u s: everything is undone", trial->seconds);
    trial->is_open = false;
    trial->has_expired = true;
    trial->calls.expired(trial->calls.context);
}

/* A terminal that is lost, or that belongs to another program by now, confirms nothing. */
static void terminal_ready(void *context)
{
    struct try_run *trial = context;
    char text[256];
    const ssize_t length = tcgetpgrp(STDIN_FILENO) == getpgrp() ? read(STDIN_FILENO, text, sizeof(text)) : -1;
    if (length > 0 && memchr(text, '\n', (size_t)length) == NULL)
        return;
    if (length > 0)
        (void)try_run_confirm(trial);
    loop_source_free(trial->terminal);
    trial->terminal = NULL;
}

int try_run_start(struct try_run *trial, struct loop *loop, const char *command,
                  const struct try_run_calls *calls)
{
    if (trial == NULL)
        return 0;
    const bool has_terminal = isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp();
    trial->calls = *calls;
    trial->timer = loop_timer(loop, expired, trial);
    if (has_terminal)
        trial->terminal = loop_readable(loop, LOOP_CONTROL, STDIN_FILENO, terminal_ready, trial);
    if (trial->timer == NULL || (has_terminal && trial->terminal == NULL))
        return -ENOMEM;
    loop_timer_set(trial->timer, trial->seconds * NS_PER_S);
    log_warning("on trial: everything is undone in %u s unless confirmed%s: %s", trial->seconds,
                has_terminal ? ", by Enter or" : "", command);
    return 0;
}

bool try_run_is_open(const struct try_run *trial)
{
    return trial != NULL && trial->is_open;
}

int try_run_confirm(struct try_run *trial)
{
    if (!try_run_is_open(trial))
        return -ENOENT;
    trial->is_open = false;
    loop_timer_set(trial->timer, UINT64_MAX);
    guard_end(trial);
    log_notice("confirmed: it stays");
    return 0;
}

bool try_run_has_expired(const struct try_run *trial)
{
    return trial != NULL && trial->has_expired;
}

void try_run_stop(struct try_run *trial)
{
    if (trial == NULL)
        return;
    loop_source_free(trial->terminal);
    loop_source_free(trial->timer);
    trial->terminal = trial->timer = NULL;
    trial->is_open = false;
}

void try_run_end(struct try_run *trial)
{
    if (trial == NULL)
        return;
    guard_end(trial);
    free(trial);
}

int try_run_parse(const char *text, uint32_t *seconds)
{
    char *end;
    errno = 0;
    const unsigned long value = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    if (value == 0 || value > TRY_RUN_MOST_S || *end != '\0')
        return -EINVAL;
    *seconds = (uint32_t)value;
    return 0;
}
