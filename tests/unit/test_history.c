/* test_history.c: the ownership history: what is written is found again, over restarts, damage, full disks and clocks
 * that jump; its bounds hold for a day of 65,536 bindings that all change. */
#include "pearpd/history_files.h"
#include "pearpd/history_reader.h"
#include "pearpd/history_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define T0       UINT64_C(1795532400000) /* 2026-11-24 */
#define SECOND   UINT64_C(1000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define MEBIBYTE ((uint64_t)1048576)

#define ORIGIN_CONFIG  0
#define ORIGIN_PE_ARP  1
#define ORIGIN_CONTROL 4
#define ADDRESS        0xc0000202

static char folder[64], path[96];
static const struct history_limits usual = {256 * MEBIBYTE, 30 * DAY / 1000};

/* What the writer said and the reader found. */

struct found {
    struct history_entry entries[64];
    char names[64][HISTORY_NAME_BYTES];
    unsigned count, all;
    struct {
        enum history_gap kind;
        uint64_t run_ms, from_ms, until_ms;
    } gaps[8];
    unsigned gap_count;
    struct history_found figures;
};

static char said[4096];

static void take_said(void *context, enum log_level level, const char *text)
{
    (void)context;
    (void)level;
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", text);
}

static const struct history_writer_calls writer_calls = {take_said};

static void take_entry(void *context, const struct history_entry *entry)
{
    struct found *found = context;
    found->all++;
    if (found->count == 64)
        return;
    snprintf(found->names[found->count], HISTORY_NAME_BYTES, "%s", entry->name);
    found->entries[found->count] = *entry;
    found->entries[found->count].name = found->names[found->count];
    found->count++;
}

static void take_gap(void *context, enum history_gap kind, uint64_t run_ms, uint64_t from_ms, uint64_t until_ms)
{
    struct found *found = context;
    if (found->gap_count == 8)
        return;
    found->gaps[found->gap_count].kind = kind;
    found->gaps[found->gap_count].run_ms = run_ms;
    found->gaps[found->gap_count].from_ms = from_ms;
    found->gaps[found->gap_count++].until_ms = until_ms;
}

