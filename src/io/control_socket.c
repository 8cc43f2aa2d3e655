/* control_socket.c: see control_socket.h. */
#include "pearpd/control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The directory of the file, where it is missing: for its group alone. */
static void make_directory(const char *path)
{
    char directory[sizeof((struct sockaddr_un){0}.sun_path)];
    snprintf(directory, sizeof(directory), "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL || slash == directory)
        return;
    *slash = '\0';
    (void)mkdir(directory, 0750); /* bind() reports where this did not help */
}

/* A file of that name is removed only where it is a socket that nobody answers at. */
static int remove_dead(const char *path, const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    close(fd);
    if (error != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(path) == 0 ? 0 : -errno;
}

int control_socket_open(const char *path, mode_t mode)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    make_directory(path);
    int error = remove_dead(path, &address);
    if (error != 0)
        return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    mode_t before = umask(~mode & 0777);
    error = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
    umask(before);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}
