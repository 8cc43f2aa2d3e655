/* resolver.c: see resolver.h.
 *
 * The life of a question:
 * 1. It is opened: a broadcast by a frame for a port that nobody owns, which waits in its line; a unicast
 *    by a claim, a release, or a frame for a stale binding.
 * 2. It asks, up to three times a second apart, whenever the budgets allow. Broadcasts wait for theirs in
 *    two queues, new ports before retries; unicasts in one for the budget of all hosts together.
 * 3. It is closed by an answer that counts (pe_arp_rules.c), by traffic that teaches the owner, or by
 *    silence: then held frames go to default-host or are dropped, a silent owner loses its binding, and a
 *    claim that waited for that goes on. */
#include "resolver.h"

#include "pearpd/rate.h"

#include "binding_fit.h"
#include "binding_state.h"
#include "delivery.h"
#include "engine_state.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/host.h"
#include "tables/pending.h"
#include "tables/shared_address.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_NS (TRIES * SECOND_NS) /* a broadcast ends after this, whatever it got */

static const struct mac nobody;

struct port_key {
    uint32_t address_index;
    uint16_t port;
    uint16_t is_unicast;
};
struct negative {
    struct port_key key;
    uint64_t until_ns;
};
struct asked {
    struct port_key key;
    uint64_t asked_ns;
};

TAILQ_HEAD(question_queue, question);

struct resolver {
    struct keyed_table *questions;
    struct keyed_table *negatives;
    struct keyed_table *asked; /* when a port was last asked for */
    struct hold *hold;
    struct question_queue fresh, retries; /* broadcasts that wait: new ports first */
    struct question_queue unicasts;       /* unicasts that wait for the budget of all hosts */
    struct question_queue broadcasts;     /* every open one, as opened */
    uint32_t broadcast_count;
    uint64_t nonce_count;
    struct timer ask_timer, unicast_timer;
    struct rate ask_rate, unicast_rate;
    struct rate_limit ask_limit, unicast_limit, unicast_mac_limit;
};

static bool tables_new(const struct engine *e, struct resolver *r)
{
    const struct limits *l = &e->config.limits;
    const uint8_t *hash_key = e->seed.hash_key;
    /* Longer than the budgets let anybody be asked in the second for which `asked` matters. */
    uint32_t in_a_second = 2 * (l->unicast_rate + l->ask_rate + l->ask_burst) + 64;
    r->questions =
        keyed_table_new(l->questions, sizeof(struct question_key), sizeof(struct question), hash_key);
    r->negatives = keyed_table_new(l->negatives, sizeof(struct port_key), sizeof(struct negative), hash_key);
    r->asked = keyed_table_new(in_a_second, sizeof(struct port_key), sizeof(struct asked), hash_key);
    r->hold = hold_new(l->held_frames, l->held_bytes);
    return r->questions != NULL && r->negatives != NULL && r->asked != NULL && r->hold != NULL;
}

struct resolver *resolver_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct resolver *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    TAILQ_INIT(&r->fresh);
    TAILQ_INIT(&r->retries);
    TAILQ_INIT(&r->unicasts);
    TAILQ_INIT(&r->broadcasts);
    r->ask_timer.kind = TIMER_ASK;
    r->unicast_timer.kind = TIMER_UNICAST;
    r->ask_limit = rate_limit_of(l->ask_rate, l->ask_burst);
    r->unicast_limit = rate_limit_of(l->unicast_rate, l->unicast_rate);
    r->unicast_mac_limit = rate_limit_of(l->unicast_mac_rate, l->unicast_mac_rate);
    if (!tables_new(e, r)) {
        resolver_free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    keyed_table_free(resolver->questions);
    keyed_table_free(resolver->negatives);
    keyed_table_free(resolver->asked);
    hold_free(resolver->hold);
    free(resolver);
}

static bool is_broadcast(const struct question *q)
{
    return mac_is_zero(q->key.target);
}

static struct port_key port_key_of(const struct question *q)
{
    return (struct port_key){q->key.address_index, q->key.port, !is_broadcast(q)};
}

struct question *question_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target)
{
    struct question_key key = {address_index, port, target};
    return keyed_table_find(e->resolver->questions, &key);
}

