/* service.h: the services of this host: told to the bridge, and published in the DNS where [dns] names a server.
 * In: the configuration, which ranges the bridge has heard of. Out: TLVs for PE-ARP, records, lines in the log.
 * Called by: agent. Never: holds a range. */
#ifndef PEARPD_AGENT_SERVICE_H
#define PEARPD_AGENT_SERVICE_H

#include "pearpd/addr.h"
#include "pearpd/dns_message.h"
#include "pearpd/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVICES_MAX       16
#define SERVICE_NAME_BYTES 16 /* RFC 6335 5.1: 15 letters and a NUL */

/* Records that a service is published by, beside SRV. */
enum { SERVICE_HTTPS = 1, SERVICE_SVCB = 2 };

/* One [service NAME]. */
struct service_config {
    char name[SERVICE_NAME_BYTES];
    uint8_t protocol; /* IP protocol: TCP or UDP */
    uint16_t port;
    struct ipv4 address;    /* the shared address that it is reached by */
    struct dns_name zone;   /* that is updated */
    struct dns_name host;   /* what clients ask for: _NAME._PROTOCOL.HOST; the zone or below it */
    struct dns_name target; /* the host name whose address is the shared one */
    uint16_t priority, weight;
    unsigned records; /* SERVICE_ bits */
    char alpn[DNS_ALPN_TEXT_BYTES + 1];
    bool publish_address; /* the target's A record too */
};

struct services_config {
    bool has_server; /* [dns] stands there */
    struct ipv4 server;
    uint16_t server_port;
    struct dns_key key;
    uint32_t ttl_s, refresh_s;
    struct service_config services[SERVICES_MAX];
    size_t count;
};

struct services;

/* What is needed to publish, and a record of what an earlier agent left. `config` is borrowed; `directory` and
 * `interface` say where that is kept. NULL: it was said why. */
struct services *services_new(struct loop *loop, const struct services_config *config, int directory,
                              const char *interface);
void services_free(struct services *services);

/* Who asks for a port: whether it is held. */
struct service_holder {
    bool (*holds)(const void *context, struct ipv4 address, uint16_t port);
    const void *context;
};

/* The bridge has heard of what `holder` holds: services on its ports are published from now on; or they are withdrawn,
 * since it is held no longer. */
void services_heard(struct services *services, const struct service_holder *holder);
void services_lost(struct services *services, const struct service_holder *holder);

/* The link came up: what waits for its next try is tried now. */
void services_hurry(struct services *services);

/* Withdraws all: runs the loop until that is done, for two seconds at most. */
void services_withdraw(struct services *services);

/* The SERVICE TLVs (PROTOCOL 1) of what `holder` holds, as many as fit. The bytes written. */
size_t services_tlvs(const struct services_config *config, const struct service_holder *holder, uint8_t *bytes,
                     size_t size);

#endif
