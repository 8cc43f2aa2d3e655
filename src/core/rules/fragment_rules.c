/* fragment_rules.c: fragmented datagrams (PROTOCOL 3, rule 5): virtual reassembly.
 * In: fragments of IPv4 to and from shared addresses. Out: each where its first fragment went, or a reason.
 * Called by: ipv4_rules, quote. Never: puts a datagram together.
 *
 * The life of a datagram:
 * 1. It is opened by any of its fragments. Those that come before the first wait in its line.
 * 2. The first is judged as a whole packet is. What is found, its right and its route, holds for all: those that
 *    waited leave behind it in the order they came, later ones go at once.
 * 3. It is closed when every byte was seen, since senders reuse ids, or after [limits] datagram-age; what waits
 *    then is an orphan.
 *
 * Fragments are known by {source, destination, protocol, id} and, downstream, by who sent them: a host's must not
 * mix with another's, and cannot spoil those of the router. One host has no more than its share of both tables. */
#include "internal.h"

#include <stdlib.h>

#define SPANS 64 /* as many as wait by default: any order of those is known to be complete */

struct datagram_key {
    uint32_t source, destination; /* host order */
    uint16_t id;
    uint8_t protocol, side;
    struct mac sender; /* zero: upstream's */
    uint16_t unused;   /* no padding: it is hashed */
};

/* Units of 8 bytes that were seen. */
struct unit_span {
    uint16_t first, end;
};

struct datagram {
    struct datagram_key key;
    struct shared_packet first; /* has_first: what was found of it */
    bool has_first, is_counted;
    uint64_t opened_ns;
    struct unit_span seen[SPANS]; /* ascending, apart */
    unsigned spans;
    uint16_t end; /* in units; 0: the last fragment was not seen */
    struct hold_line line;
    TAILQ_ENTRY(datagram) waiting;
    TAILQ_ENTRY(datagram) same_id;
};

/* Of whose datagrams with an id to a remote something left: for errors that quote a later fragment. */
struct sender_key {
    uint32_t source, destination;
    uint16_t id;
    uint8_t protocol, unused;
};
struct sender {
    struct sender_key key;
    TAILQ_HEAD(, datagram) open; /* in the order in which they left, never empty */
};

struct fragments {
    struct keyed_table *datagrams; /* never touched: oldest first */
    struct keyed_table *senders;
    struct hold *hold;
    TAILQ_HEAD(, datagram) waiting; /* with frames in their line, oldest first */
};

struct fragments *fragments_new(const struct engine *e)
{
    const struct limits *l = &e->config.limits;
    struct fragments *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    TAILQ_INIT(&f->waiting);
    f->datagrams =
        keyed_table_new(l->datagrams, sizeof(struct datagram_key), sizeof(struct datagram), e->seed.hash_key);
    f->senders =
        keyed_table_new(l->datagrams, sizeof(struct sender_key), sizeof(struct sender), e->seed.hash_key);
    f->hold = hold_new(l->waiting_fragments, l->fragment_bytes);
    if (f->datagrams == NULL || f->senders == NULL || f->hold == NULL) {
        fragments_free(f);
        return NULL;
    }
    return f;
}

void fragments_free(struct fragments *fragments)
{
    if (fragments == NULL)
        return;
    keyed_table_free(fragments->datagrams);
    keyed_table_free(fragments->senders);
    hold_free(fragments->hold);
    free(fragments);
}

/* Bytes seen. */

static void span_remove(struct datagram *d, unsigned i)
{
    d->spans--;
    for (; i < d->spans; i++)
        d->seen[i] = d->seen[i + 1];
}

/* Adds first..end, joined with what it meets. With too many gaps it is left out: the datagram ends by its age. */
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

static void note_seen(struct datagram *d, const struct ipv4_packet *packet)
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

static bool is_complete(const struct datagram *d)
{
    return d->has_first && d->end != 0 && d->spans > 0 && d->seen[0].first == 0 && d->seen[0].end >= d->end;
}

/* Datagrams come and go. */

static struct sender_key sender_key_of(const struct datagram_key *key)
{
    return (struct sender_key){key->source, key->destination, key->id, key->protocol, 0};
}

static void sender_note(struct engine *e, struct datagram *d)
{
    struct sender_key wanted = sender_key_of(&d->key);
    bool fresh;
    struct sender *sender = keyed_table_put(e->fragments->senders, &wanted, &fresh);
    if (fresh)
        TAILQ_INIT(&sender->open);
    else
        e->stats.counters[COUNTER_FRAGMENT_ID_CLASHES]++;
    TAILQ_INSERT_TAIL(&sender->open, d, same_id);
}

