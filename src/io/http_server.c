/* http_server.c: see http_server.h.
 *
 * evhttp knows no bound of connections and no time limit over all of a request, and tells nobody that a connection without a
 * request has ended. So each connection has a place here, with a reference to its buffers: evhttp closes the connection and
 * lets go of them, and the next turn finds that.
 *
 * A place: free -> connected -> asked (`request`) -> answering -> ended, and free again once evhttp has let go. */
#include "pearpd/http_server.h"

#include "pearpd/clock.h"

#include "loop_http.h"

#include <event2/http.h>
#include <event2/listener.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG         512 /* where thousands connect at once, a good client waits its turn and is not turned away */
#define ACCEPTS_AT_ONCE 16 /* in one turn */
#define HEADERS_MOST    8192
#define BODY_MOST       0
#define SILENCE_NS      (5 * NS_PER_S)
#define ANSWER_NS       (60 * NS_PER_S)
#define WAITING_BYTES   32768 /* above: no more of the answer is made */
#define ACCEPT_PAUSE_NS NS_PER_S
#define ALL_METHODS     0xffff

struct http_exchange {
    struct http_server *server;
    struct bufferevent *buffers;    /* NULL: the place is free */
    struct evhttp_request *request; /* NULL: not asked yet, or answered */
    bool has_asked;
    bool has_begun; /* the answer */
    bool is_ending; /* the answer is whole; it may not have left yet */
    uint64_t began_ns, asked_ns;
    uint64_t moved_ns; /* when the client last read something */
    size_t waiting;    /* what it had to read then */
    void *kept;
};

struct http_server {
    struct loop *loop;
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener;
    int fd;
    const struct http_server_calls *calls;
    void *context;
    struct loop_source *knock; /* somebody connects, while no client is there; NULL: the turns see to it */
    struct loop_source *turn;
    unsigned accepted;  /* in this turn */
    uint64_t accept_ns; /* from then on there may be descriptors again */
    size_t turn_bytes;  /* of answers, made in this turn */
    uint32_t limit, count, size, next;
    struct http_exchange places[];
};

/* Requests. */

enum http_method http_exchange_method(const struct http_exchange *exchange)
{
    const enum evhttp_cmd_type command = evhttp_request_get_command(exchange->request);
    return command == EVHTTP_REQ_GET ? HTTP_GET : command == EVHTTP_REQ_HEAD ? HTTP_HEAD : HTTP_OTHER;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(exchange->request);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    return path != NULL ? path : "";
}

const char *http_exchange_query(const struct http_exchange *exchange)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(exchange->request);
    const char *query = uri != NULL ? evhttp_uri_get_query(uri) : NULL;
    return query != NULL ? query : "";
}

const char *http_exchange_host(const struct http_exchange *exchange)
{
    return evhttp_request_get_host(exchange->request);
}

void http_exchange_keep(struct http_exchange *exchange, void *data)
{
    exchange->kept = data;
}

void *http_exchange_kept(const struct http_exchange *exchange)
{
    return exchange->kept;
}

/* Answers. */

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(exchange->request), name, value);
}

void http_answer_begin(struct http_exchange *exchange, int status)
{
    exchange->has_begun = true;
    /* To a client of HTTP/1.0 that asks to keep the connection evhttp would announce an empty answer. */
    (void)evhttp_remove_header(evhttp_request_get_input_headers(exchange->request), "Connection");
    http_answer_header(exchange, "Connection", "close");
    evhttp_send_reply_start(exchange->request, status, NULL);
}

/* The output buffer of the request gathers what evhttp sends as one chunk. */
void http_answer_write(struct http_exchange *exchange, const void *bytes, size_t length)
{
    if (http_exchange_method(exchange) == HTTP_HEAD)
        return;
    exchange->server->turn_bytes += length;
    if (!loop_http_bytes_add(evhttp_request_get_output_buffer(exchange->request), bytes, length))
        loop_http_buffers_cut(exchange->buffers);
}

static void send_written(struct http_exchange *exchange)
{
    evhttp_send_reply_chunk(exchange->request, evhttp_request_get_output_buffer(exchange->request));
}

void http_answer_end(struct http_exchange *exchange)
{
    exchange->is_ending = true;
}

size_t http_answer_waiting(const struct http_exchange *exchange)
{
    return loop_http_buffers_waiting(exchange->buffers);
}

