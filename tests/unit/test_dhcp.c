/* test_dhcp.c: DHCP messages read and written: at every truncation, with every option wrong in turn, in parts and
 * over other fields; and random ones. */
#include "pearpd/cursor.h"
#include "pearpd/dhcp.h"

#include "../lib/seeded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIXED_BYTES 240 /* up to the options, cookie included */
#define ROOM        1024

static const struct mac client = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}};

/* A message of `client` with these options. */
static size_t message(uint8_t *bytes, uint8_t op, const void *options, size_t length)
{
    struct wr w = wr_into(bytes, ROOM);
    static const uint8_t zeros[202];
    wr_u8(&w, op);
    wr_u8(&w, 1);
    wr_u8(&w, 6);
    wr_u8(&w, 3);
    wr_u32(&w, 0x3903f326);
    wr_u16(&w, 7);
    wr_u16(&w, DHCP_FLAG_BROADCAST);
    for (uint32_t n = 1; n <= 4; n++)
        wr_u32(&w, 0xc0000200 + n);
    wr_mac(&w, client);
    wr_bytes(&w, zeros, sizeof(zeros));
    wr_u32(&w, 0x63825363);
    wr_bytes(&w, options, length);
    assert_false(w.failed);
    return wr_length(&w);
}

/* What becomes of it, from a block of just its size, so that the sanitizers see a read past its end. */
static int parse(const uint8_t *bytes, size_t length, struct dhcp *m)
{
    uint8_t *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    int result = dhcp_parse(exact, length, m);
    free(exact);
    return result;
}

#define OPTIONS(...)        ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})
#define PARSED(m, op_, ...) parse_options((m), (op_), OPTIONS(__VA_ARGS__))

static int parse_options(struct dhcp *m, uint8_t op, const uint8_t *options, size_t length)
{
    uint8_t bytes[ROOM];
    return parse(bytes, message(bytes, op, options, length), m);
}

static void test_every_field(void **state)
{
    struct dhcp m;
    (void)state;
    assert_int_equal(PARSED(&m, 1, 53, 1, 3, 50, 4, 192, 0, 2, 9, 0, 54, 4, 192, 0, 2, 8, 51, 4, 0, 0, 2, 88,
                            61, 3, 0, 0xaa, 0xbb, 55, 3, 1, 159, 3, 82, 2, 1, 0, 12, 1, 'x', 159, 4, 6, 8, 0x34,
                            0, 255, 53),
                     0);
    assert_int_equal(m.op, 1);
    assert_int_equal(m.hops, 3);
    assert_int_equal(m.xid, 0x3903f326);
    assert_int_equal(m.secs, 7);
    assert_int_equal(m.flags, DHCP_FLAG_BROADCAST);
    assert_int_equal(m.ciaddr.host, 0xc0000201);
    assert_int_equal(m.yiaddr.host, 0xc0000202);
    assert_int_equal(m.siaddr.host, 0xc0000203);
    assert_int_equal(m.giaddr.host, 0xc0000204);
    assert_true(mac_equal(m.chaddr, client));
    assert_int_equal(m.kind, DHCP_REQUEST);
    assert_true(m.has_requested && m.requested.host == 0xc0000209);
    assert_true(m.has_server_id && m.server_id.host == 0xc0000208);
    assert_true(m.has_lease && m.lease_s == 600);
    assert_true(m.wants_ports);
    assert_true(m.has_relay);
    assert_int_equal(m.client_id_length, 3);
    assert_memory_equal(m.client_id, "\0\xaa\xbb", 3);
    assert_true(m.ports.present && m.ports.offset == 6 && m.ports.length == 8 && m.ports.psid == 0x34);
}

