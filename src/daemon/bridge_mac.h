/* bridge_mac.h: `mac = auto`, and the MAC of a tap that pearpd makes. */
#ifndef PEARPD_DAEMON_BRIDGE_MAC_H
#define PEARPD_DAEMON_BRIDGE_MAC_H

#include "pearpd/addr.h"

/* A locally administered MAC that stays the same as long as the interface's own does, and never equals it:
 * 02:50:45 ("PE") and the interface's last three octets. */
struct mac bridge_mac_of(struct mac interface);

/* The same for the router behind a tap, from the bridge MAC: 02:50:52 ("PR"). */
struct mac router_mac_of(struct mac bridge);

#endif
