/* nft.h: the agent's nftables rules (docs/pe-arp.md#host-requirements), in tables of their own beside the host's.
 * In: interface and ranges. Out: a ruleset, loaded by nft(8) in one transaction without a shell.
 * Called by: host_settings, agent. Never: touches another table. */
#ifndef PEARPD_AGENT_NFT_H
#define PEARPD_AGENT_NFT_H

#include "pearpd/range_list.h"

#include <stdbool.h>
#include <stddef.h>

#define NFT_TEXT_MAX_BYTES 131072
#define NFT_TABLE_BYTES    64

/* The name of the tables for `interface`: the same in the families netdev, inet and ip. */
const char *nft_table(const char *interface, char name[static NFT_TABLE_BYTES]);

/* Writes the ruleset that takes the place of an earlier one of ours; `enforce`: with the rules that hold local
 * programs to the ranges. Its length, or -ENOSPC. */
int nft_format(const char *interface, const struct range_list *held, bool enforce, char *text, size_t size);

/* 0, or -ENOENT after one line in the log: nft(8) is not installed. */
int nft_find(void);

/* Loads it. 0, or -Exxx after one line in the log. */
int nft_load(const char *interface, const struct range_list *held, bool enforce);

/* Deletes the tables; fine when they are not there. 0, or -Exxx after one line in the log. */
int nft_remove(const char *interface);

#endif
