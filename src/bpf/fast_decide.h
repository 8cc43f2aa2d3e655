/* fast_decide.h: which frames the fast path forwards by itself.
 * In: a frame with what the kernel knows about it, and the memory of fast_layout.h, both through the functions of a
 * `struct fast_view`. Out: a decision. Called by: fast_path.bpf.c, and by tests, which run it without a kernel.
 *
 * What is forwarded here is what the engine would forward in the same way and without any other effect than to count
 * it. Whatever is in doubt is left to the daemon.
 *
 * The including file defines `struct fast_view` and the functions that are declared for it below. */
#ifndef PEARPD_FAST_DECIDE_H
#define PEARPD_FAST_DECIDE_H

#include "pearpd/fast_layout.h"

#include <stdbool.h>
#include <stddef.h>

#define FAST_INLINE static inline __attribute__((always_inline))

/* What the kernel says about a frame, host byte order. A tag that it stripped is not among the bytes. */
struct fast_view;
FAST_INLINE int fast_read(struct fast_view *view, __u32 at, void *to, __u32 bytes); /* not 0: it is too short */
/* The first FAST_HEAD_BYTES without a call; false: they are not at hand, and fast_read() has to do. */
union fast_head;
FAST_INLINE bool fast_head_direct(const struct fast_view *view, union fast_head *head);
FAST_INLINE __u32 fast_length(const struct fast_view *view);
FAST_INLINE __u32 fast_gso_size(const struct fast_view *view);
FAST_INLINE __u32 fast_ifindex(const struct fast_view *view);
FAST_INLINE bool fast_has_tag(const struct fast_view *view);
FAST_INLINE __u16 fast_tag_protocol(const struct fast_view *view);
FAST_INLINE __u16 fast_tag(const struct fast_view *view);
FAST_INLINE __u64 fast_now_ns(const struct fast_view *view); /* CLOCK_MONOTONIC */

/* An element of the memory, or NULL. */
FAST_INLINE struct fast_config *fast_config_at(const struct fast_view *view);
FAST_INLINE struct fast_passed *fast_passed_at(const struct fast_view *view, __u32 side);
FAST_INLINE struct fast_address_bucket *fast_addresses_at(const struct fast_view *view, __u32 index);
FAST_INLINE struct fast_blocks *fast_blocks_at(const struct fast_view *view, __u32 index);
FAST_INLINE struct fast_leaf *fast_leaves_at(const struct fast_view *view, __u32 index);
FAST_INLINE struct fast_slot *fast_slots_at(const struct fast_view *view, __u32 index);
FAST_INLINE struct fast_mac_bucket *fast_macs_at(const struct fast_view *view, __u32 index);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FAST_BE16(value) __builtin_bswap16(value)
#define FAST_BE32(value) __builtin_bswap32(value)
#define FAST_BE64(value) __builtin_bswap64(value)
#else
#define FAST_BE16(value) (value)
#define FAST_BE32(value) (value)
#define FAST_BE64(value) (value)
#endif

#define FAST_ETHERTYPE_IPV4      0x0800
#define FAST_ETHERTYPE_CTAG      0x8100
#define FAST_ETHERTYPE_IPV6      0x86dd
#define FAST_ETHERTYPE_AT        12
#define FAST_IPV4_PROTOCOL_AT    23
#define FAST_IPV6_NEXT_HEADER_AT 20
#define FAST_ETH_BYTES           14
#define FAST_TAG_BYTES           4
#define FAST_IPV4_BYTES          20

#define FAST_TCP      6
#define FAST_UDP      17
#define FAST_DCCP     33
#define FAST_SCTP     132
#define FAST_UDP_LITE 136

#define FAST_FRAGMENT_BITS   0x3fff /* More Fragments and the offset */
#define FAST_BOOTPS          67
#define FAST_BOOTPC          68
#define FAST_FIRST_USER_PORT 1024
#define FAST_TCP_RST         0x04

#define FAST_MAC_RENEW_NS  10000000ULL
#define FAST_PENDING_TRIES 8