/* What is cut is read as far as it goes: nobody's where its fields or its kind are cut. */
static void test_every_truncation(void **state)
{
    static const uint8_t options[] = {53, 1, 5, 55, 2, 1, 159, 61, 3, 1, 2, 3, 159, 4, 0, 6, 12, 0, 255};
    uint8_t bytes[ROOM];
    struct dhcp m;
    (void)state;
    size_t whole = message(bytes, 2, options, sizeof(options));
    for (size_t length = 0; length <= whole; length++) {
        assert_int_equal(parse(bytes, length, &m), length < FIXED_BYTES + 3 ? -ENOMSG : 0);
        if (length < FIXED_BYTES)
            continue;
        assert_int_equal(m.wants_ports, length >= FIXED_BYTES + 7);
        assert_int_equal(m.client_id_length, length >= FIXED_BYTES + 12 ? 3 : 0);
        assert_int_equal(m.ports.present, length >= FIXED_BYTES + 18);
    }
}

/* Fields that make it nobody's; every option in every length that is not its own. */
static void test_wrong_fields(void **state)
{
    static const uint8_t options[] = {53, 1, 5, 255};
    static const size_t telling[] = {0, 1, 2, FIXED_BYTES - 4, FIXED_BYTES - 1};
    uint8_t bytes[ROOM];
    struct dhcp m;
    (void)state;
    size_t whole = message(bytes, 2, options, sizeof(options));
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
        bytes[telling[i]] ^= 0x40;
        assert_int_equal(parse(bytes, whole, &m), -ENOMSG);
        bytes[telling[i]] ^= 0x40;
    }
    assert_int_equal(parse(bytes, whole, &m), 0);
    assert_int_equal(PARSED(&m, 1, 51, 4, 0, 0, 0, 9, 255), -ENOMSG); /* BOOTP */
    assert_int_equal(PARSED(&m, 1, 255), -ENOMSG);
}

/* An option of another length than its own is as if it were not there. */
static void test_option_lengths(void **state)
{
    static const struct {
        uint8_t code, length;
    } fixed[] = {{50, 4}, {51, 4}, {54, 4}, {159, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        for (unsigned length = 0; length < 256; length++) {
            uint8_t options[ROOM] = {53, 1, 1, fixed[i].code, (uint8_t)length};
            struct dhcp m;
            options[5 + length] = 255;
            assert_int_equal(parse_options(&m, 1, options, 6 + length), 0);
            const bool present[] = {m.has_requested, m.has_lease, m.has_server_id, m.ports.present};
            assert_int_equal(present[i], length == fixed[i].length);
        }
    }
    for (unsigned kind = 0; kind < 256; kind++) {
        struct dhcp m;
        assert_int_equal(PARSED(&m, 1, 53, 1, (uint8_t)kind, 255), kind >= 1 && kind <= 8 ? 0 : -ENOMSG);
    }
    for (unsigned length = 0; length < 256; length++) {
        uint8_t options[ROOM] = {53, 1, 1, 61, (uint8_t)length};
        struct dhcp m;
        options[5 + length] = 255;
        assert_int_equal(parse_options(&m, 1, options, 6 + length),
                         length <= DHCP_CLIENT_ID_MOST_BYTES ? 0 : -EBADMSG);
        assert_int_equal(m.client_id_length, length <= DHCP_CLIENT_ID_MOST_BYTES ? length : 0);
    }
}

/* The first counts, whatever the second is, and wherever it is; one of a wrong length is not the first. */
static void test_twice(void **state)
{
    struct dhcp m;
    uint8_t bytes[ROOM];
    (void)state;
    assert_int_equal(PARSED(&m, 2, 54, 4, 192, 0, 2, 1, 53, 1, 5, 51, 4, 0, 0, 2, 88, 159, 4, 6, 8, 0x34, 0, 53,
                            1, 6, 54, 4, 192, 0, 2, 2, 51, 0, 51, 4, 0, 0, 0, 9, 159, 4, 6, 8, 0x35, 0, 159, 1,
                            9, 255),
                     0);
    assert_int_equal(m.kind, DHCP_ACK);
    assert_true(m.has_server_id && m.server_id.host == 0xc0000201);
    assert_true(m.has_lease && m.lease_s == 600);
    assert_true(m.ports.present && m.ports.psid == 0x34);
    assert_int_equal(
        PARSED(&m, 1, 53, 1, 1, 50, 5, 1, 2, 3, 4, 5, 50, 4, 192, 0, 2, 9, 61, 0, 61, 1, 7, 61, 2, 8, 8, 255),
        0);
    assert_true(m.has_requested && m.requested.host == 0xc0000209);
    assert_true(m.client_id_length == 1 && m.client_id[0] == 7);
    size_t length = message(bytes, 2, OPTIONS(53, 1, 5, 52, 1, 3, 54, 4, 192, 0, 2, 1, 255));
    memcpy(bytes + 108, "\x36\4\xc0\0\2\2\x33\4\0\0\0\7", 12);
    memcpy(bytes + 44, "\x33\4\0\0\0\x8\x34\1\1", 9);
    assert_int_equal(parse(bytes, length, &m), 0);
    assert_true(m.server_id.host == 0xc0000201 && m.lease_s == 7);
}

static void test_port_params(void **state)
{
    struct dhcp m;
    (void)state;
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 0, 0, 0xff, 0xff, 255),
                     0); /* length 0: the PSID says nothing */
    assert_true(m.ports.present && m.ports.length == 0 && m.ports.psid == 0);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 0, 16, 0x12, 0x34, 255), 0);
    assert_int_equal(m.ports.psid, 0x1234);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 15, 1, 0x80, 0, 255), 0);
    assert_int_equal(m.ports.psid, 1);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 16, 0, 0, 0, 255), -EBADMSG);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 0, 17, 0, 0, 255), -EBADMSG);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 8, 9, 0, 0, 255), -EBADMSG);
    assert_int_equal(PARSED(&m, 1, 53, 1, 5, 159, 4, 6, 8, 0x34, 1, 255), -EBADMSG);
}

