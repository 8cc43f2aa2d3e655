/* ssh_session.h: the ssh session that a program was started in, so that it does not cut it off.
 * In: SSH_CONNECTION, the interfaces. Out: where the session runs. Called by: daemon, agent. Never: logs. */
#ifndef PEARPD_SSH_SESSION_H
#define PEARPD_SSH_SESSION_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SSH_SESSION_TEXT_BYTES 64

struct ssh_session {
    struct sockaddr_storage client, server;
    char client_text[SSH_SESSION_TEXT_BYTES], server_text[SSH_SESSION_TEXT_BYTES];
    uint16_t server_port;
};

/* Reads "CLIENT PORT SERVER PORT", as sshd(8) writes it. 0; -ENOENT: NULL, or not that. */
int ssh_session_parse(const char *connection, struct ssh_session *session);

/* True where it runs through `interface`: the server's address is on it, or on an interface on top of it (a VLAN, a bridge,
 * a bond), or the way back to the client is. */
bool ssh_session_uses(const struct ssh_session *session, const char *interface);

/* The server's address, where it is IPv4. */
bool ssh_session_ipv4(const struct ssh_session *session, struct ipv4 *address);

#endif
