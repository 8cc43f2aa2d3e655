/* datagram.c: see datagram.h. */
#include "datagram.h"

#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/verdict.h"
#include "packet.h"
#include "rx_frame.h"
#include "tables/account.h"
#include "tables/host_share.h"
#include "tables/pending.h"

#include <stdlib.h>

/* The datagrams with one id to one remote of which a fragment was sent: for ICMP errors that quote a later
 * fragment. */
struct sender_key {
    uint32_t source, destination;
    uint16_t id;
    uint8_t protocol, unused;
};
struct sender {
    struct sender_key key;
    TAILQ_HEAD(, datagram) open; /* in the order in which they left, never empty */
};

struct datagrams *datagrams_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct datagrams *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->timer.kind = TIMER_DATAGRAMS;
    for (unsigned i = 0; i < DATAGRAM_STATES; i++)
        TAILQ_INIT(&f->lists[i]);
    f->datagrams =
        keyed_table_new(l->datagrams, sizeof(struct datagram_key), sizeof(struct datagram), e->seed.hash_key);
    f->holders =
        keyed_table_new(l->datagrams, sizeof(struct holder_key), sizeof(struct holder), e->seed.hash_key);
    f->senders =
        keyed_table_new(l->datagrams, sizeof(struct sender_key), sizeof(struct sender), e->seed.hash_key);
    f->pending = pending_new(l->waiting_fragments, l->fragment_bytes);
    if (f->datagrams == NULL || f->holders == NULL || f->senders == NULL || f->pending == NULL) {
        datagrams_free(f);
        return NULL;
    }
    return f;
}

void datagrams_free(struct datagrams *datagrams)
{
    if (datagrams == NULL)
        return;
    keyed_table_free(datagrams->datagrams);
    keyed_table_free(datagrams->holders);
    keyed_table_free(datagrams->senders);
    pending_free(datagrams->pending);
    free(datagrams);
}

/* Bytes seen. */

static void span_remove(struct datagram *d, unsigned i)
{
    d->spans--;
    for (; i < d->spans; i++)
        d->seen[i] = d->seen[i + 1];
}

/* Adds first..end and merges it with its neighbours. With too many gaps it is ignored: the datagram then ends by
 * its age. */
static void span_add(struct datagram *d, uint16_t first, uint16_t end)
{
    unsigned i = 0;
    while (i < d->spans && d->seen[i].end < first)
        i++;
    while (i < d->spans && d->seen[i].first <= end) {
        first = d->seen[i].first < first ? d->seen[i].first : first;
        end = d->seen[i].end > end ? d->seen[i].end : end;
        span_remove(d, i);
    }
    if (d->spans == SPANS)
        return;
    for (unsigned k = d->spans++; k > i; k--)
        d->seen[k] = d->seen[k - 1];
    d->seen[i] = (struct unit_span){first, end};
}

void datagram_note(struct datagram *d, const struct ipv4_packet *packet)
{
    size_t units = packet->body_length / 8;
    if (!packet->more_fragments)
        units = (packet->body_length + 7) / 8;
    uint16_t first = (uint16_t)(packet->fragment_offset / 8);
    uint16_t end = (uint16_t)(first + units);
    if (units > 0)
        span_add(d, first, end);
    if (!packet->more_fragments)
        d->end = end;
}

bool datagram_is_complete(const struct datagram *d)
{
    return d->has_first && d->end != 0 && d->spans > 0 && d->seen[0].first == 0 && d->seen[0].end >= d->end;
}

/* Datagrams come and go. */

static struct sender_key sender_key_of(const struct datagram_key *key)
{
    return (struct sender_key){key->source, key->destination, key->id, key->protocol, 0};
}

void datagram_left(struct engine *e, struct datagram *d)
{
    struct sender_key wanted = sender_key_of(&d->key);
    bool fresh;
    struct sender *sender = keyed_table_put(e->datagrams->senders, &wanted, &fresh);
    if (fresh)
        TAILQ_INIT(&sender->open);
    else
        e->stats.counters[COUNTER_FRAGMENT_ID_CLASHES]++;
    TAILQ_INSERT_TAIL(&sender->open, d, same_id);
}

