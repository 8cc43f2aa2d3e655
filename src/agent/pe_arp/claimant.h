/* claimant.h: what a host that holds a range or a port set says and when
 * (docs/pe-arp.md#host-machine): the pure part of the agent.
 * A claimant for each range; they share the numbers of what they sign.
 * In: PE-ARP messages, link changes and time. Out: PE-ARP messages and events through struct claimant_out.
 * Called by: agent, tests. Never: opens a socket, reads a clock, logs. */
#ifndef PEARPD_AGENT_CLAIMANT_H
#define PEARPD_AGENT_CLAIMANT_H

#include "pearpd/addr.h"
#include "pearpd/pe_arp.h"
#include "pearpd/pe_arp_auth.h"
#include "pearpd/range_list.h"
#include "pearpd/rate.h"
#include "pearpd/tx_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLAIMANT_CLAIM_GAP_MAX_S 60
#define CLAIMANT_RESIZE_S        10 /* a bridge asks a silent owner for 3 s before it asks the newcomer */

#define CLAIMANT_WINDOW_MAX_S 60 /* of a HELLO, whatever it says */

/* CLAIMs for HELLO: the number at once, then the seconds between two. */
#define CLAIMANT_HELLO_CLAIMS      3
#define CLAIMANT_HELLO_CLAIM_GAP_S 10

/* A bridge that was not heard for three HELLO periods is no longer known; a period is this, or longer where its HELLOs came
 * further apart. */
#define CLAIMANT_HELLO_S       60
#define CLAIMANT_SILENT_HELLOS 3

/* The number of a HELLO is a clock's in microseconds: at most as far ahead of the time that passed since the last one. */
#define CLAIMANT_SEQ_AHEAD_S 3600

/* A range that the bridge did not ask for in this time is claimed again after a HELLO: the bridge may have forgotten it, or
 * leased it to another host. */
#define CLAIMANT_UNASKED_S 120

/* When a range is displaced: another host is its owner now, or the bridge gives it to nobody. A CLAIM by another host, a
 * CONFLICT against a claim of ours, or a claim for a new epoch puts the range in doubt. A challenge ends that. Without one
 * for CLAIMANT_WAIT_S (a HELLO period after a new epoch: one claim is due in it) the range is claimed as at link up, and
 * is displaced if CLAIMANT_RECLAIM_S pass as well. It is claimed on, and is held again once it is challenged. */
#define CLAIMANT_WAIT_S       5
#define CLAIMANT_WAIT_HELLO_S 60
#define CLAIMANT_RECLAIM_S    10

enum claimant_event {
    CLAIMANT_CHALLENGED, /* the first unicast request of the bridge since `challenged` was false */
    CLAIMANT_UNHEARD, /* `challenged` is no longer true: the table is lost, or no challenge came for a claim */
    CLAIMANT_SILENT,  /* the bridge is no longer known: sha is its MAC; `challenged` is not true either */
    CLAIMANT_DISPLACED, /* see above; tpa is the range, sha the host that claims it or objected; zero: none was seen */
    CLAIMANT_CONFLICT,  /* another MAC claims ports of ours; a CONFLICT went out */
    CLAIMANT_ACCUSED,   /* another agent says that our range is its own */
    CLAIMANT_EPOCH,     /* a HELLO of an epoch not seen before */
    CLAIMANT_GATEWAY,   /* a HELLO of any epoch that has a GATEWAY; after CLAIMANT_EPOCH */
    CLAIMANT_UNMANAGED, /* that HELLO's ports do not hold our range */
    CLAIMANT_FORGED, /* a sender that is not the frame's source, no good AUTH, a key without the role of the sender, a HELLO
                      * of another or with an old SEQ */
    CLAIMANT_RESIZED,    /* the bridge asked for the range wanted and was answered: `held` is that now */
    CLAIMANT_REFUSED,    /* another holds what was wanted, as its CONFLICT says */
    CLAIMANT_UNANSWERED, /* nobody asked for what was wanted in CLAIMANT_RESIZE_S, or the link went; no message */
};

struct claimant_out {
    /* Sends a frame; `made` is borrowed. */
    void (*send)(const struct tx_frame *made, void *context);
    /* `message` is borrowed, the one received; NULL where there is none. */
    void (*event)(enum claimant_event event, const struct pe_arp *message, void *context);
    void *context;
};

/* What PE-ARP is signed with and checked by. */
struct claimant_keys {
    const struct pe_arp_key
        *keys;    /* ascending by id, borrowed: the host's own, and what the bridge signs with */
    size_t count; /* 0: nothing is signed, all is accepted */
    /* The next SEQ, borrowed: it grows from the wall clock in microseconds, one for all ranges of a MAC. */
    uint64_t *number;
};

/* The number that comes next by the wall clock, in microseconds: that, where the clock was set meanwhile; else `next`. No
 * bridge takes a number that is an hour ahead, so that one further ahead is given up. */
