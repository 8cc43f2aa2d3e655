/* fragment_rules.h: fragmented datagrams (docs/forwarding.md#fragments): virtual reassembly. Called by: ipv4_rules. */
#ifndef PEARPD_CORE_FRAGMENT_RULES_H
#define PEARPD_CORE_FRAGMENT_RULES_H

#include "packet.h"

struct verdict fragment_rule(struct engine *e, struct rx_frame *rx, struct shared_packet *s);

#endif
