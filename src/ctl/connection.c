/* connection.c: see connection.h. */
#include "connection.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_DIRECTORY "/run/pearpd"
#define SOCKETS          SOCKET_DIRECTORY "/*.sock"
#define FIRST_LINE_BYTES 1024
#define PATIENCE_S       10 /* resolve takes four */

static int find_only(char *found, size_t size)
{
    glob_t all = {0};
    int result = -1;
    if (access(SOCKET_DIRECTORY, F_OK) == 0 && access(SOCKET_DIRECTORY, R_OK | X_OK) != 0) {
        fprintf(stderr, "pearpctl: " SOCKET_DIRECTORY ": %s\n", strerror(errno));
    } else if (glob(SOCKETS, 0, NULL, &all) != 0 || all.gl_pathc == 0) {
        fprintf(stderr, "pearpctl: no daemon is running (no " SOCKETS "); name one by -s SOCKET\n");
    } else if (all.gl_pathc > 1) {
        fprintf(stderr, "pearpctl: several daemons are running, name one by -s SOCKET:");
        for (size_t i = 0; i < all.gl_pathc; i++)
            fprintf(stderr, " %s", all.gl_pathv[i]);
        fputc('\n', stderr);
    } else {
        snprintf(found, size, "%s", all.gl_pathv[0]);
        result = 0;
    }
    globfree(&all);
    return result;
}

int connection_find(const char *path, const char *name, char *found, size_t size)
{
    if (path == NULL && name == NULL)
        return find_only(found, size);
    int length =
        path != NULL ? snprintf(found, size, "%s", path) : snprintf(found, size, "/run/pearpd/%s.sock", name);
    if (length >= 0 && (size_t)length < size)
        return 0;
    fprintf(stderr, "pearpctl: the socket's path is too long\n");
    return -1;
}

/* For connecting, sending and reading; 0: without end. */
static void set_patience(int fd, time_t seconds)
{
    const struct timeval patience = {.tv_sec = seconds};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_patience(fd, PATIENCE_S);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static const char *why_not(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
        return "no daemon is running there";
    case EAGAIN:
        return "the daemon does not answer";
    default:
        return strerror(error);
    }
}

/* "ok", or what the daemon says against it. */
static int read_first_line(FILE *stream, const char *path)
{
    char line[FIRST_LINE_BYTES];
    if (fgets(line, sizeof(line), stream) == NULL) {
        fprintf(stderr, "pearpctl: %s: %s\n", path,
                feof(stream) ? "the daemon closed without an answer" : why_not(errno));
        return -1;
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "ok") == 0)
        return 0;
    fprintf(stderr, "pearpctl: %s\n", strncmp(line, "error ", 6) == 0 ? line + 6 : line);
    return -1;
}

FILE *connection_request(const char *path, const char *line, bool endless)
{
    int fd = connect_to(path);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (stream == NULL) {
        fprintf(stderr, "pearpctl: %s: %s\n", path, why_not(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    /* A daemon that refuses at once has answered and closed: what it said is read, whatever became of this. */
    (void)send(fd, line, strlen(line), MSG_NOSIGNAL);
    (void)send(fd, "\n", 1, MSG_NOSIGNAL);
    if (read_first_line(stream, path) == 0) {
        if (endless)
            set_patience(fd, 0);
        return stream;
    }
    fclose(stream);
    return NULL;
}

char *connection_body(FILE *stream, size_t *length)
{
    size_t room = 65536, used = 0, got;
    char *body = malloc(room);
    while (body != NULL && (got = fread(body + used, 1, room - used, stream)) > 0) {
        used += got;
        if (used < room)
            continue;
        char *more = realloc(body, room *= 2);
        if (more == NULL)
            free(body);
        body = more;
    }
    if (body == NULL || ferror(stream)) {
        fprintf(stderr, "pearpctl: %s\n", body == NULL ? "out of memory" : why_not(errno));
        free(body);
        return NULL;
    }
    *length = used;
    return body;
}
