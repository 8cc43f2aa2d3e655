/* sink_ring.c: the sink of `make bench` where no BPF program can be built: the same checks, on a receive ring.
 * In: PLAN IFACE. Out: `ready` on stderr, at SIGTERM the JSON of tally.h. Called by: scripts/bench.
 * It costs the processor that delivers the frames a copy, a wake-up and the IP stack's look at each: figures of the two sinks
 * cannot be compared. */
#include "flood_frame.h"
#include "tally.h"

#include <linux/if_ether.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#define LONGEST_S   120
#define BLOCK_BYTES (256U << 10)
#define BLOCKS      256U

static volatile sig_atomic_t stopping;
static uint8_t *seen; /* a bit for each number */

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void judge(const struct plan *plan, struct counts *c, const uint8_t *f, size_t length)
{
    const bool v4 = f[12] == 8 && f[13] == 0;
    const size_t payload = v4 ? PLAN_V4_PAYLOAD : PLAN_V6_PAYLOAD;
    if (length < payload + 8 || f[v4 ? 23 : 20] != 17 || get32(f + payload) != PLAN_MARK)
        return;
    const uint32_t number = get32(f + payload + 4), address = get32(f + 30) - plan->address;
    const uint32_t port = (uint32_t)(f[36] << 8 | f[37]) - PLAN_FIRST_PORT;
    if (number >= PLAN_NUMBERS || (v4 && (address >= plan->addresses || port >= plan_ports(plan)))) {
        c->strange++;
        return;
    }
    const bool moves = v4 && plan_moves(plan, port);
    const uint32_t owner = v4 ? plan_owner(plan, address, port) : get32(f + 50);
    uint8_t mac[6], other[6];
    put_host_mac(mac, owner);
    put_host_mac(other, moves ? owner + plan->hosts : owner);
    if ((seen[number / 8] & 1U << number % 8) != 0) {
        c->doubled++;
    } else if (memcmp(mac, f, 6) == 0 || memcmp(other, f, 6) == 0) {
        c->right++;
        c->moving += moves;
    } else {
        c->wrong++;
        c->wrong_mac = get32(f + 2);
        c->wrong_for = v4 ? address << 16 | port : owner;
    }
    seen[number / 8] |= (uint8_t)(1U << number % 8);
}

/* The ring first, bound after: nothing arrives before it is there. */
static uint8_t *open_ring(int *fd, const char *interface)
{
    const struct tpacket_req3 request = {.tp_block_size = BLOCK_BYTES,
                                         .tp_block_nr = BLOCKS,
                                         .tp_frame_size = 2048,
                                         .tp_frame_nr = BLOCK_BYTES / 2048 * BLOCKS,
                                         .tp_retire_blk_tov = 10};
    const int version = TPACKET_V3;
    const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                        .sll_protocol = htons(ETH_P_ALL),
                                        .sll_ifindex = (int)if_nametoindex(interface)};
    *fd = packet_socket(interface, 0);
    const struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (*fd < 0 || setsockopt(*fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0 ||
        setsockopt(*fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0 ||
        setsockopt(*fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0)
        return NULL;
    uint8_t *ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (ring == MAP_FAILED || bind(*fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return NULL;
    return ring;
}

/* True: there was a block, and it is the kernel's again. */
static bool take_block(const struct plan *plan, struct counts *c, uint8_t *ring, unsigned n)
{
    struct tpacket_block_desc *block = (void *)(ring + (size_t)n * BLOCK_BYTES);
    if ((__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0)
        return false;
    uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
    for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
        const struct tpacket3_hdr *header = (const void *)at;
        judge(plan, c, at + header->tp_mac, header->tp_snaplen);
        at += header->tp_next_offset;
    }
    __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    return true;
}

static void watch(const struct plan *plan, int fd, uint8_t *ring)
{
    static struct tally tally;
    const double end_s = now_s() + LONGEST_S;
    struct counts c = {0};
    tally.then_s = now_s();
    for (unsigned n = 0; now_s() < end_s;) {
        if (take_block(plan, &c, ring, n))
            n = (n + 1) % BLOCKS;
        else if (stopping)
            break;
        else
            poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 20);
        if (now_s() - tally.then_s >= TALLY_STEP_S)
            tally_note(&tally, now_s(), c.right + c.wrong + c.doubled);
    }
    struct tpacket_stats_v3 statistics = {0};
    socklen_t length = sizeof(statistics);
    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
    tally_print(&tally, &c, statistics.tp_drops);
}

int main(int argc, char **argv)
{
    struct plan plan;
    int fd = -1;
    if (argc != 3 || !plan_read(&plan, argv[1])) {
        fprintf(stderr, "usage: sink_ring PLAN IFACE\n");
        return 2;
    }
    seen = calloc(PLAN_NUMBERS / 8, 1);
    uint8_t *ring = open_ring(&fd, argv[2]);
    if (ring == NULL || seen == NULL) {
        perror("sink_ring");
        return 1;
    }
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    fprintf(stderr, "ready\n");
    watch(&plan, fd, ring);
    free(seen);
    return 0;
}
