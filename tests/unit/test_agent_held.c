/* test_agent_held.c: ranges and port sets, against every port one by one. */
#include "config/held.h"

#include "../lib/seeded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct ipv4 address = {0xc023a202};

/* A range or a port set, by chance; small ones more often than not. */
static struct held any_held(uint64_t *seed)
{
    const uint64_t r = seeded_next(seed);
    if (r % 3 == 0) {
        const uint16_t first = (uint16_t)(r >> 16), more = (uint16_t)((r >> 32) % 3000);
        const uint16_t last = first + more > UINT16_MAX ? UINT16_MAX : (uint16_t)(first + more);
        return (struct held){.range = {address, first, last}};
    }
    struct port_set_params params = {(uint8_t)(r >> 8 & 15), (uint8_t)(1 + (r >> 12 & 15))};
    while (!port_set_valid(params))
        params = (struct port_set_params){(uint8_t)(params.offset / 2), (uint8_t)(params.length / 2 + 1)};
    return held_port_set(address, params, (uint16_t)((r >> 20) & ((1U << params.length) - 1)));
}

static void overlaps_and_spans_are_as_the_ports_say(void **state)
{
    (void)state;
    uint64_t seed = from_environment("SEED", 7);
    unsigned overlapping = 0;
    for (unsigned run = 0; run < 400; run++) {
        const struct held a = any_held(&seed), b = any_held(&seed);
        uint32_t ports = 0, both = 0, in_spans = 0;
        for (uint32_t port = 0; port <= UINT16_MAX; port++) {
            ports += held_has(&a, (uint16_t)port);
            both += held_has(&a, (uint16_t)port) && held_has(&b, (uint16_t)port);
        }
        for (unsigned i = 0; i < held_spans(&a); i++) {
            const struct port_span span = held_span(&a, i);
            assert_true(held_has(&a, span.first) && held_has(&a, span.last));
            in_spans += span.last - span.first + 1U;
        }
        assert_int_equal(ports, held_ports(&a));
        assert_int_equal(ports, in_spans);
        assert_int_equal(held_overlaps(&a, &b), both > 0);
        assert_int_equal(held_overlaps(&b, &a), both > 0);
        overlapping += both > 0;
    }
    assert_in_range(overlapping, 40, 360); /* both happen */
}

static void another_address_shares_nothing(void **state)
{
    (void)state;
    const struct held a = {.range = {address, 0, 65535}}, b = {.range = {{address.host + 1}, 0, 65535}};
    assert_true(held_overlaps(&a, &a));
    assert_false(held_overlaps(&a, &b));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    uint64_t seed = 3;
    char text[HELD_TEXT_BYTES];
    struct held again;
    for (unsigned run = 0; run < 10000; run++) {
        const struct held held = any_held(&seed);
        assert_int_equal(held_parse(held_format(&held, text), &again), 0);
        assert_true(held_equal(&held, &again));
    }
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } bad[] = {
        {"", -EINVAL},
        {"192.35.162.2", -EINVAL},
        {"192.35.162.2:", -EINVAL},
        {"192.35.162.2:a-b", -EINVAL},
        {"224.0.0.1:1-2", -EINVAL},
        {"0.0.0.0:1-2", -EINVAL},
        {"192.35.162.2:2-1", -ERANGE},
        {"192.35.162.2:1-65536", -EINVAL},
        {"192.35.162.2:1-2 ", -EINVAL},
        {"192.35.162.200.1:1-2", -EINVAL},
        {"192.35.162.2:psid/", -EINVAL},
        {"192.35.162.2:psid/4/8", -EINVAL},
        {"192.35.162.2:psid/4/8/1/", -EINVAL},
        {"192.35.162.2:psid/4/8/256", -ERANGE},
        {"192.35.162.2:psid/16/1/0", -ERANGE},
        {"192.35.162.2:psid/8/9/0", -ERANGE},
        {"192.35.162.2:psid/4/0/0", -ERANGE},
        {"192.35.162.2:psid/-4/8/1", -EINVAL},
        {"192.35.162.2:psid/ 4/8/1", -EINVAL},
        {"192.35.162.2:psid/4/8/99999", -ERANGE},
        {"192.35.162.2:psid/004/8/1", -EINVAL},
    };
    struct held held;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (held_parse(bad[i].text, &held) != bad[i].error)
            fail_msg("%s", bad[i].text);
}

static void the_widest_is_found_for_each_address(void **state)
{
    (void)state;
    static const struct held some[] = {{.range = {{0xc023a202}, 2000, 2099}},
                                       {.range = {{0xc023a203}, 2000, 2999}},
                                       {.range = {{0xc023a202}, 5000, 5999}},
                                       {.range = {{0xc023a202}, 7000, 7999}}};
    struct held_list list = {.count = 0};
    size_t other = 99;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(held_add(&list, &some[i], &other), 0);
    assert_int_equal(held_widest(&list, address), 2); /* the first of equals */
    assert_int_equal(held_widest(&list, (struct ipv4){0xc023a203}), 1);
    assert_int_equal(held_add(&list, &(struct held){.range = {{0xc023a203}, 2999, 3000}}, &other), -EEXIST);
    assert_int_equal(other, 1);
    assert_int_equal(held_find(&list, &some[3]), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlaps_and_spans_are_as_the_ports_say),
        cmocka_unit_test(another_address_shares_nothing),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(the_widest_is_found_for_each_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
