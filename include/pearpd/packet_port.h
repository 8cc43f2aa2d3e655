/* packet_port.h: one bridge port on an interface: AF_PACKET, a TPACKET_V2 receive ring, sendmmsg.
 * In and out: frames with their offload state (PACKET_VNET_HDR) and tags as on the wire.
 * Called by: daemon. Never: judges a frame. See ../docs/decisions for why this shape. */
#ifndef PEARPD_PACKET_PORT_H
#define PEARPD_PACKET_PORT_H

#include "pearpd/addr.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet_port;

/* Opens the socket and maps its ring of `ring_slots` slots of 2 KiB (rounded up to a power of two).
 * It is bound to nothing yet: packet_port_bind(). NULL and errno; needs CAP_NET_RAW here only. */
struct packet_port *packet_port_open(uint32_t ring_slots);
void packet_port_close(struct packet_port *port);

/* Binds to the interface of this index, promiscuous. 0 or -Exxx. May be called again, after an
 * interface was made anew under its old name. */
int packet_port_bind(struct packet_port *port, unsigned ifindex);

/* Readable while frames wait. */
int packet_port_fd(const struct packet_port *port);

/* Takes the next frame of the ring: true and *frame is filled, its bytes writable and valid until
 * packet_port_release(). False: nothing there (a pending socket error, as ENETDOWN, is read and so
 * cleared), or no room left to hold more before a release. */
bool packet_port_next(struct packet_port *port, struct frame *frame);

/* Gives the slots of all frames taken back to the kernel. */
void packet_port_release(struct packet_port *port);

/* Puts a frame on the list to be sent. Its bytes must stay until packet_port_flush(). False: the list
 * is full, flush first. */
bool packet_port_queue(struct packet_port *port, const struct frame *frame);

/* Puts a copy of the frame on the list (made by the bridge, or one whose bytes go).
 * False: no room, flush first; a frame longer than packet_port_copy_max() never fits. */
bool packet_port_queue_copy(struct packet_port *port, const struct frame *frame);
size_t packet_port_copy_max(void);

/* Sends the list in its order; a frame that the kernel refuses (ENOBUFS, EAGAIN, ENETDOWN, EMSGSIZE ...)
 * is left out and counted. Returns the number left out. Never waits. */
uint64_t packet_port_flush(struct packet_port *port);

/* Frames that the kernel lost at the ring since the last call (PACKET_STATISTICS). */
uint64_t packet_port_lost(struct packet_port *port);

#endif
