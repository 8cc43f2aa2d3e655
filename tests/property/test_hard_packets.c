/* test_hard_packets.c: random fragments, ICMP errors, pings and packets without ports through the engine, against a
 * slow model of docs/forwarding.md#ipv4-to-shared, rules 2 to 6: arrays, a bitmap for each datagram, a search for each
 * question.
 *
 * The model says of every frame and of every step of time which frames leave, in which order and with which MAC
 * addresses, and what each counter is; the engine must agree to the byte. Owners are configured, so that nothing but
 * these rules is at work (test_random.c has the rest). SEED, RUNS and STEPS
 * come from the environment; a mismatch prints them. */
#include "pearpd/engine.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S           UINT64_C(1000000000)
#define FRAME_BYTES 256
#define OUT_MAX     128
#define HOSTS       3
#define DATAGRAMS   16
#define HALF        (DATAGRAMS / 2)
#define WAITING     18
#define EACH        4
#define FLOWS       4096
#define ECHOES      4096
#define UNITS       64

static const struct mac bridge_mac = {{2, 0x50, 0x45, 0, 0, 1}}, router = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}};
static const struct mac hosts[HOSTS] = {{{0, 1, 0, 0, 0, 1}}, {{0, 1, 0, 0, 0, 2}}, {{0, 1, 0, 0, 0, 3}}};
static const struct ipv4 shared = {0xc0000201}, remotes[2] = {{0xc6336401}, {0xc6336402}};

struct bytes {
    uint8_t data[FRAME_BYTES];
    size_t length;
};

struct sent {
    enum side to;
    struct bytes frame;
};

/* What a packet is judged by; the model's own form of it. */
struct packet {
    enum side from;
    unsigned host; /* who sent it, of downstream's */
    struct ipv4 source, destination;
    uint8_t protocol;
    uint16_t id;
    unsigned offset, units; /* of 8 bytes */
    bool more;
    uint16_t source_port, destination_port; /* offset 0, with ports */
    uint8_t octet;                          /* offset 0, of others: one of the first four */
    uint8_t icmp_type;
    uint16_t echo_id, sequence;
    bool quote_is_readable;
    struct quoted {
        struct ipv4 source, destination;
        uint8_t protocol;
        uint16_t id, source_port, destination_port;
        unsigned offset;
        uint8_t icmp_type;
        uint16_t echo_id, sequence;
    } quote, known; /* `known`: what of it the bytes that are there tell */
    struct bytes frame;
};

struct model_datagram {
    bool used, has_first, waits, is_poisoned;
    struct packet any, first;
    uint64_t opened, last;
    unsigned order; /* of its last fragment; where it waits, of the one that opened it */
    unsigned left;  /* in which order the first of it left; 0: nothing did */
    bool seen[UNITS];
    unsigned end; /* 0: not known */
    struct packet waiting[EACH];
    unsigned waiting_count;
    /* found once, of the first */
    int target; /* of what it is about: see target_of() */
};

struct model_flow {
    struct ipv4 remote;
    uint8_t protocol;
    unsigned host;
    uint64_t heard;
};
struct model_echo {
    struct ipv4 remote;
    uint16_t id, sequence;
    unsigned host;
    uint64_t sent;
};

struct world {
    uint64_t seed, random, now;
    unsigned step, order, lefts;
    struct config config;
    struct config_address address;
    struct config_range ranges[HOSTS];
    struct config_protocol protocol;
    struct engine *engine;
    struct sent out[OUT_MAX], expected[OUT_MAX];
    unsigned out_count, expected_count;
    uint64_t drops[DROP_COUNT], held, conflicts;
    struct model_datagram datagrams[DATAGRAMS];
    struct model_flow flows[FLOWS];
    unsigned flow_count;
    struct model_echo echoes[ECHOES];
    unsigned echo_count;
    struct traffic delivered, told; /* frames to hosts, for rx alone; what records of flows say */
};

static void blame(const struct world *w, const char *what)
{
    fail_msg("SEED=%llu step %u: %s", (unsigned long long)w->seed, w->step, what);
}

