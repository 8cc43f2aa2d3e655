/* packet_port.c: an AF_PACKET socket with a TPACKET_V2 receive ring and a list to be sent.
 * In: the kernel's ring and receive queue. Out: struct frame, as on the wire. Called by: daemon.
 * Never: decides about a frame, waits, copies an ordinary frame on its way in.
 *
 * A ring slot, as the kernel fills it with PACKET_VNET_HDR on:
 *
 *   0             32             tp_mac - 10        tp_mac
 *   tpacket2_hdr | sockaddr_ll .. | virtio_net_hdr | frame, its outer tag stripped ...
 *
 * What is longer than a slot comes on the receive queue as well, in the order of the slots that say
 * TP_STATUS_COPY. */
#include "pearpd/packet_port.h"

#include "pearpd/eth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOT_BYTES          2048
#define SLOTS_MIN           16
#define SLOTS_MAX           (UINT32_C(1) << 18)
#define BLOCK_BYTES         65536     /* the kernel finds such a piece in one, and many slots share it */
#define SOCKET_BUFFER_BYTES (8 << 20) /* frames longer than a slot that wait; frames a device holds */

#define LONG_FRAMES      16    /* frames longer than a slot that are held before a release */
#define LONG_FRAME_BYTES 69632 /* a 64 KiB datagram, its headers and tags; whole pages */
#define LIST_FRAMES      256   /* to be sent by one flush */

_Static_assert(sizeof(struct virtio_net_hdr) <= FRAME_OFFLOAD_BYTES, "struct frame has room for the header");
_Static_assert(LONG_FRAME_BYTES > ETH_TAG_BYTES + 65536, "a super-frame fits");

struct send_list {
    unsigned count;
    size_t copied_bytes;
    uint8_t *copies;
    struct virtio_net_hdr headers[LIST_FRAMES];
    struct iovec parts[LIST_FRAMES][2]; /* header, frame */
    struct mmsghdr messages[LIST_FRAMES];
};

