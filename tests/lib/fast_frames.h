/* fast_frames.h: random frames that a fast path has an opinion about. Included by: the tests of the fast path.
 * Most are well formed and between hosts, routers and addresses that are known; one in some is anything but. */
#ifndef PEARPD_TESTS_FAST_FRAMES_H
#define PEARPD_TESTS_FAST_FRAMES_H

#include "pearpd/config.h"
#include "pearpd/eth.h"
#include "pearpd/l4.h"

#include "frame_tools.h"
#include "seeded.h"
#include "world.h"

#include <string.h>

#define FRAMES_HOSTS     6
#define FRAMES_ROUTERS   3
#define FRAMES_ADDRESSES 3
#define FRAMES_BLOCK     100
#define FRAMES_RANGES    (2 * FRAMES_HOSTS + 1)
#define FRAMES_BYTES     4096

struct random_frame {
    enum side from;
    size_t length;
    uint32_t gso_size;
    uint8_t bytes[FRAMES_BYTES];
};

static inline unsigned below(uint64_t *seed, unsigned count)
{
    return (unsigned)(seeded_next(seed) % count);
}

static inline bool one_in(uint64_t *seed, unsigned count)
{
    return below(seed, count) == 0;
}

static inline struct mac frames_host(unsigned i)
{
    return (struct mac){{0, 0x0c, 0x29, 1, 2, (uint8_t)i}};
}

static inline struct mac frames_router(unsigned i)
{
    return (struct mac){{0, 0x12, 0x7f, 1, 2, (uint8_t)i}};
}

static inline struct ipv4 frames_address(unsigned i)
{
    return (struct ipv4){0xc0000201U + i};
}

/* Addresses of all kinds of learning, ranges of every host, and what changes which frames may pass. */
static inline void frames_configure(uint64_t *seed, struct config *config, struct config_address *addresses,
                                    struct config_range *ranges, bool tags)
{
    memset(config, 0, sizeof(*config));
    *config =
        (struct config){.mac = bridge_mac, .encap = ETHERTYPE_PE_ARP, .addresses = addresses, .ranges = ranges};
    limits_small(&config->limits);
    config->limits.mac_age_s = 10 + below(seed, 20);
    config->limits.frame_bytes = one_in(seed, 3) ? 600 : 0;
    config->vlan = tags && one_in(seed, 2) ? 100 : 0;
    config->source_mac_host = one_in(seed, 3);
    config->upstream_macs_bridge = !config->source_mac_host && one_in(seed, 3);
    config->link_local_drop = one_in(seed, 2);
    config->has_router_mac = one_in(seed, 2);
    config->router_mac = frames_router(0);
    config->source_ports = (enum source_ports_mode)below(seed, 3);
    for (unsigned i = 0; i < FRAMES_ADDRESSES; i++)
        addresses[config->address_count++] =
            (struct config_address){.address = frames_address(i),
                                    .ports_first = 1000,
                                    .ports_last = 65535,
                                    .learn = i == 2 ? LEARN_TRAFFIC : LEARN_PE_ARP,
                                    .block = FRAMES_BLOCK};
    ranges[config->range_count++] = /* the well-known ports */
        (struct config_range){.range = {frames_address(0), 1, 999}, .mac = frames_host(0)};
    for (unsigned i = 0; i < FRAMES_HOSTS; i++)
        ranges[config->range_count++] =
            (struct config_range){.range = {frames_address(0), (uint16_t)(2000 + i * FRAMES_BLOCK),
                                            (uint16_t)(2099 + i * FRAMES_BLOCK)},
                                  .mac = frames_host(i)};
    for (unsigned i = 0; i < FRAMES_HOSTS; i++) /* several owners in one block of 64 */
        ranges[config->range_count++] = (struct config_range){
            .range = {frames_address(1), (uint16_t)(3000 + i * 5), (uint16_t)(3004 + i * 5)},
            .mac = frames_host(i)};
}

