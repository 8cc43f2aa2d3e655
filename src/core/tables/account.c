/* account.c: see account.h. */
#include "account.h"

#include "pearpd/keyed_table.h"

#include "binding.h"
#include "binding_fast.h"
#include "binding_query.h"
#include "engine_state.h"
#include "shared_address.h"

#include <errno.h>
#include <stdlib.h>

#define COUNTS    4097 /* the greatest host-bindings, and none */
#define LOOKED_AT 8    /* accounts that are checked for one to evict */

TAILQ_HEAD(account_queue, account);

struct accounts {
    struct keyed_table *owners;
    struct account others;
    struct account_queue by_count[COUNTS]; /* those with as many learned bindings; the last: or more */
    uint32_t most;                         /* no one has more */
};

struct accounts *accounts_new(uint32_t limit, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct accounts *accounts = calloc(1, sizeof(*accounts));
    if (accounts == NULL)
        return NULL;
    LIST_INIT(&accounts->others.bindings);
    for (unsigned i = 0; i < COUNTS; i++)
        TAILQ_INIT(&accounts->by_count[i]);
    accounts->owners = keyed_table_new(limit, sizeof(struct mac), sizeof(struct account), hash_key);
    if (accounts->owners == NULL) {
        accounts_free(accounts);
        return NULL;
    }
    return accounts;
}

void accounts_free(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    keyed_table_free(accounts->owners);
    free(accounts);
}

/* Totals, modulo 2^64. */

void traffic_add(struct traffic *to, const struct traffic *more)
{
    to->rx_frames += more->rx_frames;
    to->rx_bytes += more->rx_bytes;
    to->tx_frames += more->tx_frames;
    to->tx_bytes += more->tx_bytes;
}

static void traffic_subtract(struct traffic *from, const struct traffic *less)
{
    from->rx_frames -= less->rx_frames;
    from->rx_bytes -= less->rx_bytes;
    from->tx_frames -= less->tx_frames;
    from->tx_bytes -= less->tx_bytes;
}

static bool traffic_is_zero(const struct traffic *t)
{
    return (t->rx_frames | t->rx_bytes | t->tx_frames | t->tx_bytes) == 0;
}

static struct traffic traffic_of(const struct binding *b)
{
    return (struct traffic){b->rx_frames, b->rx_bytes, b->tx_frames, b->tx_bytes};
}

static struct traffic live_of(const struct account *a)
{
    struct traffic live = {0};
    const struct binding *b;
    LIST_FOREACH(b, &a->bindings, of_owner)
    {
        const struct traffic more = traffic_of(b);
        traffic_add(&live, &more);
    }
    return live;
}

static struct traffic total_of(const struct account *a)
{
    struct traffic total = live_of(a);
    traffic_add(&total, &a->past);
    return total;
}

/* Accounts. */

/* Adds the totals of an evicted account to the others' account, and what of them was booked. */
static void fold(struct engine *e, const struct account *a)
{
    struct account *others = &e->accounts->others;
    traffic_add(&others->past, &a->past);
    traffic_add(&others->booked, &a->booked);
    e->stats.counters[COUNTER_ACCOUNTS_FOLDED]++;
}

/* Evicts an account whose owner has no binding. False: the oldest ones all have one, and are moved to the new end. */
static bool make_room(struct engine *e)
{
    struct keyed_table *owners = e->accounts->owners;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        struct account *oldest = keyed_table_oldest(owners);
        if (LIST_EMPTY(&oldest->bindings)) {
            fold(e, oldest);
            keyed_table_remove(owners, oldest);
            return true;
        }
        keyed_table_touch(owners, oldest);
    }
    return false;
}

/* The owner's account, or that of the others where there is no room. */
static struct account *account_of(struct engine *e, struct mac owner)
{
    struct keyed_table *owners = e->accounts->owners;
    struct account *a = keyed_table_find(owners, &owner);
    bool fresh;
    if (a != NULL) {
        keyed_table_touch(owners, a);
        return a;
    }
    if (keyed_table_full(owners) && !make_room(e)) {
        e->stats.counters[COUNTER_ACCOUNTS_FULL]++;
        return &e->accounts->others;
    }
    a = keyed_table_put(owners, &owner, &fresh);
    LIST_INIT(&a->bindings);
    return a;
}

