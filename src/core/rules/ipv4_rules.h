/* ipv4_rules.h: IPv4 to and from shared addresses (docs/forwarding.md#ipv4-to-shared).
 * In: IPv4, untagged or in the configured VLAN. Out: a verdict. Called by: engine. */
#ifndef PEARPD_CORE_IPV4_RULES_H
#define PEARPD_CORE_IPV4_RULES_H

#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdbool.h>

/* False: neither source nor destination is shared. */
bool ipv4_rule(struct engine *e, struct rx_frame *rx, struct verdict *verdict);

#endif