static void search_by(const struct history_query *query, uint32_t budget, struct found *found)
{
    static const struct history_calls calls = {take_entry, take_gap};
    int fds[HISTORY_FILES_MOST];
    const int count = history_files_open(path, fds);
    assert_true(count >= 0 || count == -ENOENT);
    memset(found, 0, sizeof(*found));
    struct history_reader *reader =
        history_reader_new(fds, count > 0 ? (unsigned)count : 0, query, &calls, found);
    assert_non_null(reader);
    while (history_reader_step(reader, budget))
        ;
    found->figures = *history_reader_found(reader);
    history_reader_free(reader);
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static void who(uint16_t port, uint64_t at_ms, struct found *found)
{
    const struct history_query query = {
        .has_address = true,
        .address = {ADDRESS},
        .has_ports = true,
        .first = port,
        .last = port,
        .since_ms = at_ms,
        .until_ms = at_ms,
    };
    search_by(&query, UINT32_MAX, found);
}

static void all(struct found *found)
{
    search_by(&(struct history_query){.until_ms = HISTORY_LASTS}, 7, found);
}

/* What is written. */

static struct port_range ports_of(uint16_t first, uint16_t last)
{
    return (struct port_range){.range = {{ADDRESS}, first, last}};
}

static struct mac mac_of(uint32_t number)
{
    return (struct mac){
        {2, 0, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static struct history_record record_of(enum history_kind kind, struct port_range ports, uint32_t mac,
                                       uint64_t time_ms)
{
    return (struct history_record){.kind = kind,
                                   .origin = ORIGIN_PE_ARP,
                                   .ports = ports,
                                   .mac = mac_of(mac),
                                   .time_ms = time_ms,
                                   .by = HISTORY_NOBODY};
}

static void put(struct history_writer *w, enum history_kind kind, struct port_range ports, uint32_t mac,
                uint64_t time_ms)
{
    const struct history_record record = record_of(kind, ports, mac, time_ms);
    history_writer_take(w, &record, "");
}

static void put_plain(struct history_writer *w, enum history_kind kind, uint64_t time_ms, uint64_t other_ms,
                      uint8_t flags)
{
    const struct history_record record = {
        .kind = kind, .flags = flags, .time_ms = time_ms, .other_ms = other_ms, .by = HISTORY_NOBODY};
    history_writer_take(w, &record, "");
}

static struct history_writer *begin(const struct history_limits *limits, uint64_t now_ms)
{
    struct history_writer *w = history_writer_new(path, limits, &writer_calls, NULL);
    assert_non_null(w);
    assert_int_equal(history_writer_open(w, now_ms), 0);
    return w;
}

/* A start with nothing in the table. */
static struct history_writer *begin_empty(uint64_t now_ms)
{
    struct history_writer *w = begin(&usual, now_ms);
    put_plain(w, HISTORY_SYNC, now_ms, 0, HISTORY_UNCERTAIN);
    put_plain(w, HISTORY_CHECKED, now_ms, 0, 0);
    return w;
}

static int new_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test_history.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/rack1.history", folder);
    said[0] = '\0';
    return 0;
}

static void each_file(void (*call)(const char *name, void *context), void *context)
{
    char name[512];
    DIR *files = opendir(folder);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        call(name, context);
    }
    closedir(files);
}

static void remove_file(const char *name, void *context)
{
    (void)context;
    unlink(name);
}

static void add_size(const char *name, void *context)
{
    struct stat status;
    if (stat(name, &status) == 0)
        *(uint64_t *)context += (uint64_t)status.st_size;
}

static void count_file(const char *name, void *context)
{
    (void)name;
    ++*(unsigned *)context;
}

static int old_folder(void **state)
{
    (void)state;
    each_file(remove_file, NULL);
    return rmdir(folder);
}

/* Tests. */

static void test_one_range_has_two_owners_in_turn(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 1, T0 + MINUTE);
    put(w, HISTORY_END, ports_of(2000, 2999), 1, T0 + HOUR);
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 2, T0 + HOUR);
    history_writer_free(w);

    who(2345, T0 + MINUTE - 1, &found);
    assert_int_equal(found.count, 0);
    who(2345, T0 + MINUTE, &found);
    assert_int_equal(found.count, 1);
    assert_true(mac_equal(found.entries[0].mac, mac_of(1)));
    assert_int_equal(found.entries[0].from_ms, T0 + MINUTE);
    assert_int_equal(found.entries[0].until_ms, T0 + HOUR);
    assert_false(found.entries[0].is_from_uncertain || found.entries[0].is_until_uncertain);
    assert_int_equal(found.entries[0].by, HISTORY_NOBODY);
    who(2999, T0 + DAY, &found);
    assert_int_equal(found.count, 1);
    assert_true(mac_equal(found.entries[0].mac, mac_of(2)));
    assert_int_equal(found.entries[0].until_ms, HISTORY_LASTS);
    who(3000, T0 + DAY, &found);
    assert_int_equal(found.count, 0);
    all(&found);
    assert_int_equal(found.count, 2);
}

static void test_operators_names_and_port_sets(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    struct port_range set = port_range_of_set((struct ipv4){ADDRESS}, (struct port_set_params){4, 8}, 0x34);
    struct history_record record = record_of(HISTORY_BEGIN, ports_of(100, 199), 7, T0);
    record.origin = ORIGIN_CONTROL;
    record.by = 1000;
    history_writer_take(w, &record, "a name of exactly sixty-three characters, as long as it may be.");
    put(w, HISTORY_BEGIN, set, 8, T0);
    record.kind = HISTORY_END;
    record.by = 1001;
    record.time_ms = T0 + HOUR;
    history_writer_take(w, &record, "");
    history_writer_free(w);

    who(150, T0, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.entries[0].name,
                        "a name of exactly sixty-three characters, as long as it may be.");
    assert_int_equal(found.entries[0].by, 1000);
    assert_int_equal(found.entries[0].ended_by, 1001);
    assert_int_equal(found.entries[0].origin, ORIGIN_CONTROL);
    for (unsigned i = 0; i < port_range_spans(&set); i++) {
        who(port_range_span(&set, i).first, T0, &found);
        assert_int_equal(found.count, 1);
        assert_true(port_range_equal(&found.entries[0].ports, &set));
    }
    who((uint16_t)(port_range_span(&set, 0).last + 1), T0, &found); /* between two spans */
    assert_int_equal(found.count, 0);
    search_by(&(struct history_query){.name = "another", .until_ms = HISTORY_LASTS}, 1, &found);
    assert_int_equal(found.count, 0);
    search_by(&(struct history_query){.has_mac = true, .mac = mac_of(8), .until_ms = HISTORY_LASTS}, 1, &found);
    assert_int_equal(found.count, 1);
    search_by(&(struct history_query){.name = "a name of exactly sixty-three characters, as long as it may be.",
                                      .until_ms = HISTORY_LASTS},
              1, &found);
    assert_int_equal(found.count, 1);
}

