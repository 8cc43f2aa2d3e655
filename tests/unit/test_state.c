/* test_state.c: state files: their lines, whole files and damaged ones, and what comes back into an engine. */
#include "../../src/daemon/state_file.h"

#include "pearpd/l4.h"
#include "pearpd/pe_arp.h"

#include "../lib/frame_tools.h"
#include "../lib/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SAVED      (5000 * S) /* CLOCK_BOOTTIME then */
#define WALL_US    (UINT64_C(1700000000) * 1000000)
#define FILE_BYTES ((size_t)64 * 1024)

static const struct mac host_c = {{0, 0x0c, 0x29, 0x66, 0x66, 0x66}};
static const struct ipv4 with_sets = {0xc023a203};
static const struct state_times saved_at = {"boot-one", SAVED, WALL_US};

/* Two addresses: ports 2000-9999 in blocks; port sets 6/8. One permanent range. */
static struct config configuration(void)
{
    static struct config_address addresses[2];
    static struct config_range range;
    addresses[0] = (struct config_address){
        shared, 2000, 9999, LEARN_PE_ARP | LEARN_TRAFFIC | LEARN_DHCP, 1000, .echo = ECHO_REPLY};
    addresses[1] =
        (struct config_address){with_sets, 1024, 65535, LEARN_PE_ARP, 1000, .has_psid = true, .psid = {6, 8}};
    range = (struct config_range){{shared, 60000, 60999}, host_c, "fixed", 0, 0, {{{0}}}, 0};
    struct config config = {.mac = bridge_mac,
                            .encap = 0x88b5,
                            .addresses = addresses,
                            .address_count = 2,
                            .ranges = &range,
                            .range_count = 1};
    limits_preset(&config.limits);
    return config;
}

static void small_tables(struct config *config)
{
    limits_small(&config->limits);
}

static struct world *world_new(void (*change)(struct config *config))
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_prepare(w);
    w->config = configuration();
    w->seed.epoch = 77;
    if (change != NULL)
        change(&w->config);
    world_make(w);
    return w;
}

static void world_free(struct world *w)
{
    world_end(w);
    free(w);
}

static struct table_entry entry_of(uint16_t first, uint16_t last, struct mac mac, enum binding_origin origin)
{
    return (struct table_entry){.range = {shared, first, last},
                                .mac = mac,
                                .state = BINDING_REACHABLE,
                                .origin = origin,
                                .side = SIDE_DOWNSTREAM,
                                .name = "",
                                .age_ns = 7 * S + first,
                                .expires_ns = ENGINE_NEVER,
                                .rx_frames = first,
                                .rx_bytes = UINT64_MAX - first,
                                .tx_frames = last,
                                .tx_bytes = 3};
}

static int restore(struct world *w, uint64_t now_ns, const struct table_entry *entry)
{
    return engine_restore(w->engine, now_ns, entry, &w->out);
}

/* A world whose table has one of every origin. */
static struct world *world_full(void)
{
    struct world *w = world_new(NULL);
    struct table_entry entries[] = {
        entry_of(2000, 2999, host_a, ORIGIN_PE_ARP),  entry_of(3000, 3999, host_b, ORIGIN_TRAFFIC),
        entry_of(4000, 4099, host_b, ORIGIN_CONTROL), entry_of(5000, 5999, host_a, ORIGIN_DHCP),
        entry_of(6000, 6000, host_c, ORIGIN_PE_ARP),  entry_of(60000, 60999, host_c, ORIGIN_CONFIG),
    };
    entries[1].expires_ns = 200 * S;
    entries[3].expires_ns = 3000 * S;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        assert_int_equal(restore(w, SAVED, &entries[i]), 0);
    struct table_entry set = entry_of(0, 0, host_b, ORIGIN_PE_ARP);
    struct port_span bounds = port_set_bounds((struct port_set_params){6, 8}, 0x34);
    set.range = (struct range){with_sets, bounds.first, bounds.last};
    set.has_psid = true;
    set.psid = (struct port_set_params){6, 8};
    set.psid_id = 0x34;
    assert_int_equal(restore(w, SAVED, &set), 0);
    assert_int_equal(w->event_count, 0);
    return w;
}

/* The file that a save of `w` makes; `lines` of it, header and end included. */
static size_t save(const struct world *w, char *file, size_t *lines)
{
    struct state_walk walk = {.engine = w->engine, .now_ns = SAVED};
    struct state_line line;
    size_t length = 0;
    uint64_t records = 0;
    state_header(&line, &saved_at);
    do {
        assert_true(line.length > 0 && length + line.length <= FILE_BYTES);
        memcpy(file + length, line.text, line.length);
        length += line.length;
    } while (state_walk_next(&walk, &line) && state_line_end(&line) > 0 && ++records > 0);
    state_trailer(&line, records);
    memcpy(file + length, line.text, line.length);
    *lines = records + 2;
    return length + line.length;
}

/* Reads `file` into `w` at the time `now`. */
static void load(struct world *w, const struct state_times *now, const char *file, size_t length,
                 struct state_reading *reading)
{
    struct state_load to = {.engine = w->engine, .out = &w->out, .now_ns = now->boottime_ns};
    state_reading_begin(reading, &to, now);
    state_reading_feed(reading, file, length);
    state_reading_end(reading);
}

