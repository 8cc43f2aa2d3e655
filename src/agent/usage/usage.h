/* usage.h: which ports of what is held are in use, by whom, and which sockets lie outside.
 * In: what is held, sockets as sock_diag(7) lists them. Out: counts and rows.
 * Called by: alarm, status. Never: asks the kernel. */
#ifndef PEARPD_AGENT_USAGE_H
#define PEARPD_AGENT_USAGE_H

#include "pearpd/netlink_host.h"
#include "pearpd/range_list.h"

#include "process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_PORTS_BYTES 8192 /* a bit for each port */

/* A socket on a port held, as far as a process has it. */
struct usage_inside {
    uint8_t range; /* its place in the list; of a socket on any address the first that has its port */
    struct process process;
};

/* Sockets outside that look alike, as one: many connections of one server are one row. */
struct usage_outside {
    struct host_socket socket;
    unsigned sockets;
    struct process process;
};

/* A process with sockets in one range. */
struct usage_user {
    pid_t pid;
    char name[PROCESS_NAME_BYTES];
    unsigned sockets;
};

struct usage {
    struct range_list held;
    uint8_t (*used)[USAGE_PORTS_BYTES]; /* for each address of the list */
    /* Sockets of an address on ports picked from the ranges of another: nft moves them into the widest of their own. */
    unsigned moved[RANGES_MAX];
    size_t widest[RANGES_MAX]; /* for each address, the range that they are moved into */
    struct ipv4 addresses[RANGES_MAX];
    size_t address_count;
    struct usage_inside *inside;
    size_t inside_count, inside_room;
    struct usage_outside *outside;
    size_t outside_count, outside_room;
    bool failed; /* memory ran out: some are missing */
};

/* Nothing seen yet. -ENOMEM: not to be used. */
int usage_begin(struct usage *u, const struct range_list *held);
void usage_free(struct usage *u);

/* Takes a socket; what is on another address than those held is ignored. */
void usage_take(struct usage *u, const struct host_socket *socket);

/* After the last one: makes rows of what lies outside. */
void usage_merge(struct usage *u);

/* Whether that row's socket is on the address of the range, or on any. */
bool usage_concerns(const struct usage *u, const struct usage_outside *outside, size_t range);

/* The number of ports of a range that at least one socket is on, or is moved to. */
uint32_t usage_ports(const struct usage *u, size_t range);

/* Asks who has the sockets: fills in the processes of inside and outside. Slow where there are many: it walks /proc. */
void usage_name(struct usage *u);

/* The processes with most sockets in a range, most first, once they were named. Their number, `most` at most. */
size_t usage_users(const struct usage *u, size_t range, struct usage_user *users, size_t most);

/* "tcp" or "udp"; "listening", "bound" or "connected". */
const char *usage_protocol(const struct host_socket *socket);
const char *usage_state(const struct host_socket *socket);

#endif
