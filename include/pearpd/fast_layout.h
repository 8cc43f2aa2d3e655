/* fast_layout.h: the memory that the daemon and the fast path's programs in the kernel share.
 * Included by: the programs (src/bpf), and the code that writes this memory (src/io). Plain data of fixed layout; no
 * pointer. A change of any of it changes FAST_LAYOUT_VERSION, which is part of the name under which it is pinned.
 *
 * The daemon is the only writer, but where a line says otherwise, and writes while the programs read. What a program
 * found a moment ago must therefore not become something else under its hands: a slot or a leaf that was given up is
 * not used again for FAST_QUARANTINE_NS, far longer than any program runs.
 *
 *   addresses   IPv4 address -> index          blocks   index, port / 64 -> slot or leaf
 *   leaves      port % 64 -> slot              slots    one binding: its owner, and whether it is forwarded
 *   counts      what was forwarded, for each processor and slot; slot 0: the bridged rest
 *   macs        MAC address -> side            config   one element */
#ifndef PEARPD_FAST_LAYOUT_H
#define PEARPD_FAST_LAYOUT_H

#include <linux/types.h>

#define FAST_LAYOUT_VERSION 5
#define FAST_QUARANTINE_NS  1000000000ULL

#define FAST_SLOTS           65536 /* 0 is none */
#define FAST_ADDRESSES       256
#define FAST_BLOCKS          1024
#define FAST_BLOCK_PORTS     64
#define FAST_LEAVES_MAX      65536
#define FAST_COLUMNS_MAX     16 /* of counts; with more processors several share one, and add atomically */
#define FAST_MAC_WAYS        8
#define FAST_MAC_BUCKETS     4096 /* a power of two */
#define FAST_ADDRESS_WAYS    4
#define FAST_ADDRESS_BUCKETS 512 /* a power of two */

/* The daemon writes fast_config.refreshed_ns each second. One that did not for this long takes nothing any more, and no
 * binding waits for it. */
#define FAST_ALIVE_NS 3000000000ULL

/* The programs know the time to a tick of the kernel's clock: a clock that is exact costs a third of a frame. */
#define FAST_TICK_NS 10000000ULL

/* skb->mark of a frame at a punt device: any other there was sent by the bridge's own system. */
#define FAST_PUNT_MARK 0x50454152

/* As enum side: the port that a frame comes in by. */
#define FAST_UPSTREAM   0
#define FAST_DOWNSTREAM 1

/* The two ways of a slot: to its owner, from it. */
#define FAST_TO_OWNER   0
#define FAST_FROM_OWNER 1

/* The sockets of a port, as packet_port.c has them. */
#define FAST_SOCKET_RING  0
#define FAST_SOCKET_ASIDE 1

/* One element. */
struct fast_config {
    __u64 refreshed_ns; /* CLOCK_BOOTTIME, as all times here; the daemon was alive then */
    __u64 linger_ns;    /* this long after it nothing is forwarded any more */
    __u64 mac_age_ns;
    __u64 mac_key;     /* odd; of fast_mac_bucket_of(); written by fast_table.c, as is the next */
    __u64 address_key; /* odd; of fast_address_bucket_of() */
    __u32 ifindex[2];  /* of the ports, by side */
    __u32 punt
        [2]; /* where what came in by that side goes if it is left to the daemon; 0: nowhere, the stack has it */
    __u32 up[2]; /* the port's link is up */
    __u32 frame_bytes
        [2];           /* the longest frame without a tag that may leave by that side, UINT32_MAX: any; no limit
                             for a super-frame */
    __u32 limit_bytes; /* [limits] frame-bytes, tag included; UINT32_MAX: none */
    __u32 columns;     /* of counts */
    __u32 atomic;      /* several processors share a column */
    __u32 active;      /* 0: nothing is forwarded */
    __u16 vlan;        /* 0: untagged */
    __u16 source_mac_host; /* a host's source MAC address stays */
    __u8 mac[6];           /* the bridge's */
    __u8 upstream_tap;     /* its frames come in at its egress, and what it is to receive goes to its ingress */
    __u8 upstream_macs_bridge; /* only frames from `mac` leave upstream */
    __u64 clock_ns; /* the daemon's CLOCK_BOOTTIME less the kernel's CLOCK_MONOTONIC, as of refreshed_ns */
};

