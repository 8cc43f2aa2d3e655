/* service_records.h: what a service is published by: plain data, names and records.
 * In: one [service]. Out: its records. Called by: service, service_schema. Never: publishes. */
#ifndef PEARPD_AGENT_SERVICE_RECORDS_H
#define PEARPD_AGENT_SERVICE_RECORDS_H

#include "pearpd/addr.h"
#include "pearpd/range_list.h"

#include "dns_record.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_NAME_BYTES   16 /* RFC 6335 5.1: 15 letters and a NUL */
#define SERVICE_RECORDS_MOST 3

/* The record that a service is published by beside SRV; auto: HTTPS for one named https. */
enum service_svcb { SERVICE_AUTO, SERVICE_NONE, SERVICE_HTTPS, SERVICE_SVCB };

/* One [service NAME]. */
struct service_config {
    char name[SERVICE_NAME_BYTES];
    uint8_t protocol;       /* IP protocol: TCP or UDP */
    uint16_t port;          /* 0: not known yet */
    bool is_behind;         /* so many ports behind the first that is held */
    uint16_t behind;        /* of that */
    struct ipv4 address;    /* the shared address that it is reached by; 0.0.0.0: that which has the port */
    struct dns_name zone;   /* that is updated */
    struct dns_name host;   /* what clients ask for: _NAME._PROTOCOL.HOST; the zone or below it */
    struct dns_name target; /* the host name whose address is the shared one */
    uint16_t priority, weight;
    enum service_svcb svcb;
    char alpn[DNS_ALPN_TEXT_BYTES + 1];
    bool publish_address; /* the target's A record too */
};

/* Where the service is while `held` is: *there is `service` with port and address filled in. False: it is not on it. */
bool service_on(const struct service_config *service, const struct port_range *held,
                struct service_config *there);

/* _NAME._PROTOCOL.HOST. False: it is too long. */
bool service_srv_name(const struct service_config *service, struct dns_name *name);

/* All of its records, SRV first. Their number; 0: a name is too long. */
unsigned service_records(const struct service_config *service, uint32_t ttl_s,
                         struct dns_record records[static SERVICE_RECORDS_MOST]);

#endif
