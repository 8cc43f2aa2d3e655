/* test_keyed_table.c: the bounded table: finding, the order of use, who makes room. */
#include "pearpd/keyed_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct entry {
    uint32_t key;
    uint32_t value;
};

static const uint8_t hash_key[HASH_KEY_BYTES] = {1, 2, 3};

static struct keyed_table *table_of(uint32_t limit)
{
    struct keyed_table *table = keyed_table_new(limit, sizeof(uint32_t), sizeof(struct entry), hash_key);
    assert_non_null(table);
    return table;
}

static bool put(struct keyed_table *table, uint32_t key, uint32_t value)
{
    bool fresh;
    struct entry *entry = keyed_table_put(table, &key, &fresh);
    entry->value = value;
    return fresh;
}

static const struct entry *find(struct keyed_table *table, uint32_t key)
{
    return keyed_table_find(table, &key);
}

static void test_put_and_find(void **state)
{
    (void)state;
    struct keyed_table *table = table_of(100);
    for (uint32_t i = 0; i < 100; i++)
        assert_true(put(table, i * 7919, i));
    assert_true(keyed_table_full(table));
    for (uint32_t i = 0; i < 100; i++) {
        assert_non_null(find(table, i * 7919));
        assert_int_equal(find(table, i * 7919)->value, i);
    }
    assert_null(find(table, 1));
    assert_false(put(table, 0, 5));
    assert_int_equal(keyed_table_count(table), 100);
    keyed_table_free(table);
}

static void test_longest_untouched_makes_room(void **state)
{
    (void)state;
    struct keyed_table *table = table_of(3);
    put(table, 1, 0);
    put(table, 2, 0);
    put(table, 3, 0);
    put(table, 1, 0); /* touched: 2 is the oldest now */
    put(table, 4, 0);
    assert_null(find(table, 2));
    assert_non_null(find(table, 1));
    assert_non_null(find(table, 3)); /* found, not touched: next to go */
    put(table, 5, 0);
    assert_null(find(table, 3));
    assert_int_equal(((const struct entry *)keyed_table_oldest(table))->key, 1);
    keyed_table_free(table);
}

static void test_removed_is_gone_and_its_room_is_used(void **state)
{
    (void)state;
    struct keyed_table *table = table_of(2);
    put(table, 1, 0);
    put(table, 2, 0);
    uint32_t one = 1;
    keyed_table_remove(table, keyed_table_find(table, &one));
    assert_null(find(table, 1));
    put(table, 3, 0);
    assert_non_null(find(table, 2));
    assert_non_null(find(table, 3));
    assert_int_equal(keyed_table_count(table), 2);
    keyed_table_free(table);
}

static void test_pour_keeps_the_newest(void **state)
{
    (void)state;
    struct keyed_table *from = table_of(10), *to = table_of(4);
    for (uint32_t i = 0; i < 10; i++)
        put(from, i, 100 + i);
    keyed_table_copy(to, from);
    assert_int_equal(keyed_table_count(to), 4);
    for (uint32_t i = 6; i < 10; i++)
        assert_int_equal(find(to, i)->value, 100 + i);
    keyed_table_free(from);
    keyed_table_free(to);
}

/* The table against an array that does the same slowly. */
static void test_random_against_a_list(void **state)
{
    (void)state;
    enum { LIMIT = 16, KEYS = 40, STEPS = 20000 };
    struct keyed_table *table = table_of(LIMIT);
    uint32_t order[LIMIT];
    unsigned count = 0;
    srand(1);
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t key = (uint32_t)rand() % KEYS;
        unsigned at = 0;
        while (at < count && order[at] != key)
            at++;
        assert_int_equal(find(table, key) != NULL, at < count);
        bool removes = rand() % 4 == 0;
        if (removes && at == count)
            continue;
        if (at == count && count == LIMIT)
            at = 0;
        if (at < count)
            memmove(&order[at], &order[at + 1], (--count - at) * sizeof(order[0]));
        if (removes) {
            keyed_table_remove(table, keyed_table_find(table, &key));
        } else {
            put(table, key, step);
            order[count++] = key;
        }
        assert_int_equal(keyed_table_count(table), count);
        if (count > 0)
            assert_int_equal(((const struct entry *)keyed_table_oldest(table))->key, order[0]);
    }
    keyed_table_free(table);
}

#define COLLIDING 2000

/* The steps to find all of `keys` in a table under `secret`. */
static uint64_t steps_of(const uint32_t *keys, const uint8_t secret[static HASH_KEY_BYTES])
{
    struct keyed_table *table = keyed_table_new(COLLIDING, sizeof(uint32_t), sizeof(struct entry), secret);
    assert_non_null(table);
    for (unsigned i = 0; i < COLLIDING; i++)
        put(table, keys[i], i);
    uint64_t before = keyed_table_steps(table);
    for (unsigned i = 0; i < COLLIDING; i++)
        assert_non_null(find(table, keys[i]));
    uint64_t steps = keyed_table_steps(table) - before;
    keyed_table_free(table);
    return steps;
}

/* Row S27: keys that all fall into one place under a hash key that an attacker guessed, or that count up, cost
 * no more under the one that is used than random keys do. */
static void test_keys_that_collide(void **state)
{
    static uint32_t colliding[COLLIDING], counting[COLLIDING], random[COLLIDING];
    static const uint8_t guessed[HASH_KEY_BYTES] = {9}, secret[HASH_KEY_BYTES] = {7, 7, 7};
    (void)state;
    uint32_t key = 0;
    for (unsigned i = 0; i < COLLIDING; i++, key++) {
        while ((hash_bytes(guessed, &key, sizeof(key)) & 2047) != 0)
            key++;
        colliding[i] = key;
        counting[i] = i << 16;
        random[i] = (uint32_t)hash_bytes(guessed, &i, sizeof(i));
    }
    uint64_t usual = steps_of(random, secret), worst = steps_of(colliding, guessed);
    uint64_t attacked = steps_of(colliding, secret), counted = steps_of(counting, secret);
    assert_true(worst > 100 * usual); /* they do collide under the guess */
    assert_true(attacked <= 2 * usual && counted <= 2 * usual);
    printf("# S27: %u keys: %llu steps for random ones, %llu for colliding, %llu for counting ones\n",
           COLLIDING, (unsigned long long)usual, (unsigned long long)attacked, (unsigned long long)counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find),
        cmocka_unit_test(test_longest_untouched_makes_room),
        cmocka_unit_test(test_removed_is_gone_and_its_room_is_used),
        cmocka_unit_test(test_pour_keeps_the_newest),
        cmocka_unit_test(test_random_against_a_list),
        cmocka_unit_test(test_keys_that_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
