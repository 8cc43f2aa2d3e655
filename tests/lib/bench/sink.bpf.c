/* sink.bpf.c: checks, counts and drops the frames of `make bench` where they arrive, at tc ingress of the far end: that
 * costs the processor of the contestant, which they are delivered on, as little as possible. Loaded by: sink_bpf.c. */
#include "plan.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile struct sink_constants constants; /* to the verifier; set before the load */

struct sink_counts { /* struct counts of tally.h */
    __u64 right, wrong, doubled, moving, strange, late, wrong_mac, wrong_for;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct sink_counts);
} counts SEC(".maps");

/* A bit for each number. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, PLAN_NUMBERS / 64);
    __type(key, __u32);
    __type(value, __u64);
} seen SEC(".maps");

/* The number of the last frame of each port of the first address. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1 << 16);
    __type(key, __u32);
    __type(value, __u32);
} last SEC(".maps");

/* A field as it is in the frame. A packed struct would be read octet by octet. */
#define FIELD(type, frame, offset) (*(const type *)((const __u8 *)(frame) + (offset)))
#define V4_BYTES                   (PLAN_V4_PAYLOAD + 8)
#define V6_BYTES                   (PLAN_V6_PAYLOAD + 8)

/* One of ours, as it was read; `number` PLAN_NUMBERS or more: not of this plan. */
struct arrival {
    __u32 number, place, owner;
    int up;      /* from an owner to the router, of which there is one */
    __u32 other; /* the host that it may move to, or `owner` */
};

static __always_inline int read_v4(const void *f, const void *end, struct arrival *a)
{
    if (f + V4_BYTES > end || FIELD(__u16, f, 12) != bpf_htons(0x0800) || FIELD(__u8, f, 23) != 17 ||
        FIELD(__u32, f, PLAN_V4_PAYLOAD) != bpf_htonl(PLAN_MARK))
        return 0;
    const struct plan p = {constants.plan.address, constants.plan.addresses, constants.plan.ranges,
                           constants.plan.width,   constants.plan.hosts,     constants.plan.moving};
    a->up = bpf_ntohl(FIELD(__u32, f, 30)) == PLAN_REMOTE;
    const __u32 address = bpf_ntohl(a->up ? FIELD(__u32, f, 26) : FIELD(__u32, f, 30)) - p.address;
    const __u32 port = (__u32)bpf_ntohs(a->up ? FIELD(__u16, f, 34) : FIELD(__u16, f, 36)) - PLAN_FIRST_PORT;
    a->number = PLAN_NUMBERS;
    if (address < p.addresses && port < plan_ports(&p)) {
        a->number = bpf_ntohl(FIELD(__u32, f, PLAN_V4_PAYLOAD + 4));
        a->place = address << 16 | port;
        a->owner = plan_owner(&p, address, port);
        a->other = plan_moves(&p, port) ? a->owner + p.hosts : a->owner;
    }
    return 1;
}

static __always_inline int read_v6(const void *f, const void *end, struct arrival *a)
{
    if (f + V6_BYTES > end || FIELD(__u16, f, 12) != bpf_htons(0x86dd) || FIELD(__u8, f, 20) != 17 ||
        FIELD(__u32, f, PLAN_V6_PAYLOAD) != bpf_htonl(PLAN_MARK))
        return 0;
    a->number = bpf_ntohl(FIELD(__u32, f, PLAN_V6_PAYLOAD + 4));
    a->place = a->owner = a->other = bpf_ntohl(FIELD(__u32, f, 50));
    return 1;
}

/* Counts a frame that comes after a later one of its flow. */
static __always_inline void check_order(struct sink_counts *c, const struct arrival *a)
{
    const __u32 place = a->place & 0xffff;
    __u32 *newest = bpf_map_lookup_elem(&last, &place);
    if (newest == 0)
        return;
    if (a->number < *newest)
        c->late++;
    else
        *newest = a->number;
}

SEC("tc")
int sink(struct __sk_buff *skb)
{
    const void *data = (const void *)(long)skb->data, *end = (const void *)(long)skb->data_end;
    struct arrival a = {0};
    __u32 zero = 0;
    struct sink_counts *c = bpf_map_lookup_elem(&counts, &zero);
    if (c == 0 || (!read_v4(data, end, &a) && !read_v6(data, end, &a)))
        return TC_ACT_OK;
    const __u32 word = a.number / 64;
    const __u64 bit = 1ULL << (a.number % 64);
    __u64 *known = bpf_map_lookup_elem(&seen, &word);
    if (known == 0) {
        c->strange++;
    } else if (__sync_fetch_and_or(known, bit) & bit) {
        c->doubled++;
    } else if (a.up ||
               (FIELD(__u16, data, 0) == bpf_htons(PLAN_MAC) &&
                (FIELD(__u32, data, 2) == bpf_htonl(a.owner) || FIELD(__u32, data, 2) == bpf_htonl(a.other)))) {
        c->right++;
        c->moving += a.owner != a.other;
        if (constants.ordered)
            check_order(c, &a);
    } else {
        c->wrong++;
        c->wrong_mac = bpf_ntohl(FIELD(__u32, data, 2));
        c->wrong_for = a.place;
    }
    return TC_ACT_SHOT;
}

char sink_license[] SEC("license") = "Dual MIT/GPL";
