/* pe_arp.c: see pe_arp.h. */
#include "pearpd/pe_arp.h"

#include "pearpd/cursor.h"
#include "pearpd/dns_name.h"
#include "pearpd/eth.h"

#include <errno.h>
#include <string.h>

#define TYPE_AT       41
#define HRD_ETHERNET  1
#define VERSION       1
#define PSID_BYTES    4
#define GATEWAY_BYTES 10
#define SEQ_BYTES     8
#define AUTH_BYTES    (4 + PE_ARP_AUTH_MAC_BYTES)
#define SERVICE_BYTES 3 /* before the name */

const char *pe_arp_type_name(enum pe_arp_type type)
{
    switch (type) {
    case PE_ARP_REQUEST:
        return "request";
    case PE_ARP_REPLY:
        return "reply";
    case PE_ARP_CLAIM:
        return "claim";
    case PE_ARP_RELEASE:
        return "release";
    case PE_ARP_CONFLICT:
        return "conflict";
    case PE_ARP_HELLO:
        return "hello";
    }
    return "?";
}

uint16_t pe_arp_operation(enum pe_arp_type type)
{
    return type == PE_ARP_REQUEST || type == PE_ARP_HELLO ? PE_ARP_OP_EXP1 : PE_ARP_OP_EXP2;
}

static struct port_address rd_port_address(struct rd *r)
{
    struct port_address a;
    a.address = rd_ipv4(r);
    a.protocol = rd_u8(r);
    rd_skip(r, 1); /* flags */
    a.first = rd_u16(r);
    a.last = rd_u16(r);
    return a;
}

/* RFC 7618: the PSID is at the left of its 16 bits, the rest is zero. */
static bool rd_psid(struct rd *r, struct pe_arp *m)
{
    m->psid.present = true;
    m->psid.offset = rd_u8(r);
    m->psid.length = rd_u8(r);
    uint16_t left_aligned = rd_u16(r);
    if (r->failed || m->psid.offset > 15 || m->psid.length < 1 || m->psid.offset + m->psid.length > 16)
        return false;
    unsigned shift = 16U - m->psid.length;
    m->psid.psid = (uint16_t)(left_aligned >> shift);
    return (uint16_t)(m->psid.psid << shift) == left_aligned;
}

/* The value of one TLV of a known type: false where it is repeated or of a wrong value. */
static bool rd_tlv_value(struct rd *r, uint8_t type, struct pe_arp *m)
{
    switch (type) {
    case PE_ARP_TLV_PSID:
        return !m->psid.present && rd_psid(r, m);
    case PE_ARP_TLV_GATEWAY:
        if (m->gateway.present)
            return false;
        m->gateway.present = true;
        m->gateway.address = rd_ipv4(r);
        m->gateway.mac = rd_mac(r);
        return true;
    case PE_ARP_TLV_SEQ:
        if (m->seq.present)
            return false;
        m->seq.present = true;
        m->seq.number = rd_u64(r);
        return true;
    case PE_ARP_TLV_SHARED_MAC:
        if (m->shared_mac.present)
            return false;
        m->shared_mac.present = true;
        m->shared_mac.mac = rd_mac(r);
        return true;
    case PE_ARP_TLV_AUTH:
        m->auth.present = true;
        m->auth.key_id = rd_u32(r);
        for (unsigned i = 0; i < PE_ARP_AUTH_MAC_BYTES; i++)
            m->auth.mac[i] = rd_u8(r);
        return true;
    default:
        rd_skip(r, rd_left(r));
        return type >= PE_ARP_TLV_SKIPPED_FROM;
    }
}

static bool rd_tlvs(struct rd *r, struct pe_arp *m)
{
    while (rd_left(r) > 0) {
        if (m->auth.present)
            return false; /* AUTH is the last */
        uint8_t type = rd_u8(r), length = rd_u8(r);
        struct rd value = rd_sub(r, length);
        if (!rd_tlv_value(&value, type, m) || value.failed || rd_left(&value) > 0)
            return false;
    }
    return !r->failed;
}

/* Everything behind tpa. */
static bool rd_body(struct rd *r, uint16_t operation, struct pe_arp *m)
{
    uint8_t version = rd_u8(r), type = rd_u8(r);
    m->lifetime_s = rd_u16(r);
    m->nonce = rd_u64(r);
    uint16_t tlvs_length = rd_u16(r);
    if (r->failed || version != VERSION || type < PE_ARP_REQUEST || type > PE_ARP_HELLO ||
        tlvs_length > PE_ARP_TLVS_MAX_BYTES)
        return false;
    m->type = (enum pe_arp_type)type;
    struct rd tlvs = rd_sub(r, tlvs_length);
    m->services = tlvs.at;
    m->services_length = rd_left(&tlvs);
    return operation == pe_arp_operation(m->type) && !r->failed && rd_tlvs(&tlvs, m);
}

int pe_arp_parse(const uint8_t *payload, size_t length, struct pe_arp *message)
{
    struct rd r = rd_over(payload, length);
    uint16_t hardware = rd_u16(&r), protocol = rd_u16(&r);
    uint8_t hardware_length = rd_u8(&r), protocol_length = rd_u8(&r);
    uint16_t operation = rd_u16(&r);
    if (r.failed || hardware != HRD_ETHERNET || protocol != PE_ARP_PRO)
        return -ENOMSG;
    if (hardware_length != MAC_BYTES || protocol_length != PE_ARP_PLN)
        return -EBADMSG;
    struct pe_arp m;
    memset(&m, 0, sizeof(m));
    m.sha = rd_mac(&r);
    m.spa = rd_port_address(&r);
    m.tha = rd_mac(&r);
    m.tpa = rd_port_address(&r);
    if (!rd_body(&r, operation, &m) || m.spa.last < m.spa.first || m.tpa.last < m.tpa.first)
        return -EBADMSG;
    *message = m;
    return 0;
}

