/* ipfix.c: see ipfix.h. */
#include "ipfix.h"

#include "pearpd/clock.h"
#include "pearpd/ipfix_message.h"
#include "pearpd/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ipfix {
    struct config_ipfix config;
    struct ipfix_shape shape;
    int fd; /* connected, or -1 */
    struct ipfix_message message;
    bool is_open;          /* the message is begun */
    bool wants_templates;  /* whatever the time */
    uint64_t templates_ns; /* sent last */
    uint32_t sequence;
    uint32_t unsure; /* records of the last message: it may yet be refused */
    bool has_sent;   /* since the last look at errors */
    int error;       /* the one logged last; 0: none */
    uint64_t messages, exported, lost;
};

/* Errors. */

static void say(struct ipfix *x, int error)
{
    char text[IPV4_TEXT_BYTES];
    if (error == x->error)
        return;
    x->error = error;
    if (error == 0)
        log_notice("ipfix: %s:%u accepts records again", ipv4_format(x->config.collector, text),
                   x->config.port);
    else
        log_warning("ipfix: %s:%u: %s; records are lost", ipv4_format(x->config.collector, text),
                    x->config.port, strerror(error));
}

static void lose(struct ipfix *x, uint32_t records, int error)
{
    x->lost += records;
    x->wants_templates = true;
    say(x, error);
}

/* The collector's host says that nobody listens, of what was sent last. */
static void refused(struct ipfix *x, int error)
{
    x->exported -= x->unsure;
    lose(x, x->unsure, error);
    x->unsure = 0;
}

/* Sending. */

static int connect_socket(struct ipfix *x)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(x->config.port),
                             .sin_addr.s_addr = htonl(x->config.collector.host)};
    if (x->fd >= 0)
        return 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    x->fd = fd;
    return 0;
}

/* A socket whose route or address is gone does not find a new one by itself. */
static void disconnect(struct ipfix *x)
{
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}

/* 0, or why it was not sent: it, or what was sent before it. */
static int send_bytes(struct ipfix *x, const uint8_t *bytes, size_t length)
{
    int error = connect_socket(x);
    if (error != 0)
        return error;
    if (send(x->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
        return errno;
    x->messages++;
    x->has_sent = true;
    return 0;
}

/* In a message of their own: when they are wanted shows when the next one is sent, not when it was begun. */
static int send_templates(struct ipfix *x, uint64_t now_ns)
{
    struct ipfix_message m;
    ipfix_message_begin(&m, &x->shape, clock_wall_us() * 1000, now_ns);
    ipfix_message_templates(&m);
    size_t length = ipfix_message_end(&m, x->sequence);
    x->sequence += m.sequenced;
    int error = send_bytes(x, m.bytes, length);
    if (error == 0)
        x->unsure = 0; /* nothing was known against what was sent before */
    x->wants_templates = error != 0;
    x->templates_ns = now_ns;
    return error;
}

/* Sends the message that has gathered, where there is one, behind the templates where they are due. */
static int send_all(struct ipfix *x)
{
    uint64_t now_ns = clock_now_ns();
    int error = 0;
    if (x->wants_templates || now_ns - x->templates_ns >= x->config.template_s * NS_PER_S)
        error = send_templates(x, now_ns);
    if (error != 0 || !x->is_open)
        return error;
    size_t length = ipfix_message_end(&x->message, x->sequence);
    return send_bytes(x, x->message.bytes, length);
}

static void send_message(struct ipfix *x)
{
    uint32_t records = x->is_open ? x->message.records : 0;
    int error = send_all(x);
    if (error == ECONNREFUSED) {
        refused(x, error); /* what was sent last: this one is tried again, once */
        error = send_all(x);
    }
    /* Lost or not: the collector sees by a gap in the numbers that something is missing. */
    x->sequence += records;
    x->is_open = false;
    x->unsure = error == 0 ? records : 0;
    if (error == 0) {
        x->exported += records;
        return;
    }
    if (error != EAGAIN && error != ECONNREFUSED)
        disconnect(x);
    lose(x, records, error);
}

static void begin(struct ipfix *x)
{
    ipfix_message_begin(&x->message, &x->shape, clock_wall_us() * 1000, clock_now_ns());
    x->is_open = true;
}

void ipfix_record(struct ipfix *ipfix, const struct flow_record *record)
{
    if (!ipfix->is_open)
        begin(ipfix);
    if (ipfix_message_record(&ipfix->message, record))
        return;
    send_message(ipfix);
    begin(ipfix);
    ipfix_message_record(&ipfix->message, record);
}

/* What became of the messages since the last look. */
static void look_at_errors(struct ipfix *x)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (x->fd < 0 || !x->has_sent)
        return;
    x->has_sent = false;
    if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return;
    if (error != 0)
        refused(x, error);
    else if (!x->wants_templates)
        say(x, 0);
    x->unsure = 0;
}

void ipfix_flush(struct ipfix *ipfix)
{
    if (!ipfix->config.is_on)
        return;
    look_at_errors(ipfix);
    if (ipfix->is_open || ipfix->templates_ns == 0)
        send_message(ipfix);
}

/* Life. */

static void configure(struct ipfix *x, const struct config *config)
{
    x->config = config->ipfix;
    x->shape.domain = config->ipfix.domain;
    x->shape.vlan = config->vlan;
    x->shape.sample = config->ipfix.sample;
    x->wants_templates = true;
    x->templates_ns = 0;
}

struct ipfix *ipfix_new(const struct config *config)
{
    struct ipfix *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return NULL;
    x->fd = -1;
    configure(x, config);
    ipfix_flush(x);
    return x;
}

void ipfix_free(struct ipfix *ipfix)
{
    if (ipfix == NULL)
        return;
    disconnect(ipfix);
    free(ipfix);
}

void ipfix_interfaces(struct ipfix *ipfix, unsigned upstream, unsigned downstream)
{
    if (upstream != 0)
        ipfix->shape.upstream_index = upstream;
    if (downstream != 0)
        ipfix->shape.downstream_index = downstream;
}

/* Another collector or domain is another stream, with numbers of its own (RFC 7011 3.1). */
void ipfix_reload(struct ipfix *ipfix, const struct config *config)
{
    const struct config_ipfix *next = &config->ipfix, was = ipfix->config;
    ipfix_flush(ipfix);
    configure(ipfix, config);
    if (next->is_on != was.is_on || next->collector.host != was.collector.host || next->port != was.port ||
        next->domain != was.domain) {
        disconnect(ipfix);
        ipfix->sequence = ipfix->unsure = 0;
        ipfix->error = 0;
    }
    ipfix_flush(ipfix);
}

void ipfix_report(const struct ipfix *ipfix, uint32_t flows, struct json *j)
{
    json_key(j, "ipfix");
    json_object_begin(j);
    json_key_u64(j, "flows", flows);
    json_key_u64(j, "exported", ipfix->exported);
    json_key_u64(j, "lost", ipfix->lost);
    json_key_u64(j, "messages", ipfix->messages);
    json_key(j, "last_error");
    if (ipfix->error == 0)
        json_null(j);
    else
        json_string(j, strerror(ipfix->error));
    json_object_end(j);
}

void ipfix_figures(const struct ipfix *ipfix, struct ipfix_figures *figures)
{
    *figures = (struct ipfix_figures){.is_on = ipfix->config.is_on,
                                      .exported = ipfix->exported,
                                      .lost = ipfix->lost,
                                      .messages = ipfix->messages};
}
