/* arp_rules.h: every row of the tables in docs/forwarding.md#arp.
 * In: ARP, untagged or in the configured VLAN. Out: answers, relayed requests and the copies of their answers;
 * nothing that would show the router a host's own MAC. Called by: engine, nested_vlan. */
#ifndef PEARPD_CORE_ARP_RULES_H
#define PEARPD_CORE_ARP_RULES_H

#include "pearpd/engine.h"

#include "rx_frame.h"

#include <stdint.h>

struct verdict arp_rule(struct engine *e, struct rx_frame *rx);

/* Drops and counts the ARP of a host with a shared address as sender. */
struct verdict arp_capture(struct engine *e, const struct rx_frame *rx, uint32_t address_index);

#endif
