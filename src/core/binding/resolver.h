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
struct question_key {
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
struct question {
    struct question_key key;
    uint8_t protocol;
    uint8_t tries;
    bool is_release;     /* after a RELEASE: one try */
    bool has_claim;      /* `claim` waits for the target's silence */
    struct mac previous; /* of a claimant's own challenge: whose range it was */
    uint64_t opened_ns, asked_ns;
    uint64_t nonces[TRIES];
    struct claim claim;
    struct hold_line line;
    struct timer timer;
    struct question_queue *queue; /* where it waits for the right to ask, or NULL */
    TAILQ_ENTRY(question) waiting;
    TAILQ_ENTRY(question) broadcasts;
};

struct resolver;

/* NULL: out of memory. */
struct resolver *resolver_new(const struct engine *e);
void resolver_free(struct resolver *resolver);

/* Asks all hosts for the owner of a port. NULL: too many questions are open. */
struct question *question_broadcast(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol);
/* Asks one host for a port, or joins the question that is open. NULL: the host or the table has its limit. */
struct question *question_unicast(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
/* The open question, or NULL. */
struct question *question_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
/* The open broadcast for the lowest port from `port` on, or NULL. */
const struct question *question_from(const struct engine *e, uint32_t address_index, uint32_t port);
bool question_has_nonce(const struct engine *e, const struct question *q, uint64_t nonce);
/* True where nobody answered for the port within negative-age. */
bool question_is_negative(struct engine *e, uint32_t address_index, uint16_t port);
/* Holds the frame until the question ends. */
struct verdict question_hold(struct engine *e, struct question *q, enum side from, const struct frame *frame);
void question_close(struct engine *e, struct question *q);
/* Ends every broadcast whose port has an owner now; what it held goes there. */
void questions_settle(struct engine *e, uint32_t address_index);

/* What comes of a claim: refused, its range's owner asked, or the claimant challenged. */
void claim_start(struct engine *e, const struct claim *claim);

void question_due(struct engine *e, struct question *q);
void questions_budget_due(struct engine *e, enum timer_kind kind);

/* A reload. Unicasts go over as they are, with what hangs on them; every question of the old engine ends, and what it
 * holds is dropped; once the tables have changed places, those that went over go on. */
void questions_carry(struct engine *e, const struct engine *old);
void questions_drop(struct engine *e);
void questions_go_on(struct engine *e);

#endif
