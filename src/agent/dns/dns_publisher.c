/* dns_publisher.c: see dns_publisher.h. */
#include "dns_publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_IN_S        UINT64_C(1000000000)
#define NEVER_NS       UINT64_MAX
#define SENDS_MOST     3
#define BACK_OFF_MAX_S 300
#define SPREAD_PART    10 /* a refresh comes up to a tenth of its time early */

/* What the server has, as far as is known. */
enum standing { STANDING_ABSENT, STANDING_UNKNOWN, STANDING_PRESENT };

struct entry {
    struct dns_record record;
    unsigned zone;
    enum standing standing;
    bool wanted, stays;
    bool is_in_update, added; /* by the update under way */
};

struct zone {
    struct dns_name name;
    uint64_t due_ns;     /* the next update; NEVER_NS: none */
    uint32_t back_off_s; /* after the next failure */
    bool told;           /* the zone's state, since it last changed */
    struct dns_error last;
    /* The update under way; sends == 0: none. */
    unsigned sends, copies; /* copies: that left; a stream has one send alone */
    bool stream;
    uint16_t id;
    uint64_t signed_s, resend_ns;
    uint8_t mac[HMAC_BYTES];
    struct dns_error noted; /* by answers that do not count */
};

struct dns_publisher {
    struct dns_key key;
    uint32_t refresh_s;
    uint8_t seed[HASH_KEY_BYTES];
    uint64_t random_count;
    struct zone zones[DNS_ZONES_MAX];
    unsigned zone_count;
    struct entry entries[DNS_RECORDS_MAX];
    unsigned entry_count;
    uint8_t message[DNS_MESSAGE_BYTES];
};

static uint64_t next_random(struct dns_publisher *p)
{
    p->random_count++;
    return hash_bytes(p->seed, &p->random_count, sizeof(p->random_count));
}

struct dns_publisher *dns_publisher_new(const struct dns_key *key, uint32_t refresh_s,
                                        const uint8_t seed[static HASH_KEY_BYTES])
{
    struct dns_publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->key = *key;
    p->refresh_s = refresh_s;
    memcpy(p->seed, seed, sizeof(p->seed));
    return p;
}

void dns_publisher_free(struct dns_publisher *publisher)
{
    free(publisher);
}

/* Records. */

static int zone_number(struct dns_publisher *p, const struct dns_name *name)
{
    for (unsigned i = 0; i < p->zone_count; i++)
        if (dns_name_equal(&p->zones[i].name, name))
            return (int)i;
    if (p->zone_count == DNS_ZONES_MAX)
        return -ENOSPC;
    p->zones[p->zone_count] = (struct zone){.name = *name, .due_ns = NEVER_NS, .back_off_s = 1};
    return (int)p->zone_count++;
}

/* Nobody wants it, and it does not stand: its place may be another's. */
static bool is_idle(const struct entry *entry)
{
    return !entry->wanted && !entry->is_in_update && (entry->stays || entry->standing == STANDING_ABSENT);
}

int dns_publisher_add(struct dns_publisher *publisher, const struct dns_name *zone,
                      const struct dns_record *record, bool stays)
{
    const int number = zone_number(publisher, zone);
    if (number < 0)
        return number;
    for (unsigned i = 0; i < publisher->entry_count; i++) {
        struct entry *entry = &publisher->entries[i];
        if (entry->zone == (unsigned)number && dns_record_equal(&entry->record, record))
            return (int)i;
    }
    unsigned place = publisher->entry_count;
    if (place == DNS_RECORDS_MAX) {
        place = 0;
        while (place < DNS_RECORDS_MAX && !is_idle(&publisher->entries[place]))
            place++;
        if (place == DNS_RECORDS_MAX)
            return -ENOSPC;
    } else {
        publisher->entry_count++;
    }
    publisher->entries[place] = (struct entry){.record = *record, .zone = (unsigned)number, .stays = stays};
    return (int)place;
}

