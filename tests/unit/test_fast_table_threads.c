/* test_fast_table_threads.c: the table of the fast path changes while programs on other processors read it: threads that do
 * what the programs do, and a daemon that takes what they leave to it. No port's frame for a wrong owner, no frame lost,
 * doubled or overtaken, none uncounted.
 *
 * The programs of the kernel run to their end; a thread may be stopped between any two steps. So the time of the table
 * passes only when each thread that was at work then is through (wait_for_programs), and no thread goes far ahead of another
 * that is at work (keep_near). */
#include "pearpd/fast_table.h"

#include "../lib/fast_table_tools.h"
#include "../lib/seeded.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define THREADS      3
#define ADDRESS      UINT32_C(0xcb007101)
#define RANGES       24
#define RANGE_PORTS  80 /* none begins or ends with a block, most share leaves */
#define FIRST_PORT   1003
#define GENERATIONS  4096 /* of one range */
#define FLOWS        (THREADS * RANGES * SIDES)
#define LIST_FRAMES  4096
#define LIST_SOON    256 /* no thread begins another frame then */
#define NEAR         (FAST_TABLE_SLACK / THREADS - 1)
#define QUIET_ROUNDS 20
#define ROUND_FRAMES 8
#define STALL_ONE_IN 32
#define RUN_MS       700

struct entry {
    unsigned flow;
    uint64_t sequence;
    enum side side;
    unsigned socket;
};

struct frame_count {
    uint64_t frames, bytes;
};

/* All that is shared is read and written atomically, or under `lock`. */
static struct {
    struct fast_memory memory;
    struct fast_table *table;
    pthread_mutex_t lock;
    struct entry list[LIST_FRAMES]; /* what was left to the daemon */
    uint64_t list_in, list_out;
    uint64_t begun;            /* frames */
    uint64_t at_work[THREADS]; /* the number of the frame, 0: none */
    bool stop, quiet;
    uint32_t started[RANGES],
        ended[RANGES];    /* generations of the owner of a range; before and after the change */
    uint64_t left[FLOWS]; /* the sequence of the last frame that left the bridge, by flow */
    uint64_t wrong_owner, wrong_order, forwarded, taken;
    struct frame_count counted[RANGES][GENERATIONS], given[RANGES][GENERATIONS];
} s;

static uint64_t load(const uint64_t *number)
{
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static uint64_t add(uint64_t *number, uint64_t more)
{
    return __atomic_fetch_add(number, more, __ATOMIC_SEQ_CST);
}

static struct mac owner_mac(unsigned range, uint32_t generation)
{
    return (struct mac){{2, (uint8_t)range, (uint8_t)(generation >> 8), (uint8_t)generation,
                         (uint8_t)(generation >> 8), (uint8_t)generation}};
}

/* A number that is half of one owner and half of another is none. */
static bool read_owner(const uint8_t *mac, unsigned *range, uint32_t *generation)
{
    struct mac seen;
    memcpy(seen.octets, mac, MAC_BYTES);
    *range = mac[1];
    *generation = (uint32_t)mac[2] << 8 | mac[3];
    return *range < RANGES && mac_equal(seen, owner_mac(*range, *generation));
}

static uint16_t first_port(unsigned range)
{
    return (uint16_t)(FIRST_PORT + range * RANGE_PORTS);
}

/* A frame leaves the bridge, by whomever. */
static void leave(unsigned flow, uint64_t sequence)
{
    if (__atomic_exchange_n(&s.left[flow], sequence, __ATOMIC_SEQ_CST) != sequence - 1)
        add(&s.wrong_order, 1);
}

/* The programs. */

struct worker {
    pthread_t thread;
    unsigned number;
    uint64_t seed;
    uint64_t sequences[RANGES][SIDES];
};

static void keep_near(unsigned self)
{
    for (unsigned i = 0; i < THREADS; i++) {
        uint64_t at;
        while (i != self && (at = load(&s.at_work[i])) != 0 && at + NEAR < load(&s.begun))
            sched_yield();
    }
}

/* Waits where the daemon wants to be alone, or where the list is long. */
static void enter(unsigned self)
{
    for (;;) {
        keep_near(self);
        __atomic_store_n(&s.at_work[self], add(&s.begun, 1) + 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&s.quiet, __ATOMIC_SEQ_CST) && load(&s.list_in) - load(&s.list_out) < LIST_SOON)
            return;
        __atomic_store_n(&s.at_work[self], 0, __ATOMIC_SEQ_CST);
        sched_yield();
    }
}

