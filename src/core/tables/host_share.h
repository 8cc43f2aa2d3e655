/* host_share.h: what each downstream host has of tables that all share, exactly: an entry is there as long as its host has
 * something. So it is no part of struct host, which a flood of MAC addresses pushes out. Called by: flow, service.
 * Never: forwards. */
#ifndef PEARPD_CORE_HOST_SHARE_H
#define PEARPD_CORE_HOST_SHARE_H

#include "pearpd/addr.h"
#include "pearpd/config.h"
#include "pearpd/keyed_table.h"

#include <stdbool.h>
#include <stdint.h>

/* Tables of which one host gets no more than its share ([limits] host-share). */
enum host_share { SHARE_FLOWS, SHARE_SERVICES };
#define HOST_SHARES 2

/* Room for a host for each of `entries`, those of all these tables together. NULL: out of memory. */
struct keyed_table *host_shares_new(uint32_t entries, const uint8_t hash_key[static HASH_KEY_BYTES]);

/* A host's share of `whole` ([limits] host-share), at least 1. */
static inline uint32_t host_share(const struct limits *limits, uint32_t whole)
{
    uint32_t share = (uint32_t)((uint64_t)whole * limits->host_share / 100);
    return share > 0 ? share : 1;
}

/* What the host has. */
uint32_t host_share_of(struct keyed_table *shares, struct mac mac, enum host_share share);
/* Takes one more. False: the host has `most` of them. */
bool host_take(struct keyed_table *shares, struct mac mac, enum host_share share, uint32_t most);
/* Gives one back. */
void host_give_back(struct keyed_table *shares, struct mac mac, enum host_share share);

#endif
