/* dhcp.h: DHCP messages as far as the bridge reads them (RFC 2131).
 * In: a UDP datagram. Out: the client that it is for. Called by: core. */
#ifndef PEARPD_DHCP_H
#define PEARPD_DHCP_H

#include "pearpd/addr.h"

#include <stddef.h>
#include <stdint.h>

/* The client hardware address of a DHCP message to a client (RFC 2131 2: op 2, htype 1, hlen 6) behind
 * a UDP header. 0, or -ENOMSG: no such message, or an address that is zero or a group. */
int dhcp_client_mac(const uint8_t *udp, size_t length, struct mac *mac);

#endif
