/* test_claims.c: random CLAIMs, REPLYs, RELEASEs and packets of many hosts through the engine, against a slow model of
 * docs/pe-arp.md: which statement counts, what one host and one address may own, who makes room in a full table, who
 * is asked and out of which budget.
 *
 * The model is a list of bindings and a list of questions. It says of every statement what becomes of it and which
 * bindings there are afterwards; of every CLAIM whether somebody must be asked, must not, or may be (where the documents
 * leave the moment open); of every binding that ends with time, why. Each rule that decided is counted: a rule that was
 * not met often enough is a failure of the test. SEED, RUNS and STEPS come from the environment; a mismatch prints
 * them. */
#include "pearpd/l4.h"

#include "../lib/frame_tools.h"
#include "../lib/seeded.h"
#include "../lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS        UINT64_C(1000000)
#define ADDRESSES 3
#define HOSTS     48 /* the first eight make most statements, the others are a crowd */
#define REGULARS  8
#define BOUND     80
#define QUESTIONS 256
#define ASKED     512
#define CLAIMS    256
#define USES      256
#define TOLD      200
#define NOBODY    HOSTS
#define SLOT      (4 * S)

/* Counted where it decided; the least number in 20,000 steps. */
#define RULES(X)                                                               \
    X(CLAIM_SMALL, 100, "a range of too few ports")                            \
    X(SMALL_OWN, 20, "the same of ports that are permanently the sender's")    \
    X(SPANS, 10, "a port set of too many spans")                               \
    X(LIFETIME_CAPPED, 50, "a lifetime above the bridge's")                    \
    X(LIFETIME_SHORT, 50, "a lifetime below the bridge's")                     \
    X(PERMANENT_REFUSES, 20, "a claim to permanent ports")                     \
    X(LIVE_REFUSES, 20, "a claim to ports that traffic showed in use")         \
    X(TRAFFIC_YIELDS, 10, "a block learned from traffic yields to an answer")  \
    X(CLAIM_HOST_PORTS, 50, "no challenge: host-ports")                        \
    X(CLAIM_HOST_BINDINGS, 50, "no challenge: host-bindings")                  \
    X(REPLY_HOST_PORTS, 10, "no binding: host-ports")                          \
    X(REPLY_HOST_BINDINGS, 3, "no binding: host-bindings")                     \
    X(TRAFFIC_HOST, 10, "nothing learned from traffic: host-ports, -bindings") \
    X(ADDRESS_FULL, 10, "no binding: address-bindings")                        \
    X(EVICT_ADDRESS, 0, "a stale binding of a full address made room")         \
    X(EVICT_STALE, 50, "the oldest stale binding made room")                   \
    X(EVICT_LARGEST, 20, "the largest holder made room")                       \
    X(TABLE_FULL, 20, "nobody has two more: no room")                          \
    X(REFRESHED, 100, "an answer for what is owned already")                   \
    X(OWNER_ASKED, 50, "the owner is challenged first")                        \
    X(OWNER_ANSWERED, 10, "the owner answered: the claim is refused")          \
    X(OWNER_SILENT, 20, "the owner was silent: its whole binding ended")       \
    X(CLAIMANT_SILENT, 2, "an owner was silent after a claim of its own")      \
    X(MOVED, 2, "a range moved to the claimant")                               \
    X(PROBED, 20, "a packet to a stale binding starts a probe")                \
    X(PROBE_SILENT, 5, "a probe was not answered")                             \
    X(RELEASED, 20, "a release was not denied")                                \
    X(RELEASE_DENIED, 5, "the owner answered after a release")                 \
    X(STATELESS, 100, "a challenge without a place among the questions")       \
    X(STATELESS_COUNTS, 10, "its answer counts in its slot and the next")      \
    X(STATELESS_OLD, 2, "and not after that")                                  \
    X(NEWCOMER_ASKED, 50, "a newcomer is challenged below half of the budget") \
    X(NEWCOMER_WAITS, 10, "and not below a quarter")                           \
    X(OTHERS_WAIT, 50, "the others are not challenged below half of it")       \
    X(OWNER_FIRST, 2, "an owner is asked below half, where it was not lately") \
    X(OWNER_LATE, 2, "and not where it was")                                   \
    X(HOST_RATE, 20, "no challenge: unicast-mac-rate")                         \
    X(RANGE_RATE, 50, "no challenge within a second of the last")              \
    X(TAUGHT, 20, "traffic taught a block")                                    \
    X(NOT_TAUGHT, 20, "traffic that shows no use taught nothing")              \
    X(LATE, 50, "an answer after the end of its question")

#include "../lib/model_rules.h"

static uint64_t unsure_answers, answers;

static const struct ipv4 addresses[ADDRESSES] = {{0xc0000201}, {0xc0000202}, {0xc0000203}};
static const struct port_set_params sets = {4, 6}; /* of the second address */

/* What a message or binding is about. */
struct ports {
    unsigned address;
    bool is_set;
    struct port_set_params params;
    uint16_t psid, first, last;
};

struct bound {
    struct ports ports;
    unsigned host;
    enum binding_origin origin;
    bool is_permanent;
    uint64_t confirmed, fresh_until; /* by PE-ARP */
    uint64_t used;                   /* by traffic: when its owner last showed its use */
    bool is_unclear;                 /* it was asked and is stale again: since when is not said */
    bool may_go;                     /* one of those makes room */
};

/* A host's packet from a port that shows its use. */
struct use {
    uint16_t port;
    unsigned host;
    uint64_t time;
};

enum sure { NO, MAYBE, YES };

struct question {
    unsigned address, host; /* NOBODY: all */
    uint16_t port;
    uint64_t opened, last;
    unsigned count;
    bool of_claimant, of_owner, of_probe, of_release;
    bool is_over, is_unsure;
    bool has_claim;        /* that waits for the owner's silence */
    bool may_hold_another; /* than `claim` */
    unsigned claimant;
    struct ports claim;
};

struct asked {
    uint64_t nonce, time;
    unsigned address, host;
    uint16_t port;
    uint8_t protocol;
    int question; /* -1: stateless */
    bool answered, may_be_stateless;
};

struct claim {
    unsigned address, host;
    uint16_t first;
    bool is_release;
    uint64_t time;
    struct ports range; /* claimed; of a question to somebody else: its port */
};

struct model {
    struct world w;
    uint64_t seed, random;
    unsigned step;
    struct config_address addresses[ADDRESSES];
    struct bound bound[BOUND];
    unsigned bound_count;
    bool one_goes; /* of those that may */
    struct question questions[QUESTIONS];
    struct asked asked[ASKED]; /* a ring */
    unsigned asked_count;
    struct claim claims[CLAIMS]; /* a ring */
    unsigned claim_count;
    struct use uses[USES]; /* a ring */
    unsigned use_count;
    double total, of_host[HOSTS]; /* what is left of the budgets of unicast REQUESTs */
    uint64_t total_at, of_host_at[HOSTS], challenged[HOSTS], may_be_challenged[HOSTS], had_enough[HOSTS];
    uint64_t requested[HOSTS], owner_asked[HOSTS]; /* a host, for any reason; as an owner, for sure */
    struct tx_frame requests[64];                  /* that left since the last look */
    unsigned request_count;
    struct engine_stats last;
    uint64_t changes, looked_at;
    struct table_entry entries[BOUND]; /* the engine's */
    unsigned entry_count;
    char tale[TOLD][160]; /* the last messages, a ring: for a mismatch */
    unsigned told;
};

static void blame(const struct model *m, const char *what)
{
    const struct limits *l = &m->w.config.limits;
    for (unsigned i = m->told < TOLD ? 0 : m->told - TOLD; i < m->told; i++)
        print_message("%s\n", m->tale[i % TOLD]);
    print_message(
        "host-ports %u, host-bindings %u, address-bindings %u, bindings %u, unicast-rate %u, lifetime %u\n",
        l->host_ports, l->host_bindings, l->address_bindings, l->bindings, l->unicast_rate, l->lifetime_s);
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct bound *b = &m->bound[i];
        print_message("%u:%u-%u %u %s, confirmed %.3f, fresh until %.3f%s\n", b->ports.address, b->ports.first,
                      b->ports.last, b->host, binding_origin_name(b->origin), (double)b->confirmed / 1e9,
                      (double)b->fresh_until / 1e9, b->may_go ? ", may go" : "");
    }
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (engine_stats(m->w.engine)->counters[i] > m->last.counters[i])
            print_message("counter %s grew\n", counter_name((enum counter)i));
    fail_msg("SEED=%llu step %u: %s", (unsigned long long)m->seed, m->step, what);
}

