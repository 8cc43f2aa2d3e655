/* fast_table.c: see fast_table.h; slots and their counts. The ways to a slot: fast_ports.c. */
#include "pearpd/fast_table.h"

#include "fast_macs.h"
#include "fast_order.h"
#include "fast_ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT 128 /* slots by one fast_table_activate() */

enum { SLOT_FREE, SLOT_USED, SLOT_ADOPTED, SLOT_ENDED };

/* What the daemon alone knows of a slot. */
struct slot_record {
    uint64_t time_ns;      /* used: of its beginning; ended: of the end of its quarantine */
    uint32_t next;         /* free or ended */
    uint32_t next_pending; /* queued */
    uint32_t passed[2][2]; /* by side and socket, at the beginning: frames that it must not overtake */
    uint8_t use;
    bool queued; /* for fast_table_activate(); perhaps since before its end */
};

/* First in, first out; 0: none. */
struct slot_queue {
    uint32_t first, last, count;
};

struct fast_table {
    struct fast_memory memory;
    struct fast_ports ports;
    struct fast_macs macs;
    struct fast_order order;
    uint32_t fresh; /* this slot and those above were never used */
    uint32_t free;  /* a list */
    uint32_t used;
    struct slot_queue ended, pending;
    uint64_t looked_ns;          /* at `pending`, the last time */
    uint64_t lagged_ns;          /* when it had not been looked at for long */
    struct fast_figures figures; /* the counters of it */
    struct slot_record records[FAST_SLOTS];
};

static struct fast_slot *slot_of(const struct fast_table *table, uint32_t slot)
{
    return &table->memory.slots[slot];
}

static uint64_t state_of(const struct fast_slot *slot, unsigned way)
{
    return __atomic_load_n(&slot->state[way], __ATOMIC_ACQUIRE);
}

static void set_state(struct fast_slot *slot, unsigned way, uint64_t state)
{
    __atomic_store_n(&slot->state[way], state, __ATOMIC_SEQ_CST);
}

static bool is_pending(uint64_t state)
{
    return state > FAST_FORWARD;
}

static struct mac owner_of(const struct fast_slot *slot)
{
    struct mac owner;
    memcpy(owner.octets, slot->mac, MAC_BYTES);
    return owner;
}

static struct port_range ports_of(const struct fast_slot *slot)
{
    const struct ipv4 address = {slot->address};
    const struct port_set_params params = {slot->set_offset, slot->set_length};
    uint16_t psid;
    if (params.length > 0 && port_set_valid(params) && port_set_of(params, slot->first, &psid))
        return port_range_of_set(address, params, psid);
    return (struct port_range){.range = {address, slot->first, slot->last}};
}

/* Counts. */

struct sum {
    uint64_t to_owner_frames, to_owner_bytes, from_owner_frames, from_owner_bytes;
};

