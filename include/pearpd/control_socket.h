/* control_socket.h: the file of a control socket. Called by: daemon, agent. Never: listens or accepts. */
#ifndef PEARPD_CONTROL_SOCKET_H
#define PEARPD_CONTROL_SOCKET_H

#include <sys/types.h>

/* Makes the socket file `path` with `mode`, and its directory where it is missing: a live socket is never taken, a dead
 * one is replaced. The descriptor, bound and not blocking, or -Exxx: -EADDRINUSE: another process answers there;
 * -EEXIST: something else has that name. Nobody is accepted before control_server_new(). */
int control_socket_open(const char *path, mode_t mode);

#endif
