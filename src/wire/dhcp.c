/* dhcp.c: see dhcp.h. Options are gathered by code first, since one may be given twice or in several parts; then each
 * is read. */
#include "pearpd/dhcp.h"

#include "pearpd/cursor.h"
#include "pearpd/l4.h"

#include <errno.h>
#include <string.h>

#define HTYPE_ETHERNET               1
#define HOPS_BYTES                   1
#define BETWEEN_XID_AND_CHADDR_BYTES 20 /* secs, flags, ciaddr, yiaddr, siaddr, giaddr */
#define CHADDR_BYTES                 16
#define SNAME_BYTES                  64
#define FILE_BYTES                   128
#define COOKIE                       UINT32_C(0x63825363) /* RFC 2131 3 */
#define BOOTP_BYTES                  300                  /* RFC 1542 2.1: the shortest that all take */

/* RFC 2132, 3046, 7618. */
enum {
    OPTION_PAD = 0,
    OPTION_NETMASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_MTU = 26,
    OPTION_REQUESTED = 50,
    OPTION_LEASE = 51,
    OPTION_OVERLOAD = 52,
    OPTION_KIND = 53,
    OPTION_SERVER_ID = 54,
    OPTION_PARAMETERS = 55,
    OPTION_CLIENT_ID = 61,
    OPTION_RELAY = 82,
    OPTION_PORT_PARAMS = 159,
    OPTION_END = 255,
};
#define PORT_PARAMS_BYTES  4
#define OVERLOAD_FILE_BIT  1
#define OVERLOAD_SNAME_BIT 2

int dhcp_client_mac(const uint8_t *udp, size_t length, struct mac *mac, uint32_t *xid)
{
    struct rd r = rd_over(udp, length);
    rd_skip(&r, UDP_HEADER_BYTES);
    uint8_t op = rd_u8(&r), htype = rd_u8(&r), hlen = rd_u8(&r);
    rd_skip(&r, HOPS_BYTES);
    *xid = rd_u32(&r);
    rd_skip(&r, BETWEEN_XID_AND_CHADDR_BYTES);
    struct mac client = rd_mac(&r);
    if (r.failed || op != DHCP_OP_REPLY || htype != HTYPE_ETHERNET || hlen != MAC_BYTES)
        return -ENOMSG;
    if (mac_is_zero(client) || mac_is_group(client))
        return -ENOMSG;
    *mac = client;
    return 0;
}

/* An option of one short length. The first with that length counts, as most clients and servers have it; without one,
 * the value is put together from its parts (RFC 3396). */
struct number_option {
    unsigned bytes;    /* its length */
    bool is_complete;  /* `value` is that of one whole option */
    unsigned gathered; /* bytes of parts; more than `bytes`: too many */
    uint32_t value, parts;
};

struct options {
    struct number_option requested, lease, overload, kind, server_id, ports;
    bool has_client_id;
    bool is_too_long; /* the client identifier */
};

static const struct options no_options = {
    .requested = {.bytes = 4},
    .lease = {.bytes = 4},
    .overload = {.bytes = 1},
    .kind = {.bytes = 1},
    .server_id = {.bytes = 4},
    .ports = {.bytes = PORT_PARAMS_BYTES},
};

static void take_number(struct number_option *o, struct rd *value)
{
    unsigned length = (unsigned)rd_left(value);
    uint32_t number = 0;
    for (unsigned i = 0; i < length && i < o->bytes; i++)
        number = number << 8 | rd_u8(value);
    if (o->is_complete)
        return;
    o->is_complete = length == o->bytes;
    if (o->is_complete)
        o->value = number;
    else if (length < o->bytes)
        o->parts = o->parts << 8 * length | number;
    o->gathered += length;
}

/* False: it is not there, or has another length. */
static bool number_of(const struct number_option *o, uint32_t *number)
{
    *number = o->is_complete ? o->value : o->gathered == o->bytes ? o->parts : 0;
    return o->is_complete || o->gathered == o->bytes;
}