static bool entries_equal(const struct table_entry *a, const struct table_entry *b)
{
    return a->range.address.host == b->range.address.host && a->range.first == b->range.first &&
           a->range.last == b->range.last && mac_equal(a->mac, b->mac) && a->state == b->state &&
           a->origin == b->origin && a->has_psid == b->has_psid && a->psid_id == b->psid_id &&
           a->age_ns == b->age_ns && a->expires_ns == b->expires_ns && a->rx_frames == b->rx_frames &&
           a->rx_bytes == b->rx_bytes && a->tx_frames == b->tx_frames && a->tx_bytes == b->tx_bytes &&
           strcmp(a->name, b->name) == 0;
}

static void assert_tables_equal(const struct world *a, const struct world *b, uint64_t now_ns)
{
    struct table_cursor at_a = {0}, at_b = {0};
    struct table_entry x, y;
    while (engine_table_next(a->engine, now_ns, &at_a, &x)) {
        assert_true(engine_table_next(b->engine, now_ns, &at_b, &y));
        assert_true(entries_equal(&x, &y));
    }
    assert_false(engine_table_next(b->engine, now_ns, &at_b, &y));
}

static unsigned bindings_of(const struct world *w)
{
    struct table_cursor at = {0};
    struct table_entry entry;
    unsigned count = 0;
    while (engine_bindings_next(w->engine, SAVED, &at, &entry))
        count++;
    return count;
}

/* The entry of the binding that begins at `first` of `shared`. */
static struct table_entry entry_at(const struct world *w, uint64_t now_ns, uint16_t first)
{
    struct table_cursor at = {0};
    struct table_entry entry;
    while (engine_bindings_next(w->engine, now_ns, &at, &entry))
        if (entry.range.address.host == shared.host && entry.range.first == first)
            return entry;
    fail_msg("nobody owns from %u on", first);
    return entry;
}

/* Lines. */

static unsigned record_count;
static struct state_record last_record;

static void note_record(void *context, const struct state_record *record)
{
    (void)context;
    record_count++;
    assert_true(record->count <= STATE_FIELDS);
    last_record = *record;
    /* Borrowed texts point into the record they came in. */
    last_record.kind = last_record.text + (record->kind - record->text);
    for (unsigned i = 0; i < record->count; i++) {
        last_record.fields[i].key = last_record.text + (record->fields[i].key - record->text);
        last_record.fields[i].value = last_record.text + (record->fields[i].value - record->text);
    }
}

static uint64_t read_text(const char *text, size_t length, size_t piece)
{
    static struct state_reader reader;
    memset(&reader, 0, sizeof(reader));
    reader.record = note_record;
    record_count = 0;
    for (size_t at = 0; at < length; at += piece)
        state_reader_feed(&reader, text + at, length - at < piece ? length - at : piece);
    state_reader_end(&reader);
    return reader.bad;
}

static void test_a_line_is_read_as_written(void **state)
{
    (void)state;
    struct state_line line;
    state_line_begin(&line, "thing");
    state_line_text(&line, "name", "a=b:c~");
    state_line_u64(&line, "most", UINT64_MAX);
    state_line_u64(&line, "zero", 0);
    size_t length = state_line_end(&line);
    assert_int_equal(length, line.length);
    assert_int_equal(read_text(line.text, line.length, 1), 0);
    assert_int_equal(record_count, 1);
    assert_string_equal(last_record.kind, "thing");
    assert_string_equal(state_record_text(&last_record, "name"), "a=b:c~");
    uint64_t number = 5;
    assert_true(state_record_u64(&last_record, "most", &number) && number == UINT64_MAX);
    assert_true(state_record_u64(&last_record, "zero", &number) && number == 0);
    assert_false(state_record_u64(&last_record, "name", &number));
    assert_false(state_record_u64(&last_record, "none", &number));
    assert_null(state_record_text(&last_record, "none"));
}

static void test_what_cannot_stand_in_a_line(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a b", "a#b", "a\nb", "\x80", "\x7f"};
    struct state_line line;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        state_line_begin(&line, "thing");
        state_line_text(&line, "key", bad[i]);
        assert_int_equal(state_line_end(&line), 0);
    }
    state_line_begin(&line, "thing");
    for (unsigned i = 0; i < STATE_LINE_BYTES; i++)
        state_line_u64(&line, "number", i);
    assert_int_equal(state_line_end(&line), 0);
    state_line_begin(&line, "thing"); /* the next one is not hurt by it */
    assert_true(state_line_end(&line) > 0);
}

/* The text of a line with its right checksum, whatever it says. */
static size_t sealed(const char *text, char *line, size_t size)
{
    struct state_line sum;
    char plain[STATE_LINE_BYTES];
    size_t length = strlen(text);
    memcpy(sum.text, text, length);
    sum.length = length;
    sum.bad = false;
    assert_true(state_line_end(&sum) > 0);
    snprintf(plain, sizeof(plain), "%.*s", (int)sum.length, sum.text);
    snprintf(line, size, "%s", plain);
    return strlen(line);
}

