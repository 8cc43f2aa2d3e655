/* packet_port.c: an AF_PACKET socket with a TPACKET_V2 receive ring and a list to be sent, and a plain one aside.
 * In: the kernel's ring and receive queues. Out: struct frame, as on the wire. Called by: daemon.
 * Never: decides about a frame, waits, copies an ordinary frame on its way in.
 *
 * A ring slot, as the kernel fills it with PACKET_VNET_HDR on:
 *
 *   0             32             tp_mac - 10        tp_mac
 *   tpacket2_hdr | sockaddr_ll .. | virtio_net_hdr | frame, its outer tag stripped ...
 *
 * What is longer than a slot comes on the receive queue as well, in the order of the slots that say
 * TP_STATUS_COPY.
 *
 * A super-frame that virtio_net_hdr cannot express would stop the ring for good: tpacket_rcv() marks the slot as
 * its own and never takes the mark off. A filter keeps all but plain TCP away from the ring. They come by a second
 * socket, where such a frame is an error of recvmsg(), and are put between the frames of the ring by the time at which
 * the kernel received them. What slips through all the same (a virtual machine can write UDP in the offload
 * header of a TCP packet), or where there is no filter, the watch notices: the ring is made again. */
#include "pearpd/packet_port.h"

#include "pearpd/clock.h"
#include "pearpd/eth.h"
#include "pearpd/time_units.h"

#include "long_frame_ring.h"
#include "packet_frame.h"
#include "ring_watch.h"
#include "super_filter.h"
#include "tunnel_segments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SLOT_BYTES          2048
#define SLOTS_MIN           16
#define SLOTS_MAX           (UINT32_C(1) << 18)
#define BLOCK_BYTES         65536     /* the kernel finds such a piece in one, and many slots share it */
#define SOCKET_BUFFER_BYTES (8 << 20) /* frames longer than a slot that wait; frames a device holds */

#define LONG_FRAMES   16  /* frames that do not lie in a slot that are held before a release */
#define LIST_FRAMES   256 /* to be sent by one flush */
#define REFUSED_BURST 64  /* frames that nobody can take that are cleared away in one look */

struct send_list {
    unsigned count;
    size_t copied_bytes; /* of frames; a head lies before each */
    unsigned copied;
    uint8_t *copies;
    struct iovec parts[LIST_FRAMES][3]; /* head and frame; no offload, headers of a segment, its payload */
    struct mmsghdr messages[LIST_FRAMES];
    struct tunnel_segment segments[LIST_FRAMES];
    unsigned frames;                /* that were queued; one may be many messages */
    unsigned frame_of[LIST_FRAMES]; /* the number of a message's frame */
};

/* The plain socket of super-frames that the ring does not take. */
struct aside {
    int fd;             /* -1: no filter, the ring takes all */
    uint64_t looked_ns; /* whatever came before is known; CLOCK_REALTIME, as all stamps */
    bool waits;         /* `frame` was received and is not handed out yet; its room is the last of `rooms` */
    uint64_t stamp_ns;  /* of `frame` */
    struct frame frame;
};

struct packet_port {
    struct frame_port base; /* its fd is an epoll set with the sockets */
    int fd;                 /* of the ring */
    int sender;             /* receives nothing, and nobody waits for it: see open_sender() */
    int long_sender;        /* the same, for frames that it refuses */
    bool takes_trains;      /* the kernel takes super-frames of UDP */
    int filter_error;       /* why there is no filter; 0: there is */
    unsigned ifindex;       /* of the promiscuous membership; 0: none yet */
    bool is_diverted;       /* receives by another interface than `ifindex`, or by none */
    uint8_t *ring;
    uint32_t slots; /* a power of two */
    uint32_t head;  /* the slot that is filled next */
    uint32_t taken; /* slots before it that are not given back yet */
    uint8_t *long_frames;
    uint8_t *rooms[LONG_FRAMES + 1]; /* in it */
    unsigned long_taken;
    struct aside aside;
    struct long_frame_ring long_ring; /* of long_sender, which sends nothing else */
    struct ring_watch watch;
    uint64_t lost;                        /* not reported yet */
    uint64_t passed[PACKET_PORT_SOCKETS]; /* frames that passed a filter and were taken, or lost */
    struct frame_port_unsupported unsupported;
    struct send_list list;
};

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* The forced form needs CAP_NET_ADMIN; without it the system's limit has to do. */
static void size_buffer(int fd, int forced, int option)
{
    if (set_int(fd, SOL_SOCKET, forced, SOCKET_BUFFER_BYTES) != 0)
        set_int(fd, SOL_SOCKET, option, SOCKET_BUFFER_BYTES);
}