static void sender_forget(struct engine *e, struct datagram *d)
{
    struct sender_key wanted = sender_key_of(&d->key);
    struct sender *sender = keyed_table_find(e->fragments->senders, &wanted);
    TAILQ_REMOVE(&sender->open, d, same_id);
    if (TAILQ_EMPTY(&sender->open))
        keyed_table_remove(e->fragments->senders, sender);
}

/* The oldest of the line is no longer the datagram's. */
static void line_remove(struct engine *e, struct datagram *d)
{
    hold_remove(e->fragments->hold, &d->line);
    if (d->key.side == SIDE_DOWNSTREAM)
        host_give_back(e->hosts, d->key.sender, SHARE_WAITING);
}

static void datagram_close(struct engine *e, struct datagram *d)
{
    if (d->line.count > 0)
        TAILQ_REMOVE(&e->fragments->waiting, d, waiting);
    while (d->line.count > 0) {
        line_remove(e, d);
        settle_held(e, verdict_dropped(DROP_FRAGMENT_ORPHAN));
    }
    if (d->key.side == SIDE_DOWNSTREAM)
        host_give_back(e->hosts, d->key.sender, SHARE_DATAGRAMS);
    if (d->is_counted)
        sender_forget(e, d);
    keyed_table_remove(e->fragments->datagrams, d);
}

static void make_room(struct engine *e)
{
    struct fragments *f = e->fragments;
    if (!keyed_table_full(f->datagrams))
        return;
    struct datagram *d = TAILQ_FIRST(&f->waiting);
    datagram_close(e, d != NULL ? d : keyed_table_oldest(f->datagrams));
}

static void timer_arm(struct engine *e)
{
    const struct datagram *oldest = keyed_table_oldest(e->fragments->datagrams);
    if (oldest == NULL)
        timer_stop(e->timers, &e->fragments_timer);
    else
        timer_set(e->timers, &e->fragments_timer,
                  oldest->opened_ns + e->config.limits.datagram_age_s * SECOND_NS);
}

static struct datagram_key key_of(const struct passage *p, const struct ipv4_packet *packet)
{
    return (struct datagram_key){
        .source = packet->source.host,
        .destination = packet->destination.host,
        .id = packet->id,
        .protocol = packet->protocol,
        .side = (uint8_t)p->from,
        .sender = p->from == SIDE_DOWNSTREAM ? p->eth.source : mac_zero,
    };
}

/* The datagram of a fragment, a new one where it is the first to come. NULL: its host has its share. */
static struct datagram *datagram_of(struct engine *e, const struct passage *p, const struct shared_packet *s)
{
    struct fragments *f = e->fragments;
    struct datagram_key key = key_of(p, &s->ip);
    struct datagram *d = keyed_table_find(f->datagrams, &key);
    if (d != NULL)
        return d;
    if (p->from == SIDE_DOWNSTREAM &&
        !host_take(host_of(e->hosts, p->eth.source), SHARE_DATAGRAMS, e->share_datagrams))
        return NULL;
    make_room(e);
    bool fresh;
    d = keyed_table_put(f->datagrams, &key, &fresh);
    d->opened_ns = e->now_ns;
    d->line = hold_line_empty;
    if (!timer_armed(&e->fragments_timer))
        timer_arm(e);
    return d;
}

void fragments_due(struct engine *e)
{
    uint64_t age_ns = e->config.limits.datagram_age_s * SECOND_NS;
    struct datagram *oldest;
    while ((oldest = keyed_table_oldest(e->fragments->datagrams)) != NULL &&
           e->now_ns - oldest->opened_ns >= age_ns)
        datagram_close(e, oldest);
    timer_arm(e);
}

void fragments_drop(struct engine *e)
{
    struct datagram *d;
    while ((d = keyed_table_oldest(e->fragments->datagrams)) != NULL)
        datagram_close(e, d);
    timer_arm(e);
}

/* Fragments. */

/* Keeps a fragment until its first comes. A datagram for which there is no room goes, as any that waits longest. */
static struct verdict wait_for_first(struct engine *e, struct datagram *d, const struct passage *p,
                                     const struct ipv4_packet *packet)
{
    struct fragments *f = e->fragments;
    struct verdict orphan = verdict_dropped(DROP_FRAGMENT_ORPHAN);
    bool by_host = p->from == SIDE_DOWNSTREAM;
    if (d->line.count >= e->config.limits.datagram_fragments ||
        (by_host && !host_take(host_of(e->hosts, p->eth.source), SHARE_WAITING, e->share_waiting)))
        return orphan;
    while (!hold_append(f->hold, &d->line, p->from, p->frame)) {
        struct datagram *oldest = TAILQ_FIRST(&f->waiting);
        if (oldest != NULL && oldest != d) {
            datagram_close(e, oldest);
            continue;
        }
        if (by_host)
            host_give_back(e->hosts, p->eth.source, SHARE_WAITING);
        if (oldest == d)
            datagram_close(e, d);
        return orphan;
    }
    if (d->line.count == 1)
        TAILQ_INSERT_TAIL(&f->waiting, d, waiting);
    note_seen(d, packet);
    return (struct verdict){.fate = FATE_HELD};
}

