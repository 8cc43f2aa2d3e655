/* datagram.h: fragmented datagrams that are open, and the fragments that wait for the first one.
 * Called by: fragment_rules, icmp_error, engine. Never: puts a datagram together, sends.
 *
 * Fragments are identified by {source, destination, protocol, id} and, downstream, by the sender's MAC: hosts
 * cannot mix up each other's datagrams nor those of the router.
 *
 * [limits] datagrams: one half for those that wait for their first fragment, the other half for those that follow one,
 * so that neither kind displaces the other. In a full half the one that was longest without a fragment is closed. A
 * holder, which is a remote, a host that owns ports, or all other hosts together, that has its share of a half, or of
 * the waiting fragments ([limits] host-share), then closes its own oldest. */
#ifndef PEARPD_CORE_DATAGRAM_H
#define PEARPD_CORE_DATAGRAM_H

#include "pearpd/engine.h"
#include "pearpd/keyed_table.h"
#include "pearpd/rate.h"
#include "pearpd/timer_heap.h"

#include "packet.h"
#include "tables/pending.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define SPANS 24 /* any order of the 44 fragments of 64 KiB over Ethernet is tracked */

struct datagram_key {
    uint32_t source, destination; /* host order */
    uint16_t id;
    uint8_t protocol, side;
    struct mac sender; /* zero: upstream's */
    uint16_t unused;   /* no padding: it is hashed */
};

/* Units of 8 bytes that were seen. */
struct unit_span {
    uint16_t first, end;
};

enum datagram_state { DATAGRAM_WAITS, DATAGRAM_FOLLOWS };
#define DATAGRAM_STATES 2

struct datagram;
TAILQ_HEAD(datagram_list, datagram); /* from the one that was longest without a fragment on */

/* Whose datagrams they are. */
struct holder_key {
    uint32_t remote; /* upstream's, host order */
    struct mac host; /* downstream's; zero: of all hosts without ports */
    uint16_t side;
};
struct holder {
    struct holder_key key;
    uint32_t counts[DATAGRAM_STATES], waiting_frames;
    struct datagram_list lists[DATAGRAM_STATES];
};

struct datagram {
    struct datagram_key key;
    struct shared_packet first; /* valid with has_first */
    bool has_first, is_counted;
    bool is_poisoned; /* two first fragments differ: the rest is dropped */
    enum datagram_state state;
    uint64_t opened_ns, last_ns;  /* its first and its last fragment so far */
    struct unit_span seen[SPANS]; /* ascending, apart */
    unsigned spans;
    uint16_t end; /* in units; 0: the last fragment was not seen */
    struct pending_queue pending;
    struct holder *holder;
    TAILQ_ENTRY(datagram) of_state, of_holder, same_id;
};

struct datagrams {
    struct timer timer;
    struct keyed_table *datagrams;
    struct keyed_table *holders; /* of at least one datagram each */
    struct keyed_table *senders;
    struct pending *pending;
    struct rate conflict_events; /* one a second */
    uint32_t counts[DATAGRAM_STATES];
    struct datagram_list lists[DATAGRAM_STATES];
};

/* NULL: out of memory. */
struct datagrams *datagrams_new(const struct engine *e);
void datagrams_free(struct datagrams *datagrams);
void datagrams_due(struct engine *e);
/* Ends every datagram and drops what waits (a reload). */
void datagrams_drop(struct engine *e);

/* The host that sent the open datagram of a later fragment. False: not known. */
bool fragment_sender(struct engine *e, const struct inner_packet *later, struct mac *host);

/* The open datagram of a fragment. NULL: there is none. */
struct datagram *datagram_find(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet);
/* Opens the datagram of a fragment, in the place of another one where there is no room. */
struct datagram *datagram_open(struct engine *e, const struct rx_frame *rx, const struct ipv4_packet *packet,
                               enum datagram_state state);
/* A fragment came, and none waits: the datagram is the last to be closed of those that follow. */
void datagram_follows(struct engine *e, struct datagram *d);
void datagram_close(struct engine *e, struct datagram *d);

/* Holds a fragment of a datagram that waits. False: no room; it may have closed the datagram. */
bool datagram_pending_append(struct engine *e, struct datagram *d, const struct rx_frame *rx);
/* Removes the oldest pending fragment. */
void datagram_pending_remove(struct engine *e, struct datagram *d);

/* Notes the bytes of a fragment. */
void datagram_note(struct datagram *d, const struct ipv4_packet *packet);
/* True where every byte was seen. */
bool datagram_is_complete(const struct datagram *d);
/* A fragment of a host was sent: its id is in use at the remote. */
void datagram_left(struct engine *e, struct datagram *d);

#endif
