/* dns_message.c: see dns_message.h.
 *
 * A TSIG (RFC 8945 4.2): name of the key, type, class ANY, TTL 0, length; name of the algorithm, time (48 bits),
 * fudge, length of the signature, signature, original id, error, length of other data, other data. */
#include "pearpd/dns_message.h"

#include "pearpd/cursor.h"

#include <errno.h>
#include <string.h>

#define CLASS_IN        1
#define CLASS_NONE      254
#define CLASS_ANY       255
#define OPCODE_UPDATE   5
#define FLAG_ANSWER     0x8000U
#define FLAG_TRUNCATED  0x0200U
#define OPCODE_SHIFT    11
#define OPCODE_MASK     15U
#define RCODE_MASK      15U
#define HEADER_BYTES    12
#define ARCOUNT_OFFSET  10
#define ZONE_POINTER    0xc00cU /* the zone's name stands behind the header */
#define PARAMETER_ALPN  1
#define PARAMETER_PORT  3
#define TIME_BYTES      6
#define VARIABLES_BYTES (2 * DNS_NAME_BYTES + 64)

static const struct dns_name hmac_sha256_name = {.length = 13, .bytes = "\x0bhmac-sha256"};

const char *dns_rcode_name(unsigned rcode)
{
    static const char *const names[] = {
        [DNS_NOERROR] = "NOERROR",   [DNS_FORMERR] = "FORMERR", [DNS_SERVFAIL] = "SERVFAIL",
        [DNS_NXDOMAIN] = "NXDOMAIN", [DNS_NOTIMP] = "NOTIMP",   [DNS_REFUSED] = "REFUSED",
        [DNS_YXDOMAIN] = "YXDOMAIN", [DNS_YXRRSET] = "YXRRSET", [DNS_NXRRSET] = "NXRRSET",
        [DNS_NOTAUTH] = "NOTAUTH",   [DNS_NOTZONE] = "NOTZONE", [DNS_BADSIG] = "BADSIG",
        [DNS_BADKEY] = "BADKEY",     [DNS_BADTIME] = "BADTIME",
    };
    return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : NULL;
}

/* Records. */

static struct wr begin_record(struct dns_record *record, const struct dns_name *name, enum dns_type type,
                              uint32_t ttl_s)
{
    *record = (struct dns_record){.name = *name, .type = type, .ttl_s = ttl_s};
    return wr_into(record->rdata, sizeof(record->rdata));
}

static void end_record(struct dns_record *record, const struct wr *w)
{
    record->rdata_length = (uint16_t)wr_length(w);
}

void dns_record_a(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, struct ipv4 address)
{
    struct wr w = begin_record(record, name, DNS_TYPE_A, ttl_s);
    wr_ipv4(&w, address);
    end_record(record, &w);
}

void dns_record_srv(struct dns_record *record, const struct dns_name *name, uint32_t ttl_s, uint16_t priority,
                    uint16_t weight, uint16_t port, const struct dns_name *target)
{
    struct wr w = begin_record(record, name, DNS_TYPE_SRV, ttl_s);
    wr_u16(&w, priority);
    wr_u16(&w, weight);
    wr_u16(&w, port);
    wr_dns_name(&w, target);
    end_record(record, &w);
}

/* The value of alpn: each name with its length. False: an empty name, or too much of them. */
static bool wr_alpn(struct wr *w, const char *alpn)
{
    const size_t length = strlen(alpn);
    if (length > DNS_ALPN_TEXT_BYTES)
        return false;
    wr_u16(w, PARAMETER_ALPN);
    struct wr at = *w;
    wr_u16(w, 0);
    const size_t before = wr_length(w);
    for (const char *name = alpn;; name++) {
        name += strspn(name, " ");
        const size_t name_length = strcspn(name, ", ");
        if (name_length == 0)
            return false;
        wr_u8(w, (uint8_t)name_length);
        wr_bytes(w, name, name_length);
        name += name_length;
        name += strspn(name, " ");
        if (*name == '\0')
            break;
        if (*name != ',')
            return false;
    }
    wr_u16(&at, (uint16_t)(wr_length(w) - before));
    return true;
}

