/* dns_socket.c: see dns_socket.h. Over a stream two bytes of length come before a message (RFC 1035 4.2.2). */
#include "dns_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 4096 /* longer ones are cut, and then no answer */
#define LENGTH_BYTES 2

struct exchange {
    struct dns_sockets *sockets;
    unsigned number;
    int fd; /* -1: none */
    bool stream;
    struct loop_source *readable, *writable;
    uint8_t *out; /* a stream's message, with its length before it; owned */
    size_t out_length, out_sent;
    uint8_t in[LENGTH_BYTES + ANSWER_BYTES];
    size_t in_length;
};

struct dns_sockets {
    struct loop *loop;
    struct sockaddr_in server;
    struct dns_socket_calls calls;
    struct exchange exchanges[DNS_EXCHANGES_MAX];
};

struct dns_sockets *dns_sockets_new(struct loop *loop, struct ipv4 server, uint16_t port,
                                    const struct dns_socket_calls *calls)
{
    struct dns_sockets *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->loop = loop;
    s->calls = *calls;
    s->server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(server.host)};
    for (unsigned i = 0; i < DNS_EXCHANGES_MAX; i++)
        s->exchanges[i] = (struct exchange){.sockets = s, .number = i, .fd = -1};
    return s;
}

void dns_sockets_end(struct dns_sockets *sockets, unsigned exchange)
{
    struct exchange *x = &sockets->exchanges[exchange];
    loop_source_free(x->readable);
    loop_source_free(x->writable);
    if (x->fd >= 0)
        close(x->fd);
    free(x->out);
    x->readable = x->writable = NULL;
    x->fd = -1;
    x->out = NULL;
    x->in_length = 0;
}

void dns_sockets_free(struct dns_sockets *sockets)
{
    if (sockets == NULL)
        return;
    for (unsigned i = 0; i < DNS_EXCHANGES_MAX; i++)
        dns_sockets_end(sockets, i);
    free(sockets);
}

static void fail(struct exchange *x, int error)
{
    struct dns_sockets *s = x->sockets;
    dns_sockets_end(s, x->number);
    s->calls.failed(s->calls.context, x->number, error);
}

/* A whole message of the stream, if it is there. What comes behind it is nobody's. */
static void stream_answer(struct exchange *x)
{
    const size_t length = (size_t)x->in[0] << 8 | x->in[1];
    if (x->in_length < LENGTH_BYTES)
        return;
    if (length > ANSWER_BYTES) {
        fail(x, -EMSGSIZE);
        return;
    }
    if (x->in_length < LENGTH_BYTES + length)
        return;
    x->in_length = 0;
    x->sockets->calls.answer(x->sockets->calls.context, x->number, x->in + LENGTH_BYTES, length);
}

static void on_readable(void *context)
{
    struct exchange *x = context;
    const ssize_t got = recv(x->fd, x->in + x->in_length, sizeof(x->in) - x->in_length, 0);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR)
            fail(x, -errno);
        return;
    }
    if (!x->stream) {
        x->sockets->calls.answer(x->sockets->calls.context, x->number, x->in, (size_t)got);
        return;
    }
    if (got == 0) {
        fail(x, -ECONNRESET);
        return;
    }
    x->in_length += (size_t)got;
    stream_answer(x);
}

static void on_writable(void *context)
{
    struct exchange *x = context;
    const ssize_t sent =
        send(x->fd, x->out + x->out_sent, x->out_length - x->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            fail(x, -errno);
        return;
    }
    x->out_sent += (size_t)sent;
    if (x->out_sent < x->out_length)
        return;
    loop_source_free(x->writable);
    x->writable = NULL;
}

/* A socket on its way to the server, watched. 0 or -Exxx. */
static int open_exchange(struct exchange *x, bool stream)
{
    struct dns_sockets *s = x->sockets;
    x->stream = stream;
    x->fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return -errno;
    if (connect(x->fd, (const struct sockaddr *)&s->server, sizeof(s->server)) != 0 && errno != EINPROGRESS)
        return -errno;
    x->readable = loop_readable(s->loop, LOOP_FRAMES, x->fd, on_readable, x);
    return x->readable == NULL ? -ENOMEM : 0;
}

static int stream_send(struct exchange *x, const uint8_t *bytes, size_t length)
{
    x->out = malloc(LENGTH_BYTES + length);
    if (x->out == NULL)
        return -ENOMEM;
    x->out[0] = (uint8_t)(length >> 8);
    x->out[1] = (uint8_t)length;
    memcpy(x->out + LENGTH_BYTES, bytes, length);
    x->out_length = LENGTH_BYTES + length;
    x->out_sent = 0;
    x->writable = loop_writable(x->sockets->loop, LOOP_FRAMES, x->fd, on_writable, x);
    return x->writable == NULL ? -ENOMEM : 0;
}

int dns_sockets_send(struct dns_sockets *sockets, unsigned exchange, const uint8_t *bytes, size_t length,
                     bool stream)
{
    struct exchange *x = &sockets->exchanges[exchange];
    int error = 0;
    if (stream || x->stream)
        dns_sockets_end(sockets, exchange);
    if (x->fd < 0)
        error = open_exchange(x, stream);
    if (error == 0 && stream)
        error = stream_send(x, bytes, length);
    else if (error == 0 && send(x->fd, bytes, length, MSG_DONTWAIT) < 0)
        error = -errno;
    if (error != 0)
        dns_sockets_end(sockets, exchange);
    return error;
}
