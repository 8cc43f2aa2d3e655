/* config.h: the agent's file (pearp-agent -c FILE).
 * In: a file's name. Out: options and keys. Called by: main. Never: changes anything. */
#ifndef PEARPD_AGENT_CONFIG_H
#define PEARPD_AGENT_CONFIG_H

#include "agent.h"

/* What the texts of a file say, for as long as the agent runs. */
struct agent_config {
    char interface[INTERFACE_BYTES];
    struct pe_arp_key keys[AGENT_KEYS_MAX];
};

/* Reads `file` into *options, which borrow from *config. 0, or -EINVAL: every fault was printed to standard error
 * as FILE:LINE: message; -Exxx: it cannot be read, and that was printed. */
int agent_config_read(const char *file, struct agent_config *config, struct agent_options *options);

/* Letters that may stand in the kernel's paths and in nft's names without further thought. */
bool interface_is_plain(const char *name);

/* A unicast address that a host may have. False: it is none, or no address. */
bool parse_host(const char *text, struct ipv4 *address);

/* "0x88b5" or "arp". */
bool parse_encap(const char *text, uint16_t *ethertype);

#endif
