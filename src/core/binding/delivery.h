/* delivery.h: the last step of a frame to a host.
 * In: a frame for a shared address, its host. Out: the frame under the host's MAC, counted. Called by: forward,
 * resolver.
 * Never: asks who the host is. */
#ifndef PEARPD_CORE_DELIVERY_H
#define PEARPD_CORE_DELIVERY_H

#include "pearpd/engine.h"

#include "tables/binding.h"

/* Sends the frame to `owner`; `binding` is the one that counts it, or NULL. */
struct verdict delivery_to_host(struct engine *e, enum side from, struct frame *frame, struct mac owner,
                                struct binding *binding);

/* Sends the frame to the address's default-host; where there is none, drops it for `reason`. */
struct verdict delivery_to_default_host(struct engine *e, enum side from, struct frame *frame,
                                        uint32_t address_index, enum drop_reason reason);

#endif
