/* atomic_file.c: see atomic_file.h. */
#include "pearpd/atomic_file.h"

#include "pearpd/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 320

static int new_name(const char *name, char made[static PATH_BYTES])
{
    const int length = snprintf(made, PATH_BYTES, "%s" ATOMIC_FILE_NEW, name);
    return length < 0 || length >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

/* Fills and closes the new file. */
static int fill(int fd, const char *text, size_t length, mode_t mode, bool is_durable)
{
    int error = write_all(fd, text, length);
    if (error == 0 && (fchmod(fd, mode) != 0 || (is_durable && fsync(fd) != 0)))
        error = -errno;
    if (close(fd) != 0 && error == 0)
        error = -errno;
    return error;
}

int atomic_file_write(int directory, const char *name, const char *text, size_t length, mode_t mode,
                      bool is_durable)
{
    char made[PATH_BYTES];
    int error = new_name(name, made);
    if (error != 0)
        return error;
    (void)unlinkat(directory, made, 0);
    const int fd = openat(directory, made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    error = fill(fd, text, length, mode, is_durable);
    if (error == 0 && renameat(directory, made, directory, name) != 0)
        error = -errno;
    if (error != 0)
        (void)unlinkat(directory, made, 0);
    else if (is_durable && fsync(directory) != 0)
        error = -errno;
    return error;
}

int atomic_file_remove(int directory, const char *name)
{
    char made[PATH_BYTES];
    if (new_name(name, made) == 0)
        (void)unlinkat(directory, made, 0);
    return unlinkat(directory, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}
