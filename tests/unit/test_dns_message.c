/* test_dns_message.c: names, records, updates, signatures and answers of the DNS, as bytes. */
#include "pearpd/cursor.h"
#include "pearpd/dns_message.h"

#include "../lib/dns_answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dns_key key_of(const char *name)
{
    struct dns_key key = {.name = answer_name(name)};
    assert_int_equal(base64_decode("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=", key.secret,
                                   sizeof(key.secret), &key.secret_length),
                     0);
    assert_int_equal(key.secret_length, 32);
    return key;
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",          ".",     "a..b",   ".a",
        "-a",        "a-",    "a.b-.c", "a b",
        "a\xc3\xa9", "a.b..", "*.a",    "0123456789012345678901234567890123456789012345678901234567890123"};
    char text[DNS_NAME_TEXT_BYTES], longest[300] = "";
    struct dns_name name;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dns_name_parse(bad[i], &name), -EINVAL);
    name = answer_name("_HTTP._tcp.Example.NET.");
    assert_string_equal(dns_name_format(&name, text), "_http._tcp.example.net");
    assert_memory_equal(name.bytes, "\5_http\4_tcp\7example\3net", 24);
    assert_int_equal(name.length, 24);
    const struct dns_name zone = answer_name("example.net"), other = answer_name("xample.net"),
                          below = answer_name("a.example.net");
    assert_true(dns_name_in(&name, &zone) && dns_name_in(&zone, &zone));
    assert_false(dns_name_in(&name, &other) || dns_name_in(&zone, &below) || dns_name_in(&other, &zone));
    /* 253 letters and not one more. */
    for (unsigned i = 0; i < 126; i++)
        strcat(longest, "a.");
    strcat(longest, "a");
    name = answer_name(longest);
    assert_int_equal(name.length, DNS_NAME_BYTES);
    assert_string_equal(dns_name_format(&name, text), longest);
    strcat(longest, "a");
    assert_int_equal(dns_name_parse(longest, &name), -EINVAL);
}

/* What a name of that form costs and gives, from `at` on. */
static bool reads(const char *bytes, size_t length, size_t at, struct dns_name *name, size_t *left)
{
    uint8_t *message = malloc(length); /* its end is the end of what may be read */
    assert_non_null(message);
    memcpy(message, bytes, length);
    struct rd r = rd_over(message, length);
    rd_skip(&r, at);
    rd_dns_name(&r, message, name);
    *left = rd_left(&r);
    const bool good = !r.failed;
    free(message);
    return good;
}

static void test_compression(void **state)
{
    static const char whole[] = "\3net\0\7example\xc0\0x\4Http\xc0\5yz";
    struct dns_name name, expected = answer_name("http.example.net");
    size_t left;
    (void)state;
    assert_true(reads(whole, sizeof(whole) - 1, 16, &name, &left));
    assert_true(dns_name_equal(&name, &expected));
    assert_int_equal(left, 2);
    /* To itself, forward, in a circle, beyond the end, cut, of a label kind that is none. */
    assert_false(reads("\xc0\0", 2, 0, &name, &left));
    assert_false(reads("\xc0\2\1a\0", 5, 0, &name, &left));
    assert_false(reads("\1a\xc0\4\1b\xc0\0", 8, 4, &name, &left));
    assert_false(reads("\1a\xff\xff", 4, 0, &name, &left));
    assert_false(reads("\1a\xc0", 3, 0, &name, &left));
    assert_false(reads("\1a", 2, 0, &name, &left));
    assert_false(reads("\x40"
                       "a",
                       2, 0, &name, &left));
    assert_false(reads("\x80"
                       "a",
                       2, 0, &name, &left));
    /* A long chain of pointers that all go backwards. */
    char chain[128];
    for (unsigned i = 0; i < sizeof(chain); i += 2) {
        chain[i] = '\xc0';
        chain[i + 1] = i == 0 ? 0 : (char)(i - 2);
    }
    chain[0] = chain[1] = 0;
    assert_false(reads(chain, sizeof(chain), sizeof(chain) - 2, &name, &left));
    /* Labels that together are too long. */
    char labels[5 * 64 + 1];
    memset(labels, 'a', sizeof(labels));
    for (unsigned i = 0; i < 5; i++)
        labels[i * 64] = 63;
    labels[5 * 64] = 0;
    assert_false(reads(labels, sizeof(labels), 0, &name, &left));
}

