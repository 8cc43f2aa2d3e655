/* flood.c: a hostile or merely busy host's frames at a given rate, for rows of the reliability matrix.
 * In: IFACE KIND RATE SECONDS SOURCE-MAC DESTINATION-MAC SHARED-IP OTHER-IP [FIRST LAST]. Out: how many were sent.
 * Called by: tests, in a namespace of their own. Never: receives.
 *
 * Kinds: sweep      UDP to SHARED, ports FIRST to LAST in turn
 *        arp        ARP requests of OTHER for addresses in turn
 *        claim      PE-ARP CLAIMs of SHARED, ranges of 20 ports from FIRST to LAST in turn
 *        fragment   later and first fragments to SHARED that are never completed
 *        large      the same, of 1,514 bytes
 *        firsts     first fragments of random remotes to SHARED
 *        storm      broadcasts of an EtherType that is nobody's
 * From 4,096 MAC addresses, SOURCE-MAC with other last 12 bits:
 *        arps       ARP requests of SHARED, each for another address of 10.0.0.0/16
 *        claims     the same as claim
 *        flows      ESP from SHARED to OTHER, and pings, in turn
 *        discovers  DHCPDISCOVERs that ask for ports */
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

#define BATCH       32
#define FRAME_BYTES 70
#define LARGE_BYTES 1514
#define DHCP_BYTES  342

struct flood {
    uint8_t source[6], destination[6], shared[4], other[4];
    unsigned first, last;
};

static void put_ethernet(uint8_t *frame, const struct flood *f, bool to_all, unsigned ethertype)
{
    memset(frame, 0, FRAME_BYTES);
    memcpy(frame, f->destination, 6);
    if (to_all)
        memset(frame, 0xff, 6);
    memcpy(frame + 6, f->source, 6);
    put16(frame + 12, ethertype);
}

static void put_ipv4(uint8_t *frame, const struct flood *f, unsigned length, unsigned id, unsigned fragment,
                     unsigned port)
{
    uint8_t *ip = frame + 14;
    put_ethernet(frame, f, false, ETH_P_IP);
    ip[0] = 0x45;
    put16(ip + 2, length);
    put16(ip + 4, id);
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = 17;
    memcpy(ip + 12, f->other, 4);
    memcpy(ip + 16, f->shared, 4);
    put16(ip + 10, ip_checksum(ip));
    put16(ip + 20, 4000);
    put16(ip + 22, port);
    put16(ip + 24, 32);
}

static void sweep(uint8_t *frame, const struct flood *f, uint64_t number)
{
    put_ipv4(frame, f, 52, 0, 0, f->first + (unsigned)(number % (f->last - f->first + 1)));
}

static void fragment(uint8_t *frame, const struct flood *f, uint64_t number)
{
    put_ipv4(frame, f, 52, (unsigned)number & 0xffff, (unsigned)(number % 3) | 0x2000, f->first);
}

static void firsts(uint8_t *frame, const struct flood *f, uint64_t number)
{
    put_ipv4(frame, f, 52, (unsigned)number & 0xffff, 0x2000, f->first);
    put32(frame + 26, 0x0b000000 | (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 40));
    put16(frame + 24, 0);
    put16(frame + 24, ip_checksum(frame + 14));
}

static void large(uint8_t *frame, const struct flood *f, uint64_t number)
{
    put_ipv4(frame, f, LARGE_BYTES - 14, (unsigned)number & 0xffff, 185 | 0x2000, f->first);
}

static void arp(uint8_t *frame, const struct flood *f, uint64_t number)
{
    static const uint8_t fixed[] = {0, 1, 8, 0, 6, 4, 0, 1};
    put_ethernet(frame, f, true, ETH_P_ARP);
    memcpy(frame + 14, fixed, sizeof(fixed));
    memcpy(frame + 22, f->source, 6);
    memcpy(frame + 28, f->other, 4);
    memcpy(frame + 38, f->other, 3);
    frame[41] = (uint8_t)(100 + number % 100);
}

/* docs/pe-arp.md#claim: spa and tpa are the range claimed. */
static void claim(uint8_t *frame, const struct flood *f, uint64_t number)
{
    static const uint8_t fixed[] = {0, 1, 0x88, 0xb5, 6, 10, 0, 25};
    unsigned first = f->first + 20 * (unsigned)(number % ((f->last - f->first + 1) / 20));
    put_ethernet(frame, f, true, 0x88b5);
    memcpy(frame + 14, fixed, sizeof(fixed));
    memcpy(frame + 22, f->source, 6);
    for (unsigned at = 28; at <= 44; at += 16) {
        memcpy(frame + at, f->shared, 4);
        put16(frame + at + 6, first);
        put16(frame + at + 8, first + 19);
    }
    frame[54] = 1;
    frame[55] = 3;
}

/* Makes the frame one of the 4,096 MAC addresses that take turns. */
static void from_many(uint8_t *frame, uint64_t number)
{
    put16(frame + 10, ((unsigned)frame[10] << 8 & 0xf000) | (number & 0xfff));
}

static void arps(uint8_t *frame, const struct flood *f, uint64_t number)
{
    arp(frame, f, number);
    from_many(frame, number);
    memcpy(frame + 22, frame + 6, 6);
    memcpy(frame + 28, f->shared, 4);
    put32(frame + 38, 0x0a000000 | (uint32_t)(number & 0xffff));
}

