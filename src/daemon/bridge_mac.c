/* bridge_mac.c: see bridge_mac.h. */
#include "bridge_mac.h"

static struct mac derive(uint8_t third, struct mac from)
{
    struct mac mac = {{0x02, 0x50, third, from.octets[3], from.octets[4], from.octets[5]}};
    if (mac_equal(mac, from))
        mac.octets[2] ^= 1;
    return mac;
}

struct mac bridge_mac_of(struct mac interface)
{
    return derive(0x45, interface);
}

struct mac router_mac_of(struct mac bridge)
{
    return derive(0x52, bridge);
}
