/* test_listen_address.c: where a server listens, as text. */
#include "pearpd/listen_address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_forms(void **state)
{
    static const struct {
        const char *text;
        enum listen_kind kind;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:9631", LISTEN_IPV4, true},    {"127.255.0.9:1", LISTEN_IPV4, true},
        {"0.0.0.0:65535", LISTEN_IPV4, false},    {"192.0.2.1:80", LISTEN_IPV4, false},
        {"[::1]:9631", LISTEN_IPV6, true},        {"[::]:9631", LISTEN_IPV6, false},
        {"[2001:db8::1]:80", LISTEN_IPV6, false}, {"unix:/run/pearpd/a.web", LISTEN_UNIX, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct listen_address address, again;
        char text[LISTEN_TEXT_BYTES];
        assert_int_equal(listen_address_parse(cases[i].text, &address), 0);
        assert_int_equal(address.kind, cases[i].kind);
        assert_true(listen_address_is_loopback(&address) == cases[i].is_loopback);
        assert_string_equal(listen_address_format(&address, text), cases[i].text);
        assert_int_equal(listen_address_parse(text, &again), 0);
        assert_true(listen_address_equal(&address, &again));
        again.port++;
        assert_false(listen_address_equal(&address, &again));
    }
}

static void test_faults(void **state)
{
    static const char *const texts[] = {
        "",
        "none",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        ":80",
        "127.0.0.1:8 0",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[]:80",
        "localhost:80",
        "1.2.3:80",
        "unix:",
        "unix:x",
        "unix:/x/",
        "[127.0.0.1]:80",
        "127.0.0.1:99999999999999999999",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:80",
    };
    struct listen_address address;
    char path[LISTEN_TEXT_BYTES + 8];
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(listen_address_parse(texts[i], &address), -EINVAL);
    memset(path, 'a', sizeof(path));
    memcpy(path, "unix:/", 6);
    path[5 + LISTEN_PATH_BYTES] = '\0';
    assert_int_equal(listen_address_parse(path, &address), -EINVAL);
    path[5 + LISTEN_PATH_BYTES - 1] = '\0';
    assert_int_equal(listen_address_parse(path, &address), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