bool account_has_binding(const struct engine *e, struct mac mac)
{
    const struct account *a = keyed_table_find(e->accounts->owners, &mac);
    return a != NULL && !LIST_EMPTY(&a->bindings);
}

int account_lowest_address(const struct engine *e, struct mac mac)
{
    const struct account *a = keyed_table_find(e->accounts->owners, &mac);
    const struct binding *b;
    int lowest = -1;
    if (a == NULL)
        return -1;
    LIST_FOREACH(b, &a->bindings, of_owner)
    if (lowest < 0 || (int)b->address_index < lowest)
        lowest = (int)b->address_index;
    return lowest;
}

static uint32_t count_of(const struct account *a)
{
    return a->learned < COUNTS ? a->learned : COUNTS - 1;
}

/* Counts a learned binding that begins (+1) or ends (-1). */
static void learned_add(struct engine *e, struct account *a, const struct binding *b, int one)
{
    struct accounts *accounts = e->accounts;
    if (binding_origin_is_fixed(b->origin))
        return;
    shared_address_at(e, b->address_index)->learned += (uint32_t)one;
    if (a->learned > 0)
        TAILQ_REMOVE(&accounts->by_count[count_of(a)], a, equals);
    a->learned += (uint32_t)one;
    if (a->learned > 0)
        TAILQ_INSERT_TAIL(&accounts->by_count[count_of(a)], a, equals);
    if (count_of(a) > accounts->most)
        accounts->most = count_of(a);
    while (accounts->most > 0 && TAILQ_EMPTY(&accounts->by_count[accounts->most]))
        accounts->most--;
}

void account_join(struct engine *e, struct binding *binding)
{
    struct account *a = account_of(e, binding->owner);
    const struct traffic counted = traffic_of(binding);
    binding->account = a;
    LIST_INSERT_HEAD(&a->bindings, binding, of_owner);
    learned_add(e, a, binding, +1);
    traffic_subtract(&a->past, &counted);
}

void account_leave(struct engine *e, struct binding *binding)
{
    const struct traffic counted = traffic_of(binding);
    LIST_REMOVE(binding, of_owner);
    learned_add(e, binding->account, binding, -1);
    traffic_add(&binding->account->past, &counted);
    binding->account = NULL;
}

struct account_share account_share_beside(const struct engine *e, struct mac owner,
                                          const struct port_range *ports)
{
    struct account_share share = {0};
    const struct account *a = keyed_table_find(e->accounts->owners, &owner);
    const struct binding *b;
    if (a == NULL)
        a = &e->accounts->others;
    LIST_FOREACH(b, &a->bindings, of_owner)
    {
        if (binding_origin_is_fixed(b->origin) || !mac_equal(b->owner, owner) ||
            port_range_overlaps(&b->ports, ports))
            continue;
        share.bindings++;
        if (b->ports.range.address.host == ports->range.address.host)
            share.ports += port_range_ports(&b->ports);
    }
    return share;
}

struct binding *account_longest_unconfirmed(struct engine *e, uint32_t least)
{
    const struct accounts *accounts = e->accounts;
    const struct account *a = TAILQ_FIRST(&accounts->by_count[accounts->most]);
    struct binding *b, *longest = NULL;
    unsigned seen = 0;
    if (accounts->most < least || a == NULL)
        return NULL;
    LIST_FOREACH(b, &a->bindings, of_owner)
    {
        binding_fast_take(e, b);
        if (!binding_origin_is_fixed(b->origin) &&
            (longest == NULL || b->idle_since_ns < longest->idle_since_ns))
            longest = b;
        if (++seen == COUNTS) /* the others have as many as there are */
            break;
    }
    return longest;
}

void account_add(struct engine *e, struct mac owner, const struct traffic *more)
{
    traffic_add(&account_of(e, owner)->past, more);
}

