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

struct account {
    struct mac mac; /* the key; zero: the others */
    struct traffic past, booked;
};

/* Who has a binding, in the table as long as it has one: all of them, however few accounts there are. */
struct owner {
    struct mac mac;          /* the key */
    uint32_t learned;        /* bindings by claims and traffic */
    struct account *account; /* its own, or that of the others */
    LIST_HEAD(, binding) bindings;
    TAILQ_ENTRY(owner) equals;
};

TAILQ_HEAD(owner_queue, owner);

struct accounts {
    struct keyed_table *table, *owners;
    struct account others;
    struct owner_queue by_count[COUNTS]; /* those with as many learned bindings; the last: or more */
    uint32_t most;                       /* no one has more */
};

struct accounts *accounts_new(const struct limits *limits, const uint8_t hash_key[static HASH_KEY_BYTES])
{
    struct accounts *accounts = calloc(1, sizeof(*accounts));
    if (accounts == NULL)
        return NULL;
    for (unsigned i = 0; i < COUNTS; i++)
        TAILQ_INIT(&accounts->by_count[i]);
    accounts->table = keyed_table_new(limits->accounts, sizeof(struct mac), sizeof(struct account), hash_key);
    accounts->owners = keyed_table_new(limits->bindings, sizeof(struct mac), sizeof(struct owner), hash_key);
    if (accounts->table == NULL || accounts->owners == NULL) {
        accounts_free(accounts);
        return NULL;
    }
    return accounts;
}

void accounts_free(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    keyed_table_free(accounts->table);
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

static void live_add(struct traffic *live, const struct owner *owner)
{
    const struct binding *b;
    LIST_FOREACH(b, &owner->bindings, of_owner)
    {
        const struct traffic more = traffic_of(b);
        traffic_add(live, &more);
    }
}

static struct owner *owner_find(const struct accounts *accounts, struct mac mac)
{
    return keyed_table_find(accounts->owners, &mac);
}

/* That of the others has the bindings of all owners without one of their own. */
static struct traffic live_of(const struct accounts *accounts, const struct account *a)
{
    struct traffic live = {0};
    const struct owner *owner;
    uint32_t place = 0;
    if (a != &accounts->others) {
        owner = owner_find(accounts, a->mac);
        if (owner != NULL && owner->account == a)
            live_add(&live, owner);
        return live;
    }
    while ((owner = keyed_table_walk(accounts->owners, &place)) != NULL)
        if (owner->account == a)
            live_add(&live, owner);
    return live;
}

static struct traffic total_of(const struct accounts *accounts, const struct account *a)
{
    struct traffic total = live_of(accounts, a);
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
    struct keyed_table *table = e->accounts->table;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        struct account *oldest = keyed_table_oldest(table);
        const struct owner *owner = owner_find(e->accounts, oldest->mac);
        if (owner == NULL || owner->account != oldest) {
            fold(e, oldest);
            keyed_table_remove(table, oldest);
            return true;
        }
        keyed_table_touch(table, oldest);
    }
    return false;
}

/* The account of `mac`, or that of the others where there is no room. */
static struct account *account_of(struct engine *e, struct mac mac)
{
    struct keyed_table *table = e->accounts->table;
    struct account *a = keyed_table_find(table, &mac);
    bool fresh;
    if (a != NULL) {
        keyed_table_touch(table, a);
        return a;
    }
    if (keyed_table_full(table) && !make_room(e)) {
        e->stats.counters[COUNTER_ACCOUNTS_FULL]++;
        return &e->accounts->others;
    }
    return keyed_table_put(table, &mac, &fresh);
}

/* Owners. */

static struct owner *owner_of(struct engine *e, struct mac mac)
{
    bool fresh;
    struct owner *owner = keyed_table_put(e->accounts->owners, &mac, &fresh);
    if (fresh) {
        LIST_INIT(&owner->bindings);
        owner->account = account_of(e, mac);
    }
    return owner;
}

bool account_has_binding(const struct engine *e, struct mac mac)
{
    return owner_find(e->accounts, mac) != NULL;
}

int account_lowest_address(const struct engine *e, struct mac mac)
{
    const struct owner *owner = owner_find(e->accounts, mac);
    const struct binding *b;
    int lowest = -1;
    if (owner == NULL)
        return -1;
    LIST_FOREACH(b, &owner->bindings, of_owner)
    if (lowest < 0 || (int)b->address_index < lowest)
        lowest = (int)b->address_index;
    return lowest;
}

static uint32_t count_of(const struct owner *owner)
{
    return owner->learned < COUNTS ? owner->learned : COUNTS - 1;
}

