/* status.c: `pearp-agent status`: the ranges held on this host, what is in use of them, who is outside.
 * In: the agents' files, sock_diag, /proc. Out: text or JSON on standard output. Called by: main.
 * Never: changes anything; needs no rights (names of other users' processes are then missing). */
#include "pearpd/json.h"
#include "pearpd/log.h"
#include "pearpd/netlink_host.h"

#include "agent.h"
#include "process.h"
#include "record.h"
#include "run_files.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RANGES_MAX        64
#define STATE_TEXT_BYTES  512
#define TCP_STATE_LISTEN  10
#define UDP_STATE_UNBOUND 7
#define PORTS             65536

/* Sockets outside the range that look alike, as one. */
struct outside {
    struct host_socket socket;
    unsigned sockets;
    struct process process;
};

struct held {
    struct undo undo;
    pid_t holder; /* 0: killed, its settings stand */
    bool link_up, heard;
    char bridge[MAC_TEXT_BYTES], gateway[IPV4_TEXT_BYTES];
    uint8_t used[PORTS / 8]; /* a bit for each port */
    struct outside *outside;
    size_t outside_count, outside_room;
};

struct status {
    int directory;
    uint64_t namespace_cookie;
    struct held *held[RANGES_MAX];
    size_t count;
    bool failed;
};

/* The word behind `key` in the state file; `value` stays as it is without one. */
static void state_word(const char *text, const char *key, char *value, size_t size)
{
    const size_t length = strlen(key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) != 0 || line[length] != ' ')
            continue;
        const char *word = line + length + 1;
        const size_t end = strcspn(word, "\n");
        if (end < size) {
            memcpy(value, word, end);
            value[end] = '\0';
        }
        return;
    }
}

static void read_state(int directory, struct held *held)
{
    char text[STATE_TEXT_BYTES], name[RUN_NAME_BYTES], link[8] = "", heard[8] = "";
    const ssize_t length =
        run_read(directory, run_name(held->undo.interface, "state", name), text, sizeof(text) - 1);
    if (length < 0)
        return;
    text[length] = '\0';
    state_word(text, "link", link, sizeof(link));
    state_word(text, "heard", heard, sizeof(heard));
    state_word(text, "bridge", held->bridge, sizeof(held->bridge));
    state_word(text, "gateway", held->gateway, sizeof(held->gateway));
    held->link_up = strcmp(link, "up") == 0;
    held->heard = strcmp(heard, "yes") == 0;
}

static void add_range(const char *interface, void *context)
{
    struct status *status = context;
    struct held *held = calloc(1, sizeof(*held));
    if (held == NULL || status->count == RANGES_MAX ||
        record_read(status->directory, interface, &held->undo) != 0) {
        status->failed = true;
        free(held);
        return;
    }
    if (held->undo.namespace_cookie != status->namespace_cookie) { /* held elsewhere */
        free(held);
        return;
    }
    held->holder = run_lock_holder(status->directory, interface);
    if (held->holder != 0)
        read_state(status->directory, held);
    status->held[status->count++] = held;
}

static bool add_outside(struct held *held, const struct host_socket *socket)
{
    if (held->outside_count == held->outside_room) {
        const size_t room = held->outside_room == 0 ? 64 : held->outside_room * 2;
        struct outside *grown = realloc(held->outside, room * sizeof(*grown));
        if (grown == NULL)
            return false;
        held->outside = grown;
        held->outside_room = room;
    }
    held->outside[held->outside_count++] = (struct outside){.socket = *socket, .sockets = 1};
    return true;
}

static void count_socket(const struct host_socket *socket, void *context)
{
    struct status *status = context;
    for (size_t i = 0; i < status->count; i++) {
        struct held *held = status->held[i];
        const struct range *range = &held->undo.range;
        if (socket->address.host != 0 && socket->address.host != range->address.host)
            continue;
        if (range_holds(range, socket->port))
            held->used[socket->port / 8] |= (uint8_t)(1U << (socket->port % 8));
        else if (socket->inode != 0 && !add_outside(held, socket))
            status->failed = true;
    }
}

