/* test_dns_publisher.c: what is kept in the DNS and when, with time in the test's hand, and a server of the test's own. */
#include "pearpd/clock.h"

#include "dns/dns_publisher.h"

#include "../lib/seeded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOG_BYTES 4096

struct fixture {
    struct dns_publisher *publisher;
    struct dns_publisher_out out;
    uint64_t now_ns;
    int srv, srv2, address;
    char log[LOG_BYTES]; /* since the last look */
    unsigned last_zone, updates;
    const struct dns_error *cannot; /* NULL: updates begin */
};

static struct dns_name name_of(const char *text)
{
    struct dns_name name;
    assert_int_equal(dns_name_parse(text, &name), 0);
    return name;
}

static void note(struct fixture *f, const char *text)
{
    assert_true(strlen(f->log) + strlen(text) + 2 < LOG_BYTES);
    if (f->log[0] != '\0')
        strcat(f->log, " ");
    strcat(f->log, text);
}

/* "+PORT" and "-PORT" for SRV, "+A" for an address, in the order of the update. */
static bool take_update(void *context, unsigned number, const struct dns_name *zone,
                        const struct dns_change *changes, size_t count, struct dns_error *error)
{
    struct fixture *f = context;
    f->updates++;
    if (f->cannot != NULL) {
        *error = *f->cannot;
        return false;
    }
    assert_true(zone->length > 0 && count > 0);
    for (size_t i = 0; i < count; i++) {
        char text[16];
        unsigned port = 0;
        snprintf(text, sizeof(text), "%cA", changes[i].add ? '+' : '-');
        if (changes[i].record->type == DNS_TYPE_SRV) {
            assert_int_equal(sscanf(changes[i].record->data, "%*u %*u %u", &port), 1);
            snprintf(text + 1, sizeof(text) - 1, "%u", port);
        }
        note(f, text);
    }
    f->last_zone = number;
    return true;
}

static void take_event(void *context, const struct dns_event *event)
{
    struct fixture *f = context;
    static const char *const names[] = {"published", "withdrawn", "failed"};
    char line[DNS_ERROR_WORD_BYTES + 16];
    snprintf(line, sizeof(line), "%s%s%s", names[event->kind], event->kind == DNS_FAILED ? "=" : "",
             event->kind == DNS_FAILED ? event->error.word : "");
    note(f, line);
}

static void begin(struct fixture *f)
{
    static const uint8_t seed[HASH_KEY_BYTES] = {7};
    struct dns_record record;
    const struct dns_name zone = name_of("example.net"), name = name_of("_http._tcp.example.net"),
                          target = name_of("shared.example.net");
    memset(f, 0, sizeof(*f));
    f->out = (struct dns_publisher_out){f, take_update, take_event};
    f->now_ns = 1000 * NS_PER_S;
    f->publisher = dns_publisher_new(600, seed);
    assert_non_null(f->publisher);
    dns_record_srv(&record, &name, 60, 0, 0, 2080, &target);
    f->srv = dns_publisher_add(f->publisher, &zone, &record, false);
    assert_int_equal(dns_publisher_add(f->publisher, &zone, &record, false), f->srv);
    dns_record_srv(&record, &name, 60, 0, 0, 2081, &target);
    f->srv2 = dns_publisher_add(f->publisher, &zone, &record, false);
    dns_record_a(&record, &target, 60, (struct ipv4){0xc023a202});
    f->address = dns_publisher_add(f->publisher, &zone, &record, true);
    assert_true(f->srv >= 0 && f->srv2 >= 0 && f->address >= 0);
}

static void finish(struct fixture *f)
{
    dns_publisher_free(f->publisher);
}

static void expect(struct fixture *f, const char *log)
{
    assert_string_equal(f->log, log);
    f->log[0] = '\0';
}

static void want(struct fixture *f, int number, bool wanted)
{
    dns_publisher_want(f->publisher, (unsigned)number, wanted);
}

static uint64_t tick(struct fixture *f)
{
    return dns_publisher_tick(f->publisher, f->now_ns, &f->out);
}