static int set_options(int fd, const int (*options)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (set_int(fd, SOL_PACKET, options[i][0], options[i][1]) != 0)
            return -1;
    return 0;
}

static int set_ring_options(int fd)
{
    static const int options[][2] = {
        {PACKET_VERSION, TPACKET_V2},
        {PACKET_RESERVE, ETH_TAG_BYTES}, /* where the outer tag is put back */
        {PACKET_COPY_THRESH, 1},
    };
    return set_options(fd, options, sizeof(options) / sizeof(options[0]));
}

static size_t ring_bytes(const struct packet_port *port)
{
    return (size_t)port->slots * SLOT_BYTES;
}

static int map_ring(struct packet_port *port)
{
    const size_t bytes = ring_bytes(port);
    const unsigned block_bytes = bytes < BLOCK_BYTES ? (unsigned)bytes : BLOCK_BYTES;
    const struct tpacket_req request = {
        .tp_block_size = block_bytes,
        .tp_block_nr = (unsigned)(bytes / block_bytes),
        .tp_frame_size = SLOT_BYTES,
        .tp_frame_nr = port->slots,
    };
    if (setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
        return -1;
    void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, port->fd, 0);
    if (ring == MAP_FAILED)
        return -1;
    port->ring = ring;
    return 0;
}

static void unmap_ring(struct packet_port *port)
{
    if (port->ring != NULL)
        munmap(port->ring, ring_bytes(port));
    port->ring = NULL;
}

static void prepare_list(struct send_list *list)
{
    for (unsigned i = 0; i < LIST_FRAMES; i++)
        list->messages[i].msg_hdr = (struct msghdr){.msg_iov = list->parts[i]};
}

