/* fuzz_pe_arp.c: PE-ARP: what is read and written again is read as the same. */
#include "pearpd/pe_arp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pe_arp message, again;
    uint8_t bytes[PE_ARP_FIXED_BYTES + PE_ARP_TLVS_MAX_BYTES];
    if (pe_arp_parse(data, size, &message) != 0)
        return 0;
    memcpy(bytes, data, PE_ARP_ADDRESSES_BYTES);
    pe_arp_write_port_address(&message.spa, bytes + 14);
    pe_arp_write_port_address(&message.tpa, bytes + 30);
    int body =
        pe_arp_write_body(&message, bytes + PE_ARP_ADDRESSES_BYTES, sizeof(bytes) - PE_ARP_ADDRESSES_BYTES);
    if (body < 0 || pe_arp_parse(bytes, PE_ARP_ADDRESSES_BYTES + (size_t)body, &again) != 0)
        abort();
    if (memcmp(&message, &again, sizeof(message)) != 0)
        abort();
    return 0;
}
