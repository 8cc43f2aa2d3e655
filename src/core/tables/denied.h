/* denied.h: hosts that may own nothing ([deny], pearpctl deny).
 * In: MAC addresses, of the configuration and of an operator. Out: whether a host is denied. Called by: the ways to
 * learn, flow, the entry. Never: ends what a host owns.
 *
 * [limits] denied-hosts. Nobody is evicted: a full table refuses the operator's next one. */
#ifndef PEARPD_CORE_DENIED_H
#define PEARPD_CORE_DENIED_H

#include "pearpd/addr.h"

#include <stdbool.h>

struct config;
struct engine;
struct keyed_table;

/* Those of the engine's configuration. NULL: out of memory. */
struct keyed_table *denied_new(const struct engine *e);
/* Copies those that an operator denied (a reload). 0; -EEXIST: the new configuration gives one of them ports; -ENOSPC:
 * [limits] denied-hosts. */
int denied_carry(struct engine *e, const struct engine *old);

/* An operator's. 0, also where it is denied already; -EEXIST: the configuration gives it ports; -ENOSPC: [limits]
 * denied-hosts. */
int denied_add(struct engine *e, struct mac mac);
/* 0; -ENOENT: it is not denied; -EPERM: it is in the configuration. */
int denied_remove(struct engine *e, struct mac mac);

bool is_denied(const struct engine *e, struct mac mac);

#endif
