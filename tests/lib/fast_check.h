/* fast_check.h: whether a fast path does what the engine does: each frame is given to both.
 * In: a configuration, frames, time; a function that runs the fast path. Out: assertions, and how much of what should be
 * forwarded was. Called by: tests of the fast path.
 *
 * The engine sees every frame, and nothing is harvested. What a run forwards must leave the engine with the same bytes by
 * the same side and with nothing else: no event, no other frame, no other counter, no change of its table or timers.
 * What should be forwarded is said by a slow model: lists of the bindings and MAC addresses that the engine told of.
 * Nothing else may be. */
#ifndef PEARPD_TESTS_FAST_CHECK_H
#define PEARPD_TESTS_FAST_CHECK_H

#include "pearpd/engine.h"
#include "pearpd/fast_memory.h"
#include "pearpd/fast_path.h"
#include "pearpd/fast_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAST_CHECK_LEAVES  4096
#define FAST_CHECK_MACS    4096
#define FAST_CHECK_IFINDEX 2 /* of upstream, and the next one of downstream */
#define FAST_CHECK_BYTES   70000

struct fast_check;

/* A frame with its tags in place. */
struct fast_check_frame {
    enum side from;
    const uint8_t *bytes;
    size_t length;
    uint32_t gso_size;
};

/* The fast path's answer. True: forwarded, as `out` of the frame's length. */
typedef bool fast_check_run(struct fast_check *check, const struct fast_check_frame *frame, uint8_t *out);

struct fast_check_slot {
    bool is_put;
    struct port_range ports;
    struct mac owner;
};

struct fast_check {
    /* Set before fast_check_begin(). */
    fast_check_run *run;
    void *context;            /* of `run` */
    uint64_t seed;            /* that a mismatch prints */
    bool no_tags;             /* the run cannot forward what has one */
    unsigned no_daemon_every; /* no daemon is there for one frame in so many; 0: for none */

    struct engine *engine;
    const struct config *config;
    struct engine_out out;
    struct fast_memory memory;
    struct fast_table *table;
    struct fast_path path;
    uint64_t now;
    bool owns_memory;
    struct fast_check_slot *slots; /* [FAST_SLOTS] */
    unsigned slots_used;           /* none from here on was put */
    struct {
        struct mac mac;
        enum side side;
    } macs[FAST_CHECK_MACS];
    unsigned mac_count;
    /* Of the frame that the engine has. */
    unsigned sent, others;
    enum side sent_by;
    uint8_t sent_bytes[FAST_CHECK_BYTES];
    size_t sent_length;
    bool no_daemon;  /* for this frame: what waits for order is forwarded */
    bool is_bridged; /* what `run` forwarded; set by it */
    /* Figures. */
    uint64_t frames, forwarded, should, missed;
    uint64_t to_owner, from_owner, bridged; /* of those forwarded */
};

/* Starts an engine of `config` (borrowed) with a fast path in `memory`, which is zero; NULL: memory of its own. */
void fast_check_begin(struct fast_check *check, const struct config *config, const struct engine_seed *seed,
                      uint64_t now_ns, const struct fast_memory *memory);
void fast_check_end(struct fast_check *check);

/* Lets time pass, every timer at its own time, and what waits for order forward. */
void fast_check_pass(struct fast_check *check, uint64_t until_ns);

/* The largest unit of a port. */
void fast_check_link(struct fast_check *check, enum side side, uint32_t mtu_bytes);

/* Gives the frame to both, and compares. */
void fast_check_give(struct fast_check *check, const struct fast_check_frame *frame);

/* Adds the figures. */
void fast_check_add(struct fast_check *sum, const struct fast_check *check);

/* At least 99 % of what should be forwarded was. Prints the figures as `name`. */
void fast_check_figures(const struct fast_check *check, const char *name);

#endif