static void done(struct fixture *f, enum dns_error_kind kind, const char *word, bool is_certain)
{
    struct dns_error error = {.kind = kind, .is_certain = is_certain};
    snprintf(error.word, sizeof(error.word), "%s", word);
    dns_publisher_done(f->publisher, f->now_ns, f->last_zone, &error, &f->out);
}

static void yes(struct fixture *f)
{
    done(f, DNS_ERROR_NONE, "", false);
}

static enum dns_state state_of_srv(const struct fixture *f)
{
    return dns_publisher_state(f->publisher, (unsigned)f->srv);
}

static void test_life(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    assert_true(tick(&f) == UINT64_MAX);
    expect(&f, "");
    assert_true(dns_publisher_is_complete(f.publisher));
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    want(&f, f.srv, true);
    want(&f, f.address, true);
    assert_false(dns_publisher_is_complete(f.publisher));
    assert_true(tick(&f) == UINT64_MAX); /* an update is under way: nothing else is due */
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    assert_false(dns_publisher_is_complete(f.publisher));
    yes(&f);
    assert_int_equal(state_of_srv(&f), DNS_STATE_PUBLISHED);
    expect(&f, "+2080 +A published");
    assert_true(dns_publisher_is_complete(f.publisher));
    /* Nothing before nine tenths of the refresh have passed. */
    f.now_ns += 539 * NS_PER_S;
    tick(&f);
    expect(&f, "");
    finish(&f);
}

static void test_refresh_and_withdrawal(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    want(&f, f.srv, true);
    want(&f, f.address, true);
    tick(&f);
    yes(&f);
    expect(&f, "+2080 +A published");
    for (unsigned i = 0; i < 5; i++) {
        const uint64_t next_ns = tick(&f);
        assert_in_range((next_ns - f.now_ns) / NS_PER_S, 540, 600);
        f.now_ns = next_ns;
        tick(&f);
        assert_int_equal(state_of_srv(&f), DNS_STATE_PUBLISHED); /* while it is refreshed, too */
        yes(&f);
        expect(&f, "+2080 +A");
    }
    /* The other instead: deletions come before additions, in one update. */
    want(&f, f.srv2, true);
    want(&f, f.srv, false);
    tick(&f);
    yes(&f);
    expect(&f, "-2080 +2081 +A published");
    /* What all hosts publish alike stays. */
    dns_publisher_withdraw(f.publisher);
    tick(&f);
    assert_false(dns_publisher_is_complete(f.publisher));
    yes(&f);
    expect(&f, "-2081 withdrawn");
    assert_true(dns_publisher_is_complete(f.publisher));
    assert_true(tick(&f) == UINT64_MAX);
    finish(&f);
}

static void test_back_off(void **state)
{
    static const unsigned gaps_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    const struct dns_error missing = {.kind = DNS_ERROR_NOT_INSTALLED, .is_certain = true, .word = "missing"};
    struct fixture f;
    (void)state;
    begin(&f);
    want(&f, f.srv, true);
    f.cannot = &missing;
    tick(&f);
    expect(&f, "failed=missing");
    assert_int_equal(state_of_srv(&f), DNS_STATE_FAILED);
    for (size_t i = 0; i < sizeof(gaps_s) / sizeof(gaps_s[0]); i++) {
        f.updates = 0;
        const uint64_t next_ns = tick(&f);
        assert_int_equal((next_ns - f.now_ns) / NS_PER_S, gaps_s[i]);
        assert_int_equal(f.updates, 0);
        f.now_ns = next_ns;
        tick(&f);
        assert_int_equal(f.updates, 1);
    }
    expect(&f, ""); /* reported once */
    f.cannot = NULL;
    dns_publisher_hurry(f.publisher);
    tick(&f);
    expect(&f, "+2080");
    dns_publisher_hurry(f.publisher); /* one is under way: not a second */
    tick(&f);
    expect(&f, "");
    done(&f, DNS_ERROR_CONNECTION, "refused", false);
    expect(&f, "failed=refused");
    f.now_ns += NS_PER_S;
    tick(&f);
    assert_int_equal(state_of_srv(&f), DNS_STATE_FAILED);
    yes(&f);
    expect(&f, "+2080 published");
    assert_int_equal(state_of_srv(&f), DNS_STATE_PUBLISHED);
    want(&f, f.srv, false);
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    finish(&f);
}

