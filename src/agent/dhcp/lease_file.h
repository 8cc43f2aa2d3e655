/* lease_file.h: the lease of an interface on disk, where a client's hook leaves it for the agent: INTERFACE.lease.
 * In and out: struct lease. Called by: lease_command, lease_follower. Never: decides about a lease. */
#ifndef PEARPD_AGENT_LEASE_FILE_H
#define PEARPD_AGENT_LEASE_FILE_H

#include "lease.h"

#include <stdbool.h>
#include <stdint.h>

/* Writes a lease that is bound, whole or not at all. 0 or -Exxx. */
int lease_file_write(int directory, const char *interface, const struct lease *lease);

/* 0, also when there was none; -Exxx. */
int lease_file_remove(int directory, const char *interface);

/* Reads it. *lease is not bound where there is none, or its time is over. 0, or -Exxx after one line in the log. */
int lease_file_read(int directory, const char *interface, uint64_t now_s, struct lease *lease);

/* A descriptor that becomes readable when files of the directory change, or -Exxx. */
int lease_file_watch(int directory);

/* Takes what is to be read there. True: the interface's lease was written or removed. */
bool lease_file_changed(int watch, const char *interface);

#endif
