/* tap_port.c: a tap with vnet headers, read and written frame by frame.
 * In: what the kernel routes into the tap. Out: struct frame, as on the wire. Called by: daemon.
 * Never: decides about a frame, waits, copies a frame beyond the kernel's own copy.
 *
 * Life: opened | attached | lost its interface (EBADFD) and attached again to a new one. The same open
 * /dev/net/tun serves all of it, so that attaching again needs no file to be opened. A descriptor without
 * an interface is readable with POLLERR for ever; an epoll set is before it, which it leaves meanwhile. */
#include "pearpd/tap_port.h"

#include "pearpd/eth.h"
#include "pearpd/netlink.h"

#include "tunnel_segments.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES 69632     /* a 64 KiB datagram, its headers and tags */
#define ROOM_BYTES (1 << 19) /* of frames that are held before a release, side by side; twice that is slower */
#define ROOM_ALIGN 64
#define DEVICE     "/dev/net/tun"
#define COUNTS     "/proc/self/net/dev"

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

_Static_assert(sizeof(struct virtio_net_hdr) <= FRAME_OFFLOAD_BYTES, "struct frame has room for the header");
_Static_assert(READ_BYTES > sizeof(struct virtio_net_hdr) + ETH_HEADER_BYTES + ETH_TAG_BYTES + 65536,
               "a super-frame fits");

struct tap_port {
    struct frame_port base; /* its fd is the epoll set */
    int tun;
    unsigned ifindex; /* attached to; 0: to nothing */
    char name[IFNAMSIZ];
    struct netlink *netlink;
    int counts;           /* the system's, of all interfaces */
    uint64_t dropped;     /* the interface's count when it was asked last */
    uint64_t taken;       /* frames that were read */
    uint64_t refused;     /* writes that failed since the last flush */
    uint64_t unsupported; /* super-frames that no write can carry, not reported yet */
    size_t taken_bytes;
    uint8_t *room;
};

static struct tap_port *tap_port_of(struct frame_port *base)
{
    return (struct tap_port *)(void *)base;
}

static int open_device(struct tap_port *port)
{
    port->tun = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    return port->tun < 0 ? -errno : 0;
}

/* Leaves the interface alone from now on; nothing of it is readable. */
static void detach(struct tap_port *port)
{
    if (port->ifindex != 0)
        epoll_ctl(port->base.fd, EPOLL_CTL_DEL, port->tun, NULL);
    port->ifindex = 0;
}

/* Checksums and segments are left to whoever can do them, as on the packet sockets. */
static int set_offloads(const struct tap_port *port)
{
    const unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    const int header_bytes = sizeof(struct virtio_net_hdr);
    if (ioctl(port->tun, TUNSETVNETHDRSZ, &header_bytes) != 0)
        return -errno;
    if (ioctl(port->tun, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) == 0 ||
        ioctl(port->tun, TUNSETOFFLOAD, offloads) == 0)
        return 0;
    return -errno;
}

static int take_interface(struct tap_port *port)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    memcpy(request.ifr_name, port->name, sizeof(request.ifr_name));
    return ioctl(port->tun, TUNSETIFF, &request) == 0 ? 0 : -errno;
}

/* Of the lines in `text`, those that are whole: true and *dropped where one is the tap's. The rest of a line is
 * moved to the front; *length is then its length. */
