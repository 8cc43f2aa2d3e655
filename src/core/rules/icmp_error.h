/* icmp_error.h: ICMP errors, identified by the packet that they quote (docs/forwarding.md#rule-icmp-error; RFC 792,
 * RFC 1122 3.2.2).
 * In: an ICMP error to a shared address, or of a host. Out: its route, or the right that the host needs.
 * Called by: packet, fragment_rules. Never: sends, drops. */
#ifndef PEARPD_CORE_ICMP_ERROR_H
#define PEARPD_CORE_ICMP_ERROR_H

#include "packet.h"

/* Reads what the error quotes into s->inner. */
void icmp_error_read(const struct rx_frame *rx, struct shared_packet *s);
struct route icmp_error_route(struct engine *e, const struct shared_packet *s);
struct right icmp_error_right(struct engine *e, const struct shared_packet *s);
bool inner_packet_equal(const struct inner_packet *a, const struct inner_packet *b);

#endif