/* The daemon was killed at an hour; at two hours it starts with one of two ranges in its table. */
static void test_restart(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(1000, 1999), 1, T0);
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 2, T0);
    put(w, HISTORY_BEGIN, ports_of(3000, 3999), 3, T0);
    put_plain(w, HISTORY_ALIVE, T0 + HOUR, 0, 0);
    history_writer_free(w);

    w = begin(&usual, T0 + 2 * HOUR);
    put_plain(w, HISTORY_SYNC, T0 + 2 * HOUR, 0, HISTORY_UNCERTAIN);
    put(w, HISTORY_HELD, ports_of(1000, 1999), 1, T0 + 5); /* by its age, about */
    put(w, HISTORY_HELD, ports_of(3000, 3999), 4, T0 + 2 * HOUR);
    put_plain(w, HISTORY_CHECKED, T0 + 2 * HOUR, 0, 0);
    history_writer_free(w);

    who(1000, T0 + 3 * HOUR, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].from_ms, T0);
    assert_false(found.entries[0].is_from_uncertain);
    who(2000, T0 + 3 * HOUR, &found);
    assert_int_equal(found.count, 0);
    who(2000, T0, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].until_ms, T0 + HOUR);
    assert_true(found.entries[0].is_until_uncertain);
    assert_int_equal(found.gap_count, 1);
    assert_int_equal(found.gaps[0].kind, HISTORY_GAP_DOWN);
    assert_int_equal(found.gaps[0].from_ms, T0 + HOUR);
    assert_int_equal(found.gaps[0].until_ms, T0 + 2 * HOUR);
    search_by(
        &(struct history_query){.has_ports = true, .first = 3000, .last = 3000, .until_ms = HISTORY_LASTS}, 1,
        &found);
    assert_int_equal(found.count, 2);
    assert_true(mac_equal(found.entries[0].mac, mac_of(3)));
    assert_true(found.entries[0].is_until_uncertain);
    assert_true(mac_equal(found.entries[1].mac, mac_of(4)));
}

/* A reload: what it ends and begins has the operator, and no doubt. */
static void test_reload(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    struct history_record record = record_of(HISTORY_BEGIN, ports_of(1000, 1999), 1, T0);
    record.origin = ORIGIN_CONFIG;
    history_writer_take(w, &record, "hostA");
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 2, T0);
    record = (struct history_record){
        .kind = HISTORY_SYNC, .origin = ORIGIN_CONFIG, .time_ms = T0 + HOUR, .by = 1000};
    history_writer_take(w, &record, "");
    record = record_of(HISTORY_HELD, ports_of(1000, 1999), 1, T0);
    record.origin = ORIGIN_CONFIG;
    history_writer_take(w, &record, "hostB");
    put_plain(w, HISTORY_CHECKED, T0 + HOUR, 0, 0);
    history_writer_free(w);
    all(&found);
    assert_int_equal(found.count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_false(found.entries[i].is_from_uncertain || found.entries[i].is_until_uncertain);
    who(1000, T0 + HOUR - 1, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.entries[0].name, "hostA");
    assert_int_equal(found.entries[0].ended_by, 1000);
    who(1000, T0 + HOUR + 1, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.entries[0].name, "hostB");
    assert_int_equal(found.entries[0].by, 1000);
    who(2000, T0 + 1, &found);
    assert_int_equal(found.entries[0].until_ms, T0 + HOUR);
    assert_int_equal(found.entries[0].ended_by, 1000);
    assert_int_equal(found.entries[0].by, HISTORY_NOBODY);
}

/* Each cut of the file: what is before it is found, and a writer goes on behind it. */
static void test_every_torn_tail(void **state)
{
    struct found found;
    struct stat status;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    for (uint16_t i = 0; i < 8; i++)
        put(w, HISTORY_BEGIN, ports_of((uint16_t)(1000 * i), (uint16_t)(1000 * i + 999)), i, T0 + i);
    history_writer_free(w);
    assert_int_equal(stat(path, &status), 0);
    for (off_t cut = status.st_size - 1; cut > status.st_size - 8 * HISTORY_PLACE; cut--) {
        assert_int_equal(truncate(path, cut), 0);
        all(&found);
        assert_int_equal(found.count, (cut - (status.st_size - 8 * HISTORY_PLACE)) / HISTORY_PLACE);
        assert_int_equal(found.figures.bad, cut % HISTORY_PLACE != 0);
    }
    w = begin(&usual, T0 + HOUR);
    put(w, HISTORY_BEGIN, ports_of(9000, 9999), 9, T0 + HOUR);
    history_writer_free(w);
    all(&found);
    assert_int_equal(found.figures.bad, 0);
}

