/* dhcp_client.c: see dhcp_client.h. */
#include "dhcp_client.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "host/link_up.h"
#include "host/run_files.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GAP_MAX_S      60
#define END_WAIT_MS    10000 /* for a DHCPRELEASE and the hook, on a busy machine */
#define KILL_WAIT_MS   1000
#define LOOK_MS        10
#define PATH_BYTES     (PATH_MAX + 64)
#define ARGUMENTS_MAX  24
#define EXIT_NOT_RUN   127
#define OPTION_PORTS   "159"
#define ACTION_RUN     "-d"   /* of dhclient: in the foreground */
#define ACTION_RELEASE "-r"   /* of dhclient: give the lease back */
#define ACTION_OVER    "over" /* of the hook: put back what the lease brought */
#define OPTION_MTU     "26"

struct program {
    enum dhcp_client_kind kind;
    const char *path;
    bool applet; /* `busybox udhcpc` */
};

/* In the order of preference: udhcpc is one small program that needs no files. */
static const struct program programs[] = {
    {DHCP_CLIENT_UDHCPC, "/usr/sbin/udhcpc", false}, {DHCP_CLIENT_UDHCPC, "/sbin/udhcpc", false},
    {DHCP_CLIENT_UDHCPC, "/usr/bin/udhcpc", false},  {DHCP_CLIENT_UDHCPC, "/usr/bin/busybox", true},
    {DHCP_CLIENT_UDHCPC, "/bin/busybox", true},      {DHCP_CLIENT_DHCLIENT, "/usr/sbin/dhclient", false},
    {DHCP_CLIENT_DHCLIENT, "/sbin/dhclient", false},
};

struct dhcp_client {
    int directory;
    const char *interface;
    const struct program *program;
    char own[PATH_MAX]; /* this program, for the hook */
    char hook[PATH_BYTES], configuration[PATH_BYTES];
    char leases[PATH_BYTES], pid_file[PATH_BYTES]; /* of dhclient */
    struct loop_source *ended, *timer;
    pid_t pid; /* 0: does not run */
    uint32_t gap_s;
};

struct arguments {
    const char *at[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct arguments *a, const char *const *words)
{
    for (; *words != NULL; words++)
        a->at[a->count++] = *words;
}

static void udhcpc_arguments(const struct dhcp_client *c, struct arguments *a)
{
    if (c->program->applet)
        add(a, (const char *const[]){"busybox", NULL});
    add(a, (const char *const[]){"udhcpc", "-f", "-R", "-t", "3", "-T", "2", "-A", "3", "-O", OPTION_PORTS,
                                 "-O", OPTION_MTU, "-s", c->hook, "-i", c->interface, NULL});
}

static void dhclient_arguments(const struct dhcp_client *c, const char *action, const char *own,
                               struct arguments *a)
{
    add(a, (const char *const[]){"dhclient", "-4", "-q", action, "-cf", c->configuration, "-lf", c->leases,
                                 "-pf", c->pid_file, "-sf", c->hook, "-e", own, "-e", "PEARP_SUPERVISED=1",
                                 c->interface, NULL});
}

/* In the child. It does not outlive the agent; a group of its own: ^C on the terminal ends the agent, which lets
 * the client give its lease back. */
static void become(const struct dhcp_client *c, const char *action, pid_t agent)
{
    struct arguments a = {.count = 0};
    char own[PATH_BYTES];
    sigset_t none;
    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != agent || setpgid(0, 0) != 0 ||
        sigprocmask(SIG_SETMASK, &none, NULL) != 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return;
    signal(SIGPIPE, SIG_DFL);
    setenv("PEARP_AGENT", c->own, 1);
    setenv("PEARP_SUPERVISED", "1", 1);
    unsetenv("NOTIFY_SOCKET");
    snprintf(own, sizeof(own), "PEARP_AGENT=%s", c->own);
    if (strcmp(action, ACTION_OVER) == 0) {
        setenv("interface", c->interface, 1);
        execl(c->hook, c->hook, ACTION_OVER, (char *)NULL);
        return;
    }
    if (c->program->kind == DHCP_CLIENT_UDHCPC)
        udhcpc_arguments(c, &a);
    else
        dhclient_arguments(c, action, own, &a);
    execv(c->program->path,
          (char *const *)a.at); /* NOLINT: execv() takes, and does not change, char *const [] */
}

static pid_t spawn(const struct dhcp_client *c, const char *action)
{
    const pid_t agent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become(c, action, agent);
        _exit(EXIT_NOT_RUN);
    }
    return child;
}

/* dhclient needs its file of leases. */
static bool make_leases(const struct dhcp_client *c)
{
    FILE *file = fopen(c->leases, "ae");
    return file != NULL && fclose(file) == 0;
}

static void start_later(struct dhcp_client *c)
{
    loop_timer_set(c->timer, c->gap_s * NS_PER_S);
    c->gap_s = c->gap_s * 2 > GAP_MAX_S ? GAP_MAX_S : c->gap_s * 2;
}

/* What a client needs: a file for its leases, and the link up. False after one line in the log. */
static bool has_all(const struct dhcp_client *c)
{
    if (c->program->kind == DHCP_CLIENT_DHCLIENT && !make_leases(c)) {
        log_warning("cannot write %s: %s", c->leases, strerror(errno));
        return false;
    }
    return link_up_set(c->directory, c->interface) == 0;
}