#define must(m, condition)          \
    do {                            \
        if (!(condition))           \
            blame((m), #condition); \
    } while (0)

static unsigned pick(struct model *m, unsigned below)
{
    return (unsigned)(seeded_next(&m->random) % below);
}

static struct mac mac_of(unsigned host)
{
    return (struct mac){{0, 1, 0, 0, 0, (uint8_t)host}};
}

static void tell(struct model *m, const char *what, unsigned host, unsigned address, unsigned first,
                 unsigned last)
{
    snprintf(m->tale[m->told++ % TOLD], sizeof(m->tale[0]), "%u: %.3f s, %s of host %u, %u:%u-%u", m->step,
             (double)m->w.now / 1e9, what, host, address, first, last);
}

static unsigned host_of(struct mac mac)
{
    return mac_is_zero(mac) ? NOBODY : mac.octets[5];
}

static bool grew(const struct model *m, enum counter counter)
{
    return engine_stats(m->w.engine)->counters[counter] > m->last.counters[counter];
}

/* Ports. */

static struct ports plain(unsigned address, uint32_t first, uint32_t last)
{
    return (struct ports){.address = address, .first = (uint16_t)first, .last = (uint16_t)last};
}

static struct ports set_of(unsigned address, struct port_set_params params, uint16_t psid)
{
    const struct port_span span = port_set_bounds(params, psid);
    return (struct ports){address, true, params, psid, span.first, span.last};
}

static bool holds(const struct ports *p, unsigned address, uint32_t port)
{
    uint16_t psid;
    if (p->address != address || port < p->first || port > p->last)
        return false;
    return !p->is_set || (port_set_of(p->params, (uint16_t)port, &psid) && psid == p->psid);
}

static bool meet(const struct ports *a, const struct ports *b)
{
    if (a->address != b->address || a->first > b->last || b->first > a->last)
        return false;
    if (!a->is_set && !b->is_set)
        return true;
    if (a->is_set && b->is_set && port_set_same(a->params, b->params))
        return a->psid == b->psid;
    for (uint32_t port = a->first; port <= a->last; port++)
        if (holds(a, a->address, port) && holds(b, b->address, port))
            return true;
    return false;
}

static bool same(const struct ports *a, const struct ports *b)
{
    return a->address == b->address && a->is_set == b->is_set && a->first == b->first && a->last == b->last &&
           a->psid == b->psid;
}

static uint32_t size_of(const struct ports *p)
{
    if (!p->is_set)
        return (uint32_t)p->last - p->first + 1;
    return port_set_spans(p->params) << (16 - p->params.offset - p->params.length);
}

/* The list of bindings. */

static struct bound *owner_of(struct model *m, unsigned address, uint32_t port)
{
    for (unsigned i = 0; i < m->bound_count; i++)
        if (holds(&m->bound[i].ports, address, port))
            return &m->bound[i];
    return NULL;
}

static struct bound *bind(struct model *m, const struct ports *ports, unsigned host, enum binding_origin origin)
{
    must(m, m->bound_count < BOUND);
    struct bound *b = &m->bound[m->bound_count++];
    *b = (struct bound){.ports = *ports, .host = host, .origin = origin, .confirmed = m->w.now};
    b->is_permanent = origin == ORIGIN_CONFIG;
    return b;
}

static void unbind(struct model *m, unsigned index)
{
    m->bound[index] = m->bound[--m->bound_count];
}

static bool owns_anything(const struct model *m, unsigned host)
{
    for (unsigned i = 0; i < m->bound_count; i++)
        if (m->bound[i].host == host)
            return true;
    return false;
}

static bool is_stale(const struct model *m, const struct bound *b)
{
    return b->origin == ORIGIN_PE_ARP && m->w.now >= b->fresh_until;
}

/* Two of the engine's own forms of a binding. */
static bool is_entry(const struct bound *b, const struct table_entry *e)
{
    return addresses[b->ports.address].host == e->range.address.host && b->ports.first == e->range.first &&
           b->ports.last == e->range.last && b->ports.is_set == e->has_psid &&
           (!e->has_psid || b->ports.psid == e->psid_id) && mac_equal(mac_of(b->host), e->mac) &&
           b->origin == e->origin;
}

/* Reads the engine's table if it changed; `anyway` also where only states may have. */
static void look(struct model *m, bool anyway)
{
    struct table_cursor cursor = {0};
    if (!anyway && m->changes == engine_changes(m->w.engine))
        return;
    m->changes = engine_changes(m->w.engine);
    m->looked_at = m->w.now;
    m->entry_count = 0;
    while (engine_bindings_next(m->w.engine, m->w.now, &cursor, &m->entries[m->entry_count]))
        must(m, ++m->entry_count < BOUND);
}

static bool is_in_table(struct model *m, const struct bound *b)
{
    look(m, false);
    for (unsigned i = 0; i < m->entry_count; i++)
        if (is_entry(b, &m->entries[i]))
            return true;
    return false;
}

static void check_state(struct model *m, const struct bound *b, const struct table_entry *e)
{
    if (b->is_permanent)
        must(m, e->state == BINDING_PERMANENT);
    else if (is_stale(m, b))
        must(m, e->state == BINDING_STALE || e->state == BINDING_PROBE);
    else
        must(m, e->state == BINDING_REACHABLE || e->state == BINDING_PROBE);
    if (b->origin == ORIGIN_PE_ARP && !is_stale(m, b))
        must(m, e->expires_ns == b->fresh_until - m->w.now);
}

static void show(const struct model *m, const char *what, const struct ports *p, unsigned host, int origin)
{
    print_message("%s %u:%u-%u%s %u %s\n", what, p->address, p->first, p->last, p->is_set ? " (set)" : "", host,
                  origin < 0 ? "" : binding_origin_name((enum binding_origin)origin));
    (void)m;
}

/* The engine has these bindings and no others; one that may go went, where one had to. */
static void check_table(struct model *m)
{
    unsigned gone = 0;
    look(m, false);
    for (unsigned i = m->bound_count; m->one_goes && i-- > 0;)
        if (m->bound[i].may_go && !is_in_table(m, &m->bound[i])) {
            unbind(m, i);
            gone++;
        }
    for (unsigned i = 0; gone != m->one_goes && i < m->bound_count; i++)
        if (!is_in_table(m, &m->bound[i]))
            show(m, "the engine has not", &m->bound[i].ports, m->bound[i].host, (int)m->bound[i].origin);
    must(m, gone == m->one_goes);
    m->one_goes = false;
    for (unsigned k = 0; k < m->entry_count; k++) {
        const struct table_entry *e = &m->entries[k];
        bool is_known = false;
        for (unsigned i = 0; i < m->bound_count; i++)
            if (is_entry(&m->bound[i], e)) {
                is_known = true;
                m->bound[i].may_go = false;
                if (m->looked_at == m->w.now)
                    check_state(m, &m->bound[i], e);
            }
        const struct ports p = {.first = e->range.first,
                                .last = e->range.last,
                                .address = e->range.address.host - addresses[0].host,
                                .is_set = e->has_psid};
        if (!is_known)
            show(m, "the engine has", &p, host_of(e->mac), (int)e->origin);
        must(m, is_known);
    }
    for (unsigned i = 0; m->entry_count != m->bound_count && i < m->bound_count; i++)
        if (!is_in_table(m, &m->bound[i]))
            show(m, "the engine has not", &m->bound[i].ports, m->bound[i].host, (int)m->bound[i].origin);
    must(m, m->entry_count == m->bound_count && m->entry_count <= m->w.config.limits.bindings);
}

/* What traffic showed. */

static bool is_used_within(const struct model *m, const struct bound *b, const struct ports *range,
                           uint64_t within)
{
    uint32_t low = UINT32_MAX, high = 0;
    for (unsigned i = 0; i < USES && i < m->use_count; i++) {
        const struct use *u = &m->uses[i];
        if (u->host != b->host || !holds(&b->ports, 0, u->port) || m->w.now - u->time > within)
            continue;
        low = u->port < low ? u->port : low;
        high = u->port > high ? u->port : high;
    }
    const struct ports span = plain(b->ports.address, low, high);
    return low <= high && meet(&span, range);
}

/* Whether ports of the range lie between those that the owner used in the last 30 s; 15 s more may count. */
static enum sure is_used(const struct model *m, const struct bound *b, const struct ports *range)
{
    return is_used_within(m, b, range, 30 * S - 1) ? YES : is_used_within(m, b, range, 45 * S) ? MAYBE : NO;
}

/* Budgets. */

static double left_of(double left, uint64_t since, uint64_t now, uint32_t rate)
{
    left += (double)(now - since) / 1e9 * rate;
    return left > rate ? rate : left;
}

static double total_left(const struct model *m)
{
    return left_of(m->total, m->total_at, m->w.now, m->w.config.limits.unicast_rate);
}

static double host_left(const struct model *m, unsigned host)
{
    return left_of(m->of_host[host], m->of_host_at[host], m->w.now, m->w.config.limits.unicast_mac_rate);
}

static enum sure at_least(double left, double least)
{
    return left < least - 0.001 ? NO : left > least + 0.001 ? YES : MAYBE;
}

/* Questions. */

/* Whether it is open. One that was begun twice may have begun its tries again. */
static enum sure is_open(const struct model *m, const struct question *q)
{
    const uint64_t now = m->w.now;
    if (q->opened == 0 || q->is_over)
        return NO;
    if (q->host == NOBODY)
        return now - q->opened < 3 * S ? (q->is_unsure ? MAYBE : YES) : NO;
    const unsigned tries = q->of_release && !q->of_claimant && !q->of_owner && !q->of_probe ? 1 : 3;
    if (q->is_unsure)
        return now - q->last < 10 * S ? MAYBE : NO;
    if (q->of_claimant && q->count < tries && now - q->last >= S && now - q->opened >= 4 * S)
        return now - q->opened < 5 * S ? MAYBE : NO;
    return q->count < tries || now - q->last < S ? YES : NO;
}

static struct question *question_of(struct model *m, unsigned address, uint16_t port, unsigned host)
{
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct question *q = &m->questions[i];
        if (is_open(m, q) != NO && q->address == address && q->port == port && q->host == host)
            return q;
    }
    return NULL;
}

