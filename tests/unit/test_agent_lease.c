/* test_agent_lease.c: the words of a DHCP client's hook: what is good is read, all else is refused with its reason. */
#include "dhcp/lease.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORDS(...) \
    ((const char *const[]){__VA_ARGS__}), (sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static struct lease lease;
static char why[LEASE_WHY_BYTES];

static void every_client_prints_option_159_its_own_way(void **state)
{
    (void)state;
    static const char *const forms[] = {"00060800", "0:6:8:0", "00:06:08:00", "0 6 2048", "0/6/2"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        assert_int_equal(lease_parse(WORDS("bound", "192.35.162.2", forms[i]), 100, &lease, why), 0);
        assert_true(lease.bound);
        assert_int_equal(lease.held.range.address.host, 0xc023a202);
        assert_true(lease.held.is_port_set);
        assert_int_equal(lease.held.params.offset, 0);
        assert_int_equal(lease.held.params.length, 6);
        assert_int_equal(lease.held.psid, 2);
        assert_int_equal(lease.held.range.first, 2048);
        assert_int_equal(lease.held.range.last, 3071);
        assert_true(lease.until_s == LEASE_FOREVER_S);
    }
    assert_int_equal(lease_parse(WORDS("bound", "192.35.162.2", "0010ffff"), 0, &lease, why), 0);
    assert_int_equal(lease.held.psid, 65535);
    assert_int_equal(lease_parse(WORDS("bound", "192.35.162.2", "06081200"), 0, &lease, why), 0);
    assert_int_equal(lease.held.psid, 0x12);
    assert_int_equal(port_range_spans(&lease.held), 63);
}

static void what_goes_with_it_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        lease_parse(WORDS("bound", "192.35.162.2", "0/6/2", "gateway=192.35.162.1 192.35.162.3",
                          "netmask=255.255.255.0", "dns=198.51.100.53 198.51.100.54,198.51.100.55 9.9.9.9",
                          "mtu=1400", "lifetime=10"),
                    100, &lease, why),
        0);
    assert_int_equal(lease.gateway.host, 0xc023a201);
    assert_int_equal(lease.dns_count, 3);
    assert_int_equal(lease.dns[2].host, 0xc6336437);
    assert_int_equal(lease.mtu, 1400);
    assert_true(lease.until_s == 110);
    assert_int_equal(lease_parse(WORDS("bound", "192.35.162.2", "0/6/2",
                                       "gateway=", "netmask=", "dns=", "mtu=", "lifetime=4294967295"),
                                 100, &lease, why),
                     0);
    assert_int_equal(lease.gateway.host, 0);
    assert_true(lease.until_s == LEASE_FOREVER_S);
    /* A lease of one address, its gateway elsewhere on the link. */
    assert_int_equal(
        lease_parse(WORDS("bound", "192.35.162.2", "0/6/2", "gateway=10.0.0.1", "netmask=255.255.255.255"), 0,
                    &lease, why),
        0);
    assert_int_equal(lease_parse(WORDS("released"), 0, &lease, why), 0);
    assert_false(lease.bound);
    assert_int_equal(lease_parse(WORDS("expired"), 0, &lease, why), 0);
    assert_false(lease.bound);
}

