/* test_ssh_session.c: what sshd writes into SSH_CONNECTION, and the interface that such a session uses; the seconds of a
 * trial. */
#include "pearpd/ssh_session.h"
#include "pearpd/try_run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_read(void **state)
{
    struct ssh_session s;
    struct ipv4 address;
    (void)state;
    assert_int_equal(ssh_session_parse("198.51.100.10 50000 192.0.2.2 22", &s), 0);
    assert_int_equal(s.server_port, 22);
    assert_string_equal(s.client_text, "198.51.100.10");
    assert_true(ssh_session_ipv4(&s, &address));
    assert_int_equal(address.host, 0xc0000202);
    assert_int_equal(ssh_session_parse("::ffff:198.51.100.10 1 ::ffff:192.0.2.3 2022", &s), 0);
    assert_true(ssh_session_ipv4(&s, &address));
    assert_int_equal(address.host, 0xc0000203);
    assert_int_equal(ssh_session_parse("2001:db8::1 50000 fe80::1%lo 22", &s), 0);
    assert_false(ssh_session_ipv4(&s, &address));
}

static void test_wrong(void **state)
{
    static const char *const wrong[] = {"",
                                        "192.0.2.1",
                                        "192.0.2.1 1 192.0.2.2",
                                        "192.0.2.1 1 192.0.2.2 22 more",
                                        "host 1 192.0.2.2 22",
                                        "192.0.2.1 1 192.0.2.256 22",
                                        "192.0.2.1 1 192.0.2.2 65536"};
    struct ssh_session s;
    (void)state;
    assert_int_equal(ssh_session_parse(NULL, &s), -ENOENT);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(ssh_session_parse(wrong[i], &s), -ENOENT);
}

static void test_interface(void **state)
{
    struct ssh_session s;
    (void)state;
    assert_int_equal(ssh_session_parse("127.0.0.1 50000 127.0.0.1 22", &s), 0);
    assert_true(ssh_session_uses(&s, "lo"));
    assert_false(ssh_session_uses(&s, "nowhere9"));
}

static void test_seconds(void **state)
{
    static const char *const wrong[] = {"", "0", "-1", "+1", " 1", "1s", "86401", "99999999999999999999"};
    uint32_t seconds = 7;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(try_run_parse(wrong[i], &seconds), -EINVAL);
    assert_int_equal(seconds, 7);
    assert_int_equal(try_run_parse("86400", &seconds), 0);
    assert_int_equal(seconds, 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_wrong),
                                       cmocka_unit_test(test_interface), cmocka_unit_test(test_seconds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