#define must(w, condition)          \
    do {                            \
        if (!(condition))           \
            blame((w), #condition); \
    } while (0)

static unsigned pick(struct world *w, unsigned below)
{
    return (unsigned)(seeded_next(&w->random) % below);
}

/* The model. */

static void drop(struct world *w, enum drop_reason reason)
{
    w->drops[reason]++;
}

static void expect(struct world *w, enum side to, const struct packet *p, const struct mac *destination,
                   const struct mac *source)
{
    must(w, w->expected_count < OUT_MAX);
    struct sent *sent = &w->expected[w->expected_count++];
    *sent = (struct sent){to, p->frame};
    if (destination != NULL)
        memcpy(sent->frame.data, destination->octets, 6);
    if (source != NULL)
        memcpy(sent->frame.data + 6, source->octets, 6);
}

static int owner_of(uint16_t port)
{
    return port >= 2000 && port < 2000 + 1000 * HOSTS ? (port - 2000) / 1000 : -1;
}

/* Where something goes: a host, or one of these. */
enum { TO_NOBODY = -1, TO_BAD_QUOTE = -2, TO_ECHO_DROP = -3, TO_DHCP_UNASKED = -4 };

static int flow_host_of(const struct world *w, struct ipv4 remote, uint8_t protocol)
{
    if (w->config.protocol_count > 0 && protocol == w->protocol.protocol)
        return 1;
    for (unsigned i = 0; i < w->flow_count; i++) {
        const struct model_flow *f = &w->flows[i];
        if (f->remote.host == remote.host && f->protocol == protocol && w->now - f->heard < 300 * S)
            return (int)f->host;
    }
    return TO_NOBODY;
}

static int echo_target(const struct world *w, struct ipv4 remote, uint16_t id, uint16_t sequence)
{
    for (unsigned i = w->echo_count; i-- > 0;) {
        const struct model_echo *e = &w->echoes[i];
        if (e->remote.host == remote.host && e->id == id && e->sequence == sequence &&
            w->now - e->sent < 60 * S)
            return (int)e->host;
    }
    return owner_of(id);
}

static bool has_ports(uint8_t protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/* Of the open datagrams of hosts with that key, the one that left first. */
static int sender_of_fragment(const struct world *w, const struct quoted *q)
{
    const struct model_datagram *oldest = NULL;
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        const struct model_datagram *d = &w->datagrams[i];
        if (d->used && d->any.from == SIDE_DOWNSTREAM && d->any.destination.host == q->destination.host &&
            d->any.protocol == q->protocol && d->any.id == q->id && d->left > 0 &&
            (oldest == NULL || d->left < oldest->left))
            oldest = d;
    }
    return oldest == NULL ? TO_NOBODY : (int)oldest->any.host;
}

static bool is_error(uint8_t type)
{
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static int quote_target(const struct world *w, const struct packet *p)
{
    const struct quoted *q = &p->quote;
    if (!p->quote_is_readable || q->source.host != shared.host)
        return TO_BAD_QUOTE;
    if (q->offset > 0)
        return sender_of_fragment(w, q);
    if (has_ports(q->protocol))
        return owner_of(q->source_port);
    if (q->protocol == PROTOCOL_ICMP)
        return q->icmp_type == 8 ? echo_target(w, q->destination, q->echo_id, q->sequence) : TO_NOBODY;
    return flow_host_of(w, q->destination, q->protocol);
}

/* Of a packet from upstream, whole or first. */
static int target_of(const struct world *w, const struct packet *p)
{
    if (p->protocol == PROTOCOL_UDP && p->destination_port == UDP_PORT_BOOTPC)
        return TO_DHCP_UNASKED;
    if (has_ports(p->protocol))
        return owner_of(p->destination_port);
    if (p->protocol != PROTOCOL_ICMP)
        return flow_host_of(w, p->source, p->protocol);
    if (p->icmp_type == 0)
        return echo_target(w, p->source, p->echo_id, p->sequence);
    if (p->icmp_type == 8)
        return TO_ECHO_DROP;
    return is_error(p->icmp_type) ? quote_target(w, p) : TO_NOBODY;
}

static void deliver(struct world *w, const struct packet *p, int target)
{
    if (target >= 0)
        expect(w, SIDE_DOWNSTREAM, p, &hosts[target], NULL);
    else if (target == TO_BAD_QUOTE)
        drop(w, DROP_ICMP_BAD_QUOTE);
    else if (target == TO_ECHO_DROP)
        drop(w, DROP_ECHO_DROP);
    else if (target == TO_DHCP_UNASKED)
        drop(w, DROP_DHCP_UNASKED);
    else if (w->address.has_default_host)
        expect(w, SIDE_DOWNSTREAM, p, &w->address.default_host, NULL);
    else
        drop(w, DROP_NO_OWNER);
}

/* Who got what a host's error quotes: a host, or TO_NOBODY. */
static int receiver_of_quote(const struct world *w, const struct quoted *q)
{
    if (has_ports(q->protocol))
        return owner_of(q->destination_port);
    return q->protocol == PROTOCOL_ICMP ? TO_NOBODY : flow_host_of(w, q->source, q->protocol);
}

/* What stands against a host's packet, whole or first: a reason, or DROP_COUNT. */
static unsigned fault_of(const struct world *w, const struct packet *p)
{
    int owner = TO_NOBODY;
    if (has_ports(p->protocol)) {
        owner = owner_of(p->source_port);
    } else if (p->protocol != PROTOCOL_ICMP) {
        owner = flow_host_of(w, p->destination, p->protocol);
        return owner >= 0 && owner != (int)p->host ? DROP_FLOW_CONFLICT : DROP_COUNT;
    } else if (is_error(p->icmp_type)) {
        if (!p->quote_is_readable)
            return DROP_ICMP_BAD_QUOTE;
        if (p->quote.destination.host != shared.host || p->quote.offset > 0)
            return DROP_SOURCE_PORT_VIOLATION;
        owner = receiver_of_quote(w, &p->quote);
    }
    return owner >= 0 && owner != (int)p->host ? DROP_SOURCE_PORT_VIOLATION : DROP_COUNT;
}

static void note_flow(struct world *w, const struct packet *p)
{
    if (has_ports(p->protocol) || p->protocol == PROTOCOL_ICMP ||
        (w->config.protocol_count > 0 && p->protocol == w->protocol.protocol))
        return;
    struct model_flow *flow = NULL;
    for (unsigned i = 0; i < w->flow_count; i++)
        if (w->flows[i].remote.host == p->destination.host && w->flows[i].protocol == p->protocol)
            flow = &w->flows[i];
    if (flow != NULL && flow->host != p->host && w->now - flow->heard < 300 * S)
        return;
    if (flow == NULL)
        flow = &w->flows[w->flow_count++];
    *flow = (struct model_flow){p->destination, p->protocol, p->host, w->now};
}

/* A host's packet, or a fragment behind `first` of one. */
static void leave(struct world *w, const struct packet *p, unsigned fault)
{
    if (fault == DROP_ICMP_BAD_QUOTE ||
        (fault != DROP_COUNT && w->config.source_ports == SOURCE_PORTS_ENFORCE)) {
        drop(w, (enum drop_reason)fault);
        return;
    }
    expect(w, SIDE_UPSTREAM, p, NULL, w->config.source_mac_host ? NULL : &bridge_mac);
    if (p->offset == 0 && p->protocol == PROTOCOL_ICMP && p->icmp_type == 8)
        w->echoes[w->echo_count++] =
            (struct model_echo){p->destination, p->echo_id, p->sequence, p->host, w->now};
}

static void pass(struct world *w, const struct packet *p, const struct packet *first, int target,
                 unsigned fault)
{
    if (p->from == SIDE_UPSTREAM) {
        deliver(w, p, target);
        return;
    }
    if (!has_ports(first->protocol) && first->protocol != PROTOCOL_ICMP) {
        fault = fault_of(w, first);
        note_flow(w, first);
    }
    leave(w, p, fault);
}

/* What decides of a first fragment, all of it from its bytes. */
static bool same_first(const struct packet *a, const struct packet *b)
{
    if (a->source_port != b->source_port || a->destination_port != b->destination_port)
        return false;
    if (a->protocol != PROTOCOL_ICMP)
        return a->octet == b->octet;
    if (a->icmp_type != b->icmp_type || a->quote_is_readable != b->quote_is_readable)
        return false;
    if (is_error(a->icmp_type))
        return memcmp(&a->known, &b->known, sizeof(a->known)) == 0;
    bool is_echo = a->icmp_type == 0 || a->icmp_type == 8;
    return !is_echo || (a->echo_id == b->echo_id && a->sequence == b->sequence);
}

static void end(struct world *w, struct model_datagram *d)
{
    for (unsigned i = 0; i < d->waiting_count; i++, w->held--)
        drop(w, DROP_FRAGMENT_ORPHAN);
    d->used = false;
}

static bool same_holder(const struct packet *a, const struct packet *b)
{
    return a->from == b->from &&
           (a->from == SIDE_UPSTREAM ? a->source.host == b->source.host : a->host == b->host);
}

/* Of those that wait, or do not; of one holder, or (NULL) of all. */
static struct model_datagram *oldest_of(struct world *w, bool waits, const struct packet *holder,
                                        unsigned *count)
{
    struct model_datagram *oldest = NULL;
    *count = 0;
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        struct model_datagram *d = &w->datagrams[i];
        if (!d->used || d->waits != waits || (holder != NULL && !same_holder(&d->any, holder)))
            continue;
        ++*count;
        if (oldest == NULL || d->order < oldest->order)
            oldest = d;
    }
    return oldest;
}

static unsigned share_of(const struct world *w, unsigned whole)
{
    return whole * w->config.limits.host_share / 100;
}

static void make_room(struct world *w, bool waits, const struct packet *holder)
{
    unsigned own, all;
    struct model_datagram *oldest_own = oldest_of(w, waits, holder, &own);
    struct model_datagram *oldest = oldest_of(w, waits, NULL, &all);
    if (all == HALF)
        end(w, own >= share_of(w, HALF) ? oldest_own : oldest);
}

static bool same_datagram(const struct packet *a, const struct packet *b)
{
    return a->from == b->from && a->source.host == b->source.host &&
           a->destination.host == b->destination.host && a->protocol == b->protocol && a->id == b->id &&
           (a->from == SIDE_UPSTREAM || a->host == b->host);
}

static struct model_datagram *datagram_of(struct world *w, const struct packet *p)
{
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        struct model_datagram *d = &w->datagrams[i];
        if (!d->used || !same_datagram(&d->any, p))
            continue;
        if (w->now - d->opened < 5 * S)
            return d;
        end(w, d);
    }
    return NULL;
}

