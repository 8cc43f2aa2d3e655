/* usage.c: see usage.h. */
#include "usage.h"

#include "pearpd/l4.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TCP_STATE_LISTEN  10
#define UDP_STATE_UNBOUND 7
#define PORT_DHCP_CLIENT  68

int usage_begin(struct usage *u, const struct range_list *held)
{
    *u = (struct usage){.held = *held};
    u->address_count = range_list_addresses(held, u->addresses);
    for (size_t i = 0; i < u->address_count; i++)
        u->widest[i] = range_list_widest(held, u->addresses[i]);
    u->used = calloc(u->address_count > 0 ? u->address_count : 1, sizeof(*u->used));
    return u->used == NULL ? -ENOMEM : 0;
}

void usage_free(struct usage *u)
{
    free(u->used);
    free(u->inside);
    free(u->outside);
    *u = (struct usage){.used = NULL};
}

/* `array` of `count` elements with room for one more. NULL: no memory, which is noted. */
static void *room_for_one(struct usage *u, void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    const size_t more = *room == 0 ? 64 : *room * 2;
    void *grown = reallocarray(array, more, size);
    u->failed = u->failed || grown == NULL;
    *room = grown == NULL ? *room : more;
    return grown;
}

static void add_inside(struct usage *u, size_t range, uint32_t inode)
{
    struct usage_inside *grown =
        room_for_one(u, u->inside, u->inside_count, &u->inside_room, sizeof(*u->inside));
    if (grown == NULL)
        return;
    u->inside = grown;
    grown[u->inside_count++] = (struct usage_inside){.range = (uint8_t)range, .process = {.inode = inode}};
}

static void add_outside(struct usage *u, const struct host_socket *socket)
{
    struct usage_outside *grown =
        room_for_one(u, u->outside, u->outside_count, &u->outside_room, sizeof(*u->outside));
    if (grown == NULL)
        return;
    u->outside = grown;
    grown[u->outside_count++] =
        (struct usage_outside){.socket = *socket, .sockets = 1, .process = {.inode = socket->inode}};
}

static bool is_listening(const struct host_socket *socket)
{
    return socket->protocol == IPPROTO_TCP && socket->state == TCP_STATE_LISTEN;
}

/* True where the socket's port is held of another address, and nft moves what it sends into a range of its own. */
static bool take_moved(struct usage *u, const struct host_socket *socket)
{
    if (socket->address.host == 0 || is_listening(socket))
        return false;
    size_t at = 0;
    while (at < u->held.count && !port_range_has(&u->held.ranges[at], socket->port))
        at++;
    for (size_t i = 0; at < u->held.count && i < u->address_count; i++) {
        if (u->addresses[i].host != socket->address.host)
            continue;
        u->moved[u->widest[i]]++;
        add_inside(u, u->widest[i], socket->inode);
        return true;
    }
    return false;
}

static void mark(struct usage *u, const struct host_socket *socket)
{
    for (size_t i = 0; i < u->address_count; i++)
        if (socket->address.host == 0 || socket->address.host == u->addresses[i].host)
            u->used[i][socket->port / 8] |= (uint8_t)(1U << (socket->port % 8));
}

void usage_take(struct usage *u, const struct host_socket *socket)
{
    bool ours = socket->address.host == 0;
    for (size_t i = 0; i < u->address_count; i++)
        ours = ours || socket->address.host == u->addresses[i].host;
    if (!ours)
        return;
    mark(u, socket);
    if (socket->inode == 0) /* TIME_WAIT: nobody has it */
        return;
    for (size_t i = 0; i < u->held.count; i++) {
        const struct port_range *held = &u->held.ranges[i];
        if (socket->address.host != 0 && socket->address.host != held->range.address.host)
            continue;
        if (port_range_has(held, socket->port)) {
            add_inside(u, i, socket->inode);
            return;
        }
    }
    if (!take_moved(u, socket) && (socket->protocol != IPPROTO_UDP || socket->port != PORT_DHCP_CLIENT))
        add_outside(u, socket);
}

