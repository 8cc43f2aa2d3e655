/* service_records.c: see service_records.h. */
#include "service_records.h"

#include "pearpd/l4.h"

#include <stdio.h>
#include <string.h>

#define FULL_NAME_BYTES (DNS_NAME_TEXT_BYTES + 2 * SERVICE_NAME_BYTES)

/* The port `behind` ports after the first. False: the range has fewer. */
static bool port_behind(const struct port_range *held, uint32_t behind, uint16_t *port)
{
    const unsigned spans = port_range_spans(held);
    for (unsigned i = 0; i < spans; i++) {
        const struct port_span span = port_range_span(held, i);
        const uint32_t ports = span.last - span.first + 1U;
        if (behind < ports) {
            *port = (uint16_t)(span.first + behind);
            return *port != 0;
        }
        behind -= ports;
    }
    return false;
}

bool service_on(const struct service_config *service, const struct port_range *held,
                struct service_config *there)
{
    *there = *service;
    if (service->address.host != 0 && service->address.host != held->range.address.host)
        return false;
    there->address = held->range.address;
    return service->port != 0 ? port_range_has(held, service->port)
                              : port_behind(held, service->behind, &there->port);
}

/* Puts `labels` before a name. False: it becomes too long. */
static bool name_below(const char *labels, const struct dns_name *parent, struct dns_name *name)
{
    char text[FULL_NAME_BYTES];
    snprintf(text, sizeof(text), "%s.%s", labels, parent->text);
    return dns_name_parse(text, name) == 0;
}

bool service_srv_name(const struct service_config *service, struct dns_name *name)
{
    char labels[2 * SERVICE_NAME_BYTES];
    snprintf(labels, sizeof(labels), "_%s._%s", service->name, l4_protocol_name(service->protocol));
    return name_below(labels, &service->host, name);
}

/* RFC 9460 2.3 and 9: HTTPS is at the name itself, SVCB below it by the name of the scheme. The priority 0
 * means something else there. False: a name is too long. */
static bool make_svcb(const struct service_config *service, bool https, uint32_t ttl_s,
                      struct dns_record *record)
{
    const uint16_t priority = service->priority < UINT16_MAX ? service->priority + 1 : UINT16_MAX;
    struct dns_name name = service->host;
    char label[SERVICE_NAME_BYTES + 1];
    snprintf(label, sizeof(label), "_%s", service->name);
    if (!https && !name_below(label, &service->host, &name))
        return false;
    dns_record_svcb(record, https ? DNS_TYPE_HTTPS : DNS_TYPE_SVCB, &name, ttl_s, priority, service->port,
                    service->alpn, &service->target);
    return true;
}

unsigned service_records(const struct service_config *service, uint32_t ttl_s,
                         struct dns_record records[static SERVICE_RECORDS_MOST])
{
    const bool https = service->svcb == SERVICE_HTTPS ||
                       (service->svcb == SERVICE_AUTO && strcmp(service->name, "https") == 0);
    unsigned count = 0;
    struct dns_name name;
    if (!service_srv_name(service, &name))
        return 0;
    dns_record_srv(&records[count++], &name, ttl_s, service->priority, service->weight, service->port,
                   &service->target);
    if ((https || service->svcb == SERVICE_SVCB) && !make_svcb(service, https, ttl_s, &records[count++]))
        return 0;
    if (service->publish_address)
        dns_record_a(&records[count++], &service->target, ttl_s, service->address);
    return count;
}
