/* forward.h: the way of a judged packet of a shared address.
 * In: a packet with its right and its route. Out: the frame, to the host it is for or upstream; held; a reason.
 * Called by: ipv4_rules, fragment_rules. */
#ifndef PEARPD_CORE_FORWARD_H
#define PEARPD_CORE_FORWARD_H

#include "packet.h"

/* Lets a judged packet, or a fragment of its datagram, go its way. */
struct verdict forward_packet(struct engine *e, struct rx_frame *p, const struct shared_packet *s);

#endif
