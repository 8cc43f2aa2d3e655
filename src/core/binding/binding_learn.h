/* binding_learn.h: how an owner is learned: from its traffic, via PE-ARP, via DHCP.
 * In: first frames, REPLYs that count, leases. Out: bindings; what they overlap is cut or ended.
 * Called by: source_guard, pe_arp_rules, dhcp_rules, dhcp_server, lease, resolver. Never: sends. */
#ifndef PEARPD_CORE_BINDING_LEARN_H
#define PEARPD_CORE_BINDING_LEARN_H

#include "pearpd/engine.h"
#include "pearpd/port_range.h"

#include "tables/binding.h"

#include <stdbool.h>
#include <stdint.h>

/* The first frame from a port that nobody owns (docs/forwarding.md#traffic-learning): its aligned block, or NULL. */
struct binding *binding_learn_traffic(struct engine *e, uint32_t address_index, uint16_t port,
                                      struct mac owner);

/* A REPLY that counts gives `ports` to `owner`, at least those around `asked`, for lifetime_s (0: the default). 0;
 * -EEXIST: another live owner has one of them. */
int binding_learn_pe_arp(struct engine *e, const struct port_range *ports, uint16_t asked, struct mac owner,
                         uint16_t lifetime_s, struct mac previous);

/* A lease of the address's server gives `ports` to `owner` for left_ns (ENGINE_NEVER: for ever), or for longer.
 * Frames that wait for them are the caller's to release. 0; -EPERM: the host is denied, or a permanent range or a
 * lease of another host is there, which was emitted; -ENOSPC: the table is full. */
int binding_learn_lease(struct engine *e, const struct port_range *ports, struct mac owner, uint64_t left_ns);

/* True where the host is denied ([deny], pearpctl deny): counts and emits that it asked for ports, those of `range` where
 * they are known, or used them. */
bool binding_is_denied(struct engine *e, struct range range, struct mac host);

/* True where `owner` may learn `ports` beside what it owns of the address already ([limits] host-ports). */
bool binding_may_own_more(struct engine *e, const struct port_range *ports, struct mac owner);

#endif
