/* state_file.c: see state_file.h. */
#include "state_file.h"

#include "pearpd/clock.h"
#include "pearpd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ELAPSED_MOST_NS (30 * 86400 * NS_PER_S) /* by a wall clock, which may have jumped */
#define HELLO_SEQ_STEP  1000000                 /* HELLOs between a save and the end of that run are fewer */
#define FILE_MOST_BYTES ((uint64_t)1 << 30)     /* three times what a million bindings take */
#define PATH_BYTES      512
#define PAUSE_NS        2000000
#define TRIES_MOST      15

void state_header(struct state_line *line, const struct state_times *times)
{
    state_line_begin(line, STATE_MAGIC);
    state_line_u64(line, "version", STATE_VERSION);
    if (*times->boot_id != '\0')
        state_line_text(line, "boot", times->boot_id);
    state_line_u64(line, "boottime_ns", times->boottime_ns);
    state_line_u64(line, "wall_us", times->wall_us);
    state_line_end(line);
}

void state_trailer(struct state_line *line, uint64_t records)
{
    state_line_begin(line, "end");
    state_line_u64(line, "records", records);
    state_line_end(line);
}

/* How long ago the file was saved. Within one boot only CLOCK_BOOTTIME counts. */
static void take_times(struct state_reading *r, const struct state_record *record)
{
    const char *boot_id = state_record_text(record, "boot");
    uint64_t boottime_ns = 0, wall_us = 0;
    struct state_load *load = &r->load;
    if (!state_record_u64(record, "boottime_ns", &boottime_ns) ||
        !state_record_u64(record, "wall_us", &wall_us))
        return;
    load->is_same_boot = boot_id != NULL && strcmp(boot_id, r->now.boot_id) == 0;
    uint64_t now = load->is_same_boot ? r->now.boottime_ns : r->now.wall_us;
    uint64_t then = load->is_same_boot ? boottime_ns : wall_us;
    uint64_t passed = now > then ? now - then : 0;
    uint64_t most = load->is_same_boot ? UINT64_MAX / 4 : ELAPSED_MOST_NS / 1000;
    if (passed > most)
        passed = most;
    load->elapsed_ns = load->is_same_boot ? passed : passed * 1000;
}

static void take_record(void *context, const struct state_record *record)
{
    struct state_reading *r = context;
    r->is_ours = true;
    if (strcmp(record->kind, STATE_MAGIC) == 0) {
        r->has_header = state_record_u64(record, "version", &r->version);
        take_times(r, record);
        return;
    }
    if (strcmp(record->kind, "end") == 0) {
        r->has_end = state_record_u64(record, "records", &r->promised);
        return;
    }
    r->records++;
    switch (state_record_load(&r->load, record)) {
    case 0:
        r->restored++;
        break;
    case -ENOMSG:
        r->unknown++;
        break;
    case -EBADMSG:
        r->senseless++;
        break;
    default:
        r->refused++;
        break;
    }
}

void state_reading_begin(struct state_reading *reading, const struct state_load *load,
                         const struct state_times *now)
{
    memset(reading, 0, sizeof(*reading));
    reading->load = *load;
    reading->now = *now;
    reading->reader.record = take_record;
    reading->reader.context = reading;
}

void state_reading_feed(struct state_reading *reading, const char *bytes, size_t length)
{
    static const char magic[] = STATE_MAGIC " ";
    for (size_t i = 0; i < length && reading->magic == reading->bytes + i && magic[reading->magic] != '\0'; i++)
        reading->magic += bytes[i] == magic[reading->magic];
    reading->bytes += length;
    state_reader_feed(&reading->reader, bytes, length);
}

void state_reading_end(struct state_reading *reading)
{
    state_reader_end(&reading->reader);
    if (reading->magic == strlen(STATE_MAGIC) + 1 || reading->magic == reading->bytes)
        reading->is_ours = true;
}

bool state_reading_is_damaged(const struct state_reading *r)
{
    return r->reader.bad > 0 || !r->has_header || !r->has_end || r->promised != r->records || r->senseless > 0;
}

/* A file on the disk. */

/* Keeps what could not be read for people, and for a later version. */
static void set_aside(const char *path)
{
    char aside[PATH_BYTES];
    snprintf(aside, sizeof(aside), "%s.damaged", path);
    if (rename(path, aside) == 0)
        log_warning("%s is now %s", path, aside);
    else
        log_warning("%s cannot be set aside: %s", path, strerror(errno));
}

