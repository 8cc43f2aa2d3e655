/* loop_http.h: what http_server.c uses of libevent besides evhttp: an event base of its own, which is run a pass at a time,
 * and its connections' buffers. Called by: http_server. Implemented in loop.c, which alone knows libevent's events. */
#ifndef PEARPD_IO_LOOP_HTTP_H
#define PEARPD_IO_LOOP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct bufferevent;
struct evbuffer;

/* NULL: out of memory. */
struct event_base *loop_http_base_new(void);
void loop_http_base_free(struct event_base *base);
/* Serves what is ready, once, and waits for nothing. */
void loop_http_pass(struct event_base *base);

/* Buffers for evhttp_set_bevcb(), with one more reference than evhttp's own. NULL: out of memory. */
struct bufferevent *loop_http_buffers_new(struct event_base *base);
/* True once evhttp has let go of them and closed their socket: the reference is to be given back. */
bool loop_http_buffers_are_left(struct bufferevent *buffers);
void loop_http_buffers_release(struct bufferevent *buffers);
/* Bytes written that have not left yet. */
size_t loop_http_buffers_waiting(struct bufferevent *buffers);
/* Shuts the connection down: evhttp frees it in the next pass. */
void loop_http_buffers_cut(struct bufferevent *buffers);

/* False: out of memory. */
bool loop_http_bytes_add(struct evbuffer *buffer, const void *bytes, size_t length);

#endif