static struct question *question_new(struct model *m, unsigned address, uint16_t port, unsigned host)
{
    unsigned i = 0;
    while (i < QUESTIONS && is_open(m, &m->questions[i]) != NO)
        i++;
    must(m, i < QUESTIONS);
    m->questions[i] = (struct question){.address = address, .host = host, .port = port, .opened = m->w.now};
    return &m->questions[i];
}

static const struct asked *last_asked(const struct model *m, unsigned address, uint16_t port, unsigned host)
{
    for (unsigned n = m->asked_count; n-- > 0 && m->asked_count - n <= ASKED;) {
        const struct asked *a = &m->asked[n % ASKED];
        if (a->address == address && a->port == port && a->host == host)
            return a;
    }
    return NULL;
}

/* A REQUEST that left: of a question, or of none. No rate is exceeded. */
static void note_request(struct model *m, const struct tx_frame *frame, struct question *q)
{
    const struct pe_arp *r = &frame->pe_arp;
    const unsigned host = host_of(r->tha), address = r->tpa.address.host - addresses[0].host;
    tell(m, q == NULL ? "stateless REQUEST" : "REQUEST", host, address, r->tpa.first, r->tpa.first);
    const struct asked *before = last_asked(m, address, r->tpa.first, host);
    must(m, before == NULL || m->w.now - before->time >= S);
    must(m, r->tpa.first == r->tpa.last && r->lifetime_s == 0 && (host == NOBODY || r->tpa.protocol == 0));
    for (unsigned i = 0; i < ASKED && i < m->asked_count; i++) {
        const struct asked *a = &m->asked[i];
        const bool is_same = a->host == host && a->address == address && a->port == r->tpa.first;
        must(m, a->nonce != r->nonce || (is_same && (q == NULL || q->is_unsure)));
    }
    m->asked[m->asked_count++ % ASKED] = (struct asked){r->nonce,
                                                        m->w.now,
                                                        address,
                                                        host,
                                                        r->tpa.first,
                                                        r->tpa.protocol,
                                                        q == NULL ? -1 : (int)(q - m->questions),
                                                        false,
                                                        false};
    if (q != NULL) {
        q->count++;
        q->last = m->w.now;
    }
    if (host == NOBODY)
        return;
    m->requested[host] = m->w.now;
    if (q != NULL && !q->is_unsure && !q->of_claimant)
        m->owner_asked[host] = m->w.now;
    m->total = total_left(m) - 1;
    m->total_at = m->w.now;
    m->of_host[host] = host_left(m, host) - 1;
    m->of_host_at[host] = m->w.now;
    must(m, m->total > -0.001 && m->of_host[host] > -0.001);
}

/* Takes the REQUEST to this host for this port out of those that left. */
static bool take_request(struct model *m, unsigned address, uint16_t port, unsigned host,
                         struct tx_frame *frame)
{
    for (unsigned i = 0; i < m->request_count; i++) {
        const struct pe_arp *r = &m->requests[i].pe_arp;
        if (host_of(r->tha) != host || r->tpa.first != port || r->tpa.address.host != addresses[address].host)
            continue;
        *frame = m->requests[i];
        memmove(&m->requests[i], &m->requests[i + 1], (--m->request_count - i) * sizeof(m->requests[0]));
        return true;
    }
    return false;
}

static unsigned open_to(const struct model *m, unsigned host, enum sure least)
{
    unsigned count = 0;
    for (unsigned i = 0; i < QUESTIONS; i++)
        count += m->questions[i].host == host && is_open(m, &m->questions[i]) >= least;
    return count;
}

static unsigned open_claims(const struct model *m, bool with_owners, enum sure least)
{
    unsigned count = 0;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        const struct question *q = &m->questions[i];
        count += q->host != NOBODY && (with_owners || q->of_claimant) && is_open(m, q) >= least;
    }
    return count;
}

/* Whether a REQUEST may leave at once where `least` of the burst must be left then, and which rule says no. */
static enum sure may_leave(const struct model *m, unsigned address, uint16_t port, unsigned host, double least,
                           int *why)
{
    const struct asked *before = last_asked(m, address, port, host);
    *why = -1;
    if (before != NULL && m->w.now - before->time < S)
        return *why = RULE_RANGE_RATE, NO;
    const enum sure of_host = at_least(host_left(m, host), 1), total = at_least(total_left(m), least + 1);
    if (of_host == NO)
        *why = RULE_HOST_RATE;
    return of_host < total ? of_host : total;
}

/* The same for an owner: the last half of the burst is for those that were not asked within a minute. */
static enum sure may_ask_owner(struct model *m, unsigned address, uint16_t port, unsigned host, int *why)
{
    const enum sure any = may_leave(m, address, port, host, 0, why);
    const enum sure half = may_leave(m, address, port, host, m->w.config.limits.unicast_rate / 2.0, why);
    const bool is_first = m->requested[host] == 0 || m->w.now - m->requested[host] > 75 * S;
    const bool is_late = m->owner_asked[host] != 0 && m->w.now - m->owner_asked[host] < 45 * S &&
                         question_of(m, address, port, host) == NULL;
    if (any == NO || half == YES)
        return any;
    if (any == YES && half == NO && (is_first || is_late))
        met[is_first ? RULE_OWNER_FIRST : RULE_OWNER_LATE]++;
    return is_first ? any : is_late ? half : MAYBE;
}

/* Whether a question for it may wait for its budget. */
static bool may_wait(const struct model *m, unsigned address, uint16_t first, unsigned host, uint64_t within)
{
    for (unsigned i = 0; i < CLAIMS && i < m->claim_count; i++) {
        const struct claim *c = &m->claims[i];
        if (c->address == address && c->first == first && c->host == host && m->w.now - c->time < within)
            return true;
    }
    return false;
}

/* What one host may own. */

enum refusal { FITS, HOST_PORTS, HOST_BINDINGS, ADDRESS_BINDINGS };

static bool counts_for(const struct bound *b, unsigned host, const struct ports *instead)
{
    return !b->is_permanent && b->host == host && !meet(&b->ports, instead);
}

/* Whether `host` may own `ports` too, in place of what it has of them. */
static enum refusal fits(const struct model *m, unsigned host, const struct ports *ports)
{
    const struct config_address *c = &m->addresses[ports->address];
    const struct limits *l = &m->w.config.limits;
    uint32_t size = size_of(ports), bindings = 1, of_address = 1;
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct bound *b = &m->bound[i];
        if (counts_for(b, host, ports)) {
            bindings++;
            size += b->ports.address == ports->address ? size_of(&b->ports) : 0;
        }
        const bool is_left = b->ports.first < ports->first || b->ports.last > ports->last;
        const bool ends = meet(&b->ports, ports) && (b->host == host || !is_left);
        of_address += !b->is_permanent && b->ports.address == ports->address && !ends;
    }
    if ((uint64_t)size * 100 > (uint64_t)(c->ports_last - c->ports_first + 1) * l->host_ports)
        return HOST_PORTS;
    if (bindings > l->host_bindings)
        return HOST_BINDINGS;
    return of_address > l->address_bindings ? ADDRESS_BINDINGS : FITS;
}

static unsigned bindings_of(const struct model *m, unsigned host)
{
    unsigned count = 0;
    for (unsigned i = 0; i < m->bound_count; i++)
        count += !m->bound[i].is_permanent && m->bound[i].host == host;
    return count;
}

/* The one that is stale for longest, perhaps of those only that are surely not being asked. */
static struct bound *oldest_stale(struct model *m, bool of_idle)
{
    struct bound *oldest = NULL;
    for (unsigned i = 0; i < m->bound_count; i++) {
        struct bound *b = &m->bound[i];
        if (!is_stale(m, b) ||
            (of_idle && (b->is_unclear || question_of(m, b->ports.address, b->ports.first, b->host) != NULL ||
                         may_wait(m, b->ports.address, b->ports.first, b->host, 10 * S))))
            continue;
        if (oldest == NULL || b->fresh_until < oldest->fresh_until)
            oldest = b;
    }
    return oldest;
}

