/* accel_ports.h: the fast path at the two interfaces: a program attached to each, and a punt device for what that leaves to the
 * daemon.
 * In: links, the loaded programs. Out: what is attached where; the packet sockets are bound to the punt devices.
 * Called by: accel. Never: decides whether there is a fast path.
 *
 * The tap has no punt device: its program is at the egress, and what that leaves is read from the tap. */
#ifndef PEARPD_DAEMON_ACCEL_PORTS_H
#define PEARPD_DAEMON_ACCEL_PORTS_H

#include "pearpd/addr.h"
#include "pearpd/fast_loader.h"
#include "pearpd/fast_table.h"

#include "sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct accel_port {
    unsigned ifindex; /* that it is bound to; 0: none */
    bool up;
    bool is_tap;
    uint32_t mtu_bytes;
    unsigned attached; /* the interface that the program is attached to; 0: none */
    unsigned punt;     /* the punt device of it, that the port receives by; 0: none */
};

struct accel_ports {
    const struct sockets *sockets;
    struct fast_loader *loader; /* NULL: no programs */
    const struct fast_memory *memory;
    struct accel_port port[SIDES];
};

/* What the program of this side leaves goes to `punt` (0: to the port, as without a program). 0 or -Exxx. */
int accel_ports_divert(const struct accel_ports *ports, enum side side, unsigned punt);

/* To the side's interface, if not yet there. What the program leaves to the daemon is first sent to the punt device of an earlier
 * daemon, or to the port as without a program. 0; 1: it has no interface now; -Exxx, and `why` has the reason. */
int accel_ports_attach(struct accel_ports *ports, enum side side, char *why, size_t capacity);

/* The frames of this side are the daemon's alone, and arrive there. */
void accel_ports_detach(struct accel_ports *ports, enum side side);

/* Others may delete a qdisc, and the program with it, or the punt device: all frames of that side are lost until both are there
 * again. What is missing, as the log calls it; NULL: nothing. */
const char *accel_ports_missing(const struct accel_ports *ports, enum side side);

/* The frames that the port of this side has received. */
struct fast_taken accel_ports_taken(const struct accel_ports *ports, enum side side);

#endif
