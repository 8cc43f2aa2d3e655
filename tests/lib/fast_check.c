/* fast_check.c: see fast_check.h. */
#include "fast_check.h"

#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ETHERTYPE_IPV6 0x86dd

/* What the engine tells. */

static uint32_t put(void *context, const struct port_range *ports, struct mac owner)
{
    struct fast_check *c = context;
    const uint32_t slot = fast_table_put(c->table, c->now, ports, owner);
    assert_true(slot < FAST_SLOTS);
    if (slot >= c->slots_used)
        c->slots_used = slot + 1;
    if (slot != 0)
        c->slots[slot] = (struct fast_check_slot){true, *ports, owner};
    return slot;
}

static void remove_slot(void *context, uint32_t slot)
{
    struct fast_check *c = context;
    assert_true(c->slots[slot].is_put);
    c->slots[slot].is_put = false;
    fast_table_remove(c->table, c->now, slot);
}

static void take(void *context, uint32_t slot, struct fast_growth *growth)
{
    struct fast_check *c = context;
    fast_table_take(c->table, slot, growth);
}

static bool rest(void *context, struct fast_rest *given)
{
    struct fast_check *c = context;
    return fast_table_rest(c->table, c->now, given);
}

static void bridged(void *context, uint64_t frames[SIDES])
{
    struct fast_check *c = context;
    fast_table_bridged(c->table, frames);
}

static int mac_at(const struct fast_check *c, struct mac mac)
{
    for (unsigned i = 0; i < c->mac_count; i++)
        if (mac_equal(c->macs[i].mac, mac))
            return (int)i;
    return -1;
}

static void mac_put(void *context, struct mac mac, enum side side, uint64_t now_ns)
{
    struct fast_check *c = context;
    int at = mac_at(c, mac);
    fast_table_mac_put(c->table, now_ns, mac, side);
    if (at < 0 && c->mac_count < FAST_CHECK_MACS)
        at = (int)c->mac_count++;
    if (at < 0)
        return;
    c->macs[at].mac = mac;
    c->macs[at].side = side;
}

static void mac_remove(void *context, struct mac mac)
{
    struct fast_check *c = context;
    const int at = mac_at(c, mac);
    fast_table_mac_remove(c->table, mac);
    if (at >= 0)
        c->macs[at] = c->macs[--c->mac_count];
}

static uint64_t mac_seen(void *context, struct mac mac)
{
    struct fast_check *c = context;
    return fast_table_mac_seen(c->table, mac);
}

static void clear(void *context)
{
    struct fast_check *c = context;
    fast_table_clear(c->table, c->now);
    memset(c->slots, 0, FAST_SLOTS * sizeof(*c->slots));
    c->mac_count = 0;
}

/* What the engine does with a frame. */

static void note_send(void *context, enum side to, const struct frame *frame)
{
    struct fast_check *c = context;
    c->sent++;
    c->sent_by = to;
    c->sent_length = frame->length;
    if (frame->length <= sizeof(c->sent_bytes))
        memcpy(c->sent_bytes, frame->bytes, frame->length);
}

static void note_generated(void *context, enum side to, const struct tx_frame *made)
{
    struct fast_check *c = context;
    (void)to, (void)made;
    c->others++;
}

static void note_event(void *context, const struct event *event)
{
    struct fast_check *c = context;
    (void)event;
    c->others++;
}

/* Life. */

static void *zeroed(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    assert_non_null(memory);
    return memory;
}

static struct fast_memory memory_new(void)
{
    return (struct fast_memory){
        .config = zeroed(1, sizeof(struct fast_config)),
        .passed = zeroed(SIDES, sizeof(struct fast_passed)),
        .addresses = zeroed(FAST_ADDRESS_BUCKETS, sizeof(struct fast_address_bucket)),
        .blocks = zeroed(FAST_ADDRESSES, sizeof(struct fast_blocks)),
        .leaves = zeroed(FAST_CHECK_LEAVES, sizeof(struct fast_leaf)),
        .slots = aligned_alloc(64, FAST_SLOTS * sizeof(struct fast_slot)),
        .counts = zeroed(FAST_SLOTS, sizeof(struct fast_counts)),
        .macs = zeroed(FAST_MAC_BUCKETS, sizeof(struct fast_mac_bucket)),
        .leaf_count = FAST_CHECK_LEAVES,
        .column_count = 1,
    };
}