bool question_has_nonce(const struct engine *e, const struct question *q, uint64_t nonce)
{
    if (e->seed.any_nonce)
        return q->tries > 0;
    for (unsigned i = 0; i < q->tries; i++)
        if (q->nonces[i] == nonce)
            return true;
    return false;
}

static void queue_leave(struct question *q)
{
    if (q->queue == NULL)
        return;
    TAILQ_REMOVE(q->queue, q, waiting);
    q->queue = NULL;
}

static void queue_join(struct question_queue *queue, struct question *q)
{
    queue_leave(q);
    TAILQ_INSERT_TAIL(queue, q, waiting);
    q->queue = queue;
}

/* Nonces are never repeated, and from outside not to be guessed: SipHash of their number under a key of
 * this run. */
static uint64_t next_nonce(struct engine *e)
{
    uint64_t number = ++e->resolver->nonce_count;
    if (e->seed.plain_nonces)
        return number;
    return hash_bytes(e->seed.nonce_key, &number, sizeof(number));
}

static void send_request(struct engine *e, struct question *q)
{
    bool broadcast = is_broadcast(q);
    struct ipv4 address = e->config.addresses[q->key.address_index].address;
    struct made request = made_of(e, MADE_PE_ARP, broadcast ? mac_broadcast : q->key.target, e->config.encap);
    request.pe_arp = (struct pe_arp){
        .type = PE_ARP_REQUEST,
        .sha = e->config.mac,
        .tha = q->key.target,
        .tpa = {address, q->protocol, q->key.port, q->key.port},
        .nonce = next_nonce(e),
    };
    q->nonces[q->tries++] = request.pe_arp.nonce;
    q->asked_ns = e->now_ns;
    bool fresh;
    struct port_key key = port_key_of(q);
    struct asked *asked = keyed_table_put(e->resolver->asked, &key, &fresh);
    asked->asked_ns = e->now_ns;
    e->stats.counters[COUNTER_REQUESTS]++;
    make(e, SIDE_DOWNSTREAM, &request);
}

/* When the port may be asked for again: one a second. */
static uint64_t port_next(struct engine *e, const struct question *q)
{
    struct port_key key = port_key_of(q);
    const struct asked *asked = keyed_table_find(e->resolver->asked, &key);
    if (asked == NULL || e->now_ns - asked->asked_ns >= SECOND_NS)
        return e->now_ns;
    return asked->asked_ns + SECOND_NS;
}

static struct question *question_new(struct engine *e, const struct question_key *key)
{
    if (keyed_table_full(e->resolver->questions))
        return NULL;
    bool fresh;
    struct question *q = keyed_table_put(e->resolver->questions, key, &fresh);
    q->timer.kind = TIMER_QUESTION;
    q->line = hold_line_empty;
    q->opened_ns = e->now_ns;
    return q;
}

/* Broadcasts. */

static void broadcast_arm(struct engine *e, struct question *q)
{
    uint64_t end_ns = q->opened_ns + WAIT_NS;
    uint64_t due_ns = end_ns;
    if (q->queue == NULL && q->tries > 0 && q->tries < TRIES && q->asked_ns + SECOND_NS < end_ns)
        due_ns = q->asked_ns + SECOND_NS;
    timer_set(e->timers, &q->timer, due_ns);
}

/* Lets those ask that wait for it, as far as the budget goes. */
static void broadcasts_pump(struct engine *e)
{
    for (;;) {
        struct question *q = TAILQ_FIRST(&e->resolver->fresh);
        if (q == NULL)
            q = TAILQ_FIRST(&e->resolver->retries);
        if (q == NULL)
            return;
        uint64_t next_ns = rate_next(&e->resolver->ask_rate, e->resolver->ask_limit, e->now_ns);
        if (next_ns > e->now_ns) {
            timer_set(e->timers, &e->resolver->ask_timer, next_ns);
            return;
        }
        queue_leave(q);
        uint64_t port_ns = port_next(e, q);
        if (port_ns > e->now_ns) {
            uint64_t end_ns = q->opened_ns + WAIT_NS;
            timer_set(e->timers, &q->timer, port_ns < end_ns ? port_ns : end_ns);
            continue;
        }
        rate_take(&e->resolver->ask_rate, e->resolver->ask_limit, e->now_ns);
        send_request(e, q);
        broadcast_arm(e, q);
    }
}

