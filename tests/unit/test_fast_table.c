/* test_fast_table.c: what the programs of the fast path find after each change, and what is counted, in memory of our own. */
#include "pearpd/fast_table.h"

#include "../lib/fast_table_tools.h"
#include "../lib/seeded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS    2
#define LEAVES     4096
#define ADDRESS    UINT32_C(0xcb007101)
#define START_NS   UINT64_C(5000000000)
#define PLACES     (FAST_MAC_BUCKETS * FAST_MAC_WAYS)
#define SET_OFFSET 6
#define SET_LENGTH 8

struct fixture {
    struct fast_memory memory;
    struct fast_table *table;
    uint64_t now_ns;
    struct fast_taken taken[SIDES];
};

static struct fixture *fixture_of_leaves(uint32_t leaves)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->memory = fast_memory_new(leaves, COLUMNS);
    f->table = fast_table_new(&f->memory);
    f->now_ns = START_NS;
    assert_non_null(f->table);
    const struct ipv4 addresses[] = {{ADDRESS}, {ADDRESS + 1}};
    assert_int_equal(fast_table_set_addresses(f->table, f->now_ns, addresses, 2), 0);
    return f;
}

static struct fixture *fixture_new(void)
{
    return fixture_of_leaves(LEAVES);
}

static void fixture_free(struct fixture *f)
{
    fast_table_free(f->table);
    fast_memory_free(&f->memory);
    free(f);
}