/* Opens what is a regular file, and no link to one. The descriptor or -Exxx. */
static int open_regular(const char *path, const char **why)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    *why = error == ELOOP ? "it is a symbolic link" : strerror(error);
    if (fd < 0)
        return -error;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        *why = "it is no regular file";
        error = EEXIST;
    } else if (status.st_uid != geteuid()) {
        *why = "it is another user's";
        error = EEXIST;
    } else if ((uint64_t)status.st_size > FILE_MOST_BYTES) {
        *why = "it is too large";
        error = EFBIG;
    }
    if (error == 0)
        return fd;
    close(fd);
    return -error;
}

/* The same, once no writer is at it: that of a daemon that was killed has perhaps its last table still to write. */
static int open_quiet(const char *path, const char **why)
{
    const struct timespec pause = {0, PAUSE_NS};
    for (unsigned tries = 1;; tries++) {
        int fd = open_regular(path, why);
        if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
            return fd;
        if (tries == TRIES_MOST) {
            log_warning("%s: another process writes it", path);
            return fd;
        }
        close(fd);
        nanosleep(&pause, NULL);
    }
}

/* 0, or what read(2) failed by. */
static int read_all(int fd, struct state_reading *reading)
{
    char bytes[16384];
    ssize_t length;
    while ((length = read(fd, bytes, sizeof(bytes))) > 0)
        state_reading_feed(reading, bytes, (size_t)length);
    int error = length < 0 ? errno : 0;
    state_reading_end(reading);
    return error;
}

static void log_damage(const char *path, const struct state_reading *r)
{
    char lost[64] = "an unknown number";
    uint64_t promised = r->promised + r->senseless;
    if (r->has_end)
        snprintf(lost, sizeof(lost), "%" PRIu64, promised > r->records ? promised - r->records : 0);
    log_warning("%s is damaged: %" PRIu64 " records kept, %s lost%s%s", path, r->records - r->senseless, lost,
                r->has_header ? "" : ", its first line missing", r->has_end ? "" : ", its end missing");
}

static void log_result(const char *path, const struct state_reading *r)
{
    if (state_reading_is_damaged(r))
        log_damage(path, r);
    if (r->version > STATE_VERSION)
        log_warning("%s is of a newer version (%" PRIu64
                    "): records that this version does not know are skipped",
                    path, r->version);
    if (r->unknown > 0)
        log_warning("%s: %" PRIu64 " records of unknown kinds skipped", path, r->unknown);
    if (r->refused > 0)
        log_notice("%s: %" PRIu64 " records do not fit the configuration any more", path, r->refused);
    log_notice("%s: %" PRIu64 " of %" PRIu64 " records restored, saved %" PRIu64 " s ago%s", path, r->restored,
               r->records, r->load.elapsed_ns / NS_PER_S, r->load.is_same_boot ? "" : " by the wall clock");
}

int state_file_read(const char *path, const struct state_load *load, const struct state_times *now,
                    struct state_reading *reading)
{
    const char *why;
    state_reading_begin(reading, load, now);
    int fd = open_quiet(path, &why);
    if (fd == -ENOENT) {
        log_notice("%s: not there yet; the table starts empty", path);
        return 0;
    }
    if (fd < 0) {
        bool is_in_the_way = fd == -ELOOP || fd == -EEXIST || fd == -ENXIO || fd == -ENOTDIR;
        log_error("%s cannot be read: %s; the table starts empty%s", path, why,
                  is_in_the_way ? ", and nothing is saved" : "");
        if (!is_in_the_way)
            set_aside(path);
        return is_in_the_way ? fd : 0;
    }
    int error = read_all(fd, reading);
    close(fd);
    if (error == 0 && !reading->is_ours) {
        log_error("%s is no state file: it stays as it is, the table starts empty, and nothing is saved", path);
        return -EEXIST;
    }
    if (error != 0)
        log_error("%s cannot be read to its end: %s", path, strerror(error));
    log_result(path, reading);
    if (reading->load.hello_seq != 0 && reading->load.hello_seq < UINT64_MAX - HELLO_SEQ_STEP)
        engine_hello_seq_restore(load->engine, reading->load.hello_seq + HELLO_SEQ_STEP);
    if (error != 0 || state_reading_is_damaged(reading) || reading->version > STATE_VERSION ||
        reading->unknown > 0)
        set_aside(path);
    else if (reading->load.has_epoch)
        engine_epoch_restore(load->engine, reading->load.epoch);
    return 0;
}