/* Marks of each that has the most the one that is unconfirmed for longest. False: nobody has two more than `host`. */
static bool mark_largest(struct model *m, unsigned host)
{
    unsigned most = 0;
    for (unsigned i = 0; i < HOSTS; i++)
        most = bindings_of(m, i) > most ? bindings_of(m, i) : most;
    if (most < bindings_of(m, host) + 2)
        return false;
    for (unsigned i = 0; i < m->bound_count; i++) {
        struct bound *b = &m->bound[i];
        b->may_go = !b->is_permanent && bindings_of(m, b->host) == most;
        for (unsigned k = 0; b->may_go && k < m->bound_count; k++)
            b->may_go = m->bound[k].is_permanent || m->bound[k].host != b->host ||
                        m->bound[k].confirmed >= b->confirmed;
    }
    return true;
}

/* The same in an address that has as many as it may: one of its stale bindings does, where the engine has one. It looks once
 * a second, and not at what is being asked. */
static bool make_room_in(struct model *m, unsigned address)
{
    bool has_any = false;
    for (unsigned i = 0; i < m->bound_count; i++) {
        struct bound *b = &m->bound[i];
        b->may_go = b->ports.address == address && is_stale(m, b);
        has_any = has_any || b->may_go;
    }
    if (!has_any || !grew(m, COUNTER_EVICTED))
        return false;
    met[RULE_EVICT_ADDRESS]++;
    return m->one_goes = true;
}

/* Marks those of which one makes room for a binding of `host`: false where none does. The stale one that is being asked
 * may be in state probe, or not yet: it is the engine's choice then. */
static bool make_room(struct model *m, unsigned host)
{
    struct bound *idle = oldest_stale(m, true), *any = oldest_stale(m, false);
    const bool has_largest = idle == NULL && mark_largest(m, host);
    if (idle == NULL && any != NULL && !grew(m, COUNTER_EVICTED))
        return false;
    for (unsigned i = 0; i < m->bound_count; i++) {
        struct bound *b = &m->bound[i];
        b->may_go = b->may_go ||
                    (is_stale(m, b) && (idle == NULL || b->is_unclear || b->fresh_until <= idle->fresh_until));
    }
    if (any == NULL && !has_largest)
        return false;
    met[idle != NULL ? RULE_EVICT_STALE : RULE_EVICT_LARGEST] += idle != NULL || any == NULL;
    return m->one_goes = true;
}

/* A block learned from traffic gives these ports up: what is left is the part in use, else the larger one. */
static void yield(struct model *m, unsigned index, const struct ports *ports)
{
    struct bound *b = &m->bound[index];
    struct bound above = *b;
    const int left = ports->first - b->ports.first, right = b->ports.last - ports->last;
    b->ports.last = (uint16_t)(ports->first - 1);
    above.ports.first = (uint16_t)(ports->last + 1);
    const enum sure below = left > 0 ? is_used(m, b, &b->ports) : NO;
    const enum sure over = right > 0 ? is_used(m, &above, &above.ports) : NO;
    bool is_above = right > 0 && (over == YES || (below == NO && right > left));
    if (below == MAYBE || over == MAYBE) /* as the engine has it, if it still has one */
        is_above = is_in_table(m, &above) || (is_above && !(left > 0 && is_in_table(m, b)));
    if (is_above)
        *b = above;
    else if (left <= 0)
        unbind(m, index);
}

/* Binds `ports` to `host` if a limit allows it. NULL: nothing changed. */
static struct bound *bind_within(struct model *m, const struct ports *ports, unsigned host,
                                 enum binding_origin origin)
{
    static const enum rule by_reply[] = {
        [HOST_PORTS] = RULE_REPLY_HOST_PORTS, [HOST_BINDINGS] = RULE_REPLY_HOST_BINDINGS};
    const enum refusal refusal = fits(m, host, ports);
    if (origin == ORIGIN_TRAFFIC && m->had_enough[host] != 0 && m->w.now - m->had_enough[host] < S)
        return NULL; /* what a host has is counted once a second */
    if (refusal == HOST_PORTS || refusal == HOST_BINDINGS) {
        must(m, grew(m, COUNTER_HOST_PORTS));
        if (origin == ORIGIN_TRAFFIC)
            m->had_enough[host] = m->w.now;
        met[origin == ORIGIN_TRAFFIC ? RULE_TRAFFIC_HOST : by_reply[refusal]]++;
        return NULL;
    }
    unsigned ending = 0;
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct ports *p = &m->bound[i].ports;
        ending += meet(p, ports) &&
                  (m->bound[i].host == host || (p->first >= ports->first && p->last <= ports->last));
    }
    const bool is_full = m->bound_count - ending >= m->w.config.limits.bindings;
    const bool has_room =
        refusal == ADDRESS_BINDINGS ? make_room_in(m, ports->address) : !is_full || make_room(m, host);
    if (!has_room) {
        must(m, grew(m, COUNTER_TABLE_FULL));
        met[refusal == ADDRESS_BINDINGS ? RULE_ADDRESS_FULL : RULE_TABLE_FULL]++;
        return NULL;
    }
    for (unsigned i = m->bound_count; i-- > 0;)
        if (m->bound[i].host == host && meet(&m->bound[i].ports, ports))
            unbind(m, i);
    for (unsigned i = m->bound_count; i-- > 0;) {
        struct bound *b = &m->bound[i];
        if (!meet(&b->ports, ports))
            continue;
        must(m, b->origin == ORIGIN_TRAFFIC && origin == ORIGIN_PE_ARP);
        met[RULE_TRAFFIC_YIELDS]++;
        yield(m, i, ports);
    }
    return bind(m, ports, host, origin);
}

/* Claims. */

static bool is_newcomer(const struct model *m, unsigned host, enum sure *how)
{
    const uint64_t age = m->challenged[host] == 0 ? UINT64_MAX : m->w.now - m->challenged[host];
    const bool is_unsure = m->may_be_challenged[host] != 0 && m->w.now - m->may_be_challenged[host] < 75 * S;
    *how = (age > 45 * S && age < 75 * S) || is_unsure ? MAYBE : YES;
    return !owns_anything(m, host) && age >= 60 * S;
}

/* The question that a challenge or probe belongs to, now that it is asked. */
static struct question *begin_question(struct model *m, unsigned address, uint16_t port, unsigned host)
{
    struct question *q = question_of(m, address, port, host);
    if (q != NULL)
        q->is_unsure = true; /* begun twice */
    else
        q = question_new(m, address, port, host);
    return q;
}

static unsigned limited_claims(const struct model *m)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CLAIMS && i < m->claim_count; i++)
        count += m->w.now - m->claims[i].time < 5 * S;
    return count;
}

static void note_claim(struct model *m, unsigned address, uint16_t first, unsigned host,
                       const struct ports *range)
{
    m->claims[m->claim_count++ % CLAIMS] = (struct claim){
        address, host, first, false, m->w.now, range != NULL ? *range : plain(address, first, first)};
}

/* What of the table of questions is left for a claimant: YES, there is a place; NO, a stateless challenge. */
static enum sure has_place(const struct model *m, unsigned host)
{
    const struct limits *l = &m->w.config.limits;
    if (open_to(m, host, MAYBE) + limited_claims(m) >= l->mac_questions)
        return MAYBE;
    if (open_claims(m, false, YES) >= l->questions / 4)
        return NO;
    const bool is_free = open_claims(m, true, MAYBE) + limited_claims(m) < l->questions / 4 &&
                         open_to(m, host, MAYBE) + limited_claims(m) < l->mac_questions;
    return is_free ? YES : MAYBE;
}

static void check_order(struct model *m, unsigned host, bool is_claimant, enum sure sure, int why)
{
    enum sure how;
    const double left = total_left(m), rate = m->w.config.limits.unicast_rate;
    const bool is_new = is_claimant && is_newcomer(m, host, &how) && how == YES;
    if (why >= 0)
        met[why]++;
    else if (sure == NO && is_new)
        met[RULE_NEWCOMER_WAITS]++;
    else if (sure == NO && left > rate / 4 + 1.1)
        met[RULE_OTHERS_WAIT]++;
    else if (sure == YES && is_new && left < rate / 2)
        met[RULE_NEWCOMER_ASKED]++;
    if (sure == YES)
        must(m, !grew(m, COUNTER_CLAIMS_LIMITED));
}

/* A challenge of the claimant, or of the owner whose range is claimed. NULL: it was not asked, or without a place. */
static struct question *challenge(struct model *m, unsigned address, uint16_t port, unsigned host,
                                  bool is_claimant)
{
    const double rate = m->w.config.limits.unicast_rate;
    enum sure how = YES;
    const bool is_new = is_claimant && is_newcomer(m, host, &how);
    int why;
    enum sure sure = is_claimant ? may_leave(m, address, port, host, is_new ? rate / 4 : rate / 2, &why)
                                 : may_ask_owner(m, address, port, host, &why);
    const enum sure place = has_place(m, host);
    const bool is_asked =
        question_of(m, address, port, host) != NULL || may_wait(m, address, port, host, 10 * S);
    struct tx_frame frame;
    if (sure != NO && (how == MAYBE || is_asked || (!is_claimant && place != YES) ||
                       (place != YES && m->w.seed.plain_nonces)))
        sure = MAYBE;
    const bool has_left = take_request(m, address, port, host, &frame);
    must(m, has_left || sure != YES);
    must(m, !has_left || sure != NO || how == MAYBE);
    check_order(m, host, is_claimant, sure, why);
    if (!has_left)
        return NULL;
    if (is_claimant)
        m->challenged[host] = m->w.now;
    if (is_claimant && place == NO && !is_asked) {
        must(m, !m->w.seed.plain_nonces);
        met[RULE_STATELESS]++;
        note_request(m, &frame, NULL);
        return NULL;
    }
    struct question *q = begin_question(m, address, port, host);
    q->is_unsure = q->is_unsure || (is_claimant && place != YES);
    *(is_claimant ? &q->of_claimant : &q->of_owner) = true;
    note_request(m, &frame, q);
    m->asked[(m->asked_count - 1) % ASKED].may_be_stateless = is_claimant && place != YES;
    return q;
}

