/* pe_arp_socket.h: the agent's packet socket: PE-ARP of one interface.
 * In and out: Ethernet frames. Called by: agent. Never: decides about one. */
#ifndef PEARPD_AGENT_PE_ARP_SOCKET_H
#define PEARPD_AGENT_PE_ARP_SOCKET_H

#include "claimant.h"

#include <stddef.h>
#include <stdint.h>

/* Enough for the longest PE-ARP frame. */
#define PE_ARP_SOCKET_FRAME_BYTES 1600

/* A socket that receives nothing yet. A descriptor, not blocking, or -Exxx. */
int pe_arp_socket_open(void);

/* Receives frames of `ethertype` on the interface from now on. Call it again after the interface was created again.
 * 0 or -Exxx. */
int pe_arp_socket_bind(int fd, unsigned ifindex, uint16_t ethertype);

/* Takes the next frame into `bytes`. 1: *frame is filled, and borrows from them; 0: one that is not for us,
 * damaged, or not PE-ARP; -EAGAIN: none waits; -Exxx: the socket's error, which is thereby cleared. */
int pe_arp_socket_next(int fd, uint8_t bytes[static PE_ARP_SOCKET_FRAME_BYTES], struct claimant_frame *frame);

/* 0 or -Exxx. */
int pe_arp_socket_send(int fd, const uint8_t *bytes, size_t length);

#endif
