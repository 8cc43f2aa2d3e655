/* tap_port.h: a bridge port on a tap: at its other end is this machine's own network stack, the router.
 * What the stack sends into the tap comes in here, what is sent here it receives.
 * Called by: daemon. See ../docs/decisions for why this shape. */
#ifndef PEARPD_TAP_PORT_H
#define PEARPD_TAP_PORT_H

#include "pearpd/fast_table.h"
#include "pearpd/frame_port.h"

#include <stdint.h>

/* Opens /dev/net/tun for the tap of this name (INTERFACE_NAME_BYTES with its NUL). It is attached to nothing yet:
 * frame_port_bind() attaches to the tap that is there and has the index given, without any capability where
 * the tap has no other owner: -EINVAL: no tap, or one of several queues; -EBUSY: somebody else has it; -ENODEV:
 * not there. What it loses is the interface's tx_dropped. NULL and errno. */
struct frame_port *tap_port_open(const char *name);

/* Makes the tap, which stays when the port is closed, and attaches to it. Needs CAP_NET_ADMIN. 0 or -Exxx. */
int tap_port_create(struct frame_port *port);

/* Frames that were read from it, as those of FAST_SOCKET_RING. A rough count. */
struct fast_taken tap_port_taken(struct frame_port *port);

#endif
