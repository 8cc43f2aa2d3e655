/* control_client.c: see control_client.h. */
#include "pearpd/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define TEXT_BYTES       16
#define DESCRIPTORS_MOST 253 /* SCM_MAX_FD of the kernel */

/* For connecting, sending and reading; 0: without end. */
static void set_patience(int fd, time_t seconds)
{
    const struct timeval patience = {.tv_sec = seconds};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static FILE *give_up(int fd)
{
    const int error = errno;
    close(fd);
    errno = error;
    return NULL;
}

FILE *control_client_ask(const char *path, const char *line, unsigned seconds)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    set_patience(fd, (time_t)seconds);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return give_up(fd);
    char *request;
    const int length = asprintf(&request, "%s\n", line);
    if (length < 0)
        return give_up(fd);
    /* In one piece: what came after the answer would reset the connection. A server that refuses at once has answered and
     * closed: its answer is read, whether this fails or not. */
    (void)send(fd, request, (size_t)length, MSG_NOSIGNAL);
    free(request);
    FILE *answer = fdopen(fd, "r");
    return answer != NULL ? answer : give_up(fd);
}

/* What came with the message. */
static int take_descriptors(struct msghdr *message, int *fds, unsigned most)
{
    unsigned count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        const size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
            if (count < most)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return (int)count;
}

int control_client_take(FILE *answer, const char *text, int *fds, unsigned most)
{
    union {
        char bytes[CMSG_SPACE(DESCRIPTORS_MOST * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    char bytes[TEXT_BYTES];
    const size_t length = strlen(text);
    struct iovec room = {bytes, length};
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    const ssize_t seen = recv(fileno(answer), bytes, length, MSG_PEEK);
    if (seen < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if ((size_t)seen != length || memcmp(bytes, text, length) != 0)
        return -ENOMSG;
    if (recvmsg(fileno(answer), &message, MSG_CMSG_CLOEXEC) != (ssize_t)length)
        return -EPIPE;
    return take_descriptors(&message, fds, most);
}

void control_client_wait(FILE *answer)
{
    set_patience(fileno(answer), 0);
}

int control_client_line(FILE *answer, char *line, size_t size)
{
    errno = 0;
    if (fgets(line, (int)size, answer) == NULL) {
        if (feof(answer))
            return -EPIPE;
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    }
    line[strcspn(line, "\n")] = '\0';
    return 0;
}
