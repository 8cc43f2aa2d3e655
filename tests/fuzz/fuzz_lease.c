/* fuzz_lease.c: a lease as a client's hook tells it, a line of words; what is taken is read back from its own file. */
#include "dhcp/lease.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024], again[LEASE_TEXT_BYTES], why[LEASE_WHY_BYTES] = "";
    struct lease lease, read;
    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    const int error = lease_read(text, &lease, why);
    if (error != 0 ? *why == '\0' || lease.bound : *why != '\0')
        abort();
    if (!lease.bound)
        return 0;
    const int length = lease_format(&lease, again);
    if (length <= 0 || length >= LEASE_TEXT_BYTES || lease_read(again, &read, why) != 0 ||
        !port_range_equal(&lease.held, &read.held) || lease.until_s != read.until_s || lease.mtu != read.mtu ||
        lease.gateway.host != read.gateway.host || lease.dns_count != read.dns_count)
        abort();
    return 0;
}
