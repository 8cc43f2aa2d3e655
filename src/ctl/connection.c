/* connection.c: see connection.h. */
#include "connection.h"

#include "pearpd/control_client.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
        fprintf(stderr,
                "pearpctl: no daemon is running (no " SOCKETS "); name one with -s SOCKET or -n NAME\n");
    } else if (all.gl_pathc > 1) {
        fprintf(stderr, "pearpctl: several daemons are running; name one with -n NAME or -s SOCKET:");
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

static const char *why_not(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
        return "no daemon is running there";
    case EAGAIN:
    case ETIMEDOUT:
        return "the daemon does not answer";
    case EPIPE:
        return "the daemon closed without an answer";
    default:
        return strerror(error);
    }
}

static int failed(const char *path, int error)
{
    fprintf(stderr, "pearpctl: %s: %s\n", path, why_not(error));
    return 1;
}

/* "ok", or what the daemon says against it. */
static int read_first_line(FILE *stream, const char *path)
{
    char line[FIRST_LINE_BYTES];
    const int error = control_client_line(stream, line, sizeof(line));
    if (error != 0)
        return failed(path, -error);
    if (strcmp(line, "ok") == 0)
        return 0;
    const bool is_usage = strncmp(line, "usage ", 6) == 0;
    fprintf(stderr, "pearpctl: %s\n", is_usage || strncmp(line, "error ", 6) == 0 ? line + 6 : line);
    return is_usage ? 2 : 1;
}

int connection_request(const char *path, const char *line, bool endless, FILE **body)
{
    FILE *stream = control_client_ask(path, line, PATIENCE_S);
    if (stream == NULL)
        return failed(path, errno);
    const int status = read_first_line(stream, path);
    if (status != 0) {
        fclose(stream);
        return status;
    }
    if (endless)
        control_client_wait(stream);
    *body = stream;
    return 0;
}

bool connection_is_dead(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const int error =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error == ENOENT || error == ECONNREFUSED;
}

int connection_files(const char *path, const char *line, int *fds, unsigned most, unsigned *count, FILE **body)
{
    FILE *stream = control_client_ask(path, line, PATIENCE_S);
    if (stream == NULL)
        return failed(path, errno);
    const int taken = control_client_take(stream, "ok\n", fds, most);
    const int status = taken >= 0 ? 0 : taken == -ENOMSG ? read_first_line(stream, path) : failed(path, -taken);
    if (taken < 0) {
        fclose(stream);
        return status != 0 ? status : 1;
    }
    *count = (unsigned)taken;
    *body = stream;
    return 0;
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
