/* test_sandbox.c: what a process in the sandbox can do, and what ends it. Each case is a child of its own. */
#include "pearpd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FINE 42
#define LONG "/proc/self/status"

/* In a test build a call that is not in the list ends the process, which names it. */
static const int unlisted_status = 128 + SIGSYS;

static int run(int (*try)(void))
{
    int status;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        const int error = sandbox_enter();
        _exit(error == 0 ? try() : error == -ENOSYS ? 77 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* built with a sanitizer */
    return status;
}

static void assert_killed(int (*try)(void))
{
    const int status = run(try);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int try_execve(void)
{
    char *const nothing[] = {NULL};
    return execve("/bin/true", nothing, nothing);
}
static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int try_memory(void)
{
    char octet;
    const struct iovec part = {&octet, 1};
    return (int)process_vm_readv(getppid(), &part, 1, &part, 1, 0);
}
static int try_packet(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static int try_generic_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}
static int try_vsock(void)
{
    return socket(AF_VSOCK, SOCK_STREAM, 0);
}
static int try_bluetooth(void)
{
    return socket(AF_BLUETOOTH, SOCK_RAW, 0);
}

static void test_killed(void **state)
{
    (void)state;
    assert_killed(try_execve);
    assert_killed(try_ptrace);
    assert_killed(try_memory);
    assert_killed(try_packet);
    assert_killed(try_generic_netlink);
    assert_killed(try_vsock);
    assert_killed(try_bluetooth);
}

static int try_unlisted(void)
{
    return syscall(SYS_sethostname, "x", 1) != 0 && errno == ENOSYS ? FINE : 1;
}
static int try_namespace(void)
{
    return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0) < 0 && errno == ENOSYS ? FINE : 1;
}

/* What is not listed does not exist. */
static void test_unlisted(void **state)
{
    int (*const tries[])(void) = {try_unlisted, try_namespace};
    (void)state;
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        const int status = run(tries[i]);
        assert_true(WIFEXITED(status));
#ifdef PEARPD_CHECK
        assert_int_equal(WEXITSTATUS(status), unlisted_status);
#else
        (void)unlisted_status;
        assert_int_equal(WEXITSTATUS(status), FINE);
#endif
    }
}

/* A child that writes, sockets for notices and exports, rtnetlink. */
static int try_life(void)
{
    int status = 0, ends[2];
    const pid_t pid = fork();
    if (pid == 0)
        _exit(FINE);
    const int file = open(LONG, O_RDONLY | O_CLOEXEC);
    const bool is_fine = waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == FINE &&
                         file >= 0 && close(file) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
                         socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 && socket(AF_INET, SOCK_DGRAM, 0) >= 0 &&
                         socket(AF_INET6, SOCK_STREAM, 0) >= 0 &&
                         socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0;
    return is_fine ? FINE : 1;
}

static void test_life(void **state)
{
    (void)state;
    const int status = run(try_life);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FINE);
}

/* The effective set of this process without CAP_NET_RAW (13), for ever. */
static int try_capability(void)
{
    char line[128];
    unsigned long long effective = 0, permitted = 0;
    FILE *file = fopen(LONG, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "CapEff: %llx", &effective) != 1)
            (void)sscanf(line, "CapPrm: %llx", &permitted);
    return file != NULL && ((effective | permitted) & (1ULL << 13)) == 0 ? FINE : 1;
}

static void test_capability(void **state)
{
    (void)state;
    const int status = run(try_capability);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_unlisted),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_capability),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
