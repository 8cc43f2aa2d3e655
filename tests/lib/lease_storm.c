/* lease_storm.c: thousands of hosts on one wire that lease, claim and renew at once, each by the rules of its client.
 * In: IFACE HOSTS SERVER-IP ROUTER-MAC [SPREAD-SECONDS]. Out: a line for each phase: seconds until all were done, frames
 * sent. Called by: scripts/lease-storm, in a namespace of its own. Never: changes the interface.
 *
 * lease: DHCPDISCOVER to DHCPACK with option 159, again after 4, 8 .. seconds, each a second more or less (RFC 2131 4.1).
 * claim: PE-ARP CLAIM of the leased range, again after 1, 2, 4 .. seconds until it is challenged and answered.
 * renew: DHCPREQUEST by unicast, as at T1. In each phase hosts begin at a random moment of the spread. */
#include "frame_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define HOSTS_MOST  4096
#define FRAME_BYTES 400
#define PHASE_S     180
#define ETH_PE_ARP  0x88b5
#define RING_BYTES  (64 << 20)

enum phase { LEASE, CLAIM, RENEW };
static const char *const phase_names[] = {"lease", "claim", "renew"};

struct host {
    double next_s; /* when it speaks next */
    unsigned tries;
    bool offered, done;
    uint8_t address[4];
    unsigned first, last;
};

struct storm {
    int fd;
    enum phase phase;
    unsigned count, done;
    uint64_t sent;
    uint8_t server[4], router[6];
    struct host hosts[HOSTS_MOST];
};

static const uint8_t mac_start[4] = {0x02, 0x10, 0x00, 0x00};

static void put_mac(uint8_t *at, unsigned n)
{
    memcpy(at, mac_start, 4);
    put16(at + 4, n);
}

static double chance(void)
{
    return (double)random() / (double)RAND_MAX;
}

static void send_frame(struct storm *s, const uint8_t *frame, size_t length)
{
    s->sent++;
    while (send(s->fd, frame, length, 0) < 0 && (errno == ENOBUFS || errno == EAGAIN))
        poll(NULL, 0, 1);
}

/* DHCP. */

/* What host `n` asks: a DISCOVER; a REQUEST of what it was offered; or, renewing, of what it has. */
static void ask(struct storm *s, unsigned n)
{
    uint8_t frame[FRAME_BYTES] = {0}, *ip = frame + 14, *boot = ip + 28, *option = boot + 240;
    const struct host *h = &s->hosts[n];
    bool renews = s->phase == RENEW;
    memset(frame, 0xff, 6);
    if (renews)
        memcpy(frame, s->router, 6);
    put_mac(frame + 6, n);
    put16(frame + 12, ETH_P_IP);
    ip[0] = 0x45;
    ip[8] = 64;
    ip[9] = 17;
    memset(ip + 16, 0xff, 4);
    if (renews) {
        memcpy(ip + 12, h->address, 4);
        memcpy(ip + 16, s->server, 4);
        memcpy(boot + 12, h->address, 4);
    }
    put16(ip + 20, 68);
    put16(ip + 22, 67);
    boot[0] = boot[1] = 1;
    boot[2] = 6;
    put32(boot + 4, n + 1);
    put_mac(boot + 28, n);
    put32(boot + 236, 0x63825363);
    const uint8_t start[] = {53, 1, renews || h->offered ? 3 : 1, 55, 3, 1, 3, 159};
    memcpy(option, start, sizeof(start));
    option += sizeof(start);
    if (!renews && h->offered) {
        const uint8_t chosen[] = {54, 4, s->server[0],  s->server[1],  s->server[2],  s->server[3],
                                  50, 4, h->address[0], h->address[1], h->address[2], h->address[3]};
        memcpy(option, chosen, sizeof(chosen));
        option += sizeof(chosen);
    }
    *option = 255;
    const unsigned length = 14 + 28 + 300;
    put16(ip + 2, length - 14);
    put16(ip + 10, ip_checksum(ip));
    put16(ip + 24, length - 34);
    send_frame(s, frame, length);
}

static void host_done(struct storm *s, struct host *h)
{
    if (h->done)
        return;
    h->done = true;
    s->done++;
}

static void take_dhcp(struct storm *s, unsigned n, const uint8_t *boot, size_t length)
{
    struct host *h = &s->hosts[n];
    unsigned kind = 0;
    const uint8_t *ports = NULL;
    if (h->done || s->phase == CLAIM)
        return;
    for (size_t at = 240; at + 1 < length && boot[at] != 255; at += boot[at] == 0 ? 1 : 2U + boot[at + 1]) {
        if (boot[at] == 53)
            kind = boot[at + 2];
        if (boot[at] == 159)
            ports = boot + at + 2;
    }
    if (kind == 2 && !h->offered) {
        h->offered = true;
        h->tries = 0;
        h->next_s = 0;
        memcpy(h->address, boot + 16, 4);
    } else if (kind == 5 && ports != NULL) {
        h->first = (unsigned)ports[2] << 8 | ports[3];
        h->last = h->first + (1U << (16 - ports[1])) - 1;
        host_done(s, h);
    } else if (kind == 6) {
        h->offered = false;
        h->next_s = 0;
    }
}

