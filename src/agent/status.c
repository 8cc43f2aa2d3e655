/* status.c: `pearp-agent status`: the ranges held on this host, what is in use of them, by whom, who is outside.
 * In: the agents' files, sock_diag, /proc. Out: text or JSON on standard output. Called by: main.
 * Never: changes anything; needs no rights (names of other users' processes are then missing). */
#include "pearpd/json.h"
#include "pearpd/log.h"
#include "pearpd/netlink_host.h"

#include "agent.h"
#include "record.h"
#include "run_files.h"
#include "service.h"
#include "usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INTERFACES_MAX   16
#define STATE_TEXT_BYTES 8192
#define USERS_MAX        10 /* of a range, in JSON */

/* A service on a port that is held, as its agent tells. */
struct served {
    char name[SERVICE_NAME_BYTES], protocol[4], address[IPV4_TEXT_BYTES];
    uint16_t port;
    bool heard;
};

/* What one agent holds, or left. */
struct tenant {
    struct undo undo;
    pid_t holder; /* 0: killed, its settings stand */
    bool settled; /* all that the record speaks of is set */
    bool link_up;
    bool heard[HELD_MAX]; /* by range */
    char bridge[MAC_TEXT_BYTES], gateway[IPV4_TEXT_BYTES];
    struct served services[SERVICES_MAX];
    size_t service_count;
    struct usage usage;
};

struct status {
    int directory;
    uint64_t namespace_cookie;
    struct tenant *tenants[INTERFACES_MAX];
    size_t count;
    bool failed;
};

static void copy_word(char *to, size_t size, const char *word)
{
    if (strlen(word) < size)
        memcpy(to, word, strlen(word) + 1);
}

/* NAME PROTOCOL ADDRESS:PORT yes|no */
static void take_service(struct tenant *tenant, const char *text)
{
    struct served served;
    char heard[4];
    if (tenant->service_count == SERVICES_MAX ||
        sscanf(text, "%15s %3s %15[0-9.]:%5hu %3s", served.name, served.protocol, served.address, &served.port,
               heard) != 5)
        return;
    served.heard = strcmp(heard, "yes") == 0;
    tenant->services[tenant->service_count++] = served;
}

static void take_state(struct tenant *tenant, const char *key, const char *word)
{
    char held[HELD_TEXT_BYTES];
    if (strcmp(key, "link") == 0)
        tenant->link_up = strcmp(word, "up") == 0;
    else if (strcmp(key, "bridge") == 0)
        copy_word(tenant->bridge, sizeof(tenant->bridge), word);
    else if (strcmp(key, "gateway") == 0)
        copy_word(tenant->gateway, sizeof(tenant->gateway), word);
    else if (strcmp(key, "service") == 0)
        take_service(tenant, word);
    else if (strcmp(key, "heard-of") == 0)
        for (size_t i = 0; i < tenant->undo.held.count; i++)
            if (strcmp(held_format(&tenant->undo.held.held[i], held), word) == 0)
                tenant->heard[i] = true;
}

static void read_state(int directory, struct tenant *tenant)
{
    char text[STATE_TEXT_BYTES], name[RUN_NAME_BYTES], *rest = text;
    const ssize_t length =
        run_read(directory, run_name(tenant->undo.interface, "state", name), text, sizeof(text) - 1);
    if (length < 0)
        return;
    text[length] = '\0';
    tenant->settled = true;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *word = line;
        const char *key = strsep(&word, " ");
        if (word != NULL)
            take_state(tenant, key, word);
    }
}

static void add_tenant(const char *interface, void *context)
{
    struct status *status = context;
    struct tenant *tenant = calloc(1, sizeof(*tenant));
    if (tenant == NULL || status->count == INTERFACES_MAX ||
        record_read(status->directory, interface, &tenant->undo) != 0) {
        status->failed = true;
        free(tenant);
        return;
    }
    if (tenant->undo.namespace_cookie != status->namespace_cookie || /* held elsewhere */
        usage_begin(&tenant->usage, &tenant->undo.held) != 0) {
        free(tenant);
        return;
    }
    tenant->holder = run_lock_holder(status->directory, interface);
    if (tenant->holder != 0)
        read_state(status->directory, tenant);
    status->tenants[status->count++] = tenant;
}

