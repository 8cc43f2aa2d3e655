/* account.h: frames and bytes of each owner, identified by its MAC, over all its bindings.
 * In: bindings that begin and end, frames of owners without a binding. Out: totals that never shrink. Called by:
 * binding_state, delivery, source_guard, the entry; daemon through engine.h. Never: forwards.
 *
 * rx: frames to a shared address as they are sent to the owner's MAC. tx: frames from the owner with a shared
 * source address that the source guard lets pass, as received. Generated frames, PE-ARP, ARP and frames without a
 * shared address are not counted. So the sum of rx_frames is the number of frames delivered to hosts for shared
 * addresses. A frame from one owner to another is one tx of the first and one rx of the second.
 *
 * A frame of a binding is counted in the binding only, so the fast path costs nothing more. A total is the sum of
 * the owner's bindings and `past`. When a binding with counts joins or leaves, `past` is changed so that the total
 * stays the same, modulo 2^64.
 *
 * [limits] accounts. A full table evicts the oldest account whose owner has no binding and adds its total to the
 * others; if the oldest ones all have a binding, the new owner is counted among the others. So the sum over all
 * accounts and the others is exact, and a flood of new MACs evicts no owner of ports.
 *
 * Who owns ports, and what, is known of every owner, also of those that are counted among the others ([limits] bindings). */
#ifndef PEARPD_CORE_ACCOUNT_H
#define PEARPD_CORE_ACCOUNT_H

#include "pearpd/engine.h"

#include "binding.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/* What an owner has by claims and traffic: bindings of all addresses, ports of one. */
struct account_share {
    uint32_t bindings, ports;
};

struct accounts;

/* NULL: out of memory. */
struct accounts *accounts_new(const struct limits *limits, const uint8_t hash_key[static HASH_KEY_BYTES]);
void accounts_free(struct accounts *accounts);
/* Copies the totals of another engine's table (a reload), which keeps its bindings. */
void accounts_carry(struct engine *e, const struct accounts *from);

/* A binding begins, with or without counts, or ends. The owner's total does not change. */
void account_join(struct engine *e, struct binding *binding);
void account_leave(struct engine *e, struct binding *binding);

/* True where `mac` owns ports, with or without an account of its own. */
bool account_has_binding(const struct engine *e, struct mac mac);

/* The lowest shared address that `mac` owns ports of, as an index in config.addresses; -1: none. */
int account_lowest_address(const struct engine *e, struct mac mac);

/* What `mac` has by claims and traffic, without the bindings that share a port with `ports`. */
struct account_share account_share_beside(const struct engine *e, struct mac mac,
                                          const struct port_range *ports);

/* Of the owner with the most bindings by claims and traffic, at least `least`, the one that is unconfirmed for
 * longest. NULL: nobody has as many. */
struct binding *account_longest_unconfirmed(struct engine *e, uint32_t least);

/* Counts traffic of an owner's binding that has ended. */
void account_add(struct engine *e, struct mac owner, const struct traffic *more);

/* Counts a frame to or from an owner without a binding. */
void account_add_rx(struct engine *e, struct mac owner, size_t frame_bytes);
void account_add_tx(struct engine *e, struct mac owner, size_t frame_bytes);

/* Counts a frame that was delivered, or that the source guard let pass. `binding` is the owner's, or NULL. */
static inline void account_rx(struct engine *e, struct mac owner, struct binding *binding, size_t frame_bytes)
{
    if (binding == NULL) {
        account_add_rx(e, owner, frame_bytes);
        return;
    }
    binding->rx_frames++;
    binding->rx_bytes += frame_bytes;
}

static inline void account_tx(struct engine *e, struct mac owner, struct binding *binding, size_t frame_bytes)
{
    if (binding == NULL) {
        account_add_tx(e, owner, frame_bytes);
        return;
    }
    binding->tx_frames++;
    binding->tx_bytes += frame_bytes;
}

#endif
