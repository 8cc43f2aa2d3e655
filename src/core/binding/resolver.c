/* resolver.c: see resolver.h.
 *
 * The life of a resolution:
 * 1. It is opened: a broadcast by a frame for a port that nobody owns; a unicast by a CLAIM, a RELEASE, or a frame
 *    for a stale binding. The frames for the port wait in its queue.
 * 2. It sends a REQUEST, up to three times, a second apart, whenever the budgets allow. Broadcasts wait for the
 *    budget in two queues, new ports before retries; owners that were not asked within a minute in one. Others do not queue,
 *    or whoever came first would have it all: claimants that own nothing and were not asked yet go first, and each tries
 *    again.
 * 3. It is closed by a REPLY that counts (pe_arp_rules.c), by traffic that shows the owner, or without an answer:
 *    then pending frames go to default-host or are dropped, an owner that did not answer loses its binding, and a
 *    claim that waited for that continues.
 *
 * Claimants have a quarter of the table. One that finds no room there is challenged once, and only the nonce proves it: a keyed hash of the port, the MAC address and the time. */
#include "resolver.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "binding_fit.h"
#include "binding_learn.h"
#include "binding_state.h"
#include "delivery.h"
#include "engine_state.h"
#include "lease_pool.h"
#include "out/event_emit.h"
#include "out/frame_send.h"
#include "out/verdict.h"
#include "tables/account.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/host.h"
#include "tables/pending.h"
#include "tables/rivals.h"
#include "tables/served.h"
#include "tables/shared_address.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_NS (TRIES * NS_PER_S) /* a broadcast ends after this time in any case */
#define SLOT_NS (4 * NS_PER_S)     /* a stateless nonce counts in its slot and the next */

#define CLAIMANTS_PART 4  /* of the table, for the challenges of claimants */
#define SETS_PART      16 /* for sets of [dhcp] */

static const struct mac nobody;

struct port_key {
    uint32_t address_index;
    uint32_t port;
};
struct negative {
    struct port_key key;
    uint64_t until_ns;
};
struct asked {
    struct resolution_key key;
    uint64_t asked_ns;
};

TAILQ_HEAD(resolution_queue, resolution);

struct resolver {
    struct keyed_table *questions;
    struct keyed_table *negatives;
    struct keyed_table *asked; /* when a port was last asked for */
    struct pending *pending;
    struct resolution_queue fresh, sets,
        retries; /* broadcasts that wait: new ports and sets of [dhcp] in turn, first */
    bool is_turn_of_sets;
    struct resolution_queue unicasts;   /* to owners, that wait for the budget of all hosts */
    struct resolution_queue broadcasts; /* every open one, as opened */
    uint32_t broadcast_count, sets_count, claimants_count;
    struct served *served, *served_owners; /* claimants, and owners, that were asked */
    uint64_t nonce_count;
    struct timer ask_timer, unicast_timer;
    struct rate ask_rate, unicast_rate;
    struct rate_limit ask_limit, unicast_mac_limit;
    struct rate_limit unicast_limits[3]; /* by enum precedence */
};

/* All take from one budget; the later ones leave the earlier ones a part of its burst. */
enum precedence { OWNER_FIRST, NEWCOMER_NEXT, OTHERS_LAST };

static bool tables_new(const struct engine *e, struct resolver *r)
{
    const struct limits *l = &e->config.limits;
    const uint8_t *hash_key = e->seed.hash_key;
    /* More ports than the budgets allow to be asked for in the second that `asked` covers. */
    uint32_t in_a_second = 2 * (l->unicast_rate + l->ask_rate + l->ask_burst) + 64;
    r->questions =
        keyed_table_new(l->questions, sizeof(struct resolution_key), sizeof(struct resolution), hash_key);
    r->negatives = keyed_table_new(l->negatives, sizeof(struct port_key), sizeof(struct negative), hash_key);
    r->asked = keyed_table_new(in_a_second, sizeof(struct resolution_key), sizeof(struct asked), hash_key);
    r->pending = pending_new(l->held_frames, l->held_bytes);
    r->served = served_new(e->seed.nonce_key);
    r->served_owners = served_new(e->seed.nonce_key);
    return r->questions != NULL && r->negatives != NULL && r->asked != NULL && r->pending != NULL &&
           r->served != NULL && r->served_owners != NULL;
}