/* Counts a learned binding that begins (+1) or ends (-1). */
static void learned_add(struct engine *e, struct owner *owner, const struct binding *b, int one)
{
    struct accounts *accounts = e->accounts;
    if (binding_origin_is_fixed(b->origin))
        return;
    shared_address_at(e, b->address_index)->learned += (uint32_t)one;
    if (owner->learned > 0)
        TAILQ_REMOVE(&accounts->by_count[count_of(owner)], owner, equals);
    owner->learned += (uint32_t)one;
    if (owner->learned > 0)
        TAILQ_INSERT_TAIL(&accounts->by_count[count_of(owner)], owner, equals);
    if (count_of(owner) > accounts->most)
        accounts->most = count_of(owner);
    while (accounts->most > 0 && TAILQ_EMPTY(&accounts->by_count[accounts->most]))
        accounts->most--;
}

void account_join(struct engine *e, struct binding *binding)
{
    struct owner *owner = owner_of(e, binding->owner);
    const struct traffic counted = traffic_of(binding);
    binding->row = owner;
    LIST_INSERT_HEAD(&owner->bindings, binding, of_owner);
    learned_add(e, owner, binding, +1);
    traffic_subtract(&owner->account->past, &counted);
}

void account_leave(struct engine *e, struct binding *binding)
{
    struct owner *owner = binding->row;
    const struct traffic counted = traffic_of(binding);
    LIST_REMOVE(binding, of_owner);
    learned_add(e, owner, binding, -1);
    traffic_add(&owner->account->past, &counted);
    binding->row = NULL;
    if (LIST_EMPTY(&owner->bindings))
        keyed_table_remove(e->accounts->owners, owner);
}

struct account_share account_share_beside(const struct engine *e, struct mac mac,
                                          const struct port_range *ports)
{
    struct account_share share = {0};
    const struct owner *owner = owner_find(e->accounts, mac);
    const struct binding *b;
    if (owner == NULL)
        return share;
    LIST_FOREACH(b, &owner->bindings, of_owner)
    {
        if (binding_origin_is_fixed(b->origin) || port_range_overlaps(&b->ports, ports))
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
    const struct owner *owner = TAILQ_FIRST(&accounts->by_count[accounts->most]);
    struct binding *b, *longest = NULL;
    if (accounts->most < least || owner == NULL)
        return NULL;
    LIST_FOREACH(b, &owner->bindings, of_owner)
    {
        binding_fast_take(e, b);
        if (!binding_origin_is_fixed(b->origin) &&
            (longest == NULL || b->idle_since_ns < longest->idle_since_ns))
            longest = b;
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

static void carry_one(struct engine *e, struct account *to, const struct accounts *old,
                      const struct account *from)
{
    const struct traffic total = total_of(old, from);
    traffic_add(&to->past, &total);
    traffic_add(&to->booked, &from->booked);
    if (to == &e->accounts->others && !mac_is_zero(from->mac))
        e->stats.counters[COUNTER_ACCOUNTS_FOLDED]++;
}

void accounts_carry(struct engine *e, const struct accounts *from)
{
    carry_one(e, &e->accounts->others, from, &from->others);
    for (const struct account *a = keyed_table_oldest(from->table); a != NULL;
         a = keyed_table_newer(from->table, a))
        carry_one(e, account_of(e, a->mac), from, a);
}

/* For the daemon. */

static struct account *account_find(const struct engine *e, struct mac mac)
{
    return mac_is_zero(mac) ? &e->accounts->others : keyed_table_find(e->accounts->table, &mac);
}

static struct account_entry entry_of(const struct engine *e, const struct account *a)
{
    return (struct account_entry){.mac = a->mac, .total = total_of(e->accounts, a), .booked = a->booked};
}

bool engine_accounts_next(const struct engine *engine, uint32_t *cursor, struct account_entry *entry)
{
    uint32_t place = *cursor == 0 ? 0 : *cursor - 1;
    const struct account *a = &engine->accounts->others;
    if (*cursor > 0)
        a = keyed_table_walk(engine->accounts->table, &place);
    if (a == NULL)
        return false;
    *cursor = place + 1;
    *entry = entry_of(engine, a);
    return true;
}

int engine_account_find(const struct engine *engine, struct mac mac, struct account_entry *entry)
{
    const struct account *a = account_find(engine, mac);
    if (a == NULL)
        return -ENOENT;
    *entry = entry_of(engine, a);
    return 0;
}

bool engine_account_book(struct engine *engine, struct mac mac, struct traffic *growth)
{
    struct account *a = account_find(engine, mac);
    if (a == NULL)
        return false;
    const struct traffic total = total_of(engine->accounts, a);
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
    const struct traffic live = live_of(engine->accounts, a);
    a->past = entry->total;
    traffic_subtract(&a->past, &live);
    a->booked = entry->booked;
    return 0;
}

uint32_t engine_account_ranges(const struct engine *engine, struct mac mac, struct range *ranges, uint32_t most,
                               const char **name)
{
    const struct owner *owner = owner_find(engine->accounts, mac);
    const struct binding *b;
    uint32_t count = 0;
    *name = "";
    if (owner == NULL)
        return 0;
    LIST_FOREACH(b, &owner->bindings, of_owner)
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
