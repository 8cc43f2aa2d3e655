/* forward.c: what an operator would build first: libpcap captures on both sides, libnet sends each frame by itself, a table
 * of 65,536 ports for each address says whose it is. A contestant of `make bench`.
 * In: UPSTREAM DOWNSTREAM, and on stdin lines `ADDRESS FIRST LAST MAC`. Out: `ready` on stderr. Ends at SIGTERM.
 * Called by: scripts/bench. */
#include "../frame_tools.h"

#include <libnet.h>
#include <pcap.h>

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define SNAP_BYTES   262144
#define BUFFER_BYTES (16 << 20)
#define BATCH        256

struct owner {
    uint8_t mac[6];
    bool known;
};

struct way {
    pcap_t *in;
    libnet_t *out;
    bool to_hosts;
};

static struct owner *owners[65536]; /* by the last 16 bits of the address */
static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static bool read_owners(FILE *file)
{
    char address[64], text[64];
    unsigned first, last;
    while (fscanf(file, "%63s %u %u %63s", address, &first, &last, text) == 4) {
        struct owner **table = &owners[ntohl(inet_addr(address)) & 0xffff], owner = {.known = true};
        if (!read_mac(text, owner.mac) || last > 65535)
            return false;
        if (*table == NULL && (*table = calloc(65536, sizeof(**table))) == NULL)
            return false;
        for (unsigned port = first; port <= last; port++)
            (*table)[port] = owner;
    }
    return true;
}

/* The owner of the port that a whole UDP or TCP packet goes to, or NULL. */
static const struct owner *owner_of(const uint8_t *f, size_t length)
{
    if (length < 34 || f[12] != 8 || f[13] != 0 || (f[23] != 17 && f[23] != 6) || (f[20] & 0x3f) != 0 ||
        f[21] != 0)
        return NULL;
    const size_t ports = 14 + (f[14] & 15U) * 4U;
    const struct owner *table = owners[f[32] << 8 | f[33]];
    if (table == NULL || ports + 4 > length)
        return NULL;
    const struct owner *owner = &table[f[ports + 2] << 8 | f[ports + 3]];
    return owner->known ? owner : NULL;
}

static void forward(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    const struct way *way = (const struct way *)(const void *)context;
    static uint8_t frame[SNAP_BYTES];
    if (header->caplen < header->len || header->caplen > sizeof(frame))
        return;
    const struct owner *owner = way->to_hosts ? owner_of(bytes, header->caplen) : NULL;
    if (owner != NULL) {
        memcpy(frame, bytes, header->caplen);
        memcpy(frame, owner->mac, 6);
        bytes = frame;
    }
    libnet_adv_write_link(way->out, bytes, header->caplen);
}

static pcap_t *capture(const char *interface)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *in = pcap_create(interface, error);
    if (in == NULL || pcap_set_snaplen(in, SNAP_BYTES) != 0 || pcap_set_promisc(in, 1) != 0 ||
        pcap_set_immediate_mode(in, 1) != 0 || pcap_set_buffer_size(in, BUFFER_BYTES) != 0 ||
        pcap_activate(in) != 0 || pcap_setdirection(in, PCAP_D_IN) != 0 || pcap_setnonblock(in, 1, error) != 0)
        return NULL;
    return in;
}

int main(int argc, char **argv)
{
    char error[LIBNET_ERRBUF_SIZE];
    struct way ways[2] = {{.to_hosts = true}, {.to_hosts = false}};
    struct pollfd ready[2];
    if (argc != 3 || !read_owners(stdin)) {
        fprintf(stderr, "usage: forward UPSTREAM DOWNSTREAM <TABLE\n");
        return 2;
    }
    for (int n = 0; n < 2; n++) {
        ways[n].in = capture(argv[1 + n]);
        ways[n].out = libnet_init(LIBNET_LINK_ADV, argv[2 - n], error);
        if (ways[n].in == NULL || ways[n].out == NULL) {
            fprintf(stderr, "forward: cannot open %s\n", argv[1 + n]);
            return 1;
        }
        ready[n] = (struct pollfd){.fd = pcap_get_selectable_fd(ways[n].in), .events = POLLIN};
    }
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    fprintf(stderr, "ready\n");
    while (!stopping) {
        if (poll(ready, 2, 200) <= 0)
            continue;
        for (int n = 0; n < 2; n++) {
            if (ready[n].revents != 0)
                pcap_dispatch(ways[n].in, BATCH, forward, (u_char *)&ways[n]);
        }
    }
    return 0;
}
