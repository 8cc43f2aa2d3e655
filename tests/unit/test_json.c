/* test_json.c: the JSON writer: nesting, commas, escapes. */
#include "pearpd/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char written[1024];

static void take(void *context, const char *text, size_t length)
{
    (void)context;
    strncat(written, text, length);
}

static struct json begin(void)
{
    written[0] = '\0';
    return json_to(take, NULL);
}

static void test_nesting(void **state)
{
    (void)state;
    struct json j = begin();
    json_object_begin(&j);
    json_key_u64(&j, "a", UINT64_MAX);
    json_key(&j, "b");
    json_array_begin(&j);
    json_array_begin(&j);
    json_array_end(&j);
    json_bool(&j, true);
    json_bool(&j, false);
    json_null(&j);
    json_object_begin(&j);
    json_object_end(&j);
    json_array_end(&j);
    json_key_string(&j, "c", "");
    json_object_end(&j);
    assert_string_equal(written, "{\"a\":18446744073709551615,\"b\":[[],true,false,null,{}],\"c\":\"\"}");
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain", "\"plain\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\b\n\x1f\x7f", "\"\\u0008\\u000a\\u001f\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"\xc3", "\"\xef\xbf\xbd\""},
        {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json j = begin();
        json_string(&j, cases[i][0]);
        assert_string_equal(written, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nesting), cmocka_unit_test(test_strings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
