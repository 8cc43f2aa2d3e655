/* listen_socket.c: see listen_socket.h. */
#include "pearpd/listen_socket.h"

#include "pearpd/control_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

static socklen_t fill(const struct listen_address *address, struct sockaddr_storage *storage)
{
    *storage = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (address->kind == LISTEN_IPV6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        memcpy(&in6->sin6_addr, address->ip, sizeof(in6->sin6_addr));
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)storage;
    in->sin_family = AF_INET;
    in->sin_port = htons(address->port);
    memcpy(&in->sin_addr, address->ip, sizeof(in->sin_addr));
    return sizeof(*in);
}

/* An address that was in use a moment ago may be taken again: the server was restarted. */
static int open_ip(const struct listen_address *address)
{
    const int on = 1;
    struct sockaddr_storage storage;
    const socklen_t length = fill(address, &storage);
    const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (address->kind != LISTEN_IPV6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
        bind(fd, (const struct sockaddr *)&storage, length) == 0)
        return fd;
    const int error = errno;
    close(fd);
    return -error;
}

int listen_socket_open(const struct listen_address *address, mode_t mode)
{
    const int fd = address->kind == LISTEN_UNIX ? control_socket_open(address->path, mode) : open_ip(address);
    if (fd < 0 || listen(fd, BACKLOG) == 0)
        return fd;
    const int error = errno;
    close(fd);
    return -error;
}