/* A record whose bytes changed is left out and counted; the others are found. */
static void test_damage(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    for (uint16_t i = 0; i < 8; i++)
        put(w, HISTORY_BEGIN, ports_of((uint16_t)(1000 * i), (uint16_t)(1000 * i + 999)), i, T0 + i);
    history_writer_free(w);
    const int fd = open(path, O_RDWR);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    for (unsigned i = 0; i < HISTORY_PLACE; i++) {
        const off_t at = status.st_size - 3 * HISTORY_PLACE + i;
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        all(&found);
        assert_int_equal(found.count, 7);
        assert_int_equal(found.figures.bad, 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    w = begin(&usual, T0 + HOUR);
    assert_string_equal(said, "");
    history_writer_free(w);
}

/* Not ours, or in use: it stays. */
static void test_what_is_not_ours(void **state)
{
    struct stat status;
    (void)state;
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "a letter, long enough to have a head of sixty-four bytes, or is it", 66), 66);
    close(fd);
    struct history_writer *w = history_writer_new(path, &usual, &writer_calls, NULL);
    assert_int_equal(history_writer_open(w, T0), -EEXIST);
    history_writer_free(w);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 66);
    unlink(path);
    w = begin_empty(T0);
    struct history_writer *second = history_writer_new(path, &usual, &writer_calls, NULL);
    assert_int_equal(history_writer_open(second, T0), -EWOULDBLOCK);
    history_writer_free(second);
    history_writer_free(w);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* A file that may not grow stands for a full disk. */
static void test_full_disk(void **state)
{
    struct found found;
    struct rlimit limit, was;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(1000, 1999), 1, T0 + 1);
    assert_int_equal(history_writer_flush(w), 0);
    limit = (struct rlimit){HISTORY_HEAD + 5, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    put(w, HISTORY_END, ports_of(1000, 1999), 1, T0 + MINUTE);
    put(w, HISTORY_BEGIN, ports_of(1000, 1999), 2, T0 + MINUTE);
    assert_int_equal(history_writer_flush(w), -EFBIG);
    put(w, HISTORY_BEGIN, ports_of(5000, 5999), 3, T0 + 2 * MINUTE);
    put(w, HISTORY_END, ports_of(5000, 5999), 3, T0 + 3 * MINUTE);
    assert_int_equal(history_writer_flush(w), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(history_writer_flush(w), 0);
    assert_int_equal(history_writer_figures(w).lost, 4);
    assert_non_null(strstr(said, "cannot be written"));
    assert_non_null(strstr(said, "is written again; 4 records are missing"));
    history_writer_free(w);
    /* Who holds it now and since when is known again; what came and went meanwhile is lost, which is said. */
    who(1000, T0 + HOUR, &found);
    assert_int_equal(found.count, 1);
    assert_true(mac_equal(found.entries[0].mac, mac_of(2)));
    assert_int_equal(found.entries[0].from_ms, T0 + MINUTE);
    who(1000, T0 + 2, &found);
    assert_int_equal(found.count, 1);
    assert_true(found.entries[0].is_until_uncertain);
    all(&found);
    assert_int_equal(found.gap_count, 1);
    assert_int_equal(found.gaps[0].kind, HISTORY_GAP_LOST);
}

/* The clock is set forward by a day, and back. */
static void test_clock(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(1000, 1999), 1, T0 + MINUTE);
    put_plain(w, HISTORY_CLOCK, T0 + DAY, T0 + 2 * MINUTE, 0);
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 2, T0 + DAY + MINUTE);
    put_plain(w, HISTORY_CLOCK, T0 + HOUR, T0 + DAY + 2 * MINUTE, 0);
    put(w, HISTORY_BEGIN, ports_of(3000, 3999), 3, T0 + HOUR + MINUTE);
    history_writer_free(w);
    all(&found);
    assert_int_equal(found.count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(found.entries[i].is_from_uncertain, !mac_equal(found.entries[i].mac, mac_of(3)));
    assert_int_equal(found.gap_count, 2);
    assert_int_equal(found.gaps[0].kind, HISTORY_GAP_CLOCK);
    assert_int_equal(found.gaps[0].run_ms, T0);
    assert_int_equal(found.gaps[1].from_ms, T0 + DAY + 2 * MINUTE);
    assert_int_equal(found.figures.disorder, 1);
}

