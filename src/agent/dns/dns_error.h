/* dns_error.h: why an update was not made, for people.
 * In: what dns_publisher says. Out: a text. Called by: service. Never: logs. */
#ifndef PEARPD_AGENT_DNS_ERROR_H
#define PEARPD_AGENT_DNS_ERROR_H

#include "dns_publisher.h"

#define DNS_ERROR_TEXT_BYTES 640

/* Says what happened and what to look at; `wall_s` is this host's clock. Returns `text`. */
const char *dns_error_format(const struct dns_error *trouble, const struct dns_name *key, uint64_t wall_s,
                             char text[static DNS_ERROR_TEXT_BYTES]);

#endif
