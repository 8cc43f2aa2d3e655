/* fast_order.c: see fast_order.h. */
#include "fast_order.h"

#define RESYNC_LOOKS 4

uint64_t fast_order_passed(const struct fast_order *order, enum side side, unsigned socket)
{
    return __atomic_load_n(&order->passed[side].frames[socket], __ATOMIC_ACQUIRE);
}

void fast_order_begin(struct fast_order *order, const struct fast_passed *passed)
{
    static const struct fast_taken nothing = {.empty = {true, true}};
    *order = (struct fast_order){.passed = passed};
    for (unsigned side = 0; side < SIDES; side++)
        fast_order_resync(order, (enum side)side, &nothing);
}

void fast_order_resync(struct fast_order *order, enum side side, const struct fast_taken *taken)
{
    for (unsigned socket = 0; socket < 2; socket++) {
        const uint64_t passed = fast_order_passed(order, side, socket);
        order->levels[side][socket] =
            (struct fast_level){.offset = passed - taken->frames[socket],
                                .taken = passed,
                                .is_unsure = taken->is_rough || !taken->empty[socket]};
    }
}

static void shift(struct fast_order *order, struct fast_level *level, uint64_t by)
{
    level->offset += by;
    level->taken += by;
    level->looks = 0;
    order->resynced++;
}

/* A frame between its number and the ring is missing for less than a look; one that is lost, for good. */
static void look_missing(struct fast_order *order, struct fast_level *level, uint64_t now_ns, uint64_t missing,
                         uint64_t resync_ns)
{
    if (level->looks == 0) {
        level->since_ns = now_ns;
        level->missing = missing;
    }
    if (missing < level->missing)
        level->missing = missing;
    level->looks++;
    if (level->looks < RESYNC_LOOKS || now_ns - level->since_ns < resync_ns)
        return;
    shift(order, level, level->missing);
    level->is_unsure = false;
}

static void look(struct fast_order *order, enum side side, unsigned socket, uint64_t now_ns,
                 const struct fast_taken *taken)
{
    struct fast_level *level = &order->levels[side][socket];
    level->taken = taken->frames[socket] + level->offset;
    const uint64_t passed = fast_order_passed(order, side, socket), missing = passed - level->taken;
    const bool is_exact = taken->empty[socket] || (!taken->is_rough && !level->is_unsure);
    level->all = missing == 0 && is_exact;
    if (missing == 0)
        level->looks = 0;
    else if (missing > UINT64_MAX / 2) /* more were taken than passed: some passed before the count began */
        shift(order, level, missing);
    else if (taken->empty[socket])
        look_missing(order, level, now_ns, missing,
                     taken->is_rough ? FAST_TABLE_RESYNC_ROUGH_NS : FAST_TABLE_RESYNC_NS);
    if (is_exact && level->taken == passed)
        level->is_unsure = false;
}

void fast_order_look(struct fast_order *order, uint64_t now_ns, const struct fast_taken *taken)
{
    for (unsigned side = 0; side < SIDES; side++)
        for (unsigned socket = 0; socket < 2; socket++)
            look(order, side, socket, now_ns, &taken[side]);
}

bool fast_order_all(const struct fast_order *order, enum side side)
{
    return order->levels[side][FAST_SOCKET_RING].all && order->levels[side][FAST_SOCKET_ASIDE].all;
}

/* Modulo 2^64, for numbers near to those of now. */
static bool reached(const struct fast_level *level, uint64_t number)
{
    const int64_t ahead = (int64_t)(level->taken - number);
    return !level->is_unsure && ahead >= (level->all ? 0 : FAST_TABLE_SLACK);
}

bool fast_order_reached(const struct fast_order *order, enum side side, unsigned socket, uint64_t number)
{
    return order->levels[side][1 - socket].all && reached(&order->levels[side][socket], number);
}

bool fast_order_reached_mark(const struct fast_order *order, enum side side, unsigned socket, uint32_t mark)
{
    const struct fast_level *level = &order->levels[side][socket];
    const int32_t ahead = (int32_t)((uint32_t)level->taken - mark);
    return reached(level, level->taken - (uint64_t)(int64_t)ahead);
}