/* Files of a day or so each; what is older than thirty of them is gone a day later at most. */
static void test_days(void **state)
{
    struct found found;
    unsigned files = 0;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(60000, 60999), 77, T0 + 1); /* from before all of them */
    for (uint64_t minute = 1; minute <= 60 * 24 * 60; minute++) {
        if (minute % 60 == 1) {
            put(w, HISTORY_BEGIN, ports_of(1000, 1999), (uint32_t)minute, T0 + minute * MINUTE);
        }
        if (minute % 60 == 31)
            put(w, HISTORY_END, ports_of(1000, 1999), (uint32_t)minute - 30, T0 + minute * MINUTE);
        put_plain(w, HISTORY_ALIVE, T0 + minute * MINUTE, 0, 0);
        assert_int_equal(history_writer_flush(w), 0);
    }
    each_file(count_file, &files);
    assert_in_range(files, 30, 33);
    history_writer_free(w);
    all(&found);
    assert_in_range(found.figures.begins_ms, T0 + 29 * DAY - HOUR, T0 + 30 * DAY);
    who(60500, T0 + 60 * DAY, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].from_ms, T0 + 1);
    who(1000, T0 + 40 * DAY + 5 * MINUTE, &found);
    assert_int_equal(found.count, 1);
    who(1000, T0 + 40 * DAY + 45 * MINUTE, &found);
    assert_int_equal(found.count, 0);
    who(60500, T0 + 40 * DAY, &found); /* files after that day are left out, all but the last */
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].until_ms, HISTORY_LASTS);
    assert_in_range(found.figures.places, 1, 6000);
    assert_string_equal(said, "");
}

/* Erased by hand, while it is written. */
static void test_removed(void **state)
{
    struct found found;
    (void)state;
    struct history_writer *w = begin_empty(T0);
    put(w, HISTORY_BEGIN, ports_of(1000, 1999), 1, T0 + 1);
    put(w, HISTORY_BEGIN, ports_of(2000, 2999), 2, T0 + 1);
    put(w, HISTORY_END, ports_of(2000, 2999), 2, T0 + 2);
    assert_int_equal(history_writer_flush(w), 0);
    assert_int_equal(unlink(path), 0);
    put_plain(w, HISTORY_ALIVE, T0 + MINUTE, 0, 0);
    assert_int_equal(history_writer_flush(w), 0);
    history_writer_free(w);
    all(&found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].from_ms, T0 + 1);
    assert_non_null(strstr(said, "was removed"));
}

static uint64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Nothing is faster here than in a build for users, so the bound is scaled by what this build needs for the same work. */
static uint64_t scale(void)
{
    static uint8_t places[(size_t)16384 * HISTORY_PLACE];
    const uint64_t began_us = cpu_us();
    unsigned whole = 0;
    for (unsigned turn = 0; turn < 64; turn++)
        for (uint32_t i = 0; i < 16384; i++)
            whole += history_place_is_whole(places + (size_t)i * HISTORY_PLACE, 1, i);
    const uint64_t took_ms = (cpu_us() - began_us) / 1000;
    assert_int_equal(whole, 0);
    return 1 + took_ms / 8; /* a million places: 4 to 6 ms in an optimized build */
}

#define ROUNDS      24
#define ADDRESSES   64
#define PER_ADDRESS 1024 /* ranges of 63 ports, near enough */

static struct port_range nth(unsigned i)
{
    const uint16_t first = (uint16_t)(1024 + (i % PER_ADDRESS) * 63);
    return (struct port_range){.range = {{ADDRESS + i / PER_ADDRESS}, first, (uint16_t)(first + 62)}};
}

