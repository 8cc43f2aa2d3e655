/* dns_publisher.c: see dns_publisher.h. */
#include "dns_publisher.h"

#include "pearpd/time_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BACK_OFF_MAX_S 300
#define SPREAD_PART    10 /* a refresh comes up to a tenth of its time early */

/* Whether the server has it, as far as is known. */
enum presence { ABSENT, UNKNOWN, PRESENT };

struct entry {
    struct dns_record record;
    unsigned zone;
    enum presence presence, before; /* before: the update under way */
    bool wanted, stays;
    bool is_in_update, added; /* by the update under way */
};

struct zone {
    struct dns_name name;
    uint64_t due_ns;       /* the next update; NEVER_NS: none */
    uint32_t back_off_s;   /* after the next failure */
    bool updating;         /* an update is under way */
    bool is_reported;      /* its state, since that last changed */
    struct dns_error last; /* of the last update */
};

struct dns_publisher {
    uint32_t refresh_s;
    uint8_t seed[HASH_KEY_BYTES];
    uint64_t random_count;
    struct zone zones[DNS_ZONES_MAX];
    unsigned zone_count;
    struct entry entries[DNS_RECORDS_MAX];
    unsigned entry_count;
};

static uint64_t next_random(struct dns_publisher *p)
{
    p->random_count++;
    return hash_bytes(p->seed, &p->random_count, sizeof(p->random_count));
}

struct dns_publisher *dns_publisher_new(uint32_t refresh_s, const uint8_t seed[static HASH_KEY_BYTES])
{
    struct dns_publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
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

/* It is neither wanted nor published: another may have its place. */
static bool is_idle(const struct entry *entry)
{
    return !entry->wanted && !entry->is_in_update && (entry->stays || entry->presence == ABSENT);
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

int dns_publisher_add_stale(struct dns_publisher *publisher, const struct dns_name *zone,
                            const struct dns_record *record)
{
    const unsigned before = publisher->entry_count;
    const int number = dns_publisher_add(publisher, zone, record, false);
    if (number < 0)
        return number;
    struct entry *entry = &publisher->entries[number];
    if ((unsigned)number == before) { /* no other record's place */
        entry->presence = UNKNOWN;
        publisher->zones[entry->zone].due_ns = 0;
    }
    return number;
}

static bool is_to_go(const struct entry *entry)
{
    return !entry->wanted && !entry->stays && entry->presence != ABSENT;
}

static bool is_as_wanted(const struct entry *entry)
{
    return entry->wanted ? entry->presence == PRESENT : !is_to_go(entry);
}

/* Whether all of a zone is as it is wanted; *present: how many wanted records of ours are there. */
static bool zone_is_complete(const struct dns_publisher *p, unsigned zone, unsigned *present)
{
    bool complete = true;
    *present = 0;
    for (unsigned i = 0; i < p->entry_count; i++) {
        const struct entry *entry = &p->entries[i];
        if (entry->zone != zone)
            continue;
        complete = complete && is_as_wanted(entry);
        *present += entry->wanted && entry->presence == PRESENT;
    }
    return complete;
}

bool dns_publisher_is_complete(const struct dns_publisher *publisher)
{
    unsigned present;
    for (unsigned i = 0; i < publisher->zone_count; i++)
        if (publisher->zones[i].updating || !zone_is_complete(publisher, i, &present))
            return false;
    return true;
}

int dns_publisher_next(const struct dns_publisher *publisher, unsigned from, const struct dns_name **zone,
                       const struct dns_record **record)
{
    for (unsigned i = from; i < publisher->entry_count; i++) {
        const struct entry *entry = &publisher->entries[i];
        if (entry->stays || (entry->presence == ABSENT && !entry->wanted))
            continue;
        *zone = &publisher->zones[entry->zone].name;
        *record = &entry->record;
        return (int)i;
    }
    return -1;
}

void dns_publisher_want(struct dns_publisher *publisher, unsigned number, bool wanted)
{
    struct entry *entry = &publisher->entries[number];
    struct zone *zone = &publisher->zones[entry->zone];
    if (entry->wanted == wanted)
        return;
    entry->wanted = wanted;
    zone->is_reported = false;
    zone->back_off_s = 1;
    zone->due_ns = 0;
}

enum dns_state dns_publisher_state(const struct dns_publisher *publisher, unsigned number)
{
    const struct entry *entry = &publisher->entries[number];
    if (publisher->zones[entry->zone].last.kind != DNS_ERROR_NONE)
        return DNS_STATE_FAILED;
    return entry->wanted && entry->presence == PRESENT ? DNS_STATE_PUBLISHED : DNS_STATE_WAITING;
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
        if (zone->updating || zone->due_ns == NEVER_NS)
            continue;
        zone->back_off_s = 1;
        zone->due_ns = 0;
    }
}

/* Updates. */

static void collect_one(struct entry *entry, bool add, struct dns_change *change)
{
    const enum presence after = add ? PRESENT : ABSENT;
    entry->is_in_update = true;
    entry->added = add;
    entry->before = entry->presence;
    if (entry->presence != after)
        entry->presence = UNKNOWN; /* until the update is over */
    *change = (struct dns_change){&entry->record, add};
}

/* All changes of a zone: what is deleted, then what is added. */
static size_t collect(struct dns_publisher *p, unsigned zone, struct dns_change changes[static DNS_RECORDS_MAX])
{
    size_t count = 0;
    for (unsigned i = 0; i < p->entry_count; i++)
        if (p->entries[i].zone == zone && is_to_go(&p->entries[i]))
            collect_one(&p->entries[i], false, &changes[count++]);
    for (unsigned i = 0; i < p->entry_count; i++)
        if (p->entries[i].zone == zone && p->entries[i].wanted)
            collect_one(&p->entries[i], true, &changes[count++]);
    return count;
}

static void report(const struct zone *zone, const struct dns_publisher_out *out, struct dns_event event)
{
    event.zone = &zone->name;
    out->event(out->context, &event);
}

static bool is_same_error(const struct dns_error *a, const struct dns_error *b)
{
    return a->kind == b->kind && strcmp(a->word, b->word) == 0;
}

static void fail(struct dns_publisher *p, uint64_t now_ns, unsigned number, const struct dns_error *error,
                 const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != number || !entry->is_in_update)
            continue;
        entry->is_in_update = false;
        if (error->is_certain)
            entry->presence = entry->before;
    }
    if (zone->due_ns == NEVER_NS) { /* nothing changed meanwhile */
        zone->due_ns = now_ns + zone->back_off_s * NS_PER_S;
        zone->back_off_s = zone->back_off_s * 2 > BACK_OFF_MAX_S ? BACK_OFF_MAX_S : zone->back_off_s * 2;
    }
    zone->is_reported = false;
    const bool again = is_same_error(&zone->last, error);
    zone->last = *error;
    if (!again)
        report(zone, out, (struct dns_event){.kind = DNS_FAILED, .error = *error});
}

