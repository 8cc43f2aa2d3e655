/* lease_command.c: see lease_command.h. */
#include "lease_command.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include "config/options.h"
#include "dhcp/lease.h"
#include "dhcp/lease_file.h"
#include "host/run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE  2
#define CONFIG_PATH "/etc/pearpd/agent-%s.conf"

#define ADDRESS_WAIT_MS 3000
#define LOOK_MS         10

/* In the grandchild: an agent that holds the interface's lease, with the file of its name where there is one. */
static void become_agent(const char *interface)
{
    char own[PATH_MAX], file[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (length < 0 || null < 0 || setsid() < 0 || chdir("/") != 0)
        return;
    own[length] = '\0';
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0); /* what the client left open to its hook */
    snprintf(file, sizeof(file), CONFIG_PATH, interface);
    if (access(file, R_OK) == 0)
        execl(own, "pearp-agent", "-c", file, "--lease", (char *)NULL);
    else
        execl(own, "pearp-agent", "-i", interface, "--lease", (char *)NULL);
}

/* Starts one that outlives the hook and the client. 0 or -Exxx. */
static int start_agent(const char *interface)
{
    const pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        if (fork() == 0)
            become_agent(interface);
        _exit(EXIT_SUCCESS);
    }
    while (waitpid(child, NULL, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* Leaves the lease for the agent. 0 or -Exxx. */
static int hand_over(const char *interface, const struct lease *lease)
{
    const int directory = run_directory(lease->bound);
    if (directory == -ENOENT && !lease->bound)
        return 0;
    if (directory < 0)
        return directory;
    int error =
        lease->bound ? lease_file_write(directory, interface, lease) : lease_file_remove(directory, interface);
    if (error == 0 && lease->bound && run_lock_holder(directory, interface) == 0)
        error = start_agent(interface);
    run_directory_close(directory);
    return error;
}

static bool has_address(struct ipv4 address)
{
    const struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address.host)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

/* What waits for the client to have a lease goes on when the script returns: by then the host has its address. */
static void wait_for_address(struct ipv4 address)
{
    for (unsigned waited_ms = 0; waited_ms < ADDRESS_WAIT_MS && !has_address(address); waited_ms += LOOK_MS)
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
}

/* Whether the words are in the form of the command, whatever address, ports and keys are in them. */
static bool is_well_formed(int count, char **words)
{
    if (count < 2)
        return false;
    if (strcmp(words[1], "bound") == 0)
        return count >= 4;
    return count == 2 && (strcmp(words[1], "released") == 0 || strcmp(words[1], "expired") == 0);
}

int lease_command(int count, char **words)
{
    char why[LEASE_WHY_BYTES], fault[RUN_FAULT_BYTES];
    struct lease lease;
    if (!is_well_formed(count, words)) {
        fprintf(stderr, "usage: pearp-agent lease IFACE bound ADDRESS PORTS [KEY=VALUE ...]\n"
                        "       pearp-agent lease IFACE released | expired\n");
        return EXIT_USAGE;
    }
    const char *interface = words[0];
    if (!interface_is_plain(interface)) {
        log_error("lease %s: not an interface that can be used", interface);
        return EXIT_FAILURE;
    }
    const char *const *said = (const char *const *)(words + 1);
    if (lease_parse(said, (size_t)count - 1, clock_now_ns() / NS_PER_S, &lease, why) != 0) {
        log_error("lease of %s refused: %s", interface, why);
        return EXIT_FAILURE;
    }
    if (lease.bound && if_nametoindex(interface) == 0) {
        log_error("lease of %s refused: no such interface", interface);
        return EXIT_FAILURE;
    }
    const int error = hand_over(interface, &lease);
    if (error != 0)
        log_error("lease of %s not handed over: /run/pearp-agent: %s", interface,
                  run_directory_fault(error, fault));
    else if (lease.bound)
        wait_for_address(lease.held.range.address);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
