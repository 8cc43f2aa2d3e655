/* test_prometheus_text.c: the Prometheus text format: escaping, labels, numbers. */
#include "pearpd/prometheus_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct page {
    char text[1024];
    size_t length;
};

static void gather(void *context, const char *text, size_t length)
{
    struct page *page = context;
    assert_true(page->length + length < sizeof(page->text));
    memcpy(page->text + page->length, text, length);
    page->length += length;
    page->text[page->length] = '\0';
}

static void test_family(void **state)
{
    struct page page = {.length = 0};
    struct prometheus_text p = prometheus_text_to(gather, &page);
    (void)state;
    prometheus_family(&p, "x_total", "counter", "With \"quotes\", a \\ and\na line.");
    prometheus_begin(&p, "");
    prometheus_u64(&p, UINT64_MAX);
    prometheus_begin(&p, "_bucket");
    prometheus_label(&p, "a", "1");
    prometheus_label(&p, "b", "");
    prometheus_u64(&p, 0);
    assert_string_equal(page.text, "# HELP x_total With \"quotes\", a \\\\ and\\na line.\n"
                                   "# TYPE x_total counter\n"
                                   "x_total 18446744073709551615\n"
                                   "x_total_bucket{a=\"1\",b=\"\"} 0\n");
}

/* A label's value is a host's name as an operator wrote it: it must not end the line, nor the value. */
static void test_escapes(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        {"plain", "plain"},       {"a\"b", "a\\\"b"},
        {"a\\b", "a\\\\b"},       {"a\nb 7", "a\\nb 7"},
        {"\\n", "\\\\n"},         {"\"} 1\nx 2", "\\\"} 1\\nx 2"},
        {"\xc3\xa9", "\xc3\xa9"}, {"\xff", "\xef\xbf\xbd"},
        {"\xc3", "\xef\xbf\xbd"}, {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"a\tb", "a\tb"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct page page = {.length = 0};
        char wanted[256];
        struct prometheus_text p = prometheus_text_to(gather, &page);
        prometheus_family(&p, "x", "gauge", "y");
        page.length = 0;
        prometheus_begin(&p, "");
        prometheus_label(&p, "name", cases[i].value);
        prometheus_u64(&p, 1);
        snprintf(wanted, sizeof(wanted), "x{name=\"%s\"} 1\n", cases[i].text);
        assert_string_equal(page.text, wanted);
    }
}

static void test_seconds(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "x 0\n"},
        {1, "x 0.000000001\n"},
        {1500000000, "x 1.5\n"},
        {UINT64_C(100000000000), "x 100\n"},
        {UINT64_C(1796000000123456789), "x 1796000000.123456789\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct page page = {.length = 0};
        struct prometheus_text p = prometheus_text_to(gather, &page);
        prometheus_family(&p, "x", "gauge", "y");
        page.length = 0;
        prometheus_begin(&p, "");
        prometheus_seconds(&p, cases[i].ns);
        assert_string_equal(page.text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_family),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