int dns_record_svcb(struct dns_record *record, enum dns_type type, const struct dns_name *name, uint32_t ttl_s,
                    uint16_t priority, uint16_t port, const char *alpn, const struct dns_name *target)
{
    struct wr w = begin_record(record, name, type, ttl_s);
    wr_u16(&w, priority);
    wr_dns_name(&w, target);
    if (alpn != NULL && alpn[0] != '\0' && !wr_alpn(&w, alpn))
        return -EINVAL;
    wr_u16(&w, PARAMETER_PORT);
    wr_u16(&w, sizeof(port));
    wr_u16(&w, port);
    end_record(record, &w);
    return w.failed ? -EINVAL : 0;
}

bool dns_record_equal(const struct dns_record *a, const struct dns_record *b)
{
    return a->type == b->type && dns_name_equal(&a->name, &b->name) && a->rdata_length == b->rdata_length &&
           memcmp(a->rdata, b->rdata, a->rdata_length) == 0;
}

/* Updates. */

static void wr_name_in_zone(struct wr *w, const struct dns_name *name, const struct dns_name *zone)
{
    if (!dns_name_in(name, zone)) {
        wr_dns_name(w, name);
        return;
    }
    wr_bytes(w, name->bytes, (size_t)(name->length - zone->length));
    wr_u16(w, ZONE_POINTER);
}

static void wr_change(struct wr *w, const struct dns_change *change, const struct dns_name *zone)
{
    const struct dns_record *r = change->record;
    wr_name_in_zone(w, &r->name, zone);
    wr_u16(w, (uint16_t)r->type);
    wr_u16(w, change->add ? CLASS_IN : CLASS_NONE);
    wr_u32(w, change->add ? r->ttl_s : 0);
    wr_u16(w, r->rdata_length);
    wr_bytes(w, r->rdata, r->rdata_length);
}

int dns_update_write(uint16_t id, const struct dns_name *zone, const struct dns_change *changes, size_t count,
                     uint8_t *bytes, size_t size)
{
    struct wr w = wr_into(bytes, size < DNS_MESSAGE_BYTES ? size : DNS_MESSAGE_BYTES);
    wr_u16(&w, id);
    wr_u16(&w, OPCODE_UPDATE << OPCODE_SHIFT);
    wr_u16(&w, 1); /* zone */
    wr_u16(&w, 0); /* no prerequisites */
    wr_u16(&w, (uint16_t)count);
    wr_u16(&w, 0); /* no additional data yet */
    wr_dns_name(&w, zone);
    wr_u16(&w, DNS_TYPE_SOA);
    wr_u16(&w, CLASS_IN);
    for (size_t i = 0; i < count; i++)
        wr_change(&w, &changes[i], zone);
    return w.failed ? -ENOSPC : (int)wr_length(&w);
}

/* Signatures. */

struct tsig {
    struct dns_name key, algorithm;
    uint16_t record_class;
    uint32_t ttl_s;
    uint64_t time_s;
    uint16_t fudge_s, mac_length, original_id, error, other_length;
    const uint8_t *mac, *other; /* of the message, borrowed */
    size_t at;                  /* where it begins in the message */
};

static void wr_time(struct wr *w, uint64_t time_s)
{
    wr_u16(w, (uint16_t)(time_s >> 32));
    wr_u32(w, (uint32_t)time_s);
}

static uint64_t rd_time(struct rd *r)
{
    const uint64_t high = rd_u16(r);
    return high << 32 | rd_u32(r);
}

