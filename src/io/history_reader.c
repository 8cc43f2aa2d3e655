/* history_reader.c: see history_reader.h.
 *
 * What is open is kept in a set. A checkpoint says all that was held as a file began: what is open and not in it ended at a
 * time that is not known. */
#include "pearpd/history_reader.h"

#include "pearpd/history_files.h"
#include "pearpd/history_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_PLACES 8192

struct file {
    int fd;
    struct history_head head;
    bool is_readable;
};

struct history_reader {
    struct history_query query;
    const struct history_calls *calls;
    void *context;
    struct history_found found;
    struct history_set *open;
    struct file *files; /* the oldest first */
    unsigned count, at; /* the one that is read */
    uint32_t place;     /* the next of it */
    uint32_t used, filled;
    bool is_begun, is_over, is_set_wanted;
    bool is_checkpoint; /* read at present, and whole so far */
    bool has_name;      /* `pending` waits for its name */
    struct history_record pending;
    char name[HISTORY_NAME_BYTES];
    uint8_t chunk[(size_t)CHUNK_PLACES * HISTORY_PLACE];
};

/* What fits. */

static bool fits(const struct history_reader *r, const struct history_record *record)
{
    const struct history_query *q = &r->query;
    if (q->has_address && record->ports.range.address.host != q->address.host)
        return false;
    if (q->has_mac && !mac_equal(record->mac, q->mac))
        return false;
    if (!q->has_ports)
        return true;
    const struct port_range asked = {.range = {record->ports.range.address, q->first, q->last}};
    return port_range_overlaps(&record->ports, &asked);
}

/* The address of a place, without reading the rest: most places are of another one. */
static bool may_fit(const struct history_reader *r, const uint8_t *place)
{
    const uint32_t host =
        (uint32_t)place[4] << 24 | (uint32_t)place[5] << 16 | (uint32_t)place[6] << 8 | place[7];
    if (r->query.has_address && host != r->query.address.host)
        return false;
    if (r->query.has_mac && memcmp(place + 12, r->query.mac.octets, MAC_BYTES) != 0)
        return false;
    if (!r->query.has_ports || (place[1] & HISTORY_PORT_SET) != 0)
        return true;
    const unsigned first = (unsigned)place[8] << 8 | place[9], last = (unsigned)place[10] << 8 | place[11];
    return first <= r->query.last && last >= r->query.first;
}

/* Holdings. */

static void give_out(const struct history_reader *r, const struct holding *h, uint64_t until_ms,
                     bool is_uncertain, uint32_t ended_by)
{
    const struct history_query *q = &r->query;
    const char *name = h->name == NULL ? "" : h->name;
    if (h->from_ms > q->until_ms || until_ms < q->since_ms || (q->name != NULL && strcmp(q->name, name) != 0))
        return;
    const struct history_entry entry = {
        .ports = h->ports,
        .mac = h->mac,
        .origin = h->origin,
        .name = name,
        .by = h->by,
        .ended_by = ended_by,
        .from_ms = h->from_ms,
        .until_ms = until_ms,
        .is_from_uncertain = h->is_uncertain,
        .is_until_uncertain = is_uncertain,
    };
    r->calls->entry(r->context, &entry);
}

static void close_holding(struct history_reader *r, struct holding *h, uint64_t until_ms, bool is_uncertain,
                          uint32_t ended_by)
{
    give_out(r, h, until_ms, is_uncertain, ended_by);
    history_set_remove(r->open, h);
}

static void open_holding(struct history_reader *r, const struct history_record *record, const char *name)
{
    const struct holding h = {
        .ports = record->ports,
        .mac = record->mac,
        .origin = record->origin,
        .is_uncertain = (record->flags & HISTORY_UNCERTAIN) != 0,
        .by = record->by,
        .from_ms = record->time_ms,
    };
    if (h.from_ms <= r->query.until_ms)
        (void)history_set_add(r->open, &h, name);
}

