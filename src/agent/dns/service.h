/* service.h: the services of this host: announced to the bridge, and published in the DNS where [dns] names a server.
 * In: the configuration, which ranges the bridge has asked for. Out: TLVs for PE-ARP, records, lines in the log.
 * Called by: agent. Never: holds a range. */
#ifndef PEARPD_AGENT_SERVICE_H
#define PEARPD_AGENT_SERVICE_H

#include "pearpd/addr.h"
#include "pearpd/loop.h"
#include "pearpd/range_list.h"

#include "dns_key.h"
#include "service_records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVICES_MAX       16
#define SERVICE_ZONES_MAX  8
#define SERVICE_TLVS_BYTES 474 /* beside PSID, SEQ and AUTH */

struct services_config {
    bool has_server; /* there is a [dns] section */
    struct ipv4 server;
    uint16_t server_port;
    struct dns_key key;
    uint32_t ttl_s, refresh_s;
    struct service_config services[SERVICES_MAX];
    size_t count;
};

struct services;

/* The state of a service in the DNS. */
enum service_dns {
    SERVICE_DNS_NONE,      /* it is not published: there is no [dns] */
    SERVICE_DNS_WAITING,   /* for the bridge to ask for its range, or for the server */
    SERVICE_DNS_PUBLISHED, /* all its records are there */
    SERVICE_DNS_FAILED,    /* the last update failed, the log says why; it is tried again */
};

/* Where the journal is, and what is called when services_dns() has another answer. */
struct services_owner {
    int directory; /* run_directory() */
    const char *interface;
    void (*changed)(void *context);
    void *context;
};

/* `config` and the interface's name are borrowed. What an earlier agent left in the DNS is withdrawn. NULL: the reason is
 * logged. */
struct services *services_new(struct loop *loop, const struct services_config *config,
                              const struct services_owner *owner);
void services_free(struct services *services);

/* The bridge has asked for `held`: services on its ports are published from now on. The host has lost `held`: they are
 * withdrawn. NULL services: nothing. */
void services_range_asked(struct services *services, const struct port_range *held);
void services_range_lost(struct services *services, const struct port_range *held);

/* The state of service number `index` of the configuration; and its word. */
enum service_dns services_dns(const struct services *services, size_t index);
const char *service_dns_word(enum service_dns dns);

/* The link came up: what failed is tried again now. */
void services_retry(struct services *services);

/* Withdraws all: runs the loop until that is done, for two seconds at most. */
void services_withdraw(struct services *services);

/* The SERVICE TLVs (docs/pe-arp.md#tlv-service) of services on ports of `held`, as many as fit. The bytes written. */
size_t services_tlvs(const struct services_config *config, const struct port_range *held, uint8_t *bytes,
                     size_t size);

#endif