static void exchange_ended(struct http_exchange *exchange)
{
    exchange->request = NULL;
    exchange->server->calls->ended(exchange, exchange->server->context);
}

/* evhttp takes the request back with its last byte. */
static void finish(struct http_exchange *exchange)
{
    struct evhttp_request *request = exchange->request;
    exchange_ended(exchange);
    evhttp_send_reply_end(request);
}

static void after_call(struct http_exchange *exchange)
{
    if (exchange->request == NULL || !exchange->has_begun)
        return;
    send_written(exchange);
    if (exchange->is_ending)
        finish(exchange);
}

/* Connections. */

static struct http_exchange *exchange_of(struct http_server *server, const struct bufferevent *buffers)
{
    for (uint32_t i = 0; i < server->size; i++)
        if (server->places[i].buffers == buffers)
            return &server->places[i];
    return NULL;
}

/* The client is gone while its answer is made. A request that evhttp has given up is ours to free; others go with the
 * connection. */
static void connection_closed(struct evhttp_connection *connection, void *context)
{
    struct http_exchange *exchange = context;
    struct evhttp_request *request = exchange->request;
    (void)connection;
    if (request == NULL)
        return;
    const bool is_ours = evhttp_request_get_connection(request) == NULL;
    exchange_ended(exchange);
    if (is_ours)
        evhttp_request_free(request);
}

static void take_request(struct evhttp_request *request, void *context)
{
    struct http_server *server = context;
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct http_exchange *exchange = exchange_of(server, evhttp_connection_get_bufferevent(connection));
    if (exchange == NULL || exchange->has_asked) { /* one request a connection */
        evhttp_send_error(request, HTTP_BADREQUEST, NULL);
        return;
    }
    exchange->has_asked = true;
    exchange->request = request;
    exchange->asked_ns = exchange->moved_ns = clock_now_ns();
    evhttp_connection_set_closecb(connection, connection_closed, exchange);
    server->calls->request(exchange, server->context);
    after_call(exchange);
}

/* One client too many: the one that has been here longest without asking leaves, and that may be the new one. */
static void make_room(struct http_server *server)
{
    struct http_exchange *oldest = NULL;
    for (uint32_t i = 0; i < server->size; i++) {
        struct http_exchange *exchange = &server->places[i];
        if (exchange->buffers != NULL && !exchange->has_asked && exchange->began_ns != 0 &&
            (oldest == NULL || exchange->began_ns < oldest->began_ns))
            oldest = exchange;
    }
    if (oldest == NULL)
        return;
    oldest->began_ns = 0; /* it has left, but for evhttp */
    loop_http_buffers_cut(oldest->buffers);
}

/* evhttp wants buffers for a new connection. There is a place: a turn takes no more clients than there are. */
static struct bufferevent *new_buffers(struct event_base *base, void *context)
{
    struct http_server *server = context;
    struct http_exchange *exchange = exchange_of(server, NULL);
    struct bufferevent *buffers = loop_http_buffers_new(base);
    if (exchange != NULL && buffers != NULL) {
        *exchange = (struct http_exchange){.server = server, .buffers = buffers, .began_ns = clock_now_ns()};
        server->count++;
    }
    if (server->count > server->limit)
        make_room(server);
    if (++server->accepted >= ACCEPTS_AT_ONCE || server->count >= server->size)
        (void)evconnlistener_disable(server->listener);
    return buffers;
}

static void accept_failed(struct evconnlistener *listener, void *context)
{
    struct http_server *server = context;
    server->accept_ns = clock_now_ns() + ACCEPT_PAUSE_NS;
    (void)evconnlistener_disable(listener);
}

static void free_place(struct http_exchange *exchange)
{
    loop_http_buffers_release(exchange->buffers);
    exchange->buffers = NULL;
    exchange->server->count--;
}

static bool is_late(struct http_exchange *exchange, uint64_t now_ns)
{
    if (!exchange->has_asked)
        return now_ns - exchange->began_ns >= SILENCE_NS;
    const size_t waiting = http_answer_waiting(exchange);
    if (waiting != exchange->waiting || waiting == 0) {
        exchange->waiting = waiting;
        exchange->moved_ns = now_ns;
    }
    return now_ns - exchange->moved_ns >= SILENCE_NS || now_ns - exchange->asked_ns >= ANSWER_NS;
}