static struct model_datagram *open_datagram(struct world *w, const struct packet *p, bool waits)
{
    struct model_datagram *d = w->datagrams;
    make_room(w, waits, p);
    while (d->used)
        d++;
    *d = (struct model_datagram){
        .used = true, .waits = waits, .any = *p, .opened = w->now, .last = w->now, .order = w->order++};
    return d;
}

static void follows(struct world *w, struct model_datagram *d)
{
    if (d->waits)
        make_room(w, false, &d->any);
    d->waits = false;
    d->last = w->now;
    d->order = w->order++;
}

static void note_seen(struct model_datagram *d, const struct packet *p)
{
    for (unsigned i = 0; i < p->units; i++)
        d->seen[p->offset + i] = true;
    if (!p->more)
        d->end = p->offset + p->units;
}

static unsigned waiting_of(const struct world *w, const struct packet *holder)
{
    unsigned count = 0;
    for (unsigned i = 0; i < DATAGRAMS; i++)
        if (w->datagrams[i].used && same_holder(&w->datagrams[i].any, holder))
            count += w->datagrams[i].waiting_count;
    return count;
}

static void wait_for_first(struct world *w, struct model_datagram *d, const struct packet *p)
{
    if (d == NULL)
        d = open_datagram(w, p, true);
    if (d->waiting_count == EACH) {
        drop(w, DROP_FRAGMENT_ORPHAN);
        return;
    }
    while (w->held == WAITING) {
        unsigned count;
        bool own = waiting_of(w, p) >= share_of(w, WAITING);
        struct model_datagram *oldest = oldest_of(w, true, own ? p : NULL, &count);
        bool itself = oldest == d;
        end(w, oldest);
        if (itself) {
            drop(w, DROP_FRAGMENT_ORPHAN);
            return;
        }
    }
    d->waiting[d->waiting_count++] = *p;
    w->held++;
    note_seen(d, p);
}

