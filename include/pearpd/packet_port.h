/* packet_port.h: a bridge port on an interface: AF_PACKET, a TPACKET_V2 receive ring, sendmmsg.
 * Called by: daemon. See ../docs/decisions for why this shape. */
#ifndef PEARPD_PACKET_PORT_H
#define PEARPD_PACKET_PORT_H

#include "pearpd/fast_table.h"
#include "pearpd/frame_port.h"

#include <stdbool.h>
#include <stdint.h>

/* Opens the socket and maps its ring of `ring_slots` slots of 2 KiB (rounded up to a power of two).
 * It is bound to nothing yet: frame_port_bind(), which makes the interface promiscuous. What it loses is reported
 * by PACKET_STATISTICS. NULL and errno; needs CAP_NET_RAW and CAP_BPF here only. */
struct frame_port *packet_port_open(uint32_t ring_slots);

/* Why super-frames are not filtered at this port: -EPERM without CAP_BPF. Then one that the kernel cannot describe
 * stops the ring until the next frame_port_watch(). 0: they are. */
int packet_port_filter_error(struct frame_port *port);

/* The sockets of a port: what the ring takes, and the super-frames that it cannot. */
enum { PACKET_PORT_RING, PACKET_PORT_ASIDE, PACKET_PORT_SOCKETS };

/* From now on it receives what leaves by the interface `punt`, and of that what `programs` let pass, which part frames between
 * the sockets as its own filters do; nothing that comes in by the interface it is bound to. It sends as before. `punt` 0: it
 * receives nothing until the next call. What comes in during a change is lost.
 * 0; -ENOTSUP: the port has no filters (packet_port_filter_error()); -Exxx: it receives nothing. */
int packet_port_divert(struct frame_port *port, unsigned punt, const int programs[static PACKET_PORT_SOCKETS]);
/* What comes in by its own interface again, with its own filters. 0, or -Exxx: it receives nothing. */
int packet_port_undivert(struct frame_port *port);

/* Frames that passed the filter of each socket, and are past it: given out by frame_port_next(), or lost there. */
struct fast_taken packet_port_taken(struct frame_port *port);

#endif
