/* eth.c: see eth.h. */
#include "pearpd/eth.h"

#include "pearpd/cursor.h"

#include <errno.h>
#include <string.h>

#define LENGTH_BELOW 0x600 /* IEEE 802.3: smaller values are a length */

static bool is_tag(uint16_t ethertype)
{
    return ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG;
}

/* LLC AA-AA-03 and the SNAP header of ARP (RFC 1042): true, and the reader is behind it. */
static bool rd_snap_arp(struct rd *r)
{
    static const uint8_t snap_arp[] = {0xaa, 0xaa, 0x03, 0, 0, 0, ETHERTYPE_ARP >> 8, ETHERTYPE_ARP & 0xff};
    struct rd ahead = *r;
    const uint8_t *bytes = rd_bytes(&ahead, sizeof(snap_arp));
    if (bytes == NULL || memcmp(bytes, snap_arp, sizeof(snap_arp)) != 0)
        return false;
    *r = ahead;
    return true;
}

int eth_parse(const uint8_t *bytes, size_t length, struct eth *eth)
{
    struct rd r = rd_over(bytes, length);
    if (length < ETH_HEADER_BYTES)
        return -EBADMSG;
    *eth = (struct eth){0};
    eth->destination = rd_mac(&r);
    eth->source = rd_mac(&r);
    eth->ethertype = rd_u16(&r);
    if (is_tag(eth->ethertype)) {
        eth->tags = 1;
        eth->outer_tpid = eth->ethertype;
        eth->outer_tci = rd_u16(&r);
        eth->ethertype = rd_u16(&r);
        if (r.failed) {
            eth->ethertype = 0;
            eth->payload = length;
            return 0;
        }
        if (is_tag(eth->ethertype))
            eth->tags = 2;
    }
    eth->snap_arp = eth->ethertype < LENGTH_BELOW && rd_snap_arp(&r);
    eth->payload = length - rd_left(&r);
    return 0;
}

bool eth_parse_through(const uint8_t *bytes, size_t length, uint16_t vlan, struct eth *eth)
{
    struct rd r = rd_over(bytes, length);
    bool vlan_seen = vlan == 0;
    *eth = (struct eth){0};
    eth->destination = rd_mac(&r);
    eth->source = rd_mac(&r);
    eth->ethertype = rd_u16(&r);
    while (!r.failed && is_tag(eth->ethertype)) {
        uint16_t vid = rd_u16(&r) & 0xfff;
        if (vid != 0 && (vlan_seen || vid != vlan || eth->ethertype != ETHERTYPE_CTAG))
            return false;
        vlan_seen = vlan_seen || vid != 0;
        eth->ethertype = rd_u16(&r);
    }
    eth->snap_arp = eth->ethertype < LENGTH_BELOW && rd_snap_arp(&r);
    eth->payload = length - rd_left(&r);
    return !r.failed && vlan_seen;
}

uint16_t eth_vid(const struct eth *eth)
{
    return eth->outer_tci & 0xfff;
}
