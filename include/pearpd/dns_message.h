/* dns_message.h: dynamic updates of the DNS (RFC 2136), signed (TSIG, RFC 8945), and the answers to them.
 * In: records, a key, a time; or the bytes of an answer. Out: a message; or what the answer says.
 * Called by: agent. Never: sends, reads a clock, keeps anything. */
#ifndef PEARPD_DNS_MESSAGE_H
#define PEARPD_DNS_MESSAGE_H

#include "pearpd/addr.h"
#include "pearpd/dns_name.h"
#include "pearpd/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MESSAGE_BYTES   65535
#define DNS_DATAGRAM_BYTES  512  /* RFC 1035 4.2.1: beyond it a stream carries the message */
#define DNS_ANSWER_BYTES    4096 /* longer ones are none to an update */
#define DNS_RDATA_BYTES     384
#define DNS_ALPN_TEXT_BYTES 64
#define DNS_SECRET_BYTES    64 /* the block of SHA-256: longer keys are hashed and gain nothing */
#define DNS_TSIG_FUDGE_S    300

enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_SVCB = 64,
    DNS_TYPE_HTTPS = 65,
    DNS_TYPE_TSIG = 250,
    DNS_TYPE_ANY = 255,
};

/* RFC 1035 4.1.1, RFC 2136 2.2; RFC 8945 3 (16 to 18, in a TSIG). */
enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_YXDOMAIN = 6,
    DNS_YXRRSET = 7,
    DNS_NXRRSET = 8,
    DNS_NOTAUTH = 9,
    DNS_NOTZONE = 10,
    DNS_BADSIG = 16,
    DNS_BADKEY = 17,
    DNS_BADTIME = 18,
};

/* "REFUSED", ...; NULL: no name for it here. */
const char *dns_rcode_name(unsigned rcode);

struct dns_record {
    struct dns_name name;
    enum dns_type type;
    uint32_t ttl_s;
    uint16_t rdata_length;
    uint8_t rdata[DNS_RDATA_BYTES];
};

/* Records of class IN: RFC 1035 3.4.1, RFC 2782, RFC 9460 2.2. */
void dns_record_a(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, struct ipv4 address);
void dns_record_srv(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, uint16_t priority,
                    uint16_t weight, uint16_t port, const struct dns_name *target);
/* `type` is SVCB or HTTPS; `alpn` is a list parted by commas, "" or NULL: no such parameter. 0, or -EINVAL: an empty
 * name in the list, or more than DNS_ALPN_TEXT_BYTES in all. */
int dns_record_svcb(struct dns_record *record, enum dns_type type, const struct dns_name *name, uint32_t ttl_s,
                    uint16_t priority, uint16_t port, const char *alpn, const struct dns_name *target);

bool dns_record_equal(const struct dns_record *a, const struct dns_record *b); /* but for the TTL */

/* An update: the changes of one zone, in their order. RFC 2136 2.5.1: adds to an RRset; 2.5.4: deletes one record
 * of an RRset. Names in the zone share the zone's. */
struct dns_change {
    const struct dns_record *record; /* borrowed */
    bool add;                        /* false: delete */
};

/* The message, without a signature. Its length, or -ENOSPC. */
int dns_update_write(uint16_t id, const struct dns_name *zone, const struct dns_change *changes, size_t count,
                     uint8_t *bytes, size_t size);

struct dns_key {
    struct dns_name name;
    uint8_t secret[DNS_SECRET_BYTES];
    size_t secret_length;
};

/* Signs a message of `length` bytes with HMAC-SHA-256 at `time_s` (seconds since 1970): the TSIG is put behind it.
 * `mac` is what the answer is checked against. The new length, or -ENOSPC. */
int dns_sign(uint8_t *bytes, size_t length, size_t size, const struct dns_key *key, uint64_t time_s,
             uint8_t mac[static HMAC_BYTES]);

struct dns_answer {
    uint16_t id;
    bool truncated;
    uint8_t rcode;
    bool has_zone; /* a question came back, the zone */
    struct dns_name zone;
    bool is_signed; /* there is a TSIG, perhaps with an empty signature */
    uint16_t tsig_error;
    uint64_t server_time_s; /* BADTIME: the server's clock; else 0 */
};

/* Reads the answer to an update. 0; -EBADMSG: no DNS message, no answer, of another opcode, bytes left over, more
 * than one question, a TSIG that is not the last. */
int dns_answer_read(const uint8_t *bytes, size_t length, struct dns_answer *answer);

/* True where an answer that dns_answer_read() took is signed with `key`, for the request whose signature was
 * `request_mac`, and its time is that of `now_s` give or take its fudge (RFC 8945 5.4). */
bool dns_answer_is_authentic(const uint8_t *bytes, size_t length, const struct dns_key *key,
                             const uint8_t request_mac[static HMAC_BYTES], uint64_t now_s);

#endif