/* The first counts. One of 255 bytes has more in a second part. */
static void take_client_id(struct dhcp *m, struct options *o, struct rd *value)
{
    size_t length = rd_left(value);
    if (o->has_client_id || length == 0)
        return;
    o->has_client_id = true;
    o->is_too_long = length > sizeof(m->client_id);
    if (o->is_too_long)
        return;
    memcpy(m->client_id, rd_bytes(value, length), length);
    m->client_id_length = length;
}

static void take_option(uint8_t code, struct rd *value, struct options *o, struct dhcp *m)
{
    switch (code) {
    case OPTION_REQUESTED:
        take_number(&o->requested, value);
        break;
    case OPTION_LEASE:
        take_number(&o->lease, value);
        break;
    case OPTION_OVERLOAD:
        take_number(&o->overload, value);
        break;
    case OPTION_KIND:
        take_number(&o->kind, value);
        break;
    case OPTION_SERVER_ID:
        take_number(&o->server_id, value);
        break;
    case OPTION_PORT_PARAMS:
        take_number(&o->ports, value);
        break;
    case OPTION_PARAMETERS:
        while (rd_left(value) > 0)
            m->wants_ports = rd_u8(value) == OPTION_PORT_PARAMS || m->wants_ports;
        break;
    case OPTION_CLIENT_ID:
        take_client_id(m, o, value);
        break;
    case OPTION_RELAY:
        m->has_relay = true;
        break;
    default:
        break;
    }
}

/* Reads options up to their end mark, or to the end where there is none. One that is cut there is not read. */
static void take_options(struct rd *r, struct options *o, struct dhcp *m)
{
    while (rd_left(r) > 0) {
        uint8_t code = rd_u8(r);
        if (code == OPTION_END)
            return;
        if (code == OPTION_PAD)
            continue;
        struct rd value = rd_sub(r, rd_u8(r));
        if (r->failed)
            return;
        take_option(code, &value, o, m);
    }
}

/* RFC 7618 9: the PSID is left-aligned, and the bits to its right are zero. False: they are not, or it has more bits
 * than a port. */
static bool read_ports(uint32_t value, struct dhcp_port_params *ports)
{
    unsigned offset = value >> 24, length = value >> 16 & 0xff, left = value & 0xffff;
    if (offset > 15 || length > 16 || offset + length > 16)
        return false;
    if (length > 0 && (left & (0xffffU >> length)) != 0)
        return false;
    *ports = (struct dhcp_port_params){.present = true,
                                       .offset = (uint8_t)offset,
                                       .length = (uint8_t)length,
                                       .psid = length == 0 ? 0 : (uint16_t)(left >> (16 - length))};
    return true;
}

static int read_options(const struct options *o, struct dhcp *m)
{
    uint32_t number;
    m->has_requested = number_of(&o->requested, &m->requested.host);
    m->has_server_id = number_of(&o->server_id, &m->server_id.host);
    m->has_lease = number_of(&o->lease, &m->lease_s);
    if (!number_of(&o->kind, &number) || number < DHCP_DISCOVER || number > DHCP_INFORM)
        return -ENOMSG;
    m->kind = (enum dhcp_kind)number;
    if (o->is_too_long || (number_of(&o->ports, &number) && !read_ports(number, &m->ports)))
        return -EBADMSG;
    return 0;
}

/* The fields before the options. False: no Ethernet client's. */
static bool take_fields(struct rd *r, struct dhcp *m)
{
    m->op = rd_u8(r);
    uint8_t htype = rd_u8(r), hlen = rd_u8(r);
    m->hops = rd_u8(r);
    m->xid = rd_u32(r);
    m->secs = rd_u16(r);
    m->flags = rd_u16(r);
    m->ciaddr = rd_ipv4(r);
    m->yiaddr = rd_ipv4(r);
    m->siaddr = rd_ipv4(r);
    m->giaddr = rd_ipv4(r);
    m->chaddr = rd_mac(r);
    rd_skip(r, CHADDR_BYTES - MAC_BYTES);
    return !r->failed && (m->op == DHCP_OP_REQUEST || m->op == DHCP_OP_REPLY) && htype == HTYPE_ETHERNET &&
           hlen == MAC_BYTES;
}

