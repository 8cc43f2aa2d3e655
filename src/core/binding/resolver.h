/* resolver.h: asks hosts which ports they own, and holds what waits for the answer (docs/pe-arp.md#nonces).
 * In: frames for ports that nobody owns, claims, time. Out: REQUESTs; pending frames to their owner; claims that
 * continue.
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

/* A claim that waits until the present owner of the range does not answer, or for the REPLY of the claimant. */
struct claim {
    struct port_range ports;
    struct mac claimant;
    struct mac previous; /* the owner that did not answer; zero: there was none */
    bool is_rival;       /* it came in time to count as much as that of the owner, though that answers */
};

/* Why one host is asked. */
enum question_purpose {
    ASK_RIVAL,    /* it claims what another host claims, too */
    ASK_PROBE,    /* for a packet to its ports, or a RELEASE */
    ASK_OWNER,    /* another host claims its ports */
    ASK_CLAIMANT, /* it claims ports */
};

/* One REQUEST, its retries and what waits for its answer (docs/pe-arp.md#nonces). A broadcast asks who owns a port
 * and holds frames meanwhile; a unicast challenges or probes one host. */
struct resolution {
    struct resolution_key key;
    uint8_t protocol;
    uint8_t tries;
    bool is_release; /* after a RELEASE: one try */
    enum question_purpose purpose;
    bool of_set;         /* it began for a set of [dhcp] */
    bool is_late;        /* of an owner that was asked within the last minute */
    bool has_claim;      /* `claim` waits until the target does not answer */
    struct mac previous; /* of a claimant's challenge: the former owner */
    uint64_t opened_ns, asked_ns;
    uint64_t nonces[TRIES];
    struct claim claim;
    struct pending_queue pending;
    struct timer timer;
    struct resolution_queue *queue; /* where it waits for the budget, or NULL */
    TAILQ_ENTRY(resolution) waiting;
    TAILQ_ENTRY(resolution) broadcasts;
};

struct resolver;

/* NULL: out of memory. */
struct resolver *resolver_new(const struct engine *e);
void resolver_free(struct resolver *resolver);

/* Asks all hosts for the owner of a port. NULL: too many REQUESTs are open. */
struct resolution *resolver_ask_all(struct engine *e, uint32_t address_index, uint16_t port, uint8_t protocol);
/* The same for a set of [dhcp], in a part of the budget and of the table of its own. `open` is the question for the port, or
 * NULL. */
void resolver_ask_for_set(struct engine *e, uint32_t address_index, uint16_t port, struct resolution *open);
/* Probes one host for a port, or finds the open REQUEST for it. NULL: [limits] mac-questions or questions is reached, or it
 * was asked lately and the budget has too little left. */
struct resolution *resolver_ask_host(struct engine *e, uint32_t address_index, uint16_t port,
                                     struct mac target);
/* The same for a rival, which never comes late: they have a rate of their own. */
struct resolution *resolver_ask_rival(struct engine *e, uint32_t address_index, uint16_t port,
                                      struct mac target);
/* True where frames of hosts were lost at the receive ring since `asked_ns`: an answer may be among them, so nobody was silent.
 * Else a flood would take ports from hosts that answer. */
bool resolver_may_have_lost(const struct engine *e, uint64_t asked_ns);
/* The open REQUEST, or NULL. */
struct resolution *resolver_find(struct engine *e, uint32_t address_index, uint16_t port, struct mac target);
/* The open broadcast for the lowest port from `port` on, or NULL. */
const struct resolution *resolver_from(const struct engine *e, uint32_t address_index, uint32_t port);
/* The number of open REQUESTs. */
uint32_t resolver_open(const struct engine *e);
bool resolution_has_nonce(const struct engine *e, const struct resolution *r, uint64_t nonce);
/* True where `target` was challenged for the port of `key` within the last seconds, and the nonce is that of the
 * challenge: nothing was kept of it but a key (docs/pe-arp.md#nonces). Never in a replay. */
bool resolver_has_challenged(const struct engine *e, const struct resolution_key *key, uint64_t nonce);
/* True where nobody answered for the port within negative-age, or where rivals claim it. */
bool resolver_is_negative(struct engine *e, uint32_t address_index, uint16_t port);
/* Holds the frame until the REQUEST ends. */
struct verdict resolver_hold(struct engine *e, struct resolution *r, enum side from, const struct frame *frame);
void resolver_close(struct engine *e, struct resolution *r);
/* Ends every broadcast whose port has an owner now and sends its pending frames there. */
void resolver_release(struct engine *e, uint32_t address_index);

/* Asks the claimant of a claim that waits for nobody. */
void resolver_challenge(struct engine *e, const struct claim *claim);
/* Handles a claim: it is refused, the owner of the range is asked, or the claimant is challenged. */
void resolver_claim(struct engine *e, const struct claim *claim);

void resolver_due(struct engine *e, struct resolution *r);
void resolver_budget_due(struct engine *e, enum timer_kind kind);

/* A reload, in this order. Copies the unicasts with their claims; ends every REQUEST of the old engine and drops
 * what it holds; and, once the tables have changed places, continues those that were copied. */
void resolver_carry(struct engine *e, const struct engine *old);
void resolver_drop(struct engine *e);
void resolver_resume(struct engine *e);

#endif
