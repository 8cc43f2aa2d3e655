/* fuzz_pe_arp.c: PE-ARP: what is read and written again keeps its fields, and is read and written as the same. */
#include "pearpd/pe_arp.h"
#include "pearpd/pe_arp_auth.h"

#include <stdlib.h>
#include <string.h>

#define SPA_OFFSET       14
#define SPA_FLAGS_OFFSET 19
#define TPA_OFFSET       30
#define TPA_FLAGS_OFFSET 35
#define EXT_LEN_OFFSET   52
#define MAX_BYTES        (PE_ARP_FIXED_BYTES + PE_ARP_TLVS_MAX_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* Writes `m` to `bytes`; the eight bytes before the addresses as they stand in `head`. */
static size_t rewrite(const struct pe_arp *m, const uint8_t *head, uint8_t bytes[static MAX_BYTES])
{
    memcpy(bytes, head, 8);
    memcpy(bytes + 8, m->sha.octets, MAC_BYTES);
    pe_arp_write_port_address(&m->spa, bytes + SPA_OFFSET);
    memcpy(bytes + 24, m->tha.octets, MAC_BYTES);
    pe_arp_write_port_address(&m->tpa, bytes + TPA_OFFSET);
    int body = pe_arp_write_body(m, bytes + PE_ARP_ADDRESSES_BYTES, MAX_BYTES - PE_ARP_ADDRESSES_BYTES);
    must(body >= PE_ARP_FIXED_BYTES - PE_ARP_ADDRESSES_BYTES);
    return PE_ARP_ADDRESSES_BYTES + (size_t)body;
}

/* Each service of its TLVs can be written. */
static void read_services(const struct pe_arp *message)
{
    struct pe_arp_service service;
    uint8_t bytes[PE_ARP_TLVS_MAX_BYTES];
    size_t at = 0;
    while (pe_arp_service_next(message, &at, &service)) {
        must(at <= message->services_length && service.port != 0 && service.protocol != 0);
        must(pe_arp_write_service(&service, bytes, sizeof(bytes)) > 0);
    }
}

/* Signed with a key it is authentic, and with every bit of the signature but its own it is not. */
static void sign(const uint8_t *data, size_t size, const struct pe_arp *message)
{
    struct pe_arp_key keys[2] = {{.id = 1}, {.id = message->auth.key_id, .bytes = {7}}};
    struct pe_arp signed_message;
    bool bears = message->auth.present;
    uint8_t *copy = malloc(size);
    must(copy != NULL);
    memcpy(copy, data, size);
    must(!pe_arp_is_authentic(copy, size, message, keys, 0));
    (void)pe_arp_is_authentic(copy, size, message, keys, 2);
    if (bears && keys[1].id != 1) {
        must(pe_arp_sign(copy, size, &keys[1]) == 0 && pe_arp_parse(copy, size, &signed_message) == 0);
        must(pe_arp_is_authentic(copy, size, &signed_message, keys, 2));
        signed_message.auth.mac[message->nonce % PE_ARP_AUTH_MAC_BYTES] ^= 1;
        must(!pe_arp_is_authentic(copy, size, &signed_message, keys, 2));
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pe_arp message, again;
    uint8_t bytes[MAX_BYTES], bytes_again[MAX_BYTES], fixed[EXT_LEN_OFFSET];
    if (pe_arp_parse(data, size, &message) != 0)
        return 0;
    must(size >= PE_ARP_FIXED_BYTES);
    size_t length = rewrite(&message, data, bytes);
    memcpy(fixed, data, sizeof(fixed));
    fixed[SPA_FLAGS_OFFSET] = fixed[TPA_FLAGS_OFFSET] = 0;
    must(memcmp(bytes, fixed, sizeof(fixed)) == 0);
    must(pe_arp_parse(bytes, length, &again) == 0);
    must(again.psid.present == message.psid.present && again.gateway.present == message.gateway.present &&
         again.seq.present == message.seq.present && again.shared_mac.present == message.shared_mac.present &&
         again.auth.present == message.auth.present);
    must(rewrite(&again, data, bytes_again) == length && memcmp(bytes, bytes_again, length) == 0);
    must(pe_arp_type_name(message.type)[0] != '?');
    read_services(&message);
    sign(data, size, &message);
    return 0;
}
