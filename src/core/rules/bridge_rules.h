/* bridge_rules.h: the two-port learning bridge below everything else (docs/forwarding.md#bridging).
 * In: any frame. Out: whether its source is accepted; the frame, on the other side. Called by: engine, other rules. */
#ifndef PEARPD_CORE_BRIDGE_RULES_H
#define PEARPD_CORE_BRIDGE_RULES_H

#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdbool.h>

struct bridge_rules;

/* NULL: out of memory. */
struct bridge_rules *bridge_rules_new(void);
void bridge_rules_free(struct bridge_rules *rules);
void bridge_rules_carry(struct engine *e, const struct engine *old);

/* False: the frame goes no further, *verdict says why. Else its source is learned. */
bool bridge_source_check(struct engine *e, struct rx_frame *rx, struct verdict *verdict);

/* Notes that the frame, from upstream, is a router's: its source is not believed downstream for mac-age. */
void bridge_note_router(struct engine *e, const struct rx_frame *rx);

/* Bridges the frame to the other side, unless its destination is on the side that it came from. */
struct verdict bridge_forward(struct engine *e, struct rx_frame *rx);

/* True where the frame's destination was seen on the side that it came from. */
bool bridge_is_same_side(struct engine *e, const struct rx_frame *rx);

/* True where the MAC can own ports: it is a host's, and not known to be upstream. */
bool bridge_host_can_own(struct engine *e, struct mac mac);

#endif
