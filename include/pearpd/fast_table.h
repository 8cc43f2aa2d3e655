/* fast_table.h: the daemon's hand on the memory of fast_layout.h: what the fast path may forward, and what it has.
 * In: bindings, MAC addresses, shared addresses, how many frames the daemon has taken. Out: what was forwarded.
 * Called by: daemon, which fills a struct fast_path with it. Never: knows BPF or a socket, allocates after its start.
 *
 * Times are CLOCK_BOOTTIME, as the programs have it; those of one table never go back. Slots are those of fast_path.h.
 *
 * Limits, and what happens at each. None is an error: what has no room is forwarded by the daemon, and counted.
 *   bindings     FAST_SLOTS - 1. One that ended keeps its slot for FAST_QUARANTINE_NS, and then until
 *                fast_table_rest() has given out what it still counted, if that is anything
 *                So after fast_table_clear() there is room at once for what was free before
 *   leaves       leaf_count - 1, one for each 64 ports that not one binding has alone. In quarantine likewise
 *   addresses    FAST_ADDRESSES; in buckets by a random key, which is drawn again until no bucket overflows
 *   MACs         FAST_MAC_WAYS in a bucket, by a random key. A full bucket replaces the address that was seen longest
 *                ago, if that is config.mac_age_ns and more
 *
 * Order. A new binding is PENDING both ways: it leaves its frames to the daemon until that has taken all that were left
 * to it, so none is overtaken. fast_table_activate() then lets it FORWARD; so it does with a new MAC address, or one that
 * comes back after mac_age_ns or on the other side. Where frames come so fast that this never happens, it is done by
 * force after FAST_TABLE_FORCE_NS; later where the daemon was not run, since it could take nothing. */
#ifndef PEARPD_FAST_TABLE_H
#define PEARPD_FAST_TABLE_H

#include "pearpd/addr.h"
#include "pearpd/fast_memory.h"
#include "pearpd/fast_path.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A binding is PENDING for longer than any program needs between a look at the table and its mark, */
#define FAST_TABLE_PENDING_NS 1000000ULL
/* and no longer than this, */
#define FAST_TABLE_FORCE_NS 50000000ULL
/* unless fast_table_activate() was not called for so long within that time; */
#define FAST_TABLE_LAG_NS 10000000ULL
/* never longer than this. */
#define FAST_TABLE_LAST_NS 1000000000ULL
/* Frames with numbers next to each other may lie in the ring in another order, but none this far. */
#define FAST_TABLE_SLACK 64

struct fast_table;

/* Frames that the daemon has taken from the sockets of one port, or that were lost there, since it opened them. `empty`:
 * there was no other when the daemon looked last. `is_rough`: some were lost, or came in parts, or without a number, and are not
 * in the count: what it says is checked whenever there is no other frame. */
struct fast_taken {
    uint64_t frames[2]; /* by socket: FAST_SOCKET_RING, FAST_SOCKET_ASIDE */
    bool empty[2];
    bool is_rough;
};

/* `memory` is borrowed until fast_table_free(); the struct is copied. Memory that a daemon used before is left as it is:
 * fast_table_adopt(). Writes config.mac_key and config.address_key if they are 0. NULL: no memory. */
struct fast_table *fast_table_new(const struct fast_memory *memory);
/* Leaves the shared memory as it is. */
void fast_table_free(struct fast_table *table);

/* The shared addresses. Those that stay keep their bindings; the bindings of others are no longer found, and are to be
 * removed. Rarely sleeps 2 ms with config.active at 0, for a new key.
 * 0; -ENOSPC: over FAST_ADDRESSES, and nothing changed, or no key fits, and config.active has to be 0. */
int fast_table_set_addresses(struct fast_table *table, uint64_t now_ns, const struct ipv4 *addresses,
                             size_t count);

/* As in struct fast_path. A binding whose ports another one has takes them over. 0: no room, or not a shared address. */
uint32_t fast_table_put(struct fast_table *table, uint64_t now_ns, const struct port_range *ports,
                        struct mac owner);