struct resolver *resolver_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct resolver *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    TAILQ_INIT(&r->fresh);
    TAILQ_INIT(&r->sets);
    TAILQ_INIT(&r->retries);
    TAILQ_INIT(&r->unicasts);
    TAILQ_INIT(&r->broadcasts);
    r->ask_timer.kind = TIMER_ASK;
    r->unicast_timer.kind = TIMER_UNICAST;
    r->ask_limit = rate_limit_of(l->ask_rate, l->ask_burst);
    r->unicast_limits[OWNER_FIRST] = rate_limit_of(l->unicast_rate, l->unicast_rate);
    r->unicast_limits[NEWCOMER_NEXT] = rate_limit_of(l->unicast_rate, (3 * l->unicast_rate + 3) / 4);
    r->unicast_limits[OTHERS_LAST] = rate_limit_of(l->unicast_rate, (l->unicast_rate + 1) / 2);
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
    pending_free(resolver->pending);
    served_free(resolver->served);
    served_free(resolver->served_owners);
    free(resolver);
}

static bool is_broadcast(const struct resolution *r)
{
    return mac_is_zero(r->key.target);
}

static struct port_key port_key_of(const struct resolution *r)
{
    return (struct port_key){r->key.address_index, r->key.port};
}

struct resolution *resolver_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target)
{
    struct resolution_key key = {address_index, port, target};
    return keyed_table_find(e->resolver->questions, &key);
}

bool resolution_has_nonce(const struct engine *e, const struct resolution *r, uint64_t nonce)
{
    if (e->seed.any_nonce)
        return r->tries > 0;
    for (unsigned i = 0; i < r->tries; i++)
        if (r->nonces[i] == nonce)
            return true;
    return false;
}

static void queue_leave(struct resolution *r)
{
    if (r->queue == NULL)
        return;
    TAILQ_REMOVE(r->queue, r, waiting);
    r->queue = NULL;
}

static void queue_join(struct resolution_queue *queue, struct resolution *r)
{
    queue_leave(r);
    TAILQ_INSERT_TAIL(queue, r, waiting);
    r->queue = queue;
}

uint32_t resolver_open(const struct engine *e)
{
    return keyed_table_count(e->resolver->questions);
}

/* Nonces never repeat and cannot be guessed from outside: SipHash of a counter under a key of this run. */
static uint64_t next_nonce(struct engine *e)
{
    uint64_t number = ++e->resolver->nonce_count;
    if (e->seed.plain_nonces)
        return number;
    return hash_bytes(e->seed.nonce_key, &number, sizeof(number));
}

/* The nonce of a challenge that nothing else is kept of. It never repeats for another host or port. */
static uint64_t challenge_nonce(const struct engine *e, const struct resolution_key *key, uint64_t slot)
{
    const struct {
        uint64_t slot;
        struct resolution_key key;
        uint32_t not_a_number; /* longer than the input of next_nonce() */
    } input = {slot, *key, 1};
    return hash_bytes(e->seed.nonce_key, &input, sizeof(input));
}

bool resolver_has_challenged(const struct engine *e, const struct resolution_key *key, uint64_t nonce)
{
    const uint64_t slot = e->now_ns / SLOT_NS;
    return !e->seed.plain_nonces &&
           (nonce == challenge_nonce(e, key, slot) || nonce == challenge_nonce(e, key, slot - 1));
}

