/* datagram.h: fragmented datagrams that are open, and the fragments that wait for the first one.
 * Called by: fragment_rules, icmp_error, engine. Never: puts a datagram together, sends.
 *
 * Fragments are identified by {source, destination, protocol, id} and, downstream, by the sender's MAC: hosts
 * cannot mix up each other's datagrams nor those of the router. One host has no more than its share of both tables. */
#ifndef PEARPD_CORE_DATAGRAM_H
#define PEARPD_CORE_DATAGRAM_H

#include "pearpd/engine.h"
#include "pearpd/keyed_table.h"
#include "pearpd/timer_heap.h"

#include "packet.h"
#include "tables/pending.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define SPANS 64 /* as many as may wait by default, so any order of them is tracked */

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

struct datagram {
    struct datagram_key key;
    struct shared_packet first; /* valid with has_first */
    bool has_first, is_counted;
    uint64_t opened_ns;
    struct unit_span seen[SPANS]; /* ascending, apart */
    unsigned spans;
    uint16_t end; /* in units; 0: the last fragment was not seen */
    struct pending_queue pending;
    TAILQ_ENTRY(datagram) waiting;
    TAILQ_ENTRY(datagram) same_id;
};

struct datagrams {
    struct timer timer;
    struct keyed_table *datagrams; /* never touched: oldest first */
    struct keyed_table *senders;
    struct pending *pending;
    TAILQ_HEAD(, datagram) waiting; /* with frames in their line, oldest first */
};

/* NULL: out of memory. */
struct datagrams *datagrams_new(const struct engine *e);
void datagrams_free(struct datagrams *datagrams);
void datagrams_due(struct engine *e);
/* Ends every datagram and drops what waits (a reload). */
void datagrams_drop(struct engine *e);

/* The host that sent the open datagram of a later fragment. False: not known. */
bool fragment_sender(struct engine *e, const struct inner_packet *later, struct mac *host);

/* Notes the bytes of a fragment. */
void datagram_note(struct datagram *d, const struct ipv4_packet *packet);
/* True where every byte was seen. */
bool datagram_is_complete(const struct datagram *d);
/* The datagram of a fragment, opened by its first one to arrive. NULL: the host has its share. */
struct datagram *datagram_open(struct engine *e, const struct rx_frame *rx, const struct shared_packet *s);
void datagram_close(struct engine *e, struct datagram *d);
/* A fragment of a host was sent: its id is in use at the remote. */
void datagram_left(struct engine *e, struct datagram *d);
/* Removes the oldest pending fragment. */
void datagram_pending_remove(struct engine *e, struct datagram *d);

#endif