static struct mac mac_of(uint32_t n)
{
    return (struct mac){{2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct port_range range_at(uint32_t address, uint16_t first, uint16_t last)
{
    return (struct port_range){.range = {{address}, first, last}};
}

static struct port_range set_of(uint32_t address, uint16_t psid)
{
    return port_range_of_set((struct ipv4){address}, (struct port_set_params){SET_OFFSET, SET_LENGTH}, psid);
}

static uint32_t put(struct fixture *f, const struct port_range *ports, uint32_t owner)
{
    return fast_table_put(f->table, f->now_ns, ports, mac_of(owner));
}

static uint32_t put_range(struct fixture *f, uint16_t first, uint16_t last, uint32_t owner)
{
    const struct port_range ports = range_at(ADDRESS, first, last);
    return put(f, &ports, owner);
}

static void remove_slot(struct fixture *f, uint32_t slot)
{
    fast_table_remove(f->table, f->now_ns, slot);
}

static uint32_t look_up(const struct fixture *f, uint16_t port)
{
    return fast_look_up(&f->memory, ADDRESS, port);
}

static struct fast_figures figures_of(const struct fixture *f)
{
    struct fast_figures figures;
    fast_table_figures(f->table, &figures);
    return figures;
}

/* Exactly the ports of `ports` lead to `slot`, of those of its address. */
static void assert_ports(const struct fixture *f, const struct port_range *ports, uint32_t slot)
{
    for (uint32_t port = 0; port <= UINT16_MAX; port++)
        assert_int_equal(fast_look_up(&f->memory, ports->range.address.host, (uint16_t)port) == slot,
                         port_range_has(ports, (uint16_t)port));
}

static uint64_t state_at(const struct fixture *f, uint32_t slot, unsigned way)
{
    return f->memory.slots[slot].state[way];
}

/* What the filter of a socket does with a frame that it leaves to the daemon. */
static uint64_t pass(struct fixture *f, enum side side, unsigned socket)
{
    return ++f->memory.passed[side].frames[socket];
}

static void pass_slot(struct fixture *f, uint32_t slot, enum side side, unsigned socket)
{
    const uint64_t number = pass(f, side, socket);
    f->memory.slots[slot].state[side] = FAST_PENDING(number, socket);
}

static unsigned activate(struct fixture *f)
{
    return fast_table_activate(f->table, f->now_ns, f->taken);
}

static void take_all(struct fixture *f)
{
    for (unsigned side = 0; side < SIDES; side++)
        for (unsigned socket = 0; socket < 2; socket++)
            f->taken[side].frames[socket] = f->memory.passed[side].frames[socket];
}

static void count(struct fixture *f, unsigned column, uint32_t slot, uint64_t to_owner, uint64_t from_owner)
{
    struct fast_counts *counts = &f->memory.counts[(size_t)column * FAST_SLOTS + slot];
    counts->to_owner_frames += to_owner;
    counts->to_owner_bytes += to_owner * 100;
    counts->from_owner_frames += from_owner;
    counts->from_owner_bytes += from_owner * 60;
}

static struct fast_growth growth_of(struct fixture *f, uint32_t slot)
{
    struct fast_growth growth;
    fast_table_take(f->table, slot, &growth);
    return growth;
}

/* Ports. */

static void test_ranges_lead_to_their_slot(void **state)
{
    (void)state;
    static const uint16_t ranges[][2] = {{0, 0},     {0, 63},      {1, 62},        {60, 70},       {64, 127},
                                         {100, 300}, {1000, 1000}, {65535, 65535}, {65400, 65535}, {0, 65535},
                                         {63, 64},   {1024, 2047}, {32768, 65535}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct fixture *f = fixture_new();
        const struct port_range ports = range_at(ADDRESS, ranges[i][0], ranges[i][1]);
        const uint32_t slot = put(f, &ports, 7);
        assert_int_not_equal(slot, 0);
        assert_ports(f, &ports, slot);
        assert_int_equal(fast_look_up(&f->memory, ADDRESS + 1, ranges[i][0]), 0);
        assert_memory_equal(f->memory.slots[slot].mac, mac_of(7).octets, MAC_BYTES);
        remove_slot(f, slot);
        assert_int_equal(look_up(f, ranges[i][0]), 0);
        assert_int_equal(look_up(f, ranges[i][1]), 0);
        assert_int_equal(figures_of(f).leaves, 0);
        assert_int_equal(figures_of(f).slots, 0);
        fixture_free(f);
    }
}

static void test_whole_blocks_take_no_leaf(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    put_range(f, 1024, 2047, 1);
    assert_int_equal(figures_of(f).leaves, 0);
    put_range(f, 2048, 2049, 2);
    put_range(f, 2050, 2111, 3);
    assert_int_equal(figures_of(f).leaves, 1);
    fixture_free(f);
}

static void test_port_sets_lead_to_their_slot(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct port_range one = set_of(ADDRESS, 3), other = set_of(ADDRESS, 4);
    const uint32_t slot = put(f, &one, 1), slot_2 = put(f, &other, 2);
    assert_ports(f, &one, slot);
    assert_ports(f, &other, slot_2);
    remove_slot(f, slot);
    assert_ports(f, &other, slot_2);
    assert_int_equal(look_up(f, one.range.first), 0);
    remove_slot(f, slot_2);
    assert_int_equal(figures_of(f).leaves, 0);
    fixture_free(f);
}

/* The model: a flat array. Overlaps too, where the later one has the ports. */
static void test_random_changes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static uint32_t model[UINT16_MAX + 1];
    struct {
        struct port_range ports;
        uint32_t slot;
    } held[64] = {0};
    uint64_t seed = from_environment("FAST_TABLE_SEED", 1);
    const uint64_t all = rounds("FAST_TABLE_ROUNDS", 20000);
    memset(model, 0, sizeof(model));
    for (uint64_t i = 0; i < all; i++) {
        const unsigned n = seeded_next(&seed) % 64;
        const uint16_t first = (uint16_t)seeded_next(&seed), more = (uint16_t)(seeded_next(&seed) % 300);
        const bool is_set = seeded_next(&seed) % 4 == 0;
        struct port_range *ports = &held[n].ports;
        uint32_t *slot = &held[n].slot, put_slot = 0;
        f->now_ns += FAST_QUARANTINE_NS / 50;
        if (*slot != 0) {
            remove_slot(f, *slot);
        } else {
            *ports = is_set ? set_of(ADDRESS, first & 255)
                            : range_at(ADDRESS, first,
                                       (uint16_t)(first > UINT16_MAX - more ? UINT16_MAX : first + more));
            put_slot = put(f, ports, n);
            assert_int_not_equal(put_slot, 0);
        }
        for (unsigned j = 0; j < port_range_spans(ports); j++) {
            const struct port_span span = port_range_span(ports, j);
            for (uint32_t port = span.first; port <= span.last; port++) {
                if (put_slot != 0 || model[port] == *slot)
                    model[port] = put_slot;
                assert_int_equal(look_up(f, (uint16_t)port), model[port]);
            }
        }
        *slot = put_slot;
        if (i % 1000 == 0)
            for (uint32_t port = 0; port <= UINT16_MAX; port++)
                assert_int_equal(look_up(f, (uint16_t)port), model[port]);
    }
    fast_table_clear(f->table, f->now_ns);
    assert_int_equal(figures_of(f).leaves, 0);
    assert_int_equal(figures_of(f).slots, 0);
    assert_int_equal(figures_of(f).no_leaf + figures_of(f).no_slot, 0);
    fixture_free(f);
}

static void test_addresses(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ipv4 addresses[FAST_ADDRESSES + 1];
    for (uint32_t i = 0; i <= FAST_ADDRESSES; i++)
        addresses[i].host = ADDRESS + 256 * i;
    assert_int_equal(fast_table_set_addresses(f->table, f->now_ns, addresses, FAST_ADDRESSES + 1), -ENOSPC);
    const struct port_range kept = range_at(ADDRESS, 100, 200), lost = range_at(ADDRESS + 1, 100, 200);
    const uint32_t slot = put(f, &kept, 1), lost_slot = put(f, &lost, 2);
    assert_int_not_equal(lost_slot, 0);
    f->memory.config->active = 1;
    assert_int_equal(fast_table_set_addresses(f->table, f->now_ns, addresses, FAST_ADDRESSES), 0);
    assert_int_equal(f->memory.config->active, 1);
    assert_int_equal(look_up(f, 150), slot);
    assert_null(fast_look_up_blocks(&f->memory, ADDRESS + 1));
    for (uint32_t i = 0; i < FAST_ADDRESSES; i++) {
        const struct port_range ports = range_at(addresses[i].host, 300, 400);
        const uint32_t found = put(f, &ports, i);
        assert_int_not_equal(found, 0);
        assert_int_equal(fast_look_up(&f->memory, addresses[i].host, 333), found);
    }
    remove_slot(f, lost_slot);
    const struct port_range unknown = range_at(ADDRESS + 1, 1, 2), none = range_at(0, 1, 2);
    assert_int_equal(put(f, &unknown, 1), 0);
    assert_int_equal(put(f, &none, 1), 0);
    assert_int_equal(figures_of(f).no_address, 2);
    fixture_free(f);
}

/* Every key that is drawn parts the addresses, whatever they are. */
static void test_addresses_of_any_kind(void **state)
{
    (void)state;
    struct ipv4 addresses[FAST_ADDRESSES];
    uint64_t seed = 1;
    for (unsigned i = 0; i < 100; i++) {
        struct fixture *f = fixture_new();
        for (uint32_t j = 0; j < FAST_ADDRESSES; j++)
            addresses[j].host = i % 2 == 0 ? (uint32_t)seeded_next(&seed) | 1 : ADDRESS + j * (i + 1);
        assert_int_equal(fast_table_set_addresses(f->table, f->now_ns, addresses, FAST_ADDRESSES), 0);
        for (uint32_t j = 0; j < FAST_ADDRESSES; j++)
            assert_non_null(fast_look_up_blocks(&f->memory, addresses[j].host));
        fixture_free(f);
    }
}

/* Quarantine and room. */

static void test_slot_rests_after_its_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct fast_rest rest;
    for (uint32_t i = 1; i < FAST_SLOTS; i++)
        assert_int_equal(put_range(f, (uint16_t)i, (uint16_t)i, i), i);
    assert_int_equal(put_range(f, 0, 0, 1), 0);
    assert_int_equal(figures_of(f).no_slot, 1);
    remove_slot(f, 1000);
    assert_int_equal(state_at(f, 1000, FAST_TO_OWNER), FAST_DEAD);
    assert_int_equal(state_at(f, 1000, FAST_FROM_OWNER), FAST_DEAD);
    assert_int_equal(look_up(f, 1000), 0);
    f->now_ns += FAST_QUARANTINE_NS - 1;
    assert_int_equal(put_range(f, 1000, 1000, 1), 0);
    f->now_ns++;
    count(f, 0, 1000, 1, 0); /* by a program that found it before: the slot waits until this was given out */
    assert_int_equal(put_range(f, 1000, 1000, 1), 0);
    assert_true(fast_table_rest(f->table, f->now_ns, &rest));
    assert_int_equal(put_range(f, 1000, 1000, 1), 1000);
    fixture_free(f);
}

static void test_leaf_rests_after_its_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_of_leaves(3);
    const uint32_t slot = put_range(f, 10, 20, 1);
    assert_int_not_equal(put_range(f, 65, 70, 2), 0);
    const uint16_t leaf = f->memory.leaves[1].slots[10] == slot ? 1 : 2;
    assert_int_equal(put_range(f, 130, 260, 3), 0); /* its ends need two */
    assert_int_equal(figures_of(f).no_leaf, 1);
    assert_int_equal(look_up(f, 200), 0);
    assert_int_not_equal(put_range(f, 71, 80, 3), 0); /* in a leaf that is there */
    remove_slot(f, slot);
    assert_int_equal(figures_of(f).leaves_ended, 1);
    f->now_ns += FAST_QUARANTINE_NS - 1;
    assert_int_equal(put_range(f, 10, 20, 1), 0);
    f->now_ns++;
    assert_int_not_equal(put_range(f, 130, 135, 1), 0);
    assert_int_equal(f->memory.leaves[leaf].slots[10], 0);
    assert_int_not_equal(f->memory.leaves[leaf].slots[2], 0);
    assert_int_equal(figures_of(f).slots, 3);
    fixture_free(f);
}