uint64_t claimant_number(uint64_t next, uint64_t wall_us);

/* Since the start. */
struct claimant_counts {
    uint64_t claims;      /* sent */
    uint64_t requests;    /* answered, */
    uint64_t challenges;  /* of them those to our MAC alone */
    uint64_t conflicts;   /* sent: foreign claims */
    uint64_t accusations; /* received: other hosts that claim to own our range */
};

enum claimant_doubt { CLAIMANT_SURE, CLAIMANT_WAITS, CLAIMANT_RECLAIMS };

struct claimant {
    struct port_range held;
    struct claimant_keys keys;
    struct mac own;
    uint16_t ethertype;
    const struct pe_arp_key
        *signing; /* the host's key; else the group's that the bridge used, which it knows */
    bool link_up;
    bool stopped;    /* released: silent from now on */
    bool challenged; /* by the bridge, since the link came up, since it was silent, since its table was lost */
    bool
        confirmed; /* a bridge asked, and nobody objected since: it may have a binding of the range to this MAC */
    bool displaced;
    enum claimant_doubt doubt;
    uint64_t doubt_due_ns;  /* its end without a challenge; UINT64_MAX: there is none */
    struct mac rival;       /* that claims or objects; zero: none */
    struct mac bridge;      /* the sender of the last HELLO or challenge that counted; zero: none */
    bool pinned;            /* it challenged: no other is the bridge */
    uint64_t silent_due_ns; /* it is no longer known then; UINT64_MAX: there is none */
    uint64_t asked_ns;      /* by it, for this range, at this MAC */
    struct mac hello_from;  /* the last HELLO that counted; zero: none */
    uint64_t hello_ns;      /* its time */
    uint64_t hello_gap_ns;  /* the shortest between two of that sender; 0: unknown */
    bool seq_known;
    uint64_t seq; /* of that HELLO */
    bool epoch_known;
    uint64_t epoch;
    uint64_t random;       /* state of the generator that spreads claims */
    uint32_t claim_gap_s;  /* to the claim after the next one */
    uint64_t claim_due_ns; /* UINT64_MAX: none */
    uint64_t hello_claim_due_ns;
    struct rate hello_claims;
    uint64_t rival_claim_allowed_ns; /* a claim because of another's: a second after the last claim */
    uint64_t conflict_allowed_ns;    /* not before: one a second */
    struct claimant_counts counts;
    const uint8_t *services; /* SERVICE TLVs, borrowed */
    size_t services_length;

    bool resizing;
    struct range wanted;  /* all of it */
    struct range claimed; /* what is claimed for that: its first port is not the first of what is held */
    uint64_t wanted_due_ns, wanted_until_ns;
    uint32_t wanted_gap_s;
};

/* A claimant of `held` at MAC `own`, its link down, nothing sent yet. `seed` spreads its claims: another on each host.
 * `keys` is copied, what it points to borrowed. */
void claimant_init(struct claimant *s, const struct port_range *held, struct mac own, uint16_t ethertype,
                   uint64_t seed, const struct claimant_keys *keys);

/* CLAIMs and REPLYs announce these services from now on (pe_arp_write_service()); borrowed. */
void claimant_services(struct claimant *s, const uint8_t *tlvs, size_t length);

/* The link comes up or goes down, or the interface has another MAC. Up: claims, again after 1, 2, 4 .. 60 s. */
void claimant_link(struct claimant *s, uint64_t now_ns, bool up, struct mac own,
                   const struct claimant_out *out);

/* A message as it was received; `payload` begins with ar$hrd, borrowed. */
struct claimant_frame {
    struct mac from, to; /* of the frame */
    struct pe_arp message;
    const uint8_t *payload;
    size_t payload_length;
};

/* What the message asks for. */
void claimant_message(struct claimant *s, uint64_t now_ns, const struct claimant_frame *frame,
                      const struct claimant_out *out);

/* Sends what is due; returns when to call again, UINT64_MAX for never. */
uint64_t claimant_tick(struct claimant *s, uint64_t now_ns, const struct claimant_out *out);

/* Asks for another range of the same address in place of what is held, which stays until one of CLAIMANT_RESIZED,
 * CLAIMANT_REFUSED and CLAIMANT_UNANSWERED is the event. It is claimed at once, and again after 1, 2, 4 s.
 * 0; -EBUSY: one is asked for already; -ENETDOWN: the link is down; -EOPNOTSUPP: a port set is held;
 * -EALREADY: that is what is held. */
int claimant_resize(struct claimant *s, uint64_t now_ns, struct range wanted, const struct claimant_out *out);

/* Ends that, where it is not over, with CLAIMANT_UNANSWERED. */
void claimant_give_up(struct claimant *s, const struct claimant_out *out);

/* Withdraws the range, where a bridge may have a binding of it: a RELEASE by another host than the owner would be a forged
 * one. Nothing is sent any more after this. */
void claimant_stop(struct claimant *s, const struct claimant_out *out);

#endif