/* The first that came of a datagram's first fragments. */
static void model_first(struct world *w, struct model_datagram *d, const struct packet *p, int target)
{
    d->has_first = true;
    d->first = *p;
    d->target = target;
    unsigned fault = p->from == SIDE_DOWNSTREAM ? fault_of(w, p) : DROP_COUNT;
    d->first.units = fault; /* kept for those behind it */
    note_seen(d, p);
    pass(w, p, &d->first, d->target, fault);
    for (unsigned i = 0; i < d->waiting_count; i++, w->held--)
        pass(w, &d->waiting[i], &d->first, d->target, fault);
    d->waiting_count = 0;
}

static bool is_complete(const struct model_datagram *d)
{
    bool complete = d->has_first && d->end > 0;
    for (unsigned i = 0; complete && i < d->end; i++)
        complete = d->seen[i];
    return complete;
}

/* A second first fragment that differs, or one behind it. */
static void model_poisoned(struct world *w, struct model_datagram *d)
{
    if (!d->is_poisoned) {
        d->is_poisoned = true;
        d->opened = w->now;
        w->conflicts++;
    }
    follows(w, d);
    drop(w, DROP_FRAGMENT_BAD);
}

static void model_fragment(struct world *w, const struct packet *p)
{
    if (p->protocol == PROTOCOL_TCP && p->offset == 1) {
        drop(w, DROP_FRAGMENT_BAD);
        return;
    }
    /* Before room is made for it: what it quotes may be of the datagram that goes. */
    int target = p->offset == 0 && p->from == SIDE_UPSTREAM ? target_of(w, p) : 0;
    struct model_datagram *d = datagram_of(w, p);
    bool is_first = p->offset == 0, has_first = d != NULL && d->has_first;
    unsigned before = w->expected_count;
    if (d != NULL && (d->is_poisoned || (is_first && has_first && !same_first(p, &d->first)))) {
        model_poisoned(w, d);
        return;
    }
    if (!is_first && !has_first &&
        (p->from == SIDE_UPSTREAM || w->config.source_ports == SOURCE_PORTS_ENFORCE)) {
        wait_for_first(w, d, p);
        return;
    }
    if (d == NULL)
        d = open_datagram(w, p, false);
    if (is_first && !has_first) {
        model_first(w, d, p, target);
    } else {
        note_seen(d, p);
        if (has_first)
            pass(w, p, &d->first, d->target, d->first.units);
        else
            leave(w, p, DROP_COUNT);
    }
    if (d->left == 0 && p->from == SIDE_DOWNSTREAM && w->expected_count > before)
        d->left = ++w->lefts;
    if (is_complete(d))
        end(w, d);
    else
        follows(w, d);
}