static void test_a_good_checksum_alone_makes_no_record(void **state)
{
    (void)state;
    char line[STATE_LINE_BYTES], fields[STATE_LINE_BYTES] = "k";
    static const char *const bad[] = {"", " a=1", "k a", "k =1", "k  a=1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_text(line, sealed(bad[i], line, sizeof(line)), 7), 1);
        assert_int_equal(record_count, 0);
    }
    for (unsigned i = 0; i <= STATE_FIELDS; i++)
        strcat(fields, " a=1");
    assert_int_equal(read_text(line, sealed(fields, line, sizeof(line)), 7), 1);
    assert_int_equal(read_text(line, sealed("k a= b=18446744073709551616", line, sizeof(line)), 7), 0);
    uint64_t number;
    assert_false(state_record_u64(&last_record, "a", &number));
    assert_false(state_record_u64(&last_record, "b", &number));
}

static void test_an_endless_line_costs_itself_alone(void **state)
{
    (void)state;
    static char text[3 * FILE_BYTES];
    size_t length = FILE_BYTES;
    memset(text, 'x', length);
    text[length++] = '\n';
    length += sealed("thing a=1", text + length, sizeof(text) - length);
    for (size_t piece = 1; piece < length; piece = 3 * piece + 1) {
        assert_int_equal(read_text(text, length, piece), 1);
        assert_int_equal(record_count, 1);
    }
}

/* Whole files. */

static void test_save_then_load_is_the_same_table(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    size_t lines;
    struct world *a = world_full(), *b = world_new(NULL);
    struct state_reading reading;
    size_t length = save(a, file, &lines);
    assert_int_equal(lines, 10);
    load(b, &saved_at, file, length, &reading);
    assert_false(state_reading_is_damaged(&reading));
    assert_int_equal(reading.restored, 8);
    assert_int_equal(reading.refused + reading.unknown + reading.senseless, 0);
    assert_true(reading.load.has_epoch && reading.load.epoch == 77);
    assert_tables_equal(a, b, SAVED);
    assert_int_equal(b->event_count, 0);
    assert_int_equal(b->made[SIDE_DOWNSTREAM], 0);
    world_free(a);
    world_free(b);
}

/* How many lines of `file` are whole within its first `cut` bytes: their newline may be missing. */
static unsigned whole_lines(const char *file, size_t cut)
{
    unsigned whole = 0;
    for (size_t i = 0; i <= cut; i++)
        whole += file[i] == '\n';
    return whole;
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    size_t lines;
    struct world *a = world_full();
    size_t length = save(a, file, &lines);
    world_free(a);
    for (size_t cut = 0; cut < length; cut++) {
        struct world *b = world_new(small_tables);
        struct state_reading r;
        load(b, &saved_at, file, cut, &r);
        unsigned whole = whole_lines(file, cut);
        assert_int_equal(r.records + r.has_header + r.has_end, whole);
        assert_int_equal(r.restored, r.records);
        assert_int_equal(state_reading_is_damaged(&r), cut < length - 1);
        assert_true(r.is_ours);
        world_free(b);
    }
    printf("# F11: a state file cut at %zu places: every whole record kept\n", length);
}

static void test_changed_at_every_byte(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    static const char to[] = {'\n', '#', 'a', '0', ' ', '\0', '\x80'};
    size_t lines;
    unsigned changes = 0;
    struct world *a = world_full();
    size_t length = save(a, file, &lines);
    world_free(a);
    for (size_t i = 0; i < length; i++) {
        char was = file[i];
        for (size_t n = 0; n <= sizeof(to); n++) {
            file[i] = n < sizeof(to) ? to[n] : (char)(was ^ 1);
            if (file[i] == was)
                continue;
            struct world *b = world_new(small_tables);
            struct state_reading r;
            load(b, &saved_at, file, length, &r);
            assert_true(state_reading_is_damaged(&r));
            assert_true(r.is_ours);
            /* The line that the byte is of is lost; where it is a newline, none is. */
            assert_int_equal(r.records + r.has_header + r.has_end, lines - (was != '\n'));
            assert_int_equal(r.restored, r.records);
            world_free(b);
            changes++;
        }
        file[i] = was;
    }
    printf("# F11: a state file changed in %u ways: one record lost each time, or none\n", changes);
}

static void test_other_versions(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    struct world *w = world_new(NULL);
    struct state_reading r;
    size_t length = sealed("pearpd-state version=9 boot=boot-one boottime_ns=4999000000000 wall_us=1 mood=good",
                           file, FILE_BYTES);
    length += sealed("binding range=192.35.162.2:2000-2999 mac=00:0c:29:9e:8c:ee origin=pe-arp age_ns=1 "
                     "rx_frames=1 rx_bytes=2 tx_frames=3 tx_bytes=4 colour=red",
                     file + length, FILE_BYTES - length);
    length += sealed("planet name=mars", file + length, FILE_BYTES - length);
    length += sealed("binding range=192.35.162.2:3000-3999 mac=00:0c:29:9e:8c:ee origin=telepathy age_ns=1 "
                     "rx_frames=1 rx_bytes=2 tx_frames=3 tx_bytes=4",
                     file + length, FILE_BYTES - length);
    length += sealed("end records=3", file + length, FILE_BYTES - length);
    load(w, &saved_at, file, length, &r);
    assert_int_equal(r.version, 9);
    assert_int_equal(r.restored, 1);
    assert_int_equal(r.unknown, 1);
    assert_int_equal(r.senseless, 1);
    assert_int_equal(entry_at(w, SAVED, 2000).age_ns, S + 1);
    world_free(w);
}