/* The binding of another host that decides about a claim: NULL, none. */
static struct bound *in_the_way(struct model *m, unsigned host, const struct ports *ports)
{
    struct bound *asked = NULL;
    for (unsigned i = 0; i < m->bound_count; i++) {
        struct bound *b = &m->bound[i];
        if (b->host == host || !meet(&b->ports, ports))
            continue;
        const enum sure used = b->origin == ORIGIN_TRAFFIC ? is_used(m, b, ports) : NO;
        if (b->is_permanent || used == YES || (used == MAYBE && grew(m, COUNTER_CONFLICTS)))
            return b;
        if (b->origin == ORIGIN_PE_ARP && (asked == NULL || b->ports.first < asked->ports.first))
            asked = b;
    }
    return asked;
}

/* A good CLAIM; again when an owner was silent. */
static void begin_claim(struct model *m, unsigned host, const struct ports *ports)
{
    const struct bound *owner = in_the_way(m, host, ports);
    if (owner != NULL && owner->origin != ORIGIN_PE_ARP) {
        must(m, grew(m, COUNTER_CONFLICTS));
        met[owner->is_permanent ? RULE_PERMANENT_REFUSES : RULE_LIVE_REFUSES]++;
        return;
    }
    if (owner != NULL) {
        struct question *old = question_of(m, ports->address, owner->ports.first, owner->host);
        /* One that has not left yet, with another claim. */
        const bool may_hold_another =
            old == NULL && may_wait(m, ports->address, owner->ports.first, owner->host, 10 * S);
        struct question *q = challenge(m, ports->address, owner->ports.first, owner->host, false);
        note_claim(m, ports->address, owner->ports.first, owner->host, NULL);
        note_claim(m, ports->address, ports->first, host, ports);
        if (q == NULL && old != NULL && is_open(m, old) != NO)
            old->is_unsure = old->is_unsure || !old->has_claim;
        if (q == NULL)
            return;
        met[RULE_OWNER_ASKED]++;
        q->may_hold_another = q->may_hold_another || may_hold_another;
        if (!q->has_claim || q->is_unsure) {
            q->has_claim = true;
            q->claimant = host;
            q->claim = *ports;
        }
        return;
    }
    const struct bound *own = owner_of(m, ports->address, ports->first);
    const bool is_own = own != NULL && own->host == host && (own->is_permanent || same(&own->ports, ports));
    const enum refusal refusal = is_own ? FITS : fits(m, host, ports);
    if (refusal == HOST_PORTS || refusal == HOST_BINDINGS) {
        met[refusal == HOST_PORTS ? RULE_CLAIM_HOST_PORTS : RULE_CLAIM_HOST_BINDINGS]++;
        return; /* nobody is asked: what left is of nothing, see settle() */
    }
    if (challenge(m, ports->address, ports->first, host, true) == NULL)
        note_claim(m, ports->address, ports->first, host, ports);
}

/* Whether a claim that waited for another owner may go on with the one of this port, or who was that. */
static bool may_continue(struct model *m, unsigned address, uint16_t port)
{
    for (unsigned i = 0; i < CLAIMS && i < m->claim_count; i++) {
        const struct claim *c = &m->claims[i];
        const struct bound *b = owner_of(m, address, port);
        if (m->w.now - c->time < 40 * S &&
            (holds(&c->range, address, port) || (b != NULL && meet(&b->ports, &c->range))))
            return true;
    }
    return false;
}

/* What is left of the REQUESTs: tries of questions that are open; in a step of time also what waited for its budget. */
static void settle(struct model *m, bool is_time)
{
    for (unsigned i = 0; i < m->request_count; i++) {
        const struct pe_arp *r = &m->requests[i].pe_arp;
        const unsigned address = r->tpa.address.host - addresses[0].host, host = host_of(r->tha);
        struct question *q = question_of(m, address, r->tpa.first, host);
        const bool is_new = q == NULL; /* perhaps a claim goes on for which there is no place */
        if (is_new) {
            bool of_release = false;
            for (unsigned k = 0; k < CLAIMS && k < m->claim_count; k++) {
                const struct claim *c = &m->claims[k];
                of_release = of_release || (c->is_release && c->address == address && c->host == host &&
                                            c->first == r->tpa.first && m->w.now - c->time < 10 * S);
            }
            must(m, is_time && host != NOBODY);
            must(m, may_wait(m, address, r->tpa.first, host, 40 * S) || may_continue(m, address, r->tpa.first));
            q = question_new(m, address, r->tpa.first, host);
            q->is_unsure = true;
            q->of_release = of_release;
            m->may_be_challenged[host] = m->w.now;
        }
        must(m, is_time || host == NOBODY);
        note_request(m, &m->requests[i], q);
        m->asked[(m->asked_count - 1) % ASKED].may_be_stateless = is_new;
    }
    m->request_count = 0;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct question *q = &m->questions[i];
        if (q->host == NOBODY && q->opened != 0 && owner_of(m, q->address, q->port) != NULL)
            q->is_over = true;
    }
    check_table(m);
    m->last = *engine_stats(m->w.engine);
}

/* Time. */

static bool was_silent(const struct model *m, const struct bound *b)
{
    for (unsigned i = 0; i < QUESTIONS; i++) {
        const struct question *q = &m->questions[i];
        if (q->opened != 0 && q->host == b->host && holds(&b->ports, q->address, q->port) &&
            q->count >= (q->of_release ? 1 : 3) && m->w.now - q->last >= S)
            return true;
    }
    return false;
}

/* A unicast question is over, and nobody answered. */
static void end_silent(struct model *m, struct question *q)
{
    q->is_over = true;
    for (unsigned i = m->bound_count; i-- > 0;) {
        struct bound *b = &m->bound[i];
        if (b->origin != ORIGIN_PE_ARP || b->host != q->host || !holds(&b->ports, q->address, q->port) ||
            q->count < (q->of_release ? 1 : 3))
            continue;
        must(m, !is_in_table(m, b));
        met[q->of_owner     ? RULE_OWNER_SILENT
            : q->of_probe   ? RULE_PROBE_SILENT
            : q->of_release ? RULE_RELEASED
                            : RULE_CLAIMANT_SILENT]++;
        unbind(m, i);
    }
    if (q->has_claim && !q->may_hold_another) {
        const struct ports claim = q->claim;
        begin_claim(m, q->claimant, &claim);
    }
}

static void after_tick(struct model *m)
{
    for (unsigned i = m->bound_count; i-- > 0;) {
        const struct bound *b = &m->bound[i];
        if (b->origin == ORIGIN_TRAFFIC && m->w.now - b->used >= m->w.config.limits.idle_s * S)
            unbind(m, i);
    }
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct question *q = &m->questions[i];
        if (q->opened != 0 && !q->is_over && !q->is_unsure && q->host != NOBODY && is_open(m, q) == NO)
            end_silent(m, q);
    }
    for (unsigned i = m->bound_count; i-- > 0;)
        if (m->bound[i].origin == ORIGIN_PE_ARP && was_silent(m, &m->bound[i]) && !is_in_table(m, &m->bound[i]))
            unbind(m, i);
    settle(m, true);
}

static void pass(struct model *m, uint64_t ns)
{
    struct world *w = &m->w;
    const uint64_t until = w->now + ns;
    while (engine_next(w->engine) <= until) {
        w->now = engine_next(w->engine) > w->now ? engine_next(w->engine) : w->now;
        engine_tick(w->engine, w->now, &w->out);
        m->looked_at = 0;
        after_tick(m);
    }
    w->now = until;
    look(m, true);
    check_table(m);
}

/* Statements. */

static bool is_all_own(const struct model *m, unsigned host, const struct ports *p)
{
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct bound *b = &m->bound[i];
        if (b->is_permanent && b->host == host && b->ports.address == p->address &&
            p->first >= b->ports.first && p->last <= b->ports.last)
            return true;
    }
    return false;
}

