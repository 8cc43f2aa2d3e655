/* claim_budget.c: see claim_budget.h. */
#include "claim_budget.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/event_emit.h"
#include "tables/account.h"
#include "tables/host.h"
#include "tables/range_macs.h"

#include <stdlib.h>

#define SERVED_NS  (10 * NS_PER_S)
#define UNIT_SPANS 64 /* are walked in the time of one plain range */

struct claim_budget {
    struct rate owners, others, events;
    struct rate *last; /* that was taken of; NULL: none was */
};

struct claim_budget *claim_budget_new(void)
{
    return calloc(1, sizeof(struct claim_budget));
}

void claim_budget_free(struct claim_budget *budget)
{
    free(budget);
}

void claim_budget_carry(struct engine *e, const struct engine *old)
{
    *e->claim_budget = *old->claim_budget;
    e->claim_budget->last = NULL;
}

static void emit_refused(struct engine *e, struct mac host)
{
    if (rate_take(&e->claim_budget->events, rate_limit_of(1, 1), e->now_ns))
        event_emit_refused(e, SIDE_DOWNSTREAM, host, "more claims of all hosts than [limits] claim-rate");
}

bool claim_budget_take(struct engine *e, struct mac mac)
{
    struct claim_budget *budget = e->claim_budget;
    struct rate_limit limit = rate_limit_of(e->config.limits.claim_rate, e->config.limits.claim_rate);
    struct rate *class = account_has_binding(e, range_macs_first(e, mac)) ? &budget->owners : &budget->others;
    const struct host *host = host_find(e->hosts, mac);
    if (host != NULL && host->claim_served_ns != 0 && e->now_ns - host->claim_served_ns < SERVED_NS)
        limit.tolerance_ns /= 2;
    if (!rate_take(class, limit, e->now_ns)) {
        emit_refused(e, mac);
        return false;
    }
    host_of(e->hosts, mac)->claim_served_ns = e->now_ns;
    budget->last = class;
    return true;
}

void claim_budget_charge(struct engine *e, unsigned spans)
{
    const uint64_t interval_ns = rate_limit_of(e->config.limits.claim_rate, 1).interval_ns;
    if (e->claim_budget->last != NULL)
        e->claim_budget->last->due_ns += spans / UNIT_SPANS * interval_ns;
}