#define FAST_NO_SOCKET 2 /* instead of FAST_SOCKET_*: no daemon takes what is left to it */
#define FAST_NO_SIDE   2

enum fast_verdict { FAST_LEFT, FAST_FORWARDED };

/* No padding. */
struct fast_decision {
    __u64 now_ns;
    __u32 side;    /* that the frame came in by, and the way of the slot: the same number */
    __u32 slot;    /* 0: bridged */
    __u16 verdict; /* enum fast_verdict */
    __u16 port;    /* the owner's */
};

/* The beginning of a frame, two bytes behind that of the structure, which aligns everything. Network byte order. */
union fast_head {
    __u64 words[5];
    __u16 halves[4];
    struct {
        __u16 nothing;
        __u8 destination[6], source[6];
        __u16 ethertype;
        __u8 version_ihl, tos;
        __u16 total_bytes, id, fragment;
        __u8 ttl, protocol;
        __u16 sum;
        __u32 from, to;
        __u16 ports[2]; /* source and destination, where the IPv4 header has no options */
    } bytes;
};
#define FAST_HEAD_AT    2
#define FAST_HEAD_BYTES 38

/* A frame on its way through the rules. Host byte order. */
struct fast_frame {
    union fast_head head;
    __u64 now_ns;
    __u64 destination, source; /* MAC addresses as numbers, the first octet highest */
    __u32 length, gso_size;
    __u32 side, out;
    __u32 socket; /* FAST_SOCKET_*, FAST_NO_SOCKET */
    bool counted; /* as passed to the daemon */
    __u32 header_bytes, total_bytes;
    __u8 protocol;
    __u32 from, to;
    __u16 from_port, to_port;
};

/* Which of the two packet sockets takes it, as super_filter.c says. */
FAST_INLINE __u32 fast_class(struct fast_view *view)
{
    __u16 ethertype;
    __u8 protocol;
    if (fast_gso_size(view) == 0)
        return FAST_SOCKET_RING;
    if (fast_read(view, FAST_ETHERTYPE_AT, &ethertype, sizeof(ethertype)) != 0)
        return FAST_SOCKET_ASIDE;
    ethertype = FAST_BE16(ethertype);
    if (ethertype != FAST_ETHERTYPE_IPV4 && ethertype != FAST_ETHERTYPE_IPV6)
        return FAST_SOCKET_ASIDE;
    const __u32 at = ethertype == FAST_ETHERTYPE_IPV4 ? FAST_IPV4_PROTOCOL_AT : FAST_IPV6_NEXT_HEADER_AT;
    if (fast_read(view, at, &protocol, sizeof(protocol)) != 0)
        protocol = 0;
    return protocol == FAST_TCP ? FAST_SOCKET_RING : FAST_SOCKET_ASIDE;
}

FAST_INLINE __u64 fast_mac_number(const __u8 mac[6])
{
    return (__u64)mac[0] << 40 | (__u64)mac[1] << 32 | (__u64)mac[2] << 24 | (__u64)mac[3] << 16 |
           (__u64)mac[4] << 8 | mac[5];
}

FAST_INLINE bool fast_mac_is_group(__u64 mac)
{
    return mac >> 40 & 1;
}

/* True where `then_ns` is less than `age_ns` ago; another processor may have written it a moment after `now_ns`. */
FAST_INLINE bool fast_is_within(__u64 now_ns, __u64 then_ns, __u64 age_ns)
{
    return (__s64)(now_ns - then_ns) < (__s64)age_ns;
}

