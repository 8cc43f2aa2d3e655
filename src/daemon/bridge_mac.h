/* bridge_mac.h: `mac = auto`. */
#ifndef PEARPD_DAEMON_BRIDGE_MAC_H
#define PEARPD_DAEMON_BRIDGE_MAC_H

#include "pearpd/addr.h"

/* A locally administered MAC that stays the same as long as upstream's own does, and never equals it:
 * 02:50:45 ("PE") and upstream's last three octets. */
struct mac bridge_mac_of(struct mac upstream);

#endif