static uint64_t read_count(const __u64 *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static const struct fast_counts *counts_of(const struct fast_table *table, uint32_t column, uint32_t slot)
{
    return &table->memory.counts[(size_t)column * FAST_SLOTS + slot];
}

/* What the counts of all processors have that was not given out. */
static struct sum growth_of(const struct fast_table *table, uint32_t slot)
{
    const struct fast_slot *s = slot_of(table, slot);
    struct sum sum = {0};
    for (uint32_t column = 0; column < table->memory.column_count; column++) {
        const struct fast_counts *counts = counts_of(table, column, slot);
        sum.to_owner_frames += read_count(&counts->to_owner_frames);
        sum.to_owner_bytes += read_count(&counts->to_owner_bytes);
        sum.from_owner_frames += read_count(&counts->from_owner_frames);
        sum.from_owner_bytes += read_count(&counts->from_owner_bytes);
    }
    sum.to_owner_frames -= s->given_to_owner_frames;
    sum.to_owner_bytes -= s->given_to_owner_bytes;
    sum.from_owner_frames -= s->given_from_owner_frames;
    sum.from_owner_bytes -= s->given_from_owner_bytes;
    return sum;
}

static bool is_nothing(const struct sum *sum)
{
    return (sum->to_owner_frames | sum->to_owner_bytes | sum->from_owner_frames | sum->from_owner_bytes) == 0;
}

/* The cache line is written only if there is something. */
static struct sum give_out(struct fast_table *table, uint32_t slot)
{
    struct fast_slot *s = slot_of(table, slot);
    const struct sum sum = growth_of(table, slot);
    if (is_nothing(&sum))
        return sum;
    s->given_to_owner_frames += sum.to_owner_frames;
    s->given_to_owner_bytes += sum.to_owner_bytes;
    s->given_from_owner_frames += sum.from_owner_frames;
    s->given_from_owner_bytes += sum.from_owner_bytes;
    return sum;
}

/* Ports of a window, where it is not older than `oldest`. A program may be writing them, or they are of a binding before. */
static void add_ports(const struct fast_slot *slot, uint32_t window, uint16_t low, uint16_t high,
                      uint32_t oldest, struct fast_growth *growth)
{
    if (window < oldest || low < slot->first || high > slot->last || low > high)
        return;
    growth->low = growth->has_ports && growth->low < low ? growth->low : low;
    growth->high = growth->has_ports && growth->high > high ? growth->high : high;
    growth->has_ports = true;
}

static void add_windows(const struct fast_slot *slot, const struct fast_counts *counts, uint32_t oldest,
                        struct fast_growth *growth)
{
    add_ports(slot, __atomic_load_n(&counts->window, __ATOMIC_ACQUIRE),
              __atomic_load_n(&counts->low, __ATOMIC_RELAXED), __atomic_load_n(&counts->high, __ATOMIC_RELAXED),
              oldest, growth);
    add_ports(slot, __atomic_load_n(&counts->window_before, __ATOMIC_ACQUIRE),
              __atomic_load_n(&counts->low_before, __ATOMIC_RELAXED),
              __atomic_load_n(&counts->high_before, __ATOMIC_RELAXED), oldest, growth);
}

/* The ports are those of the window of the last frame and of the one before it, in all columns: whoever looks once in a
 * window sees all. */
static void look_from_owner(const struct fast_table *table, uint32_t slot, struct fast_growth *growth)
{
    const uint64_t since_ns = table->records[slot].time_ns - FAST_TICK_NS;
    for (uint32_t column = 0; column < table->memory.column_count; column++) {
        const uint64_t at_ns = read_count(&counts_of(table, column, slot)->from_owner_ns);
        if (at_ns >= since_ns && at_ns > growth->from_owner_ns)
            growth->from_owner_ns = at_ns;
    }
    if (growth->from_owner_ns == 0)
        return;
    const uint64_t before_ns =
        growth->from_owner_ns - (growth->from_owner_ns < FAST_WINDOW_NS ? 0 : FAST_WINDOW_NS);
    const uint32_t oldest = (uint32_t)((before_ns > since_ns ? before_ns : since_ns) / FAST_WINDOW_NS);
    for (uint32_t column = 0; column < table->memory.column_count; column++)
        if (read_count(&counts_of(table, column, slot)->from_owner_ns) >= since_ns)
            add_windows(slot_of(table, slot), counts_of(table, column, slot), oldest, growth);
}

static void take(struct fast_table *table, uint32_t slot, struct fast_growth *growth)
{
    const struct sum sum = give_out(table, slot);
    *growth = (struct fast_growth){.to_owner_frames = sum.to_owner_frames,
                                   .to_owner_bytes = sum.to_owner_bytes,
                                   .from_owner_frames = sum.from_owner_frames,
                                   .from_owner_bytes = sum.from_owner_bytes};
}

void fast_table_take(struct fast_table *table, uint32_t slot, struct fast_growth *growth)
{
    *growth = (struct fast_growth){0};
    if (slot == 0 || slot >= FAST_SLOTS || table->records[slot].use != SLOT_USED)
        return;
    take(table, slot, growth);
    look_from_owner(table, slot, growth);
}

void fast_table_bridged(struct fast_table *table, uint64_t frames[SIDES])
{
    const struct sum sum = give_out(table, 0);
    frames[SIDE_UPSTREAM] = sum.to_owner_frames;
    frames[SIDE_DOWNSTREAM] = sum.from_owner_frames;
}

/* Slots. */

static void push(struct slot_queue *queue, struct slot_record *records, uint32_t slot, bool pending)
{
    uint32_t *link = pending ? &records[queue->last].next_pending : &records[queue->last].next;
    if (queue->count++ == 0)
        queue->first = slot;
    else
        *link = slot;
    queue->last = slot;
}

static uint32_t pop(struct slot_queue *queue, const struct slot_record *records, bool pending)
{
    const uint32_t slot = queue->first;
    queue->first = pending ? records[slot].next_pending : records[slot].next;
    queue->count--;
    return slot;
}

static void queue_pending(struct fast_table *table, uint32_t slot)
{
    if (table->records[slot].queued)
        return;
    table->records[slot].queued = true;
    push(&table->pending, table->records, slot, true);
}

static void free_slot(struct fast_table *table, uint32_t slot)
{
    table->records[slot].use = SLOT_FREE;
    table->records[slot].next = table->free;
    table->free = slot;
}

static void end_slot(struct fast_table *table, uint64_t now_ns, uint32_t slot)
{
    table->records[slot].use = SLOT_ENDED;
    table->records[slot].time_ns = now_ns + FAST_QUARANTINE_NS;
    push(&table->ended, table->records, slot, false);
}

static bool has_ended(const struct fast_table *table, uint64_t now_ns)
{
    return table->ended.count > 0 && table->records[table->ended.first].time_ns <= now_ns;
}

/* 0: none. */
static uint32_t new_slot(struct fast_table *table, uint64_t now_ns)
{
    uint32_t slot = table->free;
    if (slot != 0) {
        table->free = table->records[slot].next;
        return slot;
    }
    if (has_ended(table, now_ns)) {
        const struct sum rest = growth_of(table, table->ended.first);
        if (is_nothing(&rest))
            return pop(&table->ended, table->records, false);
    }
    return table->fresh < FAST_SLOTS ? table->fresh++ : 0;
}

bool fast_table_rest(struct fast_table *table, uint64_t now_ns, struct fast_rest *rest)
{
    while (has_ended(table, now_ns)) {
        const uint32_t slot = pop(&table->ended, table->records, false);
        take(table, slot, &rest->growth);
        rest->owner = owner_of(slot_of(table, slot));
        free_slot(table, slot);
        if ((rest->growth.to_owner_frames | rest->growth.to_owner_bytes | rest->growth.from_owner_frames |
             rest->growth.from_owner_bytes) != 0)
            return true;
    }
    return false;
}

/* All but the states: they are DEAD until all else is written. */
static void write_slot(struct fast_slot *slot, const struct port_range *ports, struct mac owner)
{
    slot->address = ports->range.address.host;
    slot->first = ports->range.first;
    slot->last = ports->range.last;
    memcpy(slot->mac, owner.octets, MAC_BYTES);
    slot->set_offset = ports->is_port_set ? ports->params.offset : 0;
    slot->set_length = ports->is_port_set ? ports->params.length : 0;
}

static void begin_slot(struct fast_table *table, uint64_t now_ns, uint32_t slot)
{
    struct slot_record *record = &table->records[slot];
    record->use = SLOT_USED;
    record->time_ns = now_ns;
    for (unsigned side = 0; side < SIDES; side++)
        for (unsigned socket = 0; socket < 2; socket++)
            record->passed[side][socket] = (uint32_t)fast_order_passed(&table->order, side, socket);
    table->used++;
    queue_pending(table, slot);
}

/* FAST_TO_OWNER comes in by FAST_UPSTREAM, FAST_FROM_OWNER by FAST_DOWNSTREAM. */
_Static_assert(FAST_TO_OWNER == SIDE_UPSTREAM && FAST_UPSTREAM == SIDE_UPSTREAM,
               "a way is the side it begins at");
_Static_assert(FAST_FROM_OWNER == SIDE_DOWNSTREAM && FAST_DOWNSTREAM == SIDE_DOWNSTREAM, "likewise");

static void make_pending(const struct fast_table *table, struct fast_slot *slot)
{
    for (unsigned way = 0; way < 2; way++) {
        const uint64_t passed = fast_order_passed(&table->order, way, FAST_SOCKET_RING);
        set_state(slot, way, FAST_PENDING(passed, FAST_SOCKET_RING));
    }
}

static void make_dead(struct fast_slot *slot)
{
    for (unsigned way = 0; way < 2; way++)
        set_state(slot, way, FAST_DEAD);
}

/* The slot of the same binding that a daemon before left. 0: none. */
static uint32_t find_adopted(const struct fast_table *table, const struct port_range *ports, struct mac owner)
{
    const uint16_t slot = fast_ports_find(&table->ports, ports->range.address, ports->range.first);
    if (slot == 0 || table->records[slot].use != SLOT_ADOPTED)
        return 0;
    const struct port_range held = ports_of(slot_of(table, slot));
    return port_range_equal(&held, ports) && mac_equal(owner_of(slot_of(table, slot)), owner) ? slot : 0;
}

static void end_binding(struct fast_table *table, uint64_t now_ns, uint32_t slot)
{
    const struct port_range ports = ports_of(slot_of(table, slot));
    make_dead(slot_of(table, slot));
    fast_ports_drop(&table->ports, now_ns, &ports, (uint16_t)slot);
    table->used -= table->records[slot].use == SLOT_USED;
    end_slot(table, now_ns, slot);
}

/* Nothing was written for it, but where a daemon before did. */
static void refuse(struct fast_table *table, uint64_t now_ns, uint32_t slot, int error)
{
    table->figures.no_address += error == -ENOENT;
    table->figures.no_leaf += error != -ENOENT;
    if (table->records[slot].use == SLOT_ADOPTED) {
        end_binding(table, now_ns, slot);
        return;
    }
    make_dead(slot_of(table, slot));
    free_slot(table, slot);
}

uint32_t fast_table_put(struct fast_table *table, uint64_t now_ns, const struct port_range *ports,
                        struct mac owner)
{
    uint32_t slot = find_adopted(table, ports, owner);
    if (slot == 0) {
        slot = new_slot(table, now_ns);
        if (slot == 0) {
            table->figures.no_slot++;
            return 0;
        }
        write_slot(slot_of(table, slot), ports, owner);
        make_pending(table, slot_of(table, slot));
    }
    const int error = fast_ports_fill(&table->ports, now_ns, ports, (uint16_t)slot);
    if (error != 0) {
        refuse(table, now_ns, slot, error);
        return 0;
    }
    begin_slot(table, now_ns, slot);
    return slot;
}

void fast_table_remove(struct fast_table *table, uint64_t now_ns, uint32_t slot)
{
    if (slot != 0 && slot < FAST_SLOTS && table->records[slot].use == SLOT_USED)
        end_binding(table, now_ns, slot);
}

static bool is_binding(const struct fast_table *table, uint32_t slot)
{
    return table->records[slot].use == SLOT_USED || table->records[slot].use == SLOT_ADOPTED;
}

void fast_table_clear(struct fast_table *table, uint64_t now_ns)
{
    for (uint32_t slot = 1; slot < table->fresh; slot++)
        if (is_binding(table, slot))
            make_dead(slot_of(table, slot));
    fast_ports_clear(&table->ports, now_ns);
    for (uint32_t slot = 1; slot < table->fresh; slot++)
        if (is_binding(table, slot))
            end_slot(table, now_ns, slot);
    table->used = 0;
    fast_macs_clear(&table->macs);
}

/* Order. */

static uint64_t age_ns(const struct fast_table *table, uint64_t now_ns, uint32_t slot)
{
    const uint64_t since_ns = table->records[slot].time_ns;
    return now_ns > since_ns ? now_ns - since_ns : 0;
}

/* All that was left to the daemon of this way was taken: before the binding began, and since. */
static bool may_forward(const struct fast_table *table, uint32_t slot, unsigned way, uint64_t state)
{
    const struct slot_record *record = &table->records[slot];
    const struct fast_order *order = &table->order;
    return fast_order_reached(order, way, FAST_PENDING_SOCKET(state), FAST_PENDING_NUMBER(state)) &&
           fast_order_reached_mark(order, way, FAST_SOCKET_RING, record->passed[way][FAST_SOCKET_RING]) &&
           fast_order_reached_mark(order, way, FAST_SOCKET_ASIDE, record->passed[way][FAST_SOCKET_ASIDE]);
}

/* A daemon that was not run took nothing meanwhile: what waits for it would be overtaken. */
static uint64_t force_ns(struct fast_table *table, uint64_t now_ns)
{
    if (now_ns > table->looked_ns + FAST_TABLE_LAG_NS)
        table->lagged_ns = now_ns;
    table->looked_ns = now_ns;
    return now_ns < table->lagged_ns + FAST_TABLE_FORCE_NS ? FAST_TABLE_LAST_NS : FAST_TABLE_FORCE_NS;
}

/* 1: it forwards from now on. Where a program puts a number at this moment, the next call is for it. */
static unsigned activate_way(struct fast_table *table, uint64_t now_ns, uint64_t limit_ns, uint32_t slot,
                             unsigned way)
{
    const uint64_t state = state_of(slot_of(table, slot), way);
    __u64 expected = state;
    if (!is_pending(state))
        return 0;
    const bool may = may_forward(table, slot, way, state);
    if (!may && age_ns(table, now_ns, slot) < limit_ns)
        return 0;
    if (!__atomic_compare_exchange_n(&slot_of(table, slot)->state[way], &expected, FAST_FORWARD, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
        return 0;
    table->figures.forced += !may;
    return 1;
}

static unsigned activate_slot(struct fast_table *table, uint64_t now_ns, uint64_t limit_ns, uint32_t slot)
{
    unsigned activated = 0;
    table->records[slot].queued = false;
    if (table->records[slot].use != SLOT_USED)
        return 0;
    if (age_ns(table, now_ns, slot) < FAST_TABLE_PENDING_NS) {
        queue_pending(table, slot);
        return 0;
    }
    for (unsigned way = 0; way < 2; way++)
        activated += activate_way(table, now_ns, limit_ns, slot, way);
    if (is_pending(state_of(slot_of(table, slot), 0)) || is_pending(state_of(slot_of(table, slot), 1)))
        queue_pending(table, slot);
    return activated;
}

unsigned fast_table_activate(struct fast_table *table, uint64_t now_ns, const struct fast_taken *taken)
{
    unsigned activated = 0;
    const uint64_t limit_ns = force_ns(table, now_ns);
    fast_order_look(&table->order, now_ns, taken);
    for (unsigned i = table->pending.count < LOOKED_AT ? table->pending.count : LOOKED_AT; i > 0; i--)
        activated += activate_slot(table, now_ns, limit_ns, pop(&table->pending, table->records, true));
    return activated + fast_macs_activate(&table->macs, now_ns, limit_ns, &table->order);
}

bool fast_table_has_pending(const struct fast_table *table)
{
    return table->pending.count > 0 || table->macs.count > 0;
}

void fast_table_resync(struct fast_table *table, enum side side, const struct fast_taken *taken)
{
    fast_order_resync(&table->order, side, taken);
}

/* Taking over. */

static bool is_alive(const struct fast_slot *slot)
{
    return state_of(slot, 0) != FAST_DEAD && state_of(slot, 1) != FAST_DEAD;
}

/* Who is not told takes it later. */
static void adopt_slot(struct fast_table *table, uint32_t slot, fast_adopted_fn *adopted, void *context)
{
    struct fast_adopted binding = {ports_of(slot_of(table, slot)), owner_of(slot_of(table, slot)), {0}};
    table->records[slot].use = SLOT_ADOPTED;
    if (adopted == NULL)
        return;
    take(table, slot, &binding.growth);
    look_from_owner(table, slot, &binding.growth);
    adopted(context, &binding);
}

static bool adopted_has(const void *context, uint16_t slot, struct ipv4 address, uint16_t first, uint16_t last)
{
    const struct fast_table *table = context;
    if (table->records[slot].use != SLOT_ADOPTED)
        return false;
    const struct port_range ports = ports_of(slot_of(table, slot));
    return ports.range.address.host == address.host && port_range_has(&ports, first) &&
           port_range_has(&ports, last);
}

/* The highest slot that was ever used. */
static uint32_t last_slot(const struct fast_table *table)
{
    uint32_t slot = FAST_SLOTS - 1;
    while (slot > 0 && slot_of(table, slot)->address == 0)
        slot--;
    return slot;
}

unsigned fast_table_adopt(struct fast_table *table, uint64_t now_ns, fast_adopted_fn *adopted, void *context)
{
    unsigned count = 0;
    table->fresh = last_slot(table) + 1;
    for (uint32_t slot = 1; slot < table->fresh; slot++) {
        if (is_alive(slot_of(table, slot))) {
            adopt_slot(table, slot, adopted, context);
            count++;
        } else {
            make_dead(slot_of(table, slot));
            end_slot(table, now_ns, slot);
        }
    }
    fast_ports_adopt(&table->ports, now_ns, adopted_has, table);
    return count;
}

unsigned fast_table_adopt_end(struct fast_table *table, uint64_t now_ns)
{
    unsigned count = 0;
    for (uint32_t slot = 1; slot < table->fresh; slot++)
        if (table->records[slot].use == SLOT_ADOPTED) {
            end_binding(table, now_ns, slot);
            count++;
        }
    fast_macs_adopt_end(&table->macs);
    return count;
}

/* Life and figures. */

struct fast_table *fast_table_new(const struct fast_memory *memory)
{
    struct fast_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->memory = *memory;
    table->fresh = 1;
    if (fast_ports_begin(&table->ports, memory) != 0) {
        free(table);
        return NULL;
    }
    fast_macs_begin(&table->macs, memory);
    fast_order_begin(&table->order, memory->passed);
    return table;
}

void fast_table_free(struct fast_table *table)
{
    if (table == NULL)
        return;
    fast_ports_end(&table->ports);
    free(table);
}

int fast_table_set_addresses(struct fast_table *table, uint64_t now_ns, const struct ipv4 *addresses,
                             size_t count)
{
    return fast_ports_set_addresses(&table->ports, now_ns, addresses, count);
}

bool fast_table_mac_put(struct fast_table *table, uint64_t now_ns, struct mac mac, enum side side)
{
    return fast_macs_put(&table->macs, now_ns, mac, side);
}

void fast_table_mac_remove(struct fast_table *table, struct mac mac)
{
    fast_macs_remove(&table->macs, mac);
}

uint64_t fast_table_mac_seen(const struct fast_table *table, struct mac mac)
{
    return fast_macs_seen(&table->macs, mac);
}

static size_t shared_bytes(const struct fast_memory *memory)
{
    return sizeof(struct fast_config) + SIDES * sizeof(struct fast_passed) +
           FAST_ADDRESS_BUCKETS * sizeof(struct fast_address_bucket) +
           FAST_ADDRESSES * sizeof(struct fast_blocks) + memory->leaf_count * sizeof(struct fast_leaf) +
           FAST_SLOTS * sizeof(struct fast_slot) +
           (size_t)memory->column_count * FAST_SLOTS * sizeof(struct fast_counts) +
           FAST_MAC_BUCKETS * sizeof(struct fast_mac_bucket);
}

void fast_table_figures(const struct fast_table *table, struct fast_figures *figures)
{
    *figures = table->figures;
    figures->slots = table->used;
    figures->slots_ended = table->ended.count;
    figures->leaves = fast_ports_leaves_used(&table->ports);
    figures->leaves_ended = table->ports.ended_count;
    figures->macs = table->macs.known;
    figures->waiting_macs = table->macs.count;
    figures->pending = table->pending.count;
    figures->no_mac = table->macs.refused;
    figures->forced += table->macs.forced;
    figures->resynced = table->order.resynced;
    figures->own_bytes = sizeof(*table) + table->memory.leaf_count * sizeof(struct fast_leaf_record);
    figures->shared_bytes = shared_bytes(&table->memory);
}
