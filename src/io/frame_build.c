/* frame_build.c: see frame_build.h; the only place that knows libnet.
 * The context is a LIBNET_NONE one: no socket, no interface, no rights; it only builds. */
#include "pearpd/frame_build.h"

#include "pearpd/l4.h"

#include <libnet.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TTL           64
#define DONT_FRAGMENT 0x4000
#define BODY_BYTES    600 /* PE-ARP behind its addresses: 14 and 512 of TLVs */

struct frame_builder {
    libnet_t *libnet;
};

struct frame_builder *frame_builder_new(void)
{
    char error[LIBNET_ERRBUF_SIZE];
    struct frame_builder *builder = calloc(1, sizeof(*builder));
    if (builder == NULL)
        return NULL;
    builder->libnet = libnet_init(LIBNET_NONE, NULL, error);
    if (builder->libnet == NULL) {
        free(builder);
        return NULL;
    }
    return builder;
}

void frame_builder_free(struct frame_builder *builder)
{
    if (builder == NULL)
        return;
    libnet_destroy(builder->libnet);
    free(builder);
}

static void ipv4_octets(struct ipv4 address, uint8_t octets[static 4])
{
    for (unsigned i = 0; i < 4; i++)
        octets[i] = (uint8_t)(address.host >> (24 - 8 * i));
}

static libnet_ptag_t build_arp(libnet_t *l, const struct arp *arp)
{
    uint8_t spa[4], tpa[4];
    ipv4_octets(arp->spa, spa);
    ipv4_octets(arp->tpa, tpa);
    return libnet_build_arp(arp->hardware, ETHERTYPE_IPV4, MAC_BYTES, 4, arp->operation, arp->sha.octets, spa,
                            arp->tha.octets, tpa, NULL, 0, l, 0);
}

/* An AUTH has its key's id and no signature yet. */
static libnet_ptag_t build_pe_arp(libnet_t *l, const struct pe_arp *message, const struct pe_arp_key *key)
{
    uint8_t spa[PE_ARP_PLN], tpa[PE_ARP_PLN], body[BODY_BYTES];
    struct pe_arp signed_message = *message;
    const struct pe_arp *m = &signed_message;
    signed_message.auth.present = signed_message.auth.present || key != NULL;
    if (key != NULL)
        signed_message.auth.key_id = key->id;
    int length = pe_arp_write_body(m, body, sizeof(body));
    if (length < 0)
        return -1;
    pe_arp_write_port_address(&m->spa, spa);
    pe_arp_write_port_address(&m->tpa, tpa);
    return libnet_build_arp(ARP_HRD_ETHERNET, PE_ARP_PRO, MAC_BYTES, PE_ARP_PLN, pe_arp_operation(m->type),
                            m->sha.octets, spa, m->tha.octets, tpa, body, (uint32_t)length, l, 0);
}

/* What libnet takes in network order. */
static uint32_t ipv4_be(struct ipv4 address)
{
    uint8_t octets[4];
    uint32_t be;
    ipv4_octets(address, octets);
    memcpy(&be, octets, sizeof(be));
    return be;
}

static libnet_ptag_t build_dhcp(libnet_t *l, const struct tx_dhcp *dhcp)
{
    uint8_t message[DHCP_WRITE_MAX_BYTES];
    int length = dhcp_write(&dhcp->answer, message, sizeof(message));
    if (length < 0)
        return -1;
    uint16_t datagram = (uint16_t)(UDP_HEADER_BYTES + length);
    if (libnet_build_udp(DHCP_PORT_SERVER, DHCP_PORT_CLIENT, datagram, 0, message, (uint32_t)length, l, 0) < 0)
        return -1;
    return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + datagram), 0, 0, DONT_FRAGMENT, TTL, PROTOCOL_UDP, 0,
                             ipv4_be(dhcp->source), ipv4_be(dhcp->destination), NULL, 0, l, 0);
}

static libnet_ptag_t build_echo_reply(libnet_t *l, const struct tx_echo_reply *echo)
{
    size_t length = LIBNET_IPV4_H + LIBNET_ICMPV4_ECHO_H + echo->payload_length;
    if (length > UINT16_MAX)
        return -1;
    if (libnet_build_icmpv4_echo(ICMP_ECHO_REPLY, 0, 0, echo->id, echo->sequence,
                                 echo->payload_length > 0 ? echo->payload : NULL,
                                 (uint32_t)echo->payload_length, l, 0) < 0)
        return -1;
    return libnet_build_ipv4((uint16_t)length, echo->tos, 0, DONT_FRAGMENT, TTL, PROTOCOL_ICMP, 0,
                             ipv4_be(echo->source), ipv4_be(echo->destination), NULL, 0, l, 0);
}

static libnet_ptag_t build_network(libnet_t *l, const struct tx_frame *made)
{
    switch (made->kind) {
    case TX_ARP:
        return build_arp(l, &made->arp);
    case TX_PE_ARP:
        return build_pe_arp(l, &made->pe_arp, made->key);
    case TX_ECHO_REPLY:
        return build_echo_reply(l, &made->echo_reply);
    case TX_DHCP:
        return build_dhcp(l, &made->dhcp);
    }
    return -1;
}

static libnet_ptag_t build_link(libnet_t *l, const struct tx_frame *made)
{
    const uint8_t *destination = made->destination.octets, *source = made->source.octets;
    uint16_t tci = made->tag.tci;
    if (!made->tag.present)
        return libnet_build_ethernet(destination, source, made->ethertype, NULL, 0, l, 0);
    return libnet_build_802_1q(destination, source, ETHERTYPE_CTAG, (uint8_t)(tci >> 13), tci >> 12 & 1,
                               tci & 0xfff, made->ethertype, NULL, 0, l, 0);
}

int frame_build(struct frame_builder *builder, const struct tx_frame *made, uint8_t *bytes, size_t size)
{
    libnet_t *l = builder->libnet;
    uint8_t *packet = NULL;
    uint32_t length = 0;
    int result = -EINVAL;
    if (build_network(l, made) >= 0 && build_link(l, made) >= 0 &&
        libnet_pblock_coalesce(l, &packet, &length) == 1) {
        size_t padded = length < ETH_MIN_BYTES ? ETH_MIN_BYTES : length;
        result = padded > size ? -ENOSPC : (int)padded;
        if (result > 0) {
            memset(bytes, 0, padded);
            memcpy(bytes, packet, length);
        }
        size_t header = made->tag.present ? ETH_HEADER_BYTES + ETH_TAG_BYTES : ETH_HEADER_BYTES;
        if (result > 0 && made->kind == TX_PE_ARP && made->key != NULL &&
            pe_arp_sign(bytes + header, length - header, made->key) != 0)
            result = -EINVAL;
        libnet_adv_free_packet(l, packet);
    }
    libnet_clear_packet(l);
    return result;
}
