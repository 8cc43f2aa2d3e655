/* history_writer.c: see history_writer.h. */
#include "pearpd/history_writer.h"

#include "pearpd/clock.h"
#include "pearpd/history_files.h"
#include "pearpd/history_reader.h"
#include "pearpd/history_set.h"
#include "pearpd/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_PLACES 2048
#define PARTS         32 /* of `bytes`: a file that is larger is followed by a new one */
#define DAYS_PARTS    30 /* of `age_s`: the same of one that is older */
#define HELD_FACTOR   2  /* ... but not before it is so much larger than its checkpoint */
#define TRUSTED_ALIVE 60 /* this many HISTORY_ALIVE after the clock was set, its time may remove files */
#define SUFFIX        ".new"
#define TEXT_BYTES    (HISTORY_PATH_BYTES + 256)

struct history_writer {
    char path[HISTORY_PATH_BYTES];
    char beside[HISTORY_PATH_BYTES + sizeof(SUFFIX)];
    struct history_limits limits;
    const struct history_writer_calls *calls;
    void *context;
    struct history_set *held;

    int fd; /* FILE, locked; -1: not open */
    struct history_head head;
    uint32_t place;                                /* the next one, behind the buffer */
    uint32_t checkpoint;                           /* places of it, with names */
    uint64_t size;                                 /* bytes that are in the file */
    struct history_head older[HISTORY_FILES_MOST]; /* the oldest first */
    uint64_t older_bytes[HISTORY_FILES_MOST];
    unsigned older_count;

    uint64_t last_ms, latest_ms; /* the last time; the greatest */
    uint64_t run_ms;
    uint32_t disorder;
    unsigned alive; /* since the clock was set */

    struct history_record sync; /* the one that runs; kind 0: none */

    bool is_removed; /* FILE is not there any more */
    bool is_filling; /* a new file, which takes the place of the present one only if all is written */
    int fill_error;
    bool is_broken; /* the last try to write failed: what was lost is in no file */
    int error;      /* of it, as logged */
    uint64_t lost_since_ms;
    uint64_t records, lost;
    uint32_t waiting; /* places in the buffer */
    uint8_t buffer[(size_t)BUFFER_PLACES * HISTORY_PLACE];
};

__attribute__((format(printf, 3, 4))) static void say(const struct history_writer *w, enum log_level level,
                                                      const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    w->calls->say(w->context, level, text);
}

/* Bytes. */

/* The file that has the name is the one that is locked. Not so: somebody removed or replaced it. */
static bool is_in_place(const struct history_writer *w, const char *name)
{
    struct stat named, locked;
    return w->fd >= 0 && lstat(name, &named) == 0 && fstat(w->fd, &locked) == 0 &&
           named.st_ino == locked.st_ino && named.st_dev == locked.st_dev;
}

/* What waited is lost; the file ends where its last whole write did. */
static void broken(struct history_writer *w, int error)
{
    if (w->error != error)
        say(w, LOG_LEVEL_ERROR, "%s cannot be written: %s; changes of owners are not recorded", w->path,
            strerror(-error));
    w->error = error;
    if (!w->is_broken)
        w->lost_since_ms = w->last_ms;
    w->is_broken = true;
    w->lost += w->waiting;
    w->waiting = 0;
    w->place = (uint32_t)(w->size / HISTORY_PLACE);
    if (is_in_place(w, w->path) && truncate(w->path, (off_t)w->size) != 0 && errno != EROFS)
        say(w, LOG_LEVEL_WARNING, "%s cannot be cut to its last whole record: %s", w->path, strerror(errno));
}