static void take_begin(struct history_reader *r, const struct history_record *record, const char *name)
{
    struct holding *was = history_set_find(r->open, &record->ports);
    if (was != NULL) /* its end is missing */
        close_holding(r, was, record->time_ms, true, HISTORY_NOBODY);
    open_holding(r, record, name);
}

static void take_held(struct history_reader *r, const struct history_record *record, const char *name)
{
    struct holding *was = history_set_find(r->open, &record->ports);
    if (was != NULL && mac_equal(was->mac, record->mac) && was->from_ms == record->time_ms) {
        was->is_marked = true;
        was->is_uncertain = was->is_uncertain || (record->flags & HISTORY_UNCERTAIN) != 0;
        return;
    }
    if (was != NULL)
        close_holding(r, was, r->files[r->at].head.start_ms, true, HISTORY_NOBODY);
    open_holding(r, record, name);
}

static void take_end(struct history_reader *r, const struct history_record *record)
{
    struct holding *was = history_set_find(r->open, &record->ports);
    if (was != NULL)
        close_holding(r, was, record->time_ms, (record->flags & HISTORY_UNCERTAIN) != 0, record->by);
}

static void sweep(void *context, struct holding *h)
{
    struct history_reader *r = context;
    if (!h->is_marked)
        close_holding(r, h, r->files[r->at].head.start_ms, true, HISTORY_NOBODY);
}

static void take_checked(struct history_reader *r)
{
    if (r->is_checkpoint)
        history_set_walk(r->open, sweep, r);
    r->is_checkpoint = false;
}

/* The clock. */

static void gap(const struct history_reader *r, enum history_gap kind, const struct history_record *record)
{
    if (r->calls->gap != NULL)
        r->calls->gap(r->context, kind, r->found.run_ms, record->other_ms, record->time_ms);
}

static void doubt(void *context, struct holding *h)
{
    const struct history_reader *r = context;
    if (h->from_ms >= r->found.run_ms)
        h->is_uncertain = true;
}

static void take_clock(struct history_reader *r, const struct history_record *record)
{
    gap(r, HISTORY_GAP_CLOCK, record);
    history_set_walk(r->open, doubt, r);
    r->found.run_ms = record->time_ms;
}

static void take_start(struct history_reader *r, const struct history_record *record)
{
    r->found.is_stopped = false;
    if (record->other_ms != 0)
        gap(r, HISTORY_GAP_DOWN, record);
    r->found.run_ms = record->time_ms;
}

/* Places. */

/* What begins late or ended at an uncertain time does not set the time back. */
static void take_time(struct history_reader *r, uint8_t kind, uint64_t time_ms)
{
    r->found.disorder += history_is_disorder(kind, time_ms, r->found.latest_ms);
    if ((kind != HISTORY_BEGIN && kind != HISTORY_END) || time_ms > r->found.latest_ms)
        r->found.latest_ms = time_ms;
    if (time_ms > r->found.seen_ms)
        r->found.seen_ms = time_ms;
}

static void take_record(struct history_reader *r, const struct history_record *record, const char *name)
{
    switch (record->kind) {
    case HISTORY_BEGIN:
        take_begin(r, record, name);
        break;
    case HISTORY_HELD:
        take_held(r, record, name);
        break;
    case HISTORY_END:
        take_end(r, record);
        break;
    case HISTORY_CHECKED:
        take_checked(r);
        break;
    case HISTORY_START:
        take_start(r, record);
        break;
    case HISTORY_STOP:
        r->found.is_stopped = true;
        break;
    case HISTORY_CLOCK:
        take_clock(r, record);
        break;
    case HISTORY_LOST:
        gap(r, HISTORY_GAP_LOST, record);
        break;
    case HISTORY_NAME:
    case HISTORY_ALIVE:
    case HISTORY_SYNC:
    case HISTORY_FLUSH:
    case HISTORY_EVENT:
    case HISTORY_LIMITS:
        break; /* or of a later version: without a meaning for this one */
    }
}

/* The record that waited for the parts of its name. */
static void take_pending(struct history_reader *r)
{
    if (!r->has_name)
        return;
    r->has_name = false;
    take_record(r, &r->pending, r->name);
}

