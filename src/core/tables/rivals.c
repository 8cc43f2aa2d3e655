/* rivals.c: see rivals.h. A bit for each port of each address: frames to disputed ports cost one look. */
#include "rivals.h"

#include "pearpd/keyed_table.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "shared_address.h"

#include <stdlib.h>
#include <string.h>

#define PORT_BYTES      ((UINT16_MAX + 1) / 8)
#define LATE_ANSWERS_NS (4 * NS_PER_S) /* of challenges that began in the window: three tries */
#define SPACING_NS      (NS_PER_S / 100)

TAILQ_HEAD(rival_queue, rival);

struct rivals {
    struct keyed_table *table;
    struct rival_queue queue; /* in the order of due_ns */
    uint8_t *disputed;        /* a bit for each port of each address; untouched pages cost nothing */
    uint64_t lost_ns;         /* when the table was lost */
    uint64_t until_ns;        /* the window; 0: the table was not lost */
    bool was_answered;        /* since then */
    struct timer timer;
};

struct rivals *rivals_new(const struct engine *e)
{
    struct rivals *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    TAILQ_INIT(&r->queue);
    r->timer.kind = TIMER_RIVALS;
    r->table = keyed_table_new(e->config.limits.rivals, sizeof(struct rival_key), sizeof(struct rival),
                               e->seed.hash_key);
    r->disputed = calloc(e->config.address_count + 1, PORT_BYTES);
    if (r->table == NULL || r->disputed == NULL) {
        rivals_free(r);
        return NULL;
    }
    return r;
}

void rivals_free(struct rivals *rivals)
{
    if (rivals == NULL)
        return;
    keyed_table_free(rivals->table);
    free(rivals->disputed);
    free(rivals);
}

/* The window. */

void rivals_collect(struct engine *e)
{
    e->rivals->lost_ns = e->now_ns;
    e->rivals->until_ns = e->now_ns + e->config.limits.hello_window_s * NS_PER_S;
}

void rivals_collect_again(struct engine *e)
{
    if (e->rivals->until_ns != 0 && !e->rivals->was_answered)
        rivals_collect(e);
}

void rivals_note_answer(struct engine *e)
{
    e->rivals->was_answered = true;
}

void rivals_window_carry(struct engine *e, const struct engine *old)
{
    e->rivals->lost_ns = old->rivals->lost_ns;
    e->rivals->until_ns = old->rivals->until_ns;
    e->rivals->was_answered = old->rivals->was_answered;
}

bool rivals_are_collected(const struct engine *e)
{
    return e->now_ns < e->rivals->until_ns;
}

bool rivals_are_possible(const struct engine *e)
{
    const struct rivals *r = e->rivals;
    return rivals_count(e) > 0 || (r->until_ns > r->lost_ns && e->now_ns < r->until_ns + LATE_ANSWERS_NS);
}

bool rivals_may_have(const struct engine *e, const struct binding *b)
{
    const struct rivals *r = e->rivals;
    const bool can_answer = r->until_ns > r->lost_ns && e->now_ns < r->until_ns + LATE_ANSWERS_NS;
    return can_answer && b->origin == ORIGIN_PE_ARP && b->learned_ns >= r->lost_ns &&
           b->learned_ns <= e->now_ns;
}

/* Disputed ports. */

static uint8_t *bits_of(const struct engine *e, uint32_t address_index)
{
    return e->rivals->disputed + (size_t)address_index * PORT_BYTES;
}

bool rivals_dispute(const struct engine *e, uint32_t address_index, uint16_t port)
{
    return keyed_table_count(e->rivals->table) > 0 &&
           (bits_of(e, address_index)[port / 8] >> port % 8 & 1) != 0;
}

void rivals_narrow(const struct engine *e, uint32_t address_index, uint16_t port, uint16_t *first,
                   uint16_t *last)
{
    uint16_t low = port, high = port;
    if (keyed_table_count(e->rivals->table) == 0)
        return;
    while (low > *first && !rivals_dispute(e, address_index, (uint16_t)(low - 1)))
        low--;
    while (high < *last && !rivals_dispute(e, address_index, (uint16_t)(high + 1)))
        high++;
    *first = low;
    *last = high;
}

static void bits_set(struct engine *e, const struct port_range *ports, bool is_disputed)
{
    uint8_t *bits = bits_of(e, shared_address_of_ports(e, ports));
    for (unsigned i = 0; i < port_range_spans(ports); i++) {
        const struct port_span span = port_range_span(ports, i);
        for (uint32_t port = span.first; port <= span.last; port++) {
            const uint8_t bit = (uint8_t)(1U << port % 8);
            bits[port / 8] = is_disputed ? bits[port / 8] | bit : bits[port / 8] & (uint8_t)~bit;
        }
    }
}

/* Rivals. */

const struct rival *rivals_other(const struct engine *e, const struct port_range *ports, struct mac mac)
{
    const struct rival *rival;
    TAILQ_FOREACH(rival, &e->rivals->queue, others)
    {
        if (!mac_equal(rival->key.mac, mac) && port_range_overlaps(&rival->ports, ports))
            return rival;
    }
    return NULL;
}

void rivals_share(const struct engine *e, const struct port_range *ports, struct mac mac,
                  struct account_share *share)
{
    const struct rival *rival;
    TAILQ_FOREACH(rival, &e->rivals->queue, others)
    {
        if (!mac_equal(rival->key.mac, mac) || port_range_overlaps(&rival->ports, ports))
            continue;
        share->bindings++;
        if (rival->ports.range.address.host == ports->range.address.host)
            share->ports += port_range_ports(&rival->ports);
    }
}

bool rivals_have_room(const struct engine *e, uint32_t count)
{
    return keyed_table_count(e->rivals->table) + count <= e->config.limits.rivals;
}

