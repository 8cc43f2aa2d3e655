/* dns_error.h: why an update was not made, for people.
 * In: what dns_publisher reports. Out: a text. Called by: service. Never: logs. */
#ifndef PEARPD_AGENT_DNS_ERROR_H
#define PEARPD_AGENT_DNS_ERROR_H

#include "dns_publisher.h"

#define DNS_ERROR_TEXT_BYTES 640

/* Says what happened and what to check; `key` is the name of the TSIG key. Returns `text`. */
const char *dns_error_format(const struct dns_error *error, const struct dns_name *key,
                             char text[static DNS_ERROR_TEXT_BYTES]);

#endif