static uint64_t time_at(const uint8_t *place)
{
    uint64_t time_ms = 0;
    for (unsigned i = 18; i < 24; i++)
        time_ms = time_ms << 8 | place[i];
    return time_ms;
}

static void take_place(struct history_reader *r, const uint8_t *place)
{
    struct history_record record;
    const enum history_kind kind = (enum history_kind)history_place_kind(place);
    r->found.places++;
    if (!history_place_is_whole(place, r->files[r->at].head.number, r->place)) {
        take_pending(r);
        r->found.bad++;
        r->is_checkpoint = false;
        return;
    }
    if (kind == HISTORY_NAME) {
        if (r->has_name)
            history_name_read(place, r->name);
        return;
    }
    take_pending(r);
    if (kind != HISTORY_HELD)
        take_time(r, (uint8_t)kind, time_at(place));
    if (history_kind_has_ports(kind) && !may_fit(r, place))
        return;
    if (!history_record_read(place, &record)) {
        r->found.bad++;
        return;
    }
    if (history_kind_has_ports(kind) && !fits(r, &record))
        return;
    r->name[0] = '\0';
    r->pending = record;
    r->has_name = (record.flags & HISTORY_NAMED) != 0;
    if (!r->has_name)
        take_record(r, &record, NULL);
}

/* Files. */

/* The next places of the present file. False: there are none. */
static bool fill(struct history_reader *r)
{
    const ssize_t length =
        pread(r->files[r->at].fd, r->chunk, sizeof(r->chunk), (off_t)((uint64_t)r->place * HISTORY_PLACE));
    r->used = 0;
    r->filled = length > 0 ? (uint32_t)length / HISTORY_PLACE : 0;
    if (r->filled == 0 && length > 0)
        r->found.bad++; /* a part of a place: torn */
    return r->filled > 0;
}

static void file_begin(struct history_reader *r)
{
    const struct history_head *head = &r->files[r->at].head;
    take_pending(r);
    r->place = HISTORY_HEAD / HISTORY_PLACE;
    r->used = r->filled = 0;
    r->is_checkpoint = r->files[r->at].is_readable;
    if (r->is_checkpoint) {
        history_set_unmark(r->open);
        r->found.run_ms = head->run_ms;
        r->found.disorder = head->disorder;
        r->found.latest_ms = head->start_ms;
    }
}

/* How many of those that are open are in the checkpoint of file `index` as they are. */
static uint32_t checkpoint_has(struct history_reader *r, unsigned index)
{
    const struct file *file = &r->files[index];
    const uint32_t behind = HISTORY_HEAD / HISTORY_PLACE + file->head.held;
    uint32_t seen = 0, place = HISTORY_HEAD / HISTORY_PLACE;
    while (place < behind) {
        const ssize_t length =
            pread(file->fd, r->chunk, sizeof(r->chunk), (off_t)((uint64_t)place * HISTORY_PLACE));
        if (length < HISTORY_PLACE)
            return 0;
        for (uint32_t i = 0; i < (uint32_t)length / HISTORY_PLACE && place < behind; i++, place++) {
            const uint8_t *bytes = r->chunk + (size_t)i * HISTORY_PLACE;
            struct history_record record;
            if (history_place_kind(bytes) != HISTORY_HELD || !may_fit(r, bytes) ||
                !history_place_is_whole(bytes, file->head.number, place) ||
                !history_record_read(bytes, &record))
                continue;
            const struct holding *h = history_set_find(r->open, &record.ports);
            seen += h != NULL && mac_equal(h->mac, record.mac) && h->from_ms == record.time_ms;
        }
    }
    return seen;
}

static bool is_ordered(const struct history_reader *r)
{
    return r->at + 1 < r->count && !r->is_set_wanted && r->files[r->at].is_readable &&
           r->files[r->at + 1].is_readable &&
           r->files[r->at].head.disorder == r->files[r->at + 1].head.disorder;
}

