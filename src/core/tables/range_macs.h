/* range_macs.h: hosts that send from several MAC addresses, as [range] of the configuration has them.
 * In: the configuration. Out: a host's first MAC address for any of the others. As large as the configuration makes it;
 * nothing is evicted. Called by: the rules for sources, ARP and IPv4. Never: learns one. */
#ifndef PEARPD_CORE_RANGE_MACS_H
#define PEARPD_CORE_RANGE_MACS_H

#include "pearpd/addr.h"
#include "pearpd/config.h"

struct engine;
struct range_macs;

/* NULL: out of memory. */
struct range_macs *range_macs_new(const struct config *config);
void range_macs_free(struct range_macs *macs);

/* The MAC address by which the host is known that sends from `mac`: most often that one. */
struct mac range_macs_first(const struct engine *e, struct mac mac);

#endif