void account_add_rx(struct engine *e, struct mac owner, size_t frame_bytes)
{
    struct account *a = account_of(e, owner);
    a->past.rx_frames++;
    a->past.rx_bytes += frame_bytes;
}

void account_add_tx(struct engine *e, struct mac owner, size_t frame_bytes)
{
    struct account *a = account_of(e, owner);
    a->past.tx_frames++;
    a->past.tx_bytes += frame_bytes;
}

static void carry_one(struct engine *e, struct account *to, const struct account *from)
{
    const struct traffic total = total_of(from);
    traffic_add(&to->past, &total);
    traffic_add(&to->booked, &from->booked);
    if (to == &e->accounts->others && !mac_is_zero(from->mac))
        e->stats.counters[COUNTER_ACCOUNTS_FOLDED]++;
}

void accounts_carry(struct engine *e, const struct accounts *from)
{
    carry_one(e, &e->accounts->others, &from->others);
    for (const struct account *a = keyed_table_oldest(from->owners); a != NULL;
         a = keyed_table_newer(from->owners, a))
        carry_one(e, account_of(e, a->mac), a);
}

/* For the daemon. */

static struct account *account_find(const struct engine *e, struct mac mac)
{
    return mac_is_zero(mac) ? &e->accounts->others : keyed_table_find(e->accounts->owners, &mac);
}

static struct account_entry entry_of(const struct account *a)
{
    return (struct account_entry){.mac = a->mac, .total = total_of(a), .booked = a->booked};
}

bool engine_accounts_next(const struct engine *engine, uint32_t *cursor, struct account_entry *entry)
{
    uint32_t place = *cursor == 0 ? 0 : *cursor - 1;
    const struct account *a = &engine->accounts->others;
    if (*cursor > 0)
        a = keyed_table_walk(engine->accounts->owners, &place);
    if (a == NULL)
        return false;
    *cursor = place + 1;
    *entry = entry_of(a);
    return true;
}

int engine_account_find(const struct engine *engine, struct mac mac, struct account_entry *entry)
{
    const struct account *a = account_find(engine, mac);
    if (a == NULL)
        return -ENOENT;
    *entry = entry_of(a);
    return 0;
}

bool engine_account_book(struct engine *engine, struct mac mac, struct traffic *growth)
{
    struct account *a = account_find(engine, mac);
    if (a == NULL)
        return false;
    const struct traffic total = total_of(a);
    *growth = total;
    traffic_subtract(growth, &a->booked);
    a->booked = total;
    return !traffic_is_zero(growth);
}

int engine_account_restore(struct engine *engine, const struct account_entry *entry)
{
    if (mac_is_group(entry->mac) || mac_equal(entry->mac, engine->config.mac))
        return -EINVAL;
    struct account *others = &engine->accounts->others;
    struct account *a = mac_is_zero(entry->mac) ? others : account_of(engine, entry->mac);
    if (a == others && !mac_is_zero(entry->mac)) {
        traffic_add(&others->past, &entry->total);
        traffic_add(&others->booked, &entry->booked);
        return -ENOSPC;
    }
    const struct traffic live = live_of(a);
    a->past = entry->total;
    traffic_subtract(&a->past, &live);
    a->booked = entry->booked;
    return 0;
}

uint32_t engine_account_ranges(const struct engine *engine, struct mac mac, struct range *ranges, uint32_t most,
                               const char **name)
{
    const struct account *a = account_find(engine, mac);
    const struct binding *b;
    uint32_t count = 0;
    *name = "";
    if (a == NULL || mac_is_zero(mac))
        return 0;
    LIST_FOREACH(b, &a->bindings, of_owner)
    {
        if (count < most)
            ranges[count] = b->ports.range;
        if (**name == '\0')
            *name = b->name;
        count++;
    }
    return count;
}

int engine_owner(const struct engine *engine, struct ipv4 address, uint16_t port, struct mac *owner)
{
    int index = shared_address_index(engine, address);
    const struct binding *b = index < 0 ? NULL : binding_find(engine->bindings, (uint32_t)index, port);
    if (b == NULL)
        return -ENOENT;
    *owner = b->owner;
    return 0;
}