/* RFC 8945 4.3.3. */
static void wr_variables(struct wr *w, const struct tsig *t)
{
    wr_dns_name(w, &t->key);
    wr_u16(w, CLASS_ANY);
    wr_u32(w, 0);
    wr_dns_name(w, &t->algorithm);
    wr_time(w, t->time_s);
    wr_u16(w, t->fudge_s);
    wr_u16(w, t->error);
    wr_u16(w, t->other_length);
    wr_bytes(w, t->other, t->other_length);
}

int dns_sign(uint8_t *bytes, size_t length, size_t size, const struct dns_key *key, uint64_t time_s,
             uint8_t mac[static HMAC_BYTES])
{
    struct tsig t = {
        .key = key->name, .algorithm = hmac_sha256_name, .time_s = time_s, .fudge_s = DNS_TSIG_FUDGE_S};
    struct rd header = rd_over(bytes, length);
    t.original_id = rd_u16(&header);
    /* What is signed is the message and the variables behind it: they stand where the TSIG is written then. */
    struct wr w = wr_into(bytes + length, size - length);
    wr_variables(&w, &t);
    if (w.failed)
        return -ENOSPC;
    hmac_sha256_keyed(key->secret, key->secret_length, bytes, length + wr_length(&w), mac);
    w = wr_into(bytes + length, size - length);
    wr_dns_name(&w, &t.key);
    wr_u16(&w, DNS_TYPE_TSIG);
    wr_u16(&w, CLASS_ANY);
    wr_u32(&w, 0);
    wr_u16(&w, (uint16_t)(t.algorithm.length + TIME_BYTES + 2 + 2 + HMAC_BYTES + 2 + 2 + 2));
    wr_dns_name(&w, &t.algorithm);
    wr_time(&w, t.time_s);
    wr_u16(&w, t.fudge_s);
    wr_u16(&w, HMAC_BYTES);
    wr_bytes(&w, mac, HMAC_BYTES);
    wr_u16(&w, t.original_id);
    wr_u16(&w, t.error);
    wr_u16(&w, 0);
    if (w.failed)
        return -ENOSPC;
    bytes[ARCOUNT_OFFSET + 1]++;
    return (int)(length + wr_length(&w));
}

/* Answers. */

/* The rdata of a TSIG whose name and fixed fields were read. */
static bool rd_tsig(struct rd *rdata, const uint8_t *message, struct tsig *t)
{
    rd_dns_name(rdata, message, &t->algorithm);
    t->time_s = rd_time(rdata);
    t->fudge_s = rd_u16(rdata);
    t->mac_length = rd_u16(rdata);
    t->mac = rd_bytes(rdata, t->mac_length);
    t->original_id = rd_u16(rdata);
    t->error = rd_u16(rdata);
    t->other_length = rd_u16(rdata);
    t->other = rd_bytes(rdata, t->other_length);
    return !rdata->failed && rd_left(rdata) == 0;
}

/* One record; a TSIG is put into *t, and *found says so. */
static bool rd_record(struct rd *r, const uint8_t *message, struct tsig *t, bool *found)
{
    struct tsig read = {.at = (size_t)(r->at - message)};
    rd_dns_name(r, message, &read.key);
    const uint16_t type = rd_u16(r);
    read.record_class = rd_u16(r);
    read.ttl_s = rd_u32(r);
    const uint16_t length = rd_u16(r);
    const uint8_t *at = rd_bytes(r, length);
    *found = type == DNS_TYPE_TSIG;
    if (at == NULL || !*found)
        return !r->failed;
    /* A reader from the message's first byte on, that ends with the record: names in it may point back. */
    struct rd rdata = rd_over(message, (size_t)(at - message) + length);
    rd_skip(&rdata, (size_t)(at - message));
    if (read.record_class != CLASS_ANY || read.ttl_s != 0 || !rd_tsig(&rdata, message, &read))
        return false;
    *t = read;
    return true;
}