/* Protocol 0: nothing is received before packet_port_bind(). */
static int open_socket(const struct packet_port *port)
{
    static const int options[][2] = {
        {PACKET_VNET_HDR, 1}, {PACKET_AUXDATA, 1}, {PACKET_IGNORE_OUTGOING, 1}, /* or the bridge hears itself */
    };
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct epoll_event event = {.events = EPOLLIN};
    if (fd < 0)
        return -1;
    size_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    size_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (set_options(fd, options, sizeof(options) / sizeof(options[0])) == 0 &&
        epoll_ctl(port->base.fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The socket of the ring could send as well, but is in an epoll set, which the kernel wakes for each frame that has left, and
 * has its fields written for each frame that comes in, perhaps by another processor. */
static int open_sender(int *sender)
{
    *sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*sender < 0)
        return -1;
    size_buffer(*sender, SO_SNDBUFFORCE, SO_SNDBUF);
    return set_int(*sender, SOL_PACKET, PACKET_VNET_HDR, 1);
}

/* The sockets that receive may be at another interface than the one that frames leave by. */
static int open_senders(struct packet_port *port)
{
    if (open_sender(&port->sender) != 0 || open_sender(&port->long_sender) != 0)
        return -1;
    const int error = long_frame_ring_begin(&port->long_ring, port->long_sender);
    errno = -error;
    return error == 0 ? 0 : -1;
}

/* Both sockets get their filter, or none: without it each frame would come twice. */
static int open_aside(struct packet_port *port)
{
    port->filter_error = super_filter_attach(port->fd, SUPER_FILTER_RING);
    if (port->filter_error != 0)
        return 0;
    port->aside.fd = open_socket(port);
    if (port->aside.fd < 0 || set_int(port->aside.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) != 0)
        return -1;
    const int error = super_filter_attach(port->aside.fd, SUPER_FILTER_ASIDE);
    errno = -error;
    return error == 0 ? 0 : -1;
}

static int open_memory(struct packet_port *port)
{
    port->long_frames = malloc((size_t)(LONG_FRAMES + 1) * PACKET_FRAME_BYTES);
    port->list.copies = malloc(FRAME_PORT_COPY_MAX + LIST_FRAMES * FRAME_PORT_HEAD_BYTES);
    if (port->long_frames == NULL || port->list.copies == NULL) {
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i <= LONG_FRAMES; i++)
        port->rooms[i] = port->long_frames + i * PACKET_FRAME_BYTES;
    prepare_list(&port->list);
    return 0;
}

/* From 6.2 on; a socket does not tell. */
static bool kernel_takes_udp(void)
{
    struct utsname name;
    unsigned major, minor;
    if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return false;
    return major > 6 || (major == 6 && minor >= 2);
}

static int open_parts(struct packet_port *port)
{
    port->takes_trains = kernel_takes_udp();
    port->base.fd = epoll_create1(EPOLL_CLOEXEC);
    if (port->base.fd < 0)
        return -1;
    port->fd = open_socket(port);
    if (port->fd < 0 || set_ring_options(port->fd) != 0 || map_ring(port) != 0 || open_aside(port) != 0 ||
        open_senders(port) != 0)
        return -1;
    return open_memory(port);
}

/* Of the table of calls. */
static struct packet_port *packet_port_of(struct frame_port *base)
{
    return (struct packet_port *)(void *)base;
}

static void packet_port_close(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    unmap_ring(port);
    long_frame_ring_end(&port->long_ring);
    const int descriptors[] = {port->fd, port->sender, port->long_sender, port->aside.fd, port->base.fd};
    for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    free(port->long_frames);
    free(port->list.copies);
    free(port);
}

/* -1 once the interface was deleted. */
static int bound_to(int fd)
{
    struct sockaddr_ll address = {0};
    socklen_t length = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? address.sll_ifindex : -1;
}

static int bind_to(int fd, unsigned ifindex, uint16_t protocol)
{
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)ifindex};
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

static int receive_by(const struct packet_port *port, unsigned ifindex)
{
    const int error = port->aside.fd < 0 ? 0 : bind_to(port->aside.fd, ifindex, ETH_P_ALL);
    return error != 0 ? error : bind_to(port->fd, ifindex, ETH_P_ALL);
}

static int change_membership(int fd, int option, unsigned ifindex)
{
    const struct packet_mreq membership = {.mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_PROMISC};
    return setsockopt(fd, SOL_PACKET, option, &membership, sizeof(membership));
}

static int packet_port_bind(struct frame_port *base, unsigned ifindex)
{
    struct packet_port *port = packet_port_of(base);
    if (ifindex == 0) /* which would be all interfaces */
        return -ENODEV;
    /* Leaving and joining again is seen as two changes of the link: who binds on those never stops. */
    if (port->ifindex == ifindex && bound_to(port->sender) == (int)ifindex)
        return 0;
    int error = bind_to(port->long_sender, ifindex, 0); /* receives none */
    if (error == 0)
        error = bind_to(port->sender, ifindex, 0);
    if (error == 0 && !port->is_diverted)
        error = receive_by(port, ifindex);
    if (error != 0)
        return error;
    if (port->ifindex != 0) /* an error here: the kernel dropped it with its interface */
        change_membership(port->fd, PACKET_DROP_MEMBERSHIP, port->ifindex);
    port->ifindex = 0;
    if (change_membership(port->fd, PACKET_ADD_MEMBERSHIP, ifindex) != 0)
        return -errno;
    port->ifindex = ifindex;
    return 0;
}

static struct tpacket2_hdr *slot_at(const struct packet_port *port, uint32_t index)
{
    return (struct tpacket2_hdr *)(void *)(port->ring + (size_t)(index & (port->slots - 1)) * SLOT_BYTES);
}

static uint64_t slot_stamp_ns(const struct tpacket2_hdr *slot)
{
    return slot->tp_sec * NS_PER_S + slot->tp_nsec;
}

static void take_slot(struct tpacket2_hdr *slot, uint32_t status, struct frame *frame)
{
    struct virtio_net_hdr header;
    frame->bytes = (uint8_t *)slot + slot->tp_mac;
    frame->length = slot->tp_snaplen;
    frame->wire_length = slot->tp_len;
    memcpy(&header, frame->bytes - sizeof(header), sizeof(header));
    const struct packet_notes notes = {status, slot->tp_vlan_tci, slot->tp_vlan_tpid};
    packet_frame_complete(frame, &header, &notes);
}

/* A link that goes down leaves the socket readable with ENETDOWN until somebody asks for it. */
static void read_error(const struct packet_port *port)
{
    int error;
    socklen_t length = sizeof(error);
    getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/* Half as dear as a receive that finds nothing. An error that waits is none of its business. */
static bool is_empty(int fd)
{
    int bytes;
    return ioctl(fd, SIOCINQ, &bytes) == 0 && bytes == 0;
}

/* What came aside before `stamp_ns` waits then. One look is enough for all frames of the ring that are older than it. */
static void look_aside(struct packet_port *port, uint64_t stamp_ns)
{
    struct aside *aside = &port->aside;
    if (aside->fd < 0 || aside->waits || stamp_ns < aside->looked_ns)
        return;
    const uint64_t now_ns = clock_wall_us() * NS_PER_US;
    if (stamp_ns != UINT64_MAX && is_empty(aside->fd)) {
        aside->looked_ns = now_ns;
        return;
    }
    int error = -EINVAL;
    for (unsigned i = 0; i < REFUSED_BURST && error == -EINVAL; i++) {
        error = packet_frame_receive(aside->fd, port->rooms[LONG_FRAMES], &aside->frame, &aside->stamp_ns);
        if (error == -EINVAL) {
            port->unsupported.received++;
            port->passed[PACKET_PORT_ASIDE]++;
        }
    }
    aside->waits = error == 0;
    if (error == -EAGAIN)
        aside->looked_ns = now_ns;
}

static bool take_aside(struct packet_port *port, struct frame *frame)
{
    if (port->long_taken == LONG_FRAMES)
        return false;
    uint8_t *room = port->rooms[LONG_FRAMES];
    port->rooms[LONG_FRAMES] = port->rooms[port->long_taken];
    port->rooms[port->long_taken++] = room;
    *frame = port->aside.frame;
    port->aside.waits = false;
    port->passed[PACKET_PORT_ASIDE]++;
    return true;
}

static bool take_from_ring(struct packet_port *port, struct tpacket2_hdr *slot, uint32_t status,
                           struct frame *frame)
{
    if ((status & TP_STATUS_COPY) == 0) {
        take_slot(slot, status, frame);
    } else {
        if (port->long_taken == LONG_FRAMES)
            return false;
        if (packet_frame_receive(port->fd, port->rooms[port->long_taken], frame, NULL) == 0)
            port->long_taken++;
        else
            take_slot(slot, status, frame);
    }
    port->head++;
    port->taken++;
    port->passed[PACKET_PORT_RING]++;
    return true;
}

static bool packet_port_next(struct frame_port *base, struct frame *frame)
{
    struct packet_port *port = packet_port_of(base);
    if (port->ring == NULL || port->taken == port->slots)
        return false;
    struct tpacket2_hdr *slot = slot_at(port, port->head);
    const uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
    const bool filled = (status & TP_STATUS_USER) != 0;
    const uint64_t stamp_ns = filled ? slot_stamp_ns(slot) : UINT64_MAX;
    if (filled || port->taken == 0)
        look_aside(port, stamp_ns);
    if (port->aside.waits && port->aside.stamp_ns <= stamp_ns)
        return take_aside(port, frame);
    if (filled)
        return take_from_ring(port, slot, status, frame);
    if (port->taken == 0)
        read_error(port);
    return false;
}

static void packet_port_release(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    for (; port->taken > 0; port->taken--)
        __atomic_store_n(&slot_at(port, port->head - port->taken)->tp_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
    port->long_taken = 0;
}

static bool packet_port_waits(const struct frame_port *base)
{
    const struct packet_port *port = (const struct packet_port *)(const void *)base;
    return port->ring != NULL && port->taken == 0 &&
           (__atomic_load_n(&slot_at(port, port->head)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
}

static void count_message(struct send_list *list, unsigned parts)
{
    list->messages[list->count].msg_hdr.msg_iovlen = parts;
    list->frame_of[list->count++] = list->frames;
}

/* One piece is cheaper for the kernel than two. */
static void append_frame(struct send_list *list, const struct frame *frame)
{
    uint8_t *head = frame->bytes - FRAME_PORT_HEAD_BYTES;
    memcpy(head, frame->offload, FRAME_PORT_HEAD_BYTES);
    list->parts[list->count][0] = (struct iovec){head, FRAME_PORT_HEAD_BYTES + frame->length};
    count_message(list, 1);
}

static void append_segments(struct send_list *list, const struct tunnel_segments *segments)
{
    static uint8_t no_offload[FRAME_PORT_HEAD_BYTES];
    for (unsigned i = 0; i < segments->count; i++) {
        struct tunnel_segment *segment = &list->segments[list->count];
        struct iovec *parts = list->parts[list->count];
        tunnel_segments_write(segments, i, segment);
        parts[0] = (struct iovec){no_offload, sizeof(no_offload)};
        parts[1] = (struct iovec){segment->headers, segment->header_bytes};
        parts[2] = (struct iovec){segment->payload, segment->payload_bytes};
        count_message(list, 3);
    }
}

/* Where it begins, its head before it. */
static uint8_t *next_copy(const struct send_list *list)
{
    return list->copies + list->copied_bytes + (size_t)(list->copied + 1) * FRAME_PORT_HEAD_BYTES;
}

static void keep_copy(struct send_list *list, size_t bytes)
{
    list->copied_bytes += bytes;
    list->copied++;
}

static uint8_t *copy_of(struct send_list *list, const struct frame *frame)
{
    uint8_t *copy = next_copy(list);
    memcpy(copy, frame->bytes, frame->length);
    keep_copy(list, frame->length);
    return copy;
}

static void append_trains(struct send_list *list, const struct tunnel_segments *segments)
{
    for (unsigned next = 0; next < segments->count;) {
        struct frame train = {.bytes = next_copy(list)};
        train.length = tunnel_segments_train(segments, &next, train.bytes, train.offload);
        keep_copy(list, train.length);
        append_frame(list, &train);
    }
}

/* False: no room. The frame's own bytes are only needed by segments that are no train. */
static bool queue_segments(struct packet_port *port, struct tunnel_segments *segments, struct frame *frame,
                           bool copied)
{
    struct send_list *list = &port->list;
    const size_t train_bytes = port->takes_trains ? tunnel_segments_train_bytes(segments) : 0;
    const size_t bytes = train_bytes != 0 ? train_bytes : copied ? frame->length : 0;
    if (list->count + segments->count > LIST_FRAMES || bytes > FRAME_PORT_COPY_MAX - list->copied_bytes)
        return false;
    if (train_bytes != 0) {
        append_trains(list, segments);
        return true;
    }
    if (copied)
        frame->bytes = copy_of(list, frame);
    append_segments(list, segments);
    return true;
}

static bool queue_one(struct packet_port *port, struct frame *frame, bool copied)
{
    struct send_list *list = &port->list;
    if (list->count == LIST_FRAMES || (copied && frame->length > FRAME_PORT_COPY_MAX - list->copied_bytes))
        return false;
    if (copied)
        frame->bytes = copy_of(list, frame);
    append_frame(list, frame);
    return true;
}

/* False: no room. */
static bool queue_frame(struct packet_port *port, const struct frame *frame, bool copied)
{
    struct tunnel_segments segments;
    struct frame lasting = *frame;
    bool queued = true;
    switch (tunnel_segments_begin(&segments, &lasting)) {
    case TUNNEL_NONE:
        queued = queue_one(port, &lasting, copied);
        break;
    case TUNNEL_SEGMENTS:
        queued = queue_segments(port, &segments, &lasting, copied);
        break;
    case TUNNEL_UNSUPPORTED:
        port->unsupported.not_sent++;
        break;
    }
    port->list.frames += queued;
    return queued;
}

static bool packet_port_queue(struct frame_port *base, const struct frame *frame)
{
    return queue_frame(packet_port_of(base), frame, false);
}

static bool packet_port_queue_copy(struct frame_port *base, const struct frame *frame)
{
    return queue_frame(packet_port_of(base), frame, true);
}

/* A frame that the kernel finds too long, since its first tag is not 0x8100. */
static bool send_long(struct packet_port *port, unsigned index)
{
    const struct send_list *list = &port->list;
    const struct iovec *piece = list->parts[index];
    const uint8_t *head = piece->iov_base, *bytes = head + FRAME_PORT_HEAD_BYTES;
    struct virtio_net_hdr header;
    if (list->messages[index].msg_hdr.msg_iovlen != 1 ||
        piece->iov_len < FRAME_PORT_HEAD_BYTES + ETH_HEADER_BYTES + ETH_TAG_BYTES ||
        bytes[2 * MAC_BYTES] != ETHERTYPE_STAG >> 8 || bytes[2 * MAC_BYTES + 1] != (ETHERTYPE_STAG & 0xff))
        return false;
    memcpy(&header, head, sizeof(header));
    return long_frame_ring_send(&port->long_ring, &header, bytes, piece->iov_len - FRAME_PORT_HEAD_BYTES) == 0;
}

static uint64_t packet_port_flush(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    struct send_list *list = &port->list;
    uint64_t left_out = 0;
    unsigned refused = 0;
    for (unsigned next = 0; next < list->count;) {
        const int sent = sendmmsg(port->sender, list->messages + next, list->count - next, MSG_DONTWAIT);
        if (sent > 0) {
            next += (unsigned)sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EMSGSIZE && send_long(port, next)) {
            next++;
            continue;
        }
        /* The first of those given is the one refused. A frame counts once, whatever became of its other segments. */
        if (left_out == 0 || list->frame_of[next] != refused) {
            refused = list->frame_of[next];
            left_out++;
        }
        next++;
    }
    list->count = list->frames = list->copied = 0;
    list->copied_bytes = 0;
    return left_out;
}

static uint64_t dropped_at(int fd)
{
    struct tpacket_stats statistics;
    socklen_t length = sizeof(statistics);
    if (fd < 0 || getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0)
        return 0;
    return statistics.tp_drops;
}

/* Reading them sets the kernel's numbers to 0. Returns what the ring lost. */
static uint64_t collect_lost(struct packet_port *port)
{
    const uint64_t ring = dropped_at(port->fd), aside = dropped_at(port->aside.fd);
    port->passed[PACKET_PORT_RING] += ring;
    port->passed[PACKET_PORT_ASIDE] += aside;
    port->lost += ring + aside;
    return ring;
}

static uint64_t packet_port_lost(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    collect_lost(port);
    const uint64_t lost = port->lost;
    port->lost = 0;
    return lost;
}

static struct frame_port_unsupported packet_port_unsupported(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    const struct frame_port_unsupported unsupported = port->unsupported;
    port->unsupported = (struct frame_port_unsupported){0};
    return unsupported;
}

/* The socket, its binding and its filter stay. Needs no capability. */
static int make_ring_again(struct packet_port *port)
{
    const struct tpacket_req none = {.tp_block_nr = 0};
    unmap_ring(port);
    if (setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none)) != 0)
        return -errno;
    port->head = 0;
    return map_ring(port) == 0 ? 0 : -errno;
}

static int packet_port_watch(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    if (port->ring == NULL) /* there was no memory the last time */
        return map_ring(port) == 0 ? 1 : -errno;
    const uint64_t dropped = collect_lost(port);
    const uint32_t status = __atomic_load_n(&slot_at(port, port->head)->tp_status, __ATOMIC_ACQUIRE);
    if (!ring_watch_look(&port->watch, port->head, port->taken == 0 && (status & TP_STATUS_USER) == 0, dropped))
        return 0;
    const int error = make_ring_again(port);
    return error == 0 ? 1 : error;
}

static const struct frame_port_calls calls = {
    .close = packet_port_close,
    .bind = packet_port_bind,
    .next = packet_port_next,
    .release = packet_port_release,
    .waits = packet_port_waits,
    .queue = packet_port_queue,
    .queue_copy = packet_port_queue_copy,
    .flush = packet_port_flush,
    .lost = packet_port_lost,
    .unsupported = packet_port_unsupported,
    .watch = packet_port_watch,
};

struct frame_port *packet_port_open(uint32_t ring_slots)
{
    if (ring_slots > SLOTS_MAX) {
        errno = EINVAL;
        return NULL;
    }
    struct packet_port *port = calloc(1, sizeof(*port));
    if (port == NULL)
        return NULL;
    port->base.calls = &calls;
    port->base.fd = port->fd = port->sender = port->long_sender = port->aside.fd = port->long_ring.fd = -1;
    port->slots = SLOTS_MIN;
    while (port->slots < ring_slots)
        port->slots *= 2;
    if (open_parts(port) != 0) {
        const int error = errno;
        packet_port_close(&port->base);
        errno = error;
        return NULL;
    }
    return &port->base;
}

int packet_port_filter_error(struct frame_port *base)
{
    return packet_port_of(base)->filter_error;
}

/* What leaves by its own interface the port has sent itself. */
static int hear_leaving(const struct packet_port *port, bool on)
{
    return set_int(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, !on) == 0 &&
                   set_int(port->aside.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, !on) == 0
               ? 0
               : -errno;
}

/* The programs let nothing pass of what comes in by the port's own interface, to which it may still be bound. */
int packet_port_divert(struct frame_port *base, unsigned punt, const int programs[static PACKET_PORT_SOCKETS])
{
    struct packet_port *port = packet_port_of(base);
    if (port->filter_error != 0)
        return -ENOTSUP;
    port->is_diverted = true;
    int error = super_filter_replace(port->fd, programs[PACKET_PORT_RING]);
    if (error == 0)
        error = super_filter_replace(port->aside.fd, programs[PACKET_PORT_ASIDE]);
    if (error == 0)
        error = hear_leaving(port, true);
    return error != 0 || punt == 0 ? error : receive_by(port, punt);
}

int packet_port_undivert(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    if (!port->is_diverted)
        return 0;
    port->is_diverted = false;
    int error = hear_leaving(port, false);
    if (error == 0 && port->ifindex != 0)
        error = receive_by(port, port->ifindex);
    if (error == -ENODEV) /* it was deleted: the next frame_port_bind() binds */
        error = 0;
    const int ring = super_filter_attach(port->fd, SUPER_FILTER_RING),
              aside = super_filter_attach(port->aside.fd, SUPER_FILTER_ASIDE);
    return error != 0 ? error : ring != 0 ? ring : aside;
}

struct fast_taken packet_port_taken(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    struct fast_taken taken = {.is_rough = false};
    collect_lost(port);
    memcpy(taken.frames, port->passed, sizeof(taken.frames));
    taken.empty[PACKET_PORT_RING] =
        port->ring == NULL ||
        (__atomic_load_n(&slot_at(port, port->head)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0;
    taken.empty[PACKET_PORT_ASIDE] = !port->aside.waits;
    return taken;
}
