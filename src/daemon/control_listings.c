/* control_listings.c: see control_listings.h. */
#include "control_listings.h"

#include "pearpd/port_range.h"

#include "account_report.h"
#include "control_answer.h"
#include "report.h"

#include <string.h>

/* table. */

/* A published address answers for no port. */
static bool has_port_of(const struct table_entry *entry, const struct range *range)
{
    struct port_range held = {.range = entry->range}, wanted = {.range = *range};
    if (entry->has_psid)
        held = port_range_of_set(entry->range.address, entry->psid, entry->psid_id);
    return entry->state != BINDING_PUBLISHED && port_range_overlaps(&held, &wanted);
}

static bool is_wanted(const struct control_request *request, const struct table_entry *entry)
{
    if (request->has_port)
        return has_port_of(entry, &request->range);
    if (request->has_address)
        return entry->range.address.host == request->range.address.host;
    if (!mac_is_zero(request->mac))
        return mac_equal(entry->mac, request->mac);
    return *request->name == '\0' || strcmp(entry->name, request->name) == 0;
}

bool listing_table_next(struct control_asker *asker)
{
    struct table_entry entry;
    if (!engine_table_next(asker_engine(asker), asker_now_ns(asker), &asker->walk.table, &entry))
        return false;
    if (is_wanted(&asker->request, &entry))
        report_live_entry(&asker->walk.json, asker_config(asker), &entry);
    return true;
}

/* services, leases. */

bool listing_services_next(struct control_asker *asker)
{
    struct service_entry entry;
    if (!engine_services_next(asker_engine(asker), asker_now_ns(asker), &asker->walk.services, &entry))
        return false;
    report_service(&asker->walk.json, &entry);
    return true;
}

bool listing_leases_next(struct control_asker *asker)
{
    struct lease_entry lease;
    if (!engine_pool_next(asker_engine(asker), asker_now_ns(asker), &asker->walk.leases, &lease))
        return false;
    report_lease(&asker->walk.json, &lease);
    return true;
}

/* denied. */

bool listing_denied_next(struct control_asker *asker)
{
    struct denied_entry entry;
    if (!engine_denied_next(asker_engine(asker), &asker->walk.denied, &entry))
        return false;
    report_denied(&asker->walk.json, &entry);
    return true;
}

/* account: of one owner, or of all. */

int listing_account_open(struct control_asker *asker)
{
    struct control_request *request = &asker->request;
    const struct engine *engine = asker_engine(asker);
    struct account_entry entry;
    if (request->has_port &&
        engine_owner(engine, request->range.address, request->range.first, &request->mac) != 0) {
        answer_error(asker, "nobody owns the port");
        return -1;
    }
    if (!mac_is_zero(request->mac) && engine_account_find(engine, request->mac, &entry) != 0) {
        answer_error(asker, "nothing was counted for that MAC address");
        return -1;
    }
    json_array_begin(answer_begin(asker));
    return 0;
}

static void report_owner(struct control_asker *asker, struct mac owner)
{
    const struct control_target *target = asker->target;
    if (target->book != NULL)
        target->book(target->context, owner);
    account_report(&asker->walk.json, asker_engine(asker), target->months, owner, asker->request.month);
}

bool listing_account_next(struct control_asker *asker)
{
    struct account_entry entry;
    if (!mac_is_zero(asker->request.mac)) {
        report_owner(asker, asker->request.mac);
        return false;
    }
    if (!engine_accounts_next(asker_engine(asker), &asker->walk.accounts, &entry))
        return false;
    report_owner(asker, entry.mac);
    return true;
}

/* stats. */

int listing_stats_open(struct control_asker *asker)
{
    const struct control_target *target = asker->target;
    struct json *j = answer_begin(asker);
    json_object_begin(j);
    report_counts(j, asker_engine(asker));
    if (target->more_stats != NULL)
        target->more_stats(target->context, j);
    json_key(j, "hosts");
    json_array_begin(j);
    return 0;
}

bool listing_stats_next(struct control_asker *asker)
{
    struct json *j = &asker->walk.json;
    struct host_entry host;
    if (asker->walk.hosts_are_done)
        return listing_table_next(asker);
    if (engine_hosts_next(asker_engine(asker), &asker->walk.hosts, &host)) {
        report_host(j, &host);
        return true;
    }
    asker->walk.hosts_are_done = true;
    json_array_end(j);
    json_key(j, "table");
    json_array_begin(j);
    return true;
}

void listing_stats_close(struct control_asker *asker)
{
    json_array_end(&asker->walk.json);
    json_object_end(&asker->walk.json);
}
