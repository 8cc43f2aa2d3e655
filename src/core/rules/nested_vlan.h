/* nested_vlan.h: frames of hosts in nested or priority tags, which the bridge passes untouched and receivers strip.
 * Called by: engine. */
#ifndef PEARPD_CORE_NESTED_VLAN_H
#define PEARPD_CORE_NESTED_VLAN_H

#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdbool.h>

/* False: the frame goes no further, *verdict says why. */
bool nested_vlan_check(struct engine *e, const struct rx_frame *rx, struct verdict *verdict);

#endif
