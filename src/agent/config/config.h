/* config.h: the agent's file (pearp-agent -c FILE), pearp-agent.conf(5).
 * In: an INI file. Out: options, or every fault of the file as FILE:LINE: message. Called by: main, tests.
 * Never: touches an interface. */
#ifndef PEARPD_AGENT_CONFIG_H
#define PEARPD_AGENT_CONFIG_H

#include "run/agent.h"

#include <stdio.h>

/* Called once for each fault, in the order of their lines; `message` names the value. */
typedef void agent_fault_fn(void *context, const char *file, unsigned line, const char *message);

/* Every option at its default. */
void agent_config_preset(struct agent_options *options);

/* Reads `file`. The number of faults told (0: *options is filled), or -Exxx where it cannot be read, which was
 * told as a fault of line 0. */
int agent_config_read(const char *file, struct agent_options *options, agent_fault_fn *fault, void *context);

/* The same from an open stream. */
int agent_config_read_stream(FILE *stream, const char *name, struct agent_options *options,
                             agent_fault_fn *fault, void *context);

/* Writes the list of sections and keys for pearp-agent.conf(5), from the schema. */
void agent_config_print_mdoc(FILE *out);

/* Letters that may stand in the kernel's paths and in nft's names without further thought. */
bool interface_is_plain(const char *name);

/* A unicast address that a host may have. False: it is none, or no address. */
bool parse_host(const char *text, struct ipv4 *address);

/* "0x88b5" or "arp". */
bool parse_encap(const char *text, uint16_t *ethertype);

#endif
