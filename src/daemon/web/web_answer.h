/* web_answer.h: one answer of the web server: what its route makes it of.
 * Called by: web and the files of its routes. */
#ifndef PEARPD_DAEMON_WEB_ANSWER_H
#define PEARPD_DAEMON_WEB_ANSWER_H

#include "pearpd/http_server.h"

#include "web.h"

/* Steps of a walk through a table of the engine in one turn: some 100 us. */
#define WEB_STEPS_AT_ONCE 1024

/* For answers that are data: a browser that shows one loads and runs nothing. */
#define WEB_POLICY_NOTHING "default-src 'none'; frame-ancestors 'none'"

struct web_answer {
    struct http_exchange *exchange;
    const struct web_target *target;
    const struct web_route *route; /* NULL: it is answered already */
    void *made_of;                 /* what the route keeps meanwhile */
};

/* A page. begin: reads the request and allocates, 0 or a status that the request is refused with. more: makes some more of
 * the answer; false: it is whole. end: frees what begin made; NULL: nothing. */
struct web_route {
    const char *path;
    const char *content_type;
    const char *policy; /* Content-Security-Policy; NULL: begin adds it, with other headers of its own */
    int (*begin)(struct web_answer *answer);
    bool (*more)(struct web_answer *answer);
    void (*end)(struct web_answer *answer);
};

struct engine *web_engine(const struct web_answer *answer);
const struct config *web_config(const struct web_answer *answer);
uint64_t web_now_ns(const struct web_answer *answer);
/* Bytes of the answer; `context` is a struct web_answer, for json_to() and prometheus_text_to(). */
void web_write(void *context, const char *text, size_t length);

#endif
