/* fast_macs.c: see fast_macs.h. */
#include "fast_macs.h"

#include "pearpd/hash.h"

#define LOOKED_AT   64 /* by one call */
#define NUMBER_MASK ((UINT64_C(1) << 48) - 1)

static uint64_t key_of(const struct fast_mac *way)
{
    return __atomic_load_n(&way->key, __ATOMIC_RELAXED);
}

static uint64_t seen_of(const struct fast_mac *way)
{
    return __atomic_load_n(&way->seen_ns, __ATOMIC_RELAXED);
}

static void set_key(struct fast_mac *way, uint64_t key)
{
    __atomic_store_n(&way->key, key, __ATOMIC_RELEASE);
}

static void set_seen(struct fast_mac *way, uint64_t seen_ns)
{
    __atomic_store_n(&way->seen_ns, seen_ns, __ATOMIC_RELEASE);
}

static struct fast_mac *way_at(const struct fast_macs *macs, uint32_t place)
{
    return &macs->buckets[place / FAST_MAC_WAYS].ways[place % FAST_MAC_WAYS];
}

static uint32_t first_place(const struct fast_macs *macs, uint64_t number)
{
    return fast_mac_bucket_of(number, macs->config->mac_key) * FAST_MAC_WAYS;
}

/* The place behind the bucket: none. */
static uint32_t find(const struct fast_macs *macs, uint64_t number)
{
    const uint32_t first = first_place(macs, number);
    uint32_t place = first;
    while (place < first + FAST_MAC_WAYS &&
           (number == 0 || (key_of(way_at(macs, place)) & NUMBER_MASK) != number))
        place++;
    return place;
}

static bool is_there(const struct fast_macs *macs, uint64_t number, uint32_t place)
{
    return place < first_place(macs, number) + FAST_MAC_WAYS;
}

/* A program may have seen it after `now_ns`. */
static bool is_fresh(const struct fast_macs *macs, const struct fast_mac *way, uint64_t now_ns)
{
    return now_ns < seen_of(way) + macs->config->mac_age_ns;
}

/* A free place, or that of the address seen longest ago, if it is old. */
static uint32_t room_for(const struct fast_macs *macs, uint64_t number, uint64_t now_ns)
{
    const uint32_t first = first_place(macs, number), behind = first + FAST_MAC_WAYS;
    uint32_t oldest = first;
    for (uint32_t place = first; place < behind; place++) {
        if (key_of(way_at(macs, place)) == 0)
            return place;
        if (seen_of(way_at(macs, place)) < seen_of(way_at(macs, oldest)))
            oldest = place;
    }
    return is_fresh(macs, way_at(macs, oldest), now_ns) ? behind : oldest;
}

static void await_activation(struct fast_macs *macs, uint64_t now_ns, uint64_t key, uint32_t place)
{
    if (macs->count == FAST_MACS_WAITING) {
        set_key(way_at(macs, place), key | FAST_MAC_HELD);
        macs->forced++;
        return;
    }
    macs->waiting[(macs->first + macs->count++) % FAST_MACS_WAITING] =
        (struct fast_waiting_mac){key, now_ns, place};
}

/* Writes `key` where another may be, which is then not there for a moment. */
static void replace(struct fast_mac *way, uint64_t now_ns, uint64_t key)
{
    set_key(way, 0);
    set_seen(way, now_ns);
    set_key(way, key);
}

bool fast_macs_put(struct fast_macs *macs, uint64_t now_ns, struct mac mac, enum side side)
{
    const uint64_t number = mac_number(mac), key = number | FAST_MAC_SIDE(side);
    uint32_t place = find(macs, number);
    const bool there = is_there(macs, number, place);
    if (!there) {
        place = room_for(macs, number, now_ns);
        if (number == 0 || !is_there(macs, number, place)) {
            macs->refused++;
            return false;
        }
    }
    struct fast_mac *way = way_at(macs, place);
    const uint64_t held = key_of(way);
    macs->adopted[place] = false;
    if (held == key || (held == (key | FAST_MAC_HELD) && is_fresh(macs, way, now_ns))) {
        if (seen_of(way) < now_ns)
            set_seen(way, now_ns);
        return true;
    }
    macs->known += held == 0;
    replace(way, now_ns, key);
    await_activation(macs, now_ns, key, place);
    return true;
}

void fast_macs_remove(struct fast_macs *macs, struct mac mac)
{
    const uint64_t number = mac_number(mac);
    const uint32_t place = find(macs, number);
    if (!is_there(macs, number, place))
        return;
    set_key(way_at(macs, place), 0);
    macs->known--;
}

uint64_t fast_macs_seen(const struct fast_macs *macs, struct mac mac)
{
    const uint64_t number = mac_number(mac);
    const uint32_t place = find(macs, number);
    return is_there(macs, number, place) ? seen_of(way_at(macs, place)) : 0;
}

void fast_macs_clear(struct fast_macs *macs)
{
    for (uint32_t place = 0; place < FAST_MAC_BUCKETS * FAST_MAC_WAYS; place++)
        if (key_of(way_at(macs, place)) != 0)
            set_key(way_at(macs, place), 0);
    macs->known = macs->count = 0;
}

void fast_macs_adopt_end(struct fast_macs *macs)
{
    for (uint32_t place = 0; place < FAST_MAC_BUCKETS * FAST_MAC_WAYS; place++) {
        if (macs->adopted[place] && key_of(way_at(macs, place)) != 0) {
            set_key(way_at(macs, place), 0);
            macs->known--;
        }
        macs->adopted[place] = false;
    }
}

/* True where it waits no more. */
static bool activate_one(struct fast_macs *macs, const struct fast_waiting_mac *waiting, bool may, bool late)
{
    struct fast_mac *way = way_at(macs, waiting->place);
    if (key_of(way) != waiting->key)
        return true;
    if (!may && !late)
        return false;
    set_key(way, waiting->key | FAST_MAC_HELD);
    macs->forced += !may;
    return true;
}

unsigned fast_macs_activate(struct fast_macs *macs, uint64_t now_ns, uint64_t limit_ns,
                            const struct fast_order *order)
{
    const bool may = fast_order_all(order, SIDE_UPSTREAM) && fast_order_all(order, SIDE_DOWNSTREAM);
    unsigned activated = 0;
    for (unsigned i = macs->count < LOOKED_AT ? macs->count : LOOKED_AT; i > 0; i--) {
        const struct fast_waiting_mac waiting = macs->waiting[macs->first];
        macs->first = (macs->first + 1) % FAST_MACS_WAITING;
        macs->count--;
        if (activate_one(macs, &waiting, may, now_ns >= waiting.since_ns + limit_ns))
            activated++;
        else
            macs->waiting[(macs->first + macs->count++) % FAST_MACS_WAITING] = waiting;
    }
    return activated;
}

void fast_macs_begin(struct fast_macs *macs, const struct fast_memory *memory)
{
    macs->buckets = memory->macs;
    macs->config = memory->config;
    macs->known = macs->first = macs->count = 0;
    macs->refused = macs->forced = 0;
    while (macs->config->mac_key == 0) {
        random_bytes(&macs->config->mac_key, sizeof(macs->config->mac_key));
        macs->config->mac_key |= 1;
    }
    for (uint32_t place = 0; place < FAST_MAC_BUCKETS * FAST_MAC_WAYS; place++)
        if (key_of(way_at(macs, place)) != 0) {
            macs->adopted[place] = true;
            macs->known++;
        }
}