/* fdb_lives() in the VLAN of the subnet; `renew`: fdb_learn() of an entry that there is. */
FAST_INLINE bool fast_mac_lives(struct fast_view *view, const struct fast_config *config, __u64 mac, __u32 side,
                                __u64 now_ns, bool renew)
{
    const __u64 key = FAST_MAC_HELD | FAST_MAC_SIDE(side) | mac;
    struct fast_mac_bucket *bucket = fast_macs_at(view, fast_mac_bucket_of(mac, config->mac_key));
    if (bucket == NULL)
        return false;
    for (int i = 0; i < FAST_MAC_WAYS; i++) {
        if (bucket->ways[i].key != key)
            continue;
        const __u64 seen_ns = bucket->ways[i].seen_ns;
        if (!fast_is_within(now_ns, seen_ns, config->mac_age_ns))
            return false;
        if (renew && !fast_is_within(now_ns, seen_ns, FAST_MAC_RENEW_NS))
            bucket->ways[i].seen_ns = now_ns;
        return true;
    }
    return false;
}

/* shared_address_index() + 1; 0: not a shared one. */
FAST_INLINE __u32 fast_address_find(struct fast_view *view, const struct fast_config *config, __u32 address)
{
    const struct fast_address_bucket *bucket =
        fast_addresses_at(view, fast_address_bucket_of(address, config->address_key));
    if (bucket == NULL)
        return 0;
    for (int i = 0; i < FAST_ADDRESS_WAYS; i++)
        if (bucket->ways[i].address == address && bucket->ways[i].index_plus_1 != 0)
            return bucket->ways[i].index_plus_1;
    return 0;
}

/* binding_find(): the number of the slot, 0 for none. */
FAST_INLINE __u32 fast_slot_of(struct fast_view *view, __u32 index, __u16 port)
{
    const struct fast_blocks *blocks = fast_blocks_at(view, index);
    if (blocks == NULL)
        return 0;
    const __u32 word = blocks->words[port / FAST_BLOCK_PORTS];
    if ((word & FAST_LEAF) == 0)
        return word;
    const struct fast_leaf *leaf = fast_leaves_at(view, word & ~FAST_LEAF);
    return leaf == NULL ? 0 : leaf->slots[port % FAST_BLOCK_PORTS];
}

FAST_INLINE __u64 fast_count_passed(struct fast_view *view, struct fast_frame *frame)
{
    struct fast_passed *passed = fast_passed_at(view, frame->side);
    frame->counted = true;
    if (passed == NULL || frame->socket > FAST_SOCKET_ASIDE)
        return 0;
    return __sync_fetch_and_add(&passed->frames[frame->socket], 1) + 1;
}

/* Not counted after all: the number is given to the next one again, so that the daemon may wait for one frame more than
 * there is, which its limit of time ends. */
FAST_INLINE void fast_uncount_passed(struct fast_view *view, struct fast_frame *frame)
{
    struct fast_passed *passed = fast_passed_at(view, frame->side);
    frame->counted = false;
    if (passed != NULL && frame->socket <= FAST_SOCKET_ASIDE)
        __sync_fetch_and_add(&passed->frames[frame->socket], -1ULL);
}

/* True: this frame does not overtake one that the daemon still has. Else it is the last one that the daemon has, and the
 * state says so. */
FAST_INLINE bool fast_is_in_order(struct fast_view *view, struct fast_frame *frame, __u64 *state)
{
    __u64 old = *(volatile __u64 *)state;
    if (old == FAST_FORWARD)
        return true;
    if (old == FAST_DEAD)
        return false;
    if (frame->socket == FAST_NO_SOCKET)
        return true;
    const __u64 number = fast_count_passed(view, frame);
    const __u64 pending = FAST_PENDING(number, frame->socket);
    for (int i = 0; i < FAST_PENDING_TRIES; i++) {
        const __u64 found = __sync_val_compare_and_swap(state, old, pending);
        if (found == FAST_FORWARD) {
            fast_uncount_passed(view, frame);
            return true;
        }
        if (found == old || found == FAST_DEAD)
            return false;
        old = found;
        if (FAST_PENDING_SOCKET(old) == frame->socket && FAST_PENDING_NUMBER(old) > number)
            return false;
    }
    return false;
}

/* IPv4. */