static void memory_free(const struct fast_memory *m)
{
    void *const parts[] = {m->config, m->passed, m->addresses, m->blocks,
                           m->leaves, m->slots,  m->counts,    m->macs};
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        free(parts[i]);
}

static void fill_config(struct fast_check *c)
{
    struct fast_config *to = c->memory.config;
    to->linger_ns = 60 * S;
    to->mac_age_ns = c->config->limits.mac_age_s * S;
    to->columns = c->memory.column_count;
    to->limit_bytes = c->config->limits.frame_bytes == 0 ? UINT32_MAX : c->config->limits.frame_bytes;
    to->vlan = c->config->vlan;
    to->source_mac_host = c->config->source_mac_host;
    to->upstream_macs_bridge = c->config->upstream_macs_bridge;
    memcpy(to->mac, c->config->mac.octets, MAC_BYTES);
    for (unsigned side = 0; side < SIDES; side++) {
        to->ifindex[side] = FAST_CHECK_IFINDEX + side;
        to->up[side] = 1;
        to->frame_bytes[side] = UINT32_MAX;
    }
    to->refreshed_ns = c->now;
    to->active = 1;
}

static void fill_addresses(struct fast_check *c)
{
    struct ipv4 addresses[FAST_ADDRESSES];
    size_t count = 0;
    for (; count < c->config->address_count && count < FAST_ADDRESSES; count++)
        addresses[count] = c->config->addresses[count].address;
    assert_int_equal(fast_table_set_addresses(c->table, c->now, addresses, count), 0);
}

void fast_check_begin(struct fast_check *c, const struct config *config, const struct engine_seed *seed,
                      uint64_t now_ns, const struct fast_memory *memory)
{
    *c = (struct fast_check){.run = c->run,
                             .context = c->context,
                             .seed = c->seed,
                             .no_tags = c->no_tags,
                             .no_daemon_every = c->no_daemon_every};
    c->config = config;
    c->now = now_ns;
    c->owns_memory = memory == NULL;
    c->memory = memory == NULL ? memory_new() : *memory;
    if (c->owns_memory)
        memset(c->memory.slots, 0, FAST_SLOTS * sizeof(struct fast_slot));
    c->slots = zeroed(FAST_SLOTS, sizeof(*c->slots));
    c->table = fast_table_new(&c->memory);
    assert_non_null(c->table);
    fill_config(c);
    fill_addresses(c);
    c->out = (struct engine_out){c, note_send, note_generated, note_event, NULL};
    c->path = (struct fast_path){.context = c,
                                 .put = put,
                                 .remove = remove_slot,
                                 .take = take,
                                 .rest = rest,
                                 .bridged = bridged,
                                 .mac_put = mac_put,
                                 .mac_remove = mac_remove,
                                 .mac_seen = mac_seen,
                                 .clear = clear};
    c->engine = engine_new(config, seed);
    assert_non_null(c->engine);
    engine_fast_set(c->engine, c->now, &c->path);
    engine_start(c->engine, c->now, &c->out);
}

void fast_check_end(struct fast_check *c)
{
    engine_fast_set(c->engine, c->now, NULL);
    engine_free(c->engine);
    fast_table_free(c->table);
    if (c->owns_memory)
        memory_free(&c->memory);
    free(c->slots);
}

/* The daemon has taken all that was left to it. */
static void activate(struct fast_check *c)
{
    struct fast_taken taken[SIDES] = {0};
    for (unsigned side = 0; side < SIDES; side++) {
        memcpy(taken[side].frames, c->memory.passed[side].frames, sizeof(taken[side].frames));
        taken[side].empty[0] = taken[side].empty[1] = true;
    }
    while (fast_table_activate(c->table, c->now, taken) > 0)
        ;
}

void fast_check_pass(struct fast_check *c, uint64_t until_ns)
{
    while (engine_next(c->engine) <= until_ns) {
        if (engine_next(c->engine) > c->now)
            c->now = engine_next(c->engine);
        engine_tick(c->engine, c->now, &c->out);
    }
    if (until_ns > c->now)
        c->now = until_ns;
    c->memory.config->refreshed_ns = c->now;
    activate(c);
}

void fast_check_link(struct fast_check *c, enum side side, uint32_t mtu_bytes)
{
    engine_link(c->engine, c->now, side, true, mtu_bytes, &c->out);
    c->memory.config->frame_bytes[side] = mtu_bytes == 0 ? UINT32_MAX : mtu_bytes + ETH_HEADER_BYTES;
}

