/* test_wire.c: every parser of frames, at every truncation and with every field wrong in turn.
 * Each prefix lies in a block of just its size, so that the sanitizers see a read past its end. */
#include "pearpd/arp.h"
#include "pearpd/cursor.h"
#include "pearpd/dhcp.h"
#include "pearpd/eth.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"
#include "pearpd/pe_arp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *copy_of(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    return copy;
}

static void test_cursor(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct rd r = rd_over(bytes, sizeof(bytes));
    assert_int_equal(rd_u8(&r), 1);
    assert_int_equal(rd_u16(&r), 0x0203);
    assert_int_equal(rd_u32(&r), 0x04050607);
    assert_int_equal(rd_left(&r), 8);
    struct rd sub = rd_sub(&r, 3);
    assert_int_equal(rd_left(&sub), 3);
    assert_int_equal(rd_u32(&sub), 0);
    assert_true(sub.failed);
    assert_int_equal(rd_u8(&sub), 0); /* the first error sticks */
    assert_false(r.failed);
    assert_true(rd_u64(&r) == 0);
    assert_true(r.failed);
    assert_int_equal(rd_left(&r), 0);
    assert_null(rd_bytes(&r, 0));
    uint8_t out[6];
    struct wr w = wr_into(out, sizeof(out));
    wr_u8(&w, 1);
    wr_u32(&w, 0x02030405);
    assert_int_equal(wr_length(&w), 5);
    wr_u16(&w, 7);
    assert_true(w.failed);
    wr_u8(&w, 9);
    assert_int_equal(wr_length(&w), 5);
    assert_memory_equal(out, "\1\2\3\4\5", 5);
}

/* Ethernet. */

#define MACS 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1, 2, 3, 4, 5

static void test_eth(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[32];
        size_t length;
        unsigned tags;
        uint16_t tpid, tci, ethertype;
        bool snap_arp;
        size_t payload;
    } cases[] = {
        {{MACS, 0x08, 0x00, 9}, 15, 0, 0, 0, 0x0800, false, 14},
        {{MACS, 0x08, 0x00}, 14, 0, 0, 0, 0x0800, false, 14},
        {{MACS, 0x81, 0x00, 0x60, 0x05, 0x08, 0x06, 9}, 19, 1, 0x8100, 0x6005, 0x0806, false, 18},
        {{MACS, 0x88, 0xa8, 0x00, 0x07, 0x08, 0x00}, 18, 1, 0x88a8, 7, 0x0800, false, 18},
        {{MACS, 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8, 8, 0}, 22, 2, 0x88a8, 7, 0x8100, false, 18},
        {{MACS, 0x81, 0x00, 0, 7, 0x81, 0x00, 0, 8}, 20, 2, 0x8100, 7, 0x8100, false, 18},
        {{MACS, 0x81, 0x00, 0x0a}, 15, 1, 0x8100, 0, 0, false, 15},
        {{MACS, 0x81, 0x00, 0x00, 0x0a, 0x08}, 17, 1, 0x8100, 10, 0, false, 17},
        {{MACS, 0x00, 0x26, 0xaa, 0xaa, 3, 0, 0, 0, 8, 6, 1}, 23, 0, 0, 0, 0x26, true, 22},
        {{MACS, 0x00, 0x26, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 1}, 23, 0, 0, 0, 0x26, false, 14},
        {{MACS, 0x00, 0x26, 0xaa, 0xaa, 3, 0, 0, 0, 8}, 21, 0, 0, 0, 0x26, false, 14},
        {{MACS, 0x05, 0xff, 0x42, 0x42, 3}, 17, 0, 0, 0, 0x5ff, false, 14},
    };
    struct eth eth;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *bytes = copy_of(cases[i].bytes, cases[i].length);
        assert_int_equal(eth_parse(bytes, cases[i].length, &eth), 0);
        assert_true(mac_equal(eth.destination, mac_broadcast));
        assert_int_equal(eth.source.octets[5], 5);
        assert_int_equal(eth.tags, cases[i].tags);
        assert_int_equal(eth.outer_tpid, cases[i].tpid);
        assert_int_equal(eth.outer_tci, cases[i].tci);
        assert_int_equal(eth.ethertype, cases[i].ethertype);
        assert_int_equal(eth.snap_arp, cases[i].snap_arp);
        assert_int_equal(eth.payload, cases[i].payload);
        for (size_t length = 0; length <= cases[i].length; length++) {
            uint8_t *prefix = copy_of(cases[i].bytes, length);
            int result = eth_parse(prefix, length, &eth);
            assert_int_equal(result, length < 14 ? -EBADMSG : 0);
            assert_true(result != 0 || eth.payload <= length);
            free(prefix);
        }
        free(bytes);
    }
    eth = (struct eth){.outer_tci = 0xe005};
    assert_int_equal(eth_vid(&eth), 5);
    uint8_t frame[14] = {0};
    eth_set_destination(frame, mac_broadcast);
    eth_set_source(frame, (struct mac){{1, 2, 3, 4, 5, 6}});
    assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff\1\2\3\4\5\6\0\0", 14);
}