int dns_publisher_add_left(struct dns_publisher *publisher, const struct dns_name *zone,
                           const struct dns_record *record)
{
    const unsigned before = publisher->entry_count;
    const int number = dns_publisher_add(publisher, zone, record, false);
    if (number < 0)
        return number;
    struct entry *entry = &publisher->entries[number];
    if ((unsigned)number == before) { /* nobody else's */
        entry->standing = STANDING_UNKNOWN;
        publisher->zones[entry->zone].due_ns = 0;
    }
    return number;
}

static bool is_to_go(const struct entry *entry)
{
    return !entry->wanted && !entry->stays && entry->standing != STANDING_ABSENT;
}

static bool is_settled(const struct entry *entry)
{
    return entry->wanted ? entry->standing == STANDING_PRESENT : !is_to_go(entry);
}

/* Whether everything of a zone is as it is wanted; *present: how many records of ours that are wanted stand. */
static bool zone_is_settled(const struct dns_publisher *p, unsigned zone, unsigned *present)
{
    bool settled = true;
    *present = 0;
    for (unsigned i = 0; i < p->entry_count; i++) {
        const struct entry *entry = &p->entries[i];
        if (entry->zone != zone)
            continue;
        settled = settled && is_settled(entry);
        *present += entry->wanted && entry->standing == STANDING_PRESENT;
    }
    return settled;
}

bool dns_publisher_is_settled(const struct dns_publisher *publisher)
{
    unsigned present;
    for (unsigned i = 0; i < publisher->zone_count; i++)
        if (publisher->zones[i].sends > 0 || !zone_is_settled(publisher, i, &present))
            return false;
    return true;
}

int dns_publisher_standing(const struct dns_publisher *publisher, unsigned from, const struct dns_name **zone,
                           const struct dns_record **record)
{
    for (unsigned i = from; i < publisher->entry_count; i++) {
        const struct entry *entry = &publisher->entries[i];
        if (entry->stays || (entry->standing == STANDING_ABSENT && !entry->wanted))
            continue;
        *zone = &publisher->zones[entry->zone].name;
        *record = &entry->record;
        return (int)i;
    }
    return -1;
}

/* Ends the update under way. What it has done is not known, unless the server said that it was not made. */
static void update_forget(struct dns_publisher *p, unsigned number, bool unmade)
{
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != number || !entry->is_in_update)
            continue;
        entry->is_in_update = false;
        const enum standing after = entry->added ? STANDING_PRESENT : STANDING_ABSENT;
        if (!unmade && entry->standing != after)
            entry->standing = STANDING_UNKNOWN;
    }
    p->zones[number].sends = 0;
}

void dns_publisher_want(struct dns_publisher *publisher, unsigned number, bool wanted)
{
    struct entry *entry = &publisher->entries[number];
    struct zone *zone = &publisher->zones[entry->zone];
    if (entry->wanted == wanted)
        return;
    entry->wanted = wanted;
    update_forget(publisher, entry->zone, false);
    zone->told = false;
    zone->back_off_s = 1;
    zone->due_ns = 0;
}

enum dns_state dns_publisher_state(const struct dns_publisher *publisher, unsigned number)
{
    const struct entry *entry = &publisher->entries[number];
    if (publisher->zones[entry->zone].last.kind != DNS_ERROR_NONE)
        return DNS_STATE_FAILED;
    return entry->wanted && entry->standing == STANDING_PRESENT ? DNS_STATE_PUBLISHED : DNS_STATE_WAITING;
}

void dns_publisher_withdraw(struct dns_publisher *publisher)
{
    for (unsigned i = 0; i < publisher->entry_count; i++)
        dns_publisher_want(publisher, i, false);
}

void dns_publisher_hurry(struct dns_publisher *publisher)
{
    for (unsigned i = 0; i < publisher->zone_count; i++) {
        struct zone *zone = &publisher->zones[i];
        if (zone->sends > 0 || zone->due_ns == NEVER_NS)
            continue;
        zone->back_off_s = 1;
        zone->due_ns = 0;
    }
}

