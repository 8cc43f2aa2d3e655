/* datagram.c: see datagram.h. */
#include "datagram.h"

#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/verdict.h"
#include "packet.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/host.h"
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
    TAILQ_INIT(&f->waiting);
    f->datagrams =
        keyed_table_new(l->datagrams, sizeof(struct datagram_key), sizeof(struct datagram), e->seed.hash_key);
    f->senders =
        keyed_table_new(l->datagrams, sizeof(struct sender_key), sizeof(struct sender), e->seed.hash_key);
    f->pending = pending_new(l->waiting_fragments, l->fragment_bytes);
    if (f->datagrams == NULL || f->senders == NULL || f->pending == NULL) {
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

/* Removes the oldest pending fragment. */
void datagram_pending_remove(struct engine *e, struct datagram *d)
{
    pending_remove(e->datagrams->pending, &d->pending);
    if (d->key.side == SIDE_DOWNSTREAM)
        host_give_back(e->hosts, d->key.sender, SHARE_WAITING);
}

void datagram_close(struct engine *e, struct datagram *d)
{
    if (d->pending.count > 0)
        TAILQ_REMOVE(&e->datagrams->waiting, d, waiting);
    while (d->pending.count > 0) {
        datagram_pending_remove(e, d);
        verdict_count_held(e, verdict_dropped(DROP_FRAGMENT_ORPHAN));
    }
    if (d->key.side == SIDE_DOWNSTREAM)
        host_give_back(e->hosts, d->key.sender, SHARE_DATAGRAMS);
    if (d->is_counted)
        sender_forget(e, d);
    keyed_table_remove(e->datagrams->datagrams, d);
}

static void make_room(struct engine *e)
{
    struct datagrams *f = e->datagrams;
    if (!keyed_table_full(f->datagrams))
        return;
    struct datagram *d = TAILQ_FIRST(&f->waiting);
    datagram_close(e, d != NULL ? d : keyed_table_oldest(f->datagrams));
}

static void timer_arm(struct engine *e)
{
    const struct datagram *oldest = keyed_table_oldest(e->datagrams->datagrams);
    if (oldest == NULL)
        timer_stop(e->timers, &e->datagrams->timer);
    else
        timer_set(e->timers, &e->datagrams->timer,
                  oldest->opened_ns + e->config.limits.datagram_age_s * NS_PER_S);
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

/* The datagram of a fragment, opened by its first one to arrive. NULL: the host has its share. */
struct datagram *datagram_open(struct engine *e, const struct rx_frame *rx, const struct shared_packet *s)
{
    struct datagrams *f = e->datagrams;
    struct datagram_key key = key_of(rx, &s->ip);
    struct datagram *d = keyed_table_find(f->datagrams, &key);
    if (d != NULL)
        return d;
    if (rx->from == SIDE_DOWNSTREAM && !host_take(host_of(e->hosts, rx->eth.source), SHARE_DATAGRAMS,
                                                  host_share(&e->config.limits, e->config.limits.datagrams)))
        return NULL;
    make_room(e);
    bool fresh;
    d = keyed_table_put(f->datagrams, &key, &fresh);
    d->opened_ns = e->now_ns;
    d->pending = pending_queue_empty;
    if (!timer_armed(&e->datagrams->timer))
        timer_arm(e);
    return d;
}

void datagrams_due(struct engine *e)
{
    uint64_t age_ns = e->config.limits.datagram_age_s * NS_PER_S;
    struct datagram *oldest;
    while ((oldest = keyed_table_oldest(e->datagrams->datagrams)) != NULL &&
           e->now_ns - oldest->opened_ns >= age_ns)
        datagram_close(e, oldest);
    timer_arm(e);
}

void datagrams_drop(struct engine *e)
{
    struct datagram *d;
    while ((d = keyed_table_oldest(e->datagrams->datagrams)) != NULL)
        datagram_close(e, d);
    timer_arm(e);
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