/* Counts. */

static void test_growth_is_given_out_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const uint32_t slot = put_range(f, 10, 20, 1);
    count(f, 0, slot, 5, 2);
    count(f, 1, slot, 1, 1);
    struct fast_growth growth = growth_of(f, slot);
    assert_int_equal(growth.to_owner_frames, 6);
    assert_int_equal(growth.to_owner_bytes, 600);
    assert_int_equal(growth.from_owner_frames, 3);
    assert_int_equal(growth.from_owner_bytes, 180);
    growth = growth_of(f, slot);
    assert_int_equal(growth.to_owner_frames + growth.from_owner_frames, 0);
    count(f, 1, slot, 1, 0);
    growth = growth_of(f, slot);
    assert_int_equal(growth.to_owner_frames, 1);
    fixture_free(f);
}

static void test_rest_of_ended_bindings(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct fast_rest rest;
    const uint32_t slot = put_range(f, 10, 20, 9), silent = put_range(f, 30, 40, 8),
                   last = put_range(f, 50, 50, 7);
    count(f, 0, slot, 5, 0);
    assert_int_equal(growth_of(f, slot).to_owner_frames, 5);
    remove_slot(f, slot);
    remove_slot(f, silent);
    count(f, 1, slot, 1, 1); /* by a program that was at work */
    assert_int_equal(growth_of(f, slot).to_owner_frames, 0);
    assert_false(fast_table_rest(f->table, f->now_ns, &rest));
    f->now_ns += FAST_QUARANTINE_NS;
    remove_slot(f, last);
    count(f, 0, last, 3, 0);
    assert_true(fast_table_rest(f->table, f->now_ns, &rest));
    assert_true(mac_equal(rest.owner, mac_of(9)));
    assert_int_equal(rest.growth.to_owner_frames, 1);
    assert_int_equal(rest.growth.from_owner_bytes, 60);
    assert_false(fast_table_rest(f->table, f->now_ns, &rest));
    assert_true(fast_table_rest(f->table, UINT64_MAX, &rest)); /* a stop */
    assert_int_equal(rest.growth.to_owner_frames, 3);
    assert_false(fast_table_rest(f->table, UINT64_MAX, &rest));
    const uint32_t next = put_range(f, 10, 20, 1);
    assert_int_equal(next, last); /* which counts on */
    assert_int_equal(growth_of(f, next).to_owner_frames, 0);
    fixture_free(f);
}