static void model_packet(struct world *w, const struct packet *p)
{
    if (p->offset > 0 || p->more)
        model_fragment(w, p);
    else
        pass(w, p, p, p->from == SIDE_UPSTREAM ? target_of(w, p) : 0,
             p->from == SIDE_DOWNSTREAM ? fault_of(w, p) : DROP_COUNT);
}

static void model_time(struct world *w)
{
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        struct model_datagram *d = &w->datagrams[i];
        if (d->used && (d->waits ? w->now - d->opened >= 5 * S : w->now - d->last >= S))
            end(w, d);
    }
}

/* Frames. */

/* Writes an IPv4 header with `words` of options; returns what it took. */
static size_t put_ip(uint8_t *ip, unsigned words, size_t body, const struct quoted *q, unsigned fragment)
{
    size_t header = 20 + 4 * words;
    memset(ip, 0, header);
    ip[0] = (uint8_t)(0x40 | header / 4);
    put16(ip + 2, (unsigned)(header + body));
    put16(ip + 4, q->id);
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = q->protocol;
    put32(ip + 12, q->source.host);
    put32(ip + 16, q->destination.host);
    return header;
}

static uint16_t pick_port(struct world *w)
{
    return (uint16_t)(pick(w, 6) == 0 ? 53 + pick(w, 2000) : 1995 + pick(w, 1000 * HOSTS + 10));
}

static uint8_t pick_protocol(struct world *w)
{
    static const uint8_t some[] = {
        PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMP, 47, 50};
    return some[pick(w, sizeof(some))];
}

