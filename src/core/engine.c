/* engine.c: the engine's life, the door that every frame comes in by, and the ways out.
 * Frames that pass are counted here and nowhere else, so the equation of CONTRACT 3 has one keeper. */
#include "pearpd/engine.h"

#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct verdict verdict_dropped(enum drop_reason reason)
{
    return (struct verdict){.fate = FATE_DROPPED, .reason = reason};
}

struct verdict verdict_consumed(enum consumed_kind kind)
{
    return (struct verdict){.fate = FATE_CONSUMED, .consumed = kind};
}

/* Ways out. */

static bool is_oversize(const struct engine *e, enum side to, const struct frame *frame)
{
    if (frame->super)
        return false;
    if (e->config.limits.frame_bytes != 0 && frame->length > e->config.limits.frame_bytes)
        return true;
    uint32_t mtu = e->mtu_bytes[to];
    if (mtu == 0 || frame->length <= mtu + ETH_HEADER_BYTES)
        return false;
    bool tagged = frame->bytes[12] == ETHERTYPE_CTAG >> 8 && frame->bytes[13] == (ETHERTYPE_CTAG & 0xff);
    return !tagged || frame->length > mtu + ETH_HEADER_BYTES + ETH_TAG_BYTES;
}

struct verdict emit(struct engine *e, enum side to, const struct frame *frame)
{
    if (is_oversize(e, to, frame))
        return verdict_dropped(DROP_OVERSIZE);
    e->stats.out[to]++;
    e->out->send(e->out->context, to, frame);
    return (struct verdict){.fate = FATE_SENT};
}

void make(struct engine *e, enum side to, const struct made *made)
{
    e->stats.made++;
    e->stats.out[to]++;
    e->out->make(e->out->context, to, made);
}

void tell(struct engine *e, struct event event)
{
    event.time_ns = e->now_ns;
    e->out->event(e->out->context, &event);
}

struct made made_of(const struct engine *e, enum made_kind kind, struct mac destination, uint16_t ethertype)
{
    struct made made;
    memset(&made, 0, sizeof(made));
    made.kind = kind;
    made.destination = destination;
    made.source = e->config.mac;
    made.ethertype = ethertype;
    made.tag = (struct eth_tag){e->config.vlan != 0, e->config.vlan};
    if (kind == MADE_PE_ARP && e->config.key_count > 0)
        made.key = &e->config.keys[0]; /* the lowest id signs */
    return made;
}

/* Shared addresses. */

static uint32_t address_slot(const struct engine *e, struct ipv4 address)
{
    return (address.host * UINT32_C(2654435761)) >> 8 & e->address_mask;
}

int shared_index(const struct engine *e, struct ipv4 address)
{
    for (uint32_t i = address_slot(e, address); e->address_slots[i] != 0; i = (i + 1) & e->address_mask)
        if (e->config.addresses[e->address_slots[i] - 1].address.host == address.host)
            return e->address_slots[i] - 1;
    return -1;
}

void address_insert(struct engine *e, uint32_t index)
{
    uint32_t i = address_slot(e, e->config.addresses[index].address);
    while (e->address_slots[i] != 0)
        i = (i + 1) & e->address_mask;
    e->address_slots[i] = (uint16_t)(index + 1);
}

/* Life. */

struct engine *engine_new(const struct config *config, const struct engine_seed *seed)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->seed = *seed;
    TAILQ_INIT(&e->fresh);
    TAILQ_INIT(&e->retries);
    TAILQ_INIT(&e->unicasts);
    TAILQ_INIT(&e->broadcasts);
    e->announce_timer.kind = TIMER_ANNOUNCE;
    e->hello_timer.kind = TIMER_HELLO;
    e->ask_timer.kind = TIMER_ASK;
    e->unicast_timer.kind = TIMER_UNICAST;
    e->fragments_timer.kind = TIMER_FRAGMENTS;
    e->meter_timer.kind = TIMER_METER;
    if (engine_config_copy(&e->config, config) != 0 || engine_tables_new(e) != 0) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    engine_tables_free(engine);
    free(engine);
}

static void enter(struct engine *e, uint64_t now_ns, const struct engine_out *out)
{
    e->out = out;
    if (now_ns > e->now_ns)
        e->now_ns = now_ns;
}

void engine_start(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    ranges_begin(engine);
    announce_upstream(engine);
    announce_downstream(engine);
}

void engine_link(struct engine *engine, uint64_t now_ns, enum side side, bool up, uint32_t mtu_bytes,
                 const struct engine_out *out)
{
    enter(engine, now_ns, out);
    engine->mtu_bytes[side] = mtu_bytes;
    if (engine->link_up[side] == up)
        return;
    engine->link_up[side] = up;
    tell(engine, (struct event){.kind = up ? EVENT_PORT_UP : EVENT_PORT_DOWN, .side = side});
    if (!up || !timer_armed(&engine->hello_timer))
        return;
    if (side == SIDE_UPSTREAM)
        announce_upstream(engine);
    else
        announce_downstream(engine);
}

/* Time. */

static void timer_due(struct engine *e, struct timer *timer)
{
    char *at = (char *)timer;
    switch ((enum timer_kind)timer->kind) {
    case TIMER_BINDING:
        binding_due(e, (struct binding *)(void *)(at - offsetof(struct binding, timer)));
        break;
    case TIMER_QUESTION:
        question_due(e, (struct question *)(void *)(at - offsetof(struct question, timer)));
        break;
    case TIMER_ANNOUNCE:
    case TIMER_HELLO:
        announce_due(e, (enum timer_kind)timer->kind);
        break;
    case TIMER_ASK:
    case TIMER_UNICAST:
        questions_budget_due(e, (enum timer_kind)timer->kind);
        break;
    case TIMER_FRAGMENTS:
        fragments_due(e);
        break;
    case TIMER_METER:
        meter_due(e);
        break;
    case TIMER_LEASE:
        lease_due(e, (struct lease *)(void *)(at - offsetof(struct lease, timer)));
        break;
    }
}

