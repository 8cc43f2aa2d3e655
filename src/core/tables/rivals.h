/* rivals.h: hosts that claim the same ports since the table was lost, and their claims (docs/pe-arp.md#rivals).
 * In: claims that hosts answered for. Out: which ports are disputed, who is to be asked next.
 * Called by: rivalry, binding_learn, resolver, the entry. Never: asks a host, emits an event, decides who wins.
 *
 * [limits] rivals. In a full table a new rival has no place: the owner keeps the ports, as if it came too late. Each
 * rival costs the bridge two challenges, so within their budget the default cannot be filled in a window. */
#ifndef PEARPD_CORE_RIVALS_H
#define PEARPD_CORE_RIVALS_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include "account.h"
#include "binding.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* No padding: it is hashed. */
struct rival_key {
    uint32_t address_index;
    uint16_t first; /* port */
    struct mac mac;
};

struct rival {
    struct rival_key key;
    struct port_range ports;
    uint64_t since_ns;
    uint64_t due_ns; /* when it is asked next */
    TAILQ_ENTRY(rival) others;
};

struct rivals;

/* NULL: out of memory. */
struct rivals *rivals_new(const struct engine *e);
void rivals_free(struct rivals *rivals);
/* A reload: takes over the window. */
void rivals_window_carry(struct engine *e, const struct engine *old);

/* The table was lost: claims are collected for [limits] hello-window from now on. */
void rivals_collect(struct engine *e);
/* The same if that was so already and no host was heard since: it is only now that they can be. */
void rivals_collect_again(struct engine *e);
void rivals_note_answer(struct engine *e);
/* True while claims are collected. */
bool rivals_are_collected(const struct engine *e);
/* False: no REPLY can be a rival's now. */
bool rivals_are_possible(const struct engine *e);
/* True where the owner of `b` has no right to its ports before others that answer: it was learned from a claim since
 * the table was lost, and the challenges of the window can still be answered. */
bool rivals_may_have(const struct engine *e, const struct binding *b);

/* True where rivals claim the port: nobody gets it. */
bool rivals_dispute(const struct engine *e, uint32_t address_index, uint16_t port);
/* Narrows first..last around `port` to what nobody disputes; for a port that nobody disputes. */
void rivals_narrow(const struct engine *e, uint32_t address_index, uint16_t port, uint16_t *first,
                   uint16_t *last);
/* A rival for a port of `ports` that is not `mac` (zero: any), or NULL. */
const struct rival *rivals_other(const struct engine *e, const struct port_range *ports, struct mac mac);

/* Adds what `mac` claims as a rival beside `ports`, as if it were bound. */
void rivals_share(const struct engine *e, const struct port_range *ports, struct mac mac,
                  struct account_share *share);

/* True where `count` more have a place. */
bool rivals_have_room(const struct engine *e, uint32_t count);
/* A rival, asked `wait_ns` from now; its earlier claims of these ports end. Nothing where the table is full. */
void rivals_put(struct engine *e, const struct port_range *ports, struct mac mac, uint64_t wait_ns);
struct rival *rivals_find(const struct engine *e, uint32_t address_index, uint16_t first, struct mac mac);
/* Ends a claim. If it stood in the way of one rival alone, that one is asked at once. */
void rivals_remove(struct engine *e, struct rival *rival);
/* The claims of `mac` to ports of `ports` end. */
void rivals_end_own(struct engine *e, const struct port_range *ports, struct mac mac);
/* `ports` are now those of `mac` for good: the claims of others to them end, and its own within them. */
void rivals_decide(struct engine *e, const struct port_range *ports, struct mac mac);
void rivals_end_all(struct engine *e, uint32_t address_index);

/* The one that is due, which is asked next at due_ns; NULL: none is, and the timer is set for the next. */
struct rival *rivals_next_due(struct engine *e, uint64_t due_ns);
/* All of them: the one behind `rival`, from NULL on. */
const struct rival *rivals_next(const struct engine *e, const struct rival *rival);
/* The lowest claim from `port` on, for listings, or NULL. */
const struct rival *rivals_from(const struct engine *e, uint32_t address_index, uint32_t port);
uint32_t rivals_count(const struct engine *e);

#endif
