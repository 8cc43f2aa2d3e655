/* send.c: the flood of `make bench`: UDP frames at a given rate, or as fast as they go, to every port of the plan in turn.
 * In: PLAN IFACE KIND DESTINATION-MAC SOURCE-MAC BYTES RATE[/BURST] SECONDS [FIRST-NUMBER]. KIND is udp4, up4 (from the
 * hosts, each from its own MAC) or udp6, which goes to the MAC of each host. With a BURST so many leave back to back, then
 * none for a while. With `teach` in place of KIND each host sends one frame of IPv6 to DESTINATION-MAC instead, so that
 * bridges know where it is. Out: {"sent": N, "moving": M, "seconds": S, "rate": R}, M of ranges that move.
 * Called by: scripts/bench, scripts/load and scripts/table-changes, in a namespace of its own.
 *
 * A ring that the kernel sends from. A virtio header before each frame names the whole frame as its header: the kernel then
 * makes a buffer in one piece, as the driver of a card does, not one of page fragments, which every contestant would have to
 * copy. Small slots keep the ring in the cache. */
#include "flood_frame.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS      2048 /* more than the 1,000 frames that the backlog of a processor holds */
#define BATCH      64
#define SEND_BYTES (32 << 20) /* a small buffer would throttle the flood to what the contestant takes */
/* TPACKET2_HDRLEN - sizeof(struct sockaddr_ll), where a frame to be sent begins; those macros mix signs. */
#define HEADER_AT (sizeof(struct tpacket2_hdr) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT)
#define FRAME_AT  (HEADER_AT + sizeof(struct virtio_net_hdr))
_Static_assert(sizeof(struct tpacket2_hdr) % TPACKET_ALIGNMENT == 0, "the header is aligned");

