/* pe_arp_rules.h: PE-ARP that comes in (docs/pe-arp.md#messages).
 * In: messages from hosts. Out: challenges; bindings, but only by REPLYs to open REQUESTs. Called by: engine.
 * Never: believes a statement that nobody asked for. */
#ifndef PEARPD_CORE_PE_ARP_RULES_H
#define PEARPD_CORE_PE_ARP_RULES_H

#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdbool.h>

/* False: it is not PE-ARP. */
bool pe_arp_rule(struct engine *e, struct rx_frame *rx, struct verdict *verdict);

#endif