struct question *question_broadcast(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol)
{
    struct question_key key = {address_index, port, nobody};
    /* A scan must leave room for the challenge of a host that claims. */
    if (e->resolver->broadcast_count >= e->config.limits.questions / 2)
        return NULL;
    struct question *q = question_new(e, &key);
    if (q == NULL)
        return NULL;
    e->resolver->broadcast_count++;
    q->protocol = protocol;
    TAILQ_INSERT_TAIL(&e->resolver->broadcasts, q, broadcasts);
    queue_join(&e->resolver->fresh, q);
    broadcast_arm(e, q);
    broadcasts_pump(e);
    return q;
}

struct verdict question_hold(struct engine *e, struct question *q, enum side from, const struct frame *frame)
{
    if (q->line.count >= e->config.limits.held_port_frames) {
        hold_remove(e->resolver->hold, &q->line);
        settle_held(e, verdict_dropped(DROP_HOLD_FULL));
    }
    if (!hold_append(e->resolver->hold, &q->line, from, frame))
        return verdict_dropped(DROP_HOLD_FULL);
    return (struct verdict){.fate = FATE_HELD};
}

/* Sends what is held to `owner`, or where `owner` is NULL to default-host. */
static void release_line(struct engine *e, struct question *q, struct binding *owner)
{
    enum side from;
    struct frame frame;
    while (hold_peek(e->resolver->hold, &q->line, &from, &frame)) {
        struct verdict verdict;
        if (owner != NULL)
            verdict = deliver(e, from, &frame, owner->owner, owner);
        else
            verdict = to_default_host(e, from, &frame, q->key.address_index, DROP_UNRESOLVED);
        hold_remove(e->resolver->hold, &q->line);
        settle_held(e, verdict);
    }
}

void questions_settle(struct engine *e, uint32_t address_index)
{
    struct question *q = TAILQ_FIRST(&e->resolver->broadcasts);
    while (q != NULL) {
        struct question *next = TAILQ_NEXT(q, broadcasts);
        struct binding *b = NULL;
        if (q->key.address_index == address_index)
            b = binding_find(e->bindings, address_index, q->key.port);
        if (b != NULL) {
            release_line(e, q, b);
            question_close(e, q);
        }
        q = next;
    }
}

static void broadcast_silent(struct engine *e, struct question *q)
{
    struct range port = {e->config.addresses[q->key.address_index].address, q->key.port, q->key.port};
    if (q->tries > 0) {
        bool fresh;
        struct port_key key = port_key_of(q);
        struct negative *negative = keyed_table_put(e->resolver->negatives, &key, &fresh);
        negative->until_ns = e->now_ns + e->config.limits.negative_age_s * SECOND_NS;
        tell(e, (struct event){.kind = EVENT_UNRESOLVED, .side = SIDE_DOWNSTREAM, .range = port});
    }
    release_line(e, q, NULL);
    question_close(e, q);
}

bool question_is_negative(struct engine *e, uint32_t address_index, uint16_t port)
{
    struct port_key key = {address_index, port, 0};
    struct negative *negative = keyed_table_find(e->resolver->negatives, &key);
    if (negative == NULL)
        return false;
    if (e->now_ns < negative->until_ns)
        return true;
    keyed_table_remove(e->resolver->negatives, negative);
    return false;
}

const struct question *question_from(const struct engine *e, uint32_t address_index, uint32_t port)
{
    const struct question *lowest = NULL, *q;
    TAILQ_FOREACH(q, &e->resolver->broadcasts, broadcasts)
    {
        if (q->key.address_index == address_index && q->key.port >= port &&
            (lowest == NULL || q->key.port < lowest->key.port))
            lowest = q;
    }
    return lowest;
}

static void broadcast_due(struct engine *e, struct question *q)
{
    if (e->now_ns >= q->opened_ns + WAIT_NS) {
        broadcast_silent(e, q);
        return;
    }
    queue_join(q->tries == 0 ? &e->resolver->fresh : &e->resolver->retries, q);
    broadcast_arm(e, q);
    broadcasts_pump(e);
}

