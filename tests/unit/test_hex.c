/* test_hex.c: bytes as hexadecimal digits: what is read, what is refused, and that what is written is read. */
#include "pearpd/hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_byte_is_written_and_read(void **state)
{
    uint8_t bytes[256], again[256];
    char text[HEX_TEXT_BYTES(256)];
    size_t length;
    (void)state;
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(strlen(hex_format(bytes, 256, text)), 512);
    assert_memory_equal(text + 2 * 0xab, "abacad", 6);
    assert_int_equal(hex_parse(text, again, sizeof(again), &length), 0);
    assert_int_equal(length, 256);
    assert_memory_equal(bytes, again, 256);
    assert_int_equal(hex_parse(text, again, 255, &length), -EINVAL);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *text;
        int plain, colons; /* the result; of good ones the number of bytes */
    } rows[] = {{"", -EINVAL, -EINVAL},     {"0", -EINVAL, -EINVAL},
                {"0G", -EINVAL, -EINVAL},   {"aB", 1, 1},
                {"aBc", -EINVAL, -EINVAL},  {"aB:cD", -EINVAL, 2},
                {"aBcD:ef", -EINVAL, 3},    {"ab:", -EINVAL, -EINVAL},
                {":ab", -EINVAL, -EINVAL},  {"ab::cd", -EINVAL, -EINVAL},
                {"a:bc", -EINVAL, -EINVAL}, {"0x1", -EINVAL, -EINVAL},
                {"00010203", 4, 4},         {"0001020304", -EINVAL, -EINVAL},
                {" 01", -EINVAL, -EINVAL}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[4];
        size_t length;
        const int plain = hex_parse(rows[i].text, bytes, sizeof(bytes), &length);
        assert_int_equal(plain == 0 ? (int)length : plain, rows[i].plain);
        const int colons = hex_parse_colons(rows[i].text, bytes, sizeof(bytes), &length);
        assert_int_equal(colons == 0 ? (int)length : colons, rows[i].colons);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_written_and_read),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
