/* child.c: see child.h. Standard input and output are nameless files: a child can neither block the caller nor be
 * blocked by it. */
#include "pearpd/child.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_RUN     127
#define FILE_BYTES_LIMIT (UINT64_C(16) * CHILD_OUTPUT_BYTES) /* a child that prints more is ended by SIGXFSZ */

struct child {
    pid_t pid; /* 0: none runs */
    int output;
    bool is_late;
    struct loop_source *signal, *timer;
    void (*ended)(void *context, const struct child_end *end);
    void *context;
};

/* A descriptor of a nameless file with `length` bytes in it, to be read from its start. */
static int text_file(const char *name, const char *text, size_t length)
{
    const int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (length > 0 && (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -EIO;
    }
    return fd;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0;
}

/* In the child: becomes the program. Returns where it cannot. */
static void become(const struct child_command *command, int input, int output, pid_t caller)
{
    char *const environment[] = {(char[]){"LC_ALL=C"}, NULL};
    const struct rlimit limit = {FILE_BYTES_LIMIT, FILE_BYTES_LIMIT};
    sigset_t none;
    sigemptyset(&none);
    /* Without new privileges, a program that root executes gets no capability back. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || (!command->keeps_capabilities && !drop_capabilities()))
        return;
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != caller ||
        setrlimit(RLIMIT_FSIZE, &limit) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0 ||
        signal(SIGPIPE, SIG_DFL) == SIG_ERR)
        return;
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        return;
    (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    execve(command->program, (char *const *)command->arguments, /* NOLINT: execve() changes none of them */
           environment);
}

static pid_t fork_child(const struct child_command *command, int input, int output)
{
    const pid_t caller = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        become(command, input, output, caller);
        _exit(EXIT_NOT_RUN);
    }
    if (pid < 0)
        return -errno;
    (void)setpgid(pid, pid); /* whoever is first: it can be killed from now on */
    return pid;
}

/* The child's number, and *output: what it prints; or -Exxx. *output is the caller's to close, where it is not negative. */
static pid_t spawn(const struct child_command *command, int *output)
{
    const int input = text_file("input", command->input, command->input_length);
    pid_t pid = input;
    *output = -1;
    if (input >= 0)
        pid = *output = text_file("output", "", 0);
    if (*output >= 0)
        pid = fork_child(command, input, *output);
    if (input >= 0)
        close(input);
    return pid;
}

static void read_end(int status, int output, struct child_end *end)
{
    const ssize_t length = pread(output, end->output, sizeof(end->output) - 1, 0);
    end->output[length > 0 ? length : 0] = '\0';
    end->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        end->fate = CHILD_KILLED;
    else
        end->fate = end->status == EXIT_NOT_RUN ? CHILD_NOT_RUN : CHILD_EXITED;
}

int child_run(const struct child_command *command, struct child_end *end)
{
    int output, status = 0, error = 0;
    const pid_t pid = spawn(command, &output);
    while (pid > 0 && error == 0 && waitpid(pid, &status, 0) < 0)
        error = errno == EINTR ? 0 : -errno;
    if (pid > 0 && error == 0)
        read_end(status, output, end);
    if (output >= 0)
        close(output);
    return pid < 0 ? pid : error;
}

static void on_signal(void *context)
{
    struct child *child = context;
    struct child_end end;
    int status;
    if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    (void)kill(-child->pid, SIGKILL); /* what it started itself */
    child->pid = 0;
    read_end(status, child->output, &end);
    if (child->is_late)
        end.fate = CHILD_LATE;
    child->ended(child->context, &end); /* frees the child */
}

static void on_timer(void *context)
{
    struct child *child = context;
    child->is_late = true;
    (void)kill(-child->pid, SIGKILL);
}

int child_start(struct loop *loop, const struct child_command *command,
                void (*ended)(void *context, const struct child_end *end), void *context, struct child **child)
{
    struct child *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return -ENOMEM;
    *c = (struct child){.output = -1, .ended = ended, .context = context};
    c->signal = loop_signal(loop, SIGCHLD, on_signal, c); /* before the fork, so that no end is missed */
    c->timer = loop_timer(loop, on_timer, c);
    const pid_t pid = c->signal == NULL || c->timer == NULL ? -ENOMEM : spawn(command, &c->output);
    if (pid < 0) {
        child_free(c);
        return pid;
    }
    c->pid = pid;
    loop_timer_set(c->timer, command->limit_ns);
    *child = c;
    return 0;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    loop_source_free(child->signal);
    loop_source_free(child->timer);
    if (child->pid > 0) {
        (void)kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (child->output >= 0)
        close(child->output);
    free(child);
}