void fast_table_remove(struct fast_table *table, uint64_t now_ns, uint32_t slot);
/* `low` and `high` are of the last FAST_WINDOW_NS in which the owner sent and of the one before it: all are seen once a
 * second. */
void fast_table_take(struct fast_table *table, uint32_t slot, struct fast_growth *growth);
/* Of bindings that ended FAST_QUARANTINE_NS before `now_ns`. At a stop: UINT64_MAX, all. */
bool fast_table_rest(struct fast_table *table, uint64_t now_ns, struct fast_rest *rest);
void fast_table_bridged(struct fast_table *table, uint64_t frames[SIDES]);
/* False: its bucket is full of addresses that are in use. */
bool fast_table_mac_put(struct fast_table *table, uint64_t now_ns, struct mac mac, enum side side);
void fast_table_mac_remove(struct fast_table *table, struct mac mac);
uint64_t fast_table_mac_seen(const struct fast_table *table, struct mac mac);
/* Bindings and MAC addresses; the shared addresses stay. */
void fast_table_clear(struct fast_table *table, uint64_t now_ns);

/* To be called when the daemon has sent what it took: `taken[SIDES]`, by side. Lets forward what may, of some hundred at most; the
 * next call goes on. Returns how many ways of bindings, and MAC addresses, it let. */
unsigned fast_table_activate(struct fast_table *table, uint64_t now_ns, const struct fast_taken *taken);
/* True where something waits for fast_table_activate(). */
bool fast_table_has_pending(const struct fast_table *table);
/* What the programs left to the daemon up to now and is not in `taken` never comes, or was taken before: the sockets of `side` are
 * about to be bound, or a ring was made again. What is in a socket now counts for nothing: where one is not empty, nothing is
 * activated before it was so once. Without this call fast_table_activate() finds it out within FAST_TABLE_RESYNC_NS of calls. */
void fast_table_resync(struct fast_table *table, enum side side, const struct fast_taken *taken);
#define FAST_TABLE_RESYNC_NS 100000000ULL
/* A rough count is wrong often: */
#define FAST_TABLE_RESYNC_ROUGH_NS FAST_TABLE_PENDING_NS

/* A binding in the memory that a daemon before left. `growth`: since it took last, with from_owner_ns in any case. */
struct fast_adopted {
    struct port_range ports;
    struct mac owner;
    struct fast_growth growth;
};
typedef void fast_adopted_fn(void *context, const struct fast_adopted *adopted);

/* Takes over what a daemon before left, right after fast_table_new(): calls `adopted` for each binding, which goes on
 * forwarding; if it is NULL, what is still counted comes by fast_table_take() or fast_table_rest(). fast_table_put() of the
 * same ports and owner then takes such a binding over as it is, without a frame by the daemon. What that daemon had removed
 * comes by fast_table_rest(). Returns the number of bindings. */
unsigned fast_table_adopt(struct fast_table *table, uint64_t now_ns, fast_adopted_fn *adopted, void *context);
/* Removes the bindings that were not taken over and the MAC addresses that were not put since: their frames go to the daemon, whose sockets must
 * be open. Returns the number of bindings. */
unsigned fast_table_adopt_end(struct fast_table *table, uint64_t now_ns);

struct fast_figures {
    uint32_t slots, slots_ended;   /* of bindings that forward; that wait for their next one */
    uint32_t leaves, leaves_ended; /* likewise */
    uint32_t macs, waiting_macs;
    uint32_t pending; /* bindings that fast_table_activate() looks at; some may have ended */
    /* Since the start: bindings that had no slot, no leaf, no address; MAC addresses. */
    uint64_t no_slot, no_leaf, no_address, no_mac;
    uint64_t forced;   /* ways and MAC addresses that FAST_TABLE_FORCE_NS let forward */
    uint64_t resynced; /* how often the numbers of fast_passed and of the sockets were found apart */
    size_t own_bytes, shared_bytes;
};
void fast_table_figures(const struct fast_table *table, struct fast_figures *figures);

#endif