/* The fixed header of a protocol with ports (l4.c); 0: it has none. */
FAST_INLINE __u32 fast_l4_bytes(__u8 protocol)
{
    switch (protocol) {
    case FAST_TCP:
        return 20;
    case FAST_UDP:
    case FAST_UDP_LITE:
        return 8;
    case FAST_SCTP:
    case FAST_DCCP:
        return 12;
    default:
        return 0;
    }
}

/* ipv4_packet_parse() of a packet that is neither broken nor a fragment, and has no total length of 0. */
FAST_INLINE bool fast_ipv4_parse(struct fast_frame *frame)
{
    frame->header_bytes = (frame->head.bytes.version_ihl & 15U) * 4;
    frame->total_bytes = FAST_BE16(frame->head.bytes.total_bytes);
    frame->protocol = frame->head.bytes.protocol;
    frame->from = FAST_BE32(frame->head.bytes.from);
    frame->to = FAST_BE32(frame->head.bytes.to);
    return frame->head.bytes.version_ihl >> 4 == 4 && frame->header_bytes >= FAST_IPV4_BYTES &&
           frame->total_bytes >= frame->header_bytes && frame->total_bytes <= frame->length - FAST_ETH_BYTES &&
           (FAST_BE16(frame->head.bytes.fragment) & FAST_FRAGMENT_BITS) == 0;
}

/* l4_parse_ports(). */
FAST_INLINE bool fast_ports_parse(struct fast_view *view, struct fast_frame *frame)
{
    const __u32 l4_bytes = fast_l4_bytes(frame->protocol);
    __u16 ports[2] = {frame->head.bytes.ports[0], frame->head.bytes.ports[1]};
    if (l4_bytes == 0 || frame->total_bytes < frame->header_bytes + l4_bytes)
        return false;
    if (frame->header_bytes > FAST_IPV4_BYTES &&
        fast_read(view, FAST_ETH_BYTES + frame->header_bytes, ports, sizeof(ports)) != 0)
        return false;
    frame->from_port = FAST_BE16(ports[0]);
    frame->to_port = FAST_BE16(ports[1]);
    return true;
}

/* What dhcp_rules.c reads. */
FAST_INLINE bool fast_is_dhcp(const struct fast_frame *frame)
{
    return frame->protocol == FAST_UDP && (frame->to_port == FAST_BOOTPS || frame->to_port == FAST_BOOTPC);
}

/* l4_may_be_refusal(). */
FAST_INLINE bool fast_may_be_refusal(struct fast_view *view, const struct fast_frame *frame)
{
    __u32 at = 0;
    __u8 octet;
    if (frame->protocol == FAST_TCP)
        at = 13;
    else if (frame->protocol == FAST_SCTP)
        at = 12;
    else if (frame->protocol == FAST_DCCP)
        at = 8;
    else
        return false;
    if (frame->total_bytes <= frame->header_bytes + at ||
        fast_read(view, FAST_ETH_BYTES + frame->header_bytes + at, &octet, sizeof(octet)) != 0)
        return true;
    if (frame->protocol == FAST_TCP)
        return octet & FAST_TCP_RST;
    if (frame->protocol == FAST_SCTP)
        return octet == 6 || octet == 14; /* ABORT, SHUTDOWN COMPLETE */
    return (octet >> 1 & 15) == 7;        /* DCCP-Reset */
}

/* packet.c: what a host sends whoever owns the port, and DHCP of a client. */
FAST_INLINE bool fast_shows_usage(struct fast_view *view, const struct fast_frame *frame)
{
    if (frame->to >> 28 == 14 || frame->to == 0xffffffff)
        return false;
    if (frame->protocol == FAST_UDP &&
        (frame->from_port == FAST_BOOTPC ||
         (frame->from_port < FAST_FIRST_USER_PORT && frame->from_port == frame->to_port)))
        return false;
    return !fast_may_be_refusal(view, frame);
}