/* ARP. */

static const uint8_t arp_request[ARP_BYTES] = {0,   1,  8,   0, 6, 4, 0, 1, 0, 0xc, 0x29, 1,  2,   3,
                                               192, 35, 162, 1, 0, 0, 0, 0, 0, 0,   192,  35, 162, 2};

static void test_arp_at_every_truncation(void **state)
{
    (void)state;
    for (size_t length = 0; length <= ARP_BYTES; length++) {
        struct arp arp;
        uint8_t *bytes = copy_of(arp_request, length);
        int expected = length < ARP_FIXED_BYTES ? -ENOMSG : length < ARP_BYTES ? -EBADMSG : 0;
        assert_int_equal(arp_parse(bytes, length, &arp), expected);
        free(bytes);
    }
}

static void test_arp_fields(void **state)
{
    (void)state;
    struct arp arp;
    assert_int_equal(arp_parse(arp_request, ARP_BYTES, &arp), 0);
    assert_int_equal(arp.hardware, 1);
    assert_int_equal(arp.operation, ARP_OP_REQUEST);
    assert_int_equal(arp.sha.octets[2], 0x29);
    assert_int_equal(arp.spa.host, 0xc023a201);
    assert_true(mac_is_zero(arp.tha));
    assert_int_equal(arp.tpa.host, 0xc023a202);
    static const struct {
        size_t at;
        uint8_t value;
        int result;
    } changes[] = {{0, 9, 0},         {1, 6, 0},        {2, 0x86, -ENOMSG}, {3, 1, -ENOMSG}, {4, 5, -ENOMSG},
                   {4, 255, -ENOMSG}, {5, 16, -ENOMSG}, {5, 0, -ENOMSG},    {7, 9, 0}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        uint8_t bytes[ARP_BYTES];
        memcpy(bytes, arp_request, ARP_BYTES);
        bytes[changes[i].at] = changes[i].value;
        assert_int_equal(arp_parse(bytes, ARP_BYTES, &arp), changes[i].result);
    }
}

/* PE-ARP. */

static struct pe_arp whole_message(void)
{
    struct pe_arp m;
    memset(&m, 0, sizeof(m));
    m.type = PE_ARP_REPLY;
    m.sha = (struct mac){{0, 0xc, 0x29, 1, 2, 3}};
    m.tha = (struct mac){{2, 0x50, 0x45, 0, 0, 1}};
    m.spa = (struct port_address){{0xc023a202}, 0, 2000, 2999};
    m.tpa = (struct port_address){{0xc023a202}, 17, 2500, 2500};
    m.lifetime_s = 300;
    m.nonce = UINT64_C(0x0102030405060708);
    m.psid.present = true;
    m.psid.offset = 6;
    m.psid.length = 8;
    m.psid.psid = 0x34;
    m.gateway.present = true;
    m.gateway.address.host = 0xc023a201;
    m.gateway.mac = mac_broadcast;
    m.seq.present = true;
    m.seq.number = 99;
    m.shared_mac.present = true;
    m.shared_mac.mac = m.tha;
    m.auth.present = true;
    m.auth.key_id = 7;
    memset(m.auth.mac, 0xab, sizeof(m.auth.mac));
    return m;
}