/* docs/pe-arp.md#checks */
static bool is_good(const struct model *m, unsigned host, const struct ports *p, enum pe_arp_type type)
{
    const struct config_address *c = &m->addresses[p->address];
    const bool is_own = is_all_own(m, host, p);
    const bool is_form = p->is_set == c->has_psid && (!p->is_set || port_set_same(p->params, c->psid));
    const bool is_small = !p->is_set && size_of(p) < m->w.config.limits.claim_ports;
    if (p->is_set && port_set_spans(p->params) > 1023) {
        met[RULE_SPANS]++;
        return false;
    }
    if (is_small && (type == PE_ARP_CLAIM || type == PE_ARP_REPLY))
        met[is_own ? RULE_SMALL_OWN : RULE_CLAIM_SMALL]++;
    if (is_own)
        return true;
    if (!is_form || p->first < c->ports_first || p->last > c->ports_last)
        return false;
    return !is_small || (type != PE_ARP_CLAIM && type != PE_ARP_REPLY);
}

static struct tx_frame message_of(enum pe_arp_type type, unsigned host, const struct ports *p)
{
    struct tx_frame frame = {
        .destination = mac_broadcast, .source = mac_of(host), .ethertype = ETHERTYPE_PE_ARP, .kind = TX_PE_ARP};
    struct pe_arp *a = &frame.pe_arp;
    a->type = type;
    a->sha = frame.source;
    a->spa = (struct port_address){addresses[p->address], 0, p->first, p->last};
    a->tpa = a->spa;
    if (p->is_set) {
        a->psid.present = true;
        a->psid.offset = p->params.offset;
        a->psid.length = p->params.length;
        a->psid.psid = p->psid;
    }
    return frame;
}

static struct verdict give(struct model *m, const struct tx_frame *frame)
{
    m->looked_at = 0; /* states may change where bindings do not */
    return world_give_made(&m->w, SIDE_DOWNSTREAM, frame);
}

static bool was_taken(struct verdict v)
{
    return v.fate == FATE_CONSUMED && v.consumed == CONSUMED_PE_ARP;
}

static bool was_dropped(struct verdict v, enum drop_reason reason)
{
    return v.fate == FATE_DROPPED && v.reason == reason;
}

static struct ports pick_ports(struct model *m, unsigned *host)
{
    const unsigned kind = pick(m, 20);
    if (kind == 0) { /* of the one that all ports of the third address are permanently bound to */
        *host = pick(m, 3) != 0 ? 1 : *host;
        const unsigned first = 1100 + pick(m, 60000);
        return pick(m, 2) == 0
                   ? plain(2, first, first + pick(m, 40))
                   : set_of(2, (struct port_set_params){(uint8_t)(9 + pick(m, 3)), 4}, (uint16_t)pick(m, 16));
    }
    if (kind < 9)
        return set_of(1, sets, (uint16_t)pick(m, 14));
    if (kind == 9) /* not of the form of its address */
        return pick(m, 2) == 0 ? plain(1, 2000, 2999) : set_of(pick(m, 2), (struct port_set_params){5, 6}, 3);
    if (kind == 10) {
        *host = pick(m, 2) == 0 ? 0 : *host;
        const unsigned first = 2100 + pick(m, 80);
        return plain(0, first, first + pick(m, 20));
    }
    if (kind == 11) {
        const unsigned first = 990 + pick(m, 4100);
        return plain(0, first, first + pick(m, 32));
    }
    const unsigned first = pick(m, 4) == 0 ? 1000 + pick(m, 3900) : 1000 + 125 * pick(m, 32);
    static const unsigned sizes[] = {124, 124, 249, 249, 499, 999, 1999};
    return plain(0, first, first + sizes[pick(m, 7)]);
}

static unsigned pick_host(struct model *m)
{
    return pick(m, 4) != 0 ? pick(m, REGULARS) : REGULARS + pick(m, HOSTS - REGULARS);
}

static void claim(struct model *m, unsigned host, const struct ports *p)
{
    const struct tx_frame frame = message_of(PE_ARP_CLAIM, host, p);
    tell(m, "CLAIM", host, p->address, p->first, p->last);
    const bool good = is_good(m, host, p, PE_ARP_CLAIM);
    const struct verdict v = give(m, &frame);
    must(m, good ? was_taken(v) : was_dropped(v, DROP_PE_ARP_BAD));
    if (good)
        begin_claim(m, host, p);
    settle(m, false);
}

static void step_claim(struct model *m)
{
    unsigned host = pick_host(m);
    const struct ports p = pick_ports(m, &host);
    claim(m, host, &p);
}

/* Many at once, none of which will answer. */
static void step_flood(struct model *m)
{
    const unsigned count = 1 + pick(m, 24);
    for (unsigned i = 0; i < count; i++) {
        unsigned host = pick(m, HOSTS);
        const struct ports p = pick_ports(m, &host);
        claim(m, host, &p);
        if (pick(m, 3) == 0)
            pass(m, pick(m, 200) * MS + 1);
    }
}

static void step_release(struct model *m)
{
    unsigned host = pick_host(m);
    struct ports p = pick_ports(m, &host);
    if (m->bound_count > 0 && pick(m, 5) != 0) {
        const struct bound *any = &m->bound[pick(m, m->bound_count)];
        p = any->ports;
        host = pick(m, 4) != 0 ? any->host : host;
        if (!p.is_set && pick(m, 3) == 0)
            p.last = (uint16_t)(p.first + (p.last - p.first) / 2);
    }
    const struct bound *b = NULL;
    for (unsigned i = 0; i < m->bound_count; i++)
        if (meet(&m->bound[i].ports, &p) && (b == NULL || m->bound[i].ports.first < b->ports.first))
            b = &m->bound[i];
    const bool good = is_good(m, host, &p, PE_ARP_RELEASE);
    const bool is_forged = good && b != NULL && (b->is_permanent || b->host != host);
    const struct tx_frame frame = message_of(PE_ARP_RELEASE, host, &p);
    tell(m, "RELEASE", host, p.address, p.first, p.last);
    const struct verdict v = give(m, &frame);
    must(m, !good       ? was_dropped(v, DROP_PE_ARP_BAD)
            : is_forged ? was_dropped(v, DROP_PE_ARP_FORGED)
                        : was_taken(v));
    if (good && !is_forged && b != NULL && b->origin == ORIGIN_PE_ARP) {
        int why;
        const bool is_asked = question_of(m, p.address, b->ports.first, host) != NULL ||
                              may_wait(m, p.address, b->ports.first, host, 10 * S);
        const enum sure sure = is_asked ? MAYBE : may_ask_owner(m, p.address, b->ports.first, host, &why);
        const enum sure place = has_place(m, host);
        struct tx_frame request;
        const bool has_left = take_request(m, p.address, b->ports.first, host, &request);
        must(m, has_left ? sure != NO : sure != YES || place != YES);
        note_claim(m, p.address, b->ports.first, host, NULL);
        m->claims[(m->claim_count - 1) % CLAIMS].is_release = true;
        struct question *q = question_of(m, p.address, b->ports.first, host);
        if (q != NULL)
            q->is_unsure = q->of_release = true;
        if (has_left) {
            q = begin_question(m, p.address, b->ports.first, host);
            q->of_release = true;
            note_request(m, &request, q);
        }
    }
    settle(m, false);
}

/* CONFLICT changes nothing, nor does what only a bridge sends. */
static void step_other(struct model *m)
{
    static const enum pe_arp_type types[] = {PE_ARP_CONFLICT, PE_ARP_REQUEST, PE_ARP_HELLO};
    const enum pe_arp_type type = types[pick(m, 3)];
    unsigned host = pick_host(m);
    const struct ports p = pick_ports(m, &host);
    const struct tx_frame frame = message_of(type, host, &p);
    const struct verdict v = give(m, &frame);
    must(m, type != PE_ARP_CONFLICT || is_good(m, host, &p, type) ? was_taken(v)
                                                                  : was_dropped(v, DROP_PE_ARP_BAD));
    settle(m, false);
}

/* Answers. */

/* The question that the nonce is of; NULL and YES or MAYBE: a stateless challenge. */
static enum sure nonce_counts(struct model *m, const struct pe_arp *r, unsigned host,
                              struct question **question)
{
    enum sure best = NO;
    bool was_asked = false;
    *question = NULL;
    for (unsigned i = 0; i < ASKED && i < m->asked_count; i++) {
        const struct asked *a = &m->asked[i];
        if (a->nonce != r->nonce || addresses[a->address].host != r->tpa.address.host ||
            a->port != r->tpa.first || (a->host != NOBODY && a->host != host))
            continue;
        was_asked = true;
        struct question *q = a->question < 0 ? NULL : &m->questions[a->question];
        const bool is_stateless = q == NULL, is_in_slot = m->w.now / SLOT - a->time / SLOT <= 1;
        met[is_in_slot ? RULE_STATELESS_COUNTS : RULE_STATELESS_OLD] += is_stateless;
        if (q != NULL && (q->opened > a->time || q->port != a->port || q->host != a->host))
            q = NULL; /* another one took its place */
        enum sure sure = is_stateless ? (is_in_slot ? YES : NO) : q != NULL ? is_open(m, q) : NO;
        if (a->may_be_stateless && is_in_slot && sure == NO)
            sure = MAYBE;
        if (sure > best) {
            best = sure;
            *question = q;
        }
    }
    if (was_asked && best == NO)
        met[RULE_LATE]++;
    return best;
}