/* RFC 3396, and RFC 2132 9.3. */
static void test_parts(void **state)
{
    struct dhcp m;
    uint8_t bytes[ROOM];
    (void)state;
    assert_int_equal(PARSED(&m, 1, 53, 1, 1, 50, 2, 192, 0, 53, 1, 1, 50, 2, 2, 5, 255), 0);
    assert_true(m.has_requested && m.requested.host == 0xc0000205);
    assert_int_equal(PARSED(&m, 1, 53, 1, 1, 50, 2, 192, 0, 50, 3, 2, 5, 6, 255), 0);
    assert_false(m.has_requested);
    size_t length = message(bytes, 1, OPTIONS(53, 1, 1, 50, 1, 192, 52, 1, 3, 255));
    memcpy(bytes + 108, "\x32\x2\x0\x2\xff", 5); /* file comes before sname */
    memcpy(bytes + 44, "\x32\x1\x9\xff", 4);
    assert_int_equal(parse(bytes, length, &m), 0);
    assert_true(m.has_requested && m.requested.host == 0xc0000209);
    memset(bytes + 47, 0, 61); /* no end mark */
    assert_int_equal(parse(bytes, length, &m), 0);
    assert_true(m.has_requested && m.requested.host == 0xc0000209);
    bytes[44] = 61; /* beyond the end of the field */
    bytes[45] = 63;
    assert_int_equal(parse(bytes, length, &m), 0);
    assert_int_equal(m.client_id_length, 0);
}

static const struct dhcp_answer whole_answer = {
    .kind = DHCP_ACK,
    .xid = 0x3903f326,
    .flags = DHCP_FLAG_BROADCAST,
    .ciaddr = {0xc0000201},
    .yiaddr = {0xc0000202},
    .chaddr = {{0, 0x0c, 0x29, 0x9e, 0x8c, 0xee}},
    .server_id = {0xc0000203},
    .lease_s = 600,
    .netmask = {0xffffff00},
    .router = {0xc0000203},
    .dns = {{0xc0000204}, {0xc0000205}, {0xc0000206}, {0xc0000207}},
    .dns_count = 4,
    .mtu = 1400,
    .ports = {true, 6, 8, 0x34},
};