uint8_t pe_arp_peek_type(const uint8_t *payload, size_t length)
{
    struct rd r = rd_over(payload, length);
    const uint16_t hardware = rd_u16(&r), protocol = rd_u16(&r);
    rd_skip(&r, TYPE_AT - 4);
    const uint8_t type = rd_u8(&r);
    return r.failed || hardware != HRD_ETHERNET || protocol != PE_ARP_PRO ? 0 : type;
}

void pe_arp_write_port_address(const struct port_address *a, uint8_t bytes[static PE_ARP_PLN])
{
    struct wr w = wr_into(bytes, PE_ARP_PLN);
    wr_ipv4(&w, a->address);
    wr_u8(&w, a->protocol);
    wr_u8(&w, 0);
    wr_u16(&w, a->first);
    wr_u16(&w, a->last);
}

static void wr_tlv(struct wr *w, enum pe_arp_tlv type, uint8_t length)
{
    wr_u8(w, (uint8_t)type);
    wr_u8(w, length);
}

bool pe_arp_service_next(const struct pe_arp *message, size_t *at, struct pe_arp_service *service)
{
    struct dns_name name;
    if (message->services_length == 0)
        return false;
    struct rd r = rd_over(message->services, message->services_length);
    rd_skip(&r, *at);
    while (rd_left(&r) > 0) {
        const uint8_t type = rd_u8(&r), length = rd_u8(&r);
        struct rd value = rd_sub(&r, length);
        *at = message->services_length - rd_left(&r);
        if (type != PE_ARP_TLV_SERVICE)
            continue;
        service->protocol = rd_u8(&value);
        service->port = rd_u16(&value);
        service->name_length = rd_left(&value);
        service->name = (const char *)rd_bytes(&value, service->name_length);
        if (!value.failed && service->protocol != 0 && service->port != 0 &&
            dns_name_parse_bytes(service->name, service->name_length, &name) == 0)
            return true;
    }
    return false;
}

int pe_arp_write_service(const struct pe_arp_service *service, uint8_t *bytes, size_t size)
{
    struct dns_name name;
    struct wr w = wr_into(bytes, size);
    if (SERVICE_BYTES + service->name_length > UINT8_MAX ||
        dns_name_parse_bytes(service->name, service->name_length, &name) != 0)
        return -EINVAL;
    wr_tlv(&w, PE_ARP_TLV_SERVICE, (uint8_t)(SERVICE_BYTES + service->name_length));
    wr_u8(&w, service->protocol);
    wr_u16(&w, service->port);
    wr_bytes(&w, service->name, service->name_length);
    return w.failed ? -ENOSPC : (int)wr_length(&w);
}

static void wr_services(struct wr *w, const struct pe_arp *m)
{
    struct pe_arp_service service;
    uint8_t tlv[2 + UINT8_MAX];
    size_t at = 0;
    while (pe_arp_service_next(m, &at, &service)) {
        const int length = pe_arp_write_service(&service, tlv, sizeof(tlv));
        if (length > 0)
            wr_bytes(w, tlv, (size_t)length);
    }
}

static void wr_tlvs(struct wr *w, const struct pe_arp *m)
{
    if (m->psid.present) {
        wr_tlv(w, PE_ARP_TLV_PSID, PSID_BYTES);
        wr_u8(w, m->psid.offset);
        wr_u8(w, m->psid.length);
        wr_u16(w, (uint16_t)(m->psid.psid << (16U - m->psid.length)));
    }
    if (m->gateway.present) {
        wr_tlv(w, PE_ARP_TLV_GATEWAY, GATEWAY_BYTES);
        wr_ipv4(w, m->gateway.address);
        wr_mac(w, m->gateway.mac);
    }
    if (m->seq.present) {
        wr_tlv(w, PE_ARP_TLV_SEQ, SEQ_BYTES);
        wr_u64(w, m->seq.number);
    }
    if (m->shared_mac.present) {
        wr_tlv(w, PE_ARP_TLV_SHARED_MAC, MAC_BYTES);
        wr_mac(w, m->shared_mac.mac);
    }
    wr_services(w, m);
    if (m->auth.present) {
        wr_tlv(w, PE_ARP_TLV_AUTH, AUTH_BYTES);
        wr_u32(w, m->auth.key_id);
        wr_bytes(w, m->auth.mac, PE_ARP_AUTH_MAC_BYTES);
    }
}

int pe_arp_write_body(const struct pe_arp *message, uint8_t *bytes, size_t size)
{
    uint8_t tlvs[PE_ARP_TLVS_MAX_BYTES];
    struct wr t = wr_into(tlvs, sizeof(tlvs));
    wr_tlvs(&t, message);
    struct wr w = wr_into(bytes, size);
    wr_u8(&w, VERSION);
    wr_u8(&w, (uint8_t)message->type);
    wr_u16(&w, message->lifetime_s);
    wr_u64(&w, message->nonce);
    wr_u16(&w, (uint16_t)wr_length(&t));
    wr_bytes(&w, tlvs, wr_length(&t));
    return w.failed || t.failed ? -ENOSPC : (int)wr_length(&w);
}

int pe_arp_encap_parse(const char *text, uint16_t *ethertype)
{
    if (strcmp(text, "0x88b5") == 0 || strcmp(text, "0x88B5") == 0)
        *ethertype = ETHERTYPE_PE_ARP;
    else if (strcmp(text, "arp") == 0)
        *ethertype = ETHERTYPE_ARP;
    else
        return -EINVAL;
    return 0;
}