/* Withdrawn though nothing was ever confirmed; but not where the server itself refused. */
static void test_what_failed_is_withdrawn(void **state)
{
    const struct dns_name *zone;
    const struct dns_record *record;
    struct fixture f;
    (void)state;
    for (unsigned is_certain = 0; is_certain < 2; is_certain++) {
        begin(&f);
        want(&f, f.srv, true);
        tick(&f);
        done(&f, DNS_ERROR_REFUSED, "REFUSED", is_certain);
        expect(&f, "+2080 failed=REFUSED");
        f.now_ns += NS_PER_S;
        tick(&f);
        done(&f, DNS_ERROR_REFUSED, "REFUSED", is_certain);
        expect(&f, "+2080");
        dns_publisher_withdraw(f.publisher);
        assert_int_equal(dns_publisher_next(f.publisher, 0, &zone, &record), is_certain ? -1 : f.srv);
        tick(&f);
        if (!is_certain) {
            expect(&f, "-2080");
            yes(&f);
        }
        expect(&f, is_certain ? "" : "withdrawn");
        assert_true(dns_publisher_is_complete(f.publisher));
        yes(&f); /* an end that nobody waits for */
        expect(&f, "");
        finish(&f);
    }
}

/* What changes while an update is under way is in the next one, at once, however the first one ends. */
static void test_changes_meanwhile(void **state)
{
    const struct dns_name *zone;
    const struct dns_record *record;
    struct fixture f;
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        begin(&f);
        want(&f, f.srv, true);
        tick(&f);
        want(&f, f.srv, false);
        want(&f, f.srv2, true);
        assert_true(tick(&f) == UINT64_MAX);
        /* Both may be in the DNS soon. */
        assert_int_equal(dns_publisher_next(f.publisher, 0, &zone, &record), f.srv);
        assert_int_equal(dns_publisher_next(f.publisher, (unsigned)f.srv + 1, &zone, &record), f.srv2);
        if (good)
            yes(&f);
        else
            done(&f, DNS_ERROR_TIMEOUT, "late", false);
        tick(&f);
        yes(&f);
        expect(&f, good ? "+2080 -2080 +2081 published" : "+2080 failed=late -2080 +2081 published");
        /* There and back again: as it was, and told. */
        want(&f, f.srv2, false);
        tick(&f);
        want(&f, f.srv2, true);
        yes(&f);
        tick(&f);
        yes(&f);
        expect(&f, "-2081 +2081 published");
        finish(&f);
    }
}

/* More records and zones than there is room for are refused; places of records that nobody wants are used again. */
static void test_many(void **state)
{
    struct fixture f;
    struct dns_record record;
    const struct dns_name zone = name_of("example.net"), name = name_of("_http._tcp.example.net"),
                          target = name_of("shared.example.net");
    int number;
    (void)state;
    begin(&f);
    for (unsigned i = 3; i < DNS_RECORDS_MAX; i++) {
        dns_record_srv(&record, &name, 60, 0, 0, (uint16_t)(3000 + i), &target);
        number = dns_publisher_add(f.publisher, &zone, &record, false);
        assert_int_equal(number, i);
        want(&f, number, true);
    }
    for (unsigned i = 0; i <= 3; i++) {
        dns_record_srv(&record, &name, 60, 0, 0, (uint16_t)(9990 + i), &target);
        number = dns_publisher_add(f.publisher, &zone, &record, false);
        assert_int_equal(number, i == 3 ? -ENOSPC : (int)i);
        if (number >= 0)
            want(&f, number, true);
    }
    tick(&f);
    yes(&f);
    assert_non_null(strstr(f.log, "+3095 published"));
    finish(&f);
    begin(&f);
    for (unsigned i = 0; i < DNS_ZONES_MAX; i++) {
        char text[32];
        snprintf(text, sizeof(text), "z%u.example.net", i);
        const struct dns_name other = name_of(text);
        number = dns_publisher_add(f.publisher, &other, &record, false);
        assert_int_equal(number < 0, i == DNS_ZONES_MAX - 1);
    }
    finish(&f);
}