/* Whether another host has a right to a port of it. */
static enum sure is_anothers(const struct model *m, unsigned host, const struct ports *p)
{
    enum sure sure = NO;
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct bound *b = &m->bound[i];
        if (b->host == host || !meet(&b->ports, p))
            continue;
        const enum sure used = b->origin == ORIGIN_TRAFFIC ? is_used(m, b, p) : YES;
        sure = used > sure ? used : sure;
    }
    return sure;
}

/* The range that an answer binds: it ends before what is permanently the host's. False: nothing. */
static bool cut_to_bind(const struct model *m, unsigned host, uint16_t port, struct ports *p)
{
    for (unsigned i = 0; i < m->bound_count; i++) {
        const struct bound *b = &m->bound[i];
        if (!b->is_permanent || b->host != host || !meet(&b->ports, p))
            continue;
        if (p->is_set || holds(&b->ports, p->address, port))
            return false;
        if (b->ports.first > port)
            p->last = (uint16_t)(b->ports.first - 1);
        else
            p->first = (uint16_t)(b->ports.last + 1);
    }
    return true;
}

static void take_answer(struct model *m, unsigned host, struct ports p, const struct pe_arp *r)
{
    const uint32_t most = m->w.config.limits.lifetime_s;
    const uint32_t life = r->lifetime_s == 0 || r->lifetime_s > most ? most : r->lifetime_s;
    const uint16_t port = r->tpa.first;
    if (!cut_to_bind(m, host, port, &p))
        return;
    struct bound *b = owner_of(m, p.address, port);
    const bool was_owned = b != NULL;
    if (b != NULL && same(&b->ports, &p) && b->host == host) {
        met[RULE_REFRESHED]++;
        struct bound as_claimed = *b;
        as_claimed.origin = ORIGIN_PE_ARP;
        if (is_in_table(m, &as_claimed))
            b->origin = ORIGIN_PE_ARP;
    } else {
        b = bind_within(m, &p, host, ORIGIN_PE_ARP);
        if (b != NULL && grew(m, COUNTER_MOVES))
            met[RULE_MOVED]++;
        must(m, b == NULL || was_owned || grew(m, COUNTER_LEARNED) || grew(m, COUNTER_MOVES));
    }
    struct bound *kept = owner_of(m, p.address, port);
    if (kept != NULL)
        kept->is_unclear = b == NULL;
    if (b == NULL)
        return;
    met[RULE_LIFETIME_CAPPED] += r->lifetime_s > most;
    met[RULE_LIFETIME_SHORT] += r->lifetime_s != 0 && r->lifetime_s < most;
    b->confirmed = m->w.now;
    b->fresh_until = m->w.now + life * S;
}

/* What an answer does to the questions. */
static void end_questions(struct model *m, struct question *q, unsigned host, const struct ports *p)
{
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct question *other = &m->questions[i];
        if (other != q && other->host == host && is_open(m, other) != NO &&
            holds(p, other->address, other->port))
            other->is_unsure = true;
    }
    if (q == NULL)
        return;
    if (q->host == NOBODY || q->is_unsure) {
        q->is_unsure =
            true; /* open where nothing was bound, or where it was another challenge that was answered */
        return;
    }
    met[RULE_OWNER_ANSWERED] += q->has_claim;
    met[RULE_RELEASE_DENIED] += q->of_release;
    if (q->has_claim)
        must(m, grew(m, COUNTER_CONFLICTS));
    q->is_over = true;
}

/* Gives a REPLY with a range to what was asked. */
static void reply(struct model *m, struct asked *a, unsigned host, const struct ports *p, uint64_t nonce)
{
    static const uint16_t lifetimes[] = {0, 0, 1, 5, 60, 65535};
    struct tx_frame frame = message_of(PE_ARP_REPLY, host, p);
    struct pe_arp *r = &frame.pe_arp;
    r->tpa = (struct port_address){addresses[a->address], a->protocol, a->port, a->port};
    r->nonce = nonce;
    frame.destination = r->tha = bridge_mac;
    r->lifetime_s = lifetimes[pick(m, 6)];
    const bool good = is_good(m, host, p, PE_ARP_REPLY);
    struct question *q = NULL;
    enum sure sure = good ? nonce_counts(m, r, host, &q) : NO;
    const enum sure anothers = is_anothers(m, host, p);
    if (!holds(p, a->address, a->port) || anothers == YES)
        sure = NO;
    else if (anothers == MAYBE && sure == YES)
        sure = MAYBE;
    tell(m,
         sure == YES  ? "REPLY"
         : sure == NO ? "bad REPLY"
                      : "doubtful REPLY",
         host, p->address, p->first, p->last);
    const struct verdict v = give(m, &frame);
    must(m, good || was_dropped(v, DROP_PE_ARP_BAD));
    must(m, !good || was_taken(v) || was_dropped(v, DROP_PE_ARP_FORGED));
    if (good) {
        answers++;
        unsure_answers += sure == MAYBE;
        must(m, sure != YES || was_taken(v));
        must(m, sure != NO || !was_taken(v));
    }
    if (was_taken(v)) {
        a->answered = true;
        end_questions(m, q, host, p);
        take_answer(m, host, *p, r);
    }
    settle(m, false);
}

/* What the host would say that was asked: what it claimed, owns, or what just holds the port. */
static struct ports answer_of(struct model *m, const struct asked *a, unsigned host)
{
    struct bound *own = owner_of(m, a->address, a->port);
    uint16_t psid = 0;
    if (own != NULL && own->host == host && pick(m, 8) != 0)
        return own->ports;
    if (a->address == 1 && port_set_of(sets, a->port, &psid) && pick(m, 16) != 0)
        return set_of(1, sets, psid);
    static const unsigned sizes[] = {12, 124, 124, 249, 249, 499, 999, 1999};
    uint32_t last = a->port + sizes[pick(m, 8)];
    const unsigned before = pick(m, 4) == 0 ? pick(m, 100) : 0;
    return plain(a->address, a->port > before ? a->port - before : a->port, last > 65535 ? 65535 : last);
}

static void step_reply(struct model *m)
{
    const unsigned newest = m->asked_count < 24 ? m->asked_count : 24;
    if (newest == 0)
        return;
    struct asked *a = &m->asked[(m->asked_count - 1 - pick(m, newest)) % ASKED];
    unsigned host = a->host == NOBODY || pick(m, 16) == 0 ? pick_host(m) : a->host;
    const struct ports p = pick(m, 16) == 0 ? pick_ports(m, &host) : answer_of(m, a, host);
    reply(m, a, host, &p, pick(m, 16) == 0 ? seeded_next(&m->random) : a->nonce);
}

/* All that was asked in the last second is answered. */
static void step_replies(struct model *m)
{
    for (unsigned n = m->asked_count; n-- > 0 && m->asked_count - n < 24;) {
        struct asked *a = &m->asked[n % ASKED];
        if (a->answered || a->host == NOBODY || m->w.now - a->time > S)
            continue;
        const struct ports p = answer_of(m, a, a->host);
        reply(m, a, a->host, &p, a->nonce);
    }
}

/* One host claims a lot, and answers. */
static void step_grab(struct model *m)
{
    const unsigned who = pick_host(m), count = 2 + pick(m, 6);
    for (unsigned i = 0; i < count; i++) {
        unsigned host = who;
        const struct ports p = pick_ports(m, &host);
        claim(m, who, &p);
        struct asked *a = m->asked_count == 0 ? NULL : &m->asked[(m->asked_count - 1) % ASKED];
        if (a == NULL || a->host != who || a->time != m->w.now || pick(m, 8) == 0)
            continue;
        const struct ports range = a->port == p.first ? p : answer_of(m, a, who);
        reply(m, a, who, &range, a->nonce);
    }
}

/* Packets. */

/* An IPv4 packet of a host from this port; 12 bytes of it are TCP's or UDP's own. */
static struct verdict give_packet(struct model *m, enum side from, struct mac source, struct mac to,
                                  struct ipv4 source_address, struct ipv4 target, uint8_t protocol,
                                  uint16_t port, uint16_t to_port, uint8_t flags)
{
    uint8_t bytes[128];
    uint8_t *body = put_ipv4(bytes, to, source, source_address, target, protocol, 24);
    put16(body, port);
    put16(body + 2, to_port);
    if (protocol == PROTOCOL_TCP) {
        body[12] = 0x50;
        body[13] = flags;
    } else {
        put16(body + 4, 24);
    }
    m->looked_at = 0;
    return world_give(&m->w, from, bytes, 34 + 24);
}

/* The block of a port, cut to the run of free ports around it. */
static struct ports block_of(struct model *m, uint16_t port)
{
    const struct config_address *c = &m->addresses[0];
    uint32_t first = c->ports_first + (port - c->ports_first) / c->block * c->block,
             last = first + c->block - 1;
    last = last > c->ports_last ? c->ports_last : last;
    for (uint32_t p = first; p < port; p++)
        if (owner_of(m, 0, p) != NULL)
            first = p + 1;
    for (uint32_t p = last; p > port; p--)
        if (owner_of(m, 0, p) != NULL)
            last = p - 1;
    return plain(0, first, last);
}

