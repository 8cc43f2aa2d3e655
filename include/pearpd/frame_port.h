/* frame_port.h: one bridge port, whatever its frames come from: an interface (packet_port.h) or a tap
 * (tap_port.h). In and out: frames with their offload state and tags as on the wire.
 * Called by: daemon. Never: decides about a frame. */
#ifndef PEARPD_FRAME_PORT_H
#define PEARPD_FRAME_PORT_H

#include "pearpd/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_port;

/* Super-frames of a kind that the port cannot carry. */
struct frame_port_unsupported {
    uint64_t received, not_sent;
};

/* What each kind of port does; see the functions below. */
struct frame_port_calls {
    void (*close)(struct frame_port *port);
    int (*bind)(struct frame_port *port, unsigned ifindex);
    bool (*next)(struct frame_port *port, struct frame *frame);
    void (*release)(struct frame_port *port);
    bool (*waits)(const struct frame_port *port);
    bool (*queue)(struct frame_port *port, const struct frame *frame);
    bool (*queue_copy)(struct frame_port *port, const struct frame *frame);
    uint64_t (*flush)(struct frame_port *port);
    uint64_t (*lost)(struct frame_port *port);
    struct frame_port_unsupported (*unsupported)(struct frame_port *port);
    int (*watch)(struct frame_port *port);
};

/* The first member of each kind's own struct. */
struct frame_port {
    const struct frame_port_calls *calls;
    int fd;
};

/* What lies before the bytes of a frame from frame_port_next() and belongs to it: room for a virtio_net_hdr, so that both are sent
 * as one piece. */
#define FRAME_PORT_HEAD_BYTES 10

/* A frame longer than this is never copied: more than a 64 KiB datagram with its headers. */
#define FRAME_PORT_COPY_MAX 131072

/* Ends a port; NULL is fine. */
static inline void frame_port_close(struct frame_port *port)
{
    if (port != NULL)
        port->calls->close(port);
}

/* Binds to the interface of this index. 0 or -Exxx. May be called again, after an interface was created again
 * under its old name; nothing happens where it is bound already. */
static inline int frame_port_bind(struct frame_port *port, unsigned ifindex)
{
    return port->calls->bind(port, ifindex);
}

/* Readable while frames wait; the same for the port's whole life. */
static inline int frame_port_fd(const struct frame_port *port)
{
    return port->fd;
}

/* Takes the next frame: true and *frame is filled, its bytes writable and valid until frame_port_release().
 * False: nothing there (an error that waits, as ENETDOWN, is read and so cleared), or more only after a
 * release. */
static inline bool frame_port_next(struct frame_port *port, struct frame *frame)
{
    return port->calls->next(port, frame);
}

/* Gives the room of all frames taken back. */
static inline void frame_port_release(struct frame_port *port)
{
    port->calls->release(port);
}

/* After frame_port_release(): true where frame_port_next() surely has a frame. False: the descriptor tells whether.
 * Costs no system call. */
static inline bool frame_port_waits(const struct frame_port *port)
{
    return port->calls->waits(port);
}

/* Puts a frame of frame_port_next(), of this port or of another, on the list to be sent. Its bytes and the
 * FRAME_PORT_HEAD_BYTES before them, which are written, must stay until frame_port_flush(). False: the list is full,
 * flush first. */
static inline bool frame_port_queue(struct frame_port *port, const struct frame *frame)
{
    return port->calls->queue(port, frame);
}

/* The same with a frame whose bytes go (made by the bridge, or held). False: no room, flush first; a frame
 * longer than FRAME_PORT_COPY_MAX never fits. */
static inline bool frame_port_queue_copy(struct frame_port *port, const struct frame *frame)
{
    return port->calls->queue_copy(port, frame);
}

/* Sends the list in its order; a frame that the kernel refuses (ENOBUFS, EAGAIN, ENETDOWN, EMSGSIZE ...) is
 * left out and counted. Returns the number left out. Never waits. */
static inline uint64_t frame_port_flush(struct frame_port *port)
{
    return port->calls->flush(port);
}

/* Frames that the kernel lost before this port could take them, since the last call. */
static inline uint64_t frame_port_lost(struct frame_port *port)
{
    return port->calls->lost(port);
}

/* Super-frames that the port could not carry, since the last call: received from the interface, or taken by
 * frame_port_queue() and not sent. */
static inline struct frame_port_unsupported frame_port_unsupported(struct frame_port *port)
{
    return port->calls->unsupported(port);
}

/* A look at whether frames can still come in, a few times a second, after frame_port_release(). 0: nothing is wrong;
 * 1: they could not, and can again; -Exxx: they cannot, and the next look tries again. */
static inline int frame_port_watch(struct frame_port *port)
{
    return port->calls->watch(port);
}

#endif
