/* writer_child.c: see writer_child.h. */
#include "writer_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHILD_NICE 10

/* The child sees signals that were meant for the program as a whole, and ends by the end of its channel alone. */
static void quiet_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGQUIT};
    sigset_t none;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void writer_child_begin(const char *name, int channel)
{
    quiet_signals();
    prctl(PR_SET_NAME, name);
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        dup2(null, fd);
    if (channel != WRITER_CHILD_CHANNEL)
        dup2(channel, WRITER_CHILD_CHANNEL);
    close_range(WRITER_CHILD_CHANNEL + 1, ~0U, 0);
    (void)setpriority(PRIO_PROCESS, 0, CHILD_NICE);
}