static void sender_forget(struct engine *e, struct datagram *d)
{
    struct sender_key wanted = sender_key_of(&d->key);
    struct sender *sender = keyed_table_find(e->datagrams->senders, &wanted);
    TAILQ_REMOVE(&sender->open, d, same_id);
    if (TAILQ_EMPTY(&sender->open))
        keyed_table_remove(e->datagrams->senders, sender);
}

/* Holders. */

static struct holder_key holder_key_of(struct engine *e, const struct datagram_key *key)
{
    struct holder_key holder = {.side = key->side};
    if (key->side == SIDE_UPSTREAM)
        holder.remote = key->source;
    else if (account_has_binding(e, key->sender))
        holder.host = key->sender;
    return holder;
}

static void holder_add(struct engine *e, struct datagram *d)
{
    const struct holder_key key = holder_key_of(e, &d->key);
    bool fresh;
    d->holder = keyed_table_put(e->datagrams->holders, &key, &fresh);
    for (unsigned i = 0; fresh && i < DATAGRAM_STATES; i++)
        TAILQ_INIT(&d->holder->lists[i]);
}

static void holder_remove(struct engine *e, struct holder *holder)
{
    if (holder->counts[DATAGRAM_WAITS] + holder->counts[DATAGRAM_FOLLOWS] == 0)
        keyed_table_remove(e->datagrams->holders, holder);
}

/* Lists. */

static void list_add(struct engine *e, struct datagram *d, enum datagram_state state)
{
    struct datagrams *f = e->datagrams;
    d->state = state;
    d->last_ns = e->now_ns;
    f->counts[state]++;
    d->holder->counts[state]++;
    TAILQ_INSERT_TAIL(&f->lists[state], d, of_state);
    TAILQ_INSERT_TAIL(&d->holder->lists[state], d, of_holder);
}

static void list_remove(struct engine *e, struct datagram *d)
{
    struct datagrams *f = e->datagrams;
    f->counts[d->state]--;
    d->holder->counts[d->state]--;
    TAILQ_REMOVE(&f->lists[d->state], d, of_state);
    TAILQ_REMOVE(&d->holder->lists[d->state], d, of_holder);
}

/* Pending fragments. */

bool datagram_pending_append(struct engine *e, struct datagram *d, const struct rx_frame *rx)
{
    const struct limits *l = &e->config.limits;
    while (!pending_append(e->datagrams->pending, &d->pending, rx->from, rx->frame)) {
        bool has_share = d->holder->waiting_frames >= host_share(l, l->waiting_fragments);
        struct datagram *oldest =
            TAILQ_FIRST(has_share ? &d->holder->lists[DATAGRAM_WAITS] : &e->datagrams->lists[DATAGRAM_WAITS]);
        bool is_itself = oldest == d;
        datagram_close(e, oldest);
        if (is_itself)
            return false;
    }
    d->holder->waiting_frames++;
    return true;
}

void datagram_pending_remove(struct engine *e, struct datagram *d)
{
    pending_remove(e->datagrams->pending, &d->pending);
    d->holder->waiting_frames--;
}

/* Life. */

void datagram_close(struct engine *e, struct datagram *d)
{
    while (d->pending.count > 0) {
        datagram_pending_remove(e, d);
        verdict_count_held(e, verdict_dropped(DROP_FRAGMENT_ORPHAN));
    }
    if (d->is_counted)
        sender_forget(e, d);
    list_remove(e, d);
    holder_remove(e, d->holder);
    keyed_table_remove(e->datagrams->datagrams, d);
}

/* Closes the oldest datagram of a full half: the holder's own where it has its share. `holder` may be NULL: it has
 * none. */
