/* claim_budget.h: how many statements of hosts (CLAIM, RELEASE, CONFLICT) are read (docs/pe-arp.md#rates).
 * In: the host that sent it, and what reading it costs. Out: whether it is read. Called by: pe_arp_rules.
 *
 * Hosts that own ports have [limits] claim-rate together, and all others another claim-rate, so that no number of MAC
 * addresses takes the budget of those that are known. Within each, half is kept for hosts that had nothing for 10 s. A
 * port set whose spans are walked takes as much as several plain ranges. */
#ifndef PEARPD_CORE_CLAIM_BUDGET_H
#define PEARPD_CORE_CLAIM_BUDGET_H

#include "pearpd/addr.h"
#include "pearpd/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct claim_budget;

/* NULL: out of memory. */
struct claim_budget *claim_budget_new(void);
void claim_budget_free(struct claim_budget *budget);
void claim_budget_carry(struct engine *e, const struct engine *old);

/* Takes one statement of `host`. False: it is not read. */
bool claim_budget_take(struct engine *e, struct mac host);
/* What the last one that was taken costs besides: `spans` spans are walked. */
void claim_budget_charge(struct engine *e, unsigned spans);

#endif
