/* control.c: see control.h.
 *
 * A client's life: accepted ([limits] control-clients), one line, one answer, closed. Long answers are made
 * piece by piece, as the client reads them; `monitor` stays and loses events where it does not read
 * ([limits] monitor-bytes); `resolve` waits for what the question comes to. */
#include "pearpd/control.h"

#include "pearpd/clock.h"
#include "pearpd/control_request.h"
#include "pearpd/report.h"

#include "account_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES     32768
#define OWNERS_AT_ONCE  512
#define SILENCE_S       5
#define LINE_MOST_BYTES 65536 /* beyond it the client is closed without a word */
#define BACKLOG         64
#define RESOLVE_NS      (4 * NS_PER_S)
#define ACCEPT_PAUSE_NS NS_PER_S

enum client_state {
    CLIENT_ASKS,
    CLIENT_READS_HOSTS,
    CLIENT_READS_TABLE,
    CLIENT_READS_SERVICES,
    CLIENT_READS_LEASES,
    CLIENT_READS_ACCOUNTS,
    CLIENT_MONITORS,
    CLIENT_RESOLVES,
    CLIENT_ENDS
};

struct client {
    struct control *control;
    struct loop_stream *stream;
    enum client_state state;
    bool in_stats; /* the table stands inside of an object */
    struct json json;
    struct table_cursor cursor;
    uint32_t host_cursor, lease_cursor, account_cursor;
    struct service_cursor service_cursor;
    month_number month;                /* account: the one that is asked for; 0: all */
    struct range wanted;               /* resolve */
    struct loop_source *look, *waited; /* resolve: something happened; for long enough */
    uint64_t skipped;                  /* monitor */
    TAILQ_ENTRY(client) others;
};

struct control {
    struct loop *loop;
    struct control_target target;
    struct loop_source *accepts;
    struct loop_source *accept_later; /* there was no descriptor for a client */
    int fd;
    char path[SOCKET_PATH_BYTES];
    dev_t device;
    ino_t inode;
    uint32_t client_count;
    TAILQ_HEAD(, client) clients;
};

static struct engine *engine_of(const struct control *control)
{
    return *control->target.engine;
}

static const struct config *config_of(const struct control *control)
{
    return *control->target.config;
}

/* Answers. */

static void client_write(void *context, const char *text, size_t length)
{
    struct client *client = context;
    loop_stream_write(client->stream, text, length);
}

static void client_say(struct client *client, const char *text)
{
    client_write(client, text, strlen(text));
}

static void client_finish(struct client *client)
{
    client->state = CLIENT_ENDS;
    loop_stream_finish(client->stream);
}

static void answer_error(struct client *client, const char *message)
{
    client_say(client, "error ");
    client_say(client, message);
    client_say(client, "\n");
    client_finish(client);
}

static struct json *answer_begin(struct client *client)
{
    client_say(client, "ok\n");
    client->json = json_to(client_write, client);
    return &client->json;
}

static void answer_end(struct client *client)
{
    client_say(client, "\n");
    client_finish(client);
}

static void answer_ok(struct client *client)
{
    struct json *j = answer_begin(client);
    json_object_begin(j);
    json_key(j, "ok");
    json_bool(j, true);
    json_object_end(j);
    answer_end(client);
}

static void answer_number(struct client *client, const char *key, uint64_t number)
{
    struct json *j = answer_begin(client);
    json_object_begin(j);
    json_key_u64(j, key, number);
    json_object_end(j);
    answer_end(client);
}

/* The table, as far as the client has room for it now. */
static void table_go_on(struct client *client)
{
    const struct control *control = client->control;
    uint64_t now_ns = control->target.now_ns();
    struct table_entry entry;
    while (loop_stream_waiting(client->stream) < PIECE_BYTES) {
        if (engine_table_next(engine_of(control), now_ns, &client->cursor, &entry)) {
            report_entry(&client->json, config_of(control), &entry);
            continue;
        }
        json_array_end(&client->json);
        if (client->in_stats)
            json_object_end(&client->json);
        answer_end(client);
        return;
    }
}

