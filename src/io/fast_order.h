/* fast_order.h: which of the frames that were left to the daemon it has taken.
 * In: fast_passed, which the programs count, and what the daemon took. Out: whether a frame with a number is among that.
 * Called by: fast_table.c, fast_macs.c.
 *
 * A frame gets its number before it is in a ring, and two processors may put theirs there in the other order. So frame n
 * was taken surely if all that have a number were, or if many above it were.
 *
 * A tap counts roughly: it loses frames where its queue is full, and cuts into segments what it cannot carry. But it is one queue,
 * and where nothing is in it, all was taken: a count that says otherwise for a moment is set right, and counts for nothing
 * before that happened once. */
#ifndef PEARPD_FAST_ORDER_H
#define PEARPD_FAST_ORDER_H

#include "pearpd/fast_table.h"

/* Of one socket. */
struct fast_level {
    uint64_t offset; /* what was counted before the socket, or lost and not reported */
    uint64_t taken;  /* the number of frames taken, as fast_passed counts */
    bool all;        /* every frame that had a number at the last look was taken */
    bool is_unsure;  /* no empty queue has confirmed the offset yet */
    /* While the socket was empty, though frames were missing: */
    uint64_t missing; /* the least of them, */
    uint64_t since_ns;
    unsigned looks; /* the number of looks since then; 0: none is missing */
};

struct fast_order {
    const struct fast_passed *passed; /* [SIDES] */
    struct fast_level levels[SIDES][2];
    uint64_t resynced;
};

void fast_order_begin(struct fast_order *order, const struct fast_passed *passed);

/* To be called after `taken` was counted, and before the states that are compared are read. */
void fast_order_look(struct fast_order *order, uint64_t now_ns, const struct fast_taken *taken);

/* As fast_table_resync(). */
void fast_order_resync(struct fast_order *order, enum side side, const struct fast_taken *taken);

/* The frames that passed so far. */
uint64_t fast_order_passed(const struct fast_order *order, enum side side, unsigned socket);

/* True where the daemon took every frame that had a number at the last look, and all sockets of `side` are so. */
bool fast_order_all(const struct fast_order *order, enum side side);

/* True where frame `number` of that socket was taken, and all of the other socket of `side`. */
bool fast_order_reached(const struct fast_order *order, enum side side, unsigned socket, uint64_t number);

/* True where frame `mark` of that socket was taken: the lower half of its number, less than 2^31 frames away. */
bool fast_order_reached_mark(const struct fast_order *order, enum side side, unsigned socket, uint32_t mark);

#endif