static void test_an_age_has_its_bound(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    struct world *w = world_new(NULL);
    struct state_times later = saved_at;
    struct state_reading r;
    size_t length =
        sealed("pearpd-state version=1 boot=boot-one boottime_ns=4000000000000 wall_us=1", file, FILE_BYTES);
    length += sealed(
        "binding range=192.35.162.2:2000-2999 mac=00:0c:29:9e:8c:ee origin=pe-arp age_ns=5333333333000000000 "
        "rx_frames=1 rx_bytes=2 tx_frames=3 tx_bytes=4",
        file + length, FILE_BYTES - length);
    later.boottime_ns = SAVED;
    load(w, &later, file, length, &r);
    assert_int_equal(r.restored, 1);
    assert_true(entry_at(w, SAVED, 2000).age_ns == UINT64_MAX / 4);
    world_free(w);
}

static void give_keys(struct config *config)
{
    static struct pe_arp_key keys[] = {{.id = 7, .role = KEY_HOST}, {.id = 4000000000, .role = KEY_GROUP}};
    keys[0].macs = (struct key_macs){.count = 2, .mac = {host_a, host_b}};
    config->keys = keys;
    config->key_count = 2;
}

/* What was sent before the restart is a replay after it; and the next HELLO is newer than the last one. */
static void test_numbers_of_signed_messages_come_back(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    struct world *a = world_new(give_keys), *b = world_new(give_keys), *c = world_new(NULL);
    const struct seq_entry entries[] = {
        {7, host_b, UINT64_MAX}, {4000000000, host_a, 0}, {4000000000, host_c, 12}};
    struct seq_entry back;
    struct seq_cursor at = {0};
    struct state_reading r;
    size_t lines;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(engine_seq_restore(a->engine, &entries[i]), 0);
    engine_hello_seq_restore(a->engine, 5000000);
    size_t length = save(a, file, &lines);
    assert_non_null(strstr(file, "\nseq key=4000000000 mac="));
    load(b, &saved_at, file, length, &r);
    assert_int_equal(r.restored, r.records);
    unsigned same = 0, all = 0;
    for (; engine_seqs_next(b->engine, &at, &back); all++)
        for (unsigned i = 0; i < 3; i++)
            same += back.key_id == entries[i].key_id && mac_equal(back.mac, entries[i].mac) &&
                    back.number == entries[i].number;
    assert_int_equal(all, 3);
    assert_int_equal(same, 3);
    assert_true(r.load.hello_seq == 5000000);
    load(c, &saved_at, file, length, &r);
    assert_int_equal(r.restored, r.records - 3); /* keys that are gone */
    world_free(a);
    world_free(b);
    world_free(c);
}

/* The port sets of the second address are leased by the bridge itself. */
static void serve(struct config *config)
{
    config->addresses[1].is_served = true;
    config->addresses[1].lease_psid = config->addresses[1].psid;
}

static void test_leases_come_back_with_their_bindings(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    struct world *a = world_new(serve), *b = world_new(serve), *c = world_new(NULL);
    struct port_span bounds = port_set_bounds((struct port_set_params){6, 8}, 0x34);
    struct lease_entry lease = {.range = {with_sets, bounds.first, bounds.last},
                                .psid = {6, 8},
                                .psid_id = 0x34,
                                .mac = host_a,
                                .client_id = {0xff, 0, 0xab},
                                .client_id_length = 3,
                                .state = LEASE_BOUND,
                                .left_ns = 3000 * S,
                                .name = ""};
    struct lease_entry back;
    struct state_reading r;
    size_t lines;
    assert_int_equal(engine_lease_restore(a->engine, SAVED, &lease, &a->out), 0);
    size_t length = save(a, file, &lines);
    assert_non_null(strstr(file, "\nlease range="));
    load(b, &saved_at, file, length, &r);
    assert_int_equal(r.restored, r.records);
    uint32_t at = 0;
    assert_true(engine_leases_next(b->engine, SAVED + S, &at, &back));
    assert_true(back.range.first == bounds.first && back.psid_id == 0x34 && mac_equal(back.mac, host_a));
    assert_int_equal(back.client_id_length, 3);
    assert_memory_equal(back.client_id, lease.client_id, 3);
    assert_true(back.left_ns <= 3000 * S && back.left_ns > 2990 * S);
    assert_false(engine_leases_next(b->engine, SAVED + S, &at, &back));
    assert_int_equal(bindings_of(b), 2);
    load(c, &saved_at, file, length, &r); /* nobody is served any more */
    assert_int_equal(r.restored, r.records - 2);
    assert_int_equal(bindings_of(c), 1);
    world_free(a);
    world_free(b);
    world_free(c);
}

static void test_senseless_leases(void **state)
{
    (void)state;
#define SET  "range=192.35.162.3:1232-64723 "
#define HOST "mac=00:0c:29:9e:8c:ee "
    static const char *const lines[] = {
        "lease psid_offset=6 psid_length=8 psid=52 " HOST "left_ns=9",
        "lease " SET "psid_offset=6 psid_length=8 " HOST "left_ns=9",
        "lease " SET "psid_length=8 psid=52 " HOST "left_ns=9",
        "lease " SET "psid_offset=6 psid_length=8 psid=52 mac=00:0c:29:9e:8c left_ns=9",
        "lease " SET "psid_offset=6 psid_length=8 psid=52 " HOST "client_id=f",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct world *w = world_new(serve);
        struct state_reading r;
        static char file[FILE_BYTES];
        size_t length = sealed("pearpd-state version=1 boot=boot-one boottime_ns=4999000000000 wall_us=1", file,
                               FILE_BYTES);
        length += sealed(lines[i], file + length, FILE_BYTES - length);
        length += sealed("end records=1", file + length, FILE_BYTES - length);
        load(w, &saved_at, file, length, &r);
        assert_int_equal(r.senseless, 1);
        assert_int_equal(engine_lease_figures(w->engine).leased, 0);
        world_free(w);
    }
}

