/* service.c: see service.h. */
#include "service.h"

#include "engine_state.h"
#include "tables/binding.h"
#include "tables/binding_query.h"
#include "tables/host_share.h"
#include "tables/service_table.h"

static void give_back(struct engine *e, const struct binding *b, uint32_t count)
{
    while (count-- > 0)
        host_give_back(e->host_shares, b->owner, SHARE_SERVICES);
}

void service_end(struct engine *e, struct binding *b)
{
    if (b->services != 0)
        give_back(e, b, service_remove(e->services, &b->services, true));
}

static void keep(struct engine *e, struct binding *b, const struct pe_arp_service *announced)
{
    const struct limits *l = &e->config.limits;
    struct service *s = service_find(e->services, b->services, announced);
    if (s == NULL && host_take(e->host_shares, b->owner, SHARE_SERVICES, host_share(l, l->services))) {
        s = service_add(e->services, &b->services, announced);
        if (s != NULL)
            s->since_ns = e->now_ns;
        else
            host_give_back(e->host_shares, b->owner, SHARE_SERVICES);
    }
    if (s != NULL)
        s->in_reply = true;
    else
        e->stats.counters[COUNTER_SERVICES_REFUSED]++;
}

/* The services in the REPLY replace those that the owner announced before. */
static void renew(struct engine *e, struct binding *b, const struct pe_arp *m)
{
    struct pe_arp_service announced;
    size_t at = 0;
    for (struct service *s = service_first(e->services, b->services); s != NULL;
         s = service_after(e->services, s))
        s->in_reply = false;
    /* In two passes: services that are no longer announced make room first. */
    while (pe_arp_service_next(m, &at, &announced)) {
        struct service *s = service_find(e->services, b->services, &announced);
        if (s != NULL)
            s->in_reply = true;
    }
    give_back(e, b, service_remove(e->services, &b->services, false));
    at = 0;
    while (pe_arp_service_next(m, &at, &announced))
        if (port_range_has(&b->ports, announced.port))
            keep(e, b, &announced);
}

void service_learn(struct engine *e, const struct port_range *ports, const struct pe_arp *m)
{
    struct pe_arp_service announced;
    size_t first = 0;
    const bool some = pe_arp_service_next(m, &first, &announced);
    uint32_t at = 0;
    const struct binding *before = NULL;
    for (struct binding *b; (b = binding_overlap_next(e, ports, &at)) != NULL; before = b)
        if (b != before && mac_equal(b->owner, m->sha) && (some || b->services != 0))
            renew(e, b, m);
}

void service_carry(struct engine *e, struct binding *kept, struct engine *old, const struct binding *was)
{
    if (kept != NULL)
        kept->services = 0;
    for (const struct service *s = service_first(old->services, was->services); s != NULL;
         s = service_after(old->services, s)) {
        const struct pe_arp_service same = {
            .protocol = s->protocol, .port = s->port, .name = s->name, .name_length = s->name_length};
        struct service *added = kept == NULL ? NULL : service_add(e->services, &kept->services, &same);
        if (added == NULL)
            continue;
        added->since_ns = s->since_ns;
        host_take(e->host_shares, was->owner, SHARE_SERVICES, UINT32_MAX);
    }
}

bool engine_services_next(const struct engine *engine, uint64_t now_ns, struct service_cursor *cursor,
                          struct service_entry *entry)
{
    while (cursor->address_index < engine->config.address_count) {
        const struct binding *b = binding_from(engine, cursor->address_index, cursor->port);
        if (b == NULL) {
            *cursor = (struct service_cursor){.address_index = cursor->address_index + 1};
            continue;
        }
        uint32_t index = 0;
        const struct service *s = service_first(engine->services, b->services);
        while (s != NULL && index < cursor->index) {
            s = service_after(engine->services, s);
            index++;
        }
        if (s == NULL) {
            *cursor = (struct service_cursor){cursor->address_index, b->ports.range.first + 1U, 0};
            continue;
        }
        cursor->index++;
        *entry = (struct service_entry){.name = s->name,
                                        .protocol = s->protocol,
                                        .address = b->ports.range.address,
                                        .port = s->port,
                                        .mac = b->owner,
                                        .owner = b->name,
                                        .age_ns = now_ns > s->since_ns ? now_ns - s->since_ns : 0};
        return true;
    }
    return false;
}
