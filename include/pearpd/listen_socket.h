/* listen_socket.h: a socket to listen at, for a server on an IP address or a Unix socket. Called by: daemon.
 * Never: accepts. */
#ifndef PEARPD_LISTEN_SOCKET_H
#define PEARPD_LISTEN_SOCKET_H

#include "pearpd/listen_address.h"

#include <sys/types.h>

/* A descriptor, bound, listening and not blocking; of a Unix socket the file has `mode`, and its directory is made where it
 * is missing. Or -Exxx: -EADDRINUSE: another process listens there. */
int listen_socket_open(const struct listen_address *address, mode_t mode);

#endif