static void send_request(struct engine *e, const struct resolution_key *key, uint8_t protocol, uint64_t nonce)
{
    const struct mac to = mac_is_zero(key->target) ? mac_broadcast : key->target;
    struct tx_frame request = tx_frame_of(e, TX_PE_ARP, to, e->config.encap);
    request.pe_arp = (struct pe_arp){
        .type = PE_ARP_REQUEST,
        .sha = e->config.mac,
        .tha = key->target,
        .tpa = {e->config.addresses[key->address_index].address, protocol, key->port, key->port},
        .nonce = nonce,
    };
    bool fresh;
    struct asked *asked = keyed_table_put(e->resolver->asked, key, &fresh);
    asked->asked_ns = e->now_ns;
    e->stats.counters[COUNTER_REQUESTS]++;
    tx_frame_send(e, SIDE_DOWNSTREAM, &request);
}

static void resolution_send(struct engine *e, struct resolution *r)
{
    r->nonces[r->tries] = next_nonce(e);
    r->asked_ns = e->now_ns;
    send_request(e, &r->key, r->protocol, r->nonces[r->tries++]);
}

/* When the host, or all of them, may be asked for the port again: once a second. */
static uint64_t port_next(struct engine *e, const struct resolution_key *key)
{
    const struct asked *asked = keyed_table_find(e->resolver->asked, key);
    if (asked == NULL || e->now_ns - asked->asked_ns >= NS_PER_S)
        return e->now_ns;
    return asked->asked_ns + NS_PER_S;
}

static struct resolution *resolution_new(struct engine *e, const struct resolution_key *key)
{
    if (keyed_table_full(e->resolver->questions))
        return NULL;
    bool fresh;
    struct resolution *r = keyed_table_put(e->resolver->questions, key, &fresh);
    r->timer.kind = TIMER_RESOLUTION;
    r->pending = pending_queue_empty;
    r->opened_ns = e->now_ns;
    return r;
}

/* Broadcasts. */

static void broadcast_arm(struct engine *e, struct resolution *r)
{
    uint64_t end_ns = r->opened_ns + WAIT_NS;
    uint64_t due_ns = end_ns;
    if (r->queue == NULL && r->tries > 0 && r->tries < TRIES && r->asked_ns + NS_PER_S < end_ns)
        due_ns = r->asked_ns + NS_PER_S;
    timer_set(e->timers, &r->timer, due_ns);
}

static struct resolution *broadcast_next(const struct resolver *resolver)
{
    const struct resolution_queue *queues[] = {&resolver->fresh, &resolver->sets, &resolver->retries};
    const unsigned first = resolver->is_turn_of_sets ? 1 : 0, order[] = {first, 1 - first, 2};
    struct resolution *r = NULL;
    for (unsigned i = 0; r == NULL && i < 3; i++)
        r = TAILQ_FIRST(queues[order[i]]);
    return r;
}

static void broadcast_send(struct engine *e, struct resolution *r)
{
    struct resolver *resolver = e->resolver;
    rate_take(&resolver->ask_rate, resolver->ask_limit, e->now_ns);
    if (r->tries == 0)
        resolver->is_turn_of_sets = !r->of_set;
    resolution_send(e, r);
    lease_asked(e, r->key.address_index, r->key.port);
    broadcast_arm(e, r);
}

/* Sends the REQUESTs that wait, as far as the budget allows. */
static void broadcasts_pump(struct engine *e)
{
    for (;;) {
        struct resolution *r = broadcast_next(e->resolver);
        if (r == NULL)
            return;
        uint64_t next_ns = rate_next(&e->resolver->ask_rate, e->resolver->ask_limit, e->now_ns);
        if (next_ns > e->now_ns) {
            timer_set(e->timers, &e->resolver->ask_timer, next_ns);
            return;
        }
        queue_leave(r);
        uint64_t port_ns = port_next(e, &r->key);
        if (port_ns > e->now_ns) {
            uint64_t end_ns = r->opened_ns + WAIT_NS;
            timer_set(e->timers, &r->timer, port_ns < end_ns ? port_ns : end_ns);
            continue;
        }
        broadcast_send(e, r);
    }
}

static struct resolution *broadcast_new(struct engine *e, const struct resolution_key *key, uint8_t protocol)
{
    struct resolution *r = resolution_new(e, key);
    if (r == NULL)
        return NULL;
    r->protocol = protocol;
    TAILQ_INSERT_TAIL(&e->resolver->broadcasts, r, broadcasts);
    return r;
}