static void test_records(void **state)
{
    static const uint8_t srv[] = "\0\1\0\2\x08\x20\6shared\7example\3net",
                         https[] = "\0\1\6shared\7example\3net\0\0\1\0\x0c\2h2\x08http/1.1\0\3\0\2\x09\x8b";
    const struct dns_name name = answer_name("example.net"), target = answer_name("shared.example.net");
    struct dns_record record;
    (void)state;
    dns_record_srv(&record, &name, 60, 1, 2, 2080, &target);
    assert_int_equal(record.rdata_length, sizeof(srv));
    assert_memory_equal(record.rdata, srv, sizeof(srv));
    assert_int_equal(dns_record_svcb(&record, DNS_TYPE_HTTPS, &name, 60, 1, 2443, "h2, http/1.1", &target), 0);
    assert_int_equal(record.rdata_length, sizeof(https) - 1);
    assert_memory_equal(record.rdata, https, sizeof(https) - 1);
    assert_int_equal(dns_record_svcb(&record, DNS_TYPE_SVCB, &name, 60, 1, 2443, "", &target), 0);
    static const char *const bad[] = {",", "h2,", ",h2", "h2,,h3", "h2 h3", " "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dns_record_svcb(&record, DNS_TYPE_SVCB, &name, 60, 1, 2443, bad[i], &target), -EINVAL);
    dns_record_a(&record, &name, 60, (struct ipv4){0xc023a202});
    assert_int_equal(record.rdata_length, 4);
    assert_memory_equal(record.rdata, "\xc0\x23\xa2\2", 4);
}

/* An update, byte by byte (RFC 2136 2). */
static void test_update(void **state)
{
    static const uint8_t expected[] =
        "\x12\x34\x28\0\0\1\0\0\0\2\0\0\7example\3net\0\0\6\0\1"
        "\5_http\4_tcp\xc0\x0c\0\x21\0\xfe\0\0\0\0\0\x1a\0\0\0\0\x08\x20\6shared\7example\3net\0"
        "\5_http\4_tcp\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x1a\0\0\0\0\x08\x21\6shared\7example\3net";
    const struct dns_name zone = answer_name("example.net"), target = answer_name("shared.example.net"),
                          name = answer_name("_http._tcp.example.net");
    struct dns_record old, new;
    uint8_t bytes[1024];
    (void)state;
    dns_record_srv(&old, &name, 60, 0, 0, 2080, &target);
    dns_record_srv(&new, &name, 60, 0, 0, 2081, &target);
    const struct dns_change changes[] = {{&old, false}, {&new, true}};
    const int length = dns_update_write(0x1234, &zone, changes, 2, bytes, sizeof(bytes));
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(bytes, expected, sizeof(expected));
    for (size_t size = 0; size < sizeof(expected); size++)
        assert_int_equal(dns_update_write(0x1234, &zone, changes, 2, bytes, size), -ENOSPC);
}

static void test_signature(void **state)
{
    /* Of Python's hmac, over the same message and variables. */
    static const uint8_t expected[HMAC_BYTES] = {
        0x42, 0x9e, 0xba, 0xbd, 0x87, 0x31, 0x42, 0x71, 0xd4, 0x43, 0x13, 0x0c, 0xf4, 0x0e, 0xea, 0xf9,
        0x20, 0x20, 0xe4, 0x1f, 0x30, 0xf3, 0x0a, 0xd1, 0x73, 0xc8, 0x5e, 0x8f, 0x23, 0x67, 0x3d, 0x7d};
    const struct dns_name zone = answer_name("example.net");
    const struct dns_key key = key_of("agent-key");
    uint8_t bytes[1024], mac[HMAC_BYTES];
    (void)state;
    const int length = dns_update_write(0x1234, &zone, NULL, 0, bytes, sizeof(bytes));
    const int whole = dns_sign(bytes, (size_t)length, sizeof(bytes), &key, 1795625544, mac);
    assert_int_equal(whole, length + 11 + 10 + 13 + 16 + 32);
    assert_memory_equal(mac, expected, HMAC_BYTES);
    assert_int_equal(bytes[11], 1);
    for (size_t size = (size_t)length; size < (size_t)whole; size++) {
        bytes[11] = 0;
        assert_int_equal(dns_sign(bytes, (size_t)length, size, &key, 1795625544, mac), -ENOSPC);
        assert_int_equal(bytes[11], 0);
    }
}

