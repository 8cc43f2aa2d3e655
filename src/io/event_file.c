/* event_file.c: see event_file.h. */
#include "event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Open for appending, with its size. -Exxx. */
static int open_file(const char *path, uint64_t *size)
{
    struct stat status;
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const int fd = open(path, flags, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO || errno == EISDIR ? -EEXIST : -errno;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid()) {
        *size = (uint64_t)status.st_size;
        return fd;
    }
    close(fd);
    return -EEXIST;
}

static int append(const struct event_file *file, int fd)
{
    for (size_t done = 0; done < file->used;) {
        const ssize_t written = write(fd, file->buffer + done, file->used - done);
        if (written <= 0 && errno != EINTR)
            return written == 0 ? -ENOSPC : -errno;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int event_file_flush(struct event_file *file)
{
    char older[EVENT_FILE_PATH_BYTES + 4];
    uint64_t size = 0;
    if (file->used == 0)
        return 0;
    int fd = open_file(file->path, &size);
    if (fd >= 0 && size > 0 && size + file->used > file->bytes / 2) {
        close(fd);
        snprintf(older, sizeof(older), "%s.1", file->path);
        fd = rename(file->path, older) == 0 ? open_file(file->path, &size) : -errno;
    }
    int error = fd < 0 ? fd : append(file, fd);
    if (fd >= 0 && close(fd) != 0 && error == 0)
        error = -errno;
    file->used = 0;
    return error;
}

int event_file_line(struct event_file *file, const char *line, size_t length)
{
    int error = 0;
    if (file->path[0] == '\0' || length > sizeof(file->buffer))
        return 0;
    if (file->used + length > sizeof(file->buffer))
        error = event_file_flush(file);
    memcpy(file->buffer + file->used, line, length);
    file->used += length;
    return error;
}
