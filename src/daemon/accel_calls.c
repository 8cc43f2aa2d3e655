/* accel_calls.c: see accel_calls.h. */
#include "accel_calls.h"

#include "pearpd/clock.h"

static uint32_t put(void *context, const struct port_range *ports, struct mac owner)
{
    const struct accel_calls *calls = context;
    return fast_table_put(calls->table, clock_now_ns(), ports, owner);
}

static void remove_slot(void *context, uint32_t slot)
{
    const struct accel_calls *calls = context;
    fast_table_remove(calls->table, clock_now_ns(), slot);
}

static void count(struct accel_calls *calls, const struct fast_growth *growth)
{
    calls->frames[SIDE_UPSTREAM] += growth->to_owner_frames;
    calls->frames[SIDE_DOWNSTREAM] += growth->from_owner_frames;
}

static void take(void *context, uint32_t slot, struct fast_growth *growth)
{
    struct accel_calls *calls = context;
    fast_table_take(calls->table, slot, growth);
    count(calls, growth);
}

static bool rest(void *context, struct fast_rest *found)
{
    struct accel_calls *calls = context;
    if (!fast_table_rest(calls->table, calls->is_ending ? UINT64_MAX : clock_now_ns(), found))
        return false;
    count(calls, &found->growth);
    return true;
}

static void bridged(void *context, uint64_t frames[SIDES])
{
    struct accel_calls *calls = context;
    fast_table_bridged(calls->table, frames);
    for (unsigned side = 0; side < SIDES; side++)
        calls->frames[side] += frames[side];
}

static void mac_put(void *context, struct mac mac, enum side side, uint64_t now_ns)
{
    const struct accel_calls *calls = context;
    (void)fast_table_mac_put(calls->table, now_ns, mac, side);
}

static void mac_remove(void *context, struct mac mac)
{
    const struct accel_calls *calls = context;
    fast_table_mac_remove(calls->table, mac);
}

static uint64_t mac_seen(void *context, struct mac mac)
{
    const struct accel_calls *calls = context;
    return fast_table_mac_seen(calls->table, mac);
}

static void clear(void *context)
{
    const struct accel_calls *calls = context;
    fast_table_clear(calls->table, clock_now_ns());
}

struct fast_path accel_calls_of(struct accel_calls *calls)
{
    return (struct fast_path){calls,   put,     remove_slot, take,     rest,
                              bridged, mac_put, mac_remove,  mac_seen, clear};
}