/* The slow model. */

static bool is_active(struct fast_check *c, struct mac mac, enum side side)
{
    const uint64_t number = mac_number(mac);
    const struct fast_mac_bucket *bucket =
        &c->memory.macs[fast_mac_bucket_of(number, c->memory.config->mac_key)];
    const int at = mac_at(c, mac);
    if (at < 0 || c->macs[at].side != side ||
        fast_table_mac_seen(c->table, mac) + c->memory.config->mac_age_ns <= c->now)
        return false;
    for (unsigned i = 0; i < FAST_MAC_WAYS; i++)
        if (bucket->ways[i].key == (FAST_MAC_HELD | FAST_MAC_SIDE(side) | number))
            return true;
    return false; /* it waits for order, or its bucket is full */
}

static bool is_shared(const struct fast_check *c, struct ipv4 address)
{
    for (size_t i = 0; i < c->config->address_count; i++)
        if (c->config->addresses[i].address.host == address.host)
            return true;
    return false;
}

/* `sender`: whom the frame is from; the owner, or not. */
static bool is_owned(const struct fast_check *c, struct ipv4 address, uint16_t port, unsigned way,
                     struct mac sender)
{
    for (unsigned i = 1; i < c->slots_used; i++) {
        const struct fast_check_slot *slot = &c->slots[i];
        if (slot->is_put && slot->ports.range.address.host == address.host &&
            port_range_has(&slot->ports, port))
            return mac_equal(slot->owner, sender) == (way == FAST_FROM_OWNER) &&
                   (c->memory.slots[i].state[way] == FAST_FORWARD || c->no_daemon);
    }
    return false;
}

static bool ipv4_should(struct fast_check *c, const struct fast_check_frame *f, const struct eth *eth)
{
    struct ipv4_packet ip;
    struct l4_ports ports = {0, 0};
    const uint8_t *payload = f->bytes + eth->payload;
    if (ipv4_packet_parse(payload, f->length - eth->payload, &ip) != 0 || ip.broken ||
        ipv4_packet_is_fragment(&ip))
        return false;
    const uint8_t *body = payload + ip.body;
    const bool has_ports = l4_parse_ports(ip.protocol, body, ip.body_length, &ports) == 0;
    const bool is_dhcp = ip.protocol == PROTOCOL_UDP && (ports.destination == 67 || ports.destination == 68);
    const bool from = is_shared(c, ip.source), to = is_shared(c, ip.destination);
    if (!from && !to)
        return !is_dhcp && (ip.protocol != PROTOCOL_UDP || has_ports) &&
               is_active(c, eth->destination, side_other(f->from));
    if (from && to)
        return false;
    if (!has_ports || is_dhcp)
        return false;
    if (to)
        return f->from == SIDE_UPSTREAM &&
               is_owned(c, ip.destination, ports.destination, FAST_TO_OWNER, eth->source);
    const bool is_group = ip.destination.host >> 28 == 14 || ip.destination.host == UINT32_MAX;
    const bool is_well_known =
        ip.protocol == PROTOCOL_UDP && ports.source < 1024 && ports.source == ports.destination;
    return f->from == SIDE_DOWNSTREAM && !is_group && !is_well_known &&
           !(ip.protocol == PROTOCOL_UDP && ports.source == 68) &&
           !l4_may_be_refusal(ip.protocol, body, ip.body_length) &&
           is_active(c, eth->destination, SIDE_UPSTREAM) &&
           is_owned(c, ip.source, ports.source, FAST_FROM_OWNER, eth->source);
}

/* What the fast path is for, where the engine has nothing else to do than to send it. */
static bool should(struct fast_check *c, const struct fast_check_frame *f)
{
    struct eth eth;
    if (eth_parse(f->bytes, f->length, &eth) != 0 || mac_is_group(eth.destination) || mac_is_group(eth.source))
        return false;
    if ((c->no_tags && eth.tags > 0) || eth.tags > 1 || (eth.tags == 1) != (c->config->vlan != 0))
        return false;
    if (eth.tags == 1 && (eth.outer_tpid != ETHERTYPE_CTAG || eth_vid(&eth) != c->config->vlan))
        return false;
    if (!is_active(c, eth.source, f->from))
        return false;
    if (eth.ethertype == ETHERTYPE_IPV6)
        return f->length - eth.payload >= 24 && is_active(c, eth.destination, side_other(f->from));
    return eth.ethertype == ETHERTYPE_IPV4 && ipv4_should(c, f, &eth);
}