/* To or from the owner of `port` of the shared address; the slot's way has the number of the side. */
FAST_INLINE bool fast_owned(struct fast_view *view, struct fast_frame *frame, __u32 index, __u32 address,
                            __u16 port, struct fast_decision *decision)
{
    const __u32 number = fast_slot_of(view, index, port);
    struct fast_slot *slot = number == 0 ? NULL : fast_slots_at(view, number);
    if (slot == NULL || slot->address != address || port < slot->first || port > slot->last)
        return false;
    const bool is_from_owner = fast_mac_number(slot->mac) == frame->source;
    if (is_from_owner != (frame->side == FAST_DOWNSTREAM))
        return false;
    decision->slot = number;
    decision->port = port;
    return frame->side == FAST_DOWNSTREAM ? fast_is_in_order(view, frame, &slot->state[FAST_FROM_OWNER])
                                          : fast_is_in_order(view, frame, &slot->state[FAST_TO_OWNER]);
}

/* bridge_is_same_side() is false where the other side has the destination. */
FAST_INLINE bool fast_has_other_side(struct fast_view *view, const struct fast_config *config,
                                     const struct fast_frame *frame)
{
    return fast_mac_lives(view, config, frame->destination, frame->out, frame->now_ns, false);
}

/* frame_send.c: is_hidden(), of a frame whose source stays: it is not the bridge's. */
FAST_INLINE bool fast_is_hidden(const struct fast_config *config, const struct fast_frame *frame)
{
    return config->upstream_macs_bridge && frame->out == FAST_UPSTREAM;
}

/* bridge_forward(). */
FAST_INLINE bool fast_bridged(struct fast_view *view, const struct fast_config *config,
                              const struct fast_frame *frame)
{
    return !fast_is_hidden(config, frame) && fast_has_other_side(view, config, frame);
}

/* ipv4_rules.c. */
FAST_INLINE bool fast_ipv4(struct fast_view *view, const struct fast_config *config, struct fast_frame *frame,
                           struct fast_decision *decision)
{
    if (!fast_ipv4_parse(frame))
        return false;
    const __u32 from = fast_address_find(view, config, frame->from);
    const __u32 to = fast_address_find(view, config, frame->to);
    if (from != 0 && to != 0)
        return false;
    if (from == 0 && to == 0) {
        if (frame->protocol == FAST_UDP && (!fast_ports_parse(view, frame) || fast_is_dhcp(frame)))
            return false;
        return fast_bridged(view, config, frame);
    }
    if ((from != 0) != (frame->side == FAST_DOWNSTREAM) || !fast_ports_parse(view, frame) ||
        fast_is_dhcp(frame))
        return false;
    if (to != 0)
        return fast_owned(view, frame, to - 1, frame->to, frame->to_port, decision);
    return fast_shows_usage(view, frame) && fast_has_other_side(view, config, frame) &&
           fast_owned(view, frame, from - 1, frame->from, frame->from_port, decision);
}

/* Every frame. */

/* engine.c: is_inspected(), without the forms of tags that few use. */
FAST_INLINE bool fast_is_in_vlan(struct fast_view *view, const struct fast_config *config)
{
    if (!fast_has_tag(view))
        return config->vlan == 0;
    return config->vlan != 0 && fast_tag_protocol(view) == FAST_ETHERTYPE_CTAG &&
           (fast_tag(view) & 0xfff) == config->vlan;
}

/* frame_send.c: is_oversize(). */
FAST_INLINE bool fast_is_oversize(struct fast_view *view, const struct fast_config *config,
                                  const struct fast_frame *frame)
{
    const __u32 tag_bytes = fast_has_tag(view) ? FAST_TAG_BYTES : 0;
    const __u32 most = frame->out == FAST_DOWNSTREAM ? config->frame_bytes[1] : config->frame_bytes[0];
    return frame->gso_size == 0 && (frame->length > most || frame->length + tag_bytes > config->limit_bytes);
}

FAST_INLINE bool fast_is_on(const struct fast_config *config, const struct fast_frame *frame)
{
    const __u32 up = frame->out == FAST_DOWNSTREAM ? config->up[1] : config->up[0];
    return config->active && up && fast_is_within(frame->now_ns, config->refreshed_ns, config->linger_ns);
}