/* Unicasts: challenges and probes. */

/* Asks now, or waits for the right to. */
static void unicast_try(struct engine *e, struct question *q)
{
    struct host *host = host_of(e->hosts, q->key.target);
    uint64_t own_ns = rate_next(&host->requests, e->resolver->unicast_mac_limit, e->now_ns);
    uint64_t port_ns = port_next(e, q);
    if (port_ns > own_ns)
        own_ns = port_ns;
    if (own_ns > e->now_ns) {
        timer_set(e->timers, &q->timer, own_ns);
        return;
    }
    uint64_t all_ns = rate_next(&e->resolver->unicast_rate, e->resolver->unicast_limit, e->now_ns);
    if (all_ns > e->now_ns) {
        queue_join(&e->resolver->unicasts, q);
        timer_set(e->timers, &e->resolver->unicast_timer, all_ns);
        return;
    }
    rate_take(&host->requests, e->resolver->unicast_mac_limit, e->now_ns);
    rate_take(&e->resolver->unicast_rate, e->resolver->unicast_limit, e->now_ns);
    send_request(e, q);
    timer_set(e->timers, &q->timer, e->now_ns + SECOND_NS);
}

struct question *question_unicast(struct engine *e, uint32_t address_index, uint16_t port, struct mac target)
{
    struct question *open = question_find(e, address_index, port, target);
    if (open != NULL)
        return open;
    struct host *host = host_of(e->hosts, target);
    if (host->open_questions >= e->config.limits.mac_questions)
        return NULL;
    struct question_key key = {address_index, port, target};
    struct question *q = question_new(e, &key);
    if (q == NULL)
        return NULL;
    host->open_questions++;
    unicast_try(e, q);
    return q;
}

/* The target fell silent: what it owns around the port goes, and the claim that waited goes on. */
static void unicast_silent(struct engine *e, struct question *q)
{
    struct mac target = q->key.target;
    bool is_release = q->is_release, has_claim = q->has_claim;
    struct claim claim = q->claim;
    struct binding *b = binding_find(e->bindings, q->key.address_index, q->key.port);
    question_close(e, q);
    if (b != NULL && b->origin == ORIGIN_PE_ARP && mac_equal(b->owner, target))
        binding_end(e, b, is_release ? EVENT_RELEASED : EVENT_EXPIRED);
    if (!has_claim)
        return;
    claim.previous = target;
    claim_start(e, &claim);
}

static void unicast_due(struct engine *e, struct question *q)
{
    unsigned tries = q->is_release ? 1 : TRIES;
    if (q->tries >= tries && e->now_ns >= q->asked_ns + SECOND_NS)
        unicast_silent(e, q);
    else
        unicast_try(e, q);
}

/* Both. */

void question_due(struct engine *e, struct question *q)
{
    if (is_broadcast(q))
        broadcast_due(e, q);
    else
        unicast_due(e, q);
}

void questions_budget_due(struct engine *e, enum timer_kind kind)
{
    if (kind == TIMER_ASK) {
        broadcasts_pump(e);
        return;
    }
    struct question *q;
    while ((q = TAILQ_FIRST(&e->resolver->unicasts)) != NULL &&
           rate_next(&e->resolver->unicast_rate, e->resolver->unicast_limit, e->now_ns) <= e->now_ns) {
        queue_leave(q);
        unicast_try(e, q);
    }
    if (q != NULL)
        timer_set(e->timers, &e->resolver->unicast_timer,
                  rate_next(&e->resolver->unicast_rate, e->resolver->unicast_limit, e->now_ns));
}

void question_close(struct engine *e, struct question *q)
{
    queue_leave(q);
    timer_stop(e->timers, &q->timer);
    if (is_broadcast(q)) {
        TAILQ_REMOVE(&e->resolver->broadcasts, q, broadcasts);
        e->resolver->broadcast_count--;
    } else {
        struct host *host = host_find(e->hosts, q->key.target);
        if (host != NULL && host->open_questions > 0)
            host->open_questions--;
    }
    keyed_table_remove(e->resolver->questions, q);
}

