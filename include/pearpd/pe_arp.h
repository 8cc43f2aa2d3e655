/* pe_arp.h: PE-ARP on the wire (docs/pe-arp.md#message-format).
 * In: the payload of a frame, or the fields of a message. Out: the other one.
 * Called by: core (reads), io (writes), agent (both). Never: decides whether a message counts. */
#ifndef PEARPD_PE_ARP_H
#define PEARPD_PE_ARP_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_ARP_PRO             0x88b5
#define PE_ARP_PLN             10
#define PE_ARP_ADDRESSES_BYTES 40 /* up to and with tpa */
#define PE_ARP_FIXED_BYTES     54 /* up to and with ext_len */
#define PE_ARP_TLVS_MAX_BYTES  512
#define PE_ARP_AUTH_MAC_BYTES  16
#define PE_ARP_OP_EXP1         24 /* RFC 5494; requests */
#define PE_ARP_OP_EXP2         25 /* RFC 5494; the rest */

enum pe_arp_type {
    PE_ARP_REQUEST = 1,
    PE_ARP_REPLY = 2,
    PE_ARP_CLAIM = 3,
    PE_ARP_RELEASE = 4,
    PE_ARP_CONFLICT = 5,
    PE_ARP_HELLO = 6,
};

enum pe_arp_tlv {
    PE_ARP_TLV_PSID = 0x01,
    PE_ARP_TLV_GATEWAY = 0x02,
    PE_ARP_TLV_SEQ = 0x03,
    PE_ARP_TLV_SHARED_MAC = 0x04,
    PE_ARP_TLV_SKIPPED_FROM = 0x40, /* a message with an unknown type below this is dropped */
    PE_ARP_TLV_SERVICE = 0x40,      /* may repeat; one that cannot be used is ignored */
    PE_ARP_TLV_AUTH = 0x7f,
};

/* "IPv4 address, protocol, ports"; the flags byte is zero when written, ignored when read. */
struct port_address {
    struct ipv4 address;
    uint8_t protocol;     /* IP protocol; 0: every protocol that has ports */
    uint16_t first, last; /* host order, inclusive */
};

struct pe_arp {
    enum pe_arp_type type;
    struct mac sha, tha;
    struct port_address spa, tpa;
    uint16_t lifetime_s; /* 0: the receiver's default */
    uint64_t nonce;
    struct {
        bool present;
        uint8_t offset, length;
        uint16_t psid; /* right-aligned: 0 .. 2^length - 1 */
    } psid;
    struct {
        bool present;
        struct ipv4 address;
        struct mac mac;
    } gateway;
    struct {
        bool present;
        uint64_t number;
    } seq;
    struct {
        bool present;
        struct mac mac;
    } shared_mac;
    struct {
        bool present;
        uint32_t key_id;
        uint8_t mac[PE_ARP_AUTH_MAC_BYTES];
    } auth;
    /* Where the SERVICE TLVs are, perhaps among others: borrowed, of the message that was read; for writing, what
     * pe_arp_write_service() wrote. Read with pe_arp_service_next(). */
    const uint8_t *services;
    size_t services_length;
};

/* A service on ports of a REPLY's or CLAIM's sender: {protocol u8, port u16, name}. */
struct pe_arp_service {
    uint8_t protocol; /* IP protocol; never 0 */
    uint16_t port;
    const char *
        name; /* _http._tcp.example.net: letters that a DNS name may have, without a NUL at its end, borrowed */
    size_t name_length;
};

/* Walks a message's services: start with *at = 0. False: no more. Those without a valid name, protocol
 * or port are skipped. */
bool pe_arp_service_next(const struct pe_arp *message, size_t *at, struct pe_arp_service *service);

/* Writes one SERVICE TLV. The bytes written; -ENOSPC; -EINVAL: the name is not valid, or too long for a TLV. */
int pe_arp_write_service(const struct pe_arp_service *service, uint8_t *bytes, size_t size);

/* "request", "reply", ...: a constant string. */
const char *pe_arp_type_name(enum pe_arp_type type);

/* The ar$op of messages of `type`. */
uint16_t pe_arp_operation(enum pe_arp_type type);

/* Reads `length` bytes behind the EtherType. 0: *message is filled.
 * -ENOMSG: another ar$hrd or ar$pro, or under 8 bytes: not PE-ARP, to be bridged.
 * -EBADMSG: PE-ARP that breaks the format: lengths, version, type, an operation that does not fit the
 * type, last below first, TLVs cut, unknown below 0x40, repeated, of a wrong length or value, AUTH not last. */
int pe_arp_parse(const uint8_t *payload, size_t length, struct pe_arp *message);

/* The type that `length` bytes behind the EtherType claim to be, without reading the rest; 0: not PE-ARP, or cut. */
uint8_t pe_arp_peek_type(const uint8_t *payload, size_t length);

/* Writes spa or tpa as on the wire: 10 bytes. */
void pe_arp_write_port_address(const struct port_address *a, uint8_t bytes[static PE_ARP_PLN]);

/* Writes what follows the addresses: version to the last TLV, those of `message` that are present in
 * the order of their types (an AUTH as it is). The bytes written, or -ENOSPC. */
int pe_arp_write_body(const struct pe_arp *message, uint8_t *bytes, size_t size);

/* The EtherType that carries PE-ARP, in words: "0x88b5", or "arp" for that of ARP. 0 and *ethertype in host order;
 * -EINVAL: neither. */
int pe_arp_encap_parse(const char *text, uint16_t *ethertype);

#endif