static void test_bridged(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    uint64_t frames[SIDES];
    count(f, 0, 0, 5, 2);
    count(f, 1, 0, 1, 0);
    fast_table_bridged(f->table, frames);
    assert_int_equal(frames[SIDE_UPSTREAM], 6);
    assert_int_equal(frames[SIDE_DOWNSTREAM], 2);
    fast_table_bridged(f->table, frames);
    assert_int_equal(frames[SIDE_UPSTREAM] + frames[SIDE_DOWNSTREAM], 0);
    fixture_free(f);
}

static void sent(struct fixture *f, unsigned column, uint32_t slot, uint64_t at_ns, uint16_t low, uint16_t high)
{
    struct fast_counts *counts = &f->memory.counts[(size_t)column * FAST_SLOTS + slot];
    counts->from_owner_ns = at_ns;
    counts->window = (uint32_t)(at_ns / FAST_WINDOW_NS);
    counts->low = low;
    counts->high = high;
}

static void sent_before(struct fixture *f, unsigned column, uint32_t slot, uint64_t at_ns, uint16_t low,
                        uint16_t high)
{
    struct fast_counts *counts = &f->memory.counts[(size_t)column * FAST_SLOTS + slot];
    counts->window_before = (uint32_t)(at_ns / FAST_WINDOW_NS);
    counts->low_before = low;
    counts->high_before = high;
}

static void test_ports_that_the_owner_sent_from(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const uint32_t slot = put_range(f, 100, 200, 1);
    struct fast_growth growth = growth_of(f, slot);
    assert_int_equal(growth.from_owner_ns, 0);
    assert_false(growth.has_ports);
    sent(f, 0, slot, f->now_ns + 5 * FAST_WINDOW_NS, 150, 160);
    sent(f, 1, slot, f->now_ns + 5 * FAST_WINDOW_NS + 1, 120, 130);
    growth = growth_of(f, slot);
    assert_int_equal(growth.from_owner_ns, f->now_ns + 5 * FAST_WINDOW_NS + 1);
    assert_true(growth.has_ports);
    assert_int_equal(growth.low, 120);
    assert_int_equal(growth.high, 160);
    sent(f, 0, slot, f->now_ns + 7 * FAST_WINDOW_NS, 170, 170);
    growth = growth_of(f, slot);
    assert_int_equal(growth.low, 170);
    assert_int_equal(growth.high, 170);
    /* A window that ended just before is looked at with the one that began, in each column. */
    sent_before(f, 1, slot, f->now_ns + 9 * FAST_WINDOW_NS, 110, 111);
    sent(f, 1, slot, f->now_ns + 10 * FAST_WINDOW_NS, 140, 140);
    growth = growth_of(f, slot);
    assert_int_equal(growth.low, 110);
    assert_int_equal(growth.high, 140);
    sent(f, 0, slot, f->now_ns + 11 * FAST_WINDOW_NS, 150, 150);
    growth = growth_of(f, slot);
    assert_int_equal(growth.low, 140);
    assert_int_equal(growth.high, 150);
    /* The next binding of the slot: not what the one before did, also not by half. */
    remove_slot(f, slot);
    f->now_ns += 100 * FAST_WINDOW_NS;
    const uint32_t next = put_range(f, 300, 310, 2);
    assert_int_equal(next, slot);
    growth = growth_of(f, next);
    assert_int_equal(growth.from_owner_ns, 0);
    assert_false(growth.has_ports);
    sent(f, 0, next, f->now_ns, 170, 170);
    growth = growth_of(f, next);
    assert_int_equal(growth.from_owner_ns, f->now_ns);
    assert_false(growth.has_ports);
    fixture_free(f);
}

/* Order. */

static void test_binding_is_pending_until_its_frames_are_taken(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING); /* of a frame that is held for it, say */
    const uint32_t slot = put_range(f, 100, 200, 1);
    assert_true(fast_table_has_pending(f->table));
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_PENDING(1, FAST_SOCKET_RING));
    assert_int_equal(activate(f), 0); /* a program may have looked before */
    f->now_ns += FAST_TABLE_PENDING_NS;
    assert_int_equal(activate(f), 1); /* from the owner nothing was left */
    assert_int_equal(state_at(f, slot, FAST_FROM_OWNER), FAST_FORWARD);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_PENDING(1, FAST_SOCKET_RING));
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 1;
    assert_int_equal(activate(f), 0);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 2;
    assert_int_equal(activate(f), 1);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_false(fast_table_has_pending(f->table));
    assert_int_equal(figures_of(f).forced, 0);
    fixture_free(f);
}

/* Two processors may put frames into the ring in another order than that of their numbers. */
static void test_frames_in_another_order(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const uint32_t slot = put_range(f, 100, 200, 1);
    f->now_ns += FAST_TABLE_PENDING_NS;
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    for (unsigned i = 0; i < FAST_TABLE_SLACK + 1; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = FAST_TABLE_SLACK;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING]++;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    fixture_free(f);
}

/* The number of one socket says nothing of the other. */
static void test_both_sockets_are_waited_for(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    pass(f, SIDE_UPSTREAM, FAST_SOCKET_ASIDE);
    const uint32_t slot = put_range(f, 100, 200, 1);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    take_all(f);
    pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_ASIDE);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_ASIDE]++;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    take_all(f);
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    fixture_free(f);
}