/* Updates. */

/* All that has to be said about a zone: what goes, then what is to stand. */
static size_t collect(struct dns_publisher *p, unsigned zone, struct dns_change changes[static DNS_RECORDS_MAX])
{
    size_t count = 0;
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != zone || !is_to_go(entry))
            continue;
        entry->is_in_update = true;
        entry->added = false;
        changes[count++] = (struct dns_change){&entry->record, false};
    }
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != zone || !entry->wanted)
            continue;
        entry->is_in_update = entry->added = true;
        changes[count++] = (struct dns_change){&entry->record, true};
    }
    return count;
}

static void tell(const struct zone *zone, const struct dns_publisher_out *out, struct dns_event event)
{
    event.zone = &zone->name;
    out->event(out->context, &event);
}

/* `unmade`: the server itself said so. */
static void fail(struct dns_publisher *p, struct dns_time time, unsigned number, struct dns_error trouble,
                 bool unmade, const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    update_forget(p, number, unmade);
    out->end(out->context, number);
    zone->due_ns = time.now_ns + zone->back_off_s * NS_IN_S;
    zone->back_off_s = zone->back_off_s * 2 > BACK_OFF_MAX_S ? BACK_OFF_MAX_S : zone->back_off_s * 2;
    zone->told = false;
    const bool again = trouble.kind == zone->last.kind && trouble.rcode == zone->last.rcode &&
                       trouble.error == zone->last.error;
    zone->last = trouble;
    if (!again)
        tell(zone, out, (struct dns_event){.kind = DNS_FAILED, .trouble = trouble});
}

/* The same bytes each time: the same records, id and time of signing. */
static void send_update(struct dns_publisher *p, struct dns_time time, unsigned number,
                        const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    struct dns_change changes[DNS_RECORDS_MAX];
    const size_t count = collect(p, number, changes);
    int length = dns_update_write(zone->id, &zone->name, changes, count, p->message, sizeof(p->message));
    if (length > 0)
        length = dns_sign(p->message, (size_t)length, sizeof(p->message), &p->key, zone->signed_s, zone->mac);
    int error = length;
    if (length > 0) {
        zone->stream = zone->stream || length > DNS_DATAGRAM_BYTES;
        zone->resend_ns = time.now_ns + (zone->stream ? SENDS_MOST : 1) * NS_IN_S;
        zone->sends = zone->stream ? SENDS_MOST : zone->sends + 1;
        zone->copies++;
        error = out->send(out->context, number, p->message, (size_t)length, zone->stream);
    }
    if (error < 0)
        fail(p, time, number, (struct dns_error){.kind = DNS_ERROR_UNREACHABLE, .error = error}, false, out);
}

static void begin_update(struct dns_publisher *p, struct dns_time time, unsigned number,
                         const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    bool some = false;
    for (unsigned i = 0; i < p->entry_count; i++)
        some = some || (p->entries[i].zone == number && (p->entries[i].wanted || is_to_go(&p->entries[i])));
    zone->due_ns = NEVER_NS;
    if (!some)
        return;
    out->end(out->context, number); /* of an update that was given up */
    zone->id = (uint16_t)next_random(p);
    zone->signed_s = time.wall_s;
    zone->stream = false;
    zone->sends = zone->copies = 0;
    zone->noted = (struct dns_error){.kind = DNS_ERROR_SILENT};
    send_update(p, time, number, out);
}

static void succeed(struct dns_publisher *p, struct dns_time time, unsigned number,
                    const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != number || !entry->is_in_update)
            continue;
        entry->is_in_update = false;
        entry->standing = entry->added ? STANDING_PRESENT : STANDING_ABSENT;
    }
    zone->sends = 0;
    zone->back_off_s = 1;
    zone->last = (struct dns_error){.kind = DNS_ERROR_NONE};
    out->end(out->context, number);
    unsigned present;
    (void)zone_is_settled(p, number, &present);
    const uint64_t refresh_ns = p->refresh_s * NS_IN_S;
    zone->due_ns =
        present == 0 ? NEVER_NS : time.now_ns + refresh_ns - next_random(p) % (refresh_ns / SPREAD_PART + 1);
    if (zone->told)
        return;
    zone->told = true;
    tell(zone, out,
         (struct dns_event){.kind = present > 0 ? DNS_PUBLISHED : DNS_WITHDRAWN, .records = present});
}

