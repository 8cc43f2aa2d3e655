/* web.c: see web.h.
 *
 * A browser may be made to ask here by any page that it shows: nothing can be changed, no answer is for other origins, and a
 * server for this machine alone takes no name of another one, by which such a page could pass for ours (DNS rebinding). */
#include "web.h"

#include "pearpd/http_server.h"
#include "pearpd/listen_socket.h"
#include "pearpd/log.h"

#include "web_answer.h"
#include "web_api.h"
#include "web_metrics.h"
#include "web_page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HOST_BYTES 64

struct web {
    struct loop *loop;
    struct web_target target;
    struct http_server *server; /* NULL: nothing is served */
    struct listen_address address;
    uint32_t clients;
    int fd;       /* of `server`, which has it */
    int next_fd;  /* of a reload; -1: none */
    bool is_same; /* the reload leaves all as it is */
    struct listen_address next_address;
    uint32_t next_clients;
};

static const struct web_route *const routes[] = {
    &web_route_page, &web_route_metrics, &web_route_table, &web_route_stats, &web_route_status,
};

/* Answers. */

static void begin(struct http_exchange *exchange, int status, const char *type, const char *policy)
{
    http_answer_header(exchange, "Content-Type", type);
    if (policy != NULL)
        http_answer_header(exchange, "Content-Security-Policy", policy);
    http_answer_header(exchange, "X-Content-Type-Options", "nosniff");
    http_answer_header(exchange, "X-Frame-Options", "DENY");
    http_answer_header(exchange, "Referrer-Policy", "no-referrer");
    http_answer_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
    http_answer_header(exchange, "Cache-Control", "no-store");
    http_answer_begin(exchange, status);
}

static void refuse(struct http_exchange *exchange, int status, const char *text)
{
    if (status == 405)
        http_answer_header(exchange, "Allow", "GET, HEAD");
    begin(exchange, status, "text/plain; charset=utf-8", WEB_POLICY_NOTHING);
    http_answer_write(exchange, text, strlen(text));
    http_answer_end(exchange);
}

/* An address, which no other site can claim as its name, or this machine's own name. */
static bool is_own_name(const char *host)
{
    uint8_t ip[16];
    char bare[HOST_BYTES];
    const size_t length = strlen(host);
    if (strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0)
        return true;
    if (length < 3 || length >= sizeof(bare) || host[0] != '[' || host[length - 1] != ']')
        return inet_pton(AF_INET, host, ip) == 1;
    memcpy(bare, host + 1, length - 2);
    bare[length - 2] = '\0';
    return inet_pton(AF_INET6, bare, ip) == 1;
}

static const struct web_route *route_of(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(routes[i]->path, path) == 0)
            return routes[i];
    return NULL;
}

static const char *refusal_text(int status)
{
    return status == 400   ? "the query is not one of this page\n"
           : status == 404 ? "this version has no such answer\n"
                           : "out of memory\n";
}

static void begin_answer(struct web *web, struct http_exchange *exchange, const struct web_route *route)
{
    struct web_answer *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        refuse(exchange, 503, refusal_text(503));
        return;
    }
    *a = (struct web_answer){.exchange = exchange, .target = &web->target, .route = route};
    http_exchange_keep(exchange, a);
    const int status = route->begin != NULL ? route->begin(a) : 0;
    if (status != 0) {
        a->route = NULL;
        refuse(exchange, status, refusal_text(status));
        return;
    }
    begin(exchange, 200, route->content_type, route->policy);
    if (http_exchange_method(exchange) == HTTP_HEAD)
        http_answer_end(exchange);
}

static void requested(struct http_exchange *exchange, void *context)
{
    struct web *web = context;
    const char *host = http_exchange_host(exchange);
    if (http_exchange_method(exchange) == HTTP_OTHER) {
        refuse(exchange, 405, "only GET and HEAD: this server shows, and changes nothing\n");
        return;
    }
    if (listen_address_is_loopback(&web->address) && host != NULL && !is_own_name(host)) {
        refuse(exchange, 403, "this server is asked by an address or as localhost\n");
        return;
    }
    const struct web_route *route = route_of(http_exchange_path(exchange));
    if (route == NULL)
        refuse(exchange, 404, "there is no such page\n");
    else
        begin_answer(web, exchange, route);
}

