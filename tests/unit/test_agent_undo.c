/* test_agent_undo.c: the undo record: what is written is read, and nothing else is. */
#include "host/undo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct undo full(void)
{
    struct undo undo = {.interface = "eth0.5",
                        .ifindex = 7,
                        .namespace_cookie = UINT64_MAX,
                        .sysctls = {"0", "1", "", "32768\t60999"},
                        .reserves = true,
                        .reserved = "8080,9000-9100",
                        .rules = true,
                        .enforce = true,
                        .addresses = {{0xc023a202}, {0xc023a203}},
                        .address_count = 2,
                        .gateway_route = {0xc023a201},
                        .default_route = {0xc023a201}};
    undo.held.ranges[undo.held.count++] = (struct port_range){.range = {{0xc023a202}, 0, 65535}};
    undo.held.ranges[undo.held.count++] =
        port_range_of_set((struct ipv4){0xc023a203}, (struct port_set_params){6, 8}, 255);
    undo.replaced.length = sizeof(undo.replaced.bytes);
    for (size_t i = 0; i < undo.replaced.length; i++)
        undo.replaced.bytes[i] = (uint8_t)(i * 7);
    return undo;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char text[UNDO_TEXT_MAX_BYTES], again[UNDO_TEXT_MAX_BYTES];
    unsigned line;
    struct undo undo = full(), read;
    for (unsigned i = 0; i < 2; i++) {
        const int length = undo_format(&undo, text, sizeof(text));
        assert_true(length > 0);
        assert_int_equal(undo_parse(text, (size_t)length, &read, &line), 0);
        assert_int_equal(undo_format(&read, again, sizeof(again)), length);
        assert_memory_equal(text, again, (size_t)length);
        assert_string_equal(read.interface, "eth0.5");
        assert_true(read.namespace_cookie == UINT64_MAX);
        assert_int_equal(read.rules, undo.rules);
        assert_int_equal(read.enforce, undo.enforce);
        assert_int_equal(read.reserves, undo.reserves);
        assert_string_equal(read.reserved, undo.reserved);
        assert_int_equal(read.address_count, undo.address_count);
        assert_int_equal(read.held.count, undo.held.count);
        for (size_t k = 0; k < undo.held.count; k++)
            assert_true(port_range_equal(&read.held.ranges[k], &undo.held.ranges[k]));
        assert_int_equal(read.default_route.host, undo.default_route.host);
        assert_string_equal(read.sysctls[3], undo.sysctls[3]);
        assert_int_equal(read.replaced.length, undo.replaced.length);
        assert_memory_equal(read.replaced.bytes, undo.replaced.bytes, undo.replaced.length);
        undo = (struct undo){.interface = "eth0.5", .namespace_cookie = UINT64_MAX}; /* the least there is */
        undo.held.ranges[undo.held.count++] = (struct port_range){.range = {{0x0a000001}, 5, 5}};
    }
    assert_int_equal(undo_format(&read, text, 20), -ENOSPC);
}

static void a_cut_record_is_refused(void **state)
{
    (void)state;
    char text[UNDO_TEXT_MAX_BYTES];
    unsigned line;
    struct undo undo = full(), read;
    const int length = undo_format(&undo, text, sizeof(text));
    for (int cut = 0; cut < length; cut++)
        assert_int_equal(undo_parse(text, (size_t)cut, &read, &line), -EBADMSG);
}

#define HEAD "pearp-agent-undo 2\ninterface eth0\nifindex 2\nnamespace 1\nrange 10.0.0.1:1-2\n"

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
    } bad[] = {
        {"pearp-agent-undo 1\nend\n", 1},
        {"pearp-agent-undo 2\nend\n", 2},
        {"pearp-agent-undo 2\ninterface ../../etc\nend\n", 2},
        {"pearp-agent-undo 2\ninterface sixteencharacters\nend\n", 2},
        {HEAD "end\nmore\n", 6},
        {HEAD "ifindex 3\nend\n", 6},
        {HEAD "rules yes\nend\n", 6},
        {HEAD "rules\nrules\nend\n", 7},
        {HEAD "address\nend\n", 6},
        {HEAD "range 10.0.0.1:2-3\nend\n", 6},
        {HEAD "range 10.0.0.1:psid/4/8/256\nend\n", 6},
        {HEAD "reserved 80;81\nend\n", 6},
        {HEAD "unknown 1\nend\n", 6},
        {HEAD "arp_ignore\nend\n", 6},
        {HEAD "arp_ignore 1; reboot\nend\n", 6},
        {HEAD "arp_ignore 1\narp_ignore 1\nend\n", 7},
        {HEAD "gateway-route 10.0.0\nend\n", 6},
        {HEAD "replaced 0\nend\n", 6},
        {HEAD "replaced 0g\nend\n", 6},
        {HEAD "replaced\nend\n", 6},
        {HEAD "\nend\n", 6},
    };
    struct undo read;
    unsigned line;
    assert_int_equal(undo_parse(HEAD "end\n", strlen(HEAD "end\n"), &read, &line), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(undo_parse(bad[i].text, strlen(bad[i].text), &read, &line), -EBADMSG);
        assert_int_equal(line, bad[i].line);
    }
    assert_int_equal(undo_parse(HEAD "rules\0\nend\n", sizeof(HEAD "rules\0\nend\n") - 1, &read, &line),
                     -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_cut_record_is_refused),
        cmocka_unit_test(what_is_not_understood_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
