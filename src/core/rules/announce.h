/* announce.h: what the bridge sends unasked: gratuitous ARP upstream, HELLO downstream.
 * Called by: engine (start, links, timers), engine_reload, arp_rules (defence). */
#ifndef PEARPD_CORE_ANNOUNCE_H
#define PEARPD_CORE_ANNOUNCE_H

#include "pearpd/arp.h"

#include "engine_state.h"

#include <stdbool.h>
#include <stdint.h>

struct announcer;

/* NULL: out of memory. */
struct announcer *announcer_new(void);
void announcer_free(struct announcer *announcer);

void announce_upstream(struct engine *e);
void announce_downstream(struct engine *e);
void announce_address(struct engine *e, uint32_t address_index);
/* The gateway that the configuration names for the address; zero: none. */
struct ipv4 announce_gateway(const struct engine *e, uint32_t address_index);
/* True where who sent this request for the address may be named as its gateway: a configured one, or router-mac where
 * none is configured. */
bool announce_is_gateway(const struct engine *e, uint32_t address_index, const struct arp *request);
void announce_due(struct engine *e, enum timer_kind kind);

/* True once HELLO repeats. */
bool announce_has_begun(const struct engine *e);
/* Puts HELLO off to its first turn at or after `until_ns`. */
void announce_postpone(struct engine *e, uint64_t until_ns);

#endif