/* Looked at ten times in `limit_ns`, none of its frames taken: forwarded then, by force, and not before. */
static void assert_forced_after(struct fixture *f, uint32_t slot, uint64_t limit_ns)
{
    for (unsigned i = 0; i < 10; i++) {
        activate(f);
        assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
        f->now_ns += limit_ns / 10;
    }
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 1);
}

static void test_forced_in_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    activate(f);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    assert_forced_after(f, slot, FAST_TABLE_FORCE_NS);
    fixture_free(f);
}

/* A daemon that was not run for long finds frames in its ring: they are taken first. Not for ever, where it is never run in time. */
static void test_lag_forces_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->now_ns += FAST_TABLE_LAST_NS / 2;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING]++;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 0);
    slot = put_range(f, 300, 400, 2);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    assert_forced_after(f, slot, FAST_TABLE_LAST_NS);
    fixture_free(f);
}

static void test_removed_while_pending(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const uint32_t slot = put_range(f, 100, 200, 1);
    remove_slot(f, slot);
    f->now_ns += FAST_TABLE_FORCE_NS;
    assert_int_equal(activate(f), 0);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_DEAD);
    assert_false(fast_table_has_pending(f->table));
    fixture_free(f);
}

static void test_work_of_one_activation_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    unsigned activated = 0, calls = 0;
    for (uint16_t i = 0; i < 2000; i++)
        put_range(f, i, i, i);
    f->now_ns += FAST_TABLE_PENDING_NS;
    for (; fast_table_has_pending(f->table); calls++) {
        const unsigned now = activate(f);
        assert_in_range(now, 1, 500);
        activated += now;
    }
    assert_int_equal(activated, 4000);
    assert_in_range(calls, 4, 100);
    fixture_free(f);
}

static void resync(struct fixture *f)
{
    for (unsigned side = 0; side < SIDES; side++)
        fast_table_resync(f->table, (enum side)side, &f->taken[side]);
}

static void test_ring_made_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    for (unsigned i = 0; i < 10; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    const uint32_t slot = put_range(f, 100, 200, 1);
    f->now_ns += FAST_TABLE_PENDING_NS;
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 4; /* the others were lost with the ring */
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_ASIDE] = true;
    resync(f);
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 0);
    fixture_free(f);
}

/* Frames are in the ring when the count begins: to have taken as many says nothing of one that came behind them. */
static void test_count_begins_beside_a_ring_in_use(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    for (unsigned i = 0; i < 2 * FAST_TABLE_SLACK; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_ASIDE] = true;
    resync(f);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 2 * FAST_TABLE_SLACK; /* without that one */
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING]++;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = true;
    activate(f);
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 0);
    fixture_free(f);
}

static void test_lost_frames_are_noticed(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const unsigned calls = 20;
    for (unsigned i = 0; i < 10; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    for (unsigned i = 0; i <= calls; i++) {
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING); /* traffic goes on; at times one is on its way */
        f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] += i % 3 == 0 ? 0 : i % 3;
        f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = true;
        activate(f);
        f->now_ns += FAST_TABLE_RESYNC_NS / (calls - 1);
    }
    assert_int_equal(figures_of(f).resynced, 1);
    const uint32_t slot = put_range(f, 100, 200, 1);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    fixture_free(f);
}

/* Frames that passed before there was a table, and are taken after it began. */
static void test_more_taken_than_passed(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 3;
    activate(f);
    assert_int_equal(figures_of(f).resynced, 1);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING]++;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    fixture_free(f);
}

/* A tap: what its queue loses nobody counts, and what it segments counts several times; an empty queue sets it right. */

static void rough_tap(struct fixture *f)
{
    f->taken[SIDE_UPSTREAM].is_rough = true;
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_ASIDE] = true;
}

/* The queue is looked at while nothing is in it, for as long as it takes. */
static void look_at_empty_queue(struct fixture *f)
{
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = true;
    for (unsigned i = 0; i < 5; i++) {
        activate(f);
        f->now_ns += FAST_TABLE_RESYNC_ROUGH_NS / 4;
    }
    activate(f);
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = false;
}

static void test_rough_count_is_set_right_by_an_empty_queue(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    rough_tap(f);
    resync(f);
    look_at_empty_queue(f);
    for (unsigned i = 0; i < 100; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 10; /* 90 were lost */
    look_at_empty_queue(f);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING]++;
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = true;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 0);
    fixture_free(f);
}

/* As many were taken as have a number, and yet the last one is in the queue. */
static void test_rough_count_alone_lets_nothing_pass(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    rough_tap(f);
    resync(f);
    look_at_empty_queue(f);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 1; /* a segment of another frame */
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 2;
    f->taken[SIDE_UPSTREAM].empty[FAST_SOCKET_RING] = true;
    activate(f);
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    fixture_free(f);
}

