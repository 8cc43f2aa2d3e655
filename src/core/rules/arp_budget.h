/* arp_budget.h: how much ARP of hosts may go upstream (docs/forwarding.md#arp-budget).
 * In: the host that sent it. Out: whether it may. Called by: arp_rules.
 *
 * Each host has [limits] arp-rate. Hosts that own ports have [limits] arp-total together, and all others another
 * arp-total, so that no number of MAC addresses takes the budget of those that are known. Within each, half is kept for
 * hosts that had nothing for 10 s: a flood from the same addresses leaves it to the others. */
#ifndef PEARPD_CORE_ARP_BUDGET_H
#define PEARPD_CORE_ARP_BUDGET_H

#include "pearpd/addr.h"
#include "pearpd/engine.h"

#include <stdbool.h>

struct arp_budget;

/* NULL: out of memory. */
struct arp_budget *arp_budget_new(void);
void arp_budget_free(struct arp_budget *budget);
void arp_budget_carry(struct engine *e, const struct engine *old);

/* Takes one frame of `host`. False: it may not go upstream, which was counted for a host that is known. */
bool arp_budget_take(struct engine *e, struct mac host);

#endif