static void broadcast_begin(struct engine *e, struct resolution *r)
{
    queue_join(r->of_set ? &e->resolver->sets : &e->resolver->fresh, r);
    broadcast_arm(e, r);
    broadcasts_pump(e);
}

struct resolution *resolver_ask_all(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol)
{
    const struct resolution_key key = {address_index, port, nobody};
    /* A port scan must leave room to challenge a host that claims. */
    if (e->resolver->broadcast_count >= e->config.limits.questions / 2)
        return NULL;
    struct resolution *r = broadcast_new(e, &key, protocol);
    if (r == NULL)
        return NULL;
    e->resolver->broadcast_count++;
    broadcast_begin(e, r);
    return r;
}

void resolver_ask_for_set(struct engine *e, uint32_t address_index, uint16_t port, struct resolution *open)
{
    const struct resolution_key key = {address_index, port, nobody};
    struct resolver *resolver = e->resolver;
    if (open != NULL && open->queue == &resolver->fresh)
        queue_join(&resolver->sets, open);
    if (open != NULL || resolver->sets_count >= e->config.limits.questions / SETS_PART)
        return;
    struct resolution *r = broadcast_new(e, &key, 0);
    if (r == NULL)
        return;
    r->of_set = true;
    resolver->sets_count++;
    broadcast_begin(e, r);
}

struct verdict resolver_hold(struct engine *e, struct resolution *r, enum side from, const struct frame *frame)
{
    if (r->pending.count >= e->config.limits.held_port_frames) {
        pending_remove(e->resolver->pending, &r->pending);
        verdict_count_held(e, verdict_dropped(DROP_HOLD_FULL));
    }
    if (!pending_append(e->resolver->pending, &r->pending, from, frame))
        return verdict_dropped(DROP_HOLD_FULL);
    return (struct verdict){.fate = FATE_HELD};
}

/* Sends the pending frames to `owner`, or to default-host where `owner` is NULL. */
static void release_pending(struct engine *e, struct resolution *r, struct binding *owner)
{
    enum side from;
    struct frame frame;
    while (pending_peek(e->resolver->pending, &r->pending, &from, &frame)) {
        struct verdict verdict;
        if (owner != NULL)
            verdict = delivery_to_host(e, from, &frame, owner->owner, owner);
        else
            verdict = delivery_to_default_host(e, from, &frame, r->key.address_index, DROP_UNRESOLVED);
        pending_remove(e->resolver->pending, &r->pending);
        verdict_count_held(e, verdict);
    }
}

void resolver_release(struct engine *e, uint32_t address_index)
{
    struct resolution *r = TAILQ_FIRST(&e->resolver->broadcasts);
    while (r != NULL) {
        struct resolution *next = TAILQ_NEXT(r, broadcasts);
        struct binding *b = NULL;
        if (r->key.address_index == address_index)
            b = binding_find(e->bindings, address_index, r->key.port);
        if (b != NULL) {
            release_pending(e, r, b);
            resolver_close(e, r);
        }
        r = next;
    }
}

static void broadcast_silent(struct engine *e, struct resolution *r)
{
    struct range port = {e->config.addresses[r->key.address_index].address, r->key.port, r->key.port};
    if (r->tries > 0) {
        bool fresh;
        struct port_key key = port_key_of(r);
        struct negative *negative = keyed_table_put(e->resolver->negatives, &key, &fresh);
        negative->until_ns = e->now_ns + e->config.limits.negative_age_s * NS_PER_S;
        event_emit(e, (struct event){.kind = EVENT_UNRESOLVED, .side = SIDE_DOWNSTREAM, .range = port});
    }
    release_pending(e, r, NULL);
    resolver_close(e, r);
}

