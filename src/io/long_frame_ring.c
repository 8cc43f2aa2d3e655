/* long_frame_ring.c: see long_frame_ring.h. */
#include "long_frame_ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLOT_BYTES  16384 /* a jumbo frame */
#define SLOTS       64
#define BLOCK_BYTES 65536
#define RING_BYTES  (SLOTS * SLOT_BYTES)
#define DATA_AT     ((sizeof(struct tpacket2_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT)

int long_frame_ring_begin(struct long_frame_ring *ring, int fd)
{
    const int version = TPACKET_V2;
    *ring = (struct long_frame_ring){.fd = fd};
    return setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) == 0 ? 0 : -errno;
}

void long_frame_ring_end(struct long_frame_ring *ring)
{
    if (ring->slots != NULL)
        munmap(ring->slots, RING_BYTES);
    ring->slots = NULL;
}

static int make(struct long_frame_ring *ring)
{
    const struct tpacket_req request = {.tp_block_size = BLOCK_BYTES,
                                        .tp_block_nr = RING_BYTES / BLOCK_BYTES,
                                        .tp_frame_size = SLOT_BYTES,
                                        .tp_frame_nr = SLOTS};
    /* EBUSY: it was made, and could not be mapped. */
    if (setsockopt(ring->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) != 0 && errno != EBUSY)
        return -errno;
    void *slots = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (slots == MAP_FAILED)
        return -errno;
    ring->slots = slots;
    return 0;
}

/* The kernel copies as much as hdr_len says and borrows the rest, which a veth device gives back before it was read: all of it is
 * copied. */
static void fill(uint8_t *slot, const struct virtio_net_hdr *header, const uint8_t *bytes, size_t length)
{
    struct virtio_net_hdr whole = *header;
    whole.hdr_len = (uint16_t)length;
    memcpy(slot + DATA_AT, &whole, sizeof(whole));
    memcpy(slot + DATA_AT + sizeof(whole), bytes, length);
}

int long_frame_ring_send(struct long_frame_ring *ring, const struct virtio_net_hdr *header,
                         const uint8_t *bytes, size_t length)
{
    if (ring->fd < 0 || DATA_AT + sizeof(*header) + length > SLOT_BYTES)
        return -EMSGSIZE;
    const int error = ring->slots == NULL ? make(ring) : 0;
    if (ring->slots == NULL)
        return error;
    uint8_t *slot = ring->slots + (size_t)ring->next * SLOT_BYTES;
    struct tpacket2_hdr *about = (struct tpacket2_hdr *)(void *)slot;
    if (__atomic_load_n(&about->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE)
        return -ENOBUFS;
    fill(slot, header, bytes, length);
    about->tp_len = (uint32_t)(sizeof(*header) + length);
    __atomic_store_n(&about->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
    if (send(ring->fd, NULL, 0, MSG_DONTWAIT) >= 0) {
        ring->next = (ring->next + 1) % SLOTS;
        return 0;
    }
    const int refused = errno; /* the kernel stays at this slot, and so do we */
    __atomic_store_n(&about->tp_status, TP_STATUS_AVAILABLE, __ATOMIC_RELEASE);
    return -refused;
}