void questions_drop(struct engine *e)
{
    struct question *q;
    while ((q = keyed_table_oldest(e->resolver->questions)) != NULL) {
        while (q->line.count > 0) {
            hold_remove(e->resolver->hold, &q->line);
            settle_held(e, verdict_dropped(DROP_UNRESOLVED));
        }
        struct binding *b = binding_find(e->bindings, q->key.address_index, q->key.port);
        if (b != NULL && b->state == BINDING_PROBE)
            binding_enter(e, b, BINDING_STALE);
        question_close(e, q);
    }
}

void questions_carry(struct engine *e, const struct engine *old)
{
    e->resolver->nonce_count = old->resolver->nonce_count;
    e->resolver->ask_rate = old->resolver->ask_rate;
    e->resolver->unicast_rate = old->resolver->unicast_rate;
    for (const struct question *was = keyed_table_oldest(old->resolver->questions); was != NULL;
         was = keyed_table_newer(old->resolver->questions, was)) {
        int index = shared_index(e, old->config.addresses[was->key.address_index].address);
        if (is_broadcast(was) || index < 0)
            continue;
        struct question_key key = {(uint32_t)index, was->key.port, was->key.target};
        struct question *q = question_new(e, &key);
        if (q == NULL)
            return;
        q->tries = was->tries;
        q->is_release = was->is_release;
        q->previous = was->previous;
        q->opened_ns = was->opened_ns;
        q->asked_ns = was->asked_ns;
        memcpy(q->nonces, was->nonces, sizeof(q->nonces));
        q->claim = was->claim;
        q->has_claim = was->has_claim && binding_fits(e, &q->claim.ports, q->claim.claimant, ORIGIN_PE_ARP);
    }
}

void questions_go_on(struct engine *e)
{
    for (struct question *q = keyed_table_oldest(e->resolver->questions); q != NULL;
         q = keyed_table_newer(e->resolver->questions, q)) {
        struct binding *b = binding_find(e->bindings, q->key.address_index, q->key.port);
        host_of(e->hosts, q->key.target)->open_questions++;
        if (b != NULL && b->state == BINDING_STALE && b->origin == ORIGIN_PE_ARP &&
            mac_equal(b->owner, q->key.target))
            binding_enter(e, b, BINDING_PROBE);
        timer_set(e->timers, &q->timer, q->tries > 0 ? q->asked_ns + SECOND_NS : e->now_ns);
    }
}

/* Claims. */

void claim_start(struct engine *e, const struct claim *claim)
{
    const uint32_t address_index = index_of(e, &claim->ports);
    struct binding *asked = NULL;
    uint32_t at = 0;
    for (struct binding *b; (b = overlap_next(e, &claim->ports, &at)) != NULL;) {
        if (mac_equal(b->owner, claim->claimant))
            continue;
        if (origin_is_permanent(b->origin)) {
            claim_refused(e, &claim->ports, claim->claimant, b->owner, "claimed a permanent range");
            return;
        }
        /* No challenge: a host without an agent could not answer it. */
        if (b->origin == ORIGIN_DHCP) {
            claim_refused(e, &claim->ports, claim->claimant, b->owner,
                          "claimed a range that another host leases");
            return;
        }
        if (b->origin == ORIGIN_TRAFFIC && traffic_lives_in(e, b, &claim->ports)) {
            claim_refused(e, &claim->ports, claim->claimant, b->owner,
                          "claimed ports that another host sends from");
            return;
        }
        if (b->origin == ORIGIN_PE_ARP && asked == NULL)
            asked = b;
    }
    struct question *q;
    if (asked == NULL) {
        if (!may_own_more(e, &claim->ports, claim->claimant))
            return; /* its answer would not count: so that it knows, it is not asked */
        q = question_unicast(e, address_index, claim->ports.range.first, claim->claimant);
        if (q != NULL && mac_is_zero(q->previous))
            q->previous = claim->previous;
        return;
    }
    q = question_unicast(e, address_index, asked->ports.range.first, asked->owner);
    if (q != NULL && !q->has_claim) {
        q->has_claim = true;
        q->claim = *claim;
    }
}