static size_t write_message(const struct pe_arp *m, uint8_t bytes[static 1024])
{
    struct wr w = wr_into(bytes, 1024);
    wr_u16(&w, 1);
    wr_u16(&w, PE_ARP_PRO);
    wr_u8(&w, 6);
    wr_u8(&w, PE_ARP_PLN);
    wr_u16(&w, pe_arp_operation(m->type));
    wr_mac(&w, m->sha);
    pe_arp_write_port_address(&m->spa, bytes + wr_length(&w));
    w.at += PE_ARP_PLN;
    wr_mac(&w, m->tha);
    pe_arp_write_port_address(&m->tpa, bytes + wr_length(&w));
    w.at += PE_ARP_PLN;
    assert_int_equal(wr_length(&w), PE_ARP_ADDRESSES_BYTES);
    int body = pe_arp_write_body(m, bytes + wr_length(&w), 1024 - wr_length(&w));
    assert_true(body > 0);
    return wr_length(&w) + (size_t)body;
}

static void test_pe_arp_round_trip(void **state)
{
    (void)state;
    static const uint16_t operations[] = {0, 24, 25, 25, 25, 25, 24}; /* by type */
    uint8_t bytes[1024], again[1024];
    struct pe_arp m = whole_message(), back;
    for (enum pe_arp_type type = PE_ARP_REQUEST; type <= PE_ARP_HELLO; type++) {
        m.type = type;
        size_t length = write_message(&m, bytes);
        memset(&back, 0x55, sizeof(back));
        assert_int_equal(pe_arp_parse(bytes, length, &back), 0);
        assert_int_equal(bytes[7], operations[type]);
        assert_int_equal(write_message(&back, again), length);
        assert_memory_equal(again, bytes, length);
        memset(bytes + length, 0xff, 20); /* padding is not read */
        assert_int_equal(pe_arp_parse(bytes, length + 20, &back), 0);
        assert_true(strlen(pe_arp_type_name(type)) > 2);
    }
    assert_int_equal(pe_arp_write_body(&m, bytes, 20), -ENOSPC);
}

