/* flood_frame.h: the frames of `make bench`, and the plan as an argument. Included by: the programs beside it. */
#ifndef PEARPD_BENCH_FLOOD_FRAME_H
#define PEARPD_BENCH_FLOOD_FRAME_H

#include "../frame_tools.h"
#include "plan.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FLOOD_PORT      7000 /* the remote's */
#define FLOOD_MAX_BYTES 1514

enum flood_kind { FLOOD_UDP4, FLOOD_UP4, FLOOD_UDP6 }; /* up: from the hosts to the remote */

/* ADDRESS,ADDRESSES,RANGES,HOSTS[,MOVING]; ranges are those of one address. */
static inline bool plan_read(struct plan *plan, const char *text)
{
    char dotted[INET_ADDRSTRLEN];
    struct in_addr address;
    plan->moving = 0;
    if (sscanf(text, "%15[0-9.],%u,%u,%u,%u", dotted, &plan->addresses, &plan->ranges, &plan->hosts,
               &plan->moving) < 4 ||
        inet_pton(AF_INET, dotted, &address) != 1)
        return false;
    plan->address = ntohl(address.s_addr);
    if (plan->addresses == 0 || plan->ranges == 0 || plan->ranges > PLAN_PORTS || plan->hosts == 0)
        return false;
    plan->width = PLAN_PORTS / plan->ranges;
    return true;
}

static inline void put_host_mac(uint8_t *at, uint32_t host)
{
    put16(at, PLAN_MAC);
    put32(at + 2, host);
}

static inline uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Sums of 16-bit words (RFC 1071), not folded yet. */
static inline uint64_t words(uint32_t value)
{
    return (value >> 16) + (value & 0xffff);
}

static inline uint64_t words_of(const uint8_t *bytes, size_t length)
{
    uint64_t sum = 0;
    for (size_t n = 0; n + 1 < length; n += 2)
        sum += (uint64_t)(bytes[n] << 8 | bytes[n + 1]);
    return length % 2 == 0 ? sum : sum + (uint64_t)(bytes[length - 1] << 8);
}

static inline unsigned checksum_of(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned)(~sum & 0xffff);
}

/* What all frames of a flood share, and the sums of that. */
struct flood {
    struct plan plan;
    enum flood_kind kind;
    uint32_t mark;
    size_t bytes;
    uint64_t ip_sum, udp_sum;
    uint32_t places; /* how many destinations there are */
    uint8_t frame[FLOOD_MAX_BYTES];
};

static inline size_t flood_payload(const struct flood *f)
{
    return f->kind == FLOOD_UDP6 ? PLAN_V6_PAYLOAD : PLAN_V4_PAYLOAD;
}

/* IPv4 to, or from, an owner's port; the destination MAC is the same for all. */
static inline void flood_begin_v4(struct flood *f)
{
    uint8_t *ip = f->frame + 14;
    put16(f->frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)f->bytes - 14);
    put16(ip + 6, 0x4000); /* do not fragment */
    ip[8] = 64;
    ip[9] = 17;
    put32(ip + (f->kind == FLOOD_UP4 ? 16 : 12), PLAN_REMOTE);
    f->ip_sum = words_of(ip, 20);
    f->udp_sum = words(PLAN_REMOTE);
    f->places = f->plan.addresses * plan_ports(&f->plan);
}

/* IPv6 to 2001:db8::HOST, which a bridge without rules for it takes to the host's MAC. */
static inline void flood_begin_v6(struct flood *f)
{
    uint8_t *ip = f->frame + 14;
    put16(f->frame + 12, 0x86dd);
    ip[0] = 0x60;
    put16(ip + 4, (unsigned)f->bytes - 54);
    ip[6] = 17;
    ip[7] = 64;
    put32(ip + 8, 0x20010db8);
    put32(ip + 12, 0x1); /* the remote's subnet */
    put16(ip + 22, 10);
    put32(ip + 24, 0x20010db8);
    f->udp_sum = words_of(ip + 8, 32);
    f->places = f->plan.hosts;
}

/* `f` with plan, kind, mark and bytes; the rest is made here. */
static inline void flood_begin(struct flood *f, const uint8_t destination[static 6],
                               const uint8_t source[static 6])
{
    memset(f->frame, 0, sizeof(f->frame));
    memcpy(f->frame, destination, 6);
    memcpy(f->frame + 6, source, 6);
    if (f->kind == FLOOD_UDP6)
        flood_begin_v6(f);
    else
        flood_begin_v4(f);
    const size_t payload = flood_payload(f), length = f->bytes - payload + 8;
    uint8_t *udp = f->frame + payload - 8;
    put16(udp, FLOOD_PORT);
    put16(udp + 2, FLOOD_PORT);
    put16(udp + 4, (unsigned)length);
    put32(udp + 8, f->mark);
    f->udp_sum += 17 + length + words_of(udp, length);
    if (f->kind != FLOOD_UDP6)
        f->udp_sum -= FLOOD_PORT; /* of the owner, which varies */
}

/* Makes a copy of f->frame the one to destination `place` with `number`. */
static inline void flood_fill(const struct flood *f, uint8_t *frame, uint32_t place, uint32_t number)
{
    uint64_t sum = f->udp_sum + words(number);
    if (f->kind != FLOOD_UDP6) {
        const uint32_t ports = plan_ports(&f->plan), address = f->plan.address + place / ports;
        const unsigned port = PLAN_FIRST_PORT + place % ports, up = f->kind == FLOOD_UP4;
        put16(frame + 24, checksum_of(f->ip_sum + words(address)));
        put32(frame + (up ? 26 : 30), address);
        put16(frame + (up ? 34 : 36), port);
        if (up)
            put_host_mac(frame + 6, plan_owner(&f->plan, place / ports, place % ports));
        sum += words(address) + port;
    } else {
        put_host_mac(frame, place);
        put32(frame + 50, place);
        sum += words(place);
    }
    uint8_t *payload = frame + flood_payload(f);
    const unsigned checksum = checksum_of(sum);
    put16(payload - 2, checksum != 0 ? checksum : 0xffff);
    put32(payload + 4, number);
}

/* Is `place` in a range that moves? */
static inline bool flood_moves(const struct flood *f, uint32_t place)
{
    return f->kind == FLOOD_UDP4 && plan_moves(&f->plan, place % plan_ports(&f->plan));
}

/* A step near the golden section visits every place once a cycle, and neighbours in time are far apart. */
static inline uint32_t flood_step(uint32_t places)
{
    uint32_t step = (uint32_t)((double)places * 0.618034) | 1, a, b, rest;
    for (;; step += 2) {
        for (a = places, b = step; b != 0; a = b, b = rest)
            rest = a % b;
        if (a == 1)
            return step % places;
    }
}

/* A packet socket for what arrives at `interface` of `protocol`; 0: one that only sends. -1 and errno. */
static inline int packet_socket(const char *interface, unsigned protocol)
{
    const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                        .sll_protocol = htons((uint16_t)protocol),
                                        .sll_ifindex = (int)if_nametoindex(interface)};
    const struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    const int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) != 0 ||
        (protocol != 0 && setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0) ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return -1;
    return fd;
}

#endif