static unsigned ports_in_use(const struct held *held)
{
    unsigned count = 0;
    for (unsigned port = held->undo.range.first; port <= held->undo.range.last; port++)
        count += ((unsigned)held->used[port / 8] >> (port % 8)) & 1U;
    return count;
}

static int compare_outside(const void *a, const void *b)
{
    const struct host_socket *x = &((const struct outside *)a)->socket,
                             *y = &((const struct outside *)b)->socket;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    if (x->address.host != y->address.host)
        return x->address.host < y->address.host ? -1 : 1;
    return x->state == y->state ? 0 : x->state > y->state ? -1 : 1; /* listening first */
}

/* Many connections of one server are one row. */
static void merge_outside(struct held *held)
{
    size_t kept = 0;
    if (held->outside_count == 0)
        return;
    qsort(held->outside, held->outside_count, sizeof(*held->outside), compare_outside);
    for (size_t i = 1; i < held->outside_count; i++) {
        struct outside *last = &held->outside[kept];
        if (compare_outside(last, &held->outside[i]) == 0)
            last->sockets++;
        else
            held->outside[++kept] = held->outside[i];
    }
    held->outside_count = kept + 1;
    for (size_t i = 0; i < held->outside_count; i++)
        held->outside[i].process.inode = held->outside[i].socket.inode;
}

static void name_processes(struct held *held)
{
    struct process **wanted = calloc(held->outside_count + 1, sizeof(struct process *));
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < held->outside_count; i++)
        wanted[i] = &held->outside[i].process;
    process_find(wanted, held->outside_count);
    free(wanted);
}

static const char *protocol_name(const struct host_socket *socket)
{
    return socket->protocol == IPPROTO_TCP ? "tcp" : "udp";
}

static const char *socket_state(const struct host_socket *socket)
{
    if (socket->protocol == IPPROTO_TCP)
        return socket->state == TCP_STATE_LISTEN ? "listening" : "connected";
    return socket->state == UDP_STATE_UNBOUND ? "bound" : "connected";
}

static const char *held_state(const struct held *held)
{
    return held->holder != 0 ? "held" : "left";
}

static void print_outside(const struct held *held)
{
    char address[IPV4_TEXT_BYTES];
    if (held->outside_count == 0)
        return;
    printf("\nOutside %u-%u on %s (what they send from the shared address is dropped):\n",
           held->undo.range.first, held->undo.range.last, held->undo.interface);
    printf("%-5s %-21s %-10s %7s  %s\n", "Proto", "Local", "State", "Sockets", "Process");
    for (size_t i = 0; i < held->outside_count; i++) {
        const struct outside *o = &held->outside[i];
        char local[RANGE_TEXT_BYTES];
        snprintf(local, sizeof(local), "%s:%u",
                 o->socket.address.host == 0 ? "*" : ipv4_format(o->socket.address, address), o->socket.port);
        printf("%-5s %-21s %-10s %7u  ", protocol_name(&o->socket), local, socket_state(&o->socket),
               o->sockets);
        if (o->process.pid != 0)
            printf("%ld (%s)\n", (long)o->process.pid, o->process.name);
        else
            printf("?\n");
    }
}

static void print_text(const struct status *status)
{
    if (status->count == 0)
        printf("no range is held\n");
    else
        printf("%-28s %-15s %-5s %-5s %-6s %-18s %s\n", "Range", "Interface", "State", "Link", "Heard",
               "Bridge", "Ports in use");
    for (size_t i = 0; i < status->count; i++) {
        const struct held *held = status->held[i];
        char range[RANGE_TEXT_BYTES];
        printf("%-28s %-15s %-5s %-5s %-6s %-18s %u of %u\n", range_format(&held->undo.range, range),
               held->undo.interface, held_state(held),
               held->holder == 0 ? "-"
               : held->link_up   ? "up"
                                 : "down",
               held->holder == 0 ? "-"
               : held->heard     ? "yes"
                                 : "no",
               held->bridge[0] != '\0' ? held->bridge : "-", ports_in_use(held),
               held->undo.range.last - held->undo.range.first + 1U);
    }
    for (size_t i = 0; i < status->count; i++)
        print_outside(status->held[i]);
}

