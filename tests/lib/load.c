/* load.c: 60-byte UDP frames flat out, for `make bench`.
 * In: IFACE SECONDS SOURCE-IP DESTINATION-IP SOURCE-MAC, then MAC:PORT for each destination, taken in turn.
 * Out: how many frames were sent. Called by: scripts/bench, in a namespace of its own. Never: receives. */
#include "frame_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH       64
#define FRAME_BYTES 60
#define UDP_BYTES   (FRAME_BYTES - 14 - 20)

/* A UDP frame without a checksum of its own (RFC 768). `to` is MAC:PORT. */
static bool write_frame(uint8_t frame[static FRAME_BYTES], char *const *arguments, const char *to)
{
    const char *port = strrchr(to, ':');
    uint8_t *ip = frame + 14, *udp = ip + 20;
    memset(frame, 0, FRAME_BYTES);
    if (port == NULL || !read_mac(to, frame) || !read_mac(arguments[5], frame + 6))
        return false;
    put16(frame + 12, ETH_P_IP);
    ip[0] = 0x45;
    put16(ip + 2, 20 + UDP_BYTES);
    ip[8] = 64;
    ip[9] = 17;
    if (inet_pton(AF_INET, arguments[3], ip + 12) != 1 || inet_pton(AF_INET, arguments[4], ip + 16) != 1)
        return false;
    put16(ip + 10, ip_checksum(ip));
    put16(udp, 7000);
    put16(udp + 2, (unsigned)strtoul(port + 1, NULL, 10));
    put16(udp + 4, UDP_BYTES);
    return true;
}

static uint64_t flood(int fd, struct mmsghdr messages[static BATCH], double end_s)
{
    uint64_t sent = 0;
    while (now_s() < end_s) {
        const int count = sendmmsg(fd, messages, BATCH, 0);
        if (count > 0)
            sent += (uint64_t)count;
        else if (errno != ENOBUFS && errno != EAGAIN)
            return 0;
    }
    return sent;
}

int main(int argc, char **argv)
{
    static uint8_t frames[BATCH][FRAME_BYTES];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    if (argc < 7) {
        fprintf(stderr, "usage: load IFACE SECONDS SOURCE-IP DESTINATION-IP SOURCE-MAC MAC:PORT...\n");
        return 2;
    }
    for (int n = 0; n < BATCH; n++) {
        if (!write_frame(frames[n], argv, argv[6 + n % (argc - 6)])) {
            fprintf(stderr, "load: not an address among the arguments\n");
            return 2;
        }
        parts[n] = (struct iovec){.iov_base = frames[n], .iov_len = FRAME_BYTES};
        messages[n].msg_hdr = (struct msghdr){.msg_iov = &parts[n], .msg_iovlen = 1};
    }
    const struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    const int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("load");
        return 1;
    }
    const uint64_t sent = flood(fd, messages, now_s() + strtod(argv[2], NULL));
    printf("%llu\n", (unsigned long long)sent);
    return sent == 0;
}