/* A state: DEAD, FORWARD, or the number of the last frame of this way that was left to the daemon (FAST_PENDING), which
 * forwards itself until it has taken that frame: so no frame overtakes another. The daemon replaces a number by FORWARD,
 * with compare-and-swap. A program that leaves a frame to the daemon puts the frame's number, which it got from
 * fast_passed before, in the same way: it tries again while a lower number, or one of the other socket, is there. If it
 * meets FORWARD, it takes its frame out of fast_passed again and forwards it; if DEAD or a higher number, it leaves it. */
#define FAST_DEAD                    0ULL
#define FAST_FORWARD                 1ULL
#define FAST_PENDING(number, socket) ((((__u64)(number) + 1) << 1) | (__u64)(socket))
#define FAST_PENDING_NUMBER(state)   (((state) >> 1) - 1)
#define FAST_PENDING_SOCKET(state)   ((state)&1)

/* One cache line. The programs write `state` only, and read nothing from `set_offset` on. */
struct fast_slot {
    __u64 state[2];              /* by way */
    __u32 address;               /* host byte order, as all that is no MAC address here */
    __u16 first, last;           /* the lowest and highest port */
    __u8 mac[6];                 /* the owner's */
    __u8 set_offset;             /* of a port set, */
    __u8 set_length;             /* 0: a range */
    __u64 given_to_owner_frames; /* of its counts: what the daemon already knows */
    __u64 given_to_owner_bytes;
    __u64 given_from_owner_frames;
    __u64 given_from_owner_bytes;
};
_Static_assert(sizeof(struct fast_slot) == 64, "a cache line");

#define FAST_LEAF 0x80000000U /* in a word of fast_blocks: the rest is the number of a leaf, else of a slot */

struct fast_blocks {
    __u32 words[FAST_BLOCKS];
};
struct fast_leaf {
    __u16 slots[FAST_BLOCK_PORTS];
};

/* Frames with their Ethernet header and tag. Written by the programs, and never set back: the next binding of a slot
 * counts on from there. Of slot 0: bridged frames that came in by FAST_UPSTREAM (to_owner) and by FAST_DOWNSTREAM
 * (from_owner). */
struct fast_counts {
    __u64 to_owner_frames, to_owner_bytes;
    __u64 from_owner_frames, from_owner_bytes;
    __u64 from_owner_ns; /* the last one, up to FAST_TICK_NS too early */
    __u32 window;        /* from_owner_ns / FAST_WINDOW_NS of the two below */
    __u16 low, high;     /* the lowest and highest port that the owner sent from in that window */
    __u32 window_before; /* the same of the last window before it: the daemon may look right behind its end */
    __u16 low_before, high_before;
    __u64 unused;
};
#define FAST_WINDOW_NS 1000000000ULL

/* 0: nothing is here. */
struct fast_address {
    __u32 address;
    __u32 index_plus_1;
};
struct fast_address_bucket {
    struct fast_address ways[FAST_ADDRESS_WAYS];
};

/* `key`: the six octets as a number, the first octet highest, and above them FAST_MAC_HELD and the side. Without
 * FAST_MAC_HELD the programs do not know the address: it waits until the daemon has taken the frames that were left to it.
 * `seen_ns` is written by the programs too. */
#define FAST_MAC_HELD    (1ULL << 63)
#define FAST_MAC_SIDE(n) ((__u64)(n) << 62)
struct fast_mac {
    __u64 key;
    __u64 seen_ns;
};
struct fast_mac_bucket {
    struct fast_mac ways[FAST_MAC_WAYS];
};

/* `mac`: the six octets alone. Twice multiplied: addresses are often consecutive, and one product leaves them in rows. */
static inline __u32 fast_mac_bucket_of(__u64 mac, __u64 key)
{
    const __u64 product = mac * key;
    return (__u32)(((product ^ product >> 32) * 0x9e3779b97f4a7c15ULL) >> 40) & (FAST_MAC_BUCKETS - 1);
}

static inline __u32 fast_address_bucket_of(__u32 address, __u64 key)
{
    return (__u32)((address * key) >> 40) & (FAST_ADDRESS_BUCKETS - 1);
}

/* Frames that were left to the daemon, in the order of its ring. Written by the programs, atomically. */
struct fast_passed {
    __u64 frames[2]; /* by socket */
};

/* One element. Of the loader alone: where the program of the ports is attached, by side; 0: nowhere. */
struct fast_attached {
    __u32 ifindex[2];
    __u32 made_qdisc[2];  /* the clsact qdisc came with it, */
    __u32 promiscuous[2]; /* and IFF_PROMISC */
};

#endif