static void claims(uint8_t *frame, const struct flood *f, uint64_t number)
{
    claim(frame, f, number);
    from_many(frame, number);
    memcpy(frame + 22, frame + 6, 6);
}

/* ESP with an SPI of its own, or an echo request with an id of its own. */
static void flows(uint8_t *frame, const struct flood *f, uint64_t number)
{
    uint8_t *ip = frame + 14;
    put_ethernet(frame, f, false, ETH_P_IP);
    from_many(frame, number / 2);
    ip[0] = 0x45;
    put16(ip + 2, FRAME_BYTES - 14);
    ip[8] = 64;
    ip[9] = number % 2 ? 50 : 1;
    memcpy(ip + 12, f->shared, 4);
    memcpy(ip + 16, f->other, 4);
    put16(ip + 10, ip_checksum(ip));
    ip[20] = 8;
    put16(ip + 24, (unsigned)number & 0xffff);
    put16(ip + 22, 0xffff & ~(0x0800U + (unsigned)(number & 0xffff)));
    if (ip[9] == 50)
        put32(ip + 20, (uint32_t)number);
}

/* RFC 2131 4.4.1; 159 is option PORTPARAMS (RFC 7618). */
static void discovers(uint8_t *frame, const struct flood *f, uint64_t number)
{
    static const uint8_t options[] = {53, 1, 1, 55, 3, 1, 3, 159, 255};
    uint8_t *ip = frame + 14, *boot = ip + 28;
    memset(frame, 0, DHCP_BYTES);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, f->source, 6);
    from_many(frame, number);
    put16(frame + 12, ETH_P_IP);
    ip[0] = 0x45;
    put16(ip + 2, DHCP_BYTES - 14);
    ip[8] = 64;
    ip[9] = 17;
    memset(ip + 16, 0xff, 4);
    put16(ip + 10, ip_checksum(ip));
    put16(ip + 20, 68);
    put16(ip + 22, 67);
    put16(ip + 24, DHCP_BYTES - 34);
    boot[0] = boot[1] = 1;
    boot[2] = 6;
    put32(boot + 4, (uint32_t)number);
    memcpy(boot + 28, frame + 6, 6);
    put32(boot + 236, 0x63825363);
    memcpy(boot + 240, options, sizeof(options));
}

static void storm(uint8_t *frame, const struct flood *f, uint64_t number)
{
    put_ethernet(frame, f, true, 0x88b6);
    memcpy(frame + 14, &number, sizeof(number));
}

static const struct {
    const char *name;
    size_t length;
    void (*generate)(uint8_t *frame, const struct flood *f, uint64_t number);
} kinds[] = {
    {"sweep", FRAME_BYTES, sweep},        {"arp", FRAME_BYTES, arp},       {"arps", FRAME_BYTES, arps},
    {"claim", FRAME_BYTES, claim},        {"claims", FRAME_BYTES, claims}, {"fragment", FRAME_BYTES, fragment},
    {"large", LARGE_BYTES, large},        {"firsts", FRAME_BYTES, firsts}, {"flows", FRAME_BYTES, flows},
    {"discovers", DHCP_BYTES, discovers}, {"storm", FRAME_BYTES, storm}};

/* `rate` 0: as fast as it goes. */
static uint64_t run(int fd, const struct flood *f, size_t kind, double rate, double seconds)
{
    static uint8_t frames[BATCH][LARGE_BYTES];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH] = {0};
    const double start_s = now_s();
    uint64_t made = 0, sent = 0;
    for (unsigned n = 0; n < BATCH; n++) {
        parts[n] = (struct iovec){.iov_base = frames[n], .iov_len = kinds[kind].length};
        messages[n].msg_hdr = (struct msghdr){.msg_iov = &parts[n], .msg_iovlen = 1};
    }
    for (double passed; (passed = now_s() - start_s) < seconds;) {
        if (rate > 0 && (double)made > passed * rate) {
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
            continue;
        }
        for (unsigned n = 0; n < BATCH; n++)
            kinds[kind].generate(frames[n], f, made++);
        const int count = sendmmsg(fd, messages, BATCH, 0);
        if (count < 0 && errno != ENOBUFS && errno != EAGAIN)
            return 0;
        sent += count > 0 ? (uint64_t)count : 0;
    }
    return sent;
}

int main(int argc, char **argv)
{
    struct flood f = {.first = 1, .last = 65535};
    size_t kind = 0;
    while (argc > 2 && kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[kind].name, argv[2]) != 0)
        kind++;
    if (argc < 9 || kind == sizeof(kinds) / sizeof(kinds[0]) || !read_mac(argv[5], f.source) ||
        !read_mac(argv[6], f.destination) || inet_pton(AF_INET, argv[7], f.shared) != 1 ||
        inet_pton(AF_INET, argv[8], f.other) != 1) {
        fprintf(stderr,
                "usage: flood IFACE sweep|arp|arps|claim|claims|fragment|large|firsts|flows|discovers|storm "
                "RATE SECONDS SOURCE-MAC DESTINATION-MAC SHARED-IP OTHER-IP [FIRST LAST]\n");
        return 2;
    }
    if (argc > 10) {
        f.first = (unsigned)strtoul(argv[9], NULL, 10);
        f.last = (unsigned)strtoul(argv[10], NULL, 10);
    }
    const struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    const int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("flood");
        return 1;
    }
    const uint64_t sent = run(fd, &f, kind, strtod(argv[3], NULL), strtod(argv[4], NULL));
    printf("%llu\n", (unsigned long long)sent);
    return sent == 0;
}
