/* check_services.c: see check_services.h. */
#include "check_services.h"

#include "config/options.h"
#include "config/reading.h"

#include <string.h>

/* Which range the port is in. It stays open where a lease is to come. */
static void check_address(struct ini_file *file, struct service_config *service, unsigned line)
{
    const struct agent_options *o = ini_target(file);
    const struct range_list *list = &o->held;
    const bool leased = o->dhcp != DHCP_CLIENT_NONE;
    struct service_config there, found = {.port = 0};
    for (size_t i = 0; i < list->count && !(service->is_behind && leased); i++) {
        if (!service_on(service, &list->ranges[i], &there))
            continue;
        if (found.port == 0)
            found = there;
        else if (!service->is_behind) {
            ini_fault(file, line,
                      "[service %s]: port %u is in ranges of several addresses: name one with address",
                      service->name, service->port);
            return;
        }
    }
    if (found.port != 0)
        *service = found;
    else if (!leased && service->is_behind)
        ini_fault(file, line, "[service %s]: there is no port +%u in the host's ranges", service->name,
                  service->behind);
    else if (!leased)
        ini_fault(file, line, "[service %s]: port %u is outside of the host's ranges", service->name,
                  service->port);
}

/* Zone, host and target, one below the other. */
static void check_names(struct ini_file *file, struct service_config *service, unsigned line)
{
    const struct reading *reading = ini_context(file);
    struct dns_name name;
    if (service->zone.length == 0)
        service->zone = reading->default_zone;
    if (service->zone.length == 0) {
        ini_fault(file, line, "[service %s]: zone is missing, here and in [dns]", service->name);
        return;
    }
    if (service->host.length == 0)
        service->host = service->zone;
    if (!dns_name_in(&service->host, &service->zone))
        ini_fault(file, line, "[service %s]: host is outside of the zone", service->name);
    if (service->publish_address && !dns_name_in(&service->target, &service->zone))
        ini_fault(file, line, "[service %s]: publish-address: the target is outside of the zone",
                  service->name);
    if (!service_srv_name(service, &name))
        ini_fault(file, line, "[service %s]: the name of its records is too long", service->name);
}

static bool is_same_service(const struct service_config *a, const struct service_config *b)
{
    return strcmp(a->name, b->name) == 0 && a->protocol == b->protocol && a->port == b->port &&
           a->is_behind == b->is_behind && a->behind == b->behind && a->address.host == b->address.host &&
           dns_name_equal(&a->host, &b->host);
}

/* The publisher has room for a limited number of zones. */
static void check_zones(struct ini_file *file)
{
    const struct services_config *c = &((struct agent_options *)ini_target(file))->services;
    const struct reading *reading = ini_context(file);
    unsigned zones = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = 0;
        while (k < i && !dns_name_equal(&c->services[i].zone, &c->services[k].zone))
            k++;
        if (k == i && ++zones > SERVICE_ZONES_MAX)
            ini_fault(file, reading->service_lines[i], "[service %s]: one more than %u zones",
                      c->services[i].name, SERVICE_ZONES_MAX);
    }
}

void agent_check_services(struct ini_file *file)
{
    struct services_config *c = &((struct agent_options *)ini_target(file))->services;
    const struct reading *reading = ini_context(file);
    for (size_t i = 0; i < c->count; i++) {
        struct service_config *service = &c->services[i];
        if ((service->port == 0 && !service->is_behind) || service->target.length == 0)
            continue; /* reported already */
        check_address(file, service, reading->service_lines[i]);
        check_names(file, service, reading->service_lines[i]);
        for (size_t k = 0; k < i; k++)
            if (is_same_service(service, &c->services[k])) {
                ini_fault(file, reading->service_lines[i], "[service %s]: is already at line %u", service->name,
                          reading->service_lines[k]);
                break;
            }
    }
    check_zones(file);
}
