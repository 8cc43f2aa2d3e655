/* nsupdate.h: updates of the DNS by nsupdate(1), a child (docs/decisions/0018).
 * In: a server, a key, changes. Out: a script for it; what its end means. Called by: service.
 * Never: decides what is published, or when. */
#ifndef PEARPD_AGENT_NSUPDATE_H
#define PEARPD_AGENT_NSUPDATE_H

#include "pearpd/addr.h"
#include "pearpd/child.h"

#include "dns_key.h"
#include "dns_publisher.h"

#include <stddef.h>
#include <stdint.h>

#define NSUPDATE_TEXT_BYTES (1024 + (size_t)DNS_RECORDS_MAX * (DNS_NAME_TEXT_BYTES + DNS_DATA_BYTES + 64))

struct dns_server {
    struct ipv4 address;
    uint16_t port;
    const struct dns_key *key; /* borrowed */
};

/* The script of one update: with the key in it, which so is in no file and no argument. Its length, or -ENOSPC. */
int nsupdate_format(const struct dns_server *server, const struct dns_name *zone,
                    const struct dns_change *changes, size_t count, char *text, size_t size);

/* Where nsupdate is, or NULL. */
const char *nsupdate_find(void);

/* Runs `program` with that script. `ended` and the result are those of child_start(). */
int nsupdate_start(struct loop *loop, const char *program, const char *text, size_t length,
                   void (*ended)(void *context, const struct child_end *end), void *context,
                   struct child **child);

/* What the end of it says about the update. */
void nsupdate_read(const struct child_end *end, struct dns_error *error);

#endif