static void answer_table(struct client *client)
{
    struct json *j = answer_begin(client);
    client->state = CLIENT_READS_TABLE;
    json_array_begin(j);
    table_go_on(client);
}

/* The leases, in the same way. */
static void leases_go_on(struct client *client)
{
    const struct control *control = client->control;
    uint64_t now_ns = control->target.now_ns();
    struct lease_entry lease;
    while (loop_stream_waiting(client->stream) < PIECE_BYTES) {
        if (engine_pool_next(engine_of(control), now_ns, &client->lease_cursor, &lease)) {
            report_lease(&client->json, &lease);
            continue;
        }
        json_array_end(&client->json);
        answer_end(client);
        return;
    }
}

static void answer_leases(struct client *client)
{
    struct json *j = answer_begin(client);
    client->state = CLIENT_READS_LEASES;
    json_array_begin(j);
    leases_go_on(client);
}

/* The services, in the same way. */
static void services_go_on(struct client *client)
{
    const struct control *control = client->control;
    const uint64_t now_ns = control->target.now_ns();
    struct service_entry entry;
    while (loop_stream_waiting(client->stream) < PIECE_BYTES) {
        if (engine_services_next(engine_of(control), now_ns, &client->service_cursor, &entry)) {
            report_service(&client->json, &entry);
            continue;
        }
        json_array_end(&client->json);
        answer_end(client);
        return;
    }
}

static void answer_services(struct client *client)
{
    struct json *j = answer_begin(client);
    client->state = CLIENT_READS_SERVICES;
    json_array_begin(j);
    services_go_on(client);
}

/* The hosts, in the same way; the table follows. */
static void hosts_go_on(struct client *client)
{
    struct host_entry host;
    while (loop_stream_waiting(client->stream) < PIECE_BYTES) {
        if (engine_hosts_next(engine_of(client->control), &client->host_cursor, &host)) {
            report_host(&client->json, &host);
            continue;
        }
        json_array_end(&client->json);
        json_key(&client->json, "table");
        json_array_begin(&client->json);
        client->state = CLIENT_READS_TABLE;
        table_go_on(client);
        return;
    }
}

static void answer_stats(struct client *client)
{
    struct json *j = answer_begin(client);
    client->state = CLIENT_READS_HOSTS;
    client->in_stats = true;
    json_object_begin(j);
    report_counts(j, engine_of(client->control));
    if (client->control->target.more_stats != NULL)
        client->control->target.more_stats(client->control->target.context, j);
    json_key(j, "hosts");
    json_array_begin(j);
    hosts_go_on(client);
}

/* account. */

static bool report_owner(struct client *client, struct mac owner)
{
    const struct control_target *target = &client->control->target;
    if (target->book != NULL)
        target->book(target->context, owner);
    return account_report(&client->json, engine_of(client->control), target->months, owner, client->month);
}

/* As far as the client has room for it now, and no further than frames may wait: of a month that few have, many are
 * looked at for little; the space brings the next turn. */
static void accounts_go_on(struct client *client)
{
    struct account_entry entry;
    for (unsigned n = 0; loop_stream_waiting(client->stream) < PIECE_BYTES; n++) {
        if (n == OWNERS_AT_ONCE) {
            client_say(client, " ");
            return;
        }
        if (engine_accounts_next(engine_of(client->control), &client->account_cursor, &entry)) {
            report_owner(client, entry.mac);
            continue;
        }
        json_array_end(&client->json);
        answer_end(client);
        return;
    }
}

static void account_command(struct client *client, const struct control_request *request)
{
    const struct engine *engine = engine_of(client->control);
    struct mac owner = request->mac;
    struct account_entry entry;
    client->month = request->month;
    if (request->has_port && engine_owner(engine, request->range.address, request->range.first, &owner) != 0) {
        answer_error(client, "nobody owns the port");
        return;
    }
    if (!mac_is_zero(owner) && engine_account_find(engine, owner, &entry) != 0) {
        answer_error(client, "nothing was counted for that MAC address");
        return;
    }
    json_array_begin(answer_begin(client));
    if (mac_is_zero(owner)) {
        client->state = CLIENT_READS_ACCOUNTS;
        accounts_go_on(client);
        return;
    }
    report_owner(client, owner);
    json_array_end(&client->json);
    answer_end(client);
}

