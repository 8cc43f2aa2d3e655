/* dns_answer.h: answers to updates of the DNS as a server makes them, signed (RFC 8945 5.3). Included by: tests, fuzzing. */
#ifndef PEARPD_TESTS_DNS_ANSWER_H
#define PEARPD_TESTS_DNS_ANSWER_H

#include "pearpd/cursor.h"
#include "pearpd/dns_message.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MOST 1024

struct answer_wish {
    uint16_t id, original_id; /* of the header, of the TSIG */
    uint16_t flags, questions, error;
    const char *zone; /* NULL: example.net */
    const char *other;
    size_t other_length;
    uint64_t time_s;
    bool is_unsigned, is_forged;
};

static inline struct dns_name answer_name(const char *text)
{
    struct dns_name name;
    if (dns_name_parse(text, &name) != 0)
        abort();
    return name;
}

static inline void answer_time(struct wr *w, const struct answer_wish *wish)
{
    wr_u16(w, (uint16_t)(wish->time_s >> 32));
    wr_u32(w, (uint32_t)wish->time_s);
    wr_u16(w, DNS_TSIG_FUDGE_S);
}

static inline void answer_end(struct wr *w, const struct answer_wish *wish)
{
    wr_u16(w, wish->error);
    wr_u16(w, (uint16_t)wish->other_length);
    wr_bytes(w, wish->other, wish->other_length);
}

static inline void answer_head(struct wr *w, const struct answer_wish *wish, uint16_t id)
{
    const struct dns_name zone = answer_name(wish->zone == NULL ? "example.net" : wish->zone);
    wr_u16(w, id);
    wr_u16(w, wish->flags);
    wr_u16(w, wish->questions);
    wr_u32(w, 0);
    wr_u16(w, 0);
    for (unsigned i = 0; i < wish->questions; i++) {
        wr_dns_name(w, &zone);
        wr_u32(w, DNS_TYPE_SOA << 16 | 1);
    }
}

/* Its length. */
static inline size_t answer_make(const struct answer_wish *wish, const struct dns_key *key,
                                 const uint8_t request_mac[static HMAC_BYTES],
                                 uint8_t bytes[static ANSWER_BYTES_MOST])
{
    const struct dns_name algorithm = answer_name("hmac-sha256");
    uint8_t covered[2 * ANSWER_BYTES_MOST], mac[HMAC_BYTES];
    struct wr w = wr_into(bytes, ANSWER_BYTES_MOST), c = wr_into(covered, sizeof(covered));
    answer_head(&w, wish, wish->id);
    if (wish->is_unsigned)
        return wr_length(&w);
    wr_u16(&c, HMAC_BYTES);
    wr_bytes(&c, request_mac, HMAC_BYTES);
    answer_head(&c, wish, wish->original_id);
    wr_dns_name(&c, &key->name);
    wr_u16(&c, 255);
    wr_u32(&c, 0);
    wr_dns_name(&c, &algorithm);
    answer_time(&c, wish);
    answer_end(&c, wish);
    hmac_sha256_keyed(key->secret, key->secret_length, covered, wr_length(&c), mac);
    mac[3] ^= wish->is_forged;
    wr_dns_name(&w, &key->name);
    wr_u16(&w, DNS_TYPE_TSIG);
    wr_u16(&w, 255);
    wr_u32(&w, 0);
    wr_u16(&w, (uint16_t)(algorithm.length + 16U + HMAC_BYTES + wish->other_length));
    wr_dns_name(&w, &algorithm);
    answer_time(&w, wish);
    wr_u16(&w, HMAC_BYTES);
    wr_bytes(&w, mac, HMAC_BYTES);
    wr_u16(&w, wish->original_id);
    answer_end(&w, wish);
    if (w.failed || c.failed)
        abort();
    bytes[11] = 1;
    return wr_length(&w);
}

/* The signature of a request whose TSIG is its last record, without other data. */
static inline const uint8_t *request_mac_of(const uint8_t *request, size_t length)
{
    return request + length - 6 - HMAC_BYTES;
}

#endif
