/* l4.c: see l4.h. */
#include "pearpd/l4.h"

#include "pearpd/cursor.h"

#include <errno.h>

struct protocol_row {
    const char *name;     /* NULL: no transport that the bridge reads */
    uint8_t header_bytes; /* the fixed header */
    bool has_ports;
};

static const struct protocol_row protocols[UINT8_MAX + 1] = {
    [PROTOCOL_TCP] = {"tcp", 20, true},          /* RFC 9293 3.1 */
    [PROTOCOL_UDP] = {"udp", 8, true},           /* RFC 768 */
    [PROTOCOL_UDP_LITE] = {"udp-lite", 8, true}, /* RFC 3828 3.1 */
    [PROTOCOL_SCTP] = {"sctp", 12, true},        /* RFC 9260 3.1 */
    [PROTOCOL_DCCP] = {"dccp", 12, true},        /* RFC 4340 5.1, short sequence numbers */
    [PROTOCOL_ICMP] = {"icmp", ICMP_HEADER_BYTES, false},
};

bool l4_has_ports(uint8_t protocol)
{
    return protocols[protocol].has_ports;
}

const char *l4_protocol_name(uint8_t protocol)
{
    return protocols[protocol].name;
}

static int read_ports(const uint8_t *body, size_t length, struct l4_ports *ports)
{
    struct rd r = rd_over(body, length);
    struct l4_ports read = {.source = rd_u16(&r)};
    read.destination = rd_u16(&r);
    if (r.failed)
        return -EBADMSG;
    *ports = read;
    return 0;
}

int l4_parse_ports(uint8_t protocol, const uint8_t *body, size_t length, struct l4_ports *ports)
{
    const struct protocol_row *row = &protocols[protocol];
    return row->has_ports && length >= row->header_bytes ? read_ports(body, length, ports) : -EBADMSG;
}

int l4_parse_first_ports(uint8_t protocol, const uint8_t *body, size_t length, struct l4_ports *ports)
{
    return l4_has_ports(protocol) ? read_ports(body, length, ports) : -EBADMSG;
}

bool l4_may_be_refusal(uint8_t protocol, const uint8_t *body, size_t length)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return length < 14 || body[13] & 0x04; /* RST */
    case PROTOCOL_SCTP:
        return length < 13 || body[12] == 6 || body[12] == 14; /* ABORT, SHUTDOWN COMPLETE */
    case PROTOCOL_DCCP:
        return length < 9 || (body[8] >> 1 & 0xf) == 7; /* DCCP-Reset */
    default:
        return false;
    }
}

bool icmp_is_error(uint8_t type)
{
    return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
           type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

int icmp_parse(const uint8_t *body, size_t length, uint8_t *type, struct icmp_echo *echo)
{
    struct rd r = rd_over(body, length);
    if (length < ICMP_HEADER_BYTES)
        return -EBADMSG;
    *type = rd_u8(&r);
    rd_skip(&r, 3); /* code, checksum */
    *echo = (struct icmp_echo){0, 0};
    if (*type == ICMP_ECHO_REQUEST || *type == ICMP_ECHO_REPLY) {
        echo->id = rd_u16(&r);
        echo->sequence = rd_u16(&r);
    }
    return 0;
}
