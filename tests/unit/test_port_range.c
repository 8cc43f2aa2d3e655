/* test_port_range.c: ranges and port sets, compared with every port one by one. */
#include "pearpd/port_range.h"

#include "../lib/seeded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct ipv4 address = {0xc023a202};

/* A range or a port set, by chance; small ones more often than not. */
static struct port_range any_range(uint64_t *seed)
{
    const uint64_t r = seeded_next(seed);
    if (r % 3 == 0) {
        const uint16_t first = (uint16_t)(r >> 16), more = (uint16_t)((r >> 32) % 3000);
        const uint16_t last = first + more > UINT16_MAX ? UINT16_MAX : (uint16_t)(first + more);
        return (struct port_range){.range = {address, first, last}};
    }
    struct port_set_params params = {(uint8_t)(r >> 8 & 15), (uint8_t)(1 + (r >> 12 & 15))};
    while (!port_set_valid(params))
        params = (struct port_set_params){(uint8_t)(params.offset / 2), (uint8_t)(params.length / 2 + 1)};
    return port_range_of_set(address, params, (uint16_t)((r >> 20) & ((1U << params.length) - 1)));
}

static void overlaps_and_spans_are_as_the_ports_say(void **state)
{
    (void)state;
    uint64_t seed = from_environment("SEED", 7);
    unsigned overlapping = 0;
    for (unsigned run = 0; run < 400; run++) {
        const struct port_range a = any_range(&seed), b = any_range(&seed);
        uint32_t ports = 0, both = 0, in_spans = 0;
        for (uint32_t port = 0; port <= UINT16_MAX; port++) {
            ports += port_range_has(&a, (uint16_t)port);
            both += port_range_has(&a, (uint16_t)port) && port_range_has(&b, (uint16_t)port);
        }
        for (unsigned i = 0; i < port_range_spans(&a); i++) {
            const struct port_span span = port_range_span(&a, i);
            assert_true(port_range_has(&a, span.first) && port_range_has(&a, span.last));
            in_spans += span.last - span.first + 1U;
        }
        assert_int_equal(ports, port_range_ports(&a));
        assert_int_equal(ports, in_spans);
        assert_int_equal(port_range_overlaps(&a, &b), both > 0);
        assert_int_equal(port_range_overlaps(&b, &a), both > 0);
        overlapping += both > 0;
    }
    assert_in_range(overlapping, 40, 360); /* both happen */
}

static void another_address_shares_nothing(void **state)
{
    (void)state;
    const struct port_range a = {.range = {address, 0, 65535}}, b = {.range = {{address.host + 1}, 0, 65535}};
    assert_true(port_range_overlaps(&a, &a));
    assert_false(port_range_overlaps(&a, &b));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    uint64_t seed = 3;
    char text[PORT_RANGE_TEXT_BYTES];
    struct port_range again;
    for (unsigned run = 0; run < 10000; run++) {
        const struct port_range range = any_range(&seed);
        assert_int_equal(port_range_parse(port_range_format(&range, text), &again), 0);
        assert_true(port_range_equal(&range, &again));
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
    struct port_range range;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (port_range_parse(bad[i].text, &range) != bad[i].error)
            fail_msg("%s", bad[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlaps_and_spans_are_as_the_ports_say),
        cmocka_unit_test(another_address_shares_nothing),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