bool resolver_is_negative(struct engine *e, uint32_t address_index, uint16_t port)
{
    if (rivals_dispute(e, address_index, port))
        return true;
    struct port_key key = {address_index, port};
    struct negative *negative = keyed_table_find(e->resolver->negatives, &key);
    if (negative == NULL)
        return false;
    if (e->now_ns < negative->until_ns)
        return true;
    keyed_table_remove(e->resolver->negatives, negative);
    return false;
}

const struct resolution *resolver_from(const struct engine *e, uint32_t address_index, uint32_t port)
{
    const struct resolution *lowest = NULL, *r;
    TAILQ_FOREACH(r, &e->resolver->broadcasts, broadcasts)
    {
        if (r->key.address_index == address_index && r->key.port >= port &&
            (lowest == NULL || r->key.port < lowest->key.port))
            lowest = r;
    }
    return lowest;
}

static void broadcast_due(struct engine *e, struct resolution *r)
{
    if (e->now_ns >= r->opened_ns + WAIT_NS) {
        broadcast_silent(e, r);
        return;
    }
    if (r->tries == 0) {
        broadcast_begin(e, r);
        return;
    }
    queue_join(&e->resolver->retries, r);
    broadcast_arm(e, r);
    broadcasts_pump(e);
}

/* Unicasts: challenges and probes. */

/* An owner that is asked again within the minute is last: many can have themselves asked, each second, by RELEASEs, by packets
 * to ports with short lifetimes, by claims of one another. */
static enum precedence precedence_of(struct engine *e, struct mac target, enum question_purpose purpose,
                                     bool is_late)
{
    if (purpose != ASK_CLAIMANT)
        return is_late ? OTHERS_LAST : OWNER_FIRST;
    const bool is_newcomer =
        !account_has_binding(e, target) && !served_lately(e->resolver->served, target, e->now_ns);
    return is_newcomer ? NEWCOMER_NEXT : OTHERS_LAST;
}

static uint64_t budget_next(const struct engine *e, enum precedence precedence)
{
    const struct resolver *resolver = e->resolver;
    return rate_next(&resolver->unicast_rate, resolver->unicast_limits[precedence], e->now_ns);
}

/* When the host may be asked for the port as far as it alone is concerned. */
static uint64_t host_next(struct engine *e, const struct resolution_key *key)
{
    const struct host *host = host_of(e->hosts, key->target);
    const uint64_t host_ns = rate_next(&host->requests, e->resolver->unicast_mac_limit, e->now_ns);
    const uint64_t port_ns = port_next(e, key);
    return port_ns > host_ns ? port_ns : host_ns;
}

static void budget_take(struct engine *e, struct mac target, enum question_purpose purpose,
                        enum precedence precedence)
{
    struct resolver *resolver = e->resolver;
    rate_take(&host_of(e->hosts, target)->requests, resolver->unicast_mac_limit, e->now_ns);
    rate_take(&resolver->unicast_rate, resolver->unicast_limits[precedence], e->now_ns);
    served_mark(purpose == ASK_CLAIMANT ? resolver->served : resolver->served_owners, target, e->now_ns);
}

/* Sends the REQUEST now, or waits for the budget. */
static void unicast_try(struct engine *e, struct resolution *r)
{
    struct resolver *resolver = e->resolver;
    const enum precedence precedence = precedence_of(e, r->key.target, r->purpose, r->is_late);
    const uint64_t own_ns = host_next(e, &r->key);
    if (own_ns > e->now_ns) {
        timer_set(e->timers, &r->timer, own_ns);
        return;
    }
    const uint64_t all_ns = budget_next(e, precedence);
    if (all_ns > e->now_ns && precedence == OWNER_FIRST) {
        queue_join(&resolver->unicasts, r);
        timer_set(e->timers, &resolver->unicast_timer, all_ns);
        return;
    }
    if (all_ns <= e->now_ns) {
        budget_take(e, r->key.target, r->purpose, precedence);
        resolution_send(e, r);
    }
    timer_set(e->timers, &r->timer, e->now_ns + NS_PER_S);
}