static inline uint16_t frames_port(uint64_t *seed, unsigned host, struct ipv4 address)
{
    static const uint16_t well_known[] = {0, 22, 53, 67, 68, 80, 123, 443, 5353, 65535};
    if (one_in(seed, 8))
        return well_known[below(seed, sizeof(well_known) / sizeof(well_known[0]))];
    if (one_in(seed, 12))
        return (uint16_t)seeded_next(seed);
    if (address.host == frames_address(1).host)
        return (uint16_t)(3000 + host * 5 + below(seed, 5));
    if (host == 0 && one_in(seed, 4))
        return well_known[below(seed, sizeof(well_known) / sizeof(well_known[0]))];
    return (uint16_t)(2000 + host * FRAMES_BLOCK + below(seed, FRAMES_BLOCK));
}

static inline struct ipv4 frames_any_address(uint64_t *seed)
{
    static const uint32_t odd[] = {0xffffffff, 0xe00000fb, 0xefffffff, 0, 0x7f000001, 0xc00002ff};
    if (one_in(seed, 12))
        return (struct ipv4){odd[below(seed, sizeof(odd) / sizeof(odd[0]))]};
    if (one_in(seed, 10))
        return frames_address(below(seed, FRAMES_ADDRESSES));
    return (struct ipv4){0xc6336400U + below(seed, 8)};
}

/* Behind the Ethernet header; returns its length. */
static inline size_t frames_ipv4(uint64_t *seed, enum side from, unsigned host, uint8_t *at)
{
    static const uint8_t protocols[] = {6, 6, 6, 17, 17, 17, 33, 132, 136, 1, 47, 4};
    static const uint8_t l4_bytes[] = {20, 20, 20, 8, 8, 8, 12, 12, 8, 8, 8, 20};
    const unsigned kind = below(seed, sizeof(protocols));
    const size_t header = one_in(seed, 6) ? 20 + 4 * below(seed, 11) : 20;
    const size_t body = l4_bytes[kind] + (one_in(seed, 3) ? below(seed, 1400) : below(seed, 60));
    const struct ipv4 shared_address = frames_address(below(seed, FRAMES_ADDRESSES));
    const bool is_shared = !one_in(seed, 5);
    const struct ipv4 far = frames_any_address(seed);
    const struct ipv4 near = is_shared ? shared_address : (struct ipv4){0xc0000210U + host};
    const uint16_t near_port = frames_port(seed, host, near), far_port = frames_port(seed, 0, far);
    memset(at, 0, header + body);
    at[0] = (uint8_t)(0x40 | header / 4);
    put16(at + 2, (unsigned)(header + body));
    put16(at + 4, (unsigned)below(seed, 65536));
    put16(at + 6, one_in(seed, 2) ? 0x4000 : 0);
    at[8] = 64;
    at[9] = protocols[kind];
    put32(at + 12, from == SIDE_UPSTREAM ? far.host : near.host);
    put32(at + 16, from == SIDE_UPSTREAM ? near.host : far.host);
    put16(at + header, from == SIDE_UPSTREAM ? far_port : near_port);
    put16(at + header + 2, from == SIDE_UPSTREAM ? near_port : far_port);
    if (at[9] == 17 && one_in(seed, 12))
        put16(at + header + 2, (unsigned)at[header] << 8 | at[header + 1]);
    if (at[9] != 17)
        for (size_t i = 4; i < l4_bytes[kind]; i++)
            at[header + i] = one_in(seed, 2) ? 0 : (uint8_t)seeded_next(seed);
    if (at[9] == 132 && body > 12)
        at[header + 12] = (uint8_t)below(seed, 16);
    if (one_in(seed, 20)) /* a fragment, or a length that is wrong */
        put16(at + 6, one_in(seed, 2) ? 0x2000 : below(seed, 0x2000));
    if (one_in(seed, 20))
        put16(at + 2, one_in(seed, 2) ? below(seed, (unsigned)(header + body + 20)) : 0);
    return header + body;
}

