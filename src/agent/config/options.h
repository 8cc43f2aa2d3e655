/* options.h: what pearp-agent is to do, as plain data: its file (pearp-agent.conf(5)) or its command line fills it.
 * Never: text. */
#ifndef PEARPD_AGENT_OPTIONS_H
#define PEARPD_AGENT_OPTIONS_H

#include "pearpd/addr.h"
#include "pearpd/pe_arp_auth.h"
#include "pearpd/range_list.h"

#include "dhcp/dhcp_client.h"
#include "dns/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_BYTES  16 /* IFNAMSIZ, with its NUL */
#define AGENT_KEYS_MAX   16
#define AGENT_PATH_BYTES 128

/* What keeps local programs to the ranges. */
enum agent_enforce { ENFORCE_NFT, ENFORCE_NONE };

/* The names of keys are those of the agent's file (schema.c). */
struct agent_options {
    char interface[INTERFACE_BYTES];
    struct range_list held;
    struct ipv4 gateway; /* 0.0.0.0: find one */
    uint16_t ethertype;
    char metrics[AGENT_PATH_BYTES]; /* "": none is written */
    uint32_t watch_s;               /* between two checks of the ports in use */
    uint32_t warn_percent;
    enum agent_enforce enforce;
    char cgroup[AGENT_PATH_BYTES]; /* "": no hook at bind() */
    enum dhcp_client_kind dhcp;    /* the client that the agent runs */
    bool lease;                    /* ends with the interface's lease */
    struct pe_arp_key
        keys[AGENT_KEYS_MAX]; /* ascending by id; the first signs; none: nothing is signed or checked */
    size_t key_count;
    struct services_config services;
};

/* Letters that may stand in paths of the kernel and in names of nft without further thought. */
bool interface_is_plain(const char *name);

#endif
