/* host_sysctls.h: the sysctls of a host that shares an address (docs/pe-arp.md#host-requirements).
 * In: what is held, what is there. Out: a record of what differs (undo.h), applied and undone.
 * Called by: host_settings. Never: adds an address, a route or a rule. */
#ifndef PEARPD_AGENT_HOST_SYSCTLS_H
#define PEARPD_AGENT_HOST_SYSCTLS_H

#include "undo.h"

/* Adds to *undo what has to be changed for undo->held on undo->interface. 0, or -Exxx after one line in the log.
 * The kernel picks ports for all addresses from one span: it is made to reach from the lowest to the highest port
 * held, and what lies between the ranges is reserved, which keeps the kernel from picking it. */
int host_sysctls_plan(struct undo *undo);

/* Makes the changes. 0, or -Exxx after one line in the log. */
int host_sysctls_apply(const struct undo *undo);

/* The name of the first that is not as wished, changed by us or not; NULL: all are. */
const char *host_sysctls_missing(const struct undo *undo);

/* Restores them; those of the interface by the name that it has now, NULL: it is gone. 0, or the first -Exxx, each
 * after a line in the log. */
int host_sysctls_undo(const struct undo *undo, const char *interface);

/* Prints the commands that do the same as host_sysctls_apply(). */
void host_sysctls_print(const struct undo *undo);

#endif