struct packet_port {
    struct frame_port base; /* its fd is the socket */
    unsigned ifindex;       /* of the promiscuous membership; 0: none yet */
    uint8_t *ring;
    uint32_t slots; /* a power of two */
    uint32_t head;  /* the slot that is filled next */
    uint32_t taken; /* slots before it that are not given back yet */
    uint8_t *long_frames;
    unsigned long_taken;
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

static int set_options(int fd)
{
    size_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    size_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    static const int options[][2] = {
        {PACKET_VERSION, TPACKET_V2},    {PACKET_VNET_HDR, 1},
        {PACKET_RESERVE, ETH_TAG_BYTES}, /* where the outer tag is put back */
        {PACKET_COPY_THRESH, 1},         {PACKET_AUXDATA, 1},
        {PACKET_IGNORE_OUTGOING, 1}, /* or the bridge hears itself */
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (set_int(fd, SOL_PACKET, options[i][0], options[i][1]) != 0)
            return -1;
    return 0;
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
    if (setsockopt(port->base.fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
        return -1;
    void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, port->base.fd, 0);
    if (ring == MAP_FAILED)
        return -1;
    port->ring = ring;
    return 0;
}

static void prepare_list(struct send_list *list)
{
    for (unsigned i = 0; i < LIST_FRAMES; i++) {
        list->parts[i][0] = (struct iovec){&list->headers[i], sizeof(list->headers[i])};
        list->messages[i].msg_hdr = (struct msghdr){.msg_iov = list->parts[i], .msg_iovlen = 2};
    }
}

static int open_parts(struct packet_port *port)
{
    /* Protocol 0: nothing is received before packet_port_bind(). */
    port->base.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (port->base.fd < 0 || set_options(port->base.fd) != 0 || map_ring(port) != 0)
        return -1;
    port->long_frames = malloc((size_t)LONG_FRAMES * LONG_FRAME_BYTES);
    port->list.copies = malloc(FRAME_PORT_COPY_MAX);
    if (port->long_frames == NULL || port->list.copies == NULL) {
        errno = ENOMEM;
        return -1;
    }
    prepare_list(&port->list);
    return 0;
}

/* Of the table of calls. */
static struct packet_port *packet_port_of(struct frame_port *base)
{
    return (struct packet_port *)(void *)base;
}

static void packet_port_close(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    if (port->ring != NULL)
        munmap(port->ring, ring_bytes(port));
    if (port->base.fd >= 0)
        close(port->base.fd);
    free(port->long_frames);
    free(port->list.copies);
    free(port);
}

static bool is_bound(const struct packet_port *port, unsigned ifindex)
{
    struct sockaddr_ll address = {0};
    socklen_t length = sizeof(address);
    if (port->ifindex != ifindex || getsockname(port->base.fd, (struct sockaddr *)&address, &length) != 0)
        return false;
    return address.sll_ifindex == (int)ifindex; /* -1 once the interface was deleted */
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
    if (is_bound(port, ifindex))
        return 0;
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)ifindex,
    };
    if (bind(port->base.fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return -errno;
    if (port->ifindex != 0) /* an error here: the kernel dropped it with its interface */
        change_membership(port->base.fd, PACKET_DROP_MEMBERSHIP, port->ifindex);
    port->ifindex = 0;
    if (change_membership(port->base.fd, PACKET_ADD_MEMBERSHIP, ifindex) != 0)
        return -errno;
    port->ifindex = ifindex;
    return 0;
}

/* What the kernel says of a frame beside its bytes, from a slot or from PACKET_AUXDATA. */
struct notes {
    uint32_t status;
    uint16_t tci, tpid;
};

/* Puts the stripped outer tag back: the addresses move into the room before them, and what the header
 * counts from the start of the frame moves along. */
static void put_tag_back(struct frame *frame, struct virtio_net_hdr *header, const struct notes *notes)
{
    if (frame->length < 2 * MAC_BYTES)
        return;
    const uint16_t tpid = (notes->status & TP_STATUS_VLAN_TPID_VALID) != 0 ? notes->tpid : ETHERTYPE_CTAG;
    const uint16_t tag[2] = {htons(tpid), htons(notes->tci)};
    frame->bytes -= ETH_TAG_BYTES;
    frame->length += ETH_TAG_BYTES;
    frame->wire_length += ETH_TAG_BYTES;
    memmove(frame->bytes, frame->bytes + ETH_TAG_BYTES, 2 * MAC_BYTES);
    memcpy(frame->bytes + 2 * MAC_BYTES, tag, ETH_TAG_BYTES);
    if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        header->csum_start = (uint16_t)(header->csum_start + ETH_TAG_BYTES);
    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE)
        header->hdr_len = (uint16_t)(header->hdr_len + ETH_TAG_BYTES);
}

/* `frame` has its bytes and lengths; `header` is changed. */
static void complete(struct frame *frame, struct virtio_net_hdr *header, const struct notes *notes)
{
    if (notes->status & TP_STATUS_VLAN_VALID)
        put_tag_back(frame, header, notes);
    frame->super = header->gso_type != VIRTIO_NET_HDR_GSO_NONE;
    memset(frame->offload, 0, sizeof(frame->offload));
    memcpy(frame->offload, header, sizeof(*header));
}

static struct notes read_auxdata(struct msghdr *message)
{
    struct notes notes = {.status = 0};
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR(message, control)) {
        struct tpacket_auxdata auxdata;
        if (control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA ||
            control->cmsg_len < CMSG_LEN(sizeof(auxdata)))
            continue;
        memcpy(&auxdata, CMSG_DATA(control), sizeof(auxdata));
        notes = (struct notes){auxdata.tp_status, auxdata.tp_vlan_tci, auxdata.tp_vlan_tpid};
    }
    return notes;
}

/* Takes the frame at the head of the receive queue. False: there is none. */
static bool receive_long(struct packet_port *port, struct frame *frame)
{
    uint8_t *room = port->long_frames + (size_t)port->long_taken * LONG_FRAME_BYTES;
    struct virtio_net_hdr header;
    struct iovec parts[2] = {{&header, sizeof(header)},
                             {room + ETH_TAG_BYTES, LONG_FRAME_BYTES - ETH_TAG_BYTES}};
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(port->base.fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0 && errno != EAGAIN) /* an error of the socket (ENETDOWN) is reported first, once */
        length = recvmsg(port->base.fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < (ssize_t)sizeof(header))
        return false;
    frame->bytes = parts[1].iov_base;
    frame->wire_length = (size_t)length - sizeof(header);
    frame->length = frame->wire_length < parts[1].iov_len ? frame->wire_length : parts[1].iov_len;
    const struct notes notes = read_auxdata(&message);
    complete(frame, &header, &notes);
    port->long_taken++;
    return true;
}

static struct tpacket2_hdr *slot_at(const struct packet_port *port, uint32_t index)
{
    return (struct tpacket2_hdr *)(void *)(port->ring + (size_t)(index & (port->slots - 1)) * SLOT_BYTES);
}

static void take_slot(struct tpacket2_hdr *slot, uint32_t status, struct frame *frame)
{
    struct virtio_net_hdr header;
    frame->bytes = (uint8_t *)slot + slot->tp_mac;
    frame->length = slot->tp_snaplen;
    frame->wire_length = slot->tp_len;
    memcpy(&header, frame->bytes - sizeof(header), sizeof(header));
    const struct notes notes = {status, slot->tp_vlan_tci, slot->tp_vlan_tpid};
    complete(frame, &header, &notes);
}

/* A link that goes down leaves the socket readable with ENETDOWN until somebody asks for it. */
static void read_error(const struct packet_port *port)
{
    int error;
    socklen_t length = sizeof(error);
    getsockopt(port->base.fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

static bool packet_port_next(struct frame_port *base, struct frame *frame)
{
    struct packet_port *port = packet_port_of(base);
    if (port->taken == port->slots)
        return false;
    struct tpacket2_hdr *slot = slot_at(port, port->head);
    const uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
    if ((status & TP_STATUS_USER) == 0) {
        if (port->taken == 0)
            read_error(port);
        return false;
    }
    if ((status & TP_STATUS_COPY) == 0) {
        take_slot(slot, status, frame);
    } else {
        if (port->long_taken == LONG_FRAMES)
            return false;
        if (!receive_long(port, frame))
            take_slot(slot, status, frame);
    }
    port->head++;
    port->taken++;
    return true;
}

static void packet_port_release(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    for (; port->taken > 0; port->taken--)
        __atomic_store_n(&slot_at(port, port->head - port->taken)->tp_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
    port->long_taken = 0;
}

static void append(struct send_list *list, const struct frame *frame, uint8_t *bytes)
{
    memcpy(&list->headers[list->count], frame->offload, sizeof(list->headers[0]));
    list->parts[list->count][1] = (struct iovec){bytes, frame->length};
    list->count++;
}

static bool packet_port_queue(struct frame_port *base, const struct frame *frame)
{
    struct packet_port *port = packet_port_of(base);
    if (port->list.count == LIST_FRAMES)
        return false;
    append(&port->list, frame, frame->bytes);
    return true;
}

static bool packet_port_queue_copy(struct frame_port *base, const struct frame *frame)
{
    struct packet_port *port = packet_port_of(base);
    struct send_list *list = &port->list;
    if (list->count == LIST_FRAMES || frame->length > FRAME_PORT_COPY_MAX - list->copied_bytes)
        return false;
    uint8_t *copy = list->copies + list->copied_bytes;
    memcpy(copy, frame->bytes, frame->length);
    list->copied_bytes += frame->length;
    append(list, frame, copy);
    return true;
}

static uint64_t packet_port_flush(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    struct send_list *list = &port->list;
    uint64_t left_out = 0;
    for (unsigned next = 0; next < list->count;) {
        const int sent = sendmmsg(port->base.fd, list->messages + next, list->count - next, MSG_DONTWAIT);
        if (sent > 0) {
            next += (unsigned)sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        next++; /* the first of those given is the one refused */
        left_out++;
    }
    list->count = 0;
    list->copied_bytes = 0;
    return left_out;
}

static uint64_t packet_port_lost(struct frame_port *base)
{
    struct packet_port *port = packet_port_of(base);
    struct tpacket_stats statistics;
    socklen_t length = sizeof(statistics);
    if (getsockopt(port->base.fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0)
        return 0;
    return statistics.tp_drops;
}

static const struct frame_port_calls calls = {
    .close = packet_port_close,
    .bind = packet_port_bind,
    .next = packet_port_next,
    .release = packet_port_release,
    .queue = packet_port_queue,
    .queue_copy = packet_port_queue_copy,
    .flush = packet_port_flush,
    .lost = packet_port_lost,
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
