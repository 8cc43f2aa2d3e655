/* nft.c: see nft.h. */
#include "nft.h"

#include "pearpd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NFT_MESSAGE_BYTES 512
#define EXIT_NOT_RUN      127

static const char *const nft_programs[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft"};

const char *nft_table(const char *interface, char name[static NFT_TABLE_BYTES])
{
    snprintf(name, NFT_TABLE_BYTES, "pearp_agent_%s", interface);
    for (char *c = name; *c != '\0'; c++)
        if (strchr("+@:", *c) != NULL) /* may stand in an interface's name, not in a table's */
            *c = '_';
    return name;
}

static int format_removal(const char *interface, char *text, size_t size)
{
    char table[NFT_TABLE_BYTES];
    nft_table(interface, table);
    const int length = snprintf(text, size,
                                "add table netdev %s\ndelete table netdev %s\n"
                                "add table inet %s\ndelete table inet %s\n"
                                "add table ip %s\ndelete table ip %s\n",
                                table, table, table, table, table, table);
    return length < 0 || (size_t)length >= size ? -ENOSPC : length;
}

/* PROTOCOL 4, the last three lines. Policing leaves lo alone: nothing of it reaches the wire. */
int nft_format(const char *interface, const struct range *range, char *text, size_t size)
{
    char table[NFT_TABLE_BYTES], shared[IPV4_TEXT_BYTES];
    nft_table(interface, table);
    ipv4_format(range->address, shared);
    const int removal = format_removal(interface, text, size);
    if (removal < 0)
        return removal;
    const size_t left = size - (size_t)removal;
    const int length =
        snprintf(text + removal, left,
                 "table netdev %s {\n"
                 "    chain egress {\n"
                 "        type filter hook egress device \"%s\" priority filter; policy accept;\n"
                 "        arp ptype ip arp saddr ip %s arp operation request arp daddr ip != %s arp saddr ip "
                 "set 0.0.0.0 accept\n"
                 "        arp ptype ip arp saddr ip %s drop\n"
                 "    }\n"
                 "}\n"
                 "table inet %s {\n"
                 "    chain output {\n"
                 "        type filter hook output priority filter; policy accept;\n"
                 "        oifname != \"lo\" ip saddr %s meta l4proto { tcp, udp } th sport != %u-%u drop\n"
                 "    }\n"
                 "}\n"
                 "table ip %s {\n"
                 "    chain postrouting {\n"
                 "        type nat hook postrouting priority srcnat; policy accept;\n"
                 "        oifname \"%s\" ip saddr %s meta l4proto icmp snat to %s:%u-%u\n"
                 "    }\n"
                 "}\n",
                 table, interface, shared, shared, shared, table, shared, range->first, range->last, table,
                 interface, shared, shared, range->first, range->last);
    return length < 0 || (size_t)length >= left ? -ENOSPC : removal + length;
}

/* A descriptor of a nameless file with `length` bytes in it, to be read from its start. */
static int text_descriptor(const char *text, size_t length)
{
    const int fd = memfd_create("nft", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (length > 0 && (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -EIO;
    }
    return fd;
}

static const char *find_program(void)
{
    for (size_t i = 0; i < sizeof(nft_programs) / sizeof(nft_programs[0]); i++)
        if (access(nft_programs[i], X_OK) == 0)
            return nft_programs[i];
    return NULL;
}

/* In the child. It dies with the agent: rules loaded after a killed agent was undone would stay. A process
 * group of its own: ^C on the terminal ends the agent, which then still needs nft. */
static void become(const char *program, int input, int output, pid_t agent)
{
    char *const arguments[] = {(char[]){"nft"}, (char[]){"-f"}, (char[]){"-"}, NULL};
    char *const environment[] = {(char[]){"LC_ALL=C"}, NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != agent || setpgid(0, 0) != 0)
        return;
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        return;
    execve(program, arguments, environment);
}

/* Runs `program -f -` with these descriptors as its standard ones. 0 when it exits with 0. */
static int run(const char *program, int input, int output)
{
    const pid_t agent = getpid();
    const pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        become(program, input, output, agent);
        _exit(EXIT_NOT_RUN);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_RUN)
        return -ENOEXEC;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}

/* The first line of what nft said. */
static void log_refusal(int output, int error)
{
    char message[NFT_MESSAGE_BYTES];
    const ssize_t length = pread(output, message, sizeof(message) - 1, 0);
    message[length > 0 ? length : 0] = '\0';
    message[strcspn(message, "\n")] = '\0';
    if (error == -EPROTO && message[0] != '\0')
        log_error("nft refused the rules: %s", message);
    else
        log_error("cannot run nft: %s", strerror(-error));
}

int nft_find(void)
{
    if (find_program() != NULL)
        return 0;
    log_error("nft(8) is not installed");
    return -ENOENT;
}

static int load_text(const char *text, size_t length)
{
    const char *program = find_program();
    if (program == NULL)
        return nft_find();
    const int input = text_descriptor(text, length);
    const int output = text_descriptor("", 0);
    int error = input < 0 ? input : output < 0 ? output : run(program, input, output);
    if (error != 0)
        log_refusal(output, error);
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    return error;
}

int nft_load(const char *interface, const struct range *range)
{
    char text[NFT_TEXT_MAX_BYTES];
    const int length = nft_format(interface, range, text, sizeof(text));
    return length < 0 ? length : load_text(text, (size_t)length);
}

int nft_remove(const char *interface)
{
    char text[NFT_TEXT_MAX_BYTES];
    const int length = format_removal(interface, text, sizeof(text));
    return length < 0 ? length : load_text(text, (size_t)length);
}