static inline size_t frames_payload(uint64_t *seed, enum side from, unsigned host, uint8_t *at,
                                    uint16_t *ethertype)
{
    static const uint16_t others[] = {0x0806, 0x88b5, 0x88cc, 0x8864, 0x0026, 0x8847};
    size_t length = 46 + below(seed, 200);
    if (!one_in(seed, 4)) {
        *ethertype = ETHERTYPE_IPV4;
        return frames_ipv4(seed, from, host, at);
    }
    for (size_t i = 0; i < length; i++)
        at[i] = (uint8_t)seeded_next(seed);
    *ethertype = others[below(seed, sizeof(others) / sizeof(others[0]))];
    if (!one_in(seed, 4)) {
        *ethertype = 0x86dd;
        at[0] = 0x60;
        put16(at + 4, (unsigned)length - 40);
        at[6] = one_in(seed, 2) ? 6 : 17;
    }
    return length;
}

/* The addresses of the frame; `host`: of the host that it is from or to. */
static inline void frames_macs(uint64_t *seed, enum side from, unsigned host, uint8_t *bytes)
{
    const struct mac near = frames_host(host), far = frames_router(below(seed, FRAMES_ROUTERS));
    struct mac to = from == SIDE_UPSTREAM ? near : far, source = from == SIDE_UPSTREAM ? far : near;
    if (from == SIDE_UPSTREAM && one_in(seed, 2))
        to = bridge_mac;
    if (one_in(seed, 25))
        to = (struct mac){{0x33, 0x33, 0, 0, 0, 1}};
    if (one_in(seed, 25))
        to = one_in(seed, 2) ? mac_broadcast : frames_host(below(seed, FRAMES_HOSTS));
    if (one_in(seed, 300))
        source = one_in(seed, 2) ? bridge_mac : frames_router(0);
    if (one_in(seed, 300))
        source = one_in(seed, 2) ? mac_broadcast : frames_host(below(seed, FRAMES_HOSTS));
    memcpy(bytes, to.octets, 6);
    memcpy(bytes + 6, source.octets, 6);
}

static inline size_t frames_tag(uint64_t *seed, uint16_t vlan, uint8_t *at)
{
    if (vlan == 0 ? !one_in(seed, 15) : one_in(seed, 15))
        return 0;
    put16(at, one_in(seed, 20) ? ETHERTYPE_STAG : ETHERTYPE_CTAG);
    put16(at + 2, (below(seed, 8) << 13) | (one_in(seed, 15) ? below(seed, 3) : vlan == 0 ? 7 : vlan));
    return 4;
}

/* `tags`: also those. */
static inline void frames_random(uint64_t *seed, const struct config *config, bool tags, struct random_frame *f)
{
    const unsigned host = below(seed, FRAMES_HOSTS);
    uint16_t ethertype;
    f->from = one_in(seed, 2) ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    f->gso_size = one_in(seed, 6) ? 500 : 0;
    frames_macs(seed, f->from, host, f->bytes);
    size_t at = 12 + (tags ? frames_tag(seed, config->vlan, f->bytes + 12) : 0);
    if (tags && at > 12 && one_in(seed, 30))
        at += frames_tag(seed, config->vlan, f->bytes + at);
    const size_t length = frames_payload(seed, f->from, host, f->bytes + at + 2, &ethertype);
    put16(f->bytes + at, ethertype);
    f->length = at + 2 + length;
    for (; f->length < 60; f->length++) /* padding */
        f->bytes[f->length] = 0;
    if (one_in(seed, 40)) /* cut, or without padding */
        f->length = 14 + below(seed, (unsigned)f->length - 14);
    if (one_in(seed, 40))
        f->bytes[below(seed, (unsigned)f->length)] ^= (uint8_t)(1U << below(seed, 8));
}

#endif
