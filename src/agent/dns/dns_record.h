/* dns_record.h: DNS records of services, as text.
 * In: names, ports, addresses. Out: a record whose text is safe in the script for nsupdate. Called by: service_records,
 * dns_publisher, dns_journal, nsupdate. Never: publishes. */
#ifndef PEARPD_AGENT_DNS_RECORD_H
#define PEARPD_AGENT_DNS_RECORD_H

#include "pearpd/addr.h"
#include "pearpd/dns_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_ALPN_TEXT_BYTES 64
#define DNS_DATA_BYTES      384 /* of the longest SVCB record, and a NUL */

enum dns_type { DNS_TYPE_A, DNS_TYPE_SRV, DNS_TYPE_SVCB, DNS_TYPE_HTTPS };

/* A record of class IN. */
struct dns_record {
    struct dns_name name;
    enum dns_type type;
    uint32_t ttl_s;
    char data[DNS_DATA_BYTES]; /* in presentation format (RFC 1035 5.1), on one line, without escapes */
};

/* RFC 1035 3.4.1, RFC 2782, RFC 9460 2.1. */
void dns_record_a(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, struct ipv4 address);
void dns_record_srv(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, uint16_t priority,
                    uint16_t weight, uint16_t port, const struct dns_name *target);
/* `type` is SVCB or HTTPS; `alpn` is one that dns_alpn_is_valid(), or "": no such parameter. */
void dns_record_svcb(struct dns_record *record, enum dns_type type, const struct dns_name *name, uint32_t ttl_s,
                     uint16_t priority, uint16_t port, const char *alpn, const struct dns_name *target);

/* True for names of protocols (RFC 7301) separated by commas, perhaps with spaces: letters, digits and ./_+:-, of
 * DNS_ALPN_TEXT_BYTES at most. */
bool dns_alpn_is_valid(const char *alpn);

/* "SRV", ... */
const char *dns_type_name(enum dns_type type);
bool dns_type_parse(const char *text, enum dns_type *type);

/* True for text that may be the data of a record above: it has nothing that ends a line, a comment or a string. */
bool dns_data_is_valid(const char *text);

bool dns_record_equal(const struct dns_record *a, const struct dns_record *b); /* but for the TTL */

#endif