/* PE-ARP (docs/pe-arp.md#claim). */

static void put_ports(uint8_t *at, const struct host *h)
{
    memcpy(at, h->address, 4);
    put16(at + 4, 0);
    put16(at + 6, h->first);
    put16(at + 8, h->last);
}

static void put_pe_arp(uint8_t *frame, unsigned n, const struct host *h, uint8_t type)
{
    static const uint8_t fixed[] = {0, 1, 0x88, 0xb5, 6, 10, 0, 25};
    memset(frame, 0, FRAME_BYTES);
    put_mac(frame + 6, n);
    put16(frame + 12, ETH_PE_ARP);
    memcpy(frame + 14, fixed, sizeof(fixed));
    put_mac(frame + 22, n);
    put_ports(frame + 28, h);
    frame[54] = 1;
    frame[55] = type;
}

static void claim(struct storm *s, unsigned n)
{
    uint8_t frame[FRAME_BYTES];
    put_pe_arp(frame, n, &s->hosts[n], 3);
    memset(frame, 0xff, 6);
    put_ports(frame + 44, &s->hosts[n]);
    send_frame(s, frame, 68);
}

/* A REQUEST to it: it answers, whatever the phase. */
static void take_pe_arp(struct storm *s, unsigned n, const uint8_t *asked)
{
    uint8_t frame[FRAME_BYTES];
    struct host *h = &s->hosts[n];
    if (asked[55] != 1 || h->first == 0)
        return;
    put_pe_arp(frame, n, h, 2);
    memcpy(frame, asked + 6, 6);
    memcpy(frame + 38, asked + 22, 6);
    memcpy(frame + 44, asked + 44, 10);
    memcpy(frame + 58, asked + 58, 8);
    send_frame(s, frame, 68);
    if (s->phase == CLAIM)
        host_done(s, h);
}

/* All of them. */

static void take_frames(struct storm *s)
{
    uint8_t frame[2048];
    ssize_t length;
    while ((length = recv(s->fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0) {
        unsigned n = (unsigned)(frame[4] << 8 | frame[5]);
        if (length < 60 || memcmp(frame, mac_start, 4) != 0 || n >= s->count)
            continue;
        if (frame[12] == 0x08 && frame[13] == 0 && length > 14 + 28 + 240 && frame[23] == 17 && frame[37] == 68)
            take_dhcp(s, n, frame + 42, (size_t)length - 42);
        else if (frame[12] == 0x88 && frame[13] == 0xb5 && length >= 68)
            take_pe_arp(s, n, frame);
    }
}

static void speak(struct storm *s, unsigned n, double now)
{
    struct host *h = &s->hosts[n];
    unsigned doubled = h->tries < 4 ? h->tries : 4;
    if (s->phase == CLAIM)
        claim(s, n);
    else
        ask(s, n);
    h->next_s = now + (s->phase == CLAIM ? 1U << doubled : (4U << doubled) + 2 * chance() - 1);
    h->tries++;
}

/* Speaks for whoever's time it is, and listens. False: not all are done in time. */
static bool run_phase(struct storm *s, enum phase phase, double spread_s)
{
    const double start_s = now_s();
    s->phase = phase;
    s->done = 0;
    s->sent = 0;
    for (unsigned n = 0; n < s->count; n++) {
        s->hosts[n].done = false;
        s->hosts[n].tries = 0;
        s->hosts[n].next_s = start_s + spread_s * chance();
    }
    while (s->done < s->count && now_s() - start_s < PHASE_S) {
        struct pollfd ready = {.fd = s->fd, .events = POLLIN};
        const double now = now_s();
        for (unsigned n = 0; n < s->count; n++)
            if (!s->hosts[n].done && s->hosts[n].next_s <= now)
                speak(s, n, now);
        poll(&ready, 1, 1);
        take_frames(s);
    }
    printf("%s %u of %u hosts in %.2f s, %llu frames\n", phase_names[phase], s->done, s->count,
           now_s() - start_s, (unsigned long long)s->sent);
    fflush(stdout);
    return s->done == s->count;
}

int main(int argc, char **argv)
{
    static struct storm s;
    const int room = RING_BYTES;
    if (argc < 5 || (s.count = (unsigned)strtoul(argv[2], NULL, 10)) < 1 || s.count > HOSTS_MOST ||
        inet_pton(AF_INET, argv[3], s.server) != 1 || !read_mac(argv[4], s.router)) {
        fprintf(stderr, "usage: lease_storm IFACE HOSTS SERVER-IP ROUTER-MAC [SPREAD-SECONDS]\n");
        return 2;
    }
    const double spread_s = argc > 5 ? strtod(argv[5], NULL) : 0;
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
    const struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    s.fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (s.fd < 0 || setsockopt(s.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
        setsockopt(s.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
        bind(s.fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("lease_storm");
        return 1;
    }
    srandom(1);
    return !(run_phase(&s, LEASE, spread_s) && run_phase(&s, CLAIM, spread_s) &&
             run_phase(&s, RENEW, spread_s));
}
