/* notify.c: see notify.h. One datagram to $NOTIFY_SOCKET: a path, or '@' and an abstract name. */
#include "pearpd/notify.h"

#include "pearpd/time_units.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = name == NULL ? 0 : strlen(name);
    if (length < 2 || length > sizeof(address.sun_path) - 1 || (name[0] != '/' && name[0] != '@'))
        return;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

void notify_ready(void)
{
    notify("READY=1");
}

void notify_stopping(void)
{
    notify("STOPPING=1");
}

/* 0: nobody asks. Another process's environment may have been inherited. */
static uint64_t watchdog_ns(void)
{
    const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (interval == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    return strtoull(interval, NULL, 10) * (NS_PER_S / 1000000);
}

void notify_alive(uint64_t now_ns)
{
    static uint64_t next_ns;
    const uint64_t interval_ns = watchdog_ns();
    if (interval_ns == 0 || now_ns < next_ns)
        return;
    next_ns = now_ns + interval_ns / 2;
    notify("WATCHDOG=1");
}
