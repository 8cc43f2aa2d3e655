/* arp_budget.c: see arp_budget.h. */
#include "arp_budget.h"

#include "pearpd/rate.h"
#include "pearpd/time_units.h"

#include "engine_state.h"
#include "out/event_emit.h"
#include "tables/account.h"
#include "tables/host.h"
#include "tables/range_macs.h"

#include <stdlib.h>

#define SERVED_NS (10 * NS_PER_S)

struct arp_budget {
    struct rate owners, others, events;
};

struct arp_budget *arp_budget_new(void)
{
    return calloc(1, sizeof(struct arp_budget));
}

void arp_budget_free(struct arp_budget *budget)
{
    free(budget);
}

void arp_budget_carry(struct engine *e, const struct engine *old)
{
    *e->arp_budget = *old->arp_budget;
}

/* `host`: NULL for one without an entry. */
static bool take_of_class(struct engine *e, struct rate *class, const struct host *host)
{
    struct rate_limit limit = rate_limit_of(e->config.limits.arp_total, e->config.limits.arp_total);
    if (host != NULL && host->arp_served_ns != 0 && e->now_ns - host->arp_served_ns < SERVED_NS)
        limit.tolerance_ns /= 2;
    return rate_take(class, limit, e->now_ns);
}

static bool is_within_rate(const struct engine *e, const struct host *host)
{
    const uint32_t per_second = e->config.limits.arp_rate;
    return rate_next(&host->arp, rate_limit_of(per_second, per_second), e->now_ns) <= e->now_ns;
}

bool arp_budget_take(struct engine *e, struct mac mac)
{
    const uint32_t per_second = e->config.limits.arp_rate;
    struct arp_budget *budget = e->arp_budget;
    const bool is_owner = account_has_binding(e, range_macs_first(e, mac));
    struct rate *class = is_owner ? &budget->owners : &budget->others;
    struct host *host = host_find(e->hosts, mac);
    if (host != NULL && !is_within_rate(e, host)) {
        host->arp_limited++;
        if (host_may_emit(host, EVENT_REFUSED, e->now_ns))
            event_emit_refused(e, SIDE_DOWNSTREAM, mac, "more ARP requests than [limits] arp-rate");
        return false;
    }
    if (!take_of_class(e, class, host)) {
        if (host != NULL)
            host->arp_limited++;
        if (rate_take(&budget->events, rate_limit_of(1, 1), e->now_ns))
            event_emit_refused(e, SIDE_DOWNSTREAM, mac, "more ARP of all hosts than [limits] arp-total");
        return false;
    }
    host = host_of(e->hosts, mac);
    rate_take(&host->arp, rate_limit_of(per_second, per_second), e->now_ns);
    host->arp_served_ns = e->now_ns;
    return true;
}