/* A hundred frames were in the queue when the count began: to have taken them says nothing of those behind them. */
static void test_rough_count_begins_with_an_empty_queue(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    rough_tap(f);
    resync(f);
    const uint32_t slot = put_range(f, 100, 200, 1);
    pass_slot(f, slot, SIDE_UPSTREAM, FAST_SOCKET_RING);
    for (unsigned i = 0; i < 2 * FAST_TABLE_SLACK; i++)
        pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 100;
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_not_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    f->taken[SIDE_UPSTREAM].frames[FAST_SOCKET_RING] = 100 + 1 + 2 * FAST_TABLE_SLACK;
    look_at_empty_queue(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_equal(figures_of(f).forced, 0);
    fixture_free(f);
}

/* MAC addresses. */

static bool knows(const struct fixture *f, uint32_t mac, enum side side)
{
    return fast_knows(&f->memory, mac_of(mac), side, f->now_ns);
}

static bool put_mac(struct fixture *f, uint32_t mac, enum side side)
{
    return fast_table_mac_put(f->table, f->now_ns, mac_of(mac), side);
}

static void test_mac_waits_for_the_frames_before(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    pass(f, SIDE_DOWNSTREAM, FAST_SOCKET_RING);
    assert_true(put_mac(f, 1, SIDE_DOWNSTREAM));
    assert_true(fast_table_has_pending(f->table));
    assert_int_equal(fast_table_mac_seen(f->table, mac_of(1)), f->now_ns);
    activate(f);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    take_all(f);
    assert_int_equal(activate(f), 1);
    assert_true(knows(f, 1, SIDE_DOWNSTREAM));
    assert_false(knows(f, 1, SIDE_UPSTREAM));
    assert_false(fast_table_has_pending(f->table));
    fixture_free(f);
}

static void test_mac_that_is_known_stays_so(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    put_mac(f, 1, SIDE_DOWNSTREAM);
    activate(f);
    f->now_ns += TABLE_MAC_AGE_NS - 1;
    put_mac(f, 1, SIDE_DOWNSTREAM);
    assert_true(knows(f, 1, SIDE_DOWNSTREAM));
    f->now_ns -= 10; /* the clock of a program is ahead of the daemon's */
    put_mac(f, 1, SIDE_DOWNSTREAM);
    assert_int_equal(fast_table_mac_seen(f->table, mac_of(1)), f->now_ns + 10);
    f->now_ns += TABLE_MAC_AGE_NS + 10;
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    pass(f, SIDE_DOWNSTREAM, FAST_SOCKET_RING);
    put_mac(f, 1, SIDE_DOWNSTREAM); /* it comes back: its frames were left to the daemon */
    activate(f);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    take_all(f);
    activate(f);
    assert_true(knows(f, 1, SIDE_DOWNSTREAM));
    assert_int_equal(figures_of(f).macs, 1);
    fixture_free(f);
}

static void test_mac_changes_sides(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    put_mac(f, 1, SIDE_DOWNSTREAM);
    activate(f);
    put_mac(f, 1, SIDE_UPSTREAM);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    activate(f);
    assert_true(knows(f, 1, SIDE_UPSTREAM));
    assert_int_equal(figures_of(f).macs, 1);
    fast_table_mac_remove(f->table, mac_of(1));
    assert_false(knows(f, 1, SIDE_UPSTREAM));
    assert_int_equal(fast_table_mac_seen(f->table, mac_of(1)), 0);
    assert_int_equal(figures_of(f).macs, 0);
    fast_table_mac_remove(f->table, mac_of(1));
    assert_int_equal(figures_of(f).macs, 0);
    fixture_free(f);
}

static void test_mac_removed_while_it_waits(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    put_mac(f, 1, SIDE_DOWNSTREAM);
    fast_table_mac_remove(f->table, mac_of(1));
    activate(f);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    assert_false(put_mac(f, 0, SIDE_DOWNSTREAM) &&
                 fast_table_mac_put(f->table, f->now_ns, mac_zero, SIDE_UPSTREAM));
    fixture_free(f);
}

static void test_mac_forced_in_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING);
    for (uint32_t i = 0; i < 1025; i++) /* the last one finds no place among those that wait */
        put_mac(f, i, SIDE_DOWNSTREAM);
    assert_int_equal(figures_of(f).waiting_macs, 1024);
    assert_true(knows(f, 1024, SIDE_DOWNSTREAM));
    f->now_ns += FAST_TABLE_LAST_NS;
    for (unsigned i = 0; i < 16; i++)
        activate(f);
    assert_true(knows(f, 0, SIDE_DOWNSTREAM));
    assert_int_equal(figures_of(f).forced, 1025);
    assert_false(fast_table_has_pending(f->table));
    fixture_free(f);
}

/* More than a bucket holds, in one bucket. */
static unsigned macs_of_one_bucket(const struct fixture *f, uint32_t *macs, unsigned wanted)
{
    unsigned found = 0;
    for (uint32_t i = 1; found < wanted; i++)
        if (fast_mac_bucket_of(mac_number(mac_of(i)), f->memory.config->mac_key) == 7)
            macs[found++] = i;
    return found;
}

static void test_full_bucket(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    uint32_t macs[FAST_MAC_WAYS + 1];
    macs_of_one_bucket(f, macs, FAST_MAC_WAYS + 1);
    for (unsigned i = 0; i < FAST_MAC_WAYS; i++) {
        f->now_ns++;
        assert_true(put_mac(f, macs[i], SIDE_DOWNSTREAM));
    }
    activate(f);
    const uint64_t first_ns = fast_table_mac_seen(f->table, mac_of(macs[0]));
    f->now_ns = first_ns + TABLE_MAC_AGE_NS - 1;
    assert_false(put_mac(f, macs[FAST_MAC_WAYS], SIDE_DOWNSTREAM));
    assert_int_equal(figures_of(f).no_mac, 1);
    f->now_ns++;
    assert_true(put_mac(f, macs[FAST_MAC_WAYS], SIDE_DOWNSTREAM));
    assert_int_equal(fast_table_mac_seen(f->table, mac_of(macs[0])), 0);
    assert_int_not_equal(fast_table_mac_seen(f->table, mac_of(macs[1])), 0);
    assert_int_equal(figures_of(f).macs, FAST_MAC_WAYS);
    fixture_free(f);
}