static void make_more(struct http_exchange *exchange, void *context)
{
    struct web_answer *a = http_exchange_kept(exchange);
    (void)context;
    if (a != NULL && a->route != NULL && !a->route->more(a))
        http_answer_end(exchange);
}

static void ended(struct http_exchange *exchange, void *context)
{
    struct web_answer *a = http_exchange_kept(exchange);
    (void)context;
    if (a == NULL)
        return;
    if (a->route != NULL && a->route->end != NULL)
        a->route->end(a);
    free(a);
}

/* Life. */

static void say(const struct listen_address *address)
{
    char text[LISTEN_TEXT_BYTES];
    listen_address_format(address, text);
    if (address->kind == LISTEN_UNIX || listen_address_is_loopback(address))
        log_info("metrics and status page at %s", text);
    else
        log_notice("metrics and status page at %s: whoever reaches it sees the table and all counters", text);
}

static void stop_serving(struct web *web)
{
    if (web->server == NULL)
        return;
    http_server_free(web->server);
    web->server = NULL;
    if (web->address.kind == LISTEN_UNIX && !listen_address_equal(&web->address, &web->next_address))
        unlink(web->address.path);
}

static int serve(struct web *web, int fd, const struct config *config)
{
    static const struct http_server_calls calls = {requested, make_more, ended};
    const bool is_news = !listen_address_equal(&web->address, &config->metrics);
    web->address = config->metrics;
    web->clients = config->limits.metrics_clients;
    web->fd = fd;
    if (fd < 0)
        return 0;
    web->server = http_server_new(web->loop, fd, web->clients, &calls, web);
    if (web->server == NULL)
        return -1;
    if (is_news)
        say(&web->address);
    return 0;
}

struct web *web_new(struct loop *loop, int fd, const struct web_target *target)
{
    struct web *web = calloc(1, sizeof(*web));
    if (web == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *web = (struct web){.loop = loop, .target = *target, .next_fd = -1};
    if (serve(web, fd, *target->control->config) == 0)
        return web;
    free(web);
    return NULL;
}

void web_free(struct web *web)
{
    if (web == NULL)
        return;
    web_reload_drop(web);
    stop_serving(web);
    free(web);
}

/* A listening socket serves whoever has it: another number of clients needs no other one. */
int web_reload_prepare(struct web *web, const struct config *next, char *message, size_t size)
{
    char text[LISTEN_TEXT_BYTES];
    const bool stays = listen_address_equal(&web->address, &next->metrics);
    web->is_same = stays && web->clients == next->limits.metrics_clients;
    if (web->is_same || next->metrics.kind == LISTEN_NONE)
        return 0;
    const int fd =
        stays ? fcntl(web->fd, F_DUPFD_CLOEXEC, 0) : listen_socket_open(&next->metrics, WEB_SOCKET_MODE);
    if (fd >= 0) {
        web->next_fd = fd;
        web->next_address = next->metrics;
        return 0;
    }
    snprintf(message, size, "[control] metrics = %s: %s", listen_address_format(&next->metrics, text),
             strerror(stays ? errno : -fd));
    return -1;
}

void web_reload_take(struct web *web)
{
    if (web->is_same)
        return;
    const int fd = web->next_fd;
    web->next_fd = -1;
    stop_serving(web);
    web->next_address = (struct listen_address){.kind = LISTEN_NONE};
    if (serve(web, fd, *web->target.control->config) != 0)
        log_error("out of memory: metrics are no longer served");
}

void web_reload_drop(struct web *web)
{
    if (web->next_fd < 0)
        return;
    close(web->next_fd);
    web->next_fd = -1;
    if (web->next_address.kind == LISTEN_UNIX && !listen_address_equal(&web->address, &web->next_address))
        unlink(web->next_address.path);
    web->next_address = (struct listen_address){.kind = LISTEN_NONE};
}