/* Open for this alone: what is locked is open for reading, and keeps no file system from becoming read-only. */
static int append(const struct history_writer *w, const uint8_t *bytes, size_t length)
{
    const char *name = w->is_filling ? w->beside : w->path;
    if (!is_in_place(w, name))
        return -ENOENT;
    const int fd = open(name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = write_all(fd, bytes, length);
    if (close(fd) != 0 && error == 0)
        error = -errno;
    return error;
}

static int write_out(struct history_writer *w)
{
    const size_t length = (size_t)w->waiting * HISTORY_PLACE;
    const int error = w->waiting == 0 ? 0 : append(w, w->buffer, length);
    if (error == 0) {
        w->size += length;
        w->waiting = 0;
        return 0;
    }
    if (w->is_filling)
        w->fill_error = error;
    else if (!w->is_broken && w->fd >= 0 && error == -ENOENT)
        w->is_removed = true;
    else
        broken(w, error);
    w->waiting = 0;
    return error;
}

static uint8_t *next_place(struct history_writer *w)
{
    if (w->waiting == BUFFER_PLACES)
        (void)write_out(w);
    w->place++;
    return w->buffer + (size_t)w->waiting++ * HISTORY_PLACE;
}

static void put(struct history_writer *w, const struct history_record *record, const char *name)
{
    struct history_record copy = *record;
    const bool has_name = name != NULL && *name != '\0';
    copy.flags = (uint8_t)((copy.flags & HISTORY_UNCERTAIN) | (has_name ? HISTORY_NAMED : 0));
    if (w->is_broken) {
        w->lost++;
        return;
    }
    w->disorder += history_is_disorder((uint8_t)record->kind, record->time_ms, w->last_ms);
    uint8_t *at = next_place(w);
    history_record_write(&copy, w->head.number, w->place - 1, at);
    w->records++;
    while (has_name && *name != '\0') {
        at = next_place(w);
        name += history_name_write(name, w->head.number, w->place - 1, at);
    }
}

/* What is held. */

static void put_holding(struct history_writer *w, enum history_kind kind, const struct holding *h,
                        const char *name)
{
    const struct history_record record = {
        .kind = kind,
        .flags = h->is_uncertain ? HISTORY_UNCERTAIN : 0,
        .origin = h->origin,
        .ports = h->ports,
        .mac = h->mac,
        .time_ms = h->from_ms,
        .by = h->by,
    };
    put(w, &record, name);
}

static void end_holding(struct history_writer *w, struct holding *h, uint64_t time_ms, bool is_uncertain,
                        uint32_t by)
{
    const struct history_record record = {
        .kind = HISTORY_END,
        .flags = is_uncertain ? HISTORY_UNCERTAIN : 0,
        .origin = h->origin,
        .ports = h->ports,
        .mac = h->mac,
        .time_ms = time_ms < h->from_ms && is_uncertain ? h->from_ms : time_ms,
        .by = by,
    };
    put(w, &record, NULL);
    history_set_remove(w->held, h);
}

static void begin_holding(struct history_writer *w, const struct history_record *record, const char *name)
{
    const struct holding h = {
        .ports = record->ports,
        .mac = record->mac,
        .origin = record->origin,
        .is_uncertain = (record->flags & HISTORY_UNCERTAIN) != 0,
        .by = record->by,
        .from_ms = record->time_ms,
    };
    if (history_set_add(w->held, &h, name) == NULL)
        w->lost++;
    put_holding(w, HISTORY_BEGIN, &h, name);
}

/* An end that a sync found: of what is not held any more, or by another host. */
static void end_by_sync(struct history_writer *w, struct holding *h)
{
    const bool is_uncertain = (w->sync.flags & HISTORY_UNCERTAIN) != 0;
    end_holding(w, h, is_uncertain ? w->sync.other_ms : w->sync.time_ms, is_uncertain, w->sync.by);
}

static void take_begin(struct history_writer *w, const struct history_record *record, const char *name)
{
    struct holding *was = history_set_find(w->held, &record->ports);
    if (was != NULL && w->sync.kind == HISTORY_SYNC && !was->is_marked)
        end_by_sync(w, was);
    else if (was != NULL)
        end_holding(w, was, record->time_ms, true, HISTORY_NOBODY);
    begin_holding(w, record, name);
}

static void take_end(struct history_writer *w, const struct history_record *record)
{
    struct holding *was = history_set_find(w->held, &record->ports);
    if (was != NULL)
        end_holding(w, was, record->time_ms, false, record->by);
}

/* What the table has now. A known one goes on, under another name as another one. */
static void take_held(struct history_writer *w, const struct history_record *record, const char *name)
{
    struct holding *was = history_set_find(w->held, &record->ports);
    struct history_record begin = *record;
    const char *old_name = was == NULL || was->name == NULL ? "" : was->name;
    begin.by = record->origin == w->sync.origin ? w->sync.by : HISTORY_NOBODY;
    if (was != NULL && mac_equal(was->mac, record->mac) && was->origin == record->origin) {
        was->is_marked = true;
        if (strcmp(old_name, name) == 0)
            return;
        begin.time_ms = w->sync.time_ms;
        begin.flags = w->sync.flags & HISTORY_UNCERTAIN;
    }
    if (was != NULL)
        end_by_sync(w, was);
    begin_holding(w, &begin, name);
}

static void take_sync(struct history_writer *w, const struct history_record *record)
{
    w->sync = *record;
    if (w->sync.other_ms == 0)
        w->sync.other_ms = w->last_ms;
    history_set_unmark(w->held);
}

static void sweep(void *context, struct holding *h)
{
    struct history_writer *w = context;
    if (!h->is_marked)
        end_by_sync(w, h);
}

static void take_checked(struct history_writer *w)
{
    if (w->sync.kind == HISTORY_SYNC)
        history_set_walk(w->held, sweep, w);
    w->sync = (struct history_record){0};
}

static void doubt(void *context, struct holding *h)
{
    const struct history_writer *w = context;
    if (h->from_ms >= w->run_ms)
        h->is_uncertain = true;
}

static void take_clock(struct history_writer *w, const struct history_record *record)
{
    put(w, record, NULL);
    history_set_walk(w->held, doubt, w);
    w->run_ms = record->time_ms;
    w->alive = 0;
}

static void take_time(struct history_writer *w, uint64_t time_ms)
{
    w->last_ms = time_ms;
    if (time_ms > w->latest_ms)
        w->latest_ms = time_ms;
}

void history_writer_take(struct history_writer *writer, const struct history_record *record, const char *name)
{
    struct history_writer *w = writer;
    switch (record->kind) {
    case HISTORY_BEGIN:
        take_begin(w, record, name);
        break;
    case HISTORY_END:
        take_end(w, record);
        break;
    case HISTORY_HELD:
        take_held(w, record, name);
        return;
    case HISTORY_SYNC:
        take_sync(w, record);
        break;
    case HISTORY_CHECKED:
        take_checked(w);
        return;
    case HISTORY_CLOCK:
        take_clock(w, record);
        break;
    case HISTORY_ALIVE:
        w->alive++;
        put(w, record, NULL);
        break;
    case HISTORY_STOP:
    case HISTORY_LOST:
        put(w, record, NULL);
        break;
    case HISTORY_LIMITS:
        w->limits = (struct history_limits){record->time_ms, record->other_ms};
        return;
    case HISTORY_START: /* by history_writer_open() */
    case HISTORY_NAME:
    case HISTORY_FLUSH:
    case HISTORY_EVENT:
        return;
    }
    take_time(w, record->time_ms);
}

/* Files. */

static void put_checkpoint(void *context, struct holding *h)
{
    struct history_writer *w = context;
    put_holding(w, HISTORY_HELD, h, h->name);
}

static void close_file(struct history_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

/* A file of ours, new and locked. What a crash left there is replaced. */
static int create(const char *path)
{
    (void)unlink(path);
    const int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    const int error = -errno;
    close(fd);
    return error;
}

static void count_names(void *context, struct holding *h)
{
    uint32_t *places = context;
    *places +=
        1 + (h->name == NULL ? 0 : (uint32_t)((strlen(h->name) + HISTORY_NAME_PLACE - 1) / HISTORY_NAME_PLACE));
}

/* Of its holdings and their names. */
static uint32_t checkpoint_places(const struct history_writer *w)
{
    uint32_t places = 0;
    history_set_walk(w->held, count_names, &places);
    return places;
}

/* Fills the new file. */
static int fill_new(struct history_writer *w, uint64_t now_ms)
{
    uint8_t bytes[HISTORY_HEAD];
    const uint64_t records = w->records;
    w->head = (struct history_head){
        .version = HISTORY_VERSION,
        .number = w->head.number + 1,
        .start_ms = now_ms,
        .latest_ms = w->latest_ms,
        .run_ms = w->run_ms,
        .disorder = w->disorder,
        .held = checkpoint_places(w),
    };
    history_head_write(&w->head, bytes);
    w->is_filling = true;
    w->is_broken = false;
    w->fill_error = append(w, bytes, sizeof(bytes));
    w->size = HISTORY_HEAD;
    w->place = HISTORY_HEAD / HISTORY_PLACE;
    w->waiting = 0;
    history_set_walk(w->held, put_checkpoint, w);
    put(w, &(struct history_record){.kind = HISTORY_CHECKED, .time_ms = now_ms, .by = HISTORY_NOBODY}, NULL);
    (void)write_out(w);
    w->is_filling = false;
    w->checkpoint = w->place;
    w->records = records;
    return w->fill_error != 0 ? w->fill_error : fdatasync(w->fd) == 0 ? 0 : -errno;
}

/* The present file gets its number. 0, also where there is none; -Exxx. */
static int put_behind(struct history_writer *w, const struct history_head *head, uint64_t size)
{
    char name[HISTORY_FILE_BYTES];
    if (head->number == 0)
        return 0;
    if (w->older_count == HISTORY_FILES_MOST)
        return -EMFILE;
    if (rename(w->path, history_file_name(w->path, head->number, name)) != 0)
        return errno == ENOENT ? 0 : -errno; /* somebody removed it */
    w->older[w->older_count] = *head;
    w->older_bytes[w->older_count++] = size;
    return 0;
}

/* What is undone where a new file cannot be begun. */
struct present {
    int fd;
    struct history_head head;
    uint64_t size;
    uint32_t place, checkpoint;
    bool is_broken;
};

static int take_place_of(struct history_writer *w, const struct present *was)
{
    const int error = was->fd < 0 ? 0 : put_behind(w, &was->head, was->size);
    if (error != 0)
        return error;
    /* What somebody else has put there stays. */
    return renameat2(AT_FDCWD, w->beside, AT_FDCWD, w->path, RENAME_NOREPLACE) == 0 ? 0 : -errno;
}

/* Begins a new file behind the present one, where there is one, which goes on if that fails. */
static int new_file(struct history_writer *w, uint64_t now_ms)
{
    const struct present was = {w->fd, w->head, w->size, w->place, w->checkpoint, w->is_broken};
    w->fd = create(w->beside);
    int error = w->fd < 0 ? w->fd : fill_new(w, now_ms);
    if (error == 0)
        error = take_place_of(w, &was);
    if (error == 0) {
        if (was.fd >= 0)
            close(was.fd);
        return 0;
    }
    if (w->fd >= 0)
        (void)unlink(w->beside);
    close_file(w);
    w->fd = was.fd;
    w->head = was.head;
    w->size = was.size;
    w->place = was.place;
    w->checkpoint = was.checkpoint;
    w->is_broken = was.is_broken;
    w->waiting = 0;
    return error;
}

static uint64_t bytes_of_all(const struct history_writer *w)
{
    uint64_t bytes = w->size + (uint64_t)w->waiting * HISTORY_PLACE;
    for (unsigned i = 0; i < w->older_count; i++)
        bytes += w->older_bytes[i];
    return bytes;
}

static void remove_oldest(struct history_writer *w)
{
    char name[HISTORY_FILE_BYTES];
    if (unlink(history_file_name(w->path, w->older[0].number, name)) != 0 && errno != ENOENT)
        say(w, LOG_LEVEL_WARNING, "%s cannot be removed: %s", name, strerror(errno));
    w->older_count--;
    memmove(w->older, w->older + 1, w->older_count * sizeof(w->older[0]));
    memmove(w->older_bytes, w->older_bytes + 1, w->older_count * sizeof(w->older_bytes[0]));
}

/* When what is in the oldest file ended: as the next one began. */
static uint64_t oldest_ends_ms(const struct history_writer *w)
{
    return w->older_count > 1 ? w->older[1].start_ms : w->head.start_ms;
}

static void remove_old(struct history_writer *w, uint64_t needed_bytes)
{
    char text[CLOCK_TEXT_BYTES];
    const uint64_t age_ms = w->limits.age_s * 1000;
    while (w->older_count > 0 && w->alive >= TRUSTED_ALIVE && oldest_ends_ms(w) + age_ms < w->last_ms)
        remove_oldest(w);
    while (w->older_count > 0 &&
           (bytes_of_all(w) + needed_bytes > w->limits.bytes || w->older_count >= HISTORY_FILES_MOST - 1)) {
        const uint64_t ends_ms = oldest_ends_ms(w);
        remove_oldest(w);
        say(w, LOG_LEVEL_NOTICE, "%s has no room for %" PRIu64 " days: what was before %s is removed", w->path,
            w->limits.age_s / 86400, clock_wall_format(ends_ms * 1000, text));
    }
}

static bool is_file_full(const struct history_writer *w)
{
    const uint64_t checkpoint_bytes = (uint64_t)w->checkpoint * HISTORY_PLACE;
    const uint64_t size = w->size + (uint64_t)w->waiting * HISTORY_PLACE;
    if (size > w->limits.bytes / PARTS && size > HELD_FACTOR * checkpoint_bytes)
        return true;
    return w->last_ms > w->head.start_ms && w->last_ms - w->head.start_ms > w->limits.age_s * 1000 / DAYS_PARTS;
}

/* Behind what was lost. */
static int repair(struct history_writer *w)
{
    const struct history_record lost = {
        .kind = HISTORY_LOST, .time_ms = w->last_ms, .other_ms = w->lost_since_ms, .by = HISTORY_NOBODY};
    const int error = new_file(w, w->last_ms);
    if (error != 0) {
        broken(w, error);
        return error;
    }
    put(w, &lost, NULL);
    say(w, LOG_LEVEL_NOTICE, "%s is written again; %" PRIu64 " records are missing so far", w->path, w->lost);
    w->error = 0;
    return 0;
}

/* Somebody removed the file, to erase what is in it: a new one has its number, behind older ones that are still there. */
static void forget_removed(struct history_writer *w)
{
    char name[HISTORY_FILE_BYTES];
    say(w, LOG_LEVEL_WARNING, "%s was removed: a new one begins", w->path);
    w->is_removed = false;
    close_file(w);
    w->size = 0;
    w->head.number--;
    while (w->older_count > 0 &&
           access(history_file_name(w->path, w->older[w->older_count - 1].number, name), F_OK) != 0)
        w->older_count--;
}

int history_writer_flush(struct history_writer *writer)
{
    struct history_writer *w = writer;
    int error = write_out(w);
    const bool is_removed = w->is_removed || (!w->is_broken && !is_in_place(w, w->path));
    if (w->is_broken)
        error = repair(w);
    else if (is_removed)
        forget_removed(w);
    else if (error != 0)
        return error;
    if (w->is_broken)
        return error;
    if (is_removed || is_file_full(w)) {
        remove_old(w, (uint64_t)(checkpoint_places(w) + 3) * HISTORY_PLACE);
        error = new_file(w, w->last_ms);
        if (error != 0)
            broken(w, error);
    }
    if (error == 0)
        error = write_out(w);
    remove_old(w, 0);
    return error;
}

void history_writer_sync(struct history_writer *writer)
{
    if (writer->fd >= 0)
        (void)fdatasync(writer->fd);
}

/* Begins. */

/* Goes on in FILE, which is locked for this process from now on. 0 or -Exxx; -ENOENT: there is none to go on in. */
static int open_present(struct history_writer *w)
{
    struct stat status;
    const int fd = open(w->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = fd < 0 ? -errno : 0;
    if (fd < 0)
        return error == -ELOOP || error == -EISDIR || error == -ENXIO ? -EEXIST : error;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
        error = -EEXIST;
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        error = -errno;
    else
        error = history_file_head(fd, &w->head);
    if (error == -EINVAL && status.st_size > 0)
        error = -EEXIST; /* another program's */
    else if (error == -EINVAL)
        error = -EBADMSG;
    w->size = (uint64_t)status.st_size / HISTORY_PLACE * HISTORY_PLACE;
    if (error == 0 && (uint64_t)status.st_size != w->size && truncate(w->path, (off_t)w->size) != 0)
        error = -errno;
    if (error == 0) {
        w->fd = fd;
        w->place = (uint32_t)(w->size / HISTORY_PLACE);
        w->checkpoint = w->head.held + HISTORY_HEAD / HISTORY_PLACE;
        return 0;
    }
    close(fd);
    return error;
}

static void note_older(struct history_writer *w, const int *fds, int count)
{
    struct stat status;
    w->older_count = 0;
    for (int i = count - 1; i >= 0; i--) {
        struct history_head head;
        const int error = history_file_head(fds[i], &head);
        if ((error != 0 && error != -EPROTONOSUPPORT) || fstat(fds[i], &status) != 0 ||
            head.number == w->head.number)
            continue;
        w->older[w->older_count] = head;
        w->older_bytes[w->older_count++] = (uint64_t)status.st_size;
    }
}

static void take_no_entry(void *context, const struct history_entry *entry)
{
    (void)context;
    (void)entry;
}

/* What was held as the last file was written. */
static int read_held(struct history_writer *w, const int *fds, int count)
{
    static const struct history_calls calls = {take_no_entry, NULL};
    const struct history_query all = {.until_ms = HISTORY_LASTS};
    struct history_reader *reader = history_reader_new(fds, count > 0 ? 1 : 0, &all, &calls, NULL);
    if (reader == NULL)
        return -ENOMEM;
    struct history_set *held = history_reader_take_set(reader);
    const struct history_found *found = history_reader_found(reader);
    history_set_free(w->held);
    w->held = held;
    if (count > 0) {
        w->last_ms = found->latest_ms;
        w->latest_ms = found->seen_ms > w->head.latest_ms ? found->seen_ms : w->head.latest_ms;
        w->run_ms = found->run_ms;
        w->disorder = found->disorder;
    }
    if (found->bad > 0)
        say(w, LOG_LEVEL_WARNING, "%s is damaged: %" PRIu64 " of %" PRIu64 " records cannot be read", w->path,
            found->bad, found->places);
    history_reader_free(reader);
    return 0;
}

static void set_aside(struct history_writer *w, const char *why)
{
    char aside[HISTORY_PATH_BYTES + 16];
    snprintf(aside, sizeof(aside), "%s.damaged", w->path);
    if (rename(w->path, aside) == 0)
        say(w, LOG_LEVEL_WARNING, "%s %s: it is now %s", w->path, why, aside);
}

/* What earlier runs left. 0, or -Exxx: nothing can be written. */
static int read_earlier(struct history_writer *w)
{
    int fds[HISTORY_FILES_MOST];
    const int count = history_files_open(w->path, fds);
    note_older(w, fds, count > 0 ? count : 0);
    if (w->fd < 0 && w->older_count > 0)
        w->head.number = w->older[w->older_count - 1].number;
    const int error = read_held(w, fds, count);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    return error;
}

int history_writer_open(struct history_writer *writer, uint64_t now_ms)
{
    struct history_writer *w = writer;
    int error = open_present(w);
    if (error == -EBADMSG || error == -EPROTONOSUPPORT)
        set_aside(w, error == -EBADMSG ? "is damaged" : "is of another version");
    else if (error == -EWOULDBLOCK || error == -EEXIST)
        return error;
    if (error != 0)
        w->head = (struct history_head){0};
    error = read_earlier(w);
    if (error != 0)
        return error;
    /* Until a sync, last_ms is when what has gone meanwhile was last known. */
    const struct history_record start = {
        .kind = HISTORY_START, .time_ms = now_ms, .other_ms = w->last_ms, .by = HISTORY_NOBODY};
    if (w->fd < 0)
        error = new_file(w, now_ms);
    if (error != 0)
        broken(w, error);
    else
        put(w, &start, NULL);
    w->run_ms = now_ms;
    return error != 0 ? error : write_out(w);
}

struct history_writer *history_writer_new(const char *path, const struct history_limits *limits,
                                          const struct history_writer_calls *calls, void *context)
{
    uint8_t hash_key[HASH_KEY_BYTES];
    struct history_writer *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    random_bytes(hash_key, sizeof(hash_key));
    w->held = history_set_new(hash_key);
    if (w->held == NULL) {
        free(w);
        return NULL;
    }
    w->fd = -1;
    w->limits = *limits;
    w->calls = calls;
    w->context = context;
    snprintf(w->path, sizeof(w->path), "%s", path);
    snprintf(w->beside, sizeof(w->beside), "%s" SUFFIX, w->path);
    return w;
}

void history_writer_free(struct history_writer *writer)
{
    if (writer == NULL)
        return;
    (void)write_out(writer);
    history_writer_sync(writer);
    close_file(writer);
    history_set_free(writer->held);
    free(writer);
}

struct history_figures history_writer_figures(const struct history_writer *writer)
{
    return (struct history_figures){
        .bytes = bytes_of_all(writer),
        .records = writer->records,
        .lost = writer->lost,
        .files = writer->older_count + (writer->fd >= 0),
        .held = history_set_count(writer->held),
    };
}
