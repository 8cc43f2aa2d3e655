/* fragment_rules.c: see fragment_rules.h.
 *
 * The life of a datagram:
 * 1. Any of its fragments opens it. Those that arrive before the first one wait.
 * 2. The first one is classified as a whole packet is. Its right and its route hold for all: those that waited
 *    follow it in their order, later ones are sent at once.
 * 3. It is closed when every byte was seen, since senders reuse ids, or after [limits] datagram-age; fragments that
 *    still wait are orphans. */
#include "fragment_rules.h"

#include "datagram.h"
#include "engine_state.h"
#include "forward.h"
#include "icmp_error.h"
#include "out/verdict.h"
#include "packet.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/host.h"
#include "tables/pending.h"

/* Holds a fragment until the first one comes. Where there is no room, the datagram that has waited longest is
 * closed. */
static struct verdict wait_for_first(struct engine *e, struct datagram *d, const struct rx_frame *rx,
                                     const struct ipv4_packet *packet)
{
    struct datagrams *f = e->datagrams;
    struct verdict orphan = verdict_dropped(DROP_FRAGMENT_ORPHAN);
    bool by_host = rx->from == SIDE_DOWNSTREAM;
    if (d->pending.count >= e->config.limits.datagram_fragments ||
        (by_host && !host_take(host_of(e->hosts, rx->eth.source), SHARE_WAITING,
                               host_share(&e->config.limits, e->config.limits.waiting_fragments))))
        return orphan;
    while (!pending_append(f->pending, &d->pending, rx->from, rx->frame)) {
        struct datagram *oldest = TAILQ_FIRST(&f->waiting);
        if (oldest != NULL && oldest != d) {
            datagram_close(e, oldest);
            continue;
        }
        if (by_host)
            host_give_back(e->hosts, rx->eth.source, SHARE_WAITING);
        if (oldest == d)
            datagram_close(e, d);
        return orphan;
    }
    if (d->pending.count == 1)
        TAILQ_INSERT_TAIL(&f->waiting, d, waiting);
    datagram_note(d, packet);
    return (struct verdict){.fate = FATE_HELD};
}

/* Once a fragment of a host is sent, its id is in use at the remote. */
static struct verdict fragment_sent(struct engine *e, struct datagram *d, struct verdict verdict)
{
    if (verdict.fate == FATE_SENT && !d->is_counted) {
        d->is_counted = true;
        datagram_left(e, d);
    }
    return verdict;
}

static struct verdict fragment_follow(struct engine *e, struct datagram *d, struct rx_frame *rx,
                                      const struct shared_packet *s)
{
    struct verdict verdict = forward_later(e, rx, s);
    return s->by_host ? fragment_sent(e, d, verdict) : verdict;
}

static void release(struct engine *e, struct datagram *d)
{
    enum side from;
    struct frame frame;
    if (d->pending.count > 0)
        TAILQ_REMOVE(&e->datagrams->waiting, d, waiting);
    while (pending_peek(e->datagrams->pending, &d->pending, &from, &frame)) {
        struct rx_frame rx;
        datagram_pending_remove(e, d);
        rx_frame_parse(from, &frame, &rx);
        verdict_count_held(e, fragment_follow(e, d, &rx, &d->first));
    }
}

/* True where both lead to the same decision. */
static bool same_first(const struct shared_packet *a, const struct shared_packet *b)
{
    return a->ports.source == b->ports.source && a->ports.destination == b->ports.destination &&
           a->icmp_type == b->icmp_type && a->echo.id == b->echo.id && a->echo.sequence == b->echo.sequence &&
           (!icmp_is_error(a->icmp_type) || inner_packet_equal(&a->inner, &b->inner));
}

static struct verdict first_fragment(struct engine *e, struct datagram *d, struct rx_frame *rx,
                                     const struct shared_packet *s)
{
    if (d->has_first && !same_first(&d->first, s))
        return verdict_dropped(DROP_FRAGMENT_BAD);
    bool again = d->has_first;
    if (!again)
        d->first = *s;
    d->has_first = true;
    datagram_note(d, &s->ip);
    struct verdict verdict = forward_packet(e, rx, &d->first);
    if (s->by_host)
        fragment_sent(e, d, verdict);
    if (!again)
        release(e, d);
    return verdict;
}

/* Later fragments follow the first one. Without it, where none has to wait, they pass. */
static struct verdict later_fragment(struct engine *e, struct datagram *d, struct rx_frame *rx,
                                     struct shared_packet *s)
{
    datagram_note(d, &s->ip);
    if (d->has_first)
        return fragment_follow(e, d, rx, &d->first);
    s->right.kind = RIGHT_FREE;
    return fragment_follow(e, d, rx, s);
}

struct verdict fragment_rule(struct engine *e, struct rx_frame *rx, struct shared_packet *s)
{
    bool is_first = s->ip.fragment_offset == 0;
    /* It could overwrite the flags of the TCP header (RFC 3128). */
    if (s->ip.protocol == PROTOCOL_TCP && s->ip.fragment_offset == 8)
        return verdict_dropped(DROP_FRAGMENT_BAD);
    if (is_first && !packet_classify(e, rx, s))
        return verdict_dropped(DROP_FRAGMENT_BAD);
    struct datagram *d = datagram_open(e, rx, s);
    if (d == NULL)
        return verdict_dropped(DROP_FRAGMENT_ORPHAN);
    bool must_wait = s->destination >= 0 || e->config.source_ports == SOURCE_PORTS_ENFORCE;
    if (!is_first && !d->has_first && must_wait)
        return wait_for_first(e, d, rx, &s->ip);
    struct verdict verdict = is_first ? first_fragment(e, d, rx, s) : later_fragment(e, d, rx, s);
    if (datagram_is_complete(d))
        datagram_close(e, d);
    return verdict;
}
