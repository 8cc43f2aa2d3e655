/* link_up.c: see link_up.h. The record is "IFINDEX NAMESPACE". */
#include "link_up.h"

#include "pearpd/log.h"

#include "run_files.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUFFIX     "raised"
#define TEXT_BYTES 64

/* SIOCGIFFLAGS or SIOCSIFFLAGS. 0 or -Exxx. */
static int ask(unsigned long code, struct ifreq *request)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const int error = ioctl(fd, code, request) == 0 ? 0 : -errno;
    close(fd);
    return error;
}

static int write_record(int directory, const char *interface)
{
    char name[RUN_NAME_BYTES], text[TEXT_BYTES];
    const unsigned ifindex = if_nametoindex(interface);
    if (ifindex == 0)
        return -errno;
    const int length = snprintf(text, sizeof(text), "%u %" PRIu64 "\n", ifindex, run_namespace_cookie());
    return run_write(directory, run_name(interface, SUFFIX, name), text, (size_t)length, true);
}

int link_up_set(int directory, const char *interface)
{
    struct ifreq request = {.ifr_flags = 0};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    int error = ask(SIOCGIFFLAGS, &request);
    if (error == 0 && (request.ifr_flags & IFF_UP) != 0)
        return 0;
    if (error == 0)
        error = write_record(directory, interface);
    request.ifr_flags |= IFF_UP;
    if (error == 0)
        error = ask(SIOCSIFFLAGS, &request);
    if (error != 0)
        log_warning("cannot set %s up: %s", interface, strerror(-error));
    return error;
}

/* The one of this index, maybe renamed. What is gone, or is down, is fine. */
static int put_down(unsigned ifindex)
{
    struct ifreq request = {.ifr_flags = 0};
    if (if_indextoname(ifindex, request.ifr_name) == NULL)
        return 0;
    int error = ask(SIOCGIFFLAGS, &request);
    request.ifr_flags &= ~IFF_UP;
    if (error == 0)
        error = ask(SIOCSIFFLAGS, &request);
    return error == -ENODEV ? 0 : error;
}

int link_up_undo(int directory, const char *interface, bool *found)
{
    char name[RUN_NAME_BYTES], text[TEXT_BYTES];
    unsigned ifindex;
    uint64_t cookie;
    const ssize_t length = run_read(directory, run_name(interface, SUFFIX, name), text, sizeof(text) - 1);
    *found = length >= 0;
    if (length == -ENOENT)
        return 0;
    int error = length < 0 ? (int)length : 0;
    text[error == 0 ? length : 0] = '\0';
    if (error == 0 && sscanf(text, "%u %" SCNu64, &ifindex, &cookie) != 2)
        error = -EBADMSG;
    if (error == 0 && cookie == run_namespace_cookie())
        error = put_down(ifindex);
    if (error == 0)
        error = run_remove(directory, name);
    if (error != 0)
        log_error("cannot set %s down again, as /run/pearp-agent/%s says: %s", interface, name,
                  strerror(-error));
    return error;
}
