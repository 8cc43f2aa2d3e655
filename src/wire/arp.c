/* arp.c: see arp.h. */
#include "pearpd/arp.h"

#include "pearpd/cursor.h"
#include "pearpd/eth.h"

#include <errno.h>

int arp_parse(const uint8_t *payload, size_t length, struct arp *arp)
{
    struct rd r = rd_over(payload, length);
    struct arp read = {.hardware = rd_u16(&r)};
    uint16_t protocol = rd_u16(&r);
    uint8_t hardware_length = rd_u8(&r), protocol_length = rd_u8(&r);
    read.operation = rd_u16(&r);
    if (r.failed || protocol != ETHERTYPE_IPV4)
        return -ENOMSG;
    if (length < ARP_BYTES)
        return -EBADMSG;
    if (hardware_length != MAC_BYTES || protocol_length != 4)
        return -ENOMSG;
    read.sha = rd_mac(&r);
    read.spa = rd_ipv4(&r);
    read.tha = rd_mac(&r);
    read.tpa = rd_ipv4(&r);
    *arp = read;
    return 0;
}