static void answer_result(struct client *client, int error)
{
    switch (error) {
    case 0:
        answer_ok(client);
        break;
    case -ENOENT:
        answer_error(client, "there is no such address or range");
        break;
    case -EEXIST:
        answer_error(client, "a permanent range overlaps it");
        break;
    case -EPERM:
        answer_error(client, "the range stands in the configuration: change it there and reload");
        break;
    case -EINVAL:
        answer_error(client, "that MAC address cannot be a host's");
        break;
    case -ENOSPC:
        answer_error(client, "the table is full ([limits] bindings)");
        break;
    default:
        answer_error(client, strerror(-error));
        break;
    }
}

/* Commands that change something. */

static void touched(const struct control *control)
{
    control->target.touched(control->target.context);
}

static void flush_command(struct client *client, const struct control_request *request)
{
    struct control *control = client->control;
    int removed = engine_flush(engine_of(control), control->target.now_ns(),
                               request->has_address ? &request->range.address : NULL, control->target.out);
    if (removed < 0)
        answer_result(client, removed);
    else
        answer_number(client, "removed", (uint64_t)removed);
    touched(control);
}

static void change_command(struct client *client, const struct control_request *request)
{
    struct control *control = client->control;
    uint64_t now_ns = control->target.now_ns();
    if (request->command == CONTROL_ADD)
        answer_result(
            client, engine_add(engine_of(control), now_ns, &request->range, request->mac, control->target.out));
    else
        answer_result(client, engine_delete(engine_of(control), now_ns, &request->range, control->target.out));
    touched(control);
}

static void reload_command(struct client *client)
{
    char message[256] = "";
    if (client->control->target.reload(client->control->target.context, message, sizeof(message)) == 0)
        answer_ok(client);
    else
        answer_error(client, message);
}

static void version_command(struct client *client)
{
    struct json *j = answer_begin(client);
    json_object_begin(j);
    json_key_string(j, "version", PEARPD_VERSION);
    json_object_end(j);
    answer_end(client);
}

/* resolve: asks, and answers when an event says what came of it. */

enum look { LOOK_FIRST, LOOK_AGAIN, LOOK_LAST };

static void resolve_look(struct client *client, enum look look)
{
    struct control *control = client->control;
    struct table_entry entry;
    enum resolve_state state =
        engine_resolve(engine_of(control), control->target.now_ns(), client->wanted.address,
                       client->wanted.first, &entry, control->target.out);
    switch (state) {
    case RESOLVE_OWNED:
        report_entry(answer_begin(client), config_of(control), &entry);
        answer_end(client);
        break;
    case RESOLVE_ASKING:
        if (look == LOOK_LAST)
            answer_error(client, "nobody answered");
        break;
    case RESOLVE_UNOWNED:
        answer_error(client,
                     look == LOOK_FIRST ? "nobody owns the port, and nobody is asked" : "nobody answered");
        break;
    case RESOLVE_NOT_SHARED:
        answer_error(client, "that is no shared address");
        break;
    }
    touched(control);
}

static void resolve_again(void *context)
{
    struct client *client = context;
    if (client->state == CLIENT_RESOLVES)
        resolve_look(client, LOOK_AGAIN);
}

static void resolve_waited(void *context)
{
    struct client *client = context;
    if (client->state == CLIENT_RESOLVES)
        resolve_look(client, LOOK_LAST);
}