/* Denied hosts come back; what cannot be denied does not, and a record without a host is no record. */
static void test_denied_hosts_come_back(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    static const char *const senseless[] = {"deny", "deny host=00:0c:29:9e:8c:ee", "deny mac=00:0c:29:9e:8c"};
    struct mac configured = host_a, of_the_file[] = {router, host_b};
    struct world *a = world_new(NULL), *b = world_new(small_tables);
    struct denied_entry entry;
    struct state_reading r;
    size_t lines;
    uint32_t at = 0;
    a->config.denied = &configured;
    a->config.denied_count = 1;
    assert_int_equal(engine_reload(a->engine, SAVED, &a->config, &a->out), 0);
    const uint64_t changes = engine_changes(a->engine);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(engine_deny(a->engine, SAVED, of_the_file[i], &a->out), 0);
    assert_true(engine_changes(a->engine) > changes); /* so it is saved */
    size_t length = save(a, file, &lines);
    load(b, &saved_at, file, length, &r);
    assert_non_null(strstr(file, "\ndeny mac=00:12:7f:c4:38:d3 "));
    assert_false(state_reading_is_damaged(&r));
    assert_int_equal(r.restored, r.records);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(engine_denied_next(b->engine, &at, &entry));
        assert_true(mac_equal(entry.mac, of_the_file[i]) && entry.origin == ORIGIN_CONTROL);
    }
    assert_false(engine_denied_next(b->engine, &at, &entry)); /* the configuration's is not of the file */
    struct table_entry claimed = entry_of(2000, 2999, router, ORIGIN_PE_ARP);
    assert_int_equal(restore(b, SAVED, &claimed), -ERANGE);
    assert_int_equal(engine_allow(a->engine, router), 0);
    save(a, file, &lines);
    assert_null(strstr(file, "\ndeny mac=00:12:7f:c4:38:d3 "));
    world_free(a);
    world_free(b);
    for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
        struct world *w = world_new(small_tables);
        length = sealed("pearpd-state version=1 boottime_ns=1 wall_us=1", file, FILE_BYTES);
        length += sealed(senseless[i], file + length, FILE_BYTES - length);
        length += sealed("deny mac=00:0c:29:66:66:66", file + length, FILE_BYTES - length); /* has a range */
        length += sealed("deny mac=ff:ff:ff:ff:ff:ff", file + length, FILE_BYTES - length);
        length += sealed("deny mac=00:0c:29:39:44:ab", file + length, FILE_BYTES - length);
        length += sealed("end records=4", file + length, FILE_BYTES - length);
        load(w, &saved_at, file, length, &r);
        assert_true(state_reading_is_damaged(&r));
        assert_int_equal(r.senseless, 1);
        assert_int_equal(r.refused, 2);
        assert_int_equal(r.restored, 1);
        world_free(w);
    }
}

static void test_foreign_files_are_not_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {"root:x:0:0:root:/root:/bin/bash\n", "pearpd-statement\n", "\n", "x"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world *w = world_new(NULL);
        struct state_reading r;
        load(w, &saved_at, texts[i], strlen(texts[i]), &r);
        assert_false(r.is_ours);
        assert_int_equal(bindings_of(w), 1);
        world_free(w);
    }
}

/* Time. */

static void test_ages_by_the_clock_that_can_be_believed(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    static const uint64_t ten_years_us = UINT64_C(3650) * 86400 * 1000000;
    const struct {
        struct state_times now;
        uint64_t elapsed_s;
    } cases[] = {
        {{"boot-one", SAVED + 60 * S, WALL_US}, 60},
        {{"boot-one", SAVED + 60 * S, WALL_US + ten_years_us}, 60},
        {{"boot-one", SAVED + 60 * S, WALL_US - ten_years_us}, 60},
        {{"boot-one", SAVED - 60 * S, WALL_US}, 0},
        {{"boot-one", SAVED + 3600 * S, WALL_US}, 3600},
        {{"boot-two", 20 * S, WALL_US + 90 * UINT64_C(1000000)}, 90},
        {{"boot-two", 20 * S, WALL_US - ten_years_us}, 0},
        {{"boot-two", 20 * S, WALL_US + ten_years_us}, UINT64_C(30) * 86400},
        {{"", 20 * S, WALL_US + 90 * UINT64_C(1000000)}, 90},
    };
    size_t lines;
    struct world *a = world_full();
    size_t length = save(a, file, &lines);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *b = world_new(NULL);
        struct state_reading r;
        load(b, &cases[i].now, file, length, &r);
        bool is_lease_over = cases[i].elapsed_s >= 3000 && r.load.is_same_boot;
        assert_int_equal(r.load.elapsed_ns, cases[i].elapsed_s * S);
        assert_int_equal(bindings_of(b), bindings_of(a) - is_lease_over);
        uint64_t now_ns = cases[i].now.boottime_ns;
        assert_int_equal(entry_at(b, now_ns, 2000).age_ns, 7 * S + 2000 + cases[i].elapsed_s * S);
        assert_int_equal(entry_at(b, now_ns, 2000).state, BINDING_STALE);
        assert_int_equal(entry_at(b, now_ns, 3000).state, BINDING_STALE);
        assert_true(entry_at(b, now_ns, 3000).expires_ns >= 60 * S);
        assert_int_equal(entry_at(b, now_ns, 4000).state, BINDING_PERMANENT);
        if (!is_lease_over) {
            uint64_t left_s = cases[i].elapsed_s < 2400 ? 3000 - cases[i].elapsed_s : 600;
            assert_int_equal(entry_at(b, now_ns, 5000).expires_ns, left_s * S);
        }
        world_free(b);
    }
    world_free(a);
    puts("# F13: clocks that jump by ten years, an hour's sleep, a reboot: all learned bindings stale, none "
         "gone");
}

