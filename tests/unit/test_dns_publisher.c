/* test_dns_publisher.c: what is kept in the DNS and when, with time in the test's hand, and a server of the test's own. */
#include "pearpd/clock.h"
#include "pearpd/cursor.h"

#include "dns/dns_error.h"
#include "dns/dns_publisher.h"

#include "../lib/dns_answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOG_BYTES 4096
#define WALL_S    1795625544

struct fixture {
    struct dns_publisher *publisher;
    struct dns_publisher_out out;
    struct dns_key key;
    struct dns_time time;
    int srv, srv2, address;
    char log[LOG_BYTES]; /* since the last look */
    uint8_t last[DNS_MESSAGE_BYTES];
    size_t last_length;
    unsigned last_zone, sends, ends;
    int send_error;
    bool stream;
};

static void note(struct fixture *f, const char *text)
{
    assert_true(strlen(f->log) + strlen(text) + 2 < LOG_BYTES);
    if (f->log[0] != '\0')
        strcat(f->log, " ");
    strcat(f->log, text);
}

/* "+PORT" and "-PORT" for SRV, "+A" for an address, in the order of the update. */
static void describe(struct fixture *f, const uint8_t *bytes, size_t length)
{
    struct rd r = rd_over(bytes, length);
    struct dns_name name;
    rd_skip(&r, 8);
    const unsigned updates = rd_u16(&r);
    assert_int_equal(rd_u16(&r), 1); /* the TSIG */
    rd_dns_name(&r, bytes, &name);
    rd_skip(&r, 4);
    for (unsigned i = 0; i < updates; i++) {
        char text[16];
        rd_dns_name(&r, bytes, &name);
        const uint16_t type = rd_u16(&r), class = rd_u16(&r);
        rd_skip(&r, 4);
        struct rd rdata = rd_sub(&r, rd_u16(&r));
        rd_skip(&rdata, 4);
        snprintf(text, sizeof(text), "%c%s", class == 1 ? '+' : '-', type == DNS_TYPE_A ? "A" : "");
        if (type == DNS_TYPE_SRV)
            snprintf(text + 1, sizeof(text) - 1, "%u", rd_u16(&rdata));
        note(f, text);
    }
    assert_false(r.failed);
}

static int take_send(void *context, unsigned zone, const uint8_t *bytes, size_t length, bool stream)
{
    struct fixture *f = context;
    f->sends++;
    f->stream = stream;
    if (f->send_error != 0)
        return f->send_error;
    if (f->last_length == length && memcmp(f->last, bytes, length) == 0)
        note(f, "again");
    else
        describe(f, bytes, length);
    memcpy(f->last, bytes, length);
    f->last_length = length;
    f->last_zone = zone;
    return 0;
}

static void take_end(void *context, unsigned zone)
{
    struct fixture *f = context;
    (void)zone;
    f->ends++;
}

static void take_event(void *context, const struct dns_event *event)
{
    struct fixture *f = context;
    static const char *const names[] = {"published", "withdrawn", "failed", "ignored"};
    char text[DNS_ERROR_TEXT_BYTES], line[DNS_ERROR_TEXT_BYTES + 16];
    dns_error_format(&event->trouble, &f->key.name, f->time.wall_s, text);
    text[strcspn(text, ":")] = '\0';
    snprintf(line, sizeof(line), "%s%s%s", names[event->kind], text[0] == '\0' ? "" : "=", text);
    note(f, line);
}