/* True where the present file begins after what is asked for, and all that is open is so as the next one begins. */
static bool can_be_left_out(struct history_reader *r)
{
    if (!is_ordered(r) || r->files[r->at].head.start_ms <= r->query.until_ms)
        return false;
    const uint32_t open = history_set_count(r->open);
    return open == 0 || checkpoint_has(r, r->at + 1) == open;
}

/* True where nothing is open and what the rest of the file begins comes after what is asked for. */
static bool is_done_with_file(const struct history_reader *r)
{
    return !r->is_checkpoint && !r->has_name && is_ordered(r) && history_set_count(r->open) == 0 &&
           r->found.latest_ms > r->query.until_ms && r->found.latest_ms - r->query.until_ms > HISTORY_MOMENT_MS;
}

/* The first file to read: what is in earlier ones was before all that is asked for. */
static void begin(struct history_reader *r)
{
    r->is_begun = true;
    for (unsigned i = 0; i < r->count; i++)
        if (r->files[i].is_readable && r->files[i].head.latest_ms < r->query.since_ms)
            r->at = i;
    if (r->count > 0)
        file_begin(r);
}

/* Goes to the next file that has something to say. False: that was the last. */
static bool next_file(struct history_reader *r)
{
    take_pending(r);
    do
        if (++r->at >= r->count)
            return false;
    while (can_be_left_out(r));
    file_begin(r);
    return true;
}

static void give_out_open(void *context, struct holding *h)
{
    give_out(context, h, HISTORY_LASTS, false, HISTORY_NOBODY);
}

static void end(struct history_reader *r)
{
    r->is_over = true;
    if (!r->is_set_wanted)
        history_set_walk(r->open, give_out_open, r);
}

bool history_reader_step(struct history_reader *reader, uint32_t most)
{
    struct history_reader *r = reader;
    if (!r->is_begun)
        begin(r);
    for (uint32_t n = 0; !r->is_over;) {
        if (r->at < r->count && r->files[r->at].is_readable && r->used == r->filled && !is_done_with_file(r))
            (void)fill(r);
        if (r->at >= r->count || (r->used == r->filled && !next_file(r))) {
            end(r);
            break;
        }
        for (; r->used < r->filled && n < most; r->used++, r->place++, n++)
            take_place(r, r->chunk + (size_t)r->used * HISTORY_PLACE);
        if (n >= most)
            return true;
    }
    return false;
}

/* Life. */

struct history_reader *history_reader_new(const int *fds, unsigned count, const struct history_query *query,
                                          const struct history_calls *calls, void *context)
{
    uint8_t hash_key[HASH_KEY_BYTES];
    struct history_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    random_bytes(hash_key, sizeof(hash_key));
    r->query = *query;
    r->calls = calls;
    r->context = context;
    r->count = count;
    r->found.begins_ms = HISTORY_LASTS;
    r->open = history_set_new(hash_key);
    r->files = calloc(count + 1U, sizeof(*r->files));
    if (r->open == NULL || r->files == NULL) {
        history_reader_free(r);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        struct file *file = &r->files[count - 1 - i];
        file->fd = fds[i];
        const int error = history_file_head(file->fd, &file->head);
        file->is_readable = error == 0;
        r->found.other_version += error == -EPROTONOSUPPORT;
        r->found.bad += error != 0 && error != -EPROTONOSUPPORT;
    }
    for (unsigned i = count; i-- > 0;)
        if (r->files[i].is_readable)
            r->found.begins_ms = r->files[i].head.start_ms;
    return r;
}

void history_reader_free(struct history_reader *reader)
{
    if (reader == NULL)
        return;
    history_set_free(reader->open);
    free(reader->files);
    free(reader);
}

const struct history_found *history_reader_found(const struct history_reader *reader)
{
    return &reader->found;
}

struct history_set *history_reader_take_set(struct history_reader *reader)
{
    struct history_reader *r = reader;
    r->is_set_wanted = true;
    while (history_reader_step(r, UINT32_MAX))
        ;
    struct history_set *set = r->open;
    r->open = NULL;
    return set;
}