static void test_answer(void **state)
{
    static const uint8_t options[] = {53, 1,   5, 54,  4,   192, 0,   2,   3, 51,  4, 0,    0, 2,
                                      88, 1,   4, 255, 255, 255, 0,   3,   4, 192, 0, 2,    3, 6,
                                      16, 192, 0, 2,   4,   192, 0,   2,   5, 192, 0, 2,    6, 192,
                                      0,  2,   7, 26,  2,   5,   120, 159, 4, 6,   8, 0x34, 0, 255};
    uint8_t bytes[DHCP_WRITE_MAX_BYTES];
    struct dhcp m;
    (void)state;
    assert_int_equal(dhcp_write(&whole_answer, bytes, sizeof(bytes)), 300);
    assert_memory_equal(bytes + FIXED_BYTES, options, sizeof(options));
    for (size_t at = FIXED_BYTES + sizeof(options); at < 300; at++)
        assert_int_equal(bytes[at], 0);
    assert_int_equal(parse(bytes, 300, &m), 0);
    assert_true(m.op == DHCP_OP_REPLY && m.kind == DHCP_ACK && m.xid == 0x3903f326 && m.lease_s == 600);
    assert_true(m.ciaddr.host == 0xc0000201 && m.yiaddr.host == 0xc0000202 && m.giaddr.host == 0);
    assert_true(m.ports.offset == 6 && m.ports.length == 8 && m.ports.psid == 0x34);
}

/* The longest fits what is promised, and nothing fits less than it takes. */
static void test_longest_answer(void **state)
{
    uint8_t bytes[DHCP_WRITE_MAX_BYTES], id[DHCP_CLIENT_ID_MOST_BYTES];
    struct dhcp_answer a = whole_answer;
    struct dhcp m;
    (void)state;
    memset(id, 0xab, sizeof(id));
    a.client_id = id;
    a.client_id_length = sizeof(id);
    int length = dhcp_write(&a, bytes, sizeof(bytes));
    assert_true(length > 300 && length <= DHCP_WRITE_MAX_BYTES);
    assert_int_equal(parse(bytes, (size_t)length, &m), 0);
    assert_int_equal(m.client_id_length, sizeof(id));
    assert_memory_equal(m.client_id, id, sizeof(id));
    for (size_t room = 0; room < (size_t)length; room++)
        assert_int_equal(dhcp_write(&a, bytes, room), -ENOSPC);
    a = (struct dhcp_answer){.kind = DHCP_NAK, .server_id = {1}};
    assert_int_equal(dhcp_write(&a, bytes, sizeof(bytes)), 300);
    assert_memory_equal(bytes + FIXED_BYTES, "\x35\1\6\x36\4\0\0\0\1\xff\0", 11);
}

/* Random options: whatever comes of them, the same twice, and what is good is within its bounds. */
static void test_soup(void **state)
{
    static const uint8_t codes[] = {0, 1, 12, 50, 51, 52, 53, 54, 55, 61, 82, 159, 255};
    uint64_t seed = from_environment("SEED", 11);
    unsigned good = 0, bad = 0;
    (void)state;
    for (unsigned run = 0; run < 20000; run++) {
        uint8_t options[300];
        struct dhcp m, again;
        size_t used = 0;
        while (used + 8 < sizeof(options) && seeded_next(&seed) % 12 != 0) {
            uint8_t length = (uint8_t)(seeded_next(&seed) % 6);
            options[used++] = codes[seeded_next(&seed) % sizeof(codes)];
            options[used++] = length;
            for (unsigned i = 0; i < length; i++)
                options[used++] = (uint8_t)(seeded_next(&seed) % 9);
        }
        options[used++] = 255;
        int result = parse_options(&m, 1, options, used);
        assert_int_equal(parse_options(&again, 1, options, used), result);
        assert_memory_equal(&m, &again, sizeof(m));
        if (result == 0)
            assert_true(m.kind >= DHCP_DISCOVER && m.kind <= DHCP_INFORM &&
                        m.ports.offset + m.ports.length <= 16);
        good += result == 0;
        bad += result == -EBADMSG;
    }
    assert_true(good > 100 && bad > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),  cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_wrong_fields), cmocka_unit_test(test_option_lengths),
        cmocka_unit_test(test_port_params),  cmocka_unit_test(test_parts),
        cmocka_unit_test(test_answer),       cmocka_unit_test(test_longest_answer),
        cmocka_unit_test(test_soup),         cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
