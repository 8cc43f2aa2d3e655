/* binding_fit.h: what the configuration of an address lets a host own.
 * In: ports, an origin. Out: true or false. Called by: resolver, dhcp_rules, the entry. Never: looks at what is
 * owned. */
#ifndef PEARPD_CORE_BINDING_FIT_H
#define PEARPD_CORE_BINDING_FIT_H

#include "pearpd/config.h"
#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* True where the configuration lets `owner` have `ports` by `origin`. */
bool binding_fits(const struct engine *e, const struct port_range *ports, struct mac owner,
                  enum binding_origin origin);

/* True where the configuration of the address lets a DHCP server lease `ports`. */
bool binding_fits_lease(const struct config_address *a, const struct port_range *ports);

/* True where a host could own the port by PE-ARP. */
bool binding_is_resolvable(const struct config_address *a, uint16_t port);

#endif
