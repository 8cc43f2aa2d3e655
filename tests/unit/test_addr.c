/* test_addr.c: addresses and ranges as text, and port sets. */
#include "pearpd/addr.h"
#include "pearpd/port_set.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_mac(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0",
                                      "00",
                                      "00:0c:29:9e:8c",
                                      "00:0c:29:9e:8c:e",
                                      "00:0c:29:9e:8c:ee:",
                                      "00-0c-29-9e-8c-ee",
                                      "00:0c:29:9e:8c:eg",
                                      "000c299e8cee",
                                      " 00:0c:29:9e:8c:ee"};
    char text[MAC_TEXT_BYTES];
    struct mac mac = {{9, 9, 9, 9, 9, 9}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(mac_parse(bad[i], &mac), -EINVAL);
    assert_int_equal(mac.octets[0], 9);
    assert_int_equal(mac_parse("00:0C:29:9e:8c:EE", &mac), 0);
    assert_string_equal(mac_format(mac, text), "00:0c:29:9e:8c:ee");
    assert_true(mac_number(mac) == UINT64_C(0x000c299e8cee));
    assert_false(mac_is_group(mac));
    assert_true(mac_is_group(mac_broadcast));
    assert_true(mac_is_zero(mac_zero));
    assert_true(mac_equal(mac, mac));
    assert_false(mac_equal(mac, mac_zero));
}

static void test_ipv4(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "1",        "1.2.3",  "1.2.3.4.", "1.2.3.4.5",        "1.2.3.256", "1.2.3.04",
        "1.2.3.4 ", " 1.2.3.4", "1..3.4", "1.2.3.-4", "1.2.3.4294967297", "0x1.2.3.4", "1.2.3.4\n"};
    char text[IPV4_TEXT_BYTES];
    struct ipv4 address = {7};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ipv4_parse(bad[i], &address), -EINVAL);
    assert_int_equal(address.host, 7);
    assert_int_equal(ipv4_parse("255.255.255.255", &address), 0);
    assert_string_equal(ipv4_format(address, text), "255.255.255.255");
    assert_int_equal(ipv4_parse("192.35.162.2", &address), 0);
    assert_int_equal(address.host, 0xc023a202);
}

static void test_range(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "1.2.3.4",
                                      "1.2.3.4:",
                                      "1.2.3.4:-5",
                                      "1.2.3.4:5-",
                                      "1.2.3.4:5-65536",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:5-6-7",
                                      "1.2.3.4 :5-6",
                                      "1.2.3.4:+5-6",
                                      ":5-6"};
    char text[RANGE_TEXT_BYTES];
    struct range range;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(range_parse(bad[i], &range), -EINVAL);
    assert_int_equal(range_parse("1.2.3.4:6-5", &range), -ERANGE);
    assert_int_equal(range_parse("255.255.255.255:0-65535", &range), 0);
    assert_string_equal(range_format(&range, text), "255.255.255.255:0-65535");
    assert_int_equal(range_parse("1.2.3.4:80", &range), 0);
    assert_true(range.first == 80 && range.last == 80);
    assert_true(range_holds(&range, 80));
    assert_false(range_holds(&range, 81));
    struct range other = {range.address, 70, 80}, elsewhere = {{1}, 80, 80};
    assert_true(range_overlaps(&range, &other));
    assert_false(range_overlaps(&range, &elsewhere));
}

static void test_sides(void **state)
{
    (void)state;
    assert_string_equal(side_name(SIDE_UPSTREAM), "upstream");
    assert_string_equal(side_name(SIDE_DOWNSTREAM), "downstream");
    assert_int_equal(side_other(SIDE_UPSTREAM), SIDE_DOWNSTREAM);
    assert_int_equal(side_other(SIDE_DOWNSTREAM), SIDE_UPSTREAM);
}

/* RFC 7597 appendix B.1, example 1: offset 6, PSID 0x34 of 8 bits: 1232-1235, 2256-2259, ... 64720-64723. */
static void test_port_set_of_the_rfc(void **state)
{
    (void)state;
    struct port_set_params params = {6, 8};
    assert_int_equal(port_set_spans(params), 63);
    assert_int_equal(port_set_span(params, 0x34, 0).first, 1232);
    assert_int_equal(port_set_span(params, 0x34, 0).last, 1235);
    assert_int_equal(port_set_span(params, 0x34, 1).first, 2256);
    assert_int_equal(port_set_bounds(params, 0x34).first, 1232);
    assert_int_equal(port_set_bounds(params, 0x34).last, 64723);
}

/* Every port is in exactly the span that its PSID says, for every pair of lengths. */
static void test_port_sets_part_the_ports(void **state)
{
    (void)state;
    for (uint8_t offset = 0; offset <= 15; offset++) {
        for (uint8_t length = 1; offset + length <= 16; length++) {
            struct port_set_params params = {offset, length};
            assert_true(port_set_valid(params));
            unsigned outside = 0;
            for (uint32_t port = 0; port < 65536; port++) {
                uint16_t psid;
                if (!port_set_of(params, (uint16_t)port, &psid)) {
                    outside++;
                    continue;
                }
                unsigned index = offset == 0 ? 0 : (port >> (16 - offset)) - 1;
                struct port_span span = port_set_span(params, psid, index);
                assert_true(port >= span.first && port <= span.last);
                struct port_span same = port_set_span_of(params, (uint16_t)port);
                assert_true(same.first == span.first && same.last == span.last);
            }
            assert_int_equal(outside, offset == 0 ? 0 : 1U << (16 - offset));
        }
    }
    assert_false(port_set_valid((struct port_set_params){16, 1}));
    assert_false(port_set_valid((struct port_set_params){9, 8}));
    assert_false(port_set_valid((struct port_set_params){6, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_port_set_of_the_rfc),
        cmocka_unit_test(test_port_sets_part_the_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
