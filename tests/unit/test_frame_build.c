/* test_frame_build.c: frames by libnet, read back by the parsers and compared with bytes written by hand. */
#include "pearpd/frame_build.h"
#include "pearpd/ipv4_packet.h"
#include "pearpd/l4.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct mac bridge_mac = {{0x02, 0x50, 0x45, 0, 0, 1}};
static const struct mac router = {{0, 0x12, 0x7f, 0xc4, 0x38, 0xd3}};
static uint8_t bytes[FRAME_BUILD_MAX_BYTES];

static int set_up(void **state)
{
    *state = frame_builder_new();
    assert_non_null(*state);
    return 0;
}

static int tear_down(void **state)
{
    frame_builder_free(*state);
    return 0;
}

static void test_gratuitous_arp(void **state)
{
    static const uint8_t expected[ETH_MIN_BYTES] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x50, 0x45, 0,   0, 1, 8, 6, 0, 1, 8, 0,   6,  4,   0,
        1,    2,    0x50, 0x45, 0,    0,    1, 192,  35,   162, 2, 0, 0, 0, 0, 0, 0, 192, 35, 162, 2};
    struct tx_frame made = {.destination = mac_broadcast, .source = bridge_mac, .ethertype = ETHERTYPE_ARP};
    made.arp = (struct arp){1, ARP_OP_REQUEST, bridge_mac, mac_zero, {0xc023a202}, {0xc023a202}};
    for (unsigned i = 0; i < 100; i++) {
        memset(bytes, 0xee, sizeof(bytes));
        assert_int_equal(frame_build(*state, &made, bytes, sizeof(bytes)), ETH_MIN_BYTES);
        assert_memory_equal(bytes, expected, sizeof(expected));
    }
    assert_int_equal(frame_build(*state, &made, bytes, ETH_MIN_BYTES - 1), -ENOSPC);
    assert_int_equal(frame_build(*state, &made, bytes, ETH_MIN_BYTES), ETH_MIN_BYTES);
}

static void test_pe_arp_in_a_vlan(void **state)
{
    struct tx_frame made = {.destination = mac_broadcast,
                            .source = bridge_mac,
                            .ethertype = ETHERTYPE_PE_ARP,
                            .kind = TX_PE_ARP,
                            .tag = {true, 0xf005}};
    struct pe_arp back;
    struct eth eth;
    made.pe_arp.type = PE_ARP_HELLO;
    made.pe_arp.sha = bridge_mac;
    made.pe_arp.tpa = (struct port_address){{0xc023a202}, 0, 1024, 65535};
    made.pe_arp.nonce = UINT64_C(0xfedcba9876543210);
    made.pe_arp.lifetime_s = 5;
    made.pe_arp.gateway.present = true;
    made.pe_arp.gateway.mac = router;
    int length = frame_build(*state, &made, bytes, sizeof(bytes));
    assert_int_equal(length, 14 + 4 + PE_ARP_FIXED_BYTES + 12);
    assert_int_equal(eth_parse(bytes, (size_t)length, &eth), 0);
    assert_int_equal(eth.outer_tpid, ETHERTYPE_CTAG);
    assert_int_equal(eth.outer_tci, 0xf005); /* priority, drop eligible, VID */
    assert_int_equal(eth.ethertype, ETHERTYPE_PE_ARP);
    assert_int_equal(pe_arp_parse(bytes + eth.payload, (size_t)length - eth.payload, &back), 0);
    assert_int_equal(back.type, PE_ARP_HELLO);
    assert_int_equal(back.lifetime_s, 5);
    assert_true(back.nonce == made.pe_arp.nonce && mac_equal(back.gateway.mac, router));
    assert_int_equal(back.tpa.last, 65535);
    made.pe_arp = back;
    static uint8_t again[sizeof(bytes)];
    assert_int_equal(frame_build(*state, &made, again, sizeof(again)), length);
    assert_memory_equal(again, bytes, (size_t)length);
}