static uint8_t pick_icmp(struct world *w)
{
    static const uint8_t some[] = {0, 8, 3, 3, 11, 4, 5, 12, 13};
    return some[pick(w, sizeof(some))];
}

/* The first 8 bytes behind an IP header. */
static void put_transport(uint8_t *at, uint8_t protocol, uint8_t type, uint16_t a, uint16_t b)
{
    memset(at, 0, 8);
    if (has_ports(protocol)) {
        put16(at, a);
        put16(at + 2, b);
    } else if (protocol == PROTOCOL_ICMP) {
        at[0] = type;
        put16(at + 4, a);
        put16(at + 6, b);
    }
}

/* The quote behind an ICMP error's 8 bytes: what it was of stands in p->quote. Returns its length. */
static size_t put_quote(struct world *w, struct packet *p, uint8_t *at)
{
    struct quoted *q = &p->quote;
    q->source = pick(w, 12) == 0 ? remotes[0] : shared;
    q->destination = remotes[pick(w, 2)];
    if (p->from == SIDE_DOWNSTREAM) {
        struct ipv4 other = q->source;
        q->source = q->destination;
        q->destination = other;
    }
    q->protocol = pick_protocol(w);
    q->id = (uint16_t)pick(w, 3);
    q->offset = pick(w, 4) == 0 ? 1 + pick(w, 4) : 0;
    uint16_t a = pick_port(w), b = pick_port(w);
    if (q->protocol == PROTOCOL_ICMP) {
        a = (uint16_t)(1998 + pick(w, 4));
        b = (uint16_t)pick(w, 4);
        q->icmp_type = pick_icmp(w);
    }
    q->source_port = q->echo_id = a;
    q->destination_port = q->sequence = b;
    size_t header = put_ip(at, pick(w, 11), 100, q, q->offset);
    put_transport(at + header, q->protocol, q->icmp_type, a, b);
    p->quote_is_readable = pick(w, 8) != 0;
    if (p->quote_is_readable) {
        bool is_ping = q->icmp_type == 0 || q->icmp_type == 8,
             by_port = q->offset == 0 && has_ports(q->protocol);
        bool by_echo = q->offset == 0 && q->protocol == PROTOCOL_ICMP;
        p->known.source = q->source;
        p->known.destination = q->destination;
        p->known.protocol = q->protocol;
        p->known.id = q->id;
        p->known.offset = q->offset;
        p->known.source_port = by_port ? a : 0;
        p->known.destination_port = by_port ? b : 0;
        p->known.icmp_type = by_echo ? q->icmp_type : 0;
        p->known.echo_id = by_echo && is_ping ? a : 0;
        p->known.sequence = by_echo && is_ping ? b : 0;
    }
    return p->quote_is_readable ? header + 8 + 4 * pick(w, 3) : pick(w, (unsigned)header);
}

static void make_packet(struct world *w, struct packet *p)
{
    memset(p, 0, sizeof(*p));
    p->from = pick(w, 2) == 0 ? SIDE_UPSTREAM : SIDE_DOWNSTREAM;
    p->host = pick(w, HOSTS);
    bool up = p->from == SIDE_UPSTREAM;
    struct ipv4 remote = remotes[pick(w, 2)];
    p->source = up ? remote : shared;
    p->destination = up ? shared : remote;
    p->protocol = pick_protocol(w);
    p->id = (uint16_t)pick(w, 3);
    bool fragment = pick(w, 3) != 0;
    uint8_t *frame = p->frame.data, body[FRAME_BYTES] = {0};
    memcpy(frame, up ? bridge_mac.octets : router.octets, 6);
    memcpy(frame + 6, up ? router.octets : hosts[p->host].octets, 6);
    put16(frame + 12, ETHERTYPE_IPV4);
    size_t length = 24;
    if (fragment) {
        p->offset = pick(w, 3) == 0 ? 0 : 1 + pick(w, 5);
        p->units = 1 + pick(w, 3);
        p->more = p->offset == 0 || pick(w, 3) != 0;
        length = 8 * (size_t)p->units;
    }
    if (p->offset == 0) {
        uint16_t a = pick_port(w), b = pick_port(w);
        p->icmp_type = pick_icmp(w);
        if (p->protocol == PROTOCOL_ICMP) {
            p->echo_id = a = (uint16_t)(1998 + pick(w, 4));
            p->sequence = b = (uint16_t)pick(w, 4);
        } else if (has_ports(p->protocol)) {
            p->source_port = a;
            p->destination_port = b;
        }
        put_transport(body, p->protocol, p->icmp_type, a, b);
        if (!has_ports(p->protocol) && p->protocol != PROTOCOL_ICMP)
            body[3] = p->octet = (uint8_t)(pick(w, 4) == 0);
        if (p->protocol == PROTOCOL_ICMP && is_error(p->icmp_type)) {
            length = 8 + put_quote(w, p, body + 8);
            if (fragment) {
                p->more = true;
                p->units = (unsigned)(length / 8);
            }
        }
    } else {
        body[0] = (uint8_t)seeded_next(&w->random);
    }
    struct quoted q = {p->source, p->destination, p->protocol, p->id, 0, 0, 0, 0, 0, 0};
    size_t header = put_ip(frame + 14, pick(w, 3), length, &q, p->offset | (p->more ? 0x2000U : 0));
    memcpy(frame + 14 + header, body, length);
    p->frame.length = 14 + header + length;
}

