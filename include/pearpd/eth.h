/* eth.h: the Ethernet header with its tags.
 * In: the bytes of a frame. Out: its addresses, tags, EtherType and where the payload starts.
 * Called by: core, io. Never: changes a byte. */
#ifndef PEARPD_ETH_H
#define PEARPD_ETH_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ETH_HEADER_BYTES 14
#define ETH_TAG_BYTES    4
#define ETH_MIN_BYTES    60 /* IEEE 802.3 without the FCS */

/* EtherTypes, host order. */
#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_ARP    0x0806
#define ETHERTYPE_CTAG   0x8100 /* IEEE 802.1Q */
#define ETHERTYPE_STAG   0x88a8 /* IEEE 802.1ad */
#define ETHERTYPE_PE_ARP 0x88b5 /* IEEE 802 local experimental 1 */

/* One 802.1Q tag of a frame that the bridge makes. */
struct eth_tag {
    bool present;
    uint16_t tci; /* PCP, DEI and VID, host order */
};

struct eth {
    struct mac destination, source;
    unsigned tags;       /* 0, 1, or 2 for two and more; 0x8100 and 0x88a8 count */
    uint16_t outer_tpid; /* of the first tag; 0: none */
    uint16_t outer_tci;  /* of the first tag; 0: none */
    uint16_t ethertype;  /* behind one tag at most; a length (< 0x600) in 802.3 frames */
    bool snap_arp;       /* 802.3 with LLC AA-AA-03, OUI 0 and type 0x0806 behind */
    size_t payload;      /* offset of what follows `ethertype` (behind the SNAP header for snap_arp) */
};

/* Reads the header of `length` bytes. 0, or -EBADMSG: fewer than 14. A frame that ends inside its
 * tag has ethertype 0 and no payload. Behind two tags `ethertype` is the second tag's TPID. */
int eth_parse(const uint8_t *bytes, size_t length, struct eth *eth);

/* The VID of the first tag; 0 for none (a priority tag, VID 0, is no VLAN: docs/forwarding.md#tags). */
uint16_t eth_vid(const struct eth *eth);

/* Reads through every tag with VID 0, which stock receivers pass over however many there are and whatever their
 * TPID, and through one 0x8100 tag `vlan` (0: none). True: *eth holds what such a receiver sees, as of an
 * untagged frame. False: other tags, or no whole header. */
bool eth_parse_through(const uint8_t *bytes, size_t length, uint16_t vlan, struct eth *eth);

/* The addresses in the header of a frame of at least 14 bytes. */
static inline struct mac eth_source(const uint8_t *bytes)
{
    struct mac mac;
    memcpy(mac.octets, bytes + MAC_BYTES, MAC_BYTES);
    return mac;
}

static inline void eth_set_destination(uint8_t *bytes, struct mac mac)
{
    memcpy(bytes, mac.octets, MAC_BYTES);
}

static inline void eth_set_source(uint8_t *bytes, struct mac mac)
{
    memcpy(bytes + MAC_BYTES, mac.octets, MAC_BYTES);
}

#endif
