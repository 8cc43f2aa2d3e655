/* binding_query.h: searches in the table of bindings, which they do not change.
 * In: ports. Out: the bindings that have them. Called by: all of core. */
#ifndef PEARPD_CORE_BINDING_QUERY_H
#define PEARPD_CORE_BINDING_QUERY_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include "binding.h"

#include <stdbool.h>
#include <stdint.h>

/* Set by the configuration or an operator: no message of a host or server changes it. */
bool binding_origin_is_permanent(enum binding_origin origin);
/* Permanent or leased: no message of a host changes it. */
bool binding_origin_is_fixed(enum binding_origin origin);

/* The next binding that overlaps `ports` from *at (span << 16 | port; start with 0), which is advanced; NULL: no
 * more. */
struct binding *binding_overlap_next(const struct engine *e, const struct port_range *ports, uint32_t *at);

/* True where the owner learned from traffic sent from a port of `ports` in the last 30 s. */
bool binding_sends_from(struct engine *e, struct binding *b, const struct port_range *ports);

/* The binding with the lowest first port from `port` on, or NULL. */
const struct binding *binding_from(const struct engine *e, uint32_t address_index, uint32_t port);

/* The configured binding of `owner` that is exactly `ports`, or NULL. */
struct binding *binding_find_configured(const struct engine *e, const struct port_range *ports,
                                        struct mac owner);

#endif