static struct resolution *ask(struct engine *e, const struct resolution_key *key, enum question_purpose purpose)
{
    struct resolver *resolver = e->resolver;
    const bool is_claimant = purpose == ASK_CLAIMANT,
               is_late = (purpose == ASK_PROBE || purpose == ASK_OWNER) &&
                         served_lately(resolver->served_owners, key->target, e->now_ns);
    struct resolution *open = keyed_table_find(resolver->questions, key);
    if (open != NULL) {
        if (open->purpose == ASK_CLAIMANT && !is_claimant) {
            resolver->claimants_count--;
            open->is_late = is_late;
        }
        open->is_late = open->is_late && purpose != ASK_RIVAL;
        open->purpose = purpose < open->purpose ? purpose : open->purpose;
        return open;
    }
    struct host *host = host_of(e->hosts, key->target);
    if (host->open_questions >= e->config.limits.mac_questions ||
        (is_claimant && resolver->claimants_count >= e->config.limits.questions / CLAIMANTS_PART) ||
        (is_late && budget_next(e, OTHERS_LAST) > e->now_ns))
        return NULL;
    struct resolution *r = resolution_new(e, key);
    if (r == NULL)
        return NULL;
    r->purpose = purpose;
    r->is_late = is_late;
    resolver->claimants_count += is_claimant;
    host->open_questions++;
    unicast_try(e, r);
    return r;
}

struct resolution *resolver_ask_host(struct engine *e, uint32_t address_index, uint16_t port, struct mac target)
{
    const struct resolution_key key = {address_index, port, target};
    return ask(e, &key, ASK_PROBE);
}

struct resolution *resolver_ask_rival(struct engine *e, uint32_t address_index, uint16_t port,
                                      struct mac target)
{
    const struct resolution_key key = {address_index, port, target};
    return ask(e, &key, ASK_RIVAL);
}

/* Challenges a claimant for whom the table has no room, and keeps nothing of it. */
static void challenge_once(struct engine *e, const struct resolution_key *key)
{
    const enum precedence precedence = precedence_of(e, key->target, ASK_CLAIMANT, false);
    if (e->seed.plain_nonces ||
        host_of(e->hosts, key->target)->open_questions >= e->config.limits.mac_questions ||
        host_next(e, key) > e->now_ns || budget_next(e, precedence) > e->now_ns) {
        e->stats.counters[COUNTER_CLAIMS_LIMITED]++;
        return;
    }
    budget_take(e, key->target, ASK_CLAIMANT, precedence);
    send_request(e, key, 0, challenge_nonce(e, key, e->now_ns / SLOT_NS));
}

/* The target did not answer: its binding of the port ends, and the claim that waited continues. */
static void unicast_silent(struct engine *e, struct resolution *r)
{
    struct mac target = r->key.target;
    bool is_release = r->is_release, has_claim = r->has_claim;
    struct claim claim = r->claim;
    struct binding *b = binding_find(e->bindings, r->key.address_index, r->key.port);
    struct rival *rival = rivals_find(e, r->key.address_index, r->key.port, target);
    resolver_close(e, r);
    if (rival != NULL)
        rivals_remove(e, rival);
    if (b != NULL && b->origin == ORIGIN_PE_ARP && mac_equal(b->owner, target))
        binding_end(e, b, is_release ? EVENT_RELEASED : EVENT_EXPIRED);
    if (!has_claim)
        return;
    claim.previous = target;
    resolver_claim(e, &claim);
}

bool resolver_may_have_lost(const struct engine *e, uint64_t asked_ns)
{
    return e->lost_ns != 0 && e->lost_ns >= asked_ns;
}

/* A late question that finds no budget when its turn comes is not kept, or such questions would fill the table. */
static bool is_given_up(struct engine *e, const struct resolution *r)
{
    return r->is_late && r->tries == 0 && host_next(e, &r->key) <= e->now_ns &&
           budget_next(e, OTHERS_LAST) > e->now_ns;
}

