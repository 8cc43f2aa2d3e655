/* test_range_list.c: the ranges of one interface: what may be added, and which one is widest. */
#include "pearpd/range_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct ipv4 address = {0xc023a202};

static void the_widest_is_found_for_each_address(void **state)
{
    (void)state;
    static const struct port_range some[] = {{.range = {{0xc023a202}, 2000, 2099}},
                                             {.range = {{0xc023a203}, 2000, 2999}},
                                             {.range = {{0xc023a202}, 5000, 5999}},
                                             {.range = {{0xc023a202}, 7000, 7999}}};
    struct range_list list = {.count = 0};
    size_t other = 99;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(range_list_add(&list, &some[i], &other), 0);
    assert_int_equal(range_list_widest(&list, address), 2); /* the first of equals */
    assert_int_equal(range_list_widest(&list, (struct ipv4){0xc023a203}), 1);
    assert_int_equal(range_list_add(&list, &(struct port_range){.range = {{0xc023a203}, 2999, 3000}}, &other),
                     -EEXIST);
    assert_int_equal(other, 1);
    assert_int_equal(range_list_find(&list, &some[3]), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_widest_is_found_for_each_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
