/* source_guard.h: source validation (SAVI, RFC 7039): a host sends only what it has the right to.
 * In: a host's frame and the right that it needs. Out: whether it passes; a binding where nobody owned the port.
 * Called by: forward, nested_vlan. */
#ifndef PEARPD_CORE_SOURCE_GUARD_H
#define PEARPD_CORE_SOURCE_GUARD_H

#include "pearpd/engine.h"

#include "route.h"
#include "rx_frame.h"

#include <stdbool.h>
#include <stdint.h>

/* False: dropped, *verdict says why. Learns from traffic where it may. */
bool source_guard_check(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                        const struct right *right, struct verdict *verdict);

/* The same, and nothing is learned or counted for an owner. */
bool source_guard_peek(struct engine *e, const struct rx_frame *rx, uint32_t address_index,
                       const struct right *right, struct verdict *verdict);

#endif
