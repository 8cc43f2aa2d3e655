/* packet_frame.c: see packet_frame.h. */
#include "packet_frame.h"

#include "pearpd/eth.h"
#include "pearpd/frame_port.h"
#include "pearpd/time_units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

_Static_assert(sizeof(struct virtio_net_hdr) <= FRAME_OFFLOAD_BYTES, "struct frame has room for the header");
_Static_assert(sizeof(struct virtio_net_hdr) == FRAME_PORT_HEAD_BYTES, "it has room before a frame");
_Static_assert(PACKET_FRAME_BYTES > FRAME_PORT_HEAD_BYTES + ETH_TAG_BYTES + 65536, "a super-frame fits");

/* Puts the stripped outer tag back: the addresses move into the room before them, and what the header
 * counts from the start of the frame moves along. */
static void put_tag_back(struct frame *frame, struct virtio_net_hdr *header, const struct packet_notes *notes)
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

void packet_frame_complete(struct frame *frame, struct virtio_net_hdr *header, const struct packet_notes *notes)
{
    if (notes->status & TP_STATUS_VLAN_VALID)
        put_tag_back(frame, header, notes);
    frame->super = header->gso_type != VIRTIO_NET_HDR_GSO_NONE;
    memset(frame->offload, 0, sizeof(frame->offload));
    memcpy(frame->offload, header, sizeof(*header));
}

static void read_control(struct msghdr *message, struct packet_notes *notes, uint64_t *stamp_ns)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
         control = CMSG_NXTHDR(message, control)) {
        struct tpacket_auxdata auxdata;
        struct timespec stamp;
        if (control->cmsg_level == SOL_PACKET && control->cmsg_type == PACKET_AUXDATA &&
            control->cmsg_len >= CMSG_LEN(sizeof(auxdata))) {
            memcpy(&auxdata, CMSG_DATA(control), sizeof(auxdata));
            *notes = (struct packet_notes){auxdata.tp_status, auxdata.tp_vlan_tci, auxdata.tp_vlan_tpid};
        }
        if (stamp_ns != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS &&
            control->cmsg_len >= CMSG_LEN(sizeof(stamp))) {
            memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
            *stamp_ns = (uint64_t)stamp.tv_sec * NS_PER_S + (uint64_t)stamp.tv_nsec;
        }
    }
}

/* An error of the socket (ENETDOWN) is reported first, once. */
static ssize_t receive(int fd, struct msghdr *message)
{
    ssize_t length = recvmsg(fd, message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0 && errno != EAGAIN && errno != EINVAL)
        length = recvmsg(fd, message, MSG_DONTWAIT | MSG_TRUNC);
    return length;
}

int packet_frame_receive(int fd, uint8_t *room, struct frame *frame, uint64_t *stamp_ns)
{
    struct virtio_net_hdr header;
    struct iovec part = {room + ETH_TAG_BYTES, PACKET_FRAME_BYTES - ETH_TAG_BYTES};
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata)) + CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct packet_notes notes = {.status = 0};
    const ssize_t length = receive(fd, &message);
    if (length < 0)
        return errno == EINVAL ? -EINVAL : -EAGAIN;
    if (length < (ssize_t)sizeof(header))
        return -EAGAIN;
    const size_t present = (size_t)length < part.iov_len ? (size_t)length : part.iov_len;
    memcpy(&header, part.iov_base, sizeof(header));
    frame->bytes = (uint8_t *)part.iov_base + sizeof(header);
    frame->wire_length = (size_t)length - sizeof(header);
    frame->length = present - sizeof(header);
    read_control(&message, &notes, stamp_ns);
    packet_frame_complete(frame, &header, &notes);
    return 0;
}