/* What the engine makes of it. */

static void other_ports(struct config *config)
{
    config->addresses[0].ports_first = 3000;
    config->addresses[0].learn = LEARN_PE_ARP | LEARN_DHCP;
    config->addresses[1].psid = (struct port_set_params){4, 8};
    config->ranges[0].mac = host_a;
    config->limits.bindings = 4;
}

static void test_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(other_ports);
    struct table_entry e = entry_of(2000, 2999, host_a, ORIGIN_PE_ARP);
    assert_int_equal(restore(w, SAVED, &e), -ERANGE); /* outside ports */
    e = entry_of(3000, 3999, host_a, ORIGIN_TRAFFIC);
    assert_int_equal(restore(w, SAVED, &e), -ERANGE); /* not learned so any more */
    e = entry_of(60000, 60999, host_c, ORIGIN_CONFIG);
    assert_int_equal(restore(w, SAVED, &e), -ESTALE); /* another's now */
    e = entry_of(60500, 61500, host_c, ORIGIN_CONTROL);
    assert_int_equal(restore(w, SAVED, &e), -EEXIST);
    e = entry_of(3000, 3999, host_a, ORIGIN_PE_ARP);
    e.range.address.host = 1;
    assert_int_equal(restore(w, SAVED, &e), -ENOENT);
    static const struct mac no_hosts[] = {{{0}}, {{1, 2, 3, 4, 5, 6}}, {{0x02, 0x50, 0x45, 0, 0, 1}}};
    for (size_t i = 0; i < 3; i++) {
        e = entry_of(3000, 3999, no_hosts[i], ORIGIN_PE_ARP);
        assert_int_equal(restore(w, SAVED, &e), -EINVAL);
    }
    e = entry_of(3000, 3999, host_a, ORIGIN_PE_ARP);
    e.state = BINDING_PUBLISHED;
    assert_int_equal(restore(w, SAVED, &e), -EINVAL);
    e = entry_of(3000, 3999, host_a, ORIGIN_DHCP);
    e.expires_ns = 0;
    assert_int_equal(restore(w, SAVED, &e), -ETIME);
    struct port_span bounds = port_set_bounds((struct port_set_params){6, 8}, 0x34);
    e = entry_of(bounds.first, bounds.last, host_b, ORIGIN_PE_ARP);
    e.range.address = with_sets;
    assert_int_equal(restore(w, SAVED, &e), -ERANGE); /* sets alone */
    e.has_psid = true;
    e.psid_id = 0x34;
    e.psid = (struct port_set_params){6, 8};
    assert_int_equal(restore(w, SAVED, &e), -ERANGE); /* other sets */
    e.psid_id = 0x35;
    assert_int_equal(restore(w, SAVED, &e), -EINVAL); /* not its bounds */
    for (uint16_t i = 0; i < 3; i++) {
        e = entry_of((uint16_t)(3000 + i), (uint16_t)(3000 + i), host_a, ORIGIN_PE_ARP);
        assert_int_equal(restore(w, SAVED, &e), 0);
    }
    assert_int_equal(restore(w, SAVED, &e), -EEXIST);
    e = entry_of(4000, 4000, host_a, ORIGIN_PE_ARP);
    assert_int_equal(restore(w, SAVED, &e), -ENOSPC); /* nobody is pushed out */
    assert_int_equal(bindings_of(w), 4);
    world_free(w);
}

static void two_of_an_address(struct config *config)
{
    config->limits.address_bindings = 2;
}

static void test_more_than_an_address_may_have(void **state)
{
    (void)state;
    struct world *w = world_new(two_of_an_address);
    for (uint16_t i = 0; i < 3; i++) {
        const struct table_entry e =
            entry_of((uint16_t)(3000 + i), (uint16_t)(3000 + i), host_a, ORIGIN_PE_ARP);
        assert_int_equal(restore(w, SAVED, &e), i < 2 ? 0 : -ENOSPC); /* nobody is pushed out */
    }
    assert_int_equal(bindings_of(w), 3); /* the permanent one, too */
    world_free(w);
}

/* The bridge leases sets of an address that has none of its own. */
static void serve_plain(struct config *config)
{
    serve(config);
    config->addresses[1].has_psid = false;
}