FAST_INLINE bool fast_is_forwarded(struct fast_view *view, const struct fast_config *config,
                                   struct fast_frame *frame, struct fast_decision *decision)
{
    if (!fast_is_on(config, frame) || !fast_is_in_vlan(view, config) || fast_is_oversize(view, config, frame))
        return false;
    frame->destination = FAST_BE64(frame->head.words[0]) & 0xffffffffffffULL;
    frame->source = FAST_BE64(frame->head.words[1]) >> 16;
    if (fast_mac_is_group(frame->destination) || fast_mac_is_group(frame->source) ||
        !fast_mac_lives(view, config, frame->source, frame->side, frame->now_ns, true))
        return false;
    if (frame->head.bytes.ethertype == FAST_BE16(FAST_ETHERTYPE_IPV6))
        return fast_bridged(view, config, frame);
    return frame->head.bytes.ethertype == FAST_BE16(FAST_ETHERTYPE_IPV4) &&
           fast_ipv4(view, config, frame, decision);
}

FAST_INLINE __u32 fast_side(const struct fast_config *config, __u32 ifindex)
{
    if (ifindex == config->ifindex[FAST_UPSTREAM])
        return FAST_UPSTREAM;
    return ifindex == config->ifindex[FAST_DOWNSTREAM] ? FAST_DOWNSTREAM : FAST_NO_SIDE;
}

/* The first bytes; false: there are fewer, and no frame that is forwarded is as short. */
FAST_INLINE bool fast_head_read(struct fast_view *view, union fast_head *head)
{
    head->words[0] = 0;
    return fast_head_direct(view, head) ||
           fast_read(view, 0, (__u8 *)head + FAST_HEAD_AT, FAST_HEAD_BYTES) == 0;
}

/* The punt device of the port; 0: it has none. */
FAST_INLINE __u32 fast_punt(const struct fast_config *config, __u32 side)
{
    if (side == FAST_UPSTREAM)
        return config->punt[0];
    return side == FAST_DOWNSTREAM ? config->punt[1] : 0;
}

/* It is a tap: the daemon reads there what is left to it. */
FAST_INLINE bool fast_is_tap(const struct fast_config *config, __u32 side)
{
    return side == FAST_UPSTREAM && config->upstream_tap;
}

/* The daemon takes what is left to it. */
FAST_INLINE bool fast_daemon_lives(const struct fast_config *config, const struct fast_frame *frame)
{
    return (fast_is_tap(config, frame->side) || fast_punt(config, frame->side) != 0) &&
           fast_is_within(frame->now_ns, config->refreshed_ns, FAST_ALIVE_NS);
}

/* What is left is counted as passed to the daemon. */
FAST_INLINE void fast_decide(struct fast_view *view, struct fast_decision *decision)
{
    struct fast_frame frame = {.socket = FAST_NO_SOCKET};
    const struct fast_config *config = fast_config_at(view);
    *decision = (struct fast_decision){.verdict = FAST_LEFT, .side = FAST_NO_SIDE};
    if (config == NULL)
        return;
    decision->side = frame.side = fast_side(config, fast_ifindex(view));
    if (frame.side == FAST_NO_SIDE)
        return;
    frame.out = frame.side == FAST_UPSTREAM ? FAST_DOWNSTREAM : FAST_UPSTREAM;
    frame.length = fast_length(view);
    frame.gso_size = fast_gso_size(view);
    decision->now_ns = frame.now_ns = fast_now_ns(view) + config->clock_ns;
    if (fast_daemon_lives(config, &frame))
        frame.socket = fast_is_tap(config, frame.side) ? FAST_SOCKET_RING : fast_class(view);
    if (fast_head_read(view, &frame.head) && fast_is_forwarded(view, config, &frame, decision))
        decision->verdict = FAST_FORWARDED;
    else if (!frame.counted)
        fast_count_passed(view, &frame);
}

#endif