static void test_pe_arp_bytes(void **state)
{
    (void)state;
    /* By hand from the table: a REQUEST of 02:50:45:00:00:01 for UDP port 2500 of 192.35.162.2, nonce 1. */
    static const uint8_t request[PE_ARP_FIXED_BYTES] = {
        0, 1, 0x88, 0xb5, 6,  10,  0, 24, 2, 0x50, 0x45, 0, 0,    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0,    192,  35, 162, 2, 17, 0, 9,    0xc4, 9, 0xc4, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
    struct pe_arp m;
    uint8_t bytes[1024];
    assert_int_equal(pe_arp_parse(request, sizeof(request), &m), 0);
    assert_int_equal(m.type, PE_ARP_REQUEST);
    assert_int_equal(m.tpa.address.host, 0xc023a202);
    assert_int_equal(m.tpa.protocol, 17);
    assert_int_equal(m.tpa.first, 2500);
    assert_int_equal(m.tpa.last, 2500);
    assert_true(m.nonce == 1);
    assert_int_equal(write_message(&m, bytes), sizeof(request));
    assert_memory_equal(bytes, request, sizeof(request));
}

/* Each TLV by hand, in another order than the one that they are written in. */
static void test_pe_arp_tlvs_by_hand(void **state)
{
    (void)state;
    static const uint8_t tlvs[] = {
        3,    8,  1,   2,    3,    4,  5,  6,    7,    8,                /* SEQ */
        0x7e, 1,  9,                                                     /* skipped */
        1,    4,  6,   8,    0x34, 0,                                    /* PSID */
        4,    6,  2,   0x50, 0x45, 0,  0,  1,                            /* SHARED-MAC */
        2,    10, 192, 35,   162,  1,  0,  0x12, 0x7f, 0xc4, 0x38, 0xd3, /* GATEWAY */
        0x7f, 20, 0,   0,    1,    0,  1,  2,    3,    4,    5,    6,
        7,    8,  9,   10,   11,   12, 13, 14,   15,   16, /* AUTH */
    };
    struct pe_arp m = {.type = PE_ARP_CLAIM};
    uint8_t bytes[1024];
    size_t length = write_message(&m, bytes);
    bytes[53] = sizeof(tlvs);
    memcpy(bytes + length, tlvs, sizeof(tlvs));
    assert_int_equal(pe_arp_parse(bytes, length + sizeof(tlvs), &m), 0);
    assert_true(m.psid.present && m.gateway.present && m.seq.present && m.shared_mac.present && m.auth.present);
    assert_int_equal(m.psid.offset, 6);
    assert_int_equal(m.psid.length, 8);
    assert_int_equal(m.psid.psid, 0x34);
    assert_int_equal(m.gateway.address.host, 0xc023a201);
    assert_true(mac_number(m.gateway.mac) == UINT64_C(0x00127fc438d3));
    assert_true(m.seq.number == UINT64_C(0x0102030405060708));
    assert_true(mac_number(m.shared_mac.mac) == UINT64_C(0x025045000001));
    assert_int_equal(m.auth.key_id, 256);
    assert_memory_equal(m.auth.mac, tlvs + sizeof(tlvs) - 16, 16);
}

static void test_pe_arp_at_every_truncation(void **state)
{
    (void)state;
    uint8_t whole[1024];
    struct pe_arp m = whole_message();
    size_t full = write_message(&m, whole);
    for (size_t length = 0; length <= full; length++) {
        uint8_t *bytes = copy_of(whole, length);
        int expected = length < 8 ? -ENOMSG : length < full ? -EBADMSG : 0;
        assert_int_equal(pe_arp_parse(bytes, length, &m), expected);
        free(bytes);
    }
}

static void test_pe_arp_fields_wrong_in_turn(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        int result;
    } changes[] = {
        {1, 6, -ENOMSG},    /* ar$hrd */
        {2, 0x08, -ENOMSG}, /* ar$pro */
        {4, 8, -EBADMSG},     {5, 4, -EBADMSG},    {7, 24, -EBADMSG},
        {7, 1, -EBADMSG},     {18, 17, 0}, /* protocol */
        {19, 0xff, 0},                     /* flags are ignored */
        {20, 0xff, -EBADMSG},              /* spa: last below first */
        {38, 0, -EBADMSG},                 /* tpa: last below first */
        {40, 2, -EBADMSG},    {40, 0, -EBADMSG},   {41, 0, -EBADMSG},
        {41, 7, -EBADMSG},    {41, 1, -EBADMSG},                       /* a REQUEST that tells */
        {41, 3, 0},                                                    /* a CLAIM tells too */
        {52, 2, -EBADMSG},                                             /* ext_len: 512 and more */
        {53, 0, 0},                                                    /* no TLVs: the rest is padding */
        {53, 3, -EBADMSG},                                             /* ends inside of one */
        {54, 0x3e, -EBADMSG},                                          /* unknown below 0x40 */
        {54, 0x40, 0},                                                 /* unknown from there on */
        {54, 0x02, -EBADMSG},                                          /* a GATEWAY of the wrong length */
        {55, 3, -EBADMSG},    {55, 255, -EBADMSG}, {56, 16, -EBADMSG}, /* PSID offset */
        {57, 0, -EBADMSG},    {57, 11, -EBADMSG},  {57, 17, -EBADMSG},
        {59, 1, -EBADMSG},    /* bits behind the PSID */
        {60, 0x01, -EBADMSG}, /* a second PSID, of the wrong length */
        {72, 0x02, -EBADMSG}, /* SEQ as a second GATEWAY */
        {82, 0x03, -EBADMSG}, /* SHARED-MAC as a second SEQ */
        {90, 0x04, -EBADMSG}, /* AUTH as a second SHARED-MAC */
        {82, 0x7f, -EBADMSG}, /* AUTH of the wrong length, and not the last */
    };
    struct pe_arp m = whole_message();
    uint8_t whole[1024], bytes[1024];
    size_t length = write_message(&m, whole);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        memcpy(bytes, whole, length);
        assert_int_not_equal(bytes[changes[i].at], changes[i].value);
        bytes[changes[i].at] = changes[i].value;
        int result = pe_arp_parse(bytes, length, &m);
        if (result != changes[i].result)
            fail_msg("byte %zu as %u: %d", changes[i].at, changes[i].value, result);
    }
}

