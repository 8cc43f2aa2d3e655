/* http_server.h: a small HTTP/1.1 server: one request a connection, an answer made piece by piece.
 * In: a listening descriptor. Out: requests; bytes of answers, as the clients read them.
 * Called by: daemon. Never: knows what is asked, reads a body, waits for a client.
 *
 * It shares a loop with frames and may neither delay them nor starve beside them. So it does not take part in the ranks of
 * the loop: it has turns, HTTP_TURN_NS apart while a client is there, in which it accepts a few clients, reads and writes
 * what is ready, and has at most HTTP_TURN_BYTES of answers made.
 *
 * Limits: `clients` connections; one more closes that which has been longest without asking. A request that is not there
 * within five seconds closes its connection, as does a client that reads nothing for five seconds, or not all of its
 * answer within a minute. Request line and headers: 8 KiB. */
#ifndef PEARPD_HTTP_SERVER_H
#define PEARPD_HTTP_SERVER_H

#include "pearpd/loop.h"

#include <stddef.h>
#include <stdint.h>

#define HTTP_TURN_NS    UINT64_C(5000000)
#define HTTP_TURN_BYTES 65536

struct http_server;
struct http_exchange; /* a request and its answer */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_server_calls {
    /* A request came: to be answered now, or from `more` on. */
    void (*request)(struct http_exchange *exchange, void *context);
    /* There is room for more of an answer that was begun: some KiB are to be written, or its end. */
    void (*more)(struct http_exchange *exchange, void *context);
    /* The answer has ended, or the client is gone before. The last call for an exchange that was requested. */
    void (*ended)(struct http_exchange *exchange, void *context);
};

/* Listens at `fd`, which it takes (it is bound, and not blocking). NULL: out of memory, or it cannot listen; errno. */
struct http_server *http_server_new(struct loop *loop, int fd, uint32_t clients,
                                    const struct http_server_calls *calls, void *context);
/* Ends all exchanges. NULL is fine. */
void http_server_free(struct http_server *server);

/* Of the request; borrowed until the exchange ends. */
enum http_method http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange);
const char *http_exchange_query(const struct http_exchange *exchange); /* "": none */
/* That the client names, in its Host header or the request's URI, without a port; NULL: it names none. */
const char *http_exchange_host(const struct http_exchange *exchange);

/* The answer: headers, its begin with a status, bytes, its end. What is written to a HEAD request is not sent. */
void http_answer_header(struct http_exchange *exchange, const char *name, const char *value);
void http_answer_begin(struct http_exchange *exchange, int status);
void http_answer_write(struct http_exchange *exchange, const void *bytes, size_t length);
void http_answer_end(struct http_exchange *exchange);
/* Bytes of the answer that wait to be read by the client. */
size_t http_answer_waiting(const struct http_exchange *exchange);

/* What the caller keeps with an exchange; NULL at first. */
void http_exchange_keep(struct http_exchange *exchange, void *data);
void *http_exchange_kept(const struct http_exchange *exchange);

#endif