static void unicast_give_up(struct engine *e, struct resolution *r)
{
    struct binding *b = binding_find(e->bindings, r->key.address_index, r->key.port);
    if (b != NULL && b->state == BINDING_PROBE && mac_equal(b->owner, r->key.target))
        binding_enter(e, b, BINDING_STALE);
    e->stats.counters[COUNTER_CLAIMS_LIMITED] += r->has_claim;
    resolver_close(e, r);
}

static void unicast_due(struct engine *e, struct resolution *r)
{
    const unsigned tries = r->is_release ? 1 : TRIES;
    if (r->tries >= tries && resolver_may_have_lost(e, r->asked_ns))
        r->tries = (uint8_t)(tries - 1);
    if (r->tries >= tries && e->now_ns >= r->asked_ns + NS_PER_S)
        unicast_silent(e, r);
    else if (r->purpose == ASK_CLAIMANT && e->now_ns >= r->opened_ns + WAIT_NS + NS_PER_S) {
        e->stats.counters[COUNTER_CLAIMS_LIMITED] += r->tries == 0;
        resolver_close(e, r); /* it repeats its claim */
    } else if (is_given_up(e, r))
        unicast_give_up(e, r);
    else
        unicast_try(e, r);
}

/* Both. */

void resolver_due(struct engine *e, struct resolution *r)
{
    if (is_broadcast(r))
        broadcast_due(e, r);
    else
        unicast_due(e, r);
}

void resolver_budget_due(struct engine *e, enum timer_kind kind)
{
    if (kind == TIMER_ASK) {
        broadcasts_pump(e);
        return;
    }
    struct resolution *r;
    while ((r = TAILQ_FIRST(&e->resolver->unicasts)) != NULL && budget_next(e, OWNER_FIRST) <= e->now_ns) {
        queue_leave(r);
        unicast_try(e, r);
    }
    if (r != NULL)
        timer_set(e->timers, &e->resolver->unicast_timer, budget_next(e, OWNER_FIRST));
}

void resolver_close(struct engine *e, struct resolution *r)
{
    queue_leave(r);
    timer_stop(e->timers, &r->timer);
    if (is_broadcast(r)) {
        TAILQ_REMOVE(&e->resolver->broadcasts, r, broadcasts);
        --*(r->of_set ? &e->resolver->sets_count : &e->resolver->broadcast_count);
    } else {
        struct host *host = host_find(e->hosts, r->key.target);
        if (host != NULL && host->open_questions > 0)
            host->open_questions--;
        e->resolver->claimants_count -= r->purpose == ASK_CLAIMANT;
    }
    keyed_table_remove(e->resolver->questions, r);
}

void resolver_drop(struct engine *e)
{
    struct resolution *r;
    while ((r = keyed_table_oldest(e->resolver->questions)) != NULL) {
        while (r->pending.count > 0) {
            pending_remove(e->resolver->pending, &r->pending);
            verdict_count_held(e, verdict_dropped(DROP_UNRESOLVED));
        }
        struct binding *b = binding_find(e->bindings, r->key.address_index, r->key.port);
        if (b != NULL && b->state == BINDING_PROBE)
            binding_enter(e, b, BINDING_STALE);
        resolver_close(e, r);
    }
}

void resolver_carry(struct engine *e, const struct engine *old)
{
    e->resolver->nonce_count = old->resolver->nonce_count;
    e->resolver->ask_rate = old->resolver->ask_rate;
    e->resolver->unicast_rate = old->resolver->unicast_rate;
    for (const struct resolution *was = keyed_table_oldest(old->resolver->questions); was != NULL;
         was = keyed_table_newer(old->resolver->questions, was)) {
        int index = shared_address_index(e, old->config.addresses[was->key.address_index].address);
        if (is_broadcast(was) || index < 0)
            continue;
        struct resolution_key key = {(uint32_t)index, was->key.port, was->key.target};
        struct resolution *r = resolution_new(e, &key);
        if (r == NULL)
            return;
        r->tries = was->tries;
        r->is_release = was->is_release;
        r->previous = was->previous;
        r->opened_ns = was->opened_ns;
        r->asked_ns = was->asked_ns;
        memcpy(r->nonces, was->nonces, sizeof(r->nonces));
        r->claim = was->claim;
        r->has_claim = was->has_claim && binding_fits(e, &r->claim.ports, r->claim.claimant, ORIGIN_PE_ARP);
    }
}