static void begin(struct fixture *f)
{
    static const uint8_t seed[HASH_KEY_BYTES] = {7};
    struct dns_record record;
    const struct dns_name zone = answer_name("example.net"), name = answer_name("_http._tcp.example.net"),
                          target = answer_name("shared.example.net");
    memset(f, 0, sizeof(*f));
    f->out = (struct dns_publisher_out){f, take_send, take_end, take_event};
    f->key = (struct dns_key){.name = answer_name("agent-key"), .secret = "secret", .secret_length = 6};
    f->time = (struct dns_time){1000 * NS_PER_S, WALL_S};
    f->publisher = dns_publisher_new(&f->key, 600, seed);
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

static void tick(struct fixture *f)
{
    (void)dns_publisher_tick(f->publisher, f->time, &f->out);
}

/* Runs the timers for so long; each at its time. */
static void pass(struct fixture *f, uint64_t seconds)
{
    const uint64_t end_ns = f->time.now_ns + seconds * NS_PER_S;
    for (unsigned i = 0; i < 10000; i++) {
        const uint64_t next_ns = dns_publisher_tick(f->publisher, f->time, &f->out);
        if (next_ns > end_ns)
            break;
        f->time.wall_s += (next_ns - f->time.now_ns) / NS_PER_S;
        f->time.now_ns = next_ns;
    }
    f->time.wall_s += (end_ns - f->time.now_ns) / NS_PER_S;
    f->time.now_ns = end_ns;
    tick(f);
}

/* Answers the last update: with `says`, whose flags, ids and time are added to those of a good answer. */
static void answer(struct fixture *f, struct answer_wish says)
{
    uint8_t bytes[ANSWER_BYTES_MOST];
    struct rd request = rd_over(f->last, f->last_length);
    const uint16_t id = rd_u16(&request);
    says.id = (uint16_t)(says.id + id);
    says.original_id = id;
    says.flags |= 0xa800;
    says.questions = 1;
    says.time_s += f->time.wall_s;
    const size_t length = answer_make(&says, &f->key, request_mac_of(f->last, f->last_length), bytes);
    dns_publisher_answer(f->publisher, f->time, f->last_zone, bytes, length, &f->out);
}

static void yes(struct fixture *f)
{
    answer(f, (struct answer_wish){0});
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
    tick(&f);
    expect(&f, "");
    assert_true(dns_publisher_is_settled(f.publisher));
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    dns_publisher_want(f.publisher, (unsigned)f.address, true);
    assert_false(dns_publisher_is_settled(f.publisher));
    tick(&f);
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    yes(&f);
    assert_int_equal(state_of_srv(&f), DNS_STATE_PUBLISHED);
    expect(&f, "+2080 +A published");
    assert_true(dns_publisher_is_settled(f.publisher));
    /* Nothing before nine tenths of the refresh have passed. */
    pass(&f, 539);
    expect(&f, "");
    finish(&f);
}

static void test_refresh_and_withdrawal(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    dns_publisher_want(f.publisher, (unsigned)f.address, true);
    tick(&f);
    yes(&f);
    expect(&f, "+2080 +A published");
    for (unsigned i = 0; i < 5; i++) {
        uint64_t next_ns = dns_publisher_tick(f.publisher, f.time, &f.out);
        assert_in_range((next_ns - f.time.now_ns) / NS_PER_S, 540, 600);
        f.time.now_ns = next_ns;
        tick(&f);
        yes(&f);
        expect(&f, "+2080 +A");
    }
    /* The other instead: what goes is said before what comes, in one update. */
    dns_publisher_want(f.publisher, (unsigned)f.srv2, true);
    dns_publisher_want(f.publisher, (unsigned)f.srv, false);
    tick(&f);
    yes(&f);
    expect(&f, "-2080 +2081 +A published");
    /* What all publish alike stays. */
    dns_publisher_withdraw(f.publisher);
    tick(&f);
    assert_false(dns_publisher_is_settled(f.publisher));
    yes(&f);
    expect(&f, "-2081 withdrawn");
    assert_true(dns_publisher_is_settled(f.publisher));
    assert_true(dns_publisher_tick(f.publisher, f.time, &f.out) == UINT64_MAX);
    finish(&f);
}

static void test_back_off(void **state)
{
    static const unsigned gaps_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    struct fixture f;
    (void)state;
    begin(&f);
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    f.send_error = -ENETUNREACH;
    tick(&f);
    expect(&f, "failed=Network is unreachable");
    assert_int_equal(state_of_srv(&f), DNS_STATE_FAILED);
    for (size_t i = 0; i < sizeof(gaps_s) / sizeof(gaps_s[0]); i++) {
        f.sends = 0;
        const uint64_t next_ns = dns_publisher_tick(f.publisher, f.time, &f.out);
        assert_int_equal((next_ns - f.time.now_ns) / NS_PER_S, gaps_s[i]);
        assert_int_equal(f.sends, 0);
        f.time.now_ns = next_ns;
        tick(&f);
        assert_int_equal(f.sends, 1);
    }
    expect(&f, ""); /* said once */
    f.send_error = 0;
    dns_publisher_hurry(f.publisher);
    tick(&f);
    expect(&f, "+2080");
    dns_publisher_unreachable(f.publisher, f.time, 0, -ECONNREFUSED, &f.out);
    expect(&f, "failed=Connection refused");
    pass(&f, 1);
    assert_int_equal(state_of_srv(&f), DNS_STATE_FAILED);
    yes(&f);
    expect(&f, "+2080 published");
    assert_int_equal(state_of_srv(&f), DNS_STATE_PUBLISHED);
    dns_publisher_want(f.publisher, (unsigned)f.srv, false);
    assert_int_equal(state_of_srv(&f), DNS_STATE_WAITING);
    finish(&f);
}

/* Sent three times, the same bytes, then a new update. Withdrawn though nothing was ever confirmed. */
static void test_silence(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    pass(&f, 3);
    expect(&f, "+2080 again again failed=no answer");
    pass(&f, 1);
    expect(&f, "+2080");
    dns_publisher_withdraw(f.publisher);
    tick(&f);
    expect(&f, "-2080");
    yes(&f);
    expect(&f, "withdrawn");
    /* The answer to what was given up changes nothing. */
    yes(&f);
    expect(&f, "");
    finish(&f);
}

static void test_refusals(void **state)
{
    static const struct {
        struct answer_wish says;
        const char *log;
    } cases[] = {
        {{.flags = DNS_REFUSED}, "failed=REFUSED"},
        {{.flags = DNS_NOTAUTH}, "failed=NOTAUTH"},
        {{.flags = DNS_SERVFAIL}, "failed=SERVFAIL"},
        {{.flags = DNS_NOTIMP}, "failed=NOTIMP"},
        {{.flags = DNS_NXRRSET}, "failed=it answers NXRRSET (8)"},
        {{.flags = DNS_NOTZONE}, "failed=NOTZONE"},
        {{.flags = DNS_FORMERR}, "failed=FORMERR"},
        {{.flags = DNS_NOTAUTH, .error = DNS_BADTIME}, "failed=BADTIME"},
        {{.flags = 11}, "failed=it answers an error (11)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        begin(&f);
        dns_publisher_want(f.publisher, (unsigned)f.srv, true);
        tick(&f);
        answer(&f, cases[i].says);
        assert_memory_equal(f.log, "+2080 ", 6);
        assert_string_equal(f.log + 6, cases[i].log);
        f.log[0] = '\0';
        /* The same once more is not told; the server said that nothing was made: nothing is left to withdraw. */
        pass(&f, 1);
        answer(&f, cases[i].says);
        expect(&f, "+2080");
        dns_publisher_withdraw(f.publisher);
        tick(&f);
        expect(&f, "");
        assert_true(dns_publisher_is_settled(f.publisher));
        finish(&f);
    }
}

/* What is not signed ends nothing; it is told when nothing better came. */
static void test_answers_that_do_not_count(void **state)
{
    static const struct {
        struct answer_wish says;
        const char *told;
    } cases[] = {
        {{.flags = DNS_NOTAUTH, .error = DNS_BADKEY, .is_forged = true}, "failed=BADKEY"},
        {{.flags = DNS_NOTAUTH, .error = DNS_BADSIG, .is_forged = true}, "failed=BADSIG"},
        {{.flags = DNS_REFUSED, .is_unsigned = true}, "failed=REFUSED"},
        {{.is_unsigned = true}, "failed=answers without a signature"},
        {{.is_forged = true}, "failed=answers that are not signed with the key agent-key, or not now"},
        {{.time_s = UINT64_MAX - 300}, "failed=answers that are not signed with the key agent-key, or not now"},
        {{.time_s = 301}, "failed=answers that are not signed with the key agent-key, or not now"},
        {{.id = 1}, "failed=no answer"},
        {{.zone = "example.org"}, "failed=no answer"},
        {{.flags = 0x1000}, "failed=no answer"}, /* opcode 7 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        begin(&f);
        dns_publisher_want(f.publisher, (unsigned)f.srv, true);
        tick(&f);
        expect(&f, "+2080");
        answer(&f, cases[i].says);
        expect(&f, "ignored");
        pass(&f, 3);
        char expected[128];
        snprintf(expected, sizeof(expected), "again again %s", cases[i].told);
        expect(&f, expected);
        pass(&f, 1);
        answer(&f, cases[i].says);
        yes(&f); /* the true one after a false one */
        expect(&f, "+2080 ignored published");
        finish(&f);
    }
}

static void test_truncated(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    tick(&f);
    assert_false(f.stream);
    answer(&f, (struct answer_wish){.flags = 0x200});
    assert_true(f.stream);
    expect(&f, "+2080 again");
    yes(&f);
    expect(&f, "published");
    finish(&f);
}

/* More than a datagram holds goes over a stream; more records and zones than there is room for are refused. */
static void test_many(void **state)
{
    struct fixture f;
    struct dns_record record;
    const struct dns_name zone = answer_name("example.net"), name = answer_name("_http._tcp.example.net"),
                          target = answer_name("shared.example.net");
    int number;
    (void)state;
    begin(&f);
    for (unsigned i = 3; i < DNS_RECORDS_MAX; i++) {
        dns_record_srv(&record, &name, 60, 0, 0, (uint16_t)(3000 + i), &target);
        number = dns_publisher_add(f.publisher, &zone, &record, false);
        assert_int_equal(number, i);
        dns_publisher_want(f.publisher, (unsigned)number, true);
    }
    /* Places of records that nobody wants are taken; then there is none. */
    for (unsigned i = 0; i <= 3; i++) {
        dns_record_srv(&record, &name, 60, 0, 0, (uint16_t)(9990 + i), &target);
        number = dns_publisher_add(f.publisher, &zone, &record, false);
        assert_int_equal(number, i == 3 ? -ENOSPC : (int)i);
        if (number >= 0)
            dns_publisher_want(f.publisher, (unsigned)number, true);
    }
    tick(&f);
    assert_true(f.stream);
    yes(&f);
    assert_non_null(strstr(f.log, "+3095 published"));
    pass(&f, 3);
    finish(&f);
    begin(&f);
    for (unsigned i = 0; i < DNS_ZONES_MAX; i++) {
        char text[32];
        snprintf(text, sizeof(text), "z%u.example.net", i);
        const struct dns_name other = answer_name(text);
        number = dns_publisher_add(f.publisher, &other, &record, false);
        assert_int_equal(number < 0, i == DNS_ZONES_MAX - 1);
    }
    finish(&f);
}

/* What a killed agent left goes, but not what is wanted now, and not when it is not there. */
static void test_left(void **state)
{
    struct fixture f;
    struct dns_record record;
    const struct dns_name zone = answer_name("example.net"), name = answer_name("_http._tcp.example.net"),
                          target = answer_name("shared.example.net");
    const struct dns_name *left_zone;
    const struct dns_record *left;
    (void)state;
    begin(&f);
    dns_record_srv(&record, &name, 60, 0, 0, 2080, &target);
    assert_int_equal(dns_publisher_add_left(f.publisher, &zone, &record), f.srv);
    dns_record_srv(&record, &name, 60, 0, 0, 2999, &target);
    const int number = dns_publisher_add_left(f.publisher, &zone, &record);
    assert_int_equal(dns_publisher_standing(f.publisher, 0, &left_zone, &left), number);
    tick(&f);
    yes(&f);
    expect(&f, "-2999 withdrawn");
    dns_publisher_want(f.publisher, (unsigned)f.srv, true);
    assert_int_equal(dns_publisher_standing(f.publisher, 0, &left_zone, &left), f.srv);
    assert_int_equal(dns_publisher_standing(f.publisher, (unsigned)f.srv + 1, &left_zone, &left), -1);
    tick(&f);
    yes(&f);
    expect(&f, "+2080 published");
    finish(&f);
}

static void test_texts(void **state)
{
    char text[DNS_ERROR_TEXT_BYTES];
    const struct dns_name key = answer_name("agent-key");
    struct dns_error trouble = {.kind = DNS_ERROR_REFUSED, .rcode = DNS_BADTIME, .server_time_s = WALL_S + 400};
    (void)state;
    assert_string_equal(dns_error_format(&trouble, &key, WALL_S, text),
                        "BADTIME: the server's clock is 400 s ahead of this host's");
    trouble.server_time_s = WALL_S - 400;
    assert_string_equal(dns_error_format(&trouble, &key, WALL_S, text),
                        "BADTIME: the server's clock is 400 s behind this host's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),      cmocka_unit_test(test_refresh_and_withdrawal),
        cmocka_unit_test(test_back_off),  cmocka_unit_test(test_silence),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_answers_that_do_not_count),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_many),
        cmocka_unit_test(test_left),      cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