struct rival *rivals_find(const struct engine *e, uint32_t address_index, uint16_t first, struct mac mac)
{
    const struct rival_key key = {address_index, first, mac};
    return keyed_table_find(e->rivals->table, &key);
}

static void queue_join(struct engine *e, struct rival *rival, uint64_t due_ns)
{
    struct rival_queue *queue = &e->rivals->queue;
    struct rival *before = TAILQ_LAST(queue, rival_queue);
    rival->due_ns = due_ns;
    while (before != NULL && before->due_ns > due_ns)
        before = TAILQ_PREV(before, rival_queue, others);
    if (before == NULL)
        TAILQ_INSERT_HEAD(queue, rival, others);
    else
        TAILQ_INSERT_AFTER(queue, before, rival, others);
}

static void timer_arm(struct engine *e, uint64_t earliest_ns)
{
    const struct rival *first = TAILQ_FIRST(&e->rivals->queue);
    if (first == NULL)
        timer_stop(e->timers, &e->rivals->timer);
    else
        timer_set(e->timers, &e->rivals->timer, first->due_ns > earliest_ns ? first->due_ns : earliest_ns);
}

void rivals_remove(struct engine *e, struct rival *rival)
{
    struct rivals *r = e->rivals;
    const struct port_range ports = rival->ports;
    struct rival *other, *left = NULL;
    unsigned count = 0;
    bits_set(e, &ports, false);
    TAILQ_REMOVE(&r->queue, rival, others);
    keyed_table_remove(r->table, rival);
    TAILQ_FOREACH(other, &r->queue, others)
    {
        if (!port_range_overlaps(&other->ports, &ports))
            continue;
        bits_set(e, &other->ports, true);
        left = other;
        count++;
    }
    if (count == 1 && left->due_ns > e->now_ns) {
        TAILQ_REMOVE(&r->queue, left, others);
        queue_join(e, left, e->now_ns);
    }
    timer_arm(e, e->now_ns);
}

/* Which claims end. */
struct ending {
    uint32_t address_index;
    const struct port_range *ports; /* NULL: all of the address */
    struct mac owner;               /* zero: nobody has the ports now, and those of `mac` end */
    struct mac mac;
};

static bool ends(const struct rival *rival, const struct ending *ending)
{
    const bool is_owners = mac_equal(rival->key.mac, ending->owner);
    if (ending->ports == NULL)
        return rival->key.address_index == ending->address_index;
    if (!port_range_overlaps(&rival->ports, ending->ports))
        return false;
    if (mac_is_zero(ending->owner))
        return mac_equal(rival->key.mac, ending->mac);
    return !is_owners || (rival->ports.range.first >= ending->ports->range.first &&
                          rival->ports.range.last <= ending->ports->range.last);
}

/* From the head again after each: one that is asked at once has gone there. */
static void end_some(struct engine *e, const struct ending *ending)
{
    struct rival *rival = TAILQ_FIRST(&e->rivals->queue);
    while (rival != NULL) {
        if (!ends(rival, ending)) {
            rival = TAILQ_NEXT(rival, others);
            continue;
        }
        rivals_remove(e, rival);
        rival = TAILQ_FIRST(&e->rivals->queue);
    }
}

void rivals_end_own(struct engine *e, const struct port_range *ports, struct mac mac)
{
    end_some(e, &(struct ending){.ports = ports, .mac = mac});
}

void rivals_decide(struct engine *e, const struct port_range *ports, struct mac mac)
{
    end_some(e, &(struct ending){.ports = ports, .owner = mac});
}

void rivals_end_all(struct engine *e, uint32_t address_index)
{
    end_some(e, &(struct ending){.address_index = address_index});
}

void rivals_put(struct engine *e, const struct port_range *ports, struct mac mac, uint64_t wait_ns)
{
    struct rivals *r = e->rivals;
    const struct rival_key key = {shared_address_of_ports(e, ports), ports->range.first, mac};
    struct rival *rival = keyed_table_find(r->table, &key);
    bool fresh;
    if (rival != NULL && port_range_equal(&rival->ports, ports))
        return;
    rivals_end_own(e, ports, mac);
    if (keyed_table_full(r->table))
        return;
    rival = keyed_table_put(r->table, &key, &fresh);
    rival->ports = *ports;
    rival->since_ns = e->now_ns;
    bits_set(e, ports, true);
    queue_join(e, rival, e->now_ns + wait_ns);
    timer_arm(e, e->now_ns);
}

struct rival *rivals_next_due(struct engine *e, uint64_t due_ns)
{
    struct rivals *r = e->rivals;
    struct rival *rival = TAILQ_FIRST(&r->queue);
    if (rival != NULL && rival->due_ns <= e->now_ns) {
        TAILQ_REMOVE(&r->queue, rival, others);
        queue_join(e, rival, due_ns);
        timer_arm(e, e->now_ns + SPACING_NS);
        return rival;
    }
    timer_arm(e, e->now_ns);
    return NULL;
}

const struct rival *rivals_next(const struct engine *e, const struct rival *rival)
{
    return rival == NULL ? TAILQ_FIRST(&e->rivals->queue) : TAILQ_NEXT(rival, others);
}

const struct rival *rivals_from(const struct engine *e, uint32_t address_index, uint32_t port)
{
    const struct rival *lowest = NULL, *rival;
    TAILQ_FOREACH(rival, &e->rivals->queue, others)
    {
        if (rival->key.address_index == address_index && rival->key.first >= port &&
            (lowest == NULL || rival->key.first < lowest->key.first))
            lowest = rival;
    }
    return lowest;
}

uint32_t rivals_count(const struct engine *e)
{
    return keyed_table_count(e->rivals->table);
}