static void test_pe_arp_tlvs(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[64];
        uint16_t length;
        int result;
    } cases[] = {
        {{0x40, 0}, 2, 0},
        {{0x40, 0, 0x40, 0}, 4, 0},
        {{0x3f, 0}, 2, -EBADMSG},
        {{0x00, 0}, 2, -EBADMSG},
        {{0x40}, 1, -EBADMSG},
        {{0x40, 1}, 2, -EBADMSG},
        {{1, 4, 6, 8, 0x34, 0, 1, 4, 6, 8, 0x34, 0}, 12, -EBADMSG},
        {{3, 8, 0, 0, 0, 0, 0, 0, 0, 1, 3, 8, 0, 0, 0, 0, 0, 0, 0, 2}, 20, -EBADMSG},
        {{4, 6, 0, 0, 0, 0, 0, 1, 4, 6, 0, 0, 0, 0, 0, 1}, 16, -EBADMSG},
        {{0x7f, 20, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 22, 0},
        {{0x7f, 20, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x40, 0}, 24, -EBADMSG},
        {{0x7f, 21, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0}, 23, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pe_arp m = {.type = PE_ARP_CLAIM};
        uint8_t bytes[1024];
        size_t length = write_message(&m, bytes);
        bytes[53] = (uint8_t)cases[i].length;
        memcpy(bytes + length, cases[i].bytes, cases[i].length);
        assert_int_equal(pe_arp_parse(bytes, length + cases[i].length, &m), cases[i].result);
    }
    /* 512 bytes of TLVs, and one more. */
    for (uint16_t length = 512; length <= 514; length = (uint16_t)(length + 2)) {
        struct pe_arp m = {.type = PE_ARP_CLAIM};
        uint8_t bytes[1024 + 54] = {0};
        size_t head = write_message(&m, bytes);
        bytes[52] = (uint8_t)(length >> 8);
        bytes[53] = (uint8_t)length;
        for (size_t i = 0; i < length; i += 2)
            bytes[head + i] = 0x40;
        assert_int_equal(pe_arp_parse(bytes, head + length, &m), length == 512 ? 0 : -EBADMSG);
    }
}

/* IPv4 and what it carries. */

static size_t put_ipv4(uint8_t *bytes, unsigned words, uint16_t total, uint16_t fragment)
{
    memset(bytes, 0, 128);
    bytes[0] = (uint8_t)(0x40 | words);
    bytes[1] = 0x10;
    bytes[2] = (uint8_t)(total >> 8);
    bytes[3] = (uint8_t)total;
    bytes[5] = 0x2a;
    bytes[6] = (uint8_t)(fragment >> 8);
    bytes[7] = (uint8_t)fragment;
    bytes[8] = 64;
    bytes[9] = PROTOCOL_UDP;
    memcpy(bytes + 12, "\xc6\x33\x64\x0a\xc0\x23\xa2\x02", 8);
    if (words >= 5) {
        uint16_t sum = (uint16_t)~internet_sum(bytes, words * 4);
        bytes[10] = (uint8_t)(sum >> 8);
        bytes[11] = (uint8_t)sum;
    }
    return total;
}

static void test_ipv4_fields(void **state)
{
    (void)state;
    uint8_t bytes[128];
    struct ipv4_packet p;
    put_ipv4(bytes, 6, 60, 0x2005);
    assert_int_equal(ipv4_packet_parse(bytes, 80, &p), 0); /* padded */
    assert_int_equal(p.source.host, 0xc633640a);
    assert_int_equal(p.destination.host, 0xc023a202);
    assert_int_equal(p.protocol, PROTOCOL_UDP);
    assert_int_equal(p.tos, 0x10);
    assert_int_equal(p.id, 0x2a);
    assert_int_equal(p.fragment_offset, 40);
    assert_true(p.more_fragments && ipv4_packet_is_fragment(&p));
    assert_true(!p.broken && ipv4_packet_header_sum_good(&p, bytes));
    assert_int_equal(p.body, 24);
    assert_int_equal(p.body_length, 36);
    bytes[20]++;
    ipv4_packet_parse(bytes, 80, &p);
    assert_false(ipv4_packet_header_sum_good(&p, bytes));
    put_ipv4(bytes, 5, 60, 0x4000);
    ipv4_packet_parse(bytes, 80, &p);
    assert_false(ipv4_packet_is_fragment(&p)); /* don't fragment */
}

static void test_ipv4_at_every_truncation(void **state)
{
    (void)state;
    uint8_t whole[128];
    put_ipv4(whole, 7, 60, 0);
    for (size_t length = 0; length <= 60; length++) {
        struct ipv4_packet p;
        uint8_t *bytes = copy_of(whole, length);
        assert_int_equal(ipv4_packet_parse(bytes, length, &p), length < 20 ? -ENOMSG : 0);
        if (length >= 20) {
            assert_int_equal(p.broken, length < 60);
            assert_int_equal(p.destination.host, 0xc023a202); /* known all the same */
        }
        free(bytes);
    }
}

static void test_ipv4_lies(void **state)
{
    (void)state;
    uint8_t bytes[128];
    struct ipv4_packet p;
    static const struct {
        unsigned words;
        uint16_t total;
        bool broken;
    } cases[] = {{5, 20, false}, {4, 60, true}, {0, 60, true}, {15, 60, false}, {15, 59, true},
                 {5, 19, true},  {5, 61, true}, {5, 0, true},  {5, 65535, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_ipv4(bytes, cases[i].words, cases[i].total, 0);
        assert_int_equal(ipv4_packet_parse(bytes, 60, &p), 0);
        assert_int_equal(p.broken, cases[i].broken);
        assert_true(p.broken || p.body + p.body_length <= 60);
    }
    put_ipv4(bytes, 5, 60, 0);
    bytes[0] = 0x65;
    assert_int_equal(ipv4_packet_parse(bytes, 60, &p), -ENOMSG);
    uint8_t *big = calloc(1, 70000); /* BIG TCP */
    put_ipv4(big, 5, 0, 0);
    assert_int_equal(ipv4_packet_parse(big, 70000, &p), 0);
    assert_true(!p.broken && p.body_length == 69980);
    free(big);
}

static void test_internet_sum(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}; /* RFC 1071 section 3 */
    assert_int_equal(internet_sum(bytes, sizeof(bytes)), 0xddf2);
    assert_int_equal(internet_sum(bytes, 7), 0xdcfb); /* odd: the last byte is the high one */
    assert_int_equal(internet_sum(bytes, 0), 0);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        uint8_t protocol, at, value;
        bool expected;
    } cases[] = {
        {PROTOCOL_TCP, 13, 0x04, true},    {PROTOCOL_TCP, 13, 0x14, true},   {PROTOCOL_TCP, 13, 0x02, false},
        {PROTOCOL_TCP, 13, 0x12, false},   {PROTOCOL_SCTP, 12, 6, true},     {PROTOCOL_SCTP, 12, 14, true},
        {PROTOCOL_SCTP, 12, 1, false},     {PROTOCOL_DCCP, 8, 7 << 1, true}, {PROTOCOL_DCCP, 8, 15, true},
        {PROTOCOL_DCCP, 8, 2 << 1, false}, {PROTOCOL_UDP, 0, 0, false},      {PROTOCOL_UDP_LITE, 0, 0, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t whole[20] = {0};
        whole[cases[i].at] = cases[i].value;
        assert_int_equal(l4_may_be_refusal(cases[i].protocol, whole, sizeof(whole)), cases[i].expected);
        /* Cut before the octet that says so: it may be one. */
        uint8_t *bytes = copy_of(whole, cases[i].at);
        assert_int_equal(l4_may_be_refusal(cases[i].protocol, bytes, cases[i].at), cases[i].at > 0);
        free(bytes);
    }
}

static void test_ports_at_every_truncation(void **state)
{
    (void)state;
    static const struct {
        uint8_t protocol;
        size_t header;
        const char *name;
    } cases[] = {{6, 20, "tcp"}, {17, 8, "udp"}, {136, 8, "udp-lite"}, {132, 12, "sctp"}, {33, 12, "dccp"}};
    static const uint8_t whole[24] = {0x08, 0x98, 0x00, 0x35};
    struct l4_ports ports;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(l4_has_ports(cases[i].protocol));
        assert_string_equal(l4_protocol_name(cases[i].protocol), cases[i].name);
        for (size_t length = 0; length <= sizeof(whole); length++) {
            uint8_t *bytes = copy_of(whole, length);
            int expected = length < cases[i].header ? -EBADMSG : 0;
            assert_int_equal(l4_parse_ports(cases[i].protocol, bytes, length, &ports), expected);
            free(bytes);
        }
        assert_int_equal(ports.source, 2200);
        assert_int_equal(ports.destination, 53);
    }
    assert_false(l4_has_ports(PROTOCOL_ICMP));
    assert_string_equal(l4_protocol_name(PROTOCOL_ICMP), "icmp");
    assert_false(l4_has_ports(47));
    assert_null(l4_protocol_name(47));
    assert_int_equal(l4_parse_ports(47, whole, sizeof(whole), &ports), -EBADMSG);
}

