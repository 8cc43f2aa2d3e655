/* lease_file.c: see lease_file.h. */
#include "lease_file.h"

#include "pearpd/log.h"

#include "host/run_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define WATCH_BYTES (16 * (sizeof(struct inotify_event) + NAME_MAX + 1))

int lease_file_write(int directory, const char *interface, const struct lease *lease)
{
    char text[LEASE_TEXT_BYTES], name[RUN_NAME_BYTES];
    const int length = lease_format(lease, text);
    return run_write(directory, run_name(interface, "lease", name), text, (size_t)length, false);
}

int lease_file_remove(int directory, const char *interface)
{
    char name[RUN_NAME_BYTES];
    return run_remove(directory, run_name(interface, "lease", name));
}

int lease_file_read(int directory, const char *interface, uint64_t now_s, struct lease *lease)
{
    char text[LEASE_TEXT_BYTES], name[RUN_NAME_BYTES], why[LEASE_WHY_BYTES] = "";
    *lease = (struct lease){.bound = false};
    const ssize_t length = run_read(directory, run_name(interface, "lease", name), text, sizeof(text) - 1);
    if (length == -ENOENT)
        return 0;
    int error = length < 0 ? (int)length : 0;
    if (error == 0) {
        text[length] = '\0';
        error = lease_read(text, lease, why);
    }
    if (error != 0)
        log_error("/run/pearp-agent/%s: %s", name, why[0] != '\0' ? why : strerror(-error));
    if (lease->bound && lease->until_s <= now_s)
        *lease = (struct lease){.bound = false};
    return error;
}

int lease_file_watch(int directory)
{
    char path[40];
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch < 0)
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
    if (inotify_add_watch(watch, path, IN_MOVED_TO | IN_DELETE) < 0) {
        const int error = -errno;
        close(watch);
        return error;
    }
    return watch;
}

bool lease_file_changed(int watch, const char *interface)
{
    _Alignas(struct inotify_event) char events[WATCH_BYTES];
    char name[RUN_NAME_BYTES];
    bool changed = false;
    ssize_t length;
    run_name(interface, "lease", name);
    while ((length = read(watch, events, sizeof(events))) > 0)
        for (const char *at = events; at < events + length;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            /* Where some were lost, any may have been ours. */
            changed = changed || (event->mask & IN_Q_OVERFLOW) != 0 ||
                      (event->len > 0 && strcmp(event->name, name) == 0);
            at += sizeof(*event) + event->len;
        }
    return changed;
}
