/* test_binding.c: the port map and the table of bindings against an array of owners. */
#include "../../src/core/tables/binding.h"
#include "../../src/core/tables/portmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static const struct mac host_a = {{0, 0, 0, 0, 0, 0xa}};

static void test_portmap_against_an_array(void **state)
{
    (void)state;
    static uint32_t model[65536];
    struct portmap_pool pool;
    struct portmap *map = calloc(1, sizeof(*map));
    assert_int_equal(portmap_pool_init(&pool, 1), 0);
    srand(4);
    for (unsigned step = 0; step < 3000; step++) {
        uint16_t first = (uint16_t)(rand() % 65536);
        unsigned length = rand() % 3 == 0 ? (unsigned)rand() % 20000 : (unsigned)rand() % 100;
        uint16_t last = first + length > 65535 ? 65535 : (uint16_t)(first + length);
        uint32_t id = (uint32_t)rand() % 4;
        portmap_set(&pool, map, first, last, id);
        for (uint32_t p = first; p <= last; p++)
            model[p] = id;
        if (step % 100 != 0)
            continue;
        for (uint32_t p = 0; p < 65536; p++)
            assert_int_equal(portmap_get(&pool, map, (uint16_t)p), model[p]);
        uint16_t port = 0;
        uint32_t found = 0;
        bool is_there = portmap_next(&pool, map, first, 65535, &port, &found);
        uint32_t p = first;
        while (p < 65536 && model[p] == 0)
            p++;
        assert_int_equal(is_there, p < 65536);
        if (is_there) {
            assert_int_equal(port, p);
            assert_int_equal(found, model[p]);
        }
    }
    portmap_set(&pool, map, 0, 65535, PORTMAP_NOBODY);
    for (unsigned b = 0; b < PORTMAP_BLOCKS; b++)
        assert_int_equal(map->blocks[b], PORTMAP_NOBODY);
    free(map);
    portmap_pool_free(&pool);
}

static struct port_range range_of(uint16_t first, uint16_t last)
{
    return (struct port_range){.range = {.first = first, .last = last}};
}

static void test_add_find_remove(void **state)
{
    (void)state;
    struct binding_table *table = binding_table_new(2, 1);
    struct port_range low = range_of(1000, 1999), high = range_of(2000, 2063), third = range_of(1, 1);
    struct binding *a = binding_add(table, 0, &low, host_a);
    struct binding *b = binding_add(table, 0, &high, host_a);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(binding_add(table, 0, &third, host_a));
    assert_ptr_equal(binding_find(table, 0, 1000), a);
    assert_ptr_equal(binding_find(table, 0, 1999), a);
    assert_ptr_equal(binding_find(table, 0, 2000), b);
    assert_null(binding_find(table, 0, 2064));
    assert_null(binding_find(table, 0, 999));
    uint16_t port;
    assert_ptr_equal(binding_next(table, 0, 0, 65535, &port), a);
    assert_int_equal(port, 1000);
    binding_shrink(table, a, 1500, 1600);
    assert_null(binding_find(table, 0, 1499));
    assert_null(binding_find(table, 0, 1601));
    uint16_t first = 1024, last = 2023;
    binding_free_run(table, 0, 1601, &first, &last);
    assert_int_equal(first, 1601);
    assert_int_equal(last, 1999);
    binding_remove(table, a);
    assert_null(binding_find(table, 0, 1550));
    assert_non_null(binding_add(table, 0, &third, host_a));
    binding_table_free(table);
}

static void test_port_set(void **state)
{
    (void)state;
    struct binding_table *table = binding_table_new(4, 1);
    struct port_set_params params = {6, 8};
    struct port_range set = port_range_of_set((struct ipv4){0}, params, 0x34);
    struct binding *b = binding_add(table, 0, &set, host_a);
    unsigned ports = 0;
    for (uint32_t p = 0; p < 65536; p++) {
        bool owned = binding_find(table, 0, (uint16_t)p) == b;
        assert_int_equal(owned, port_range_has(&set, (uint16_t)p));
        ports += owned;
    }
    assert_int_equal(ports, 63 * 4); /* RFC 7597 5.1: 2^6 - 1 spans of 2^2 ports */
    binding_remove(table, b);
    uint16_t port;
    assert_null(binding_next(table, 0, 0, 65535, &port));
    binding_table_free(table);
}

static void test_stale_list_keeps_order(void **state)
{
    (void)state;
    struct binding_table *table = binding_table_new(3, 1);
    struct binding *b[3];
    for (unsigned i = 0; i < 3; i++) {
        struct port_range h = range_of((uint16_t)(i * 10), (uint16_t)(i * 10 + 9));
        b[i] = binding_add(table, 0, &h, host_a);
    }
    assert_null(binding_oldest_stale(table));
    binding_stale_add(table, b[1]);
    binding_stale_add(table, b[0]);
    binding_stale_add(table, b[2]);
    assert_ptr_equal(binding_oldest_stale(table), b[1]);
    binding_stale_remove(table, b[1]);
    binding_stale_remove(table, b[1]);
    assert_ptr_equal(binding_oldest_stale(table), b[0]);
    binding_remove(table, b[0]);
    assert_ptr_equal(binding_oldest_stale(table), b[2]);
    binding_remove(table, b[2]);
    assert_null(binding_oldest_stale(table));
    binding_table_free(table);
}

static void test_live_span_is_of_the_last_30_s(void **state)
{
    (void)state;
    struct binding b = {0};
    struct port_span span;
    assert_false(binding_live_span(&b, 0, &span));
    binding_seen(&b, 2500, 100 * SECOND);
    binding_seen(&b, 2100, 105 * SECOND);
    binding_seen(&b, 2300, 125 * SECOND);
    assert_true(binding_live_span(&b, 125 * SECOND, &span));
    assert_int_equal(span.first, 2100);
    assert_int_equal(span.last, 2500);
    assert_true(binding_live_span(&b, 136 * SECOND, &span));
    assert_int_equal(span.first, 2300);
    assert_int_equal(span.last, 2300);
    assert_true(binding_live_span(&b, 155 * SECOND - 1, &span));
    assert_false(binding_live_span(&b, 155 * SECOND, &span));
    /* A port that was used 20 s ago counts, however often the owner sent since. */
    binding_seen(&b, 2000, 200 * SECOND);
    binding_seen(&b, 2900, 209 * SECOND);
    for (unsigned second = 210; second <= 230; second++)
        binding_seen(&b, 2300, second * SECOND);
    assert_true(binding_live_span(&b, 230 * SECOND, &span));
    assert_int_equal(span.last, 2900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_portmap_against_an_array),
        cmocka_unit_test(test_add_find_remove),
        cmocka_unit_test(test_port_set),
        cmocka_unit_test(test_stale_list_keeps_order),
        cmocka_unit_test(test_live_span_is_of_the_last_30_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