static void test_many_macs_fit(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    for (uint32_t i = 0; i < PLACES / 4; i++)
        put_mac(f, i, SIDE_DOWNSTREAM);
    assert_in_range(figures_of(f).no_mac, 0, PLACES / 4 / 100);
    fixture_free(f);
}

/* The whole. */

static void test_clear(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const uint32_t slot = put_range(f, 100, 200, 1);
    struct fast_rest rest;
    put_mac(f, 1, SIDE_DOWNSTREAM);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    count(f, 0, slot, 3, 0);
    fast_table_clear(f->table, f->now_ns);
    assert_int_equal(look_up(f, 150), 0);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_DEAD);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    assert_int_equal(figures_of(f).slots, 0);
    assert_int_equal(figures_of(f).macs, 0);
    assert_int_not_equal(put_range(f, 100, 200, 1), slot);
    f->now_ns += FAST_QUARANTINE_NS;
    assert_true(fast_table_rest(f->table, f->now_ns, &rest));
    assert_int_equal(rest.growth.to_owner_frames, 3);
    fixture_free(f);
}

static void test_figures(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct fast_figures figures = figures_of(f);
    assert_in_range(figures.own_bytes, FAST_SLOTS, 64 * FAST_SLOTS);
    assert_int_equal(figures.shared_bytes, sizeof(struct fast_config) + 32 + 512 * 32 + 256 * 4096 +
                                               LEAVES * 128 + FAST_SLOTS * 64 + COLUMNS * FAST_SLOTS * 64 +
                                               4096 * 128);
    fixture_free(f);
}

/* Taking over. */

static void restart(struct fixture *f)
{
    fast_table_free(f->table);
    f->table = fast_table_new(&f->memory);
    assert_non_null(f->table);
    memset(f->taken, 0, sizeof(f->taken));
}

struct adoptions {
    unsigned count;
    struct fast_adopted last;
};

static void adopted(void *context, const struct fast_adopted *binding)
{
    struct adoptions *adoptions = context;
    adoptions->count++;
    adoptions->last = *binding;
}

/* A binding that forwards, with counts of which the daemon knew some. */
static uint32_t forwarding(struct fixture *f, const struct port_range *ports, uint32_t owner)
{
    const uint32_t slot = put(f, ports, owner);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    count(f, 0, slot, 10, 0);
    growth_of(f, slot);
    count(f, 1, slot, 1, 0);
    return slot;
}

static void test_take_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct port_range set = set_of(ADDRESS, 9);
    struct adoptions adoptions = {0};
    const uint32_t slot = forwarding(f, &set, 5);
    put_mac(f, 1, SIDE_DOWNSTREAM);
    put_mac(f, 2, SIDE_UPSTREAM);
    activate(f);
    pass(f, SIDE_UPSTREAM, FAST_SOCKET_RING); /* nobody takes it */
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, adopted, &adoptions), 1);
    assert_int_equal(adoptions.count, 1);
    assert_true(port_range_equal(&adoptions.last.ports, &set));
    assert_true(mac_equal(adoptions.last.owner, mac_of(5)));
    assert_int_equal(adoptions.last.growth.to_owner_frames, 1);
    assert_ports(f, &set, slot);
    assert_true(knows(f, 1, SIDE_DOWNSTREAM));
    /* The same binding goes on. */
    assert_int_equal(put(f, &set, 5), slot);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_FORWARD);
    put_mac(f, 2, SIDE_UPSTREAM);
    assert_int_equal(fast_table_adopt_end(f->table, f->now_ns), 0);
    assert_ports(f, &set, slot);
    assert_false(knows(f, 1, SIDE_DOWNSTREAM));
    assert_true(knows(f, 2, SIDE_UPSTREAM));
    assert_int_equal(figures_of(f).macs, 1);
    assert_int_equal(figures_of(f).slots, 1);
    count(f, 1, slot, 2, 0);
    assert_int_equal(growth_of(f, slot).to_owner_frames, 2);
    /* The numbers go on, too. */
    const uint32_t next = put_range(f, 100, 101, 6);
    f->now_ns += FAST_TABLE_PENDING_NS;
    activate(f);
    assert_int_equal(state_at(f, next, FAST_TO_OWNER), FAST_FORWARD);
    assert_int_not_equal(next, slot);
    remove_slot(f, slot);
    remove_slot(f, next);
    assert_int_equal(figures_of(f).leaves, 0);
    fixture_free(f);
}

static void test_what_is_not_taken_over_ends(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct port_range ports = range_at(ADDRESS, 100, 300), again = range_at(ADDRESS, 150, 160);
    struct fast_rest rest;
    const uint32_t slot = forwarding(f, &ports, 5);
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, NULL, NULL), 1);
    const uint32_t other = put(f, &again, 6); /* its ports have another owner now */
    assert_int_not_equal(other, slot);
    assert_int_equal(look_up(f, 155), other);
    assert_int_equal(look_up(f, 149), slot);
    count(f, 0, slot, 2, 0);
    assert_int_equal(fast_table_adopt_end(f->table, f->now_ns), 1);
    assert_int_equal(look_up(f, 149), 0);
    assert_ports(f, &again, other);
    assert_int_equal(state_at(f, slot, FAST_TO_OWNER), FAST_DEAD);
    f->now_ns += FAST_QUARANTINE_NS;
    assert_true(fast_table_rest(f->table, f->now_ns, &rest));
    assert_true(mac_equal(rest.owner, mac_of(5)));
    assert_int_equal(rest.growth.to_owner_frames, 3); /* 1 of them before */
    assert_false(fast_table_rest(f->table, f->now_ns, &rest));
    fixture_free(f);
}

