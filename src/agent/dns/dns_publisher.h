/* dns_publisher.h: which records are in the DNS, and when its server is updated: the pure part of publishing.
 * In: records, whether each is wanted, results of updates, time. Out: updates and events through struct
 * dns_publisher_out. Called by: service, tests. Never: runs a program, reads a clock, logs.
 *
 * A record's life: 1. absent, until it is wanted; 2. added by an update of its zone, and again with every refresh (an
 * update that changes nothing is none to the server); 3. deleted once it is not wanted, by its name, type and data, so
 * that no other host's record is deleted. Whether an update without an answer was made is not known: the record is then
 * deleted all the same.
 *
 * One update of a zone is under way at a time, with all changes to the zone. After a failure it is tried again after
 * 1, 2, 4 .. 300 s. What changes meanwhile is in the next update, which follows at once. */
#ifndef PEARPD_AGENT_DNS_PUBLISHER_H
#define PEARPD_AGENT_DNS_PUBLISHER_H

#include "pearpd/hash.h"

#include "dns_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_ZONES_MAX        8
#define DNS_RECORDS_MAX      96 /* one message has room for all of them */
#define DNS_ERROR_WORD_BYTES 160

/* Why an update was not made. */
enum dns_error_kind {
    DNS_ERROR_NONE,
    DNS_ERROR_NOT_INSTALLED, /* there is no nsupdate(1) */
    DNS_ERROR_NOT_RUN,       /* nsupdate could not be run, or complains: `word` */
    DNS_ERROR_TIMEOUT,       /* no answer */
    DNS_ERROR_CONNECTION,    /* no connection to the server, or it broke off: `word` */
    DNS_ERROR_REFUSED,       /* `word`: the RCODE, or that of the signature */
    DNS_ERROR_UNSIGNED,      /* no refusal, but no good signature either */
};

struct dns_error {
    enum dns_error_kind kind;
    bool is_certain; /* nothing was changed: the update did not leave, or the server signed its refusal */
    char word[DNS_ERROR_WORD_BYTES]; /* printable */
};

/* What the agent's status says of a record. */
enum dns_state {
    DNS_STATE_WAITING, /* for the first answer about it */
    DNS_STATE_PUBLISHED,
    DNS_STATE_FAILED, /* its zone's last update failed; it is tried again */
};

enum dns_event_kind {
    DNS_PUBLISHED, /* all wanted records are there: for the first time, after a change, or after an error */
    DNS_WITHDRAWN, /* none of ours is in the zone any more */
    DNS_FAILED,    /* `error`; once until it changes */
};

struct dns_event {
    enum dns_event_kind kind;
    const struct dns_name *zone;
    unsigned records;       /* DNS_PUBLISHED: how many */
    struct dns_error error; /* DNS_FAILED */
};

/* One change of a zone. RFC 2136 2.5.1: adds to an RRset; 2.5.4: deletes one record of an RRset. */
struct dns_change {
    const struct dns_record *record; /* borrowed */
    bool add;                        /* false: delete */
};

struct dns_publisher_out {
    void *context;
    /* Begins an update of zone number `number`; dns_publisher_done() is called at its end, not before the return. All
     * but the numbers is borrowed. False: it cannot, *error says why. */
    bool (*update)(void *context, unsigned number, const struct dns_name *zone,
                   const struct dns_change *changes, size_t count, struct dns_error *error);
    void (*event)(void *context, const struct dns_event *event);
};

struct dns_publisher;

/* A publisher that repeats what is published every `refresh_s`. `seed` is random: the spread of refreshes comes from
 * it. NULL: out of memory. */
struct dns_publisher *dns_publisher_new(uint32_t refresh_s, const uint8_t seed[static HASH_KEY_BYTES]);
void dns_publisher_free(struct dns_publisher *publisher);

/* A record of `zone` that is not wanted yet. `stays`: it is never deleted (what all hosts publish alike). Its number,
 * that of an equal one where there is one already; -ENOSPC: too many records, or zones. Where all places are taken, one
 * that is neither wanted nor published makes room, and its number is this one's from now on. */
int dns_publisher_add(struct dns_publisher *publisher, const struct dns_name *zone,
                      const struct dns_record *record, bool stays);

/* A record that an earlier run may have left: it is deleted, unless it is wanted. Errors as dns_publisher_add(). */
int dns_publisher_add_stale(struct dns_publisher *publisher, const struct dns_name *zone,
                            const struct dns_record *record);

/* Wants a record, or no longer does; the next tick updates its zone. */
void dns_publisher_want(struct dns_publisher *publisher, unsigned number, bool wanted);

/* The state of a record that is wanted. */
enum dns_state dns_publisher_state(const struct dns_publisher *publisher, unsigned number);

/* Wants none. */
void dns_publisher_withdraw(struct dns_publisher *publisher);

/* What failed is tried again at the next tick: the way to the server is another. */
void dns_publisher_hurry(struct dns_publisher *publisher);

/* The update of that zone is over; error->kind is DNS_ERROR_NONE where it was made. */
void dns_publisher_done(struct dns_publisher *publisher, uint64_t now_ns, unsigned number,
                        const struct dns_error *error, const struct dns_publisher_out *out);

/* Begins the updates that are due; returns when to call again, UINT64_MAX: not before something changes. */
uint64_t dns_publisher_tick(struct dns_publisher *publisher, uint64_t now_ns,
                            const struct dns_publisher_out *out);

/* True where every record is published, or deleted, as it is wanted. */
bool dns_publisher_is_complete(const struct dns_publisher *publisher);

/* Walks the records that may be in the DNS, or will be: start with 0; the next one's number, or -1. */
int dns_publisher_next(const struct dns_publisher *publisher, unsigned from, const struct dns_name **zone,
                       const struct dns_record **record);

#endif