static void append(const struct entry *entry)
{
    pthread_mutex_lock(&s.lock);
    s.list[s.list_in % LIST_FRAMES] = *entry;
    add(&s.list_in, 1);
    pthread_mutex_unlock(&s.lock);
}

/* Others run between two steps of a program. */
static void stall(struct worker *worker)
{
    if (seeded_next(&worker->seed) % STALL_ONE_IN == 0)
        for (uint64_t i = seeded_next(&worker->seed) % 8; i > 0; i--)
            sched_yield();
}

/* True where the way forwards; else the frame is counted as passed. As src/bpf/fast_decide.h does it. */
static bool may_forward(struct worker *worker, __u64 *state, const struct entry *entry)
{
    uint64_t *passed = (uint64_t *)&s.memory.passed[entry->side].frames[entry->socket];
    __u64 old = __atomic_load_n(state, __ATOMIC_SEQ_CST);
    if (old == FAST_FORWARD)
        return true;
    stall(worker);
    const uint64_t number = add(passed, 1) + 1;
    stall(worker);
    while (old != FAST_FORWARD && old != FAST_DEAD &&
           (FAST_PENDING_SOCKET(old) != entry->socket || FAST_PENDING_NUMBER(old) < number))
        if (__atomic_compare_exchange_n(state, &old, FAST_PENDING(number, entry->socket), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return false;
    if (old == FAST_FORWARD)
        add(passed, UINT64_MAX);
    return old == FAST_FORWARD;
}

static void count(unsigned column, uint32_t slot, enum side side, unsigned range, uint32_t generation,
                  uint64_t bytes)
{
    struct fast_counts *counts = &s.memory.counts[(size_t)column * FAST_SLOTS + slot];
    __u64 *frames_at = side == SIDE_UPSTREAM ? &counts->to_owner_frames : &counts->from_owner_frames;
    __u64 *bytes_at = side == SIDE_UPSTREAM ? &counts->to_owner_bytes : &counts->from_owner_bytes;
    __atomic_store_n(frames_at, *frames_at + 1, __ATOMIC_RELAXED);
    __atomic_store_n(bytes_at, *bytes_at + bytes, __ATOMIC_RELAXED);
    add(&s.counted[range][generation].frames, 1);
    add(&s.counted[range][generation].bytes, bytes);
    add(&s.forwarded, 1);
}

static void run_program(struct worker *worker, unsigned range, const struct entry *entry)
{
    const uint16_t port = (uint16_t)(first_port(range) + seeded_next(&worker->seed) % RANGE_PORTS);
    const uint32_t slot = fast_look_up(&s.memory, ADDRESS, port);
    unsigned found;
    uint32_t generation;
    stall(worker);
    const uint32_t ended = __atomic_load_n(&s.ended[range], __ATOMIC_SEQ_CST);
    if (slot == 0)
        add((uint64_t *)&s.memory.passed[entry->side].frames[entry->socket], 1);
    if (slot == 0 || !may_forward(worker, &s.memory.slots[slot].state[entry->side], entry)) {
        stall(worker);
        append(entry);
        return;
    }
    stall(worker);
    const bool whole = read_owner(s.memory.slots[slot].mac, &found, &generation);
    if (!whole || found != range || generation <= ended ||
        generation > __atomic_load_n(&s.started[range], __ATOMIC_SEQ_CST))
        add(&s.wrong_owner, 1);
    else
        count(worker->number, slot, entry->side, range, generation, 60 + seeded_next(&worker->seed) % 1000);
    leave(entry->flow, entry->sequence);
}

static void *work(void *context)
{
    struct worker *worker = context;
    while (!__atomic_load_n(&s.stop, __ATOMIC_SEQ_CST)) {
        const unsigned range = (unsigned)(seeded_next(&worker->seed) % RANGES),
                       side = (unsigned)(seeded_next(&worker->seed) % SIDES);
        const struct entry entry = {
            .flow = (worker->number * RANGES + range) * SIDES + side,
            .sequence = ++worker->sequences[range][side],
            .side = (enum side)side,
            .socket = seeded_next(&worker->seed) % 16 == 0 ? FAST_SOCKET_ASIDE : FAST_SOCKET_RING,
        };
        enter(worker->number);
        run_program(worker, range, &entry);
        __atomic_store_n(&s.at_work[worker->number], 0, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* The daemon. */

struct daemon {
    uint64_t now_ns, seed;
    uint32_t slots[RANGES];
    struct fast_taken taken[SIDES];
    uint64_t changes;
};

/* Returns when each program that was at work is through. */
static void wait_for_programs(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        const uint64_t at = load(&s.at_work[i]);
        while (at != 0 && load(&s.at_work[i]) == at)
            sched_yield();
    }
}

static void take_frames(struct daemon *d, unsigned most)
{
    for (; most > 0 && load(&s.list_out) != load(&s.list_in); most--) {
        pthread_mutex_lock(&s.lock);
        const struct entry entry = s.list[s.list_out % LIST_FRAMES];
        add(&s.list_out, 1);
        pthread_mutex_unlock(&s.lock);
        leave(entry.flow, entry.sequence);
        d->taken[entry.side].frames[entry.socket]++;
        s.taken++;
    }
}

static void add_growth(unsigned range, uint32_t generation, const struct fast_growth *growth)
{
    s.given[range][generation].frames += growth->to_owner_frames + growth->from_owner_frames;
    s.given[range][generation].bytes += growth->to_owner_bytes + growth->from_owner_bytes;
}

static void take_growth(const struct daemon *d, unsigned range)
{
    struct fast_growth growth;
    fast_table_take(s.table, d->slots[range], &growth);
    add_growth(range, s.started[range], &growth);
}

static void take_rest(uint64_t now_ns)
{
    struct fast_rest rest;
    unsigned range;
    uint32_t generation;
    while (fast_table_rest(s.table, now_ns, &rest)) {
        assert_true(read_owner(rest.owner.octets, &range, &generation));
        add_growth(range, generation, &rest.growth);
    }
}

static void end_range(struct daemon *d, unsigned range)
{
    if (seeded_next(&d->seed) % 2 == 0)
        take_growth(d, range);
    fast_table_remove(s.table, d->now_ns, d->slots[range]);
    d->slots[range] = 0;
    __atomic_store_n(&s.ended[range], s.started[range], __ATOMIC_SEQ_CST);
}

static void begin_range(struct daemon *d, unsigned range)
{
    const struct port_range ports = {
        .range = {{ADDRESS}, first_port(range), (uint16_t)(first_port(range) + RANGE_PORTS - 1)}};
    const uint32_t generation = s.started[range] + 1;
    if (generation == GENERATIONS)
        return;
    __atomic_store_n(&s.started[range], generation, __ATOMIC_SEQ_CST);
    d->slots[range] = fast_table_put(s.table, d->now_ns, &ports, owner_mac(range, generation));
    assert_int_not_equal(d->slots[range], 0);
}

static void change_something(struct daemon *d)
{
    const unsigned range = (unsigned)(seeded_next(&d->seed) % RANGES);
    d->changes++;
    if (d->slots[range] != 0)
        end_range(d, range);
    else
        begin_range(d, range);
}

/* All frames are taken now and then, so that none has to be forced. */
static void be_quiet(struct daemon *d)
{
    __atomic_store_n(&s.quiet, true, __ATOMIC_SEQ_CST);
    wait_for_programs();
    take_frames(d, UINT32_MAX);
    d->now_ns += FAST_TABLE_PENDING_NS;
    fast_table_activate(s.table, d->now_ns, d->taken);
    assert_false(fast_table_has_pending(s.table));
    __atomic_store_n(&s.quiet, false, __ATOMIC_SEQ_CST);
}

/* Some frames begin between one round and the next. */
static void wait_for_traffic(void)
{
    const uint64_t begun = load(&s.begun);
    while (load(&s.begun) - begun < ROUND_FRAMES)
        sched_yield();
}

static void do_round(struct daemon *d, uint64_t number)
{
    wait_for_traffic();
    if (seeded_next(&d->seed) % 2 == 0)
        change_something(d);
    /* Too early for what began in this round: a program may have looked before. */
    take_frames(d, seeded_next(&d->seed) % 2 == 0 ? UINT32_MAX : 0);
    fast_table_activate(s.table, d->now_ns, d->taken);
    take_frames(d, (unsigned)(seeded_next(&d->seed) % 128));
    wait_for_programs();
    d->now_ns += seeded_next(&d->seed) % (2 * FAST_TABLE_PENDING_NS);
    fast_table_activate(s.table, d->now_ns, d->taken);
    if (number % QUIET_ROUNDS == 0)
        be_quiet(d);
    if (number % (10 * QUIET_ROUNDS) == 0) {
        d->now_ns += FAST_QUARANTINE_NS;
        take_rest(d->now_ns);
    }
}

static uint64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void test_programs_read_while_the_table_changes(void **state)
{
    (void)state;
    static struct worker workers[THREADS];
    const struct ipv4 address = {ADDRESS};
    struct daemon d = {.now_ns = 1000, .seed = from_environment("FAST_TABLE_SEED", 1)};
    s.memory = fast_memory_new(1024, THREADS);
    s.table = fast_table_new(&s.memory);
    pthread_mutex_init(&s.lock, NULL);
    assert_int_equal(fast_table_set_addresses(s.table, d.now_ns, &address, 1), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].seed = d.seed + i + 1;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    const uint64_t end_ms = real_ms() + from_environment("FAST_TABLE_MS", RUN_MS);
    for (uint64_t i = 1; real_ms() < end_ms; i++)
        do_round(&d, i);
    be_quiet(&d);
    __atomic_store_n(&s.stop, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    take_frames(&d, UINT32_MAX);
    for (unsigned i = 0; i < RANGES; i++)
        if (d.slots[i] != 0)
            end_range(&d, i);
    take_rest(UINT64_MAX);

    struct fast_figures figures;
    fast_table_figures(s.table, &figures);
    print_message("%llu changes, %llu frames forwarded, %llu taken, %llu forced\n",
                  (unsigned long long)d.changes, (unsigned long long)s.forwarded, (unsigned long long)s.taken,
                  (unsigned long long)figures.forced);
    assert_int_equal(s.wrong_owner, 0);
    assert_int_equal(figures.forced, 0);
    assert_int_equal(figures.resynced, 0);
    assert_int_equal(s.wrong_order, 0);
    assert_int_not_equal(s.forwarded, 0);
    assert_int_not_equal(s.taken, 0);
    for (unsigned i = 0; i < FLOWS; i++)
        assert_int_equal(s.left[i], workers[i / (RANGES * SIDES)].sequences[i / SIDES % RANGES][i % SIDES]);
    assert_memory_equal(s.counted, s.given, sizeof(s.counted));
    fast_table_free(s.table);
    fast_memory_free(&s.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs_read_while_the_table_changes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