static void test_counts_of_a_binding_taken_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct port_range ports = range_at(ADDRESS, 100, 300);
    const uint32_t slot = forwarding(f, &ports, 5);
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, NULL, NULL), 1);
    assert_int_equal(put(f, &ports, 5), slot);
    assert_int_equal(growth_of(f, slot).to_owner_frames, 1);
    fixture_free(f);
}

/* The daemon before ended between two writes. */
static void test_take_over_of_halves(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct port_range ports = range_at(ADDRESS, 100, 300);
    struct fast_rest rest;
    const uint32_t slot = forwarding(f, &ports, 5), next = put_range(f, 301, 310, 6);
    f->memory.slots[slot].state[FAST_TO_OWNER] = FAST_DEAD;
    struct fast_blocks *blocks = (struct fast_blocks *)fast_look_up_blocks(&f->memory, ADDRESS);
    blocks->words[900] = slot;
    blocks->words[901] = FAST_LEAF | UINT32_C(1000000);
    blocks->words[902] = blocks->words[301 / FAST_BLOCK_PORTS];
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, NULL, NULL), 1);
    assert_int_equal(state_at(f, slot, FAST_FROM_OWNER), FAST_DEAD);
    assert_int_equal(look_up(f, 200), 0);
    for (unsigned i = 900; i < 903; i++)
        assert_int_equal(blocks->words[i], 0);
    assert_int_equal(look_up(f, 305), next);
    f->now_ns += FAST_QUARANTINE_NS;
    assert_true(fast_table_rest(f->table, f->now_ns, &rest));
    assert_int_equal(rest.growth.to_owner_frames, 1);
    assert_int_equal(fast_table_adopt_end(f->table, f->now_ns), 1);
    assert_int_equal(figures_of(f).leaves, 0);
    fixture_free(f);
}

static void test_take_over_of_a_full_table(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    for (uint32_t i = 1; i < FAST_SLOTS; i++)
        assert_int_equal(put_range(f, (uint16_t)i, (uint16_t)i, i), i);
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, NULL, NULL), FAST_SLOTS - 1);
    for (uint32_t i = 1; i < FAST_SLOTS; i++)
        assert_int_equal(put_range(f, (uint16_t)i, (uint16_t)i, i), i);
    assert_int_equal(fast_table_adopt_end(f->table, f->now_ns), 0);
    assert_int_equal(figures_of(f).slots, FAST_SLOTS - 1);
    fixture_free(f);
}

static void test_take_over_of_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct fast_rest rest;
    restart(f);
    assert_int_equal(fast_table_adopt(f->table, f->now_ns, NULL, NULL), 0);
    assert_int_equal(fast_table_adopt_end(f->table, f->now_ns), 0);
    assert_int_equal(put_range(f, 1, 2, 1), 1);
    assert_false(fast_table_rest(f->table, UINT64_MAX, &rest));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_lead_to_their_slot),
        cmocka_unit_test(test_whole_blocks_take_no_leaf),
        cmocka_unit_test(test_port_sets_lead_to_their_slot),
        cmocka_unit_test(test_random_changes),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_addresses_of_any_kind),
        cmocka_unit_test(test_slot_rests_after_its_end),
        cmocka_unit_test(test_leaf_rests_after_its_end),
        cmocka_unit_test(test_growth_is_given_out_once),
        cmocka_unit_test(test_rest_of_ended_bindings),
        cmocka_unit_test(test_bridged),
        cmocka_unit_test(test_ports_that_the_owner_sent_from),
        cmocka_unit_test(test_binding_is_pending_until_its_frames_are_taken),
        cmocka_unit_test(test_frames_in_another_order),
        cmocka_unit_test(test_both_sockets_are_waited_for),
        cmocka_unit_test(test_forced_in_the_end),
        cmocka_unit_test(test_lag_forces_nothing),
        cmocka_unit_test(test_removed_while_pending),
        cmocka_unit_test(test_work_of_one_activation_is_bounded),
        cmocka_unit_test(test_ring_made_again),
        cmocka_unit_test(test_count_begins_beside_a_ring_in_use),
        cmocka_unit_test(test_lost_frames_are_noticed),
        cmocka_unit_test(test_more_taken_than_passed),
        cmocka_unit_test(test_rough_count_is_set_right_by_an_empty_queue),
        cmocka_unit_test(test_rough_count_alone_lets_nothing_pass),
        cmocka_unit_test(test_rough_count_begins_with_an_empty_queue),
        cmocka_unit_test(test_mac_waits_for_the_frames_before),
        cmocka_unit_test(test_mac_that_is_known_stays_so),
        cmocka_unit_test(test_mac_changes_sides),
        cmocka_unit_test(test_mac_removed_while_it_waits),
        cmocka_unit_test(test_mac_forced_in_the_end),
        cmocka_unit_test(test_full_bucket),
        cmocka_unit_test(test_many_macs_fit),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_take_over),
        cmocka_unit_test(test_what_is_not_taken_over_ends),
        cmocka_unit_test(test_counts_of_a_binding_taken_over),
        cmocka_unit_test(test_take_over_of_halves),
        cmocka_unit_test(test_take_over_of_a_full_table),
        cmocka_unit_test(test_take_over_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