/* Frames. */

static void print_frame(const struct fast_check *c, const struct fast_check_frame *f)
{
    fprintf(stderr, "# SEED=%llu RUNS=1\n", (unsigned long long)c->seed);
    fprintf(stderr, "# frame from %s, %zu bytes, gso_size %u:\n#", side_name(f->from), f->length, f->gso_size);
    for (size_t i = 0; i < f->length && i < 80; i++)
        fprintf(stderr, " %02x", f->bytes[i]);
    fprintf(stderr, "\n");
}

#define CHECK_THAT(condition)                              \
    do {                                                   \
        if (!(condition)) {                                \
            fprintf(stderr, "# not so: %s\n", #condition); \
            print_frame(c, f);                             \
        }                                                  \
        assert_true(condition);                            \
    } while (0)

static void compare(const struct fast_check *c, const struct fast_check_frame *f, const uint8_t *forwarded,
                    struct verdict verdict, struct engine_stats before)
{
    const enum side out = side_other(f->from);
    before.in[f->from]++;
    before.out[out]++;
    CHECK_THAT(verdict.fate == FATE_SENT);
    CHECK_THAT(c->sent == 1);
    CHECK_THAT(c->others == 0);
    CHECK_THAT(c->sent_by == out);
    CHECK_THAT(c->sent_length == f->length);
    CHECK_THAT(memcmp(c->sent_bytes, forwarded, f->length) == 0);
    CHECK_THAT(memcmp(engine_stats(c->engine), &before, sizeof(before)) == 0);
}

void fast_check_give(struct fast_check *c, const struct fast_check_frame *f)
{
    static uint8_t copy[FAST_CHECK_BYTES], forwarded[FAST_CHECK_BYTES];
    assert_true(f->length <= sizeof(copy));
    c->no_daemon = c->no_daemon_every != 0 && c->frames % c->no_daemon_every == 0;
    const bool is_wanted = should(c, f);
    const bool is_forwarded = c->run(c, f, forwarded);
    const struct engine_stats before = *engine_stats(c->engine);
    const uint64_t changes = engine_changes(c->engine), next = engine_next(c->engine);
    memcpy(copy, f->bytes, f->length);
    struct frame frame = {
        .bytes = copy, .length = f->length, .wire_length = f->length, .super = f->gso_size != 0};
    c->sent = c->others = 0;
    const struct verdict verdict = engine_frame(c->engine, c->now, f->from, &frame, &c->out);
    c->frames++;
    if (is_forwarded) {
        CHECK_THAT(is_wanted);
        compare(c, f, forwarded, verdict, before);
        CHECK_THAT(engine_changes(c->engine) == changes);
        CHECK_THAT(engine_next(c->engine) == next);
        c->forwarded++;
        ++*(c->is_bridged ? &c->bridged : f->from == SIDE_UPSTREAM ? &c->to_owner : &c->from_owner);
    }
    if (!is_wanted || verdict.fate != FATE_SENT || c->sent != 1 || c->others != 0)
        return;
    c->should++;
    if (is_forwarded)
        return;
    if (c->missed++ == 0 && getenv("SHOW") != NULL)
        print_frame(c, f);
}

void fast_check_add(struct fast_check *sum, const struct fast_check *c)
{
    sum->frames += c->frames;
    sum->forwarded += c->forwarded;
    sum->should += c->should;
    sum->missed += c->missed;
    sum->to_owner += c->to_owner;
    sum->from_owner += c->from_owner;
    sum->bridged += c->bridged;
}

void fast_check_figures(const struct fast_check *c, const char *name)
{
    printf("# %s: %llu frames, %llu forwarded (%llu to owners, %llu from owners, %llu bridged), %llu of %llu "
           "that should be "
           "were not\n",
           name, (unsigned long long)c->frames, (unsigned long long)c->forwarded,
           (unsigned long long)c->to_owner, (unsigned long long)c->from_owner, (unsigned long long)c->bridged,
           (unsigned long long)c->missed, (unsigned long long)c->should);
    assert_true(c->missed * 100 <= c->should);
}
