/* dns_key.h: a TSIG key (RFC 8945): plain data. Included by: service, nsupdate, service_schema. */
#ifndef PEARPD_AGENT_DNS_KEY_H
#define PEARPD_AGENT_DNS_KEY_H

#include "pearpd/dns_name.h"

#include <stddef.h>
#include <stdint.h>

#define DNS_SECRET_BYTES 64 /* the block of SHA-256: longer keys are hashed and gain nothing */

/* Of HMAC-SHA-256. */
struct dns_key {
    struct dns_name name;
    uint8_t secret[DNS_SECRET_BYTES];
    size_t secret_length;
};

#endif
