/* forward.h: where a classified packet of a shared address goes.
 * In: a packet with its right and its route. Out: the frame, to the host it is for or upstream; held; a reason.
 * Called by: ipv4_rules, fragment_rules. */
#ifndef PEARPD_CORE_FORWARD_H
#define PEARPD_CORE_FORWARD_H

#include "packet.h"

/* Forwards a classified packet, whole or its first fragment. A ping of a host that is sent is noted. */
struct verdict forward_packet(struct engine *e, struct rx_frame *rx, const struct shared_packet *s);
/* True for a frame on its way to a host downstream that a switch flooded to the bridge's port: it is not forwarded. */
bool forward_stays(struct engine *e, const struct rx_frame *rx, const struct shared_packet *s);
/* Forwards a later fragment of its datagram. */
struct verdict forward_later(struct engine *e, struct rx_frame *rx, const struct shared_packet *s);

#endif