/* All of an answer; *t is that of the last record where answer->is_signed. */
static bool rd_answer(struct rd *r, const uint8_t *message, struct dns_answer *answer, struct tsig *t)
{
    answer->id = rd_u16(r);
    const uint16_t flags = rd_u16(r);
    const uint16_t questions = rd_u16(r);
    unsigned records = rd_u16(r);
    records += rd_u16(r);
    const uint16_t additional = rd_u16(r);
    answer->truncated = (flags & FLAG_TRUNCATED) != 0;
    answer->rcode = flags & RCODE_MASK;
    if (r->failed || (flags & FLAG_ANSWER) == 0 || (flags >> OPCODE_SHIFT & OPCODE_MASK) != OPCODE_UPDATE ||
        questions > 1)
        return false;
    if (questions == 1) {
        rd_dns_name(r, message, &answer->zone);
        const uint16_t type = rd_u16(r), class = rd_u16(r);
        if (r->failed || type != DNS_TYPE_SOA || class != CLASS_IN)
            return false;
        answer->has_zone = true;
    }
    for (unsigned i = 0; i < records + additional; i++) {
        bool found;
        if (answer->is_signed || !rd_record(r, message, t, &found) || (found && i < records))
            return false;
        answer->is_signed = found;
    }
    return !r->failed && rd_left(r) == 0;
}

static int read_answer(const uint8_t *bytes, size_t length, struct dns_answer *answer, struct tsig *t)
{
    struct rd r = rd_over(bytes, length);
    *answer = (struct dns_answer){0};
    *t = (struct tsig){0};
    if (length > DNS_ANSWER_BYTES || !rd_answer(&r, bytes, answer, t))
        return -EBADMSG;
    answer->tsig_error = t->error;
    if (t->error == DNS_BADTIME && t->other_length == TIME_BYTES) {
        struct rd other = rd_over(t->other, t->other_length);
        answer->server_time_s = rd_time(&other);
    }
    return 0;
}

int dns_answer_read(const uint8_t *bytes, size_t length, struct dns_answer *answer)
{
    struct tsig t;
    return read_answer(bytes, length, answer, &t);
}

bool dns_answer_is_authentic(const uint8_t *bytes, size_t length, const struct dns_key *key,
                             const uint8_t request_mac[static HMAC_BYTES], uint64_t now_s)
{
    uint8_t covered[2 + HMAC_BYTES + 2 * DNS_ANSWER_BYTES + VARIABLES_BYTES];
    struct dns_answer answer;
    struct tsig t;
    uint8_t mac[HMAC_BYTES];
    if (read_answer(bytes, length, &answer, &t) != 0 || !answer.is_signed || t.mac_length != HMAC_BYTES)
        return false;
    if (!dns_name_equal(&t.key, &key->name) || !dns_name_equal(&t.algorithm, &hmac_sha256_name))
        return false;
    struct wr w = wr_into(covered, sizeof(covered));
    wr_u16(&w, HMAC_BYTES);
    wr_bytes(&w, request_mac, HMAC_BYTES);
    const size_t header = wr_length(&w);
    wr_bytes(&w, bytes, t.at);
    wr_variables(&w, &t);
    if (w.failed)
        return false;
    /* As it was before the TSIG came: with its id, and one record less. */
    struct wr id = wr_into(covered + header, 2), count = wr_into(covered + header + ARCOUNT_OFFSET, 2);
    struct rd additional = rd_over(bytes + ARCOUNT_OFFSET, 2);
    wr_u16(&id, t.original_id);
    wr_u16(&count, (uint16_t)(rd_u16(&additional) - 1));
    hmac_sha256_keyed(key->secret, key->secret_length, covered, wr_length(&w), mac);
    if (!secret_equal(mac, t.mac, HMAC_BYTES))
        return false;
    const uint64_t apart_s = now_s > t.time_s ? now_s - t.time_s : t.time_s - now_s;
    return apart_s <= t.fudge_s;
}
