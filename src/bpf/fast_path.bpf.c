/* fast_path.bpf.c: the programs of the fast path, as the kernel runs them: one where the frames of both ports come in, and a
 * filter at each packet socket of the daemon, at the punt devices.
 * In: frames, the maps of fast_layout.h. Out: frames at the other port, or at the punt device of theirs, counts. Loaded by:
 * fast_loader.c.
 *
 * The daemon's sockets are at the punt devices, so that a frame which is forwarded here passes no packet socket. Nothing else
 * receives there: such a device drops what leaves by it, once the sockets have seen it.
 *
 * The frames of a tap come in at its egress: the stack of this machine, which is the router, sends them. What is left there
 * goes on into the tap, whose other end the daemon reads. What is forwarded to a tap, the stack receives by it. */
#include "fast_decide.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#define WHOLE_FRAME 0x7fffffff /* what a filter returns is a length */

#define SHARED_MAP(name, count, element)   \
    struct {                               \
        __uint(type, BPF_MAP_TYPE_ARRAY);  \
        __uint(map_flags, BPF_F_MMAPABLE); \
        __uint(max_entries, count);        \
        __type(key, __u32);                \
        __type(value, element);            \
    } name SEC(".maps")

/* The loader sets the number of leaves, and of counts to FAST_SLOTS for each column. */
SHARED_MAP(fast_config, 1, struct fast_config);
SHARED_MAP(fast_passed, 2, struct fast_passed);
SHARED_MAP(fast_addresses, FAST_ADDRESS_BUCKETS, struct fast_address_bucket);
SHARED_MAP(fast_blocks, FAST_ADDRESSES, struct fast_blocks);
SHARED_MAP(fast_leaves, 1, struct fast_leaf);
SHARED_MAP(fast_slots, FAST_SLOTS, struct fast_slot);
SHARED_MAP(fast_counts, FAST_SLOTS, struct fast_counts);
SHARED_MAP(fast_macs, FAST_MAC_BUCKETS, struct fast_mac_bucket);
SHARED_MAP(fast_attached, 1, struct fast_attached);

/* Where the functions of a view come from. */

struct fast_view {
    struct __sk_buff *frame;
};

/* The part of the frame that the program sees without a call. */
FAST_INLINE __u8 *start_of(const struct __sk_buff *skb)
{
    return (__u8 *)(long)skb->data;
}

FAST_INLINE __u8 *end_of(const struct __sk_buff *skb)
{
    return (__u8 *)(long)skb->data_end;
}

FAST_INLINE int fast_read(struct fast_view *view, __u32 at, void *to, __u32 bytes)
{
    return (int)bpf_skb_load_bytes(view->frame, at, to, bytes);
}

/* The kernel has them in one piece nearly always. Each word is aligned where the frame is, by two. */
FAST_INLINE bool fast_head_direct(const struct fast_view *view, union fast_head *head)
{
    const __u8 *bytes = start_of(view->frame);
    if (bytes + FAST_HEAD_BYTES > end_of(view->frame))
        return false;
    for (int i = 1; i < 4; i++)
        head->halves[i] = *(const __u16 *)(const void *)(bytes + 2 * i - FAST_HEAD_AT);
    for (int i = 1; i < 5; i++)
        head->words[i] = *(const __u64 *)(const void *)(bytes + 8 * i - FAST_HEAD_AT);
    return true;
}

FAST_INLINE __u32 fast_length(const struct fast_view *view)
{
    return view->frame->len;
}

FAST_INLINE __u32 fast_gso_size(const struct fast_view *view)
{
    return view->frame->gso_size;
}

FAST_INLINE __u32 fast_ifindex(const struct fast_view *view)
{
    return view->frame->ifindex;
}

FAST_INLINE bool fast_has_tag(const struct fast_view *view)
{
    return view->frame->vlan_present != 0;
}

FAST_INLINE __u16 fast_tag_protocol(const struct fast_view *view)
{
    return FAST_BE16((__u16)view->frame->vlan_proto);
}

FAST_INLINE __u16 fast_tag(const struct fast_view *view)
{
    return (__u16)view->frame->vlan_tci;
}

FAST_INLINE __u64 fast_now_ns(const struct fast_view *view)
{
    (void)view;
    return bpf_ktime_get_coarse_ns();
}

#define ELEMENT(map, element, function)                                          \
    FAST_INLINE struct element *function(const struct fast_view *view, __u32 at) \
    {                                                                            \
        (void)view;                                                              \
        return bpf_map_lookup_elem(&map, &at);                                   \
    }
ELEMENT(fast_passed, fast_passed, fast_passed_at)
ELEMENT(fast_addresses, fast_address_bucket, fast_addresses_at)
ELEMENT(fast_blocks, fast_blocks, fast_blocks_at)
ELEMENT(fast_leaves, fast_leaf, fast_leaves_at)
ELEMENT(fast_slots, fast_slot, fast_slots_at)
ELEMENT(fast_macs, fast_mac_bucket, fast_macs_at)
ELEMENT(fast_counts, fast_counts, counts_at)

