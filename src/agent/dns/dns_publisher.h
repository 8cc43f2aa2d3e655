/* dns_publisher.h: keeps records of ours in the DNS: the pure part of publishing.
 * In: records, whether each is wanted, answers, time. Out: updates and events through struct dns_publisher_out.
 * Called by: service, tests. Never: opens a socket, reads a clock, logs.
 *
 * A record's life: 1. unknown to the server, until it is wanted; 2. added by an update of its zone, and again with every
 * refresh (an update that changes nothing is none to the server); 3. deleted once it is not wanted, by its name, type
 * and data, so that no other sharer's goes. Whether an update without an answer was made is not known: the record is
 * then deleted all the same.
 *
 * One update a zone is under way, with all that has to be said about the zone. It is sent three times, a second
 * apart, then again after 1, 2, 4 .. 300 s. Only an answer that bears the update's id, its zone and a good signature ends
 * it; another one that says no is remembered, and told when no better one came. */
#ifndef PEARPD_AGENT_DNS_PUBLISHER_H
#define PEARPD_AGENT_DNS_PUBLISHER_H

#include "pearpd/dns_message.h"
#include "pearpd/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_ZONES_MAX   8
#define DNS_RECORDS_MAX 96 /* an update of them all is a message still */

struct dns_time {
    uint64_t now_ns; /* of a clock that does not go back */
    uint64_t wall_s; /* since 1970: signatures bear it */
};

/* Why an update was not made. */
enum dns_error_kind {
    DNS_ERROR_NONE,
    DNS_ERROR_SILENT,      /* no answer */
    DNS_ERROR_UNREACHABLE, /* `error` says why */
    DNS_ERROR_REFUSED,     /* `rcode` says why; of a TSIG where it is 16 or more */
    DNS_ERROR_UNSIGNED,    /* "done", but without a signature */
    DNS_ERROR_FORGED,      /* a signature that is not of our key, or not of our time */
};

struct dns_error {
    enum dns_error_kind kind;
    unsigned rcode;
    int error;              /* -Exxx */
    uint64_t server_time_s; /* rcode BADTIME: its clock; 0: it did not say */
};

/* What people ask of a record. */
enum dns_state {
    DNS_STATE_WAITING, /* for the first answer about it */
    DNS_STATE_PUBLISHED,
    DNS_STATE_FAILED, /* its zone's last update was not made; the next try comes */
};

enum dns_event_kind {
    DNS_PUBLISHED, /* what is wanted stands: for the first time, after a change, or after trouble */
    DNS_WITHDRAWN, /* nothing of ours stands in the zone any more */
    DNS_FAILED,    /* `trouble`; once until it changes */
    DNS_IGNORED,   /* an answer that does not count; `why` */
};

struct dns_event {
    enum dns_event_kind kind;
    const struct dns_name *zone;
    unsigned records;         /* DNS_PUBLISHED: how many */
    struct dns_error trouble; /* DNS_FAILED */
    const char *why;          /* DNS_IGNORED: a constant string */
};

struct dns_publisher_out {
    void *context;
    /* Sends an update of zone number `zone`: a new one, or the same again; as a datagram, or over a stream. `bytes` is
     * borrowed. 0, or -Exxx. */
    int (*send)(void *context, unsigned zone, const uint8_t *bytes, size_t length, bool stream);
    /* No answer about that zone is waited for any more. */
    void (*end)(void *context, unsigned zone);
    void (*event)(void *context, const struct dns_event *event);
};

struct dns_publisher;

/* A publisher that signs with *key (copied) and repeats what stands every `refresh_s`. `seed` is random: ids and
 * the spread of refreshes come from it. NULL: out of memory. */
struct dns_publisher *dns_publisher_new(const struct dns_key *key, uint32_t refresh_s,
                                        const uint8_t seed[static HASH_KEY_BYTES]);
void dns_publisher_free(struct dns_publisher *publisher);

/* A record of `zone` that is not wanted yet. `stays`: it is never deleted (what all sharers publish alike). Its number,
 * that of an equal one where there is one already; -ENOSPC: too many records, or zones. Where all places are taken, one
 * that is neither wanted nor standing makes room, and its number is this one's from now on. */
int dns_publisher_add(struct dns_publisher *publisher, const struct dns_name *zone,
                      const struct dns_record *record, bool stays);

/* A record that an earlier run may have left: unless somebody wants it, it goes. Errors as dns_publisher_add(). */
int dns_publisher_add_left(struct dns_publisher *publisher, const struct dns_name *zone,
                           const struct dns_record *record);

/* Wants a record, or no longer does; the next tick says so. */
void dns_publisher_want(struct dns_publisher *publisher, unsigned number, bool wanted);

/* What has become of one that is wanted. */
enum dns_state dns_publisher_state(const struct dns_publisher *publisher, unsigned number);

/* Wants none. */
void dns_publisher_withdraw(struct dns_publisher *publisher);

/* What failed is tried at once: the way to the server is another. */
void dns_publisher_hurry(struct dns_publisher *publisher);

/* Bytes that came as an answer about zone number `zone`. */
void dns_publisher_answer(struct dns_publisher *publisher, struct dns_time time, unsigned zone,
                          const uint8_t *bytes, size_t length, const struct dns_publisher_out *out);

/* The update of that zone does not reach the server. */
void dns_publisher_unreachable(struct dns_publisher *publisher, struct dns_time time, unsigned zone, int error,
                               const struct dns_publisher_out *out);

/* Sends what is due; returns when to call again, UINT64_MAX for never. */
uint64_t dns_publisher_tick(struct dns_publisher *publisher, struct dns_time time,
                            const struct dns_publisher_out *out);

/* True where all stands, or is gone, as it is wanted. */
bool dns_publisher_is_settled(const struct dns_publisher *publisher);

/* Walks the records that may stand: start with 0; the next one's number, or -1. */
int dns_publisher_standing(const struct dns_publisher *publisher, unsigned from, const struct dns_name **zone,
                           const struct dns_record **record);

#endif
