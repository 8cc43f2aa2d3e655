/* made.h: the frames that the bridge or the agent makes itself, as structs.
 * Filled by core and agent; turned into bytes by io (frame_build.h). Never: bytes. */
#ifndef PEARPD_MADE_H
#define PEARPD_MADE_H

#include "pearpd/addr.h"
#include "pearpd/arp.h"
#include "pearpd/dhcp.h"
#include "pearpd/eth.h"
#include "pearpd/pe_arp.h"
#include "pearpd/pe_arp_auth.h"

#include <stddef.h>
#include <stdint.h>

enum made_kind { MADE_ARP, MADE_PE_ARP, MADE_ECHO_REPLY, MADE_DHCP };

/* An ICMP echo reply (RFC 792), whole packet; payload borrowed. */
struct made_echo_reply {
    struct ipv4 source, destination;
    uint8_t tos;
    uint16_t id, sequence;
    const uint8_t *payload;
    size_t payload_length;
};

/* A DHCP answer, over UDP from the server's port to the client's; its client identifier is borrowed. */
struct made_dhcp {
    struct ipv4 source, destination;
    struct dhcp_answer answer;
};

struct made {
    struct mac destination, source;
    struct eth_tag tag;
    uint16_t ethertype; /* host order */
    enum made_kind kind;
    const struct pe_arp_key *key; /* that signs PE-ARP, borrowed; NULL: it bears no AUTH */
    union {
        struct arp arp;
        struct pe_arp pe_arp;
        struct made_echo_reply echo_reply;
        struct made_dhcp dhcp;
    };
};

#endif