int dhcp_parse(const uint8_t *body, size_t length, struct dhcp *message)
{
    struct rd r = rd_over(body, length);
    struct options o = no_options;
    memset(message, 0, sizeof(*message));
    if (!take_fields(&r, message))
        return -ENOMSG;
    struct rd sname = rd_sub(&r, SNAME_BYTES), file = rd_sub(&r, FILE_BYTES);
    if (rd_u32(&r) != COOKIE || r.failed)
        return -ENOMSG;
    take_options(&r, &o, message);
    uint32_t overload;
    number_of(&o.overload, &overload);
    /* RFC 2131 4.1: `file` before `sname`. */
    if ((overload & OVERLOAD_FILE_BIT) != 0)
        take_options(&file, &o, message);
    if ((overload & OVERLOAD_SNAME_BIT) != 0)
        take_options(&sname, &o, message);
    return read_options(&o, message);
}

/* Writing. */

static void write_option(struct wr *w, uint8_t code, const void *bytes, size_t length)
{
    wr_u8(w, code);
    wr_u8(w, (uint8_t)length);
    wr_bytes(w, bytes, length);
}

static void write_address(struct wr *w, uint8_t code, struct ipv4 address)
{
    if (address.host == 0)
        return;
    wr_u8(w, code);
    wr_u8(w, 4);
    wr_ipv4(w, address);
}

static void write_options(struct wr *w, const struct dhcp_answer *a)
{
    const uint8_t kind = (uint8_t)a->kind;
    write_option(w, OPTION_KIND, &kind, 1);
    write_address(w, OPTION_SERVER_ID, a->server_id);
    if (a->lease_s != 0)
        write_address(w, OPTION_LEASE, (struct ipv4){a->lease_s});
    write_address(w, OPTION_NETMASK, a->netmask);
    write_address(w, OPTION_ROUTER, a->router);
    if (a->dns_count > 0) {
        wr_u8(w, OPTION_DNS);
        wr_u8(w, (uint8_t)(4 * a->dns_count));
    }
    for (unsigned i = 0; i < a->dns_count; i++)
        wr_ipv4(w, a->dns[i]);
    if (a->mtu != 0) {
        wr_u8(w, OPTION_MTU);
        wr_u8(w, 2);
        wr_u16(w, a->mtu);
    }
    if (a->ports.present) {
        wr_u8(w, OPTION_PORT_PARAMS);
        wr_u8(w, PORT_PARAMS_BYTES);
        wr_u8(w, a->ports.offset);
        wr_u8(w, a->ports.length);
        wr_u16(w, a->ports.length == 0 ? 0 : (uint16_t)(a->ports.psid << (16 - a->ports.length)));
    }
    if (a->client_id_length > 0)
        write_option(w, OPTION_CLIENT_ID, a->client_id, a->client_id_length);
    wr_u8(w, OPTION_END);
}

int dhcp_write(const struct dhcp_answer *answer, uint8_t *bytes, size_t size)
{
    static const uint8_t zeros[SNAME_BYTES + FILE_BYTES];
    struct wr w = wr_into(bytes, size);
    wr_u8(&w, DHCP_OP_REPLY);
    wr_u8(&w, HTYPE_ETHERNET);
    wr_u8(&w, MAC_BYTES);
    wr_u8(&w, 0);
    wr_u32(&w, answer->xid);
    wr_u16(&w, 0);
    wr_u16(&w, answer->flags);
    wr_ipv4(&w, answer->ciaddr);
    wr_ipv4(&w, answer->yiaddr);
    wr_bytes(&w, zeros, 8); /* siaddr, giaddr */
    wr_mac(&w, answer->chaddr);
    wr_bytes(&w, zeros, CHADDR_BYTES - MAC_BYTES);
    wr_bytes(&w, zeros, SNAME_BYTES + FILE_BYTES);
    wr_u32(&w, COOKIE);
    write_options(&w, answer);
    while (!w.failed && wr_length(&w) < BOOTP_BYTES)
        wr_u8(&w, OPTION_PAD);
    return w.failed ? -ENOSPC : (int)wr_length(&w);
}