static void test_a_claimed_lease_comes_back(void **state)
{
    (void)state;
    struct world *w = world_new(serve_plain);
    struct port_span bounds = port_set_bounds((struct port_set_params){6, 8}, 0x34);
    struct table_entry e = entry_of(bounds.first, bounds.last, host_b, ORIGIN_PE_ARP);
    e.range.address = with_sets;
    e.has_psid = true;
    e.psid = (struct port_set_params){6, 8};
    e.psid_id = 0x34;
    assert_int_equal(restore(w, SAVED, &e), 0);
    e.origin = ORIGIN_TRAFFIC;
    assert_int_equal(restore(w, SAVED, &e), -ERANGE); /* by traffic sets are not learned there */
    world_free(w);
}

/* Runs the engine's timers up to `until`. */
static void run(struct world *w, uint64_t until)
{
    while (engine_next(w->engine) <= until)
        engine_tick(w->engine, engine_next(w->engine), &w->out);
}

static void test_confirmed_by_requests_spread_in_time(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    unsigned before = 0, worst = 0, seconds = 0;
    for (uint16_t i = 0; i < 4000; i++) {
        struct mac mac = {{0, 2, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        struct table_entry e = entry_of((uint16_t)(2000 + i), (uint16_t)(2000 + i), mac, ORIGIN_PE_ARP);
        assert_int_equal(restore(w, SAVED, &e), 0);
    }
    assert_int_equal(w->made[SIDE_DOWNSTREAM], 0);
    for (uint64_t t = SAVED; bindings_of(w) > 1 && t < SAVED + 60 * S; t += S, seconds++) {
        run(w, t + S);
        worst = w->made[SIDE_DOWNSTREAM] - before > worst ? w->made[SIDE_DOWNSTREAM] - before : worst;
        before = w->made[SIDE_DOWNSTREAM];
    }
    assert_int_equal(bindings_of(w), 1); /* nobody answered: the permanent one alone */
    assert_int_equal(w->made[SIDE_DOWNSTREAM], 3 * 4000);
    assert_true(worst <= 1000);
    assert_true(engine_stats(w->engine)->counters[COUNTER_EXPIRED] == 4000);
    printf("# F13: 4000 restored bindings: at most %u requests in a second though nobody answers, "
           "%u s\n",
           worst, seconds);
    world_free(w);
}

static void test_one_host_with_many_ranges_is_asked_slowly(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    for (uint16_t i = 0; i < 100; i++) {
        struct table_entry e = entry_of((uint16_t)(2000 + i), (uint16_t)(2000 + i), host_a, ORIGIN_PE_ARP);
        assert_int_equal(restore(w, SAVED, &e), 0);
    }
    for (unsigned s = 1; s <= 40; s++) {
        unsigned before = w->made[SIDE_DOWNSTREAM];
        run(w, SAVED + s * S);
        assert_true(w->made[SIDE_DOWNSTREAM] - before <= 20); /* 10/s, and a burst of them */
    }
    assert_int_equal(bindings_of(w), 1);
    world_free(w);
}

/* A frame from `mac`, from port `port` of `shared`. */
static struct verdict frame_from(struct world *w, uint64_t now_ns, struct mac mac, uint16_t port)
{
    uint8_t bytes[60] = {0};
    uint8_t *udp = put_ipv4(bytes, router, mac, shared, remote, PROTOCOL_UDP, 12);
    put16(udp, port);
    put16(udp + 2, 53);
    put16(udp + 4, 12);
    w->now = now_ns;
    return world_give(w, SIDE_DOWNSTREAM, bytes, sizeof(bytes));
}

static void test_traffic_comes_back_with_a_frame_or_goes(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    struct table_entry a = entry_of(3000, 3999, host_a, ORIGIN_TRAFFIC);
    struct table_entry b = entry_of(4000, 4999, host_b, ORIGIN_TRAFFIC);
    a.expires_ns = b.expires_ns = 5 * S;
    assert_int_equal(restore(w, SAVED, &a), 0);
    assert_int_equal(restore(w, SAVED, &b), 0);
    assert_int_equal(frame_from(w, SAVED + S, host_b, 3500).fate, FATE_DROPPED); /* another's */
    assert_int_equal(frame_from(w, SAVED + S, host_a, 3500).fate, FATE_SENT);
    assert_int_equal(entry_at(w, SAVED + S, 3000).state, BINDING_REACHABLE);
    run(w, SAVED + 60 * S - 1);
    assert_int_equal(entry_at(w, SAVED, 4000).state, BINDING_STALE);
    run(w, SAVED + 61 * S);
    assert_int_equal(bindings_of(w), 2);
    assert_int_equal(entry_at(w, SAVED, 3000).tx_frames, a.tx_frames + 1);
    assert_int_equal(w->made[SIDE_DOWNSTREAM], 0); /* it was never asked */
    world_free(w);
}

static void test_a_reload_keeps_the_turns(void **state)
{
    (void)state;
    struct world *w = world_full();
    struct config config = configuration();
    uint64_t changes = engine_changes(w->engine);
    unsigned bindings = bindings_of(w);
    assert_int_equal(engine_reload(w->engine, SAVED, &config, &w->out), 0);
    assert_int_equal(bindings_of(w), bindings);
    assert_true(engine_changes(w->engine) > changes); /* it is to be saved */
    struct table_entry e = entry_of(7000, 7000, host_a, ORIGIN_PE_ARP);
    assert_int_equal(restore(w, SAVED, &e), 0);
    w->made[SIDE_DOWNSTREAM] = 0;
    run(w, SAVED + 10 * S);
    assert_int_equal(w->made[SIDE_DOWNSTREAM], 3 * 4); /* each by PE-ARP three times; nobody answers */
    assert_int_equal(bindings_of(w), bindings - 3);
    world_free(w);
}

/* On the disk. */

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int read_path(struct state_reading *reading)
{
    struct world *w = world_new(give_keys);
    struct state_load to = {.engine = w->engine, .out = &w->out, .now_ns = SAVED};
    int error = state_file_read(path_of("state"), &to, &saved_at, reading);
    assert_int_equal(engine_epoch(w->engine),
                     reading->load.has_epoch && access(path_of("state"), F_OK) == 0 ? reading->load.epoch : 77);
    assert_true(engine_hello_seq(w->engine) > reading->load.hello_seq || reading->load.hello_seq == 0);
    world_free(w);
    return error;
}

static void write_path(const char *name, const char *bytes, size_t length)
{
    FILE *out = fopen(path_of(name), "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static bool is_aside(void)
{
    bool aside = access(path_of("state"), F_OK) != 0;
    return unlink(path_of("state.damaged")) == 0 && aside;
}

static void test_files_on_the_disk(void **state)
{
    (void)state;
    static char file[FILE_BYTES];
    struct state_reading r;
    size_t lines;
    struct world *a = world_full();
    engine_epoch_restore(a->engine, 1234);
    size_t length = save(a, file, &lines);
    world_free(a);
    assert_int_equal(read_path(&r), 0); /* none there */
    write_path("state", file, length);
    assert_int_equal(read_path(&r), 0);
    assert_int_equal(r.restored, 8);
    assert_false(is_aside());
    struct world *keyed = world_new(give_keys);
    engine_hello_seq_restore(keyed->engine, 5000000);
    write_path("state", file, save(keyed, file, &lines));
    world_free(keyed);
    assert_int_equal(read_path(&r), 0); /* and the engine's next HELLO is a later one */
    assert_int_equal(r.load.hello_seq, 5000000);
    a = world_full();
    length = save(a, file, &lines);
    world_free(a);
    write_path("state", file, length / 2);
    assert_int_equal(read_path(&r), 0);
    assert_true(is_aside());
    write_path("state", "", 0);
    assert_int_equal(read_path(&r), 0);
    assert_true(is_aside());
    write_path("state", "somebody else's\n", 16);
    assert_int_equal(read_path(&r), -EEXIST);
    assert_false(is_aside());
    unlink(path_of("state"));
    assert_int_equal(symlink("elsewhere", path_of("state")), 0);
    write_path("elsewhere", file, length);
    assert_int_equal(read_path(&r), -ELOOP);
    assert_int_equal(r.restored, 0);
    assert_false(is_aside());
    unlink(path_of("state"));
    unlink(path_of("elsewhere"));
    assert_int_equal(mkdir(path_of("state"), 0700), 0);
    assert_int_equal(read_path(&r), -EEXIST);
    rmdir(path_of("state"));
    assert_int_equal(mkfifo(path_of("state"), 0600), 0);
    assert_int_equal(read_path(&r), -EEXIST);
    unlink(path_of("state"));
    write_path("state", file, length);
    assert_int_equal(truncate(path_of("state"), (off_t)2 << 30), 0);
    assert_int_equal(read_path(&r), 0);
    assert_int_equal(r.restored, 0);
    assert_true(is_aside());
}

static void test_an_unreadable_file_is_set_aside(void **state)
{
    (void)state;
    struct state_reading r;
    if (geteuid() != 0)
        skip();
    write_path("state", "pearpd-state ", 13);
    assert_int_equal(chown(path_of("state"), 65534, 65534), 0);
    assert_int_equal(read_path(&r), -EEXIST); /* another user's */
    assert_int_equal(chmod(path_of("state"), 0), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(seteuid(65534), 0);
    int error = read_path(&r);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(error, 0);
    assert_true(is_aside());
}

static int folder_make(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/pearpd-test-state.XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_read_as_written),
        cmocka_unit_test(test_what_cannot_stand_in_a_line),
        cmocka_unit_test(test_a_good_checksum_alone_makes_no_record),
        cmocka_unit_test(test_an_endless_line_costs_itself_alone),
        cmocka_unit_test(test_save_then_load_is_the_same_table),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_changed_at_every_byte),
        cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_numbers_of_signed_messages_come_back),
        cmocka_unit_test(test_leases_come_back_with_their_bindings),
        cmocka_unit_test(test_senseless_leases),
        cmocka_unit_test(test_denied_hosts_come_back),
        cmocka_unit_test(test_foreign_files_are_not_ours),
        cmocka_unit_test(test_ages_by_the_clock_that_can_be_believed),
        cmocka_unit_test(test_an_age_has_its_bound),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
        cmocka_unit_test(test_more_than_an_address_may_have),
        cmocka_unit_test(test_a_claimed_lease_comes_back),
        cmocka_unit_test(test_confirmed_by_requests_spread_in_time),
        cmocka_unit_test(test_one_host_with_many_ranges_is_asked_slowly),
        cmocka_unit_test(test_traffic_comes_back_with_a_frame_or_goes),
        cmocka_unit_test(test_a_reload_keeps_the_turns),
        cmocka_unit_test_setup_teardown(test_files_on_the_disk, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_an_unreadable_file_is_set_aside, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