/* The engine. */

static void take_send(void *context, enum side to, const struct frame *frame)
{
    struct world *w = context;
    must(w, w->out_count < OUT_MAX && frame->length <= FRAME_BYTES);
    struct sent *sent = &w->out[w->out_count++];
    *sent = (struct sent){.to = to, .frame.length = frame->length};
    memcpy(sent->frame.data, frame->bytes, frame->length);
    if (to == SIDE_DOWNSTREAM && memcmp(frame->bytes + 12, "\x08\0", 2) == 0 &&
        memcmp(frame->bytes + 30, "\xc0\0\x02\x01", 4) == 0) {
        w->delivered.rx_frames++;
        w->delivered.rx_bytes += frame->length;
    }
}

static void take_make(void *context, enum side to, const struct tx_frame *made)
{
    (void)context, (void)to, (void)made;
}

static void take_event(void *context, const struct event *event)
{
    char text[EVENT_TEXT_BYTES];
    (void)context;
    assert_non_null(event_format(event, text));
}

static void take_flow(void *context, const struct flow_record *record)
{
    struct world *w = context;
    *(record->to_owner ? &w->told.rx_frames : &w->told.tx_frames) += record->packets;
    *(record->to_owner ? &w->told.rx_bytes : &w->told.tx_bytes) += record->frame_bytes;
}

/* Every frame that was delivered is in somebody's account, and every frame of an account in the record of a flow. */
static void compare_accounts(struct world *w)
{
    struct traffic sum = {0};
    struct account_entry entry;
    for (uint32_t cursor = 0; engine_accounts_next(w->engine, &cursor, &entry);) {
        sum.rx_frames += entry.total.rx_frames;
        sum.rx_bytes += entry.total.rx_bytes;
        sum.tx_frames += entry.total.tx_frames;
        sum.tx_bytes += entry.total.tx_bytes;
    }
    must(w, sum.rx_frames == w->delivered.rx_frames && sum.rx_bytes == w->delivered.rx_bytes);
    must(w, memcmp(&sum, &w->told, sizeof(sum)) == 0);
}

static void compare(struct world *w)
{
    const struct engine_stats *stats = engine_stats(w->engine);
    for (unsigned i = 0; i < DROP_COUNT; i++)
        if (stats->drops[i] != w->drops[i])
            fail_msg("SEED=%llu step %u: %s is %llu, the model says %llu", (unsigned long long)w->seed, w->step,
                     drop_name((enum drop_reason)i), (unsigned long long)stats->drops[i],
                     (unsigned long long)w->drops[i]);
    must(w, stats->held == w->held);
    must(w, stats->counters[COUNTER_FRAGMENT_CONFLICTS] == w->conflicts);
    must(w, engine_stats_balance(stats));
    must(w, w->out_count == w->expected_count);
    for (unsigned i = 0; i < w->out_count; i++) {
        must(w, w->out[i].to == w->expected[i].to);
        must(w, w->out[i].frame.length == w->expected[i].frame.length);
        must(w, memcmp(w->out[i].frame.data, w->expected[i].frame.data, w->out[i].frame.length) == 0);
    }
    w->out_count = w->expected_count = 0;
}

