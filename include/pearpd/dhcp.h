/* dhcp.h: DHCP messages (RFC 2131, 2132), with the ports that share an address (RFC 7618).
 * In: the body of a UDP datagram. Out: its fields and the options that the bridge knows; and back.
 * Called by: core, io (answers), tests. Reads as most clients and servers do, since the bridge must know what they
 * made of a message. */
#ifndef PEARPD_DHCP_H
#define PEARPD_DHCP_H

#include "pearpd/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP_PORT_SERVER 67 /* RFC 2131 4.1 */
#define DHCP_PORT_CLIENT 68

#define DHCP_OP_REQUEST 1 /* from a client */
#define DHCP_OP_REPLY   2

#define DHCP_FLAG_BROADCAST 0x8000

#define DHCP_LEASE_FOREVER UINT32_MAX /* RFC 2131 3.3 */

/* The longest client identifier that is read. One of 255 would go on in a second option (RFC 3396). */
#define DHCP_CLIENT_ID_MOST_BYTES 254

#define DHCP_DNS_MOST 4

/* The longest message that dhcp_write() makes. */
#define DHCP_WRITE_MAX_BYTES 556

/* Option 53 (RFC 2132 9.6). */
enum dhcp_kind {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};

/* Option 159, OPTION_V4_PORTPARAMS (RFC 7618 9). */
struct dhcp_port_params {
    bool present;
    uint8_t offset, length; /* bits; length 0: all ports, without a PSID */
    uint16_t psid;          /* right-aligned */
};

/* A message as it was read. Numbers in host order; an option that is not there is zero. */
struct dhcp {
    uint8_t op, hops;
    uint32_t xid;
    uint16_t secs, flags;
    struct ipv4 ciaddr, yiaddr, siaddr, giaddr;
    struct mac chaddr;
    enum dhcp_kind kind;
    bool has_requested, has_server_id, has_lease;
    bool wants_ports;      /* option 159 is in the parameter request list */
    bool has_relay;        /* option 82 */
    struct ipv4 requested; /* option 50 */
    struct ipv4 server_id; /* option 54 */
    uint32_t lease_s;      /* option 51 */
    struct dhcp_port_params ports;
    uint8_t client_id[DHCP_CLIENT_ID_MOST_BYTES]; /* option 61 */
    size_t client_id_length;
};

/* Reads `length` bytes behind the UDP header, also options in `file` and `sname` (option 52). Of an option that is
 * given twice the first with its length counts; one in several parts is joined (RFC 3396); any other length is as if
 * it were not there; an end mark may be missing. 0; -ENOMSG: no DHCP message of an Ethernet client of a kind below
 * (too short, no magic cookie, BOOTP without option 53); -EBADMSG: option 159 contradicts itself, or the client
 * identifier is too long, and *message has all the rest. */
int dhcp_parse(const uint8_t *body, size_t length, struct dhcp *message);

/* The client hardware address and the xid of a DHCP message to a client (RFC 2131 2: op 2, htype 1, hlen 6) behind
 * a UDP header. 0, or -ENOMSG: no such message, or an address that is zero or a group. */
int dhcp_client_mac(const uint8_t *udp, size_t length, struct mac *mac, uint32_t *xid);

/* An answer to a client. What is zero is left out; `client_id` is borrowed. */
struct dhcp_answer {
    enum dhcp_kind kind; /* OFFER, ACK, NAK */
    uint32_t xid;
    uint16_t flags;
    struct ipv4 ciaddr, yiaddr;
    struct mac chaddr;
    struct ipv4 server_id;
    uint32_t lease_s;
    struct ipv4 netmask, router;
    struct ipv4 dns[DHCP_DNS_MOST];
    unsigned dns_count;
    uint16_t mtu;
    struct dhcp_port_params ports;
    const uint8_t *client_id; /* returned as it came (RFC 6842) */
    size_t client_id_length;
};

/* Writes the answer, padded to the 300 bytes of BOOTP. Its length, or -ENOSPC: it does not fit `size`. */
int dhcp_write(const struct dhcp_answer *answer, uint8_t *bytes, size_t size);

#endif
