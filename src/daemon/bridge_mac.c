/* bridge_mac.c: see bridge_mac.h. */
#include "bridge_mac.h"

struct mac bridge_mac_of(struct mac upstream)
{
    struct mac mac = {{0x02, 0x50, 0x45, upstream.octets[3], upstream.octets[4], upstream.octets[5]}};
    if (mac_equal(mac, upstream))
        mac.octets[2] ^= 1;
    return mac;
}
