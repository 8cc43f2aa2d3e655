/* resolver.h: asking hosts which ports they own, and what waits for the answer (docs/pe-arp.md#nonces).
 * In: frames for ports that nobody owns, claims, time. Out: REQUESTs; held frames to their owner; claims that go on.
 * Called by: forward, pe_arp_rules, binding_probe, the entry. */
#ifndef PEARPD_CORE_RESOLVER_H
#define PEARPD_CORE_RESOLVER_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"
#include "pearpd/timer_heap.h"

#include "engine_state.h"
#include "tables/pending.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define TRIES 3

/* Who is asked for which port. `target` is zero in a broadcast. No padding: it is hashed. */
struct resolution_key {
    uint32_t address_index;
    uint16_t port;
    struct mac target;
};

/* A claim that waits for the silence of the range's present owner, or for the claimant's own answer. */
struct claim {
    struct port_range ports;
    struct mac claimant;
    struct mac previous; /* the owner that was found silent; zero: there was none */
};

/* One REQUEST, its retries and what hangs on its answer (docs/pe-arp.md#nonces). A broadcast asks who owns a port,
 * for frames held meanwhile; a unicast challenges or probes one host. */
struct resolution {
    struct resolution_key key;
    uint8_t protocol;
    uint8_t tries;
    bool is_release;     /* after a RELEASE: one try */
    bool has_claim;      /* `claim` waits for the target's silence */
    struct mac previous; /* of a claimant's own challenge: whose range it was */
    uint64_t opened_ns, asked_ns;
    uint64_t nonces[TRIES];
    struct claim claim;
    struct pending_queue pending;
    struct timer timer;
    struct resolution_queue *queue; /* where it waits for the right to ask, or NULL */
    TAILQ_ENTRY(resolution) waiting;
    TAILQ_ENTRY(resolution) broadcasts;
};

struct resolver;

/* NULL: out of memory. */
struct resolver *resolver_new(const struct engine *e);
void resolver_free(struct resolver *resolver);

/* Asks all hosts for the owner of a port. NULL: too many questions are open. */
struct resolution *resolver_ask_all(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol);
/* Asks one host for a port, or joins the question that is open. NULL: the host or the table has its limit. */
struct resolution *resolver_ask_host(struct engine *e, uint32_t address_index, uint16_t port,
                                     struct mac target);
/* The open question, or NULL. */
struct resolution *resolver_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
/* The open broadcast for the lowest port from `port` on, or NULL. */
const struct resolution *resolver_from(const struct engine *e, uint32_t address_index, uint32_t port);
bool resolution_has_nonce(const struct engine *e, const struct resolution *r, uint64_t nonce);
/* True where nobody answered for the port within negative-age. */
bool resolver_is_negative(struct engine *e, uint32_t address_index, uint16_t port);
/* Holds the frame until the question ends. */
struct verdict resolver_hold(struct engine *e, struct resolution *r, enum side from, const struct frame *frame);
void resolver_close(struct engine *e, struct resolution *r);
/* Ends every broadcast whose port has an owner now; what it held goes there. */
void resolver_release(struct engine *e, uint32_t address_index);

/* What comes of a claim: refused, its range's owner asked, or the claimant challenged. */
void resolver_claim(struct engine *e, const struct claim *claim);

void resolver_due(struct engine *e, struct resolution *r);
void resolver_budget_due(struct engine *e, enum timer_kind kind);

/* A reload. Unicasts go over as they are, with what hangs on them; every question of the old engine ends, and what it
 * holds is dropped; once the tables have changed places, those that went over go on. */
void resolver_carry(struct engine *e, const struct engine *old);
void resolver_drop(struct engine *e);
void resolver_resume(struct engine *e);

#endif
