/* account.h: what is counted for each owner, known by its MAC, whatever it holds at the time.
 * In: bindings that come and go, frames of owners that go by no binding. Out: totals that never shrink.
 * Called by: ownership, police, ipv4_rules, restore, engine_memory; daemon through engine.h. Never: forwards.
 *
 * rx: frames of a shared address that left for the owner's MAC, as they left. tx: frames from it with a shared address as
 * source that policing let pass, as they came. Frames that the bridge makes, PE-ARP, ARP, and whatever has no shared
 * address are not counted. So the rx_frames of all owners are the frames delivered to hosts for shared addresses, and
 * nothing is counted twice: a frame from one sharer to another is one tx of the first and one rx of the second.
 *
 * A frame that goes by a binding is counted there alone, so that the usual way costs nothing more; a total is what
 * the owner's live bindings have, and `past`. Where a binding joins with counts of its own or leaves, `past` changes
 * against it and the total stays: all of it modulo 2^64.
 *
 * [limits] accounts. A full table gives up the account longest untouched whose owner holds nothing, its total goes to
 * the others; if those looked at all hold something, the new owner is counted among the others. So the sum over
 * all accounts and the others is exact, and a flood of new MACs takes no account from an owner of ports. */
#ifndef PEARPD_CORE_ACCOUNT_H
#define PEARPD_CORE_ACCOUNT_H

#include "pearpd/engine.h"

#include "binding.h"

#include <stddef.h>
#include <sys/queue.h>

struct account {
    struct mac mac; /* the key; zero: the others */
    struct traffic past, booked;
    LIST_HEAD(, binding) bindings;
};

struct accounts;

/* Room for `limit` owners. NULL: out of memory. */
struct accounts *accounts_new(uint32_t limit, const uint8_t hash_key[static HASH_KEY_BYTES]);
void accounts_free(struct accounts *accounts);
/* Takes over the totals of another engine's table (a reload), which keeps its bindings. */
void accounts_carry(struct engine *e, const struct accounts *from);

/* A binding comes, with or without counts, and goes. The owner's total stays as it is. */
void account_join(struct engine *e, struct binding *binding);
void account_leave(struct binding *binding);

/* A frame to or from an owner, for which no binding counts it. */
void account_add_rx(struct engine *e, struct mac owner, size_t frame_bytes);
void account_add_tx(struct engine *e, struct mac owner, size_t frame_bytes);

/* A frame that was delivered, or that policing let pass: `binding` is the owner's, or NULL. */
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