FAST_INLINE struct fast_config *fast_config_at(const struct fast_view *view)
{
    const __u32 at = 0;
    (void)view;
    return bpf_map_lookup_elem(&fast_config, &at);
}

/* The filters. */

FAST_INLINE int filter(struct __sk_buff *skb, __u32 socket)
{
    struct fast_view view = {skb};
    return skb->mark == FAST_PUNT_MARK && fast_class(&view) == socket ? WHOLE_FRAME : 0;
}

SEC("socket")
int fast_ring(struct __sk_buff *skb)
{
    return filter(skb, FAST_SOCKET_RING);
}

SEC("socket")
int fast_aside(struct __sk_buff *skb)
{
    return filter(skb, FAST_SOCKET_ASIDE);
}

/* At the ports. */

FAST_INLINE void add(const struct fast_config *config, __u64 *to, __u64 more)
{
    if (config->atomic)
        __sync_fetch_and_add(to, more);
    else
        *to += more;
}

FAST_INLINE void count_port(struct fast_counts *counts, const struct fast_decision *decision)
{
    const __u32 window = (__u32)(decision->now_ns / FAST_WINDOW_NS);
    counts->from_owner_ns = decision->now_ns;
    if (counts->window != window) {
        counts->window_before = counts->window;
        counts->low_before = counts->low;
        counts->high_before = counts->high;
        counts->window = window;
        counts->low = counts->high = decision->port;
    }
    if (decision->port < counts->low)
        counts->low = decision->port;
    if (decision->port > counts->high)
        counts->high = decision->port;
}

FAST_INLINE void count(struct fast_view *view, const struct fast_config *config,
                       const struct fast_decision *decision)
{
    const __u32 processor = bpf_get_smp_processor_id();
    const __u32 column = processor < config->columns ? processor : processor % config->columns;
    const __u64 bytes = fast_length(view) + (fast_has_tag(view) ? FAST_TAG_BYTES : 0);
    struct fast_counts *counts = counts_at(view, column * FAST_SLOTS + decision->slot);
    if (counts == NULL)
        return;
    if (decision->side == FAST_UPSTREAM) {
        add(config, &counts->to_owner_frames, 1);
        add(config, &counts->to_owner_bytes, bytes);
        return;
    }
    add(config, &counts->from_owner_frames, 1);
    add(config, &counts->from_owner_bytes, bytes);
    count_port(counts, decision);
}

FAST_INLINE bool put_mac(struct __sk_buff *skb, __u32 at, const __u8 mac[6])
{
    __u8 *bytes = start_of(skb);
    if (bytes + FAST_ETH_BYTES > end_of(skb))
        return bpf_skb_store_bytes(skb, at, mac, 6, 0) == 0;
    for (int i = 0; i < 6; i += 2)
        *(__u16 *)(void *)(bytes + at + i) = *(const __u16 *)(const void *)(mac + i);
    return true;
}

/* True where the frame is what it has to be when it leaves. */
FAST_INLINE bool rewrite(struct fast_view *view, const struct fast_config *config,
                         const struct fast_decision *decision)
{
    if (decision->slot == 0)
        return true;
    if (decision->side == FAST_DOWNSTREAM)
        return config->source_mac_host || put_mac(view->frame, 6, config->mac);
    const struct fast_slot *slot = fast_slots_at(view, decision->slot);
    return slot != NULL && put_mac(view->frame, 0, slot->mac);
}

/* A copy: the kernel's own stack, and interfaces on top of the port, receive what is for them as without pearpd. */
FAST_INLINE int leave(struct __sk_buff *skb, const struct fast_config *config, __u32 side)
{
    const __u32 punt = fast_punt(config, side), mark = skb->mark;
    if (punt == 0)
        return TC_ACT_UNSPEC;
    skb->mark = FAST_PUNT_MARK;
    bpf_clone_redirect(skb, punt, 0);
    skb->mark = mark;
    return TC_ACT_UNSPEC;
}

FAST_INLINE int forward(struct fast_view *view, const struct fast_config *config,
                        const struct fast_decision *decision)
{
    if (!rewrite(view, config, decision))
        return TC_ACT_SHOT;
    count(view, config, decision);
    if (decision->side == FAST_UPSTREAM)
        return (int)bpf_redirect(config->ifindex[FAST_DOWNSTREAM], 0);
    return (int)bpf_redirect(config->ifindex[FAST_UPSTREAM], config->upstream_tap ? BPF_F_INGRESS : 0);
}

SEC("tc")
int fast_ingress(struct __sk_buff *skb)
{
    struct fast_view view = {skb};
    struct fast_decision decision;
    const struct fast_config *config = fast_config_at(&view);
    if (config == NULL)
        return TC_ACT_UNSPEC;
    fast_decide(&view, &decision);
    return decision.verdict == FAST_FORWARDED ? forward(&view, config, &decision)
                                              : leave(skb, config, decision.side);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