/* Answers. */

static void ignore(struct zone *zone, const struct dns_publisher_out *out, const char *why,
                   struct dns_error trouble)
{
    if (trouble.kind != DNS_ERROR_NONE)
        zone->noted = trouble;
    tell(zone, out, (struct dns_event){.kind = DNS_IGNORED, .why = why});
}

static struct dns_error refusal(const struct dns_answer *answer)
{
    return (struct dns_error){.kind = DNS_ERROR_REFUSED,
                              .rcode = answer->tsig_error != 0 ? answer->tsig_error : answer->rcode,
                              .server_time_s = answer->server_time_s};
}

void dns_publisher_answer(struct dns_publisher *publisher, struct dns_time time, unsigned number,
                          const uint8_t *bytes, size_t length, const struct dns_publisher_out *out)
{
    struct zone *zone = &publisher->zones[number];
    const struct dns_error none = {.kind = DNS_ERROR_NONE};
    struct dns_answer answer;
    if (number >= publisher->zone_count || zone->sends == 0)
        return;
    if (dns_answer_read(bytes, length, &answer) != 0) {
        ignore(zone, out, "not an answer to an update", none);
        return;
    }
    if (answer.id != zone->id) {
        ignore(zone, out, "of another id", none);
        return;
    }
    if (answer.has_zone && !dns_name_equal(&answer.zone, &zone->name)) {
        ignore(zone, out, "of another zone", none);
        return;
    }
    if (answer.truncated && !zone->stream) {
        zone->stream = true;
        send_update(publisher, time, number, out);
        return;
    }
    if (!dns_answer_is_authentic(bytes, length, &publisher->key, zone->mac, time.wall_s)) {
        const bool refused = answer.rcode != DNS_NOERROR;
        const enum dns_error_kind kind = answer.is_signed ? DNS_ERROR_FORGED : DNS_ERROR_UNSIGNED;
        ignore(zone, out, "not signed with the key, or out of its time",
               refused ? refusal(&answer) : (struct dns_error){.kind = kind});
        return;
    }
    if (answer.rcode != DNS_NOERROR || answer.tsig_error != DNS_NOERROR)
        /* An earlier copy may have been taken all the same. */
        fail(publisher, time, number, refusal(&answer), zone->copies == 1, out);
    else
        succeed(publisher, time, number, out);
}

void dns_publisher_unreachable(struct dns_publisher *publisher, struct dns_time time, unsigned number,
                               int error, const struct dns_publisher_out *out)
{
    if (number >= publisher->zone_count || publisher->zones[number].sends == 0)
        return;
    fail(publisher, time, number, (struct dns_error){.kind = DNS_ERROR_UNREACHABLE, .error = error}, false,
         out);
}

uint64_t dns_publisher_tick(struct dns_publisher *publisher, struct dns_time time,
                            const struct dns_publisher_out *out)
{
    uint64_t next_ns = NEVER_NS;
    for (unsigned i = 0; i < publisher->zone_count; i++) {
        struct zone *zone = &publisher->zones[i];
        if (zone->sends == 0 && time.now_ns >= zone->due_ns)
            begin_update(publisher, time, i, out);
        else if (zone->sends > 0 && time.now_ns >= zone->resend_ns) {
            if (zone->sends < SENDS_MOST)
                send_update(publisher, time, i, out);
            else
                fail(publisher, time, i, zone->noted, false, out);
        }
        const uint64_t zone_ns = zone->sends > 0 ? zone->resend_ns : zone->due_ns;
        next_ns = zone_ns < next_ns ? zone_ns : next_ns;
    }
    return next_ns;
}