static void resolve_command(struct client *client, const struct control_request *request)
{
    client->state = CLIENT_RESOLVES;
    client->wanted = request->range;
    client->look = loop_timer(client->control->loop, resolve_again, client);
    client->waited = loop_timer(client->control->loop, resolve_waited, client);
    if (client->look == NULL || client->waited == NULL) {
        answer_error(client, "out of memory");
        return;
    }
    loop_timer_set(client->waited, RESOLVE_NS);
    resolve_look(client, LOOK_FIRST);
}

/* The engine is at work when it tells: it is asked again once it has ended. */
static void resolve_event(struct client *client, const struct event *event)
{
    if (event->range.address.host == client->wanted.address.host &&
        range_holds(&event->range, client->wanted.first))
        loop_timer_set(client->look, 0);
}

/* monitor. */

static void write_event(struct client *client, const struct event *event)
{
    char text[RANGE_TEXT_BYTES];
    struct json j = json_to(client_write, client);
    json_object_begin(&j);
    json_key_string(&j, "event", event_name(event->kind));
    json_key_u64(&j, "time_ns", event->time_ns);
    json_key_string(&j, "side", side_name(event->side));
    if (event->range.address.host != 0)
        json_key_string(&j, "range", range_format(&event->range, text));
    if (event->kind == EVENT_FLOW_CONFLICT) {
        json_key_string(&j, "remote", ipv4_format(event->remote, text));
        json_key_u64(&j, "protocol", event->protocol);
    }
    if (!mac_is_zero(event->mac))
        json_key_string(&j, "mac", mac_format(event->mac, text));
    if (!mac_is_zero(event->other))
        json_key_string(&j, "other", mac_format(event->other, text));
    if (event->detail != NULL)
        json_key_string(&j, "detail", event->detail);
    json_object_end(&j);
    client_say(client, "\n");
}

static void write_skipped(struct client *client)
{
    struct json j = json_to(client_write, client);
    json_object_begin(&j);
    json_key_string(&j, "event", "skipped");
    json_key_u64(&j, "count", client->skipped);
    json_object_end(&j);
    client_say(client, "\n");
    client->skipped = 0;
}

static void monitor_event(struct client *client, const struct event *event)
{
    if (loop_stream_waiting(client->stream) >= config_of(client->control)->limits.monitor_bytes) {
        client->skipped++;
        return;
    }
    if (client->skipped > 0)
        write_skipped(client);
    write_event(client, event);
}

static void monitor_command(struct client *client)
{
    client->state = CLIENT_MONITORS;
    loop_stream_timeout(client->stream, 0);
    client_say(client, "ok\n");
}

void control_event(struct control *control, const struct event *event)
{
    struct client *client;
    TAILQ_FOREACH(client, &control->clients, others)
    {
        if (client->state == CLIENT_MONITORS)
            monitor_event(client, event);
        else if (client->state == CLIENT_RESOLVES)
            resolve_event(client, event);
    }
}

/* Clients. */

static void client_free(struct client *client)
{
    TAILQ_REMOVE(&client->control->clients, client, others);
    client->control->client_count--;
    loop_source_free(client->look);
    loop_source_free(client->waited);
    loop_stream_free(client->stream);
    free(client);
}

static void client_line(struct loop_stream *stream, const char *line, size_t length, void *context)
{
    struct client *client = context;
    struct control_request request;
    char error[CONTROL_ERROR_BYTES];
    (void)stream;
    if (client->state != CLIENT_ASKS)
        return; /* one request a connection */
    if (control_request_parse(line, length, &request, error) != 0) {
        answer_error(client, error);
        return;
    }
    switch (request.command) {
    case CONTROL_TABLE:
        answer_table(client);
        break;
    case CONTROL_SERVICES:
        answer_services(client);
        break;
    case CONTROL_STATS:
        answer_stats(client);
        break;
    case CONTROL_LEASES:
        answer_leases(client);
        break;
    case CONTROL_ADD:
    case CONTROL_DELETE:
        change_command(client, &request);
        break;
    case CONTROL_FLUSH:
        flush_command(client, &request);
        break;
    case CONTROL_RESOLVE:
        resolve_command(client, &request);
        break;
    case CONTROL_MONITOR:
        monitor_command(client);
        break;
    case CONTROL_RELOAD:
        reload_command(client);
        break;
    case CONTROL_VERSION:
        version_command(client);
        break;
    case CONTROL_ACCOUNT:
        account_command(client, &request);
        break;
    }
}

