/* sandbox.c: see sandbox.h; the only place that knows libseccomp.
 * A call that is missing here is found by a test build (CHECK=1): it names the call and ends. */
#include "pearpd/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define CLONE_NAMESPACES \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* A call that this architecture does not have is left out by libseccomp. */
static const int allowed[] = {
    /* memory, time, the process itself */
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(getpgrp), SCMP_SYS(getpgid),
    SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield), SCMP_SYS(getrusage), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit),
    SCMP_SYS(futex), SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(prctl), SCMP_SYS(umask),
    SCMP_SYS(setpriority), SCMP_SYS(getpriority), SCMP_SYS(restart_syscall),
    /* signals, children, the end */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(fork), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* waiting */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    /* descriptors and files */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(sendfile),
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64), SCMP_SYS(ioctl), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(fstat),
    SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(statfs),
    SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getcwd),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(flock), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(fchmod),
    SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(utimensat),
    /* sockets, whose families are below; the fast path */
    SCMP_SYS(socketpair), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(bpf)};

/* What only a program that was taken over would call. */
static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                             SCMP_SYS(process_vm_writev)};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

#ifdef PEARPD_CHECK

/* Only what may be called in a signal handler. */
static void name_call(int signal_number, siginfo_t *info, void *context)
{
    char text[] = "sandbox: a system call that is not in its list: ....\n";
    const size_t end = sizeof(text) - 3;
    unsigned number = (unsigned)info->si_syscall;
    (void)context;
    for (size_t i = 0; i < 4; i++, number /= 10)
        text[end - i] = (char)('0' + number % 10);
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(128 + signal_number);
}

/* Once: what a test allows itself afterwards is its own. */
static uint32_t other_calls(void)
{
    struct sigaction action = {.sa_sigaction = name_call, .sa_flags = SA_SIGINFO};
    (void)sigaction(SIGSYS, &action, NULL);
    return SCMP_ACT_TRAP;
}

#else

static uint32_t other_calls(void)
{
    return SCMP_ACT_ERRNO(ENOSYS);
}

#endif

static int drop_net_raw(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) != 0)
        return -errno;
    const uint32_t others = ~(UINT32_C(1) << CAP_NET_RAW);
    sets[0].effective &= others;
    sets[0].permitted &= others;
    sets[0].inheritable &= others; /* the ambient set follows */
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : -errno;
}

/* libseccomp compares an argument once in a rule: the families between the allowed ones are listed. */
static int limit_sockets(scmp_filter_ctx filter)
{
    int error = 0;
    for (unsigned family = 0; family <= AF_NETLINK && error == 0; family++) {
        uint32_t action = SCMP_ACT_KILL_PROCESS;
        for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
            if ((int)family == families[i])
                action = SCMP_ACT_ALLOW;
        if (family != AF_NETLINK)
            error = seccomp_rule_add(filter, action, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family, 0));
    }
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                 SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 2,
                                 SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE, 0));
    return error != 0 ? error
                      : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1,
                                         SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
}

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = seccomp_rule_add(filter, action, calls[i], 0);
    return error;
}

/* libseccomp refuses a rule that says what the filter says anyway.
 * clone3(2) keeps its flags where no filter sees them: libraries take ENOSYS, and call clone(2). */
static int add_clone(scmp_filter_ctx filter)
{
    const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NAMESPACES | CLONE_VM, 0));
    if (error != 0 || other_calls() == SCMP_ACT_ERRNO(ENOSYS))
        return error;
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int fill(scmp_filter_ctx filter)
{
    int error = add_calls(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (error == 0)
        error = add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
    if (error == 0)
        error = limit_sockets(filter);
    return error != 0 ? error : add_clone(filter);
}

int sandbox_enter(void)
{
    int error = drop_net_raw();
    if (IS_SANITIZED)
        return -ENOSYS;
    scmp_filter_ctx filter = error == 0 ? seccomp_init(other_calls()) : NULL;
    if (filter == NULL)
        return error != 0 ? error : -ENOMEM;
    /* Nothing foreign runs here: no mitigation that costs each frame. Older kernels have neither this nor a tree. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    error = fill(filter);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
