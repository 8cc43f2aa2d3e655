/* test_dns_record.c: names and records of the DNS as text, and the journal's lines. */
#include "dns/dns_journal.h"
#include "dns/dns_record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dns_name name_of(const char *text)
{
    struct dns_name name;
    assert_int_equal(dns_name_parse(text, &name), 0);
    return name;
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",          ".",     "a..b",
        ".a",        "-a",    "a-",
        "a.b-.c",    "a b",   "a\nb",
        "a;b",       "a\"b",  "a\\.b",
        "a\tb",      "a,b",   "a(b",
        "a\xc3\xa9", "a.b..", "*.a",
        "$INCLUDE",  "a/b",   "0123456789012345678901234567890123456789012345678901234567890123"};
    char longest[300] = "";
    struct dns_name name = {.length = 7};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dns_name_parse(bad[i], &name), -EINVAL);
    assert_int_equal(name.length, 7);
    assert_int_equal(dns_name_parse_bytes("a\0b", 3, &name), -EINVAL);
    name = name_of("_HTTP._tcp.Example.NET.");
    assert_string_equal(name.text, "_http._tcp.example.net");
    assert_int_equal(name.length, 22);
    assert_int_equal(dns_name_parse_bytes("a.bc", 3, &name), 0);
    assert_string_equal(name.text, "a.b");
    const struct dns_name zone = name_of("example.net"), other = name_of("xample.net"),
                          below = name_of("a.example.net");
    assert_true(dns_name_in(&below, &zone) && dns_name_in(&zone, &zone));
    assert_false(dns_name_in(&below, &other) || dns_name_in(&zone, &below) || dns_name_in(&zone, &other) ||
                 dns_name_in(&other, &zone));
    assert_true(dns_name_equal(&zone, &zone));
    assert_false(dns_name_equal(&zone, &below));
    /* 253 letters and not one more. */
    for (unsigned i = 0; i < 126; i++)
        strcat(longest, "a.");
    strcat(longest, "a");
    name = name_of(longest);
    assert_int_equal(name.length, DNS_NAME_TEXT_BYTES - 1);
    assert_string_equal(name.text, longest);
    strcat(longest, "a");
    assert_int_equal(dns_name_parse(longest, &name), -EINVAL);
}

static void test_records(void **state)
{
    const struct dns_name name = name_of("_http._tcp.example.net"), target = name_of("shared.example.net");
    struct dns_record record, other;
    (void)state;
    dns_record_a(&record, &target, 60, (struct ipv4){0xc023a202});
    assert_string_equal(record.data, "192.35.162.2");
    assert_string_equal(dns_type_name(record.type), "A");
    dns_record_srv(&record, &name, 60, 0, 1, 2080, &target);
    assert_string_equal(record.data, "0 1 2080 shared.example.net.");
    assert_string_equal(record.name.text, "_http._tcp.example.net");
    assert_int_equal(record.ttl_s, 60);
    dns_record_srv(&other, &name, 90, 0, 1, 2080, &target);
    assert_true(dns_record_equal(&record, &other));
    dns_record_srv(&other, &name, 60, 0, 1, 2081, &target);
    assert_false(dns_record_equal(&record, &other));
    dns_record_srv(&other, &target, 60, 0, 1, 2080, &target);
    assert_false(dns_record_equal(&record, &other));
    dns_record_svcb(&record, DNS_TYPE_HTTPS, &target, 60, 1, 2443, "h2, http/1.1", &target);
    assert_string_equal(record.data, "1 shared.example.net. alpn=\"h2,http/1.1\" port=2443");
    dns_record_svcb(&other, DNS_TYPE_SVCB, &target, 60, 1, 2443, "h2, http/1.1", &target);
    assert_false(dns_record_equal(&record, &other));
    dns_record_svcb(&record, DNS_TYPE_SVCB, &target, 60, 1, 2443, "", &target);
    assert_string_equal(record.data, "1 shared.example.net. port=2443");
}