static void configure(struct world *w)
{
    w->address = (struct config_address){.address = shared,
                                         .ports_first = 1024,
                                         .ports_last = 65535,
                                         .block = 1000,
                                         .echo = ECHO_DROP,
                                         .has_default_host = pick(w, 3) == 0,
                                         .default_host = {{0, 9, 0, 0, 0, 9}}};
    w->protocol = (struct config_protocol){.address = shared, .protocol = 50, .mac = hosts[1]};
    for (unsigned i = 0; i < HOSTS; i++)
        w->ranges[i] = (struct config_range){
            .range = {shared, (uint16_t)(2000 + 1000 * i), (uint16_t)(2999 + 1000 * i)}, .mac = hosts[i]};
    w->config = (struct config){.mac = bridge_mac,
                                .encap = ETHERTYPE_PE_ARP,
                                .addresses = &w->address,
                                .address_count = 1,
                                .ranges = w->ranges,
                                .range_count = HOSTS,
                                .protocols = &w->protocol,
                                .protocol_count = pick(w, 2),
                                .source_mac_host = pick(w, 2),
                                .source_ports = (enum source_ports_mode)pick(w, 3)};
#define X(key, field, least, most, preset, help) w->config.limits.field = (preset);
    LIMITS(X)
#undef X
    w->config.limits.datagrams = DATAGRAMS;
    w->config.limits.waiting_fragments = WAITING;
    w->config.limits.datagram_fragments = EACH;
    w->config.limits.host_share = pick(w, 2) == 0 ? 100 : 50;
    w->config.limits.echo_flows = 65536;
    w->config.limits.accounts = 16;
    w->config.limits.ipfix_flows = 16;
    w->config.ipfix = (struct config_ipfix){.is_on = true, .sample = 1, .active_s = 60, .idle_s = 15};
}

static void one_run(uint64_t seed, unsigned steps)
{
    static const uint64_t pauses[] = {0,     0,     0, 0,     0,     0,      1000,   S / 100,
                                      S / 2, S - 1, S, 2 * S, 5 * S, 59 * S, 290 * S};
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->seed = w->random = seed;
    configure(w);
    const struct engine_seed engine_seed = {.plain_nonces = true, .hash_key = {(uint8_t)seed}};
    const struct engine_out out = {w, take_send, take_make, take_event, take_flow};
    w->engine = engine_new(&w->config, &engine_seed);
    assert_non_null(w->engine);
    w->now = 1 + seeded_next(&w->random) % (S * 1000000);
    engine_start(w->engine, w->now, &out);
    for (w->step = 0; w->step < steps && w->flow_count < FLOWS && w->echo_count < ECHOES; w->step++) {
        struct packet p;
        w->now += pauses[pick(w, sizeof(pauses) / sizeof(pauses[0]))];
        model_time(w);
        engine_tick(w->engine, w->now, &out);
        compare(w);
        make_packet(w, &p);
        model_packet(w, &p);
        uint8_t bytes[FRAME_BYTES];
        memcpy(bytes, p.frame.data, p.frame.length);
        struct frame frame = {.bytes = bytes, .length = p.frame.length, .wire_length = p.frame.length};
        engine_frame(w->engine, w->now, p.from, &frame, &out);
        compare(w);
    }
    engine_flows_flush(w->engine, w->now, &out);
    compare_accounts(w);
    engine_free(w->engine);
    free(w);
}

static void test_against_the_model(void **state)
{
    uint64_t seed = from_environment("SEED", 20260201), runs = rounds("RUNS", 10000);
    unsigned steps = (unsigned)from_environment("STEPS", 300);
    (void)state;
    print_message("SEED=%llu RUNS=%llu STEPS=%u\n", (unsigned long long)seed, (unsigned long long)runs, steps);
    for (uint64_t i = 0; i < runs; i++)
        one_run(seed + i, steps);
    printf("# S4: %llu runs of %u steps of hard packets, equal to the model (SEED=%llu)\n",
           (unsigned long long)runs, steps, (unsigned long long)seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_the_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