/* 65,536 bindings, each of which has another owner every hour of a day. */
static void test_a_day_of_changes(void **state)
{
    struct found found;
    uint64_t bytes = 0, worst_ms = 0, sum_ms = 0, sum_us = 0;
    unsigned files = 0, asked = 0;
    (void)state;
    const uint64_t began_us = cpu_us();
    struct history_writer *w = begin_empty(T0);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < ADDRESSES * PER_ADDRESS; i++) {
            const uint64_t time_ms = T0 + round * HOUR + i * HOUR / (ADDRESSES * PER_ADDRESS);
            if (round > 0)
                put(w, HISTORY_END, nth(i), (round - 1) << 16 | i, time_ms);
            put(w, HISTORY_BEGIN, nth(i), round << 16 | i, time_ms);
            if (i % 1024 == 0) {
                put_plain(w, HISTORY_ALIVE, time_ms, 0, 0);
                assert_int_equal(history_writer_flush(w), 0);
            }
        }
    history_writer_free(w);
    const uint64_t wrote_ms = (cpu_us() - began_us) / 1000;
    each_file(add_size, &bytes);
    each_file(count_file, &files);
    assert_in_range(bytes, 1, usual.bytes);
    assert_string_equal(said, ""); /* nothing of the day was removed */
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned i = (round * 2731) % PER_ADDRESS;
        const uint64_t time_ms = T0 + round * HOUR + HOUR / 2, asked_ms = wall_ms(), asked_us = cpu_us();
        who(nth(i).range.first, time_ms, &found);
        const uint64_t took_ms = wall_ms() - asked_ms;
        sum_us += cpu_us() - asked_us;
        sum_ms += took_ms;
        worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
        asked++;
        assert_int_equal(found.count, 1);
        assert_true(mac_equal(found.entries[0].mac, mac_of(round << 16 | i)));
    }
    const uint64_t all_ms = wall_ms();
    search_by(&(struct history_query){.until_ms = HISTORY_LASTS}, UINT32_MAX, &found);
    printf("# a day of %u bindings that change every hour: %" PRIu64 " MiB in %u files, written in %" PRIu64
           " ms of CPU; whois: %" PRIu64 " ms (%" PRIu64 " us of CPU), %" PRIu64
           " ms at worst; all %u entries: %" PRIu64 " ms; bound: %" PRIu64 " ms of CPU\n",
           ADDRESSES * PER_ADDRESS, bytes / MEBIBYTE, files, wrote_ms, sum_ms / asked, sum_us / asked, worst_ms,
           found.all, wall_ms() - all_ms, 50 * scale());
    assert_int_equal(found.all, ROUNDS * ADDRESSES * PER_ADDRESS);
    /* Of CPU: who else is busy on the machine is no fault of the search. */
    assert_in_range(sum_us / asked, 0, 50000 * scale());
}

/* The same with a bound that has no room for it: it holds all the time, and what is left is right. */
static void test_bytes(void **state)
{
    struct found found;
    const struct history_limits few = {8 * MEBIBYTE, 30 * DAY / 1000};
    (void)state;
    struct history_writer *w = begin(&few, T0);
    put_plain(w, HISTORY_SYNC, T0, 0, HISTORY_UNCERTAIN);
    put_plain(w, HISTORY_CHECKED, T0, 0, 0);
    for (unsigned round = 0; round < 60; round++)
        for (unsigned i = 0; i < 8192; i++) {
            const uint64_t time_ms = T0 + round * HOUR + i * 400;
            if (round > 0)
                put(w, HISTORY_END, nth(i), (round - 1) << 16 | i, time_ms);
            put(w, HISTORY_BEGIN, nth(i), round << 16 | i, time_ms);
            if (i % 1024 == 0) {
                uint64_t bytes = 0;
                assert_int_equal(history_writer_flush(w), 0);
                each_file(add_size, &bytes);
                assert_in_range(bytes, 1, few.bytes);
                assert_int_equal(bytes, history_writer_figures(w).bytes);
            }
        }
    history_writer_free(w);
    assert_non_null(strstr(said, "has no room for 30 days"));
    who(nth(5).range.first, T0 + 59 * HOUR, &found);
    assert_int_equal(found.count, 1);
    assert_true(mac_equal(found.entries[0].mac, mac_of(58 << 16 | 5)));
    assert_in_range(found.figures.begins_ms, T0 + 30 * HOUR, T0 + 59 * HOUR);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, old_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_one_range_has_two_owners_in_turn),
        TEST(test_operators_names_and_port_sets),
        TEST(test_restart),
        TEST(test_reload),
        TEST(test_every_torn_tail),
        TEST(test_damage),
        TEST(test_what_is_not_ours),
        TEST(test_full_disk),
        TEST(test_clock),
        TEST(test_days),
        TEST(test_removed),
        TEST(test_a_day_of_changes),
        TEST(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