static void run_due(struct engine *e)
{
    for (struct timer *timer; (timer = timer_heap_pop(e->timers, e->now_ns)) != NULL;)
        timer_due(e, timer);
}

uint64_t engine_tick(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    run_due(engine);
    return timer_heap_next(engine->timers);
}

uint64_t engine_next(const struct engine *engine)
{
    return timer_heap_next(engine->timers);
}

void engine_postpone_repeats(struct engine *engine, uint64_t until_ns)
{
    struct timer *hello = &engine->hello_timer;
    uint64_t period_ns = engine->config.limits.hello_s * SECOND_NS;
    if (!timer_armed(hello) || hello->due_ns >= until_ns)
        return;
    uint64_t turns = (until_ns - hello->due_ns + period_ns - 1) / period_ns;
    timer_set(engine->timers, hello, hello->due_ns + turns * period_ns);
}

/* Frames. */

/* Untagged, tagged with VID 0, or in the configured VLAN with one 0x8100 tag. */
static bool is_inspected(const struct engine *e, const struct eth *eth)
{
    if (eth->tags == 0)
        return e->config.vlan == 0;
    return eth->tags == 1 && eth->outer_tpid == ETHERTYPE_CTAG && eth_vid(eth) == e->config.vlan;
}

static struct verdict inspect(struct engine *e, struct passage *p)
{
    struct verdict verdict;
    if (p->eth.ethertype == e->config.encap && pe_arp_rule(e, p, &verdict))
        return verdict;
    if (p->eth.ethertype == ETHERTYPE_ARP || p->eth.snap_arp)
        return arp_rule(e, p);
    if (p->eth.ethertype == ETHERTYPE_IPV4 && ipv4_rule(e, p, &verdict))
        return verdict;
    return bridge(e, p);
}

bool passage_of(enum side from, struct frame *frame, struct passage *p)
{
    *p = (struct passage){.from = from, .frame = frame};
    if (eth_parse(frame->bytes, frame->length, &p->eth) != 0)
        return false;
    p->payload = frame->bytes + p->eth.payload;
    p->payload_length = frame->length - p->eth.payload;
    p->tag = (struct eth_tag){p->eth.tags != 0, p->eth.outer_tci};
    return true;
}

static struct verdict judge(struct engine *e, enum side from, struct frame *frame)
{
    struct passage p;
    struct verdict verdict;
    if (frame->wire_length > frame->length)
        return verdict_dropped(DROP_TRUNCATED);
    if (!passage_of(from, frame, &p))
        return verdict_dropped(DROP_RUNT);
    if (!source_check(e, &p, &verdict))
        return verdict;
    if (is_inspected(e, &p.eth))
        return inspect(e, &p);
    return disguise_check(e, &p, &verdict) ? bridge(e, &p) : verdict;
}

/* Where `sent` frames are counted is emit(). */
static void settle(struct engine *e, struct verdict verdict)
{
    switch (verdict.fate) {
    case FATE_SENT:
        break;
    case FATE_HELD:
        e->stats.held++;
        break;
    case FATE_CONSUMED:
        e->stats.consumed[verdict.consumed]++;
        break;
    case FATE_DROPPED:
        e->stats.drops[verdict.reason]++;
        break;
    }
}

void settle_held(struct engine *e, struct verdict verdict)
{
    e->stats.held--;
    settle(e, verdict);
}

struct verdict engine_frame(struct engine *engine, uint64_t now_ns, enum side from, struct frame *frame,
                            const struct engine_out *out)
{
    enter(engine, now_ns, out);
    run_due(engine);
    engine->stats.in[from]++;
    struct verdict verdict = judge(engine, from, frame);
    settle(engine, verdict);
#ifdef PEARPD_CHECK
    assert(engine_stats_balance(&engine->stats));
#endif
    return verdict;
}

/* Accounts. */

void engine_send_failed(struct engine *engine, enum side to, uint64_t count)
{
    engine->stats.out[to] -= count;
    engine->stats.drops[DROP_SEND_FAILED] += count;
}

void engine_ring_full(struct engine *engine, enum side from, uint64_t count)
{
    engine->stats.in[from] += count;
    engine->stats.drops[DROP_RING_FULL] += count;
}

void engine_flows_flush(struct engine *engine, uint64_t now_ns, const struct engine_out *out)
{
    enter(engine, now_ns, out);
    meter_flush(engine);
}

uint32_t engine_flows(const struct engine *engine)
{
    return meter_flows(engine->meter);
}

const struct engine_stats *engine_stats(const struct engine *engine)
{
    return &engine->stats;
}

bool engine_stats_balance(const struct engine_stats *stats)
{
    uint64_t in = stats->made, ended = stats->held;
    for (unsigned i = 0; i < SIDES; i++) {
        in += stats->in[i];
        ended += stats->out[i];
    }
    for (unsigned i = 0; i < CONSUMED_COUNT; i++)
        ended += stats->consumed[i];
    for (unsigned i = 0; i < DROP_COUNT; i++)
        ended += stats->drops[i];
    return in == ended;
}
