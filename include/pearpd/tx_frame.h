/* tx_frame.h: the frames that the bridge or the agent generates, as structs. Filled by: core, agent. Encoded by: io
 * (frame_build.h). Never: bytes. */
#ifndef PEARPD_TX_FRAME_H
#define PEARPD_TX_FRAME_H

#include "pearpd/addr.h"
#include "pearpd/arp.h"
#include "pearpd/dhcp.h"
#include "pearpd/eth.h"
#include "pearpd/pe_arp.h"
#include "pearpd/pe_arp_auth.h"

#include <stddef.h>
#include <stdint.h>

enum tx_frame_kind { TX_ARP, TX_PE_ARP, TX_ECHO_REPLY, TX_DHCP };

/* An ICMP echo reply (RFC 792), whole packet; payload borrowed. */
struct tx_echo_reply {
    struct ipv4 source, destination;
    uint8_t tos;
    uint16_t id, sequence;
    const uint8_t *payload;
    size_t payload_length;
};

/* A DHCP answer, over UDP from the server's port to the client's; its client identifier is borrowed. */
struct tx_dhcp {
    struct ipv4 source, destination;
    struct dhcp_answer answer;
};

struct tx_frame {
    struct mac destination, source;
    struct eth_tag tag;
    uint16_t ethertype; /* host order */
    enum tx_frame_kind kind;
    const struct pe_arp_key *key; /* signs PE-ARP, borrowed; NULL: no AUTH */
    union {
        struct arp arp;
        struct pe_arp pe_arp;
        struct tx_echo_reply echo_reply;
        struct tx_dhcp dhcp;
    };
};

#endif
