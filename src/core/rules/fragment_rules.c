/* fragment_rules.c: see fragment_rules.h.
 *
 * The life of a datagram:
 * 1. Any of its fragments opens it. Those that arrive before the first one wait.
 * 2. The first one is classified as a whole packet is. Its right and its route hold for all: those that waited
 *    follow it in their order, later ones are sent at once.
 * 3. It is closed when every byte was seen, since senders reuse ids, [limits] datagram-idle after the last fragment, or
 *    datagram-age after it was opened; fragments that still wait then are orphans.
 * 4. A second first fragment that differs poisons it: what comes behind is dropped until it is closed. */
#include "fragment_rules.h"

#include "datagram.h"
#include "engine_state.h"
#include "forward.h"
#include "icmp_error.h"
#include "out/event_emit.h"
#include "out/verdict.h"
#include "packet.h"
#include "route.h"
#include "rx_frame.h"
#include "tables/pending.h"

static struct verdict wait_for_first(struct engine *e, struct datagram *d, const struct rx_frame *rx,
                                     const struct ipv4_packet *packet)
{
    if (d == NULL)
        d = datagram_open(e, rx, packet, DATAGRAM_WAITS);
    if (d->pending.count >= e->config.limits.datagram_fragments || !datagram_pending_append(e, d, rx))
        return verdict_dropped(DROP_FRAGMENT_ORPHAN);
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
    while (pending_peek(e->datagrams->pending, &d->pending, &from, &frame)) {
        struct rx_frame rx;
        datagram_pending_remove(e, d);
        rx_frame_parse(from, &frame, &rx);
        verdict_count_held(e, fragment_follow(e, d, &rx, &d->first));
    }
}

static void datagram_noted(struct engine *e, struct datagram *d)
{
    if (datagram_is_complete(d))
        datagram_close(e, d);
    else
        datagram_follows(e, d);
}

/* True where both begin the same packet: its ports, its ICMP header and quote, or the first octets of another protocol.
 */
static bool same_first(const struct shared_packet *a, const struct shared_packet *b)
{
    return a->ports.source == b->ports.source && a->ports.destination == b->ports.destination &&
           a->icmp_type == b->icmp_type && a->echo.id == b->echo.id && a->echo.sequence == b->echo.sequence &&
           a->first_octets == b->first_octets &&
           (!icmp_is_error(a->icmp_type) || inner_packet_equal(&a->inner, &b->inner));
}

/* One of the two is forged, and the rest could be the other's: it is dropped, or it would reach the wrong host. The
 * datagram is as old as this. */
static struct verdict poison(struct engine *e, struct datagram *d, const struct rx_frame *rx,
                             const struct shared_packet *s)
{
    struct event event = {.kind = EVENT_FRAGMENT_CONFLICT,
                          .side = rx->from,
                          .range = {s->by_host ? s->ip.source : s->ip.destination, 0, UINT16_MAX},
                          .mac = rx->from == SIDE_UPSTREAM ? mac_zero : rx->eth.source,
                          .remote = s->by_host ? s->ip.destination : s->ip.source,
                          .protocol = s->ip.protocol};
    d->is_poisoned = true;
    d->opened_ns = e->now_ns;
    datagram_follows(e, d);
    e->stats.counters[COUNTER_FRAGMENT_CONFLICTS]++;
    if (rate_take(&e->datagrams->conflict_events, rate_limit_of(1, 1), e->now_ns))
        event_emit(e, event);
    return verdict_dropped(DROP_FRAGMENT_BAD);
}

static struct verdict first_fragment(struct engine *e, struct datagram *d, struct rx_frame *rx,
                                     const struct shared_packet *s)
{
    if (d == NULL)
        d = datagram_open(e, rx, &s->ip, DATAGRAM_FOLLOWS);
    if (d->has_first && !same_first(&d->first, s))
        return poison(e, d, rx, s);
    if (!d->has_first)
        d->first = *s;
    d->has_first = true;
    datagram_note(d, &s->ip);
    struct verdict verdict = forward_packet(e, rx, &d->first);
    if (s->by_host)
        fragment_sent(e, d, verdict);
    release(e, d);
    datagram_noted(e, d);
    return verdict;
}

/* Later fragments follow the first one. Without it, where none has to wait, they pass. */
static struct verdict later_fragment(struct engine *e, struct datagram *d, struct rx_frame *rx,
                                     struct shared_packet *s)
{
    if (d == NULL)
        d = datagram_open(e, rx, &s->ip, DATAGRAM_FOLLOWS);
    datagram_note(d, &s->ip);
    s->right.kind = RIGHT_FREE;
    struct verdict verdict = fragment_follow(e, d, rx, d->has_first ? &d->first : s);
    datagram_noted(e, d);
    return verdict;
}

/* A switch's flooded copy is no part of a datagram: it will not be forwarded, whatever its first fragment says. */
static struct verdict flooded_copy(struct engine *e, struct rx_frame *rx, const struct shared_packet *s)
{
    return s->ip.fragment_offset == 0 ? forward_packet(e, rx, s) : verdict_dropped(DROP_SAME_PORT);
}

struct verdict fragment_rule(struct engine *e, struct rx_frame *rx, struct shared_packet *s)
{
    bool is_first = s->ip.fragment_offset == 0;
    /* It could overwrite the flags of the TCP header (RFC 3128). */
    if (s->ip.protocol == PROTOCOL_TCP && s->ip.fragment_offset == 8)
        return verdict_dropped(DROP_FRAGMENT_BAD);
    if (is_first && !packet_classify(e, rx, s))
        return verdict_dropped(DROP_FRAGMENT_BAD);
    if (forward_stays(e, rx, s))
        return flooded_copy(e, rx, s);
    struct datagram *d = datagram_find(e, rx, &s->ip);
    if (d != NULL && d->is_poisoned) {
        datagram_follows(e, d);
        return verdict_dropped(DROP_FRAGMENT_BAD);
    }
    if (is_first)
        return first_fragment(e, d, rx, s);
    bool must_wait = s->destination >= 0 || e->config.source_ports == SOURCE_PORTS_ENFORCE;
    if ((d == NULL || !d->has_first) && must_wait)
        return wait_for_first(e, d, rx, &s->ip);
    return later_fragment(e, d, rx, s);
}