static void succeed(struct dns_publisher *p, uint64_t now_ns, unsigned number,
                    const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    for (unsigned i = 0; i < p->entry_count; i++) {
        struct entry *entry = &p->entries[i];
        if (entry->zone != number || !entry->is_in_update)
            continue;
        entry->is_in_update = false;
        entry->presence = entry->added ? PRESENT : ABSENT;
    }
    zone->back_off_s = 1;
    zone->last = (struct dns_error){.kind = DNS_ERROR_NONE};
    unsigned present;
    if (!zone_is_complete(p, number, &present)) /* it changed meanwhile: the next update is due */
        return;
    const uint64_t refresh_ns = p->refresh_s * NS_PER_S;
    zone->due_ns =
        present == 0 ? NEVER_NS : now_ns + refresh_ns - next_random(p) % (refresh_ns / SPREAD_PART + 1);
    if (zone->is_reported)
        return;
    zone->is_reported = true;
    report(zone, out,
           (struct dns_event){.kind = present > 0 ? DNS_PUBLISHED : DNS_WITHDRAWN, .records = present});
}

void dns_publisher_done(struct dns_publisher *publisher, uint64_t now_ns, unsigned number,
                        const struct dns_error *error, const struct dns_publisher_out *out)
{
    if (number >= publisher->zone_count || !publisher->zones[number].updating)
        return;
    publisher->zones[number].updating = false;
    if (error->kind == DNS_ERROR_NONE)
        succeed(publisher, now_ns, number, out);
    else
        fail(publisher, now_ns, number, error, out);
}

static void begin_update(struct dns_publisher *p, uint64_t now_ns, unsigned number,
                         const struct dns_publisher_out *out)
{
    struct zone *zone = &p->zones[number];
    struct dns_change changes[DNS_RECORDS_MAX];
    struct dns_error error = {.kind = DNS_ERROR_NONE};
    const size_t count = collect(p, number, changes);
    zone->due_ns = NEVER_NS;
    if (count == 0)
        return;
    zone->updating = true;
    if (!out->update(out->context, number, &zone->name, changes, count, &error))
        dns_publisher_done(p, now_ns, number, &error, out);
}

uint64_t dns_publisher_tick(struct dns_publisher *publisher, uint64_t now_ns,
                            const struct dns_publisher_out *out)
{
    uint64_t next_ns = NEVER_NS;
    for (unsigned i = 0; i < publisher->zone_count; i++) {
        struct zone *zone = &publisher->zones[i];
        if (!zone->updating && now_ns >= zone->due_ns)
            begin_update(publisher, now_ns, i, out);
        if (!zone->updating && zone->due_ns < next_ns)
            next_ns = zone->due_ns;
    }
    return next_ns;
}