static void make_room(struct engine *e, const struct holder *holder, enum datagram_state state)
{
    const struct limits *l = &e->config.limits;
    struct datagrams *f = e->datagrams;
    uint32_t half = l->datagrams / DATAGRAM_STATES;
    if (f->counts[state] < half)
        return;
    bool has_share = holder != NULL && holder->counts[state] >= host_share(l, half);
    datagram_close(e, TAILQ_FIRST(has_share ? &holder->lists[state] : &f->lists[state]));
}

static uint64_t due_ns(const struct engine *e, const struct datagram *d)
{
    if (d->state == DATAGRAM_WAITS)
        return d->opened_ns + e->config.limits.datagram_age_s * NS_PER_S;
    return d->last_ns + e->config.limits.datagram_idle_s * NS_PER_S;
}

/* The timer may be early: the first of a list may have had a fragment since. */
static void timer_arm(struct engine *e, uint64_t due)
{
    struct timer *timer = &e->datagrams->timer;
    if (!timer_armed(timer) || due < timer->due_ns)
        timer_set(e->timers, timer, due);
}

static struct datagram_key key_of(const struct rx_frame *rx, const struct ipv4_packet *packet)
{
    return (struct datagram_key){
        .source = packet->source.host,
        .destination = packet->destination.host,
        .id = packet->id,
        .protocol = packet->protocol,
        .side = (uint8_t)rx->from,
        .sender = rx->from == SIDE_DOWNSTREAM ? rx->eth.source : mac_zero,
    };
}

struct datagram *datagram_find(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet)
{
    struct datagram_key key = key_of(rx, packet);
    struct datagram *d = keyed_table_find(e->datagrams->datagrams, &key);
    if (d == NULL || e->now_ns - d->opened_ns < e->config.limits.datagram_age_s * NS_PER_S)
        return d;
    datagram_close(e, d);
    return NULL;
}

struct datagram *datagram_open(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet,
                               enum datagram_state state)
{
    struct datagrams *f = e->datagrams;
    const struct datagram_key key = key_of(rx, packet);
    const struct holder_key holder = holder_key_of(e, &key);
    bool fresh;
    make_room(e, keyed_table_find(f->holders, &holder), state);
    struct datagram *d = keyed_table_put(f->datagrams, &key, &fresh);
    d->opened_ns = e->now_ns;
    d->pending = pending_queue_empty;
    holder_add(e, d);
    list_add(e, d, state);
    timer_arm(e, due_ns(e, d));
    return d;
}

void datagram_follows(struct engine *e, struct datagram *d)
{
    bool has_waited = d->state == DATAGRAM_WAITS;
    if (has_waited) /* while `d` is in a list: its holder would go with the last that it has in one */
        make_room(e, d->holder, DATAGRAM_FOLLOWS);
    list_remove(e, d);
    list_add(e, d, DATAGRAM_FOLLOWS);
    if (has_waited)
        timer_arm(e, due_ns(e, d));
}

void datagrams_due(struct engine *e)
{
    for (unsigned i = 0; i < DATAGRAM_STATES; i++) {
        struct datagram *oldest;
        while ((oldest = TAILQ_FIRST(&e->datagrams->lists[i])) != NULL && due_ns(e, oldest) <= e->now_ns)
            datagram_close(e, oldest);
        if (oldest != NULL)
            timer_arm(e, due_ns(e, oldest));
    }
}

void datagrams_drop(struct engine *e)
{
    for (unsigned i = 0; i < DATAGRAM_STATES; i++)
        for (struct datagram *d; (d = TAILQ_FIRST(&e->datagrams->lists[i])) != NULL;)
            datagram_close(e, d);
    timer_stop(e->timers, &e->datagrams->timer);
}

bool fragment_sender(struct engine *e, const struct inner_packet *later, struct mac *host)
{
    struct sender_key key = {later->source.host, later->destination.host, later->id, later->protocol, 0};
    const struct sender *sender = keyed_table_find(e->datagrams->senders, &key);
    if (sender == NULL)
        return false;
    *host = TAILQ_FIRST(&sender->open)->key.sender;
    return true;
}