static void take_socket(const struct host_socket *socket, void *context)
{
    struct status *status = context;
    for (size_t i = 0; i < status->count; i++)
        usage_take(&status->tenants[i]->usage, socket);
}

static const char *tenant_state(const struct tenant *tenant)
{
    if (tenant->holder == 0)
        return "left";
    return tenant->settled ? "held" : "setting";
}

static void print_process(const struct process *process)
{
    if (process->pid != 0)
        printf("%ld (%s)\n", (long)process->pid, process->name);
    else
        printf("?\n");
}

static void print_outside(const struct tenant *tenant)
{
    char address[IPV4_TEXT_BYTES];
    const struct usage *usage = &tenant->usage;
    if (usage->outside_count == 0)
        return;
    printf("\nOutside what is held on %s (what they send from a shared address is dropped%s):\n",
           tenant->undo.interface, tenant->undo.police ? "" : " by the bridge");
    printf("%-5s %-21s %-10s %7s  %s\n", "Proto", "Local", "State", "Sockets", "Process");
    for (size_t i = 0; i < usage->outside_count; i++) {
        const struct usage_outside *o = &usage->outside[i];
        char local[RANGE_TEXT_BYTES];
        snprintf(local, sizeof(local), "%s:%u",
                 o->socket.address.host == 0 ? "*" : ipv4_format(o->socket.address, address), o->socket.port);
        printf("%-5s %-21s %-10s %7u  ", usage_protocol(&o->socket), local, usage_state(&o->socket),
               o->sockets);
        print_process(&o->process);
    }
}

static void print_services(const struct status *status)
{
    bool first = true;
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->tenants[i]->service_count; k++) {
            const struct served *s = &status->tenants[i]->services[k];
            char local[RANGE_TEXT_BYTES];
            if (first)
                printf("\n%-16s %-5s %-21s %s\n", "Service", "Proto", "At", "Heard");
            first = false;
            snprintf(local, sizeof(local), "%s:%u", s->address, s->port);
            printf("%-16s %-5s %-21s %s\n", s->name, s->protocol, local, s->heard ? "yes" : "no");
        }
}

static void print_range(const struct tenant *tenant, size_t index)
{
    char held[HELD_TEXT_BYTES];
    struct usage_user user;
    const bool lives = tenant->holder != 0 && tenant->settled;
    const char *link = tenant->link_up ? "up" : "down", *heard = tenant->heard[index] ? "yes" : "no";
    printf("%-30s %-15s %-5s %-5s %-6s %-18s %u of %u", held_format(&tenant->undo.held.held[index], held),
           tenant->undo.interface, tenant_state(tenant), lives ? link : "-", lives ? heard : "-",
           tenant->bridge[0] != '\0' ? tenant->bridge : "-", usage_ports(&tenant->usage, index),
           held_ports(&tenant->undo.held.held[index]));
    if (usage_users(&tenant->usage, index, &user, 1) == 1)
        printf(", most by %ld (%s): %u", (long)user.pid, user.name, user.sockets);
    printf("\n");
}

static void print_text(const struct status *status)
{
    if (status->count == 0)
        printf("no range is held\n");
    else
        printf("%-30s %-15s %-5s %-5s %-6s %-18s %s\n", "Range", "Interface", "State", "Link", "Heard",
               "Bridge", "Ports in use");
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->tenants[i]->undo.held.count; k++)
            print_range(status->tenants[i], k);
    print_services(status);
    for (size_t i = 0; i < status->count; i++)
        print_outside(status->tenants[i]);
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

static void key_number_or_null(struct json *j, const char *key, uint64_t number)
{
    json_key(j, key);
    if (number != 0)
        json_u64(j, number);
    else
        json_null(j);
}

static void json_outside(struct json *j, const struct usage_outside *o)
{
    char address[IPV4_TEXT_BYTES];
    json_object_begin(j);
    json_key_string(j, "protocol", usage_protocol(&o->socket));
    json_key_string(j, "address", ipv4_format(o->socket.address, address));
    json_key_u64(j, "port", o->socket.port);
    json_key_string(j, "state", usage_state(&o->socket));
    json_key_u64(j, "sockets", o->sockets);
    key_number_or_null(j, "pid", (uint64_t)o->process.pid);
    key_text_or_null(j, "process", o->process.name);
    json_object_end(j);
}