static int compare_outside(const void *a, const void *b)
{
    const struct host_socket *x = &((const struct usage_outside *)a)->socket,
                             *y = &((const struct usage_outside *)b)->socket;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    if (x->address.host != y->address.host)
        return x->address.host < y->address.host ? -1 : 1;
    return x->state == y->state ? 0 : x->state > y->state ? -1 : 1; /* listening first */
}

void usage_merge(struct usage *u)
{
    size_t kept = 0;
    if (u->outside_count == 0)
        return;
    qsort(u->outside, u->outside_count, sizeof(*u->outside), compare_outside);
    for (size_t i = 1; i < u->outside_count; i++) {
        if (compare_outside(&u->outside[kept], &u->outside[i]) == 0)
            u->outside[kept].sockets++;
        else
            u->outside[++kept] = u->outside[i];
    }
    u->outside_count = kept + 1;
}

bool usage_concerns(const struct usage *u, const struct usage_outside *outside, size_t range)
{
    return outside->socket.address.host == 0 ||
           outside->socket.address.host == u->held.ranges[range].range.address.host;
}

uint32_t usage_ports(const struct usage *u, size_t range)
{
    const struct port_range *held = &u->held.ranges[range];
    size_t address = 0;
    uint32_t count = u->moved[range];
    while (u->addresses[address].host != held->range.address.host)
        address++;
    for (unsigned i = 0; i < port_range_spans(held); i++) {
        const struct port_span span = port_range_span(held, i);
        for (uint32_t port = span.first; port <= span.last; port++)
            count += ((unsigned)u->used[address][port / 8] >> (port % 8)) & 1U;
    }
    return count < port_range_ports(held) ? count : port_range_ports(held);
}

void usage_name(struct usage *u)
{
    const size_t count = u->inside_count + u->outside_count;
    struct process **wanted = calloc(count + 1, sizeof(struct process *));
    if (wanted == NULL)
        return;
    for (size_t i = 0; i < u->inside_count; i++)
        wanted[i] = &u->inside[i].process;
    for (size_t i = 0; i < u->outside_count; i++)
        wanted[u->inside_count + i] = &u->outside[i].process;
    process_find(wanted, count);
    free(wanted);
}

static int compare_user(const void *a, const void *b)
{
    const struct usage_user *x = a, *y = b;
    if (x->sockets != y->sockets)
        return x->sockets > y->sockets ? -1 : 1;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static int compare_pid(const void *a, const void *b)
{
    const struct usage_user *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Those of one process, as one. Their number. */
static size_t merge_users(struct usage_user *users, size_t count)
{
    size_t kept = 0;
    if (count == 0)
        return 0;
    qsort(users, count, sizeof(*users), compare_pid);
    for (size_t i = 1; i < count; i++) {
        if (users[i].pid == users[kept].pid)
            users[kept].sockets++;
        else
            users[++kept] = users[i];
    }
    qsort(users, kept + 1, sizeof(*users), compare_user);
    return kept + 1;
}

size_t usage_users(const struct usage *u, size_t range, struct usage_user *users, size_t most)
{
    struct usage_user *all = calloc(u->inside_count + 1, sizeof(*all));
    size_t count = 0;
    if (all == NULL)
        return 0;
    for (size_t i = 0; i < u->inside_count; i++) {
        const struct usage_inside *inside = &u->inside[i];
        if (inside->range != range || inside->process.pid == 0)
            continue;
        all[count] = (struct usage_user){.pid = inside->process.pid, .sockets = 1};
        memcpy(all[count++].name, inside->process.name, PROCESS_NAME_BYTES);
    }
    count = merge_users(all, count);
    count = count < most ? count : most;
    memcpy(users, all, count * sizeof(*users));
    free(all);
    return count;
}

const char *usage_protocol(const struct host_socket *socket)
{
    return l4_protocol_name(socket->protocol);
}

const char *usage_state(const struct host_socket *socket)
{
    if (socket->protocol == IPPROTO_TCP)
        return is_listening(socket) ? "listening" : "connected";
    return socket->state == UDP_STATE_UNBOUND ? "bound" : "connected";
}