static void look_at_places(struct http_server *server)
{
    const uint64_t now_ns = clock_now_ns();
    for (uint32_t i = 0; i < server->size; i++) {
        struct http_exchange *exchange = &server->places[i];
        if (exchange->buffers == NULL)
            continue;
        if (loop_http_buffers_are_left(exchange->buffers))
            free_place(exchange);
        else if (is_late(exchange, now_ns))
            loop_http_buffers_cut(exchange->buffers);
    }
}

/* In turn, as far as the turn's share goes. */
static void make_answers(struct http_server *server)
{
    server->turn_bytes = 0;
    for (uint32_t i = 0; i < server->size && server->turn_bytes < HTTP_TURN_BYTES; i++) {
        struct http_exchange *exchange = &server->places[server->next++ % server->size];
        if (exchange->buffers == NULL || exchange->request == NULL ||
            http_answer_waiting(exchange) >= WAITING_BYTES)
            continue;
        server->calls->more(exchange, server->context);
        after_call(exchange);
    }
}

/* Turns. */

static void knocked(void *context);

static void rest(struct http_server *server)
{
    if (server->knock == NULL)
        server->knock = loop_readable(server->loop, LOOP_FRAMES, server->fd, knocked, server);
    loop_timer_set(server->turn, server->knock != NULL ? UINT64_MAX : ACCEPT_PAUSE_NS);
}

static void take_turn(void *context)
{
    struct http_server *server = context;
    server->accepted = 0;
    if (server->count < server->size && clock_now_ns() >= server->accept_ns)
        (void)evconnlistener_enable(server->listener);
    loop_http_pass(server->base);
    make_answers(server);
    look_at_places(server);
    if (server->count > 0 || server->accept_ns > clock_now_ns())
        loop_timer_set(server->turn, HTTP_TURN_NS);
    else
        rest(server);
}

/* While clients are there the turns look for more of them: who connects cannot ask for more turns. */
static void knocked(void *context)
{
    struct http_server *server = context;
    loop_source_free(server->knock);
    server->knock = NULL;
    take_turn(server);
}

/* Life. */

static int set_up(struct http_server *server, int fd)
{
    server->fd = fd;
    server->base = loop_http_base_new();
    server->http = server->base != NULL ? evhttp_new(server->base) : NULL;
    server->turn = loop_timer(server->loop, take_turn, server);
    if (server->http == NULL || server->turn == NULL)
        return -ENOMEM;
    evhttp_set_max_headers_size(server->http, HEADERS_MOST);
    evhttp_set_max_body_size(server->http, BODY_MOST);
    evhttp_set_allowed_methods(server->http, ALL_METHODS); /* the caller refuses them: with what is allowed */
    evhttp_set_bevcb(server->http, new_buffers, server);
    evhttp_set_gencb(server->http, take_request, server);
    evhttp_set_default_content_type(server->http, NULL);
    errno = ENOMEM;
    server->listener = evconnlistener_new(server->base, NULL, NULL,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
    if (server->listener == NULL)
        return -errno;
    evconnlistener_set_error_cb(server->listener, accept_failed);
    if (evhttp_bind_listener(server->http, server->listener) != NULL)
        return 0;
    evconnlistener_free(server->listener);
    server->listener = NULL;
    server->fd = -1;
    return -ENOMEM;
}

struct http_server *http_server_new(struct loop *loop, int fd, uint32_t clients,
                                    const struct http_server_calls *calls, void *context)
{
    const uint32_t size = clients + ACCEPTS_AT_ONCE;
    struct http_server *server = calloc(1, sizeof(*server) + size * sizeof(server->places[0]));
    if (server == NULL) {
        close(fd);
        return NULL;
    }
    server->loop = loop;
    server->calls = calls;
    server->context = context;
    server->limit = clients;
    server->size = size;
    const int error = set_up(server, fd);
    if (error == 0) {
        rest(server);
        return server;
    }
    http_server_free(server);
    errno = -error;
    return NULL;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    loop_source_free(server->knock);
    loop_source_free(server->turn);
    if (server->listener == NULL && server->fd >= 0)
        close(server->fd);
    if (server->http != NULL)
        evhttp_free(server->http); /* with its listener and its connections */
    for (uint32_t i = 0; i < server->size; i++)
        if (server->places[i].buffers != NULL)
            free_place(&server->places[i]);
    loop_http_base_free(server->base);
    free(server);
}