/* Lets a fragment pass. Once one of a host's has left, its id is in use at the remote. */
static struct verdict fragment_pass(struct engine *e, struct datagram *d, struct passage *p,
                                    const struct shared_packet *s)
{
    struct verdict verdict = packet_pass(e, p, s);
    if (verdict.fate == FATE_SENT && s->by_host && !d->is_counted) {
        d->is_counted = true;
        sender_note(e, d);
    }
    return verdict;
}

static void release(struct engine *e, struct datagram *d)
{
    enum side from;
    struct frame frame;
    if (d->line.count > 0)
        TAILQ_REMOVE(&e->fragments->waiting, d, waiting);
    while (hold_peek(e->fragments->hold, &d->line, &from, &frame)) {
        struct passage p;
        line_remove(e, d);
        passage_of(from, &frame, &p);
        settle_held(e, fragment_pass(e, d, &p, &d->first));
    }
}

/* The same packet again, as far as it decides anything. */
static bool same_first(const struct shared_packet *a, const struct shared_packet *b)
{
    return a->ports.source == b->ports.source && a->ports.destination == b->ports.destination &&
           a->icmp_type == b->icmp_type && a->echo.id == b->echo.id && a->echo.sequence == b->echo.sequence &&
           (!icmp_is_error(a->icmp_type) || quote_equal(&a->quote, &b->quote));
}

static struct verdict first_fragment(struct engine *e, struct datagram *d, struct passage *p,
                                     const struct shared_packet *s)
{
    if (d->has_first && !same_first(&d->first, s))
        return verdict_dropped(DROP_FRAGMENT_BAD);
    bool again = d->has_first;
    if (!again)
        d->first = *s;
    d->has_first = true;
    note_seen(d, &s->ip);
    struct verdict verdict = fragment_pass(e, d, p, &d->first);
    if (!again)
        release(e, d);
    return verdict;
}

/* What the first found holds for the fragments behind it; without it, where none waits, nothing stands against them. */
static struct verdict later_fragment(struct engine *e, struct datagram *d, struct passage *p,
                                     struct shared_packet *s)
{
    note_seen(d, &s->ip);
    if (d->has_first)
        return fragment_pass(e, d, p, &d->first);
    s->right.kind = RIGHT_FREE;
    return fragment_pass(e, d, p, s);
}

struct verdict fragment_rule(struct engine *e, struct passage *p, struct shared_packet *s)
{
    bool is_first = s->ip.fragment_offset == 0;
    /* The flags of a TCP header could be put over by it (RFC 3128). */
    if (s->ip.protocol == PROTOCOL_TCP && s->ip.fragment_offset == 8)
        return verdict_dropped(DROP_FRAGMENT_BAD);
    if (is_first && !packet_judge(e, p, s))
        return verdict_dropped(DROP_FRAGMENT_BAD);
    struct datagram *d = datagram_of(e, p, s);
    if (d == NULL)
        return verdict_dropped(DROP_FRAGMENT_ORPHAN);
    bool must_wait = s->destination >= 0 || e->config.source_ports == SOURCE_PORTS_ENFORCE;
    if (!is_first && !d->has_first && must_wait)
        return wait_for_first(e, d, p, &s->ip);
    struct verdict verdict = is_first ? first_fragment(e, d, p, s) : later_fragment(e, d, p, s);
    if (is_complete(d))
        datagram_close(e, d);
    return verdict;
}

/* Quotes of later fragments. */

bool fragment_sender(struct engine *e, const struct quote *later, struct mac *host)
{
    struct sender_key key = {later->source.host, later->destination.host, later->id, later->protocol, 0};
    const struct sender *sender = keyed_table_find(e->fragments->senders, &key);
    if (sender == NULL)
        return false;
    *host = TAILQ_FIRST(&sender->open)->key.sender;
    return true;
}

bool fragment_receiver(struct engine *e, const struct quote *later, struct mac *host)
{
    struct datagram_key key = {
        .source = later->source.host,
        .destination = later->destination.host,
        .id = later->id,
        .protocol = later->protocol,
        .side = SIDE_UPSTREAM,
    };
    const struct datagram *d = keyed_table_find(e->fragments->datagrams, &key);
    if (d == NULL || !d->has_first)
        return false;
    if (d->first.route.kind == ROUTE_HOST) {
        *host = d->first.route.host;
        return true;
    }
    const struct binding *b = NULL;
    if (d->first.route.kind == ROUTE_PORT)
        b = binding_find(e->bindings, (uint32_t)d->first.destination, d->first.route.port);
    if (b != NULL)
        *host = b->owner;
    return b != NULL;
}