static void test_icmp_at_every_truncation(void **state)
{
    (void)state;
    static const uint8_t whole[12] = {ICMP_ECHO_REQUEST, 0, 1, 2, 0x12, 0x34, 0x56, 0x78};
    struct icmp_echo echo;
    uint8_t type;
    for (size_t length = 0; length <= sizeof(whole); length++) {
        uint8_t *bytes = copy_of(whole, length);
        assert_int_equal(icmp_parse(bytes, length, &type, &echo), length < 8 ? -EBADMSG : 0);
        free(bytes);
    }
    assert_int_equal(type, ICMP_ECHO_REQUEST);
    assert_int_equal(echo.id, 0x1234);
    assert_int_equal(echo.sequence, 0x5678);
    uint8_t unreachable[12];
    memcpy(unreachable, whole, sizeof(whole));
    unreachable[0] = 3;
    assert_int_equal(icmp_parse(unreachable, sizeof(unreachable), &type, &echo), 0);
    assert_int_equal(echo.id, 0);
}

static void test_dhcp_at_every_truncation(void **state)
{
    (void)state;
    uint8_t whole[8 + 44] = {0, 67, 0, 68, 0, 52, 0, 0, 2, 1, 6};
    const size_t chaddr = 8 + 28;
    struct mac mac;
    uint32_t xid;
    memcpy(whole + 8 + 4, "\x12\x34\x56\x78", 4);
    memcpy(whole + chaddr, "\x00\x0c\x29\x01\x02\x03", 6);
    for (size_t length = 0; length <= sizeof(whole); length++) {
        uint8_t *bytes = copy_of(whole, length);
        assert_int_equal(dhcp_client_mac(bytes, length, &mac, &xid), length < chaddr + 6 ? -ENOMSG : 0);
        free(bytes);
    }
    assert_int_equal(mac.octets[5], 3);
    assert_int_equal(xid, 0x12345678);
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{8, 1}, {9, 6}, {10, 16}, {36, 1}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint8_t bytes[sizeof(whole)];
        memcpy(bytes, whole, sizeof(whole));
        bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(dhcp_client_mac(bytes, sizeof(bytes), &mac, &xid), -ENOMSG);
    }
    memset(whole + chaddr, 0, 6);
    assert_int_equal(dhcp_client_mac(whole, sizeof(whole), &mac, &xid), -ENOMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_eth),
        cmocka_unit_test(test_arp_at_every_truncation),
        cmocka_unit_test(test_arp_fields),
        cmocka_unit_test(test_pe_arp_round_trip),
        cmocka_unit_test(test_pe_arp_bytes),
        cmocka_unit_test(test_pe_arp_tlvs_by_hand),
        cmocka_unit_test(test_pe_arp_at_every_truncation),
        cmocka_unit_test(test_pe_arp_fields_wrong_in_turn),
        cmocka_unit_test(test_pe_arp_tlvs),
        cmocka_unit_test(test_ipv4_fields),
        cmocka_unit_test(test_ipv4_at_every_truncation),
        cmocka_unit_test(test_ipv4_lies),
        cmocka_unit_test(test_internet_sum),
        cmocka_unit_test(test_ports_at_every_truncation),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_icmp_at_every_truncation),
        cmocka_unit_test(test_dhcp_at_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
