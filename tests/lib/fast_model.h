/* fast_model.h: a fast path in a test's hand: tables of a few entries, and the list of what the engine asked of it.
 * In: the engine's calls; frames. Out: what it forwards, which is what needs nothing else, and its counts.
 * Called by: tests of the engine.
 *
 * It has one clock with the test, and forgets a MAC address only when the engine says so. */
#ifndef PEARPD_TESTS_FAST_MODEL_H
#define PEARPD_TESTS_FAST_MODEL_H

#include "pearpd/config.h"
#include "pearpd/fast_path.h"
#include "pearpd/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAST_MODEL_SLOTS 512
#define FAST_MODEL_MACS  512
#define FAST_MODEL_CALLS 64

enum fast_call_kind { FAST_PUT, FAST_REMOVE, FAST_TAKE, FAST_MAC_PUT, FAST_MAC_REMOVE, FAST_CLEAR };

struct fast_call {
    enum fast_call_kind kind;
    uint32_t slot; /* FAST_PUT, FAST_REMOVE, FAST_TAKE */
    struct mac mac;
    enum side side; /* FAST_MAC_PUT */
};

struct fast_model_slot {
    bool is_put;
    struct port_range ports;
    struct mac owner;
    struct fast_growth growth; /* not taken yet; it remains when the slot is void */
};

struct fast_model_mac {
    bool is_known;
    struct mac mac;
    enum side side;
    uint64_t seen_ns;
};

struct fast_model {
    struct fast_path path; /* to be set */
    const uint64_t *now;
    uint32_t room;      /* this many slots are given out, then none */
    uint32_t next_slot; /* none is used twice, but that a full table begins again */
    struct fast_model_slot slots[FAST_MODEL_SLOTS];
    struct fast_model_mac macs[FAST_MODEL_MACS];
    uint64_t bridged[SIDES];
    uint64_t forwarded;
    struct fast_call calls[FAST_MODEL_CALLS]; /* the last ones, in the order of call_count */
    unsigned call_count, counts[FAST_CLEAR + 1];
};

/* Empty; its clock is *now. */
void fast_model_begin(struct fast_model *m, const uint64_t *now);

/* The slot that forwards for a port; NULL: none. */
struct fast_model_slot *fast_model_find(struct fast_model *m, struct ipv4 address, uint16_t port);
/* The number of slots that are put. */
unsigned fast_model_put_count(const struct fast_model *m);
/* A MAC address that is known; NULL: it is not. */
struct fast_model_mac *fast_model_mac(struct fast_model *m, struct mac mac);

/* True where it forwards the frame, by the side that it did not come from: its layer-2 addresses are as it leaves then, and it
 * is counted. */
bool fast_model_forward(struct fast_model *m, const struct config *config, enum side from, struct frame *frame);

/* Counts a frame as forwarded, to the owner or from its `port`, now. */
void fast_model_to(struct fast_model *m, struct fast_model_slot *slot, uint64_t bytes);
void fast_model_from(struct fast_model *m, struct fast_model_slot *slot, uint16_t port, uint64_t bytes);

#endif