struct sender {
    struct flood flood;
    int fd;
    uint8_t *ring;
    size_t slot_bytes;
    unsigned slot;
    uint32_t place, step, first, number;
    uint32_t moving; /* frames for ranges that move */
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static struct tpacket2_hdr *slot_of(const struct sender *s, unsigned n)
{
    return (struct tpacket2_hdr *)(void *)(s->ring + n * s->slot_bytes);
}

static int open_ring(struct sender *s, const char *interface)
{
    s->slot_bytes = s->flood.bytes <= 160 ? 256 : 2048;
    const struct tpacket_req request = {.tp_block_size = 65536,
                                        .tp_block_nr = (unsigned)(SLOTS * s->slot_bytes / 65536),
                                        .tp_frame_size = (unsigned)s->slot_bytes,
                                        .tp_frame_nr = SLOTS};
    const int version = TPACKET_V2, one = 1, room = SEND_BYTES;
    s->fd = packet_socket(interface, 0);
    if (s->fd < 0 || setsockopt(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0 ||
        setsockopt(s->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) != 0 ||
        setsockopt(s->fd, SOL_PACKET, PACKET_LOSS, &one, sizeof(one)) != 0 ||
        setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0 ||
        setsockopt(s->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) != 0)
        return -1;
    s->ring = mmap(NULL, SLOTS * s->slot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (s->ring == MAP_FAILED)
        return -1;
    for (unsigned n = 0; n < SLOTS; n++) {
        uint8_t *frame = (uint8_t *)slot_of(s, n) + FRAME_AT;
        const struct virtio_net_hdr header = {.hdr_len = (uint16_t)s->flood.bytes};
        memcpy(frame - sizeof(header), &header, sizeof(header));
        memcpy(frame, s->flood.frame, s->flood.bytes);
    }
    return 0;
}

/* Fills up to `most` slots that the kernel has sent. */
static unsigned queue(struct sender *s, unsigned most)
{
    unsigned n;
    for (n = 0; n < most; n++) {
        struct tpacket2_hdr *header = slot_of(s, s->slot);
        if (__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE)
            break;
        flood_fill(&s->flood, (uint8_t *)header + FRAME_AT, s->place, s->number++);
        s->moving += flood_moves(&s->flood, s->place);
        s->place += s->step;
        if (s->place >= s->flood.places)
            s->place -= s->flood.places;
        header->tp_len = (unsigned)(s->flood.bytes + sizeof(struct virtio_net_hdr));
        __atomic_store_n(&header->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
        s->slot = (s->slot + 1) % SLOTS;
    }
    return n;
}

/* False: it cannot send at all. */
static bool kick(const struct sender *s)
{
    return send(s->fd, NULL, 0, MSG_DONTWAIT) >= 0 || errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
}

static void pause_until(double due_s)
{
    for (double now = now_s(); now < due_s && !stopping; now = now_s()) {
        if (due_s - now > 200e-6)
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

/* What waits in the ring still counts as sent: it leaves. */
static void drain(const struct sender *s)
{
    for (unsigned tries = 0, waiting = 1; waiting > 0 && tries < 50; tries++) {
        waiting = 0;
        kick(s);
        for (unsigned n = 0; n < SLOTS; n++)
            waiting += slot_of(s, n)->tp_status != TP_STATUS_AVAILABLE;
        if (waiting > 0)
            usleep(2000);
    }
}

static int flood(struct sender *s, double rate, unsigned burst, double seconds)
{
    const unsigned steady = rate <= 0 || rate >= 640000 ? BATCH : rate < 10000 ? 1 : (unsigned)(rate / 10000);
    unsigned left = burst; /* of a burst */
    const double start = now_s();
    s->step = flood_step(s->flood.places);
    while (!stopping && now_s() < start + seconds && s->number < PLAN_NUMBERS - BATCH) {
        const unsigned batch = burst == 0 ? steady : left < BATCH ? left : BATCH;
        left -= queue(s, batch);
        if (!kick(s)) {
            perror("send");
            return 1;
        }
        if (rate > 0 && (burst == 0 || left == 0)) {
            left = burst;
            const double due = start + (s->number - s->first) / rate;
            pause_until(due < start + seconds ? due : start + seconds);
        }
    }
    const double took = now_s() - start;
    drain(s);
    const uint32_t sent = s->number - s->first;
    printf("{\"sent\": %u, \"moving\": %u, \"seconds\": %.6f, \"rate\": %.0f}\n", sent, s->moving, took,
           sent / took);
    return 0;
}

static int teach(struct sender *s, const char *interface, const uint8_t to[static 6])
{
    const int fd = packet_socket(interface, 0);
    for (uint32_t host = 0; fd >= 0 && host < s->flood.plan.hosts; host++) {
        uint8_t frame[FLOOD_MAX_BYTES];
        memcpy(frame, s->flood.frame, s->flood.bytes);
        flood_fill(&s->flood, frame, host, 0);
        memcpy(frame, to, 6);
        put_host_mac(frame + 6, host);
        if (send(fd, frame, s->flood.bytes, 0) < 0)
            break;
        if (host % 32 == 31)
            usleep(1000);
        if (host + 1 == s->flood.plan.hosts)
            return 0;
    }
    perror("send: teach");
    return 1;
}

int main(int argc, char **argv)
{
    static struct sender s;
    uint8_t to[6], from[6];
    if (argc < 9 || argc > 10 || !plan_read(&s.flood.plan, argv[1]) || !read_mac(argv[4], to) ||
        !read_mac(argv[5], from)) {
        fprintf(stderr, "usage: send PLAN IFACE udp4|up4|udp6|teach TO-MAC FROM-MAC BYTES RATE[/BURST] SECONDS "
                        "[FIRST-NUMBER]\n");
        return 2;
    }
    const bool teaches = strcmp(argv[3], "teach") == 0;
    s.flood.kind = strcmp(argv[3], "udp4") == 0  ? FLOOD_UDP4
                   : strcmp(argv[3], "up4") == 0 ? FLOOD_UP4
                                                 : FLOOD_UDP6;
    s.flood.mark = teaches ? 0 : PLAN_MARK;
    s.flood.bytes = strtoul(argv[6], NULL, 10);
    char *burst = NULL;
    const double rate = strtod(argv[7], &burst), seconds = strtod(argv[8], NULL);
    if (s.flood.bytes < flood_payload(&s.flood) + 8 || s.flood.bytes > FLOOD_MAX_BYTES || seconds > 600) {
        fprintf(stderr, "send: frames too short or too long, or more than 600 seconds\n");
        return 2;
    }
    s.number = s.first = argc == 10 ? (uint32_t)strtoul(argv[9], NULL, 10) : 0;
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    flood_begin(&s.flood, to, from);
    if (teaches)
        return teach(&s, argv[2], to);
    if (open_ring(&s, argv[2]) != 0) {
        perror("send: ring");
        return 1;
    }
    return flood(&s, rate, *burst == '/' ? (unsigned)strtoul(burst + 1, NULL, 10) : 0, seconds);
}
