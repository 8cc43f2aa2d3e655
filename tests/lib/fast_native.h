/* fast_native.h: src/bpf/fast_decide.h without a kernel: its view of a frame is one in memory.
 * Included by: the tests of the fast path. */
#ifndef PEARPD_TESTS_FAST_NATIVE_H
#define PEARPD_TESTS_FAST_NATIVE_H

#include "fast_decide.h"

#include "fast_check.h"

#include "pearpd/eth.h"
#include "pearpd/l4.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A frame as the kernel has it: the outer tag is beside the bytes. */
struct fast_view {
    const struct fast_memory *memory;
    const uint8_t *bytes; /* behind the addresses and the tag; the addresses are in `macs` */
    const uint8_t *macs;
    __u32 length, gso_size, ifindex;
    bool has_tag;
    __u16 tag_protocol, tag;
    __u64 now_ns;
};

FAST_INLINE int fast_read(struct fast_view *view, __u32 at, void *to, __u32 bytes)
{
    __u8 *into = to;
    if (at + bytes > view->length)
        return -1;
    for (__u32 i = 0; i < bytes; i++)
        into[i] = at + i < 12 ? view->macs[at + i] : view->bytes[at + i - 12];
    return 0;
}

FAST_INLINE bool fast_head_direct(const struct fast_view *view, union fast_head *head)
{
    (void)view, (void)head;
    return false;
}

FAST_INLINE __u32 fast_length(const struct fast_view *view)
{
    return view->length;
}

FAST_INLINE __u32 fast_gso_size(const struct fast_view *view)
{
    return view->gso_size;
}

FAST_INLINE __u32 fast_ifindex(const struct fast_view *view)
{
    return view->ifindex;
}

FAST_INLINE bool fast_has_tag(const struct fast_view *view)
{
    return view->has_tag;
}

FAST_INLINE __u16 fast_tag_protocol(const struct fast_view *view)
{
    return view->tag_protocol;
}

FAST_INLINE __u16 fast_tag(const struct fast_view *view)
{
    return view->tag;
}

FAST_INLINE __u64 fast_now_ns(const struct fast_view *view)
{
    return view->now_ns;
}

FAST_INLINE struct fast_config *fast_config_at(const struct fast_view *view)
{
    return view->memory->config;
}

#define ELEMENT(element, function, part, count)                                  \
    FAST_INLINE struct element *function(const struct fast_view *view, __u32 at) \
    {                                                                            \
        return at < (count) ? &view->memory->part[at] : NULL;                    \
    }
ELEMENT(fast_passed, fast_passed_at, passed, SIDES)
ELEMENT(fast_address_bucket, fast_addresses_at, addresses, FAST_ADDRESS_BUCKETS)
ELEMENT(fast_blocks, fast_blocks_at, blocks, FAST_ADDRESSES)
ELEMENT(fast_leaf, fast_leaves_at, leaves, view->memory->leaf_count)
ELEMENT(fast_slot, fast_slots_at, slots, FAST_SLOTS)
ELEMENT(fast_mac_bucket, fast_macs_at, macs, FAST_MAC_BUCKETS)

static inline struct fast_view view_of(const struct fast_memory *memory, uint64_t now,
                                       const struct fast_check_frame *f)
{
    struct fast_view view = {.memory = memory,
                             .bytes = f->bytes + 12,
                             .macs = f->bytes,
                             .length = (__u32)f->length,
                             .gso_size = f->gso_size,
                             .ifindex = FAST_CHECK_IFINDEX + f->from,
                             .now_ns = now};
    const unsigned outer = f->length < 18 ? 0 : (unsigned)f->bytes[12] << 8 | f->bytes[13];
    if (outer == ETHERTYPE_CTAG || outer == ETHERTYPE_STAG) {
        view.has_tag = true;
        view.tag_protocol = (__u16)outer;
        view.tag = (__u16)(f->bytes[14] << 8 | f->bytes[15]);
        view.bytes += 4;
        view.length -= 4;
    }
    return view;
}

/* What fast_path.bpf.c writes into a frame of which this was decided. */
static inline void fast_rewrite(const struct fast_memory *memory, const struct fast_decision *decision,
                                uint8_t *bytes)
{
    if (decision->slot == 0)
        return;
    if (decision->side == FAST_UPSTREAM)
        memcpy(bytes, memory->slots[decision->slot].mac, MAC_BYTES);
    else if (!memory->config->source_mac_host)
        memcpy(bytes + MAC_BYTES, memory->config->mac, MAC_BYTES);
}

static inline uint64_t fast_passed_sum(const struct fast_memory *memory)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SIDES; i++)
        sum += memory->passed[i].frames[0] + memory->passed[i].frames[1];
    return sum;
}

/* As super_filter.h says. */
static inline uint32_t fast_native_class(const struct fast_check_frame *f)
{
    struct eth eth;
    if (f->gso_size == 0)
        return FAST_SOCKET_RING;
    if (eth_parse(f->bytes, f->length, &eth) != 0 || eth.tags > 1)
        return FAST_SOCKET_ASIDE;
    const unsigned at = eth.ethertype == ETHERTYPE_IPV4 ? 9 : eth.ethertype == 0x86dd ? 6 : UINT16_MAX;
    const bool is_tcp = f->length > eth.payload + at && f->bytes[eth.payload + at] == PROTOCOL_TCP;
    return is_tcp ? FAST_SOCKET_RING : FAST_SOCKET_ASIDE;
}

static inline void fast_native_punt(const struct fast_memory *memory, bool on)
{
    for (unsigned side = 0; side < SIDES; side++)
        memory->config->punt[side] = on;
}

/* As fast_path.bpf.c does with the decision. */
static inline bool fast_native_run(struct fast_check *c, const struct fast_check_frame *f, uint8_t *out)
{
    struct fast_view view = view_of(&c->memory, c->now, f);
    struct fast_decision decision;
    const uint32_t class = fast_class(&view);
    const uint64_t before = fast_passed_sum(&c->memory);
    assert_int_equal(class, fast_native_class(f));
    fast_native_punt(&c->memory, !c->no_daemon);
    fast_decide(&view, &decision);
    if (decision.verdict != FAST_FORWARDED) {
        assert_int_equal(decision.verdict, FAST_LEFT);
        assert_int_equal(fast_passed_sum(&c->memory) - before, c->no_daemon ? 0 : 1);
        return false;
    }
    assert_int_equal(fast_passed_sum(&c->memory), before);
    assert_int_equal(decision.side, f->from);
    memcpy(out, f->bytes, f->length);
    fast_rewrite(&c->memory, &decision, out);
    c->is_bridged = decision.slot == 0;
    return true;
}

#endif
