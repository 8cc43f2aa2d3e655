/* service_records.h: one service as plain data, and the records that publish it.
 * In: one [service]. Out: its records. Called by: service, configuration. Never: publishes. */
#ifndef PEARPD_AGENT_SERVICE_RECORDS_H
#define PEARPD_AGENT_SERVICE_RECORDS_H

#include "pearpd/addr.h"
#include "pearpd/range_list.h"

#include "dns_record.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_NAME_BYTES   16 /* RFC 6335 5.1: 15 letters and a NUL */
#define SERVICE_RECORDS_MOST 3

/* The record beside SRV; auto: HTTPS for a service named https. */
enum service_svcb { SERVICE_AUTO, SERVICE_NONE, SERVICE_HTTPS, SERVICE_SVCB };

/* One [service NAME]. */
struct service_config {
    char name[SERVICE_NAME_BYTES];
    uint8_t protocol; /* IP protocol: TCP or UDP */
    uint16_t port;    /* 0: not known yet */
    bool is_behind;   /* it is `behind` ports after the first of the host's */
    uint16_t behind;
    struct ipv4 address;    /* the shared address; 0.0.0.0: the one whose range has the port */
    struct dns_name zone;   /* the zone that is updated */
    struct dns_name host;   /* clients ask for _NAME._PROTOCOL.HOST; the zone or below it */
    struct dns_name target; /* the host name with the shared address */
    uint16_t priority, weight;
    enum service_svcb svcb;
    char alpn[DNS_ALPN_TEXT_BYTES + 1];
    bool publish_address; /* the target's A record too */
};

/* Where the service is in the range `held`: *there is `service` with port and address filled in. False: it is not in it. */
bool service_on(const struct service_config *service, const struct port_range *held,
                struct service_config *there);

/* _NAME._PROTOCOL.HOST. False: it is too long. */
bool service_srv_name(const struct service_config *service, struct dns_name *name);

/* All of its records, SRV first. Their number; 0: a name is too long. */
unsigned service_records(const struct service_config *service, uint32_t ttl_s,
                         struct dns_record records[static SERVICE_RECORDS_MOST]);

#endif