static void key_text_or_null(struct json *j, const char *key, const char *text)
{
    if (text[0] != '\0')
        json_key_string(j, key, text);
    else {
        json_key(j, key);
        json_null(j);
    }
}

static void json_outside(struct json *j, const struct outside *o)
{
    char address[IPV4_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "protocol", protocol_name(&o->socket));
    json_key_string(j, "address", ipv4_format(o->socket.address, address));
    json_key_u64(j, "port", o->socket.port);
    json_key_string(j, "state", socket_state(&o->socket));
    json_key_u64(j, "sockets", o->sockets);
    json_key(j, "pid");
    if (o->process.pid != 0)
        json_u64(j, (uint64_t)o->process.pid);
    else
        json_null(j);
    key_text_or_null(j, "process", o->process.name);
    json_object_end(j);
}

static void json_held(struct json *j, const struct held *held)
{
    char address[IPV4_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "address", ipv4_format(held->undo.range.address, address));
    json_key_u64(j, "first_port", held->undo.range.first);
    json_key_u64(j, "last_port", held->undo.range.last);
    json_key_string(j, "interface", held->undo.interface);
    json_key_string(j, "state", held_state(held));
    json_key(j, "pid");
    if (held->holder != 0)
        json_u64(j, (uint64_t)held->holder);
    else
        json_null(j);
    json_key(j, "link_up");
    json_bool(j, held->link_up);
    json_key(j, "heard");
    json_bool(j, held->heard);
    key_text_or_null(j, "bridge_mac", held->bridge);
    key_text_or_null(j, "gateway", held->gateway);
    json_key_u64(j, "ports", held->undo.range.last - held->undo.range.first + 1U);
    json_key_u64(j, "ports_in_use", ports_in_use(held));
    json_key(j, "outside");
    json_array_begin(j);
    for (size_t i = 0; i < held->outside_count; i++)
        json_outside(j, &held->outside[i]);
    json_array_end(j);
    json_object_end(j);
}

static void write_out(void *context, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, context);
}

static void print_json(const struct status *status)
{
    struct json j = json_to(write_out, stdout);
    json_object_begin(&j);
    json_key(&j, "ranges");
    json_array_begin(&j);
    for (size_t i = 0; i < status->count; i++)
        json_held(&j, status->held[i]);
    json_array_end(&j);
    json_object_end(&j);
    printf("\n");
}

static void collect(struct status *status)
{
    const int error = status->count > 0 ? netlink_sockets(count_socket, status) : 0;
    if (error != 0) {
        log_error("cannot list the sockets: %s", strerror(-error));
        status->failed = true;
    }
    for (size_t i = 0; i < status->count; i++) {
        merge_outside(status->held[i]);
        name_processes(status->held[i]);
    }
}

int agent_status(bool json)
{
    struct status status = {.directory = run_directory(false), .namespace_cookie = run_namespace_cookie()};
    if (status.directory >= 0) {
        status.failed = run_list(status.directory, "undo", add_range, &status) != 0;
        close(status.directory);
    } else if (status.directory != -ENOENT) {
        log_error("cannot open /run/pearp-agent: %s", strerror(-status.directory));
        status.failed = true;
    }
    collect(&status);
    if (json)
        print_json(&status);
    else
        print_text(&status);
    for (size_t i = 0; i < status.count; i++) {
        free(status.held[i]->outside);
        free(status.held[i]);
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        status.failed = true;
    return status.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