static void check_echo_reply(void **state, size_t payload_length)
{
    uint8_t *payload = malloc(payload_length + 1);
    struct tx_frame made = {
        .destination = router, .source = bridge_mac, .ethertype = ETHERTYPE_IPV4, .kind = TX_ECHO_REPLY};
    for (size_t i = 0; i < payload_length; i++)
        payload[i] = (uint8_t)(i * 7);
    made.echo_reply =
        (struct tx_echo_reply){{0xc023a202}, {0xc633640a}, 0x10, 0x1234, 9, payload, payload_length};
    int length = frame_build(*state, &made, bytes, sizeof(bytes));
    size_t whole = 14 + 28 + payload_length;
    assert_int_equal(length, whole < 60 ? 60 : whole);
    struct ipv4_packet p;
    assert_int_equal(ipv4_packet_parse(bytes + 14, (size_t)length - 14, &p), 0);
    assert_true(!p.broken && ipv4_packet_header_sum_good(&p, bytes + 14));
    assert_int_equal(p.source.host, 0xc023a202);
    assert_int_equal(p.destination.host, 0xc633640a);
    assert_int_equal(p.tos, 0x10);
    assert_false(ipv4_packet_is_fragment(&p));
    assert_memory_equal(bytes, "\x00\x12\x7f\xc4\x38\xd3\x02PE\0\0\1\x08\0", ETH_HEADER_BYTES);
    assert_memory_equal(bytes + 18, "\0\0\x40\0\x40\x01", 6); /* id 0, don't fragment, TTL 64, ICMP */
    assert_int_equal(p.body_length, 8 + payload_length);
    const uint8_t *icmp = bytes + 14 + p.body;
    uint8_t type;
    struct icmp_echo echo;
    assert_int_equal(icmp_parse(icmp, p.body_length, &type, &echo), 0);
    assert_int_equal(type, ICMP_ECHO_REPLY);
    assert_int_equal(echo.id, 0x1234);
    assert_int_equal(echo.sequence, 9);
    assert_int_equal(internet_sum(icmp, p.body_length), 0xffff);
    assert_memory_equal(icmp + 8, payload, payload_length);
    free(payload);
}

static void test_echo_replies_of_all_lengths(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 17, 56, 57, 1471, 1472, 8972, 65507};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        check_echo_reply(state, lengths[i]);
    struct tx_frame made = {.ethertype = ETHERTYPE_IPV4, .kind = TX_ECHO_REPLY};
    made.echo_reply.payload = bytes;
    made.echo_reply.payload_length = 65508; /* longer than an IPv4 packet */
    static uint8_t more[FRAME_BUILD_MAX_BYTES];
    assert_int_equal(frame_build(*state, &made, more, sizeof(more)), -EINVAL);
}

/* Over UDP with its checksum, from the server's port to the client's, in a priority tag. */
static void test_dhcp_answer(void **state)
{
    struct tx_frame made = {.destination = router,
                            .source = bridge_mac,
                            .ethertype = ETHERTYPE_IPV4,
                            .kind = TX_DHCP,
                            .tag = {true, 0xe000}};
    struct ipv4_packet p;
    struct l4_ports ports;
    struct dhcp back;
    made.dhcp = (struct tx_dhcp){
        .source = {0xc023a201},
        .destination = {0xc023a202},
        .answer = {.kind = DHCP_OFFER, .xid = 7, .chaddr = router, .yiaddr = {0xc023a202}, .lease_s = 60}};
    int length = frame_build(*state, &made, bytes, sizeof(bytes));
    assert_int_equal(length, 18 + 20 + 8 + 300);
    assert_int_equal(ipv4_packet_parse(bytes + 18, (size_t)length - 18, &p), 0);
    assert_true(!p.broken && ipv4_packet_header_sum_good(&p, bytes + 18) && p.protocol == PROTOCOL_UDP);
    uint8_t *udp = bytes + 18 + p.body;
    assert_int_equal(l4_parse_ports(PROTOCOL_UDP, udp, p.body_length, &ports), 0);
    assert_true(ports.source == DHCP_PORT_SERVER && ports.destination == DHCP_PORT_CLIENT);
    assert_int_equal(dhcp_parse(udp + UDP_HEADER_BYTES, p.body_length - UDP_HEADER_BYTES, &back), 0);
    assert_true(back.kind == DHCP_OFFER && back.xid == 7 && back.yiaddr.host == 0xc023a202);
    /* RFC 768: with the pseudo header before it. */
    uint8_t sum[12 + 308] = {192, 35, 162, 1, 192, 35, 162, 2, 0, PROTOCOL_UDP, 308 >> 8, 308 & 0xff};
    memcpy(sum + 12, udp, 308);
    assert_int_equal(internet_sum(sum, sizeof(sum)), 0xffff);
    assert_int_equal(frame_build(*state, &made, bytes, 345), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gratuitous_arp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pe_arp_in_a_vlan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_echo_replies_of_all_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dhcp_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
