/* sharer.h: what a host that holds a range says and when (PROTOCOL 1): the pure part of the agent.
 * In: PE-ARP messages, link changes and time. Out: PE-ARP messages and events through struct sharer_out.
 * Called by: agent, tests. Never: opens a socket, reads a clock, logs. */
#ifndef PEARPD_AGENT_SHARER_H
#define PEARPD_AGENT_SHARER_H

#include "pearpd/addr.h"
#include "pearpd/made.h"
#include "pearpd/pe_arp.h"

#include <stdbool.h>
#include <stdint.h>

#define SHARER_CLAIM_GAP_MAX_S 60

enum sharer_event {
    SHARER_CHALLENGED, /* the first unicast request since a claim: the bridge heard it */
    SHARER_CONFLICT,   /* another MAC claims ports of ours; a CONFLICT went out */
    SHARER_ACCUSED,    /* another agent says that our range is its own */
    SHARER_EPOCH,      /* a HELLO of an epoch not heard before */
    SHARER_UNMANAGED,  /* that HELLO's ports do not hold our range */
    SHARER_FORGED,     /* a sender that is not the frame's source */
};

struct sharer_out {
    /* Sends a frame; `made` is borrowed. */
    void (*send)(const struct made *made, void *context);
    /* Tells; `message` is borrowed, what was heard. */
    void (*event)(enum sharer_event event, const struct pe_arp *message, void *context);
    void *context;
};

struct sharer {
    struct range range;
    struct mac own;
    uint16_t ethertype;
    bool link_up;
    bool stopped;    /* released: silent from now on */
    bool challenged; /* since the link came up */
    bool epoch_known;
    uint64_t epoch;
    uint64_t random;       /* state of the generator that spreads claims */
    uint32_t claim_gap_s;  /* to the claim after the next one */
    uint64_t claim_due_ns; /* UINT64_MAX: none */
    uint64_t hello_claim_due_ns;
    uint64_t hello_claim_allowed_ns; /* not before: whatever epochs are made up, one a second */
    uint64_t conflict_allowed_ns;    /* not before: one a second */
};

/* A sharer of `range` at MAC `own`, its link down, nothing sent yet. `seed` spreads its claims: another on each host. */
void sharer_init(struct sharer *s, const struct range *range, struct mac own, uint16_t ethertype,
                 uint64_t seed);

/* The link comes up, or goes, or the interface's MAC is another. Up: claims, again after 1, 2, 4 .. 60 s. */
void sharer_link(struct sharer *s, uint64_t now_ns, bool up, struct mac own, const struct sharer_out *out);

/* What the message heard in a frame `from` .. `to` asks for. */
void sharer_message(struct sharer *s, uint64_t now_ns, struct mac from, struct mac to,
                    const struct pe_arp *message, const struct sharer_out *out);

/* Sends what is due; returns when to call again, UINT64_MAX for never. */
uint64_t sharer_tick(struct sharer *s, uint64_t now_ns, const struct sharer_out *out);

/* Withdraws the range; nothing is sent any more after this. */
void sharer_stop(struct sharer *s, const struct sharer_out *out);

#endif