void dhcp_client_start(struct dhcp_client *client)
{
    if (!has_all(client)) {
        start_later(client);
        return;
    }
    client->pid = spawn(client, ACTION_RUN);
    if (client->pid > 0) {
        log_info("%s runs on %s (process %ld)", client->program->path, client->interface, (long)client->pid);
        return;
    }
    log_warning("cannot start %s: %s", client->program->path, strerror(errno));
    client->pid = 0;
    start_later(client);
}

void dhcp_client_succeeded(struct dhcp_client *client)
{
    client->gap_s = 1;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

/* Takes the status of one that has ended, and kills what it left of its group: a hook that still runs would set
 * what is to be put back. */
static void reap(pid_t pid, int *status)
{
    kill(-pid, SIGKILL);
    (void)waitpid(pid, status, 0);
}

static void on_timer(void *context)
{
    dhcp_client_start(context);
}

static void on_child(void *context)
{
    struct dhcp_client *c = context;
    int status = 0;
    if (c->pid == 0 || !has_ended(c->pid))
        return;
    reap(c->pid, &status);
    c->pid = 0;
    log_warning("%s on %s ended (%s %d): it is started again in %u s", c->program->path, c->interface,
                WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), c->gap_s);
    start_later(c);
}

/* Beside the program, as in the build's directory, or where it is installed. */
static bool find_hook(struct dhcp_client *c)
{
    static const char *const places[] = {"dhcp", "../share/pearpd/dhcp"};
    const ssize_t length = readlink("/proc/self/exe", c->own, sizeof(c->own) - 1);
    if (length <= 0)
        return false;
    c->own[length] = '\0';
    const int directory = (int)(strrchr(c->own, '/') - c->own);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(c->hook, sizeof(c->hook), "%.*s/%s/pearp-dhcp-hook", directory, c->own, places[i]);
        snprintf(c->configuration, sizeof(c->configuration), "%.*s/%s/dhclient.conf", directory, c->own,
                 places[i]);
        if (access(c->hook, X_OK) == 0)
            return true;
    }
    log_error("%s is missing: it hands the leases over", c->hook);
    return false;
}

static bool find_program(struct dhcp_client *c, enum dhcp_client_kind kind)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        c->program = &programs[i];
        if ((kind == DHCP_CLIENT_AUTO || kind == programs[i].kind) && access(programs[i].path, X_OK) == 0)
            return true;
    }
    log_error("no DHCP client: %s", kind == DHCP_CLIENT_AUTO ? "udhcpc (BusyBox) or dhclient (ISC) is needed"
                                    : kind == DHCP_CLIENT_UDHCPC ? "udhcpc (BusyBox) is not installed"
                                                                 : "dhclient (ISC) is not installed");
    return false;
}

struct dhcp_client *dhcp_client_new(struct loop *loop, int directory, const char *interface,
                                    enum dhcp_client_kind kind)
{
    char path[RUN_PATH_BYTES];
    struct dhcp_client *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        log_error("%s", strerror(ENOMEM));
        return NULL;
    }
    *c = (struct dhcp_client){.directory = directory, .interface = interface, .gap_s = 1};
    if (!find_program(c, kind) || !find_hook(c)) {
        free(c);
        return NULL;
    }
    run_directory_path(path);
    snprintf(c->leases, sizeof(c->leases), "%s/%s.dhclient", path, interface);
    snprintf(c->pid_file, sizeof(c->pid_file), "%s/%s.dhclient-pid", path, interface);
    c->ended = loop_signal(loop, SIGCHLD, on_child, c);
    c->timer = loop_timer(loop, on_timer, c);
    if (c->ended == NULL || c->timer == NULL) {
        log_error("%s", strerror(ENOMEM));
        dhcp_client_free(c);
        return NULL;
    }
    return c;
}

/* Waits until the process has ended, for so long. True: it has. */
static bool wait_for_end(pid_t pid, unsigned most_ms)
{
    int status;
    for (unsigned waited_ms = 0; !has_ended(pid); waited_ms += LOOK_MS) {
        if (waited_ms >= most_ms)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    reap(pid, &status);
    return true;
}

static void end(pid_t pid)
{
    if (pid <= 0 || wait_for_end(pid, END_WAIT_MS))
        return;
    log_warning("process %ld of the DHCP client did not end and was killed", (long)pid);
    kill(pid, SIGKILL);
    (void)wait_for_end(pid, KILL_WAIT_MS);
}

void dhcp_client_free(struct dhcp_client *client)
{
    if (client == NULL)
        return;
    loop_source_free(client->timer);
    loop_source_free(client->ended);
    if (client->pid > 0) {
        /* udhcpc -R gives the lease back when it is ended; dhclient does when a second one is started with -r. */
        if (client->program->kind == DHCP_CLIENT_DHCLIENT)
            end(spawn(client, ACTION_RELEASE));
        kill(client->pid, SIGTERM);
        end(client->pid);
    }
    end(spawn(client, ACTION_OVER));
    (void)unlink(client->leases);
    (void)unlink(client->pid_file);
    free(client);
}