static void client_drained(struct loop_stream *stream, void *context)
{
    struct client *client = context;
    (void)stream;
    if (client->state == CLIENT_READS_HOSTS)
        hosts_go_on(client);
    else if (client->state == CLIENT_READS_TABLE)
        table_go_on(client);
    else if (client->state == CLIENT_READS_SERVICES)
        services_go_on(client);
    else if (client->state == CLIENT_READS_LEASES)
        leases_go_on(client);
    else if (client->state == CLIENT_READS_ACCOUNTS)
        accounts_go_on(client);
    else if (client->state == CLIENT_MONITORS && client->skipped > 0)
        write_skipped(client);
}

static void client_ended(struct loop_stream *stream, void *context)
{
    (void)stream;
    client_free(context);
}

static const struct loop_stream_calls client_calls = {client_line, client_drained, client_ended};

static void refuse(int fd)
{
    static const char text[] = "error too many clients\n";
    (void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void client_new(struct control *control, int fd)
{
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        refuse(fd);
        return;
    }
    client->control = control;
    client->stream = loop_stream_new(control->loop, fd, LINE_MOST_BYTES, &client_calls, client);
    if (client->stream == NULL) {
        free(client);
        return;
    }
    loop_stream_timeout(client->stream, SILENCE_S);
    TAILQ_INSERT_TAIL(&control->clients, client, others);
    control->client_count++;
}

/* Who waits keeps the socket readable, and frames come after it: where there is no descriptor left for him,
 * he waits unwatched. */
static void accept_pause(struct control *control)
{
    loop_source_free(control->accepts);
    control->accepts = NULL;
    loop_timer_set(control->accept_later, ACCEPT_PAUSE_NS);
}

static void accept_ready(void *context)
{
    struct control *control = context;
    int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            accept_pause(control);
        return;
    }
    if (control->client_count >= config_of(control)->limits.control_clients)
        refuse(fd);
    else
        client_new(control, fd);
}

static void accept_go_on(void *context)
{
    struct control *control = context;
    control->accepts = loop_readable(control->loop, LOOP_CONTROL, control->fd, accept_ready, control);
    if (control->accepts == NULL)
        loop_timer_set(control->accept_later, ACCEPT_PAUSE_NS);
}

struct control *control_new(struct loop *loop, int fd, const char *path, const struct control_target *target)
{
    struct control *control = calloc(1, sizeof(*control));
    struct stat status;
    if (control == NULL) {
        close(fd);
        return NULL;
    }
    control->loop = loop;
    control->fd = fd;
    control->target = *target;
    TAILQ_INIT(&control->clients);
    snprintf(control->path, sizeof(control->path), "%s", path);
    if (lstat(path, &status) == 0) {
        control->device = status.st_dev;
        control->inode = status.st_ino;
    }
    control->accepts = loop_readable(loop, LOOP_CONTROL, fd, accept_ready, control);
    control->accept_later = loop_timer(loop, accept_go_on, control);
    if (control->accepts == NULL || control->accept_later == NULL || listen(fd, BACKLOG) != 0) {
        control_free(control);
        return NULL;
    }
    return control;
}

void control_free(struct control *control)
{
    struct stat status;
    if (control == NULL)
        return;
    for (struct client *client = TAILQ_FIRST(&control->clients), *next; client != NULL; client = next) {
        next = TAILQ_NEXT(client, others);
        client_free(client);
    }
    loop_source_free(control->accepts);
    loop_source_free(control->accept_later);
    close(control->fd);
    /* Another daemon's file, made since, stays. */
    if (lstat(control->path, &status) == 0 && status.st_dev == control->device &&
        status.st_ino == control->inode)
        unlink(control->path);
    free(control);
}