/* The longest of all fits. */
static void test_longest(void **state)
{
    char text[DNS_NAME_TEXT_BYTES] = "", alpn[DNS_ALPN_TEXT_BYTES + 1];
    struct dns_record record;
    (void)state;
    for (unsigned i = 0; i < 126; i++)
        strcat(text, "a.");
    strcat(text, "a");
    memset(alpn, 'a', sizeof(alpn) - 1);
    alpn[sizeof(alpn) - 1] = '\0';
    const struct dns_name longest = name_of(text);
    dns_record_svcb(&record, DNS_TYPE_SVCB, &longest, 60, 65535, 65535, alpn, &longest);
    assert_non_null(strstr(record.data, "a\" port=65535"));
    assert_true(dns_data_is_valid(record.data));
}

static void test_alpn(void **state)
{
    static const char *const good[] = {"h2", "h2,http/1.1", " h2 , http/1.1 ", "acme-tls/1,x_y,a:b,c+d"};
    static const char *const bad[] = {
        "",       " ",        ",",         "h2,",
        ",h2",    "h2,,h3",   "h2 h3",     "a\"b",
        "a\\b",   "a;b",      "a\nsend\n", "a(b",
        "a\177b", "\xc3\xa9", "a=b",       "0123456789012345678901234567890123456789012345678901234567890123x"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(dns_alpn_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(dns_alpn_is_valid(bad[i]));
}

static bool parses(const char *line, struct dns_name *zone, struct dns_record *record)
{
    const size_t length = strlen(line);
    char *exact = malloc(length + 1); /* its end is the end of what may be read */
    assert_non_null(exact);
    memcpy(exact, line, length);
    char *const bytes = realloc(exact, length > 0 ? length : 1);
    const bool good = dns_journal_parse(bytes, length, zone, record);
    free(bytes);
    return good;
}

static void test_journal_lines(void **state)
{
    static const char *const bad[] = {
        "",
        "example.net",
        "example.net a.example.net SRV",
        "example.net a.example.net SRV ",
        "example.net a.example.net TXT a",
        "example.net a.example.net srv 0 1 2080 a.",
        "a..b a.example.net SRV 0 1 2080 a.",
        "example.net a\" SRV 0 1 2080 a.",
        "example.net a.example.net SRV 0 1 2080 a.\nsend",
        "example.net a.example.net SRV 0 1 2080 a.;",
        "example.net a.example.net SRV 0 1 2080 a.\\",
        "example.net a.example.net HTTPS 1 a. alpn=\"h2 port=1",
    };
    const struct dns_name zone = name_of("example.net"), target = name_of("shared.example.net");
    struct dns_name zone_read;
    struct dns_record record, read;
    char line[1024], small[60];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parses(bad[i], &zone_read, &read));
    assert_false(dns_journal_parse("example.net a SRV 0 1\0 2080 a.", 30, &zone_read, &read));
    dns_record_svcb(&record, DNS_TYPE_HTTPS, &target, 60, 1, 2443, "h2,http/1.1", &target);
    const int length = dns_journal_format(&zone, &record, line, sizeof(line));
    assert_string_equal(line, "example.net shared.example.net HTTPS 1 shared.example.net. "
                              "alpn=\"h2,http/1.1\" port=2443\n");
    assert_int_equal(length, strlen(line));
    assert_int_equal(dns_journal_format(&zone, &record, small, sizeof(small)), -ENOSPC);
    line[length - 1] = '\0';
    assert_true(parses(line, &zone_read, &read));
    assert_true(dns_name_equal(&zone, &zone_read) && dns_record_equal(&record, &read));
    /* Cut anywhere, it is none, or one whose data is shorter: never read past its end. */
    for (int cut = 0; cut < length - 1; cut++) {
        line[cut] = '\0';
        (void)parses(line, &zone_read, &read);
        (void)dns_journal_format(&zone, &record, line, sizeof(line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_records),       cmocka_unit_test(test_longest),
        cmocka_unit_test(test_alpn),  cmocka_unit_test(test_journal_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