/* What a killed agent left is withdrawn, but not what is wanted now. */
static void test_stale(void **state)
{
    struct fixture f;
    struct dns_record record;
    const struct dns_name zone = name_of("example.net"), name = name_of("_http._tcp.example.net"),
                          target = name_of("shared.example.net");
    const struct dns_name *left_zone;
    const struct dns_record *left;
    (void)state;
    begin(&f);
    dns_record_srv(&record, &name, 60, 0, 0, 2080, &target);
    assert_int_equal(dns_publisher_add_stale(f.publisher, &zone, &record), f.srv);
    dns_record_srv(&record, &name, 60, 0, 0, 2999, &target);
    const int number = dns_publisher_add_stale(f.publisher, &zone, &record);
    assert_int_equal(dns_publisher_next(f.publisher, 0, &left_zone, &left), number);
    tick(&f);
    yes(&f);
    expect(&f, "-2999 withdrawn");
    want(&f, f.srv, true);
    assert_int_equal(dns_publisher_next(f.publisher, 0, &left_zone, &left), f.srv);
    assert_int_equal(dns_publisher_next(f.publisher, (unsigned)f.srv + 1, &left_zone, &left), -1);
    tick(&f);
    yes(&f);
    expect(&f, "+2080 published");
    finish(&f);
}

/* A server that loses updates, and makes some that it does not confirm: once it answers well it has what is wanted, and
 * nothing else of ours. And what it has is in the journal at all times. */

#define OWN_RECORDS 6
#define ZONES       2

struct world {
    struct dns_publisher *publisher;
    struct dns_publisher_out out;
    uint64_t now_ns, seed;
    bool wanted[OWN_RECORDS], there[OWN_RECORDS]; /* there: at the server */
    bool waiting[ZONES], changed[OWN_RECORDS], added[OWN_RECORDS];
};

static unsigned index_of(const struct dns_record *record)
{
    unsigned port = 0;
    assert_int_equal(sscanf(record->data, "%*u %*u %u", &port), 1);
    assert_in_range(port, 2000, 2000 + OWN_RECORDS - 1);
    return port - 2000;
}

static bool world_update(void *context, unsigned number, const struct dns_name *zone,
                         const struct dns_change *changes, size_t count, struct dns_error *error)
{
    struct world *w = context;
    (void)zone;
    assert_false(w->waiting[number]);
    *error = (struct dns_error){.kind = DNS_ERROR_NOT_RUN, .is_certain = true};
    if (seeded_next(&w->seed) % 8 == 0)
        return false;
    for (unsigned i = number; i < OWN_RECORDS; i += ZONES)
        w->changed[i] = false;
    for (size_t i = 0; i < count; i++) {
        const unsigned index = index_of(changes[i].record);
        assert_int_equal(index % ZONES, number);
        assert_false(w->changed[index]);
        w->changed[index] = true;
        w->added[index] = changes[i].add;
    }
    w->waiting[number] = true;
    return true;
}

static void world_event(void *context, const struct dns_event *event)
{
    (void)context;
    assert_true((event->kind == DNS_FAILED) == (event->error.kind != DNS_ERROR_NONE));
}

static void world_apply(struct world *w, unsigned zone)
{
    for (unsigned i = zone; i < OWN_RECORDS; i += ZONES)
        if (w->changed[i])
            w->there[i] = w->added[i];
}

static void world_done(struct world *w, unsigned zone, enum dns_error_kind kind, bool is_certain)
{
    const struct dns_error error = {.kind = kind, .is_certain = is_certain};
    w->waiting[zone] = false;
    dns_publisher_done(w->publisher, w->now_ns, zone, &error, &w->out);
}

