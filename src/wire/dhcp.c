/* dhcp.c: the client's address in a DHCP message (RFC 2131 section 2). See dhcp.h. */
#include "pearpd/dhcp.h"

#include "pearpd/cursor.h"

#include <errno.h>

#define UDP_HEADER_BYTES              8
#define BOOTREPLY                     2
#define HTYPE_ETHERNET                1
#define BETWEEN_HLEN_AND_CHADDR_BYTES 25 /* hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr */

int dhcp_client_mac(const uint8_t *udp, size_t length, struct mac *mac)
{
    struct rd r = rd_over(udp, length);
    rd_skip(&r, UDP_HEADER_BYTES);
    uint8_t op = rd_u8(&r), htype = rd_u8(&r), hlen = rd_u8(&r);
    rd_skip(&r, BETWEEN_HLEN_AND_CHADDR_BYTES);
    struct mac client = rd_mac(&r);
    if (r.failed || op != BOOTREPLY || htype != HTYPE_ETHERNET || hlen != MAC_BYTES)
        return -ENOMSG;
    if (mac_is_zero(client) || mac_is_group(client))
        return -ENOMSG;
    *mac = client;
    return 0;
}