static void refused(const char *const *words, size_t count, const char *reason)
{
    assert_int_equal(lease_parse(words, count, 100, &lease, why), -EINVAL);
    assert_false(lease.bound);
    if (strstr(why, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why, reason);
}

static void refused_ports(const char *ports, const char *reason)
{
    refused(WORDS("bound", "192.35.162.2", ports), reason);
}

static void refused_key(const char *word, const char *reason)
{
    refused(WORDS("bound", "192.35.162.2", "0/6/2", "netmask=255.255.255.0", word), reason);
}

static void bad_ports_are_refused(void **state)
{
    (void)state;
    refused_ports("", "no ports");
    refused_ports("000608", "not the four bytes");
    refused_ports("0006080000", "not the four bytes");
    refused_ports("0006080g", "not the four bytes");
    refused_ports("0:6:8", "not the four bytes");
    refused_ports("0:6:8:0:0", "not the four bytes");
    refused_ports("0:6:8:", "not the four bytes");
    refused_ports("0 6", "not the four bytes");
    refused_ports("0 6 65536", "not the four bytes");
    refused_ports("0 256 0", "not the four bytes");
    refused_ports("0/6/64", "not OFFSET/LENGTH/ID");
    refused_ports("0/17/1", "not OFFSET/LENGTH/ID");
    refused_ports("$(reboot)", "not the four bytes");
    refused_ports("00060800\n", "not the four bytes");
    refused_ports("\"0;6\"", "not the four bytes");
    refused_ports("00000000", "shares no address");
    refused_ports("060c0000", "no port set");
    refused_ports("10000000", "shares no address");
    refused_ports("10010000", "no port set");
    refused_ports("00110000", "no port set");
    refused_ports("00060801", "bits beyond");
    refused_ports("00060a00", "bits beyond");
}

static void bad_words_are_refused(void **state)
{
    (void)state;
    refused(NULL, 0, "must follow");
    refused(WORDS("bind"), "not bound");
    refused(WORDS("bound"), "must follow");
    refused(WORDS("bound", "192.35.162.2"), "must follow");
    refused(WORDS("released", "now"), "nothing may follow");
    refused(WORDS("bound", "224.0.0.1", "0/6/2"), "not a host's");
    refused(WORDS("bound", "0.0.0.0", "0/6/2"), "not a host's");
    refused(WORDS("bound", "255.255.255.255", "0/6/2"), "not a host's");
    refused(WORDS("bound", "192.35.162.2 ", "0/6/2"), "not a host's");
    refused(WORDS("bound", "`id`", "0/6/2"), "not a host's");
    refused_key("gateway", "with = behind it");
    refused_key("gate=1", "with = behind it");
    refused_key("gateway=192.35.162.2", "itself");
    refused_key("gateway=192.35.163.1", "outside");
    refused_key("gateway=224.0.0.1", "not a host's");
    refused_key("gateway=192.35.162.1;id", "not");
    refused_key("netmask=255.0.255.0", "not a netmask");
    refused_key("dns=x", "not an address");
    refused_key("dns=100.100.100.101 100.100.100.102 100.100.100.103 100.100.100.104 100.100.100.105 x",
                "x is not an address");
    char longest[1100];
    snprintf(longest, sizeof(longest), "dns=%01030u", 1U);
    refused_key(longest, "longer");
    refused_key("mtu=68", "576");
    refused_key("mtu=65536", "576");
    refused_key("mtu=1e3", "576");
    refused_key("lifetime=0", "1-4294967295");
    refused_key("lifetime=-1", "1-4294967295");
    refused_key("lifetime=4294967296", "1-4294967295");
    refused_key("until=soon", "number");
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char text[LEASE_TEXT_BYTES], again[LEASE_TEXT_BYTES];
    assert_int_equal(
        lease_parse(WORDS("bound", "192.35.162.2", "06081200", "gateway=192.35.162.1",
                          "dns=198.51.100.53,198.51.100.54,198.51.100.55", "mtu=1400", "lifetime=10"),
                    100, &lease, why),
        0);
    const int length = lease_format(&lease, text);
    assert_int_equal(length, strlen(text));
    struct lease read;
    snprintf(again, sizeof(again), "%s", text);
    assert_int_equal(lease_read(again, &read, why), 0);
    assert_true(port_range_equal(&read.held, &lease.held));
    assert_true(read.until_s == 110);
    lease_format(&read, again);
    assert_string_equal(text, again);
    /* Cut anywhere before its last key it is either refused or a lease that says less. */
    for (size_t cut = 0; cut < strlen("bound 192.35.162.2 6/8"); cut++) {
        memcpy(again, text, cut);
        again[cut] = '\0';
        assert_int_equal(lease_read(again, &read, why), -EINVAL);
    }
    char many[] =
        "bound 192.35.162.2 0/6/2 mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu= mtu=\n";
    read.bound = true;
    assert_int_equal(lease_read(many, &read, why), -EINVAL);
    assert_false(read.bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_client_prints_option_159_its_own_way),
        cmocka_unit_test(what_goes_with_it_is_read),
        cmocka_unit_test(bad_ports_are_refused),
        cmocka_unit_test(bad_words_are_refused),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