static void test_answers(void **state)
{
    const struct dns_key key = key_of("agent-key"), stranger = key_of("other-key");
    const uint64_t now_s = 1795625544;
    uint8_t bytes[1024], mac[HMAC_BYTES] = {1, 2, 3};
    struct dns_answer answer;
    struct answer_wish wish = {.id = 7, .original_id = 7, .flags = 0xa800, .questions = 1, .time_s = now_s};
    (void)state;
    size_t length = answer_make(&wish, &key, mac, bytes);
    assert_int_equal(dns_answer_read(bytes, length, &answer), 0);
    assert_true(answer.is_signed && answer.has_zone && !answer.truncated);
    assert_int_equal(answer.id, 7);
    assert_int_equal(answer.rcode, 0);
    assert_true(dns_answer_is_authentic(bytes, length, &key, mac, now_s));
    assert_true(dns_answer_is_authentic(bytes, length, &key, mac, now_s + 300));
    assert_true(dns_answer_is_authentic(bytes, length, &key, mac, now_s - 300));
    assert_false(dns_answer_is_authentic(bytes, length, &key, mac, now_s + 301));
    assert_false(dns_answer_is_authentic(bytes, length, &key, mac, now_s - 301));
    assert_false(dns_answer_is_authentic(bytes, length, &stranger, mac, now_s));
    mac[0]++; /* the answer to another request */
    assert_false(dns_answer_is_authentic(bytes, length, &key, mac, now_s));
    mac[0]--;
    /* Every bit counts, every cut is seen. */
    for (size_t i = 0; i < 8 * length; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        const bool good = dns_answer_read(bytes, length, &answer) == 0 &&
                          dns_answer_is_authentic(bytes, length, &key, mac, now_s);
        /* The id on the wire is not signed, but the original one; letters may come in either case. */
        if (good && i / 8 > 1)
            assert_true(bytes[i / 8] >= 'A' && (i % 8) == 5);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_int_equal(dns_answer_read(copy, cut, &answer), -EBADMSG);
        assert_false(dns_answer_is_authentic(copy, cut, &key, mac, now_s));
        free(copy);
    }
    bytes[length] = 0;
    assert_int_equal(dns_answer_read(bytes, length + 1, &answer), -EBADMSG);
}

static void test_answers_that_say_no(void **state)
{
    const struct dns_key key = key_of("agent-key");
    uint8_t bytes[1024], mac[HMAC_BYTES] = {0};
    struct dns_answer answer;
    struct answer_wish wish = {
        .flags = 0xa809, .error = DNS_BADTIME, .other = "\0\0\x6b\7\0\0", .other_length = 6};
    (void)state;
    size_t length = answer_make(&wish, &key, mac, bytes);
    assert_int_equal(dns_answer_read(bytes, length, &answer), 0);
    assert_int_equal(answer.rcode, DNS_NOTAUTH);
    assert_int_equal(answer.tsig_error, DNS_BADTIME);
    assert_int_equal(answer.server_time_s, 0x6b070000);
    assert_false(answer.has_zone);
    /* Requests, other opcodes, two zones, no room for what is counted. */
    static const uint16_t flags[] = {0x2800, 0x8000, 0xa000, 0xb000};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        wish.flags = flags[i];
        length = answer_make(&wish, &key, mac, bytes);
        assert_int_equal(dns_answer_read(bytes, length, &answer), -EBADMSG);
    }
    wish.flags = 0xa800;
    wish.questions = 2;
    length = answer_make(&wish, &key, mac, bytes);
    assert_int_equal(dns_answer_read(bytes, length, &answer), -EBADMSG);
    wish.questions = 1;
    length = answer_make(&wish, &key, mac, bytes);
    for (unsigned i = 4; i < 12; i++) {
        bytes[i] = 0xff;
        assert_int_equal(dns_answer_read(bytes, length, &answer), -EBADMSG);
        length = answer_make(&wish, &key, mac, bytes);
    }
    assert_string_equal(dns_rcode_name(DNS_BADKEY), "BADKEY");
    assert_null(dns_rcode_name(11));
    assert_null(dns_rcode_name(99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_compression),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_that_say_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
