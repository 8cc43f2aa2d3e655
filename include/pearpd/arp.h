/* arp.h: plain ARP for IPv4 (RFC 826).
 * In: the payload of an ARP frame. Out: its fields. Called by: core. Never: decides about it. */
#ifndef PEARPD_ARP_H
#define PEARPD_ARP_H

#include "pearpd/addr.h"

#include <stddef.h>
#include <stdint.h>

#define ARP_BYTES        28 /* with 6- and 4-byte addresses */
#define ARP_FIXED_BYTES  8
#define ARP_HRD_ETHERNET 1
#define ARP_OP_REQUEST   1
#define ARP_OP_REPLY     2

struct arp {
    uint16_t hardware; /* ar$hrd, any */
    uint16_t operation;
    struct mac sha, tha;
    struct ipv4 spa, tpa;
};

/* Where sha, spa and tha lie from the start of the payload. */
#define ARP_SHA_OFFSET 8
#define ARP_SPA_OFFSET 14

/* Reads `length` bytes behind the EtherType. 0: ARP for IPv4 over 6-byte addresses, *arp is filled.
 * -ENOMSG: other protocol or address lengths, or under 8 bytes: nobody's, to be bridged.
 * -EBADMSG: 8 to 27 bytes (docs/forwarding.md#arp: a runt). */
int arp_parse(const uint8_t *payload, size_t length, struct arp *arp);

#endif