static void world_step(struct world *w)
{
    const uint64_t chance = seeded_next(&w->seed);
    const unsigned zone = (unsigned)(chance >> 8) % ZONES, number = (unsigned)(chance >> 8) % OWN_RECORDS;
    switch (chance % 8) {
    case 0:
    case 1:
        w->wanted[number] = !w->wanted[number];
        dns_publisher_want(w->publisher, number, w->wanted[number]);
        break;
    case 2:
        if (w->waiting[zone])
            world_apply(w, zone);
        world_done(w, zone, DNS_ERROR_NONE, false); /* also where none is under way: that is ignored */
        break;
    case 3: /* made, and the answer is lost */
        if (w->waiting[zone]) {
            world_apply(w, zone);
            world_done(w, zone, DNS_ERROR_TIMEOUT, false);
        }
        break;
    case 4:
        if (w->waiting[zone])
            world_done(w, zone, DNS_ERROR_REFUSED, true);
        break;
    case 5:
        if (w->waiting[zone])
            world_done(w, zone, DNS_ERROR_REFUSED, false);
        break;
    case 6:
        dns_publisher_hurry(w->publisher);
        break;
    default:
        w->now_ns += (chance >> 8) % 1000 * NS_PER_S;
        break;
    }
    (void)dns_publisher_tick(w->publisher, w->now_ns, &w->out);
}

static void world_check_journal(const struct world *w)
{
    bool listed[OWN_RECORDS] = {false};
    const struct dns_name *zone;
    const struct dns_record *record;
    for (int i = 0; (i = dns_publisher_next(w->publisher, (unsigned)i, &zone, &record)) >= 0; i++)
        listed[index_of(record)] = true;
    for (unsigned i = 0; i < OWN_RECORDS; i++)
        assert_true(listed[i] || (!w->there[i] && !(w->waiting[i % ZONES] && w->changed[i] && w->added[i])));
}

static void world_settle(struct world *w)
{
    for (unsigned i = 0; i < 200 && !dns_publisher_is_complete(w->publisher); i++) {
        w->now_ns += 400 * NS_PER_S;
        (void)dns_publisher_tick(w->publisher, w->now_ns, &w->out);
        for (unsigned zone = 0; zone < ZONES; zone++)
            if (w->waiting[zone]) {
                world_apply(w, zone);
                world_done(w, zone, DNS_ERROR_NONE, false);
            }
    }
    assert_true(dns_publisher_is_complete(w->publisher));
    for (unsigned i = 0; i < OWN_RECORDS; i++)
        assert_int_equal(w->there[i], w->wanted[i]);
}

static void test_random_server(void **state)
{
    static const char *const zones[ZONES] = {"example.net", "example.org"};
    static const uint8_t seed[HASH_KEY_BYTES] = {7};
    const struct dns_name target = name_of("shared.example.net");
    (void)state;
    for (uint64_t run = 0; run < 500; run++) {
        struct world w = {.seed = run, .now_ns = 1000 * NS_PER_S};
        w.out = (struct dns_publisher_out){&w, world_update, world_event};
        w.publisher = dns_publisher_new(600, seed);
        assert_non_null(w.publisher);
        for (unsigned i = 0; i < OWN_RECORDS; i++) {
            struct dns_record record;
            const struct dns_name zone = name_of(zones[i % ZONES]);
            dns_record_srv(&record, &target, 60, 0, 0, (uint16_t)(2000 + i), &target);
            assert_int_equal(dns_publisher_add(w.publisher, &zone, &record, false), i);
        }
        for (unsigned i = 0; i < 60; i++) {
            world_step(&w);
            world_check_journal(&w);
        }
        world_settle(&w);
        memset(w.wanted, 0, sizeof(w.wanted));
        dns_publisher_withdraw(w.publisher);
        world_settle(&w);
        dns_publisher_free(w.publisher);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_refresh_and_withdrawal),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_what_failed_is_withdrawn),
        cmocka_unit_test(test_changes_meanwhile),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_random_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