void resolver_resume(struct engine *e)
{
    for (struct resolution *r = keyed_table_oldest(e->resolver->questions); r != NULL;
         r = keyed_table_newer(e->resolver->questions, r)) {
        struct binding *b = binding_find(e->bindings, r->key.address_index, r->key.port);
        host_of(e->hosts, r->key.target)->open_questions++;
        if (b != NULL && b->state == BINDING_STALE && b->origin == ORIGIN_PE_ARP &&
            mac_equal(b->owner, r->key.target))
            binding_enter(e, b, BINDING_PROBE);
        timer_set(e->timers, &r->timer, r->tries > 0 ? r->asked_ns + NS_PER_S : e->now_ns);
    }
}

/* Claims. */

/* True where the REPLY would teach nothing: the first port is the claimant's by a permanent range or a lease. */
static bool is_fixed_already(const struct engine *e, const struct claim *claim)
{
    const struct binding *b =
        binding_find(e->bindings, shared_address_of_ports(e, &claim->ports), claim->ports.range.first);
    return b != NULL && binding_origin_is_fixed(b->origin) && mac_equal(b->owner, claim->claimant);
}

void resolver_challenge(struct engine *e, const struct claim *claim)
{
    if (!is_fixed_already(e, claim) && !binding_may_own_more(e, &claim->ports, claim->claimant))
        return; /* its REPLY would not count, so it is not asked */
    const struct resolution_key key = {shared_address_of_ports(e, &claim->ports), claim->ports.range.first,
                                       claim->claimant};
    struct resolution *r = ask(e, &key, ASK_CLAIMANT);
    if (r == NULL)
        challenge_once(e, &key);
    else if (mac_is_zero(r->previous))
        r->previous = claim->previous;
}

/* Why another owner has the ports whatever it would answer, or NULL. A lessee is not challenged: without an agent it could
 * not answer. */
static const char *claim_fault(struct engine *e, struct binding *b, const struct port_range *ports)
{
    if (binding_origin_is_permanent(b->origin))
        return "claimed a permanent range";
    if (b->origin == ORIGIN_DHCP)
        return "claimed a range that is leased to another host";
    if (b->origin == ORIGIN_TRAFFIC && binding_sends_from(e, b, ports))
        return "claimed ports that another host sends from";
    return NULL;
}

void resolver_claim(struct engine *e, const struct claim *claim)
{
    const uint32_t address_index = shared_address_of_ports(e, &claim->ports);
    struct binding *asked = NULL;
    uint32_t at = 0;
    for (struct binding *b; (b = binding_overlap_next(e, &claim->ports, &at)) != NULL;) {
        if (mac_equal(b->owner, claim->claimant))
            continue;
        const char *fault = claim_fault(e, b, &claim->ports);
        if (fault != NULL) {
            binding_refuse_claim(e, &claim->ports, claim->claimant, b->owner, fault);
            return;
        }
        if (b->origin == ORIGIN_PE_ARP && asked == NULL)
            asked = b;
    }
    if (asked == NULL) {
        resolver_challenge(e, claim);
        return;
    }
    const struct resolution_key key = {address_index, asked->ports.range.first, asked->owner};
    const bool is_rival = rivals_are_collected(e) && rivals_may_have(e, asked);
    struct resolution *r = ask(e, &key, ASK_OWNER);
    e->stats.counters[COUNTER_CLAIMS_LIMITED] += r == NULL;
    if (r != NULL && !r->has_claim) {
        r->has_claim = true;
        r->claim = *claim;
        r->claim.is_rival = is_rival;
    } else if (is_rival && (r == NULL || !mac_equal(r->claim.claimant, claim->claimant))) {
        resolver_challenge(e, claim); /* none of them waits behind another */
    }
}
