/* upstream.h: what is upstream, an interface or a tap of this machine's own router, and the MAC addresses that
 * follow from it. Called by: bridge. Never: keeps state. */
#ifndef PEARPD_DAEMON_UPSTREAM_H
#define PEARPD_DAEMON_UPSTREAM_H

#include "pearpd/config.h"
#include "pearpd/frame_port.h"
#include "pearpd/netlink.h"

#include <stdbool.h>
#include <stddef.h>

/* Fills in what `mac = auto` and, where upstream is a tap that is there, a missing router-mac mean.
 * 0, or -1 and a message: the interface to derive from is not there, or the tap has the bridge MAC. */
int upstream_find_macs(struct netlink *netlink, struct config *config, char *message, size_t size);

/* The same at the start, where a tap is attached to as well, and made before where it is not there: with a MAC that
 * stays the same as long as the bridge MAC does, downstream's MTU, and room for `ring-slots` frames. An upstream interface
 * that `mac = auto` needs may come later: `mac_awaited`. 0, or -1 and a message. */
int upstream_start(struct netlink *netlink, struct frame_port *port, struct config *config, char *message,
                   size_t size);

/* The interface that `mac = auto` waits for is there. True: `mac` is known now. */
bool upstream_take_bridge_mac(struct config *config, struct mac interface);

/* Takes a tap's own MAC for the router's where none is given. 1: it is another than before; 0: it is not;
 * -EADDRINUSE: the tap has the bridge MAC. */
int upstream_take_router_mac(struct config *config, struct mac mac);

/* What an error of frame_port_bind() says of the interface. */
const char *upstream_bind_error(const struct config *config, int error);

#endif
