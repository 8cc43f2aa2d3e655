/* pe_arp_socket.c: see pe_arp_socket.h. */
#include "pe_arp_socket.h"

#include "pearpd/eth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23 /* Linux 4.20 */
#endif

int pe_arp_socket_open(void)
{
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const int on = 1;
    (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    return fd;
}

int pe_arp_socket_bind(int fd, unsigned ifindex, uint16_t ethertype)
{
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)ifindex};
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

int pe_arp_socket_next(int fd, uint8_t bytes[static PE_ARP_SOCKET_FRAME_BYTES], struct claimant_frame *frame)
{
    struct sockaddr_ll address = {.sll_pkttype = PACKET_OTHERHOST};
    socklen_t address_length = sizeof(address);
    const ssize_t length =
        recvfrom(fd, bytes, PE_ARP_SOCKET_FRAME_BYTES, 0, (struct sockaddr *)&address, &address_length);
    if (length < 0)
        return -errno;
    /* A frame in a VLAN that this interface is not in comes as one for another host. */
    if (address.sll_pkttype != PACKET_HOST && address.sll_pkttype != PACKET_BROADCAST &&
        address.sll_pkttype != PACKET_MULTICAST)
        return 0;
    struct eth eth;
    if (eth_parse(bytes, (size_t)length, &eth) != 0 || eth.payload > (size_t)length)
        return 0;
    *frame = (struct claimant_frame){.from = eth.source,
                                     .to = eth.destination,
                                     .payload = bytes + eth.payload,
                                     .payload_length = (size_t)length - eth.payload};
    return pe_arp_parse(frame->payload, frame->payload_length, &frame->message) == 0;
}

int pe_arp_socket_send(int fd, const uint8_t *bytes, size_t length)
{
    const ssize_t sent = send(fd, bytes, length, 0);
    return sent < 0 ? -errno : 0;
}