static bool find_dropped(const struct tap_port *port, char *text, size_t *length, uint64_t *dropped)
{
    char *line = text, *end;
    while ((end = memchr(line, '\n', *length - (size_t)(line - text))) != NULL) {
        char name[IFNAMSIZ];
        unsigned long long number;
        *end = '\0';
        if (sscanf(line, " %15[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name, &number) == 2 &&
            strcmp(name, port->name) == 0) {
            *dropped = number;
            return true;
        }
        line = end + 1;
    }
    *length -= (size_t)(line - text);
    memmove(text, line, *length);
    return false;
}

/* The interface's tx_dropped, or what it was where that cannot be read. Netlink would give it only while nobody
 * changes interfaces, and frames would wait for that; this file waits for nobody. */
static uint64_t read_dropped(const struct tap_port *port)
{
    char text[4096];
    size_t length = 0;
    uint64_t dropped;
    for (off_t at = 0;;) {
        const ssize_t count = pread(port->counts, text + length, sizeof(text) - length, at);
        if (count <= 0)
            return port->dropped;
        at += count;
        length += (size_t)count;
        if (find_dropped(port, text, &length, &dropped))
            return dropped;
    }
}

/* What TUNSETIFF took is the interface that was meant, of index `ifindex` (0: any). */
static int know_interface(struct tap_port *port, unsigned ifindex)
{
    struct link_info link;
    int error = netlink_link(port->netlink, port->name, &link);
    if (error == 0 && ifindex != 0 && link.index != ifindex)
        error = -ENODEV;
    if (error == 0)
        port->dropped = read_dropped(port);
    struct epoll_event event = {.events = EPOLLIN};
    if (error == 0 && epoll_ctl(port->base.fd, EPOLL_CTL_ADD, port->tun, &event) != 0)
        error = -errno;
    if (error == 0)
        port->ifindex = link.index;
    return error;
}

/* Gives the interface back, which only closing does. */
static void let_go(struct tap_port *port)
{
    detach(port);
    close(port->tun);
    port->tun = -1;
}

/* `persist`: what this makes is to stay. */
static int attach(struct tap_port *port, unsigned ifindex, bool persist)
{
    int error = port->tun < 0 ? open_device(port) : 0;
    if (error == 0)
        error = take_interface(port);
    if (error != 0)
        return error;
    error = set_offloads(port);
    if (error == 0 && persist && ioctl(port->tun, TUNSETPERSIST, 1) != 0)
        error = -errno;
    if (error == 0)
        error = know_interface(port, ifindex);
    if (error != 0)
        let_go(port);
    return error;
}

int tap_port_create(struct frame_port *base)
{
    return attach(tap_port_of(base), 0, true);
}

static int tap_port_bind(struct frame_port *base, unsigned ifindex)
{
    struct tap_port *port = tap_port_of(base);
    if (ifindex == 0)
        return -ENODEV;
    struct ifreq has;
    const bool attached = port->ifindex != 0 && ioctl(port->tun, TUNGETIFF, &has) == 0;
    if (attached && port->ifindex == ifindex)
        return 0;
    if (attached) /* the one it has was renamed, and another got the name */
        let_go(port);
    detach(port);
    return attach(port, ifindex, false);
}

static void tap_port_close(struct frame_port *base)
{
    struct tap_port *port = tap_port_of(base);
    if (port->tun >= 0)
        close(port->tun);
    if (port->base.fd >= 0)
        close(port->base.fd);
    netlink_close(port->netlink);
    if (port->counts >= 0)
        close(port->counts);
    free(port->room);
    free(port);
}

/* Reads of a frame: [virtio_net_hdr][frame]; the IPv4 header behind an untagged Ethernet one is aligned. */
static bool tap_port_next(struct frame_port *base, struct frame *frame)
{
    struct tap_port *port = tap_port_of(base);
    struct virtio_net_hdr header;
    if (port->ifindex == 0 || port->taken_bytes + READ_BYTES > ROOM_BYTES)
        return false;
    uint8_t *bytes = port->room + port->taken_bytes;
    ssize_t length;
    do
        length = read(port->tun, bytes, READ_BYTES);
    while (length < 0 && errno == EINTR);
    if (length < 0 && errno != EAGAIN) /* its interface was deleted (EBADFD) */
        detach(port);
    if (length < (ssize_t)sizeof(header))
        return false;
    port->taken++;
    memcpy(&header, bytes, sizeof(header));
    frame->bytes = bytes + sizeof(header);
    frame->length = frame->wire_length = (size_t)length - sizeof(header);
    frame->super = header.gso_type != VIRTIO_NET_HDR_GSO_NONE;
    memset(frame->offload, 0, sizeof(frame->offload));
    memcpy(frame->offload, &header, sizeof(header));
    port->taken_bytes += ((size_t)length + ROOM_ALIGN - 1) / ROOM_ALIGN * ROOM_ALIGN;
    return true;
}

static void tap_port_release(struct frame_port *base)
{
    tap_port_of(base)->taken_bytes = 0;
}

/* Only a read tells. */
static bool tap_port_waits(const struct frame_port *base)
{
    (void)base;
    return false;
}

/* Written at once: there is no call that writes several, and its bytes are in the cache now. Refused: EIO
 * where the interface is down, EBADFD where it is gone, ENOMEM and the like. */
static bool write_parts(const struct tap_port *port, const struct iovec *parts, int count)
{
    ssize_t written = -1;
    if (port->ifindex != 0)
        do
            written = writev(port->tun, parts, count);
        while (written < 0 && errno == EINTR);
    return written >= 0;
}

static bool write_frame(const struct tap_port *port, const struct frame *frame)
{
    struct virtio_net_hdr header;
    memcpy(&header, frame->offload, sizeof(header));
    const struct iovec parts[2] = {{&header, sizeof(header)}, {frame->bytes, frame->length}};
    return write_parts(port, parts, 2);
}

/* False: a segment of it was refused. */
static bool write_segments(const struct tap_port *port, const struct tunnel_segments *segments)
{
    struct tunnel_segment segment;
    struct virtio_net_hdr header = {.flags = 0};
    bool whole = true;
    for (unsigned i = 0; i < segments->count; i++) {
        tunnel_segments_write(segments, i, &segment);
        const struct iovec parts[3] = {{&header, sizeof(header)},
                                       {segment.headers, segment.header_bytes},
                                       {segment.payload, segment.payload_bytes}};
        whole = write_parts(port, parts, 3) && whole;
    }
    return whole;
}

static bool tap_port_queue(struct frame_port *base, const struct frame *frame)
{
    struct tap_port *port = tap_port_of(base);
    struct tunnel_segments segments;
    switch (tunnel_segments_begin(&segments, frame)) {
    case TUNNEL_NONE:
        port->refused += !write_frame(port, frame);
        break;
    case TUNNEL_SEGMENTS:
        port->refused += !write_segments(port, &segments);
        break;
    case TUNNEL_UNSUPPORTED:
        port->unsupported++;
        break;
    }
    return true;
}

static uint64_t tap_port_flush(struct frame_port *base)
{
    struct tap_port *port = tap_port_of(base);
    const uint64_t refused = port->refused;
    port->refused = 0;
    return refused;
}

static uint64_t tap_port_lost(struct frame_port *base)
{
    struct tap_port *port = tap_port_of(base);
    if (port->ifindex == 0)
        return 0;
    const uint64_t dropped = read_dropped(port);
    const uint64_t lost = dropped > port->dropped ? dropped - port->dropped : 0;
    port->dropped = dropped;
    return lost;
}

/* The kernel segments what a tap did not ask for (TUNSETOFFLOAD). */
static struct frame_port_unsupported tap_port_unsupported(struct frame_port *base)
{
    struct tap_port *port = tap_port_of(base);
    const struct frame_port_unsupported unsupported = {.not_sent = port->unsupported};
    port->unsupported = 0;
    return unsupported;
}

/* There is no ring. */
static int tap_port_watch(struct frame_port *base)
{
    (void)base;
    return 0;
}

struct fast_taken tap_port_taken(struct frame_port *base)
{
    const struct tap_port *port = tap_port_of(base);
    struct pollfd waits = {.fd = port->ifindex == 0 ? -1 : port->tun, .events = POLLIN};
    const bool is_empty = poll(&waits, 1, 0) == 0 || (waits.revents & POLLIN) == 0;
    return (struct fast_taken){
        .frames = {[FAST_SOCKET_RING] = port->taken},
        .empty = {[FAST_SOCKET_RING] = is_empty, [FAST_SOCKET_ASIDE] = true},
        .is_rough = true,
    };
}

static const struct frame_port_calls calls = {
    .close = tap_port_close,
    .bind = tap_port_bind,
    .next = tap_port_next,
    .release = tap_port_release,
    .waits = tap_port_waits,
    .queue = tap_port_queue,
    .queue_copy = tap_port_queue,
    .flush = tap_port_flush,
    .lost = tap_port_lost,
    .unsupported = tap_port_unsupported,
    .watch = tap_port_watch,
};

static int open_parts(struct tap_port *port)
{
    const int error = open_device(port);
    if (error != 0)
        return error;
    port->base.fd = epoll_create1(EPOLL_CLOEXEC);
    if (port->base.fd < 0)
        return -errno;
    port->netlink = netlink_open();
    if (port->netlink == NULL)
        return -errno;
    port->counts = open(COUNTS, O_RDONLY | O_CLOEXEC);
    if (port->counts < 0)
        return -errno;
    port->room = malloc(ROOM_BYTES);
    return port->room == NULL ? -ENOMEM : 0;
}

struct frame_port *tap_port_open(const char *name)
{
    struct tap_port *port = calloc(1, sizeof(*port));
    if (port == NULL)
        return NULL;
    port->base.calls = &calls;
    port->base.fd = port->tun = port->counts = -1;
    snprintf(port->name, sizeof(port->name), "%s", name);
    const int error = open_parts(port);
    if (error != 0) {
        tap_port_close(&port->base);
        errno = -error;
        return NULL;
    }
    return &port->base;
}