static void step_from_host(struct model *m)
{
    const unsigned host = pick_host(m), kind = pick(m, 10);
    const struct mac group = {{1, 0, 0x5e, 0, 0, 0xfb}};
    uint16_t port = (uint16_t)(pick(m, 3) == 0 ? 1000 + 500 * pick(m, 8) : 995 + pick(m, 4100)), to_port = 443;
    struct mac to = router;
    struct ipv4 target = remote;
    uint8_t protocol = PROTOCOL_UDP, flags = 0;
    if (kind == 0) {
        to = group;
        target = (struct ipv4){0xe00000fb};
    } else if (kind == 1) {
        to = mac_broadcast;
        target = (struct ipv4){0xffffffff};
    } else if (kind == 2) {
        port = to_port = (uint16_t)(1000 + pick(m, 24));
    } else if (kind < 5) {
        protocol = PROTOCOL_TCP;
        flags = kind == 3 ? 0x14 : 0x10;
    }
    struct bound *owner = owner_of(m, 0, port);
    tell(m, kind > 3 ? "packet" : "packet that shows nothing", host, 0, port, port);
    const bool shows_use = kind > 3;
    const struct verdict v =
        give_packet(m, SIDE_DOWNSTREAM, mac_of(host), to, addresses[0], target, protocol, port, to_port, flags);
    const bool is_managed = port >= m->addresses[0].ports_first && port <= m->addresses[0].ports_last;
    must(m, owner != NULL && owner->host != host ? was_dropped(v, DROP_SOURCE_PORT_VIOLATION)
                                                 : v.fate == FATE_SENT);
    if (owner == NULL && is_managed && shows_use) {
        const struct ports block = block_of(m, port);
        owner = bind_within(m, &block, host, ORIGIN_TRAFFIC);
        met[RULE_TAUGHT] += owner != NULL;
    } else if (owner == NULL && is_managed) {
        met[RULE_NOT_TAUGHT]++;
    }
    if (owner != NULL && owner->host == host && shows_use) {
        owner->confirmed = owner->used = m->w.now;
        if (owner->origin == ORIGIN_TRAFFIC)
            m->uses[m->use_count++ % USES] = (struct use){port, host, m->w.now};
    }
    settle(m, false);
}

static void step_to_host(struct model *m)
{
    const unsigned address = pick(m, 2);
    uint16_t port = (uint16_t)(1000 + pick(m, 4000));
    if (m->bound_count > 0 && pick(m, 4) != 0) {
        const struct ports *p = &m->bound[pick(m, m->bound_count)].ports;
        port = p->first;
    }
    const struct bound *owner = owner_of(m, address, port);
    tell(m, "packet to a port", owner == NULL ? NOBODY : owner->host, address, port, port);
    const struct verdict v = give_packet(m, SIDE_UPSTREAM, router, bridge_mac, remote, addresses[address],
                                         PROTOCOL_UDP, 53, port, 0);
    must(m, owner == NULL || v.fate == FATE_SENT);
    if (owner == NULL && v.fate == FATE_HELD && question_of(m, address, port, NOBODY) == NULL)
        question_new(m, address, port, NOBODY);
    if (owner != NULL && is_stale(m, owner)) {
        int why;
        struct question *q = question_of(m, address, owner->ports.first, owner->host);
        const enum sure sure = may_ask_owner(m, address, owner->ports.first, owner->host, &why);
        const bool has_place = open_to(m, owner->host, MAYBE) < m->w.config.limits.mac_questions &&
                               !may_wait(m, address, owner->ports.first, owner->host, 10 * S);
        struct tx_frame frame;
        const bool has_left = take_request(m, address, owner->ports.first, owner->host, &frame);
        must(m, !has_left || sure != NO);
        must(m, has_left || q != NULL || sure != YES || !has_place);
        note_claim(m, address, owner->ports.first, owner->host, NULL);
        if (q != NULL && !q->of_probe)
            q->is_unsure = true;
        if (has_left) {
            q = begin_question(m, address, owner->ports.first, owner->host);
            q->of_probe = true;
            note_request(m, &frame, q);
            met[RULE_PROBED]++;
        }
    }
    settle(m, false);
}

/* The world. */

static void take_generated(void *context, enum side to, const struct tx_frame *made)
{
    struct model *m = context;
    if (made->kind != TX_PE_ARP || made->pe_arp.type != PE_ARP_REQUEST)
        return;
    must(m, to == SIDE_DOWNSTREAM && m->request_count < 64);
    m->requests[m->request_count++] = *made;
}

static void configure(struct model *m)
{
    struct world *w = &m->w;
    world_prepare(w);
    struct limits *l = &w->config.limits;
    limits_small(l);
    w->out = (struct engine_out){m, ignore_send, take_generated, ignore_event, NULL};
    w->config.addresses = m->addresses;
    w->config.address_count = ADDRESSES;
    m->addresses[0] = (struct config_address){.address = addresses[0],
                                              .ports_first = 1000,
                                              .ports_last = 4999,
                                              .learn = LEARN_PE_ARP | LEARN_TRAFFIC,
                                              .block = 500};
    m->addresses[1] = (struct config_address){.address = addresses[1],
                                              .ports_first = 1024,
                                              .ports_last = 65535,
                                              .learn = LEARN_PE_ARP,
                                              .block = 1000,
                                              .has_psid = true,
                                              .psid = sets};
    m->addresses[2] = m->addresses[1];
    m->addresses[2].address = addresses[2];
    m->addresses[2].has_psid = false;
    w->ranges[0] = (struct config_range){.range = {addresses[0], 2100, 2199}, .mac = mac_of(0)};
    w->ranges[1] = (struct config_range){.range = {addresses[2], 1, 65535}, .mac = mac_of(1)};
    w->config.range_count = 2;
    w->seed.plain_nonces = pick(m, 4) == 0;
    l->host_ports = (uint32_t[]){4, 25, 100}[pick(m, 3)];
    l->host_bindings = (uint32_t[]){2, 4, 256}[pick(m, 3)];
    l->address_bindings = (uint32_t[]){3, 64, 64}[pick(m, 3)];
    l->bindings = (uint32_t[]){6, 9, 64}[pick(m, 3)];
    l->lifetime_s = pick(m, 2) == 0 ? 10 : 120;
    l->questions = 32;
    l->mac_questions = 16;
    l->unicast_rate = pick(m, 2) == 0 ? 12 : 1000;
    l->unicast_mac_rate = pick(m, 2) == 0 ? 3 : 10;
    l->hello_window_s = 1;
    l->claim_rate = 10000; /* all are read */
}

static void one_run(uint64_t seed, unsigned steps)
{
    static void (*const kinds[])(struct model * m) = {
        step_claim,   step_claim,   step_grab,      step_grab,     step_flood,   step_reply,
        step_reply,   step_replies, step_replies,   step_replies,  step_release, step_other,
        step_to_host, step_to_host, step_from_host, step_from_host};
    static const uint64_t pauses[] = {0,        0, 0, 0,     0,     MS,     100 * MS,
                                      400 * MS, S, S, 3 * S, 5 * S, 20 * S, 121 * S};
    struct model *m = calloc(1, sizeof(*m));
    assert_non_null(m);
    m->seed = m->random = seed;
    configure(m);
    m->w.now += pick(m, 4000) * MS + pick(m, 1000000);
    m->total = m->w.config.limits.unicast_rate;
    for (unsigned i = 0; i < HOSTS; i++)
        m->of_host[i] = m->w.config.limits.unicast_mac_rate;
    world_start(&m->w);
    for (unsigned i = 0; i < 2; i++) {
        const struct range *r = &m->w.ranges[i].range;
        const struct ports p = plain(r->address.host - addresses[0].host, r->first, r->last);
        bind(m, &p, i, ORIGIN_CONFIG);
    }
    pass(m, 10 * S);
    for (m->step = 0; m->step < steps; m->step++) {
        const uint64_t pause = pauses[pick(m, sizeof(pauses) / sizeof(pauses[0]))];
        pass(m, pause + (pick(m, 2) == 0 ? 0 : 1 + pick(m, 1000)));
        kinds[pick(m, sizeof(kinds) / sizeof(kinds[0]))](m);
    }
    pass(m, 1000 * S);
    world_end(&m->w);
    free(m);
}

static void test_claims(void **state)
{
    const uint64_t seed = from_environment("SEED", 20260101), runs = rounds("RUNS", 400);
    const unsigned steps = (unsigned)from_environment("STEPS", 200);
    (void)state;
    print_message("SEED=%llu RUNS=%llu STEPS=%u\n", (unsigned long long)seed, (unsigned long long)runs, steps);
    for (uint64_t i = 0; i < runs; i++)
        one_run(seed + i, steps);
    rules_print(0, RULE_COUNT);
    printf("# S4: %llu runs of %u steps of claims, equal to the model (SEED=%llu); %llu of %llu answers left "
           "open\n",
           (unsigned long long)runs, steps, (unsigned long long)seed, (unsigned long long)unsure_answers,
           (unsigned long long)answers);
    rules_expect(0, RULE_COUNT, 20000, runs * steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_claims)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