static void json_use(struct json *j, const struct tenant *tenant, size_t index)
{
    const struct usage *usage = &tenant->usage;
    struct usage_user users[USERS_MAX];
    const size_t count = usage_users(usage, index, users, USERS_MAX);
    json_key_u64(j, "ports", held_ports(&tenant->undo.held.held[index]));
    json_key_u64(j, "ports_in_use", usage_ports(usage, index));
    json_key(j, "users");
    json_array_begin(j);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(j);
        json_key_u64(j, "pid", (uint64_t)users[i].pid);
        json_key_string(j, "process", users[i].name);
        json_key_u64(j, "sockets", users[i].sockets);
        json_object_end(j);
    }
    json_array_end(j);
    json_key(j, "outside");
    json_array_begin(j);
    for (size_t i = 0; i < usage->outside_count; i++)
        if (usage_concerns(usage, &usage->outside[i], index))
            json_outside(j, &usage->outside[i]);
    json_array_end(j);
}

static void json_range(struct json *j, const struct tenant *tenant, size_t index)
{
    char text[HELD_TEXT_BYTES];
    const struct held *held = &tenant->undo.held.held[index];
    json_object_begin(j);
    json_key_string(j, "address", ipv4_format(held->range.address, text));
    json_key_u64(j, "first_port", held->range.first);
    json_key_u64(j, "last_port", held->range.last);
    if (held->is_port_set) {
        snprintf(text, sizeof(text), "%u/%u/%u", held->params.offset, held->params.length, held->psid);
        json_key_string(j, "psid", text);
    }
    json_key_string(j, "interface", tenant->undo.interface);
    json_key_string(j, "state", tenant_state(tenant));
    key_number_or_null(j, "pid", (uint64_t)tenant->holder);
    json_key(j, "link_up");
    json_bool(j, tenant->link_up);
    json_key(j, "heard");
    json_bool(j, tenant->heard[index]);
    key_text_or_null(j, "bridge_mac", tenant->bridge);
    key_text_or_null(j, "gateway", tenant->gateway);
    json_use(j, tenant, index);
    json_object_end(j);
}

static void json_service(struct json *j, const struct tenant *tenant, const struct served *s)
{
    json_object_begin(j);
    json_key_string(j, "name", s->name);
    json_key_string(j, "protocol", s->protocol);
    json_key_string(j, "address", s->address);
    json_key_u64(j, "port", s->port);
    json_key_string(j, "interface", tenant->undo.interface);
    json_key(j, "heard");
    json_bool(j, s->heard);
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
        for (size_t k = 0; k < status->tenants[i]->undo.held.count; k++)
            json_range(&j, status->tenants[i], k);
    json_array_end(&j);
    json_key(&j, "services");
    json_array_begin(&j);
    for (size_t i = 0; i < status->count; i++)
        for (size_t k = 0; k < status->tenants[i]->service_count; k++)
            json_service(&j, status->tenants[i], &status->tenants[i]->services[k]);
    json_array_end(&j);
    json_object_end(&j);
    printf("\n");
}

static void collect(struct status *status)
{
    const int error = status->count > 0 ? netlink_sockets(take_socket, status) : 0;
    if (error != 0) {
        log_error("cannot list the sockets: %s", strerror(-error));
        status->failed = true;
    }
    for (size_t i = 0; i < status->count; i++) {
        struct usage *usage = &status->tenants[i]->usage;
        usage_merge(usage);
        usage_name(usage);
        status->failed = status->failed || usage->failed;
    }
}

int agent_status(bool json)
{
    struct status status = {.directory = run_directory(false), .namespace_cookie = run_namespace_cookie()};
    if (status.directory >= 0) {
        status.failed = run_list(status.directory, "undo", add_tenant, &status) != 0;
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
        usage_free(&status.tenants[i]->usage);
        free(status.tenants[i]);
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        status.failed = true;
    return status.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
