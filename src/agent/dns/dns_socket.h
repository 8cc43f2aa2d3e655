/* dns_socket.h: sends DNS messages to a server and hears its answers, without waiting.
 * In: messages, each of an exchange known by its number. Out: answers, errors. Called by: service.
 * Never: reads what a message says.
 *
 * Each exchange has a socket of its own, connected to the server: the kernel chooses a port at random, drops what
 * comes from anybody else, and tells where nobody listens. */
#ifndef PEARPD_AGENT_DNS_SOCKET_H
#define PEARPD_AGENT_DNS_SOCKET_H

#include "pearpd/addr.h"
#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_EXCHANGES_MAX 8

struct dns_socket_calls {
    void *context;
    /* An answer; `bytes` is borrowed. The callee may send again or end the exchange. */
    void (*answer)(void *context, unsigned exchange, const uint8_t *bytes, size_t length);
    /* The exchange is over: -Exxx. */
    void (*failed)(void *context, unsigned exchange, int error);
};

struct dns_sockets;

/* NULL: out of memory. `calls` is copied. */
struct dns_sockets *dns_sockets_new(struct loop *loop, struct ipv4 server, uint16_t port,
                                    const struct dns_socket_calls *calls);
void dns_sockets_free(struct dns_sockets *sockets);

/* Sends a message, by the socket that the exchange has, or by a new one. Over a stream (TCP) it leaves once the
 * connection stands. 0, or -Exxx, and the exchange is over. */
int dns_sockets_send(struct dns_sockets *sockets, unsigned exchange, const uint8_t *bytes, size_t length,
                     bool stream);

/* Closes the exchange's socket, if it has one. */
void dns_sockets_end(struct dns_sockets *sockets, unsigned exchange);

#endif
